"""Requests to follow the member who asks: seeing them, accepting, rejecting."""

from aiohttp import web

from federation.outbox import follows
from storage import relations
from storage.database import Reader
from storage.relations import Listed
from web.api.accounts import show_relationship
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.keys import CONTEXT
from web.pagination import parse_page
from web.showing import not_found, show_listed, stored_page

routes = web.RouteTableDef()


@routes.get("/api/v1/follow_requests")
@requires("read:follows")
async def list_requests(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=40, most=80)

    async def query(tx: Reader, _: int) -> list[Listed]:
        return await relations.list_requesting(tx, viewer.actor_id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/follow_requests/{id}/authorize")
@requires("write:follows")
async def authorize(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    follower = path_id(request)
    if not await follows.accept_request(request.app[CONTEXT], viewer.actor_id, follower):
        raise not_found()
    return await show_relationship(request, viewer, follower)


@routes.post("/api/v1/follow_requests/{id}/reject")
@requires("write:follows")
async def reject(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    follower = path_id(request)
    if not await follows.reject_request(request.app[CONTEXT], viewer.actor_id, follower):
        raise not_found()
    return await show_relationship(request, viewer, follower)
