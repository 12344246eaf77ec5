"""Who quotes a post, taking a quote back, and whom one lets quote."""

from aiohttp import web

from federation.outbox import quotes
from storage import timelines
from storage.database import Reader
from storage.records import Status
from storage.visibility import get_visible
from web.api.statuses import parse_quote_policy
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.keys import CONTEXT
from web.pagination import parse_page
from web.showing import not_found, show_after, show_timeline, stored_page

routes = web.RouteTableDef()


@routes.get("/api/v1/statuses/{id}/quotes")
@requires("read:statuses")
async def list_quotes(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page, status_id = parse_page(read_query(request)), path_id(request)

    async def query(tx: Reader, now: int) -> list[Status]:
        status = await get_visible(tx, status_id, viewer=viewer.actor_id, now=now)
        if status is None:
            raise not_found()
        quoted_id = status.boost_of_id or status.id
        return await timelines.list_quoting(tx, viewer.actor_id, quoted_id, stored_page(page), now=now)

    return await show_timeline(request, viewer, page, query)


@routes.post("/api/v1/statuses/{id}/quotes/{quoting_id}/revoke")
@requires("write:statuses")
async def revoke(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """The answer is the post that quoted."""
    quoting_id = path_id(request, "quoting_id")
    status = await quotes.revoke(request.app[CONTEXT], viewer.actor_id, path_id(request), quoting_id)
    return await show_after(request, viewer, status)


@routes.put("/api/v1/statuses/{id}/interaction_policy")
@routes.patch("/api/v1/statuses/{id}/interaction_policy")
@requires("write:statuses")
async def set_policy(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    choice = parse_quote_policy(await read_form(request))
    if choice is None:
        raise ApiError(422, "Validation failed: Quote approval policy can't be blank")
    status = await quotes.set_policy(request.app[CONTEXT], viewer.actor_id, path_id(request), choice)
    return await show_after(request, viewer, status)
