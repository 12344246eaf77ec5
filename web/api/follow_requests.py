"""Requests to follow the member who asks, or to join the group: seeing them, accepting, rejecting."""

from aiohttp import web

from federation.outbox import follows
from storage import relations
from storage.database import Reader
from storage.relations import Listed
from web import as_group
from web.api.accounts import show_relationship
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.keys import CONTEXT
from web.pagination import parse_page
from web.showing import not_found, show_listed, stored_page

routes = web.RouteTableDef()


@routes.get("/api/v1/follow_requests")
@requires("read:follows", group=True)
async def list_requests(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=40, most=80)

    async def query(tx: Reader, _: int) -> list[Listed]:
        ask = relations.list_applicants if viewer.is_private_group else relations.list_requesting
        return await ask(tx, viewer.actor_id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/follow_requests/{id}/authorize")
@requires("write:follows", group=True)
async def authorize(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    follower = path_id(request)
    if viewer.is_group:
        await as_group.accept(request, viewer, follower)
    elif not await follows.accept_request(request.app[CONTEXT], viewer.actor_id, follower):
        raise not_found()
    return await show_relationship(request, viewer, follower)


@routes.post("/api/v1/follow_requests/{id}/reject")
@requires("write:follows", group=True)
async def reject(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    follower = path_id(request)
    if viewer.is_group:
        rejected = await as_group.remove(request, viewer, follower, state="pending")
    else:
        rejected = await follows.reject_request(request.app[CONTEXT], viewer.actor_id, follower)
    if not rejected:
        raise not_found()
    return await show_relationship(request, viewer, follower)
