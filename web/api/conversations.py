"""Conversations: the threads of direct posts that a member takes part in, what of them is read, and putting them away."""

from aiohttp import web

from storage import markers, timelines, views
from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import Status
from storage.views import Posts
from storage.visibility import get_visible
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, Renderer, conversation
from web.showing import frame, not_found, stored_page

routes = web.RouteTableDef()

Loaded = tuple[list[Status], dict[int, int], dict[int, int], Posts]


@routes.get("/api/v1/conversations")
@requires("read:statuses")
async def list_conversations(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Ordered and paged by their newest posts: the ids of conversations are others."""
    ctx, page = request.app[CONTEXT], parse_page(read_query(request))
    now = ctx.now()

    async def unit(tx: Reader) -> Loaded:
        found = await timelines.list_direct(tx, viewer.actor_id, stored_page(page), now=now)
        return await _load(tx, viewer, found, now)

    loaded = await ctx.db.read(unit)
    return answer(_render(request, viewer, loaded), headers=links(request, page, [one.id for one in loaded[0]]))


@routes.post("/api/v1/conversations/{id}/read")
@requires("write:conversations")
async def mark_read(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, conversation_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> Loaded:
        newest = await _require(tx, viewer, conversation_id, now)
        await markers.upsert_read(tx, viewer.actor_id, newest.thread_id, up_to=newest.id)
        return await _load(tx, viewer, [newest], now)

    return answer(_render(request, viewer, await ctx.db.transact(unit))[0])


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


async def _load(tx: Reader, viewer: Viewer, found: list[Status], now: int) -> Loaded:
    """All that showing conversations needs, by their newest posts: ids, what was read, people."""
    threads = [one.thread_id for one in found]
    ids = await views.list_conversation_ids(tx, threads, viewer=viewer.actor_id, now=now)
    read = await markers.list_read(tx, viewer.actor_id, threads)
    return found, ids, read, await views.load_posts(tx, found, viewer=viewer.actor_id, now=now, mentioned=True)


def _render(request: web.Request, viewer: Viewer, loaded: Loaded) -> list[Entity]:
    found, ids, read, posts = loaded
    shown = Renderer(posts, frame(request, viewer, posts.people))
    return [
        conversation(
            ids[one.thread_id],
            one,
            _list_others(one, posts, viewer),
            shown,
            unread=one.actor_id != viewer.actor_id and read.get(one.thread_id, 0) < one.id,
        )
        for one in found
    ]


def _list_others(status: Status, posts: Posts, viewer: Viewer) -> list[int]:
    """Everybody else in it; a note to oneself has oneself."""
    people = [status.actor_id, *(one.actor_id for one in posts.mentions.get(status.id, ()))]
    others = [actor_id for actor_id in dict.fromkeys(people) if actor_id != viewer.actor_id]
    return others or [viewer.actor_id]
