"""Where any post went, for those who read the boundary log: hosts and rules, never what the post says."""

from aiohttp import web

from federation.explaining import Crossing
from policies.moderation import Act
from storage.database import Reader
from storage.views import get_locale
from web.admin_api.staff import staff
from web.answers import answer
from web.auth import Viewer
from web.bodies import path_id
from web.explained import explain_any
from web.keys import CONTEXT
from web.render.explanations import crossing
from web.showing import language_of

routes = web.RouteTableDef()


@routes.get("/api/v1/admin/statuses/{id}/explanation")
@staff(Act.READ_BOUNDARY, "admin:read")
async def explain_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status_id = path_id(request)

    async def unit(tx: Reader) -> tuple[list[Crossing], str]:
        _, found = await explain_any(tx, status_id)
        return found, await get_locale(tx, viewer.person_id)

    found, locale = await request.app[CONTEXT].db.read(unit)
    return answer([crossing(one, reader="admin", language=language_of(locale)) for one in found])
