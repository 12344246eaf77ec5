"""A member's own page: who they are here, in which language they are spoken to."""

from aiohttp import web

from storage.members import update_member
from web.errors import ApiError
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, redirect, show
from web.pages.translation import LANGUAGES

routes = web.RouteTableDef()


@routes.get("/settings")
@member_page
async def show_settings(request: web.Request, visit: Visit) -> web.StreamResponse:
    return show(request, visit, "settings.html")


@routes.post("/settings")
@member_page
async def change_settings(request: web.Request, visit: Visit) -> web.StreamResponse:
    locale = visit.form.text("locale")
    if locale not in LANGUAGES:
        raise ApiError(422, "unknown language")
    me = member_of(visit)
    await request.app[CONTEXT].db.transact(lambda tx: update_member(tx, me.actor.id, locale=locale))
    return redirect("/settings")
