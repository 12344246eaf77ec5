"""Filters of words, of which members have none here: apps that insist on asking get empty lists (Pachli, Tusky)."""

from aiohttp import web

from web.answers import answer
from web.auth import Viewer, requires

routes = web.RouteTableDef()


@routes.get("/api/v1/filters")
@routes.get("/api/v2/filters")
@requires("read:filters")
async def list_filters(_: web.Request, __: Viewer) -> web.StreamResponse:
    return answer([])
