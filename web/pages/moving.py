"""A member who comes from elsewhere or leaves: what else they are called, and who they become."""

from aiohttp import web

from federation.outbox import moves as acts
from federation.outbox.moves import MOST_ALIASES, Obstacle
from storage.actors import list_actors_by_uri
from storage.database import Reader
from storage.moves import list_aliases, list_moves
from storage.records import Actor
from web.keys import CONTEXT
from web.pages.confirming import Doubt, doubt_of
from web.pages.session import Visit, member_of, member_page, redirect, show

PLACE = "/settings/move"
MOST_NAME = 2_000

routes = web.RouteTableDef()


@routes.get(PLACE)
@member_page
async def show_moving(request: web.Request, visit: Visit) -> web.StreamResponse:
    return await _show(request, visit)


@routes.post(f"{PLACE}/aliases")
@member_page
async def add_alias(request: web.Request, visit: Visit) -> web.StreamResponse:
    obstacle = await acts.add_alias(request.app[CONTEXT], member_of(visit).actor.id, _name(visit))
    return await _show(request, visit, obstacle) if obstacle else redirect(PLACE)


@routes.post(f"{PLACE}/aliases/remove")
@member_page
async def remove_alias(request: web.Request, visit: Visit) -> web.StreamResponse:
    await acts.remove_alias(request.app[CONTEXT], member_of(visit).actor.id, visit.form.text("uri") or "")
    return redirect(PLACE)


@routes.post(PLACE)
@member_page
async def move(request: web.Request, visit: Visit) -> web.StreamResponse:
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await _show(request, visit, doubt)
    obstacle = await acts.move(request.app[CONTEXT], member_of(visit).actor.id, _name(visit))
    return await _show(request, visit, obstacle) if obstacle else redirect(PLACE)


@routes.post(f"{PLACE}/stay")
@member_page
async def stay(request: web.Request, visit: Visit) -> web.StreamResponse:
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await _show(request, visit, doubt)
    await acts.stay(request.app[CONTEXT], member_of(visit).actor.id)
    return redirect(PLACE)


def _name(visit: Visit) -> str:
    return (visit.form.text("name") or "").strip()[:MOST_NAME]


async def _show(request: web.Request, visit: Visit, problem: Obstacle | Doubt | None = None) -> web.Response:
    me = member_of(visit)

    async def query(tx: Reader) -> tuple[dict[str, str], Actor | None]:
        uris = await list_aliases(tx, me.actor.id)
        known = await list_actors_by_uri(tx, uris)
        named = {uri: f"@{known[uri].acct}" if uri in known else uri for uri in uris}
        return named, (await list_moves(tx, [me.actor])).get(me.actor.id)

    aliases, moved = await request.app[CONTEXT].db.read(query)
    status = 200 if problem is None else problem.status if isinstance(problem, Doubt) else 422
    return show(
        request, visit, "moving.html", status=status, aliases=aliases, moved=moved, problem=problem, most=MOST_ALIASES
    )
