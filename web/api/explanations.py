"""Where an author's post went and where it did not, and why: Confrère's own, in no other server's API."""

from aiohttp import web

from federation.explaining import Crossing
from storage.database import Reader
from storage.views import get_locale
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id
from web.explained import explain_own
from web.keys import CONTEXT
from web.render.explanations import crossing
from web.showing import language_of

routes = web.RouteTableDef()


@routes.get("/api/v1/statuses/{id}/explanation")
@requires("read:statuses")
async def explain_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status_id = path_id(request)

    async def unit(tx: Reader) -> tuple[list[Crossing], str]:
        _, found = await explain_own(tx, status_id, author_id=viewer.actor_id)
        return found, await get_locale(tx, viewer.person_id)

    found, locale = await request.app[CONTEXT].db.read(unit)
    return answer([crossing(one, reader="member", language=language_of(locale)) for one in found])
