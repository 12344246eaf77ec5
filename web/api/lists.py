"""Lists: those that a member makes of people, and each private group that they belong to, because every client can show
a List. A group's is read-only: who is in it is decided by joining and leaving.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import assert_never

from aiohttp import web

from federation.outbox.groups import decide_listing
from policies.decision import Deny
from storage import groups, lists, questions, relations
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.lists import MOST_LISTS, MOST_TITLE
from storage.records import Actor, PeopleList
from storage.relations import Listed
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render import Entity, group_list, people_list
from web.render.timelines import OF_QUESTIONS, questions_list
from web.showing import not_found, show_listed, stored_page

routes = web.RouteTableDef()

MOST_MEMBERS = 5_000
POLICIES = ("followed", "list", "none")


@routes.get("/api/v1/lists")
@requires("read:lists", group=True)
async def list_lists(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> list[Entity]:
        joined = await groups.list_groups_of(tx, viewer.actor_id, now=now)
        made = await lists.list_lists(tx, viewer.actor_id)
        asking = await questions.list_asking(tx, [actor.id for _, actor in joined], viewer=viewer.actor_id, now=now)
        shown = [one for _, actor in joined for one in _lists_of(actor, asking)]
        return shown + [people_list(one) for one in made]

    return answer(await ctx.db.read(unit))


def _lists_of(group: Actor, asking: Collection[int]) -> list[Entity]:
    """A group, and while somebody waits for an answer in it, what is asked there."""
    return [group_list(group), questions_list(group)] if group.id in asking else [group_list(group)]


@routes.post("/api/v1/lists")
@requires("write:lists")
async def make_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await read_form(request)
    now, title = ctx.now(), form.required("title")

    async def unit(tx: Transaction) -> PeopleList:
        if await lists.count_lists(tx, viewer.actor_id) >= MOST_LISTS:
            raise ApiError(422, "Validation failed: You have reached the maximum number of lists")
        made = _parse_list(form, PeopleList(new_id(now), viewer.actor_id, title, "list", 0, now))
        await lists.insert_list(tx, made)
        return made

    return answer(people_list(await ctx.db.transact(unit)))


@routes.get("/api/v1/lists/{id}")
@requires("read:lists")
async def get_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, list_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()
    found = await ctx.db.read(lambda tx: require_list(tx, viewer, list_id, now=now))
    match found:
        case PeopleList():
            return answer(people_list(found))
        case OpenQuestions(group):
            return answer(questions_list(group))
        case Actor():
            return answer(group_list(found))
        case _ as never:
            assert_never(never)


@routes.put("/api/v1/lists/{id}")
@routes.patch("/api/v1/lists/{id}")
@requires("write:lists")
async def change_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form, list_id = request.app[CONTEXT], await read_form(request), path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> PeopleList:
        changed = _parse_list(form, await _require_own(tx, viewer, list_id, now=now))
        await lists.update_list(tx, changed)
        return changed

    return answer(people_list(await ctx.db.transact(unit)))


@routes.delete("/api/v1/lists/{id}")
@requires("write:lists")
async def delete_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, list_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        await lists.delete_list(tx, (await _require_own(tx, viewer, list_id, now=now)).id)

    await ctx.db.transact(unit)
    return empty()


def _parse_list(form: Form, before: PeopleList) -> PeopleList:
    """A list as a request changes it; what the request does not name stays."""
    title = form.required("title") if "title" in form else before.title
    if len(title) > MOST_TITLE:
        raise ApiError(422, f"Validation failed: Title is too long (maximum is {MOST_TITLE} characters)")
    policy = form.text("replies_policy") or before.replies_policy
    if policy not in POLICIES:
        raise ApiError(422, f"Validation failed: replies_policy must be one of {', '.join(POLICIES)}")
    exclusive = form.boolean("exclusive")
    return replace(
        before,
        title=title,
        replies_policy=policy,
        exclusive=before.exclusive if exclusive is None else int(exclusive),
    )


@routes.get("/api/v1/lists/{id}/accounts")
@requires("read:lists")
async def list_members(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Who is in a list; of a group its members, as far as this instance knows them."""
    page, list_id = parse_page(read_query(request), default=40, most=80), path_id(request)
    if page.limit == 0:  # Tusky asks for all of them that way, as Mastodon allows
        page = replace(page, limit=MOST_MEMBERS)

    async def query(tx: Reader, now: int) -> list[Listed]:
        found = await require_list(tx, viewer, list_id, now=now)
        if isinstance(found, PeopleList):
            return await relations.list_listed(tx, list_id, stored_page(page))
        group = found.group if isinstance(found, OpenQuestions) else found
        if group.local and isinstance(await decide_listing(tx, group.id, viewer.actor_id, now), Deny):
            return []
        return await relations.list_members(tx, group.id, stored_page(page), now=now)

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/lists/{id}/accounts")
@requires("write:lists")
async def add_people(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """All of them or none, as in Mastodon."""
    ctx, form, list_id = request.app[CONTEXT], await read_form(request), path_id(request)
    now, ids = ctx.now(), list(dict.fromkeys(form.identifiers("account_ids")))

    async def unit(tx: Transaction) -> None:
        own = await _require_own(tx, viewer, list_id, now=now)
        if set(await relations.list_known(tx, ids, viewer=viewer.actor_id, now=now)) != set(ids):
            raise not_found()
        if await lists.list_eligible(tx, viewer.actor_id, ids) != set(ids):
            raise ApiError(422, "Validation failed: Account must be followed")
        if not await lists.insert_people(tx, own.id, ids, now=now):
            raise ApiError(422, "Validation failed: Account has already been taken")

    await ctx.db.transact(unit)
    return empty()


@routes.delete("/api/v1/lists/{id}/accounts")
@requires("write:lists")
async def remove_people(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form, list_id = request.app[CONTEXT], await read_form(request), path_id(request)
    now, ids = ctx.now(), form.identifiers("account_ids")

    async def unit(tx: Transaction) -> None:
        await lists.delete_people(tx, (await _require_own(tx, viewer, list_id, now=now)).id, ids)

    await ctx.db.transact(unit)
    return empty()


@routes.get("/api/v1/accounts/{id}/lists")
@requires("read:lists")
async def list_lists_with(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those of one's own lists that somebody is in. Groups are left out: apps offer to add and remove people here."""
    ctx, actor_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Reader) -> list[PeopleList]:
        if await relations.get_known(tx, actor_id, viewer=viewer.actor_id, now=now) is None:
            raise not_found()
        return await lists.list_lists_with(tx, viewer.actor_id, actor_id)

    return answer([people_list(one) for one in await ctx.db.read(unit)])


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """What is asked in a group and not answered, as a list."""

    group: Actor


async def require_list(tx: Reader, viewer: Viewer, list_id: int, *, now: int) -> Actor | PeopleList | OpenQuestions:
    """One of the viewer's lists, or a group of which they are a member at this moment, or its questions; 404 otherwise, as
    for what does not exist.
    """
    own = await lists.get_list(tx, list_id, owner_id=viewer.actor_id)
    if own is not None:
        return own
    joined = await groups.list_groups_of(tx, viewer.actor_id, now=now)
    named = {actor.id: actor for _, actor in joined}
    if list_id in named:
        return named[list_id]
    if list_id - OF_QUESTIONS in named:
        return OpenQuestions(named[list_id - OF_QUESTIONS])
    raise not_found()


async def _require_own(tx: Reader, viewer: Viewer, list_id: int, *, now: int) -> PeopleList:
    """A list that the viewer may change. Raises the 404, and 422 for a group of theirs."""
    found = await require_list(tx, viewer, list_id, now=now)
    if not isinstance(found, PeopleList):
        raise ApiError(422, "This list shows a private group: it changes as people join and leave the group")
    return found
