"""What anybody may read of this instance: the first page and the one about it."""

from aiohttp import web

from web.keys import VERSION
from web.pages.session import Visit, page, show

routes = web.RouteTableDef()


@routes.get("/")
@page
async def show_home(request: web.Request, visit: Visit) -> web.StreamResponse:
    return show(request, visit, "home.html")


@routes.get("/about")
@page
async def show_about(request: web.Request, visit: Visit) -> web.StreamResponse:
    return show(request, visit, "about.html", version=VERSION)
