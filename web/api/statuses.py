"""Posts: writing, reading, editing, deleting, their context and history; favourites and boosts."""

import re
from collections.abc import Iterable

from aiohttp import web

from federation import backfill
from federation.outbox import notes, reactions
from federation.outbox.notes import (
    Draft,
    Edit,
    FilesGoneError,
    FilesMixedError,
    FilesWaitingError,
    ParentGoneError,
    QuotedGoneError,
)
from federation.outbox.polls import PollDraft
from policies.decision import Deny, Hold
from policies.quoting import CHOICES
from policies.terms import Audience
from storage import members, refreshes, relations, statuses, timelines
from storage.database import Reader
from storage.records import Member, Refresh, Status, StatusEdit
from storage.relations import Listed
from storage.visibility import get_visible, list_visible
from web import as_group
from web.answers import answer
from web.api.polls import parse_poll
from web.api.scheduled import parse_due, schedule
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render import deleted_status, status_edits, status_source
from web.showing import (
    ListedAbout,
    not_found,
    read_posts,
    refusal,
    render_status,
    show_after,
    show_listed,
    stored_page,
    viewer_id,
)

routes = web.RouteTableDef()

MOST_CHARACTERS = 5_000
CHARACTERS_PER_URL = 23
MOST_MEDIA = 4
MOST_AT_ONCE = 40
RETRY_SECONDS = 3
MOST_IN_THREAD = 4_096  # Mastodon's CONTEXT_LIMIT
MOST_KEY = 200

_AUDIENCES = {
    "public": Audience.PUBLIC,
    "unlisted": Audience.UNLISTED,
    "private": Audience.FOLLOWERS,
    "direct": Audience.DIRECT,
}
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")


@routes.post("/api/v1/statuses")
@requires("write:statuses")
async def create(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form, ctx = await read_form(request), request.app[CONTEXT]
    person = await ctx.db.read(lambda tx: members.get_person(tx, viewer.actor_id))
    if person is None:
        raise not_found()
    draft = parse_draft(form, person.member, key=_parse_key(request), app_id=viewer.app_id)
    due_at = parse_due(form, ctx.now())
    try:
        if due_at is not None:
            return await schedule(request, viewer, draft, due_at)
        outcome = await notes.publish(ctx, viewer.actor_id, draft)
    except ParentGoneError as error:
        raise not_found() from error
    except QuotedGoneError as error:
        raise ApiError(404, "The post you are trying to quote does not appear to exist.") from error
    except FilesGoneError as error:
        raise _file_error(error) from error
    if isinstance(outcome, Deny | Hold):
        raise await refusal(request, viewer, outcome)
    return answer(await render_status(request, viewer, outcome.status.id))


def _parse_key(request: web.Request) -> str | None:
    """The same key from the same member within an hour gives the same post."""
    return (Form(request.headers).text("Idempotency-Key") or "")[:MOST_KEY] or None


def parse_draft(form: Form, author: Member, *, key: str | None, app_id: int | None) -> Draft:
    """What an app asks to publish, checked for form; ApiError 422 says what is wrong with it."""
    text, summary, media_ids = form.text("status") or "", form.text("spoiler_text") or "", _parse_media_ids(form)
    poll, quoted_id = parse_poll(form), form.identifier("quoted_status_id")
    _check_length(text, summary)
    _check_files(media_ids, poll)
    if not text.strip() and not media_ids and quoted_id is None:
        raise ApiError(422, "Validation failed: Text can't be blank")
    return Draft(
        text=text,
        audience=_parse_audience(form) or Audience(author.default_audience),
        in_reply_to=form.identifier("in_reply_to_id"),
        summary=summary,
        sensitive=_parse_sensitive(form, author),
        language=_parse_language(form) or author.language,
        media_ids=media_ids,
        poll=poll,
        idempotency_key=key,
        app_id=app_id,
        quoted_id=quoted_id,
        quote_policy=parse_quote_policy(form) or author.default_quote_policy,
    )


def parse_edit(form: Form, status: Status) -> Edit:
    """What an app asks to make of a post. Files stay as they are where it says nothing of them, and so does a quote,
    whatever it says: what readers were shown as an answer to one post must not become one to another.
    """
    if form.text("scheduled_at"):
        raise ApiError(422, "Validation failed: An edit cannot be scheduled")
    text, summary = form.text("status") or "", form.text("spoiler_text") or ""
    media_ids = _parse_media_ids(form) if "media_ids" in form else None
    poll = parse_poll(form)
    _check_length(text, summary)
    _check_files(media_ids or (), poll)
    if not text.strip() and not media_ids:
        raise ApiError(422, "Validation failed: Text can't be blank")
    described = [(one.identifier("id") or 0, one.text("description")) for one in form.children("media_attributes")]
    return Edit(
        text=text,
        summary=summary,
        sensitive=form.boolean("sensitive") or False,
        language=_parse_language(form) or status.language,
        media_ids=media_ids,
        descriptions={media_id: text for media_id, text in described if text is not None},
        poll=poll,
        quote_policy=parse_quote_policy(form),
    )


def parse_quote_policy(form: Form) -> str | None:
    """Whom the author lets quote the post; None when nothing is said of it."""
    asked = form.text("quote_approval_policy")
    if asked and asked not in CHOICES:
        raise ApiError(422, "Validation failed: Quote approval policy is not included in the list")
    return asked or None


def _check_length(text: str, summary: str) -> None:
    """As apps count: every address has the same length, so that it pays nobody to shorten one."""
    if len(_URL.sub("x" * CHARACTERS_PER_URL, text)) + len(summary) > MOST_CHARACTERS:
        raise ApiError(422, f"Validation failed: Text character limit of {MOST_CHARACTERS} exceeded")


def _check_files(media_ids: tuple[int, ...], poll: PollDraft | None) -> None:
    """Apps show a poll in the place of pictures, as Mastodon does: one of the two would be hidden."""
    if media_ids and poll is not None:
        raise ApiError(422, "Validation failed: Cannot attach files to a poll")


def _parse_audience(form: Form) -> Audience | None:
    asked = form.text("visibility")
    if asked and asked not in _AUDIENCES:
        raise ApiError(422, "Validation failed: Visibility is not included in the list")
    return _AUDIENCES[asked] if asked else None


def _parse_sensitive(form: Form, author: Member) -> bool:
    said = form.boolean("sensitive")
    return bool(author.default_sensitive) if said is None else said


def _parse_language(form: Form) -> str | None:
    asked = form.text("language") or ""
    return asked if LANGUAGE.fullmatch(asked) else None


def _parse_media_ids(form: Form) -> tuple[int, ...]:
    ids = tuple(dict.fromkeys(form.identifiers("media_ids")))
    if len(ids) > MOST_MEDIA:
        raise ApiError(422, f"Validation failed: Cannot attach more than {MOST_MEDIA} files")
    return ids


def _file_error(error: FilesGoneError) -> ApiError:
    """In Mastodon's own phrases."""
    match error:
        case FilesWaitingError():
            text = "Cannot attach files that have not finished processing. Try again in a moment!"
        case FilesMixedError():
            text = "Cannot attach a video to a post that already contains images"
        case _:
            text = "Validation failed: Media attachment not found"
    return ApiError(422, text)


async def _check_media(request: web.Request, viewer: Viewer, ids: tuple[int, ...] | None, *, status_id: int) -> None:
    """Every file is the author's own and in no other post than this."""
    if not ids:
        return
    db = request.app[CONTEXT].db
    try:
        await db.read(lambda tx: notes.require_files(tx, viewer.actor_id, ids, status_id=status_id))
    except FilesGoneError as error:
        raise _file_error(error) from error


@routes.get("/api/v1/statuses")
@public("read:statuses", group=True)
async def list_statuses(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    ids = read_query(request).identifiers("id")[:MOST_AT_ONCE]

    async def query(tx: Reader, now: int) -> list[Status]:
        found = await list_visible(tx, ids, viewer=viewer_id(viewer), now=now)
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    found, renderer = await read_posts(request, viewer, query)
    return answer(renderer.statuses(found))


@routes.get("/api/v1/statuses/{id}")
@public("read:statuses", group=True)
async def get_status(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return answer(await render_status(request, viewer, path_id(request)))


@routes.get("/api/v1/statuses/{id}/context")
@public("read:statuses", group=True)
async def get_context(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    status_id = path_id(request)
    above: list[Status] = []
    opened: list[Status] = []

    async def query(tx: Reader, now: int) -> list[Status]:
        status = await _require_visible(tx, status_id, viewer, now)
        opened[:] = [status]
        thread = await timelines.list_thread(tx, viewer_id(viewer), status.thread_id, now=now, limit=MOST_IN_THREAD)
        above[:] = ancestors(status, thread)
        return [*above, *descendants(status, thread)]

    found, renderer = await read_posts(request, viewer, query)
    shown = renderer.statuses(found)
    entity = {"ancestors": shown[: len(above)], "descendants": shown[len(above) :]}
    return answer(entity, headers=await _ask_for_more(request, opened[0]) if viewer and not viewer.is_group else {})


async def _ask_for_more(request: web.Request, status: Status) -> dict[str, str]:
    """A member who opens a thread from elsewhere has its host asked for replies; the header says that more may come."""
    refresh = await backfill.ask(request.app[CONTEXT], status)
    if refresh is None or refresh.state != "due":
        return {}
    return {"Mastodon-Async-Refresh": f'id="{refresh.id}", retry={RETRY_SECONDS}, result_count={refresh.found}'}


@routes.get("/api/v1_alpha/async_refreshes/{id}")
@requires("read")
async def get_refresh(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Whether the replies of a post that the viewer may see are still looked for."""
    ctx, status_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Reader) -> Refresh | None:
        status = await get_visible(tx, status_id, viewer=viewer.actor_id, now=now)
        return None if status is None else await refreshes.get_refresh(tx, status.id)

    refresh = await ctx.db.read(unit)
    if refresh is None:
        raise not_found()
    state = "running" if refresh.state == "due" else "finished"
    return answer({"async_refresh": {"id": str(refresh.id), "status": state, "result_count": refresh.found}})


def ancestors(status: Status, thread: Iterable[Status]) -> list[Status]:
    """What a post answers, from the first post on, as far as `thread` (what the viewer may see) reaches without a gap."""
    known = {one.id: one for one in thread}
    found: list[Status] = []
    parent = known.get(status.in_reply_to_id or 0)
    while parent is not None and parent not in found:
        found.append(parent)
        parent = known.get(parent.in_reply_to_id or 0)
    return found[::-1]


def descendants(status: Status, thread: Iterable[Status]) -> list[Status]:
    """What answers a post, each answer followed by its own answers, in order of time."""
    answers: dict[int, list[Status]] = {}
    for one in sorted(thread, key=lambda one: one.id):
        answers.setdefault(one.in_reply_to_id or 0, []).append(one)
    found: list[Status] = []
    waiting = answers.pop(status.id, [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += answers.pop(found[-1].id, [])[::-1]
    return found


async def _require_visible(tx: Reader, status_id: int, viewer: Viewer | None, now: int) -> Status:
    status = await get_visible(tx, status_id, viewer=viewer_id(viewer), now=now)
    if status is None:
        raise not_found()
    return status


@routes.put("/api/v1/statuses/{id}")
@routes.patch("/api/v1/statuses/{id}")
@requires("write:statuses")
async def edit(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form, ctx, status_id = await read_form(request), request.app[CONTEXT], path_id(request)
    change = parse_edit(form, await _require_own(request, viewer))
    await _check_media(request, viewer, change.media_ids, status_id=status_id)
    outcome = await notes.edit(ctx, viewer.actor_id, status_id, change)
    match outcome:
        case None:
            raise not_found()
        case Deny():
            raise await refusal(request, viewer, outcome)
        case Status():
            return answer(await render_status(request, viewer, outcome.id))


@routes.delete("/api/v1/statuses/{id}")
@requires("write:statuses", group=True)
async def delete(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """The answer is what was deleted, with its text: apps offer to write it anew."""
    if viewer.is_group:
        return await _delete_from_group(request, viewer)
    status = await _require_own(request, viewer)
    shown = await render_status(request, viewer, status.id)
    if await notes.delete(request.app[CONTEXT], viewer.actor_id, status.id) is None:
        raise not_found()
    return answer(deleted_status(shown, status.text))


async def _delete_from_group(request: web.Request, viewer: Viewer) -> web.Response:
    """As it was shown: what its author typed is theirs."""
    shown = await render_status(request, viewer, path_id(request))
    if not await as_group.remove_post(request, viewer, path_id(request)):
        raise not_found()
    return answer(deleted_status(shown, ""))


@routes.get("/api/v1/statuses/{id}/source")
@requires("read:statuses")
async def get_source(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer(status_source(await _require_own(request, viewer)))


async def _require_own(request: web.Request, viewer: Viewer) -> Status:
    """A post that the viewer wrote: others' are answered as if they were not there."""
    ctx, status_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()
    status = await ctx.db.read(lambda tx: _require_visible(tx, status_id, viewer, now))
    if status.actor_id != viewer.actor_id or status.boost_of_id is not None:
        raise not_found()
    return status


@routes.get("/api/v1/statuses/{id}/history")
@public("read:statuses")
async def get_history(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    status_id = path_id(request)
    former: list[StatusEdit] = []

    async def query(tx: Reader, now: int) -> list[Status]:
        former[:] = await statuses.list_edits(tx, status_id)
        return [await _require_visible(tx, status_id, viewer, now)]

    found, renderer = await read_posts(request, viewer, query)
    return answer(status_edits(found[0], former, renderer.status(found[0])))


@routes.get("/api/v1/statuses/{id}/favourited_by")
@public("read:statuses")
async def list_favouriting(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return await _show_reacting(request, viewer, relations.list_favouriting)


@routes.get("/api/v1/statuses/{id}/reblogged_by")
@public("read:statuses")
async def list_boosting(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return await _show_reacting(request, viewer, relations.list_boosting)


async def _show_reacting(request: web.Request, viewer: Viewer | None, ask: ListedAbout) -> web.Response:
    page, status_id = parse_page(read_query(request), default=40, most=80), path_id(request)

    async def query(tx: Reader, now: int) -> list[Listed]:
        status = await _require_visible(tx, status_id, viewer, now)
        return await ask(tx, status.boost_of_id or status.id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/statuses/{id}/favourite")
@requires("write:favourites")
async def favourite(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status = await reactions.favourite(request.app[CONTEXT], viewer.actor_id, path_id(request))
    return await show_after(request, viewer, status)


@routes.post("/api/v1/statuses/{id}/unfavourite")
@requires("write:favourites")
async def unfavourite(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status = await reactions.unfavourite(request.app[CONTEXT], viewer.actor_id, path_id(request))
    return await show_after(request, viewer, status)


@routes.post("/api/v1/statuses/{id}/reblog")
@requires("write:statuses")
async def boost(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    asked = _parse_audience(await read_form(request))
    outcome = await reactions.boost(request.app[CONTEXT], viewer.actor_id, path_id(request), asked)
    if isinstance(outcome, Deny):
        raise await refusal(request, viewer, outcome)
    return await show_after(request, viewer, outcome)


@routes.post("/api/v1/statuses/{id}/unreblog")
@requires("write:statuses")
async def unboost(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status = await reactions.unboost(request.app[CONTEXT], viewer.actor_id, path_id(request))
    return await show_after(request, viewer, status)
