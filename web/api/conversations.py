"""Conversations: the threads of direct posts that a member takes part in, what of them is read, and putting them away."""

from aiohttp import web

from storage import markers, timelines, views
from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import Status
from storage.visibility import get_visible
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.conversing import Conversations, load_conversations, render_conversations
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.showing import frame, not_found, stored_page

routes = web.RouteTableDef()


@routes.get("/api/v1/conversations")
@requires("read:statuses")
async def list_conversations(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Ordered and paged by their newest posts: the ids of conversations are others."""
    ctx, page = request.app[CONTEXT], parse_page(read_query(request))
    now = ctx.now()

    async def unit(tx: Reader) -> Conversations:
        found = await timelines.list_direct(tx, viewer.actor_id, stored_page(page), now=now)
        return await load_conversations(tx, found, viewer=viewer.actor_id, now=now)

    loaded = await ctx.db.read(unit)
    shown = render_conversations(loaded, frame(request, viewer, loaded.posts.people))
    return answer(shown, headers=links(request, page, [one.id for one in loaded.newest]))


@routes.post("/api/v1/conversations/{id}/read")
@requires("write:conversations")
async def mark_read(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _mark(request, viewer, read=True)


@routes.post("/api/v1/conversations/{id}/unread")
@requires("write:conversations")
async def mark_unread(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Its newest post is unread again, unless it is the member's own."""
    return await _mark(request, viewer, read=False)


@routes.delete("/api/v1/conversations/{id}")
@requires("write:conversations")
async def put_away(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Out of sight until somebody writes again; the posts stay."""
    ctx, conversation_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        newest = await _require(tx, viewer, conversation_id, now)
        await markers.upsert_read(tx, viewer.actor_id, newest.thread_id, up_to=newest.id, removed=True)

    await ctx.db.transact(unit)
    return empty()


async def _mark(request: web.Request, viewer: Viewer, *, read: bool) -> web.Response:
    ctx, conversation_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> Conversations:
        newest = await _require(tx, viewer, conversation_id, now)
        up_to = newest.id if read else newest.id - 1
        await markers.upsert_read(tx, viewer.actor_id, newest.thread_id, up_to=up_to)
        return await load_conversations(tx, [newest], viewer=viewer.actor_id, now=now)

    loaded = await ctx.db.transact(unit)
    return answer(render_conversations(loaded, frame(request, viewer, loaded.posts.people))[0])


async def _require(tx: Reader, viewer: Viewer, conversation_id: int, now: int) -> Status:
    """The newest post of a conversation of the viewer's; 404 for what is none, or put away."""
    first = await get_visible(tx, conversation_id, viewer=viewer.actor_id, now=now)
    if first is None:
        raise not_found()
    ids = await views.list_conversation_ids(tx, [first.thread_id], viewer=viewer.actor_id, now=now)
    found = await timelines.list_direct(tx, viewer.actor_id, Page(limit=1), now=now, thread_id=first.thread_id)
    if not found or ids.get(first.thread_id) != conversation_id:
        raise not_found()
    return found[0]
