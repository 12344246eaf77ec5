"""Posts that wait for their time: listed to their author, moved, taken back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from aiohttp import web

from federation.outbox import scheduled as acts
from federation.outbox.notes import Draft
from federation.outbox.scheduled import AHEAD, FILES_GONE, MOST_SCHEDULED, PARENT_GONE, QUOTED_GONE, TooManyError
from policies.decision import Reason
from policies.sentences import sentence
from storage import scheduled, views
from storage.database import Reader, Transaction
from storage.records import Media, Scheduled
from storage.views import People
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, scheduled_status
from web.showing import frame, language_of, not_found, render_status, stored_page

routes = web.RouteTableDef()

Query = Callable[[Reader], Awaitable[list[Scheduled]]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GONE = {
    (PARENT_GONE, "fr"): "Le message auquel vous répondez n’est plus là, ou vous ne pouvez plus le voir.",
    (PARENT_GONE, "en"): "The post that you answer is gone, or you may no longer see it.",
    (QUOTED_GONE, "fr"): "Le message que vous citez n’est plus là, ou vous ne pouvez plus le voir.",
    (QUOTED_GONE, "en"): "The post that you quote is gone, or you may no longer see it.",
    (FILES_GONE, "fr"): "Un fichier de ce message n’est plus là.",
    (FILES_GONE, "en"): "A file of this post is gone.",
}


def parse_due(form: Form, now: int) -> int | None:
    """When a post is to be published (unix ms); None for at once. A date without a zone is in UTC, as in Mastodon."""
    text = form.text("scheduled_at")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        due_at = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise ApiError(422, "Validation failed: Scheduled at is invalid") from error
    if due_at < now + AHEAD:
        raise ApiError(422, "Validation failed: Scheduled at The scheduled date must be in the future")
    return due_at


async def schedule(request: web.Request, viewer: Viewer, draft: Draft, due_at: int) -> web.Response:
    """Keep a post until its time; the answer is what waits, or the post when the same key had published it."""
    try:
        made = await acts.schedule(request.app[CONTEXT], viewer.actor_id, draft, due_at)
    except TooManyError as error:
        raise ApiError(
            422, f"Validation failed: You have exceeded the limit of {MOST_SCHEDULED} scheduled posts"
        ) from error
    if isinstance(made, Scheduled):
        return await _show_one(request, viewer, made.id)
    return answer(await render_status(request, viewer, made.id))


@routes.get("/api/v1/scheduled_statuses")
@requires("read:statuses")
async def list_scheduled(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request))

    async def query(tx: Reader) -> list[Scheduled]:
        return await scheduled.list_scheduled(tx, viewer.actor_id, stored_page(page))

    found, shown = await _read(request, viewer, query)
    return answer(shown, headers=links(request, page, [one.id for one in found]))


@routes.get("/api/v1/scheduled_statuses/{id}")
@requires("read:statuses")
async def get_scheduled(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show_one(request, viewer, path_id(request))


@routes.put("/api/v1/scheduled_statuses/{id}")
@routes.patch("/api/v1/scheduled_statuses/{id}")
@requires("write:statuses")
async def move(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Another time. A post that was refused waits again, and is judged anew."""
    form, ctx, scheduled_id = await read_form(request), request.app[CONTEXT], path_id(request)
    form.required("scheduled_at")
    due_at = parse_due(form, ctx.now()) or 0

    async def unit(tx: Transaction) -> bool:
        return await scheduled.update_due(tx, scheduled_id, actor_id=viewer.actor_id, due_at=due_at)

    if not await ctx.db.transact(unit):
        raise not_found()
    return await _show_one(request, viewer, scheduled_id)


@routes.delete("/api/v1/scheduled_statuses/{id}")
@requires("write:statuses")
async def take_back(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    scheduled_id = path_id(request)

    async def unit(tx: Transaction) -> bool:
        return await scheduled.delete_scheduled(tx, scheduled_id, actor_id=viewer.actor_id)

    if not await request.app[CONTEXT].db.transact(unit):
        raise not_found()
    return answer({})


async def _show_one(request: web.Request, viewer: Viewer, scheduled_id: int) -> web.Response:
    async def query(tx: Reader) -> list[Scheduled]:
        found = await scheduled.get_scheduled(tx, scheduled_id, actor_id=viewer.actor_id)
        return [found] if found else []

    _, shown = await _read(request, viewer, query)
    if not shown:
        raise not_found()
    return answer(shown[0])


async def _read(request: web.Request, viewer: Viewer, query: Query) -> tuple[list[Scheduled], list[Entity]]:
    """Ask for posts that wait, and show them."""

    async def unit(tx: Reader) -> tuple[list[Scheduled], dict[int, list[Media]], str]:
        found = await query(tx)
        files = await scheduled.list_files(tx, [one.id for one in found]) if found else {}
        return found, files, await views.get_locale(tx, viewer.actor_id)

    found, files, locale = await request.app[CONTEXT].db.read(unit)
    framed = frame(request, viewer, People({}, locale=locale))
    shown = [scheduled_status(one, files.get(one.id, []), _refusal(one, framed.locale), framed) for one in found]
    return found, shown


def _refusal(one: Scheduled, locale: str) -> str:
    """Why a post was not published when its time had come, in its author's language; "" while it waits."""
    if not one.reason:
        return ""
    language = language_of(locale)
    gone = _GONE.get((one.reason, language))
    return gone or sentence(Reason(one.reason), reader="member", language=language, about=one.about)
