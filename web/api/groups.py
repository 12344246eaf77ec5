"""Groups of ours as their moderators set them, as themselves: Confrère's own, in no other server's API.

What a moderator does to people and posts, they do signed in as the group, at the doors that everybody knows.
"""

from typing import Any

from aiohttp import web

from federation.outbox import closing
from federation.outbox import questions as acts
from federation.outbox.group_acts import acts_of
from federation.outbox.group_reach import expel_host, widen
from federation.outbox.group_settings import Private, SettingError, Settings, change
from federation.outbox.managing import get_own, list_own
from policies.decision import Deny, Hold
from policies.membership import Joining
from policies.terms import Level
from storage import actors, groups, policy_offers, questions
from storage.database import Reader
from storage.records import Actor, Group, PublicGroup, Status
from storage.relations import get_known
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render.groups import group_agreement, group_settings
from web.showing import not_found, refusal, show_after, show_timeline, stored_page

routes = web.RouteTableDef()

_LISTS = ("professions", "specialties", "countries")
_TEXTS = ("members_shown", "question_tag", "questions_of")
_FLAGS = ("files", "listed")
_NUMBERS = ("retention_days", "case_days", "lease_hours")


@routes.get("/api/v1/groups")
@requires("read:accounts")
async def list_groups(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those that the viewer moderates."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> list[Any]:
        found = await list_own(tx, viewer.actor_id, now)
        named = await actors.list_actors(tx, found)
        own = {one: await get_own(tx, one, viewer.actor_id, now) for one in found}
        return [group_settings(known[0], named[one]) for one, known in own.items() if known is not None]

    return answer(await ctx.db.read(unit))


@routes.get("/api/v1/groups/{id}")
@requires("read:accounts")
async def get_group(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show(request, viewer)


@routes.patch("/api/v1/groups/{id}")
@requires("write:accounts")
async def set_group(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Changes what the request names, and nothing else."""
    form = await read_form(request)
    group, _ = await _require(request, viewer)
    try:
        await change(request.app[CONTEXT], group.actor_id, _settings(form), by=viewer.name)
    except SettingError as error:
        raise ApiError(422, f"Validation failed: {error}") from error
    except LookupError as error:
        raise ApiError(422, "Validation failed: this group is closed") from error
    return await _show(request, viewer)


@routes.post("/api/v1/groups/{id}/archive")
@requires("write:accounts")
async def archive(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    group = await _require_private(request, viewer)
    await _done(request, viewer, await closing.archive(request.app[CONTEXT], group.actor_id, by=viewer.name))
    return await _show(request, viewer)


@routes.post("/api/v1/groups/{id}/reopen")
@requires("write:accounts")
async def reopen(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    group = await _require_private(request, viewer)
    await _done(request, viewer, await closing.reopen(request.app[CONTEXT], group.actor_id, by=viewer.name))
    return await _show(request, viewer)


@routes.post("/api/v1/groups/{id}/moderators")
@requires("write:accounts")
async def add_moderator(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Who leaves as the last one hands over first."""
    await _set_moderator(request, viewer, moderator=True)
    return empty()


@routes.delete("/api/v1/groups/{id}/moderators")
@requires("write:accounts")
async def remove_moderator(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await _set_moderator(request, viewer, moderator=False)
    return empty()


@routes.post("/api/v1/groups/{id}/invitations")
@requires("write:accounts")
async def invite(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Only members of this instance can be invited."""
    group, person = await _about_somebody(request, viewer)
    try:
        await acts_of(group).invite(request.app[CONTEXT], group.actor_id, person.id, by=viewer.name)
    except LookupError as error:
        raise not_found() from error
    return empty()


@routes.get("/api/v1/groups/{id}/hosts")
@requires("read:accounts")
async def list_hosts(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Since the reach was widened: what each host agreed to, and what it has not answered."""
    group = await _require_private(request, viewer)
    found = await request.app[CONTEXT].db.read(lambda tx: policy_offers.list_offers(tx, group.actor_id))
    return answer([group_agreement(one) for one in found])


@routes.post("/api/v1/groups/{id}/hosts")
@requires("write:accounts")
async def add_host(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)
    group = await _require_private(request, viewer)
    try:
        host = (form.text("host") or "").strip().lower()
        await widen(request.app[CONTEXT], group.actor_id, [host], by=viewer.name)
    except ValueError as error:
        raise ApiError(422, "Validation failed: host: not a host name") from error
    except LookupError as error:
        raise ApiError(422, "Validation failed: this group is closed") from error
    return await _show(request, viewer)


@routes.post("/api/v1/groups/{id}/expulsions")
@requires("write:accounts")
async def expel(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """A whole host goes out of the group, with everybody who is in it from there."""
    form = await read_form(request)
    group = await _require_private(request, viewer)
    host, reason = (form.text("host") or "").strip().lower(), form.text("reason") or ""
    try:
        await expel_host(request.app[CONTEXT], group.actor_id, host, by=viewer.name, reason=reason)
    except LookupError as error:
        raise ApiError(422, "Validation failed: host: no host of this group") from error
    return await _show(request, viewer)


@routes.get("/api/v1/groups/{id}/questions")
@requires("read:statuses")
async def list_questions(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What nobody has said is answered; with `answered`, what somebody has. For members, of whichever instance's group."""
    form, group_id = read_query(request), path_id(request)
    page, answered = parse_page(form), form.boolean("answered") or False

    async def query(tx: Reader, now: int) -> list[Status]:
        joined = await groups.list_groups_of(tx, viewer.actor_id, now=now)
        if group_id not in {actor.id for _, actor in joined}:
            raise not_found()
        return await questions.list_questions(
            tx, viewer.actor_id, group_id, stored_page(page), now=now, answered=answered
        )

    return await show_timeline(request, viewer, page, query)


@routes.post("/api/v1/groups/{id}/questions/{status_id}/answered")
@requires("write:statuses")
async def mark_answered(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _mark(request, viewer, answered=True)


@routes.post("/api/v1/groups/{id}/questions/{status_id}/open")
@requires("write:statuses")
async def mark_open(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _mark(request, viewer, answered=False)


@routes.post("/api/v1/groups/{id}/questions/{status_id}/bring")
@requires("write:statuses")
async def bring(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Ask one's question, which is in another group, also in this one, that it was offered to."""
    ctx, status_id = request.app[CONTEXT], path_id(request, "status_id")
    outcome = await acts.bring(ctx, status_id, path_id(request), viewer.actor_id)
    if isinstance(outcome, Deny | Hold):
        raise await refusal(request, viewer, outcome, status=403)
    return await show_after(request, viewer, outcome.status if outcome else None)


async def _mark(request: web.Request, viewer: Viewer, *, answered: bool) -> web.Response:
    ctx, status_id = request.app[CONTEXT], path_id(request, "status_id")
    try:
        outcome = await acts.mark(ctx, path_id(request), status_id, viewer.actor_id, by=viewer.name, answered=answered)
    except LookupError as error:
        raise not_found() from error
    if outcome is not None:
        raise await refusal(request, viewer, outcome, status=403)
    return empty()


async def _set_moderator(request: web.Request, viewer: Viewer, *, moderator: bool) -> None:
    group, person = await _about_somebody(request, viewer)
    ctx, of_kind = request.app[CONTEXT], acts_of(group)
    try:
        outcome = await of_kind.set_moderator(ctx, group.actor_id, person.id, by=viewer.name, moderator=moderator)
    except LookupError as error:
        raise not_found() from error
    await _done(request, viewer, outcome)


async def _about_somebody(request: web.Request, viewer: Viewer) -> tuple[Group | PublicGroup, Actor]:
    """The group, and whom the viewer means of those they may know of."""
    form, ctx = await read_form(request), request.app[CONTEXT]
    group, _ = await _require(request, viewer)
    now, who = ctx.now(), form.identifier("account_id") or 0
    person = await ctx.db.read(lambda tx: get_known(tx, who, viewer=viewer.actor_id, now=now))
    if person is None:
        raise not_found()
    return group, person


async def _require(request: web.Request, viewer: Viewer) -> tuple[Group | PublicGroup, Actor]:
    """404 for who is not in it, 403 with the reason for who is and does not moderate it."""
    ctx, group_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[Any, Actor | None]:
        return await get_own(tx, group_id, viewer.actor_id, now), await actors.get_actor(tx, group_id)

    own, actor = await ctx.db.read(unit)
    if own is None or actor is None:
        raise not_found()
    group, decision = own
    if isinstance(decision, Deny):
        raise await refusal(request, viewer, decision, status=403)
    return group, actor


async def _require_private(request: web.Request, viewer: Viewer) -> Group:
    group, _ = await _require(request, viewer)
    if isinstance(group, PublicGroup):
        raise ApiError(422, "Validation failed: only for private groups")
    return group


async def _show(request: web.Request, viewer: Viewer) -> web.Response:
    return answer(group_settings(*await _require(request, viewer)))


async def _done(request: web.Request, viewer: Viewer, outcome: Deny | None) -> None:
    if outcome is not None:
        raise await refusal(request, viewer, outcome)


def _settings(form: Form) -> Settings:
    private: dict[str, Any] = {name: tuple(form.texts(name)) for name in _LISTS if name in form}
    private |= {name: form.boolean(name) for name in _FLAGS}
    private |= {name: form.integer(name) for name in _NUMBERS} | {name: form.text(name) for name in _TEXTS}
    rules = tuple(form.texts("rules")) if "rules" in form else None
    return Settings(
        form.text("title"),
        form.text("description"),
        rules,
        _joining(form.text("joining")),
        form.text("posting"),
        Private(level=_level(form.text("level")), **private),
    )


def _joining(said: str | None) -> Joining | None:
    if said is not None and said not in set(Joining):
        raise ApiError(422, f"Validation failed: joining must be one of {', '.join(Joining)}")
    return None if said is None else Joining(said)


def _level(said: str | None) -> Level | None:
    names = {level.name.lower(): level for level in Level}
    if said is not None and said not in names:
        raise ApiError(422, f"Validation failed: level must be one of {', '.join(names)}")
    return None if said is None else names[said]
