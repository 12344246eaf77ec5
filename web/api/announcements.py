"""What the institution tells its members: read, put away, and answered with emoji."""

import emoji
from aiohttp import web

from federation.context import Context
from storage import announcements, custom_emojis
from storage.database import Reader, Transaction
from storage.events import MEMBERS, insert_event
from storage.records import Announcement
from storage.views import People
from web.announcing import Announced, load_announcements, render_announcements
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.showing import frame, not_found

routes = web.RouteTableDef()

MOST_REACTIONS = 8
LONGEST_NAME = 100


@routes.get("/api/v1/announcements")
@requires()
async def list_announcements(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those that are not over; what the member has put away only when asked for."""
    ctx, everything = request.app[CONTEXT], read_query(request).boolean("with_dismissed")
    now = ctx.now()

    async def unit(tx: Reader) -> Announced:
        found = await announcements.list_current(tx, now=now)
        read = await announcements.list_read(tx, viewer.actor_id)
        wanted = [one for one in found if everything or one.id not in read]
        return await load_announcements(tx, wanted, viewer=viewer.actor_id, now=now)

    loaded = await ctx.db.read(unit)
    return answer(render_announcements(loaded, frame(request, viewer, People({}, locale=loaded.locale))))


@routes.post("/api/v1/announcements/{id}/dismiss")
@requires("write:accounts")
async def dismiss(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, announcement_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> None:
        found = await _require(tx, announcement_id, ctx.now())
        await announcements.insert_read(tx, found.id, viewer.actor_id)

    await ctx.db.transact(unit)
    return empty()


@routes.put("/api/v1/announcements/{id}/reactions/{name}")
@routes.patch("/api/v1/announcements/{id}/reactions/{name}")
@requires("write:favourites")
async def react(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, announcement_id, name = request.app[CONTEXT], path_id(request), _read_name(request)

    async def unit(tx: Transaction) -> None:
        found = await _require(tx, announcement_id, ctx.now())
        if not emoji.is_emoji(name) and not await custom_emojis.list_named(tx, [name]):
            raise ApiError(422, "Validation failed: Name is not a recognized emoji")
        put = await announcements.insert_reaction(
            tx, found.id, viewer.actor_id, name, most=MOST_REACTIONS, now=ctx.now()
        )
        if put is None:
            raise ApiError(422, "Validation failed: Limit of different reactions reached")
        await _tell(tx, ctx, put)

    await ctx.db.transact(unit)
    return empty()


@routes.delete("/api/v1/announcements/{id}/reactions/{name}")
@requires("write:favourites")
async def take_back(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, announcement_id, name = request.app[CONTEXT], path_id(request), _read_name(request)

    async def unit(tx: Transaction) -> None:
        found = await _require(tx, announcement_id, ctx.now())
        taken = await announcements.delete_reaction(tx, found.id, viewer.actor_id, name)
        if taken is None:
            raise not_found()
        await _tell(tx, ctx, taken)

    await ctx.db.transact(unit)
    return empty()


def _read_name(request: web.Request) -> str:
    return Form(request.match_info).required("name")[:LONGEST_NAME]


async def _require(tx: Reader, announcement_id: int, now: int) -> Announcement:
    found = await announcements.get_current(tx, announcement_id, now=now)
    if found is None:
        raise not_found()
    return found


async def _tell(tx: Transaction, ctx: Context, reaction_id: int) -> None:
    await insert_event(tx, owner_id=MEMBERS, type_="announcement.reaction", ref=reaction_id, now=ctx.now())
