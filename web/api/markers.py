"""Markers: how far a member has read, so that their next app goes on there."""

from aiohttp import web

from storage import markers
from storage.database import Transaction
from storage.records import Marker
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.render import marker

routes = web.RouteTableDef()

TIMELINES = ("home", "notifications")


@routes.get("/api/v1/markers")
@requires("read:statuses", group=True)
async def get_markers(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those that are asked for and that there are."""
    asked = read_query(request).texts("timeline")
    found = await request.app[CONTEXT].db.read(lambda tx: markers.list_markers(tx, viewer.actor_id, asked))
    return answer({name: marker(one) for name, one in found.items()})


@routes.post("/api/v1/markers")
@requires("write:statuses")
async def move_markers(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """All that are named, or none. An app may say which `version` it knows, and is refused when there is a later one."""
    ctx, form = request.app[CONTEXT], await read_form(request)
    now = ctx.now()
    wanted = {name: child for name in TIMELINES if (child := form.child(name)) is not None}
    read = {name: _parse_id(child) for name, child in wanted.items()}

    async def unit(tx: Transaction) -> dict[str, Marker]:
        before = await markers.list_markers(tx, viewer.actor_id, wanted)
        for name, child in wanted.items():
            version = before[name].version if name in before else -1
            known = child.integer("version")
            moved = known in {None, version} and await markers.upsert_marker(
                tx, viewer.actor_id, name, last_read_id=read[name], before=version, now=now
            )
            if not moved:
                raise ApiError(409, "Conflict during update, please try again")
        return await markers.list_markers(tx, viewer.actor_id, wanted)

    return answer({name: marker(one) for name, one in (await ctx.db.transact(unit)).items()})


def _parse_id(child: Form) -> int:
    found = child.identifier("last_read_id")
    if not found:
        raise ApiError(422, "Validation failed: last_read_id must be an id")
    return found
