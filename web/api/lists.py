"""Lists: each private group that a member belongs to, read-only, because every client can show a List.

Mastodon's own lists of people are not here.
"""

from dataclasses import replace

from aiohttp import web

from storage import groups, relations
from storage.database import Reader
from storage.records import Actor
from storage.relations import Listed
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render import group_list
from web.showing import not_found, show_listed, stored_page

routes = web.RouteTableDef()

MOST_MEMBERS = 5_000


@routes.get("/api/v1/lists")
@requires("read:lists")
async def list_lists(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    now = ctx.now()
    found = await ctx.db.read(lambda tx: groups.list_groups_of(tx, viewer.actor_id, now=now))
    return answer([group_list(actor) for _, actor in found])


@routes.get("/api/v1/lists/{id}")
@requires("read:lists")
async def get_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, group_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()
    return answer(group_list(await ctx.db.read(lambda tx: require_list(tx, viewer, group_id, now=now))))


@routes.get("/api/v1/lists/{id}/accounts")
@requires("read:lists")
async def list_members(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """The group's members, as far as this instance knows them."""
    page, group_id = parse_page(read_query(request), default=40, most=80), path_id(request)
    if page.limit == 0:  # Tusky asks for all of them that way, as Mastodon allows
        page = replace(page, limit=MOST_MEMBERS)

    async def query(tx: Reader, now: int) -> list[Listed]:
        await require_list(tx, viewer, group_id, now=now)
        return await relations.list_members(tx, group_id, stored_page(page), now=now)

    return await show_listed(request, viewer, page, query)


async def require_list(tx: Reader, viewer: Viewer, group_id: int, *, now: int) -> Actor:
    """The group of which the viewer is a member at this moment; 404 otherwise, as for a group that does not exist."""
    found = await groups.list_groups_of(tx, viewer.actor_id, now=now)
    actor = next((actor for _, actor in found if actor.id == group_id), None)
    if actor is None:
        raise not_found()
    return actor
