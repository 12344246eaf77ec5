"""Conversations: the threads of direct posts that a member takes part in."""

from aiohttp import web

from storage import timelines, views
from storage.database import Reader
from storage.records import Status
from storage.views import Posts
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import read_query
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, Renderer, conversation
from web.showing import frame, stored_page

routes = web.RouteTableDef()


@routes.get("/api/v1/conversations")
@requires("read:statuses")
async def list_conversations(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Ordered and paged by their newest posts: the ids of conversations are others."""
    ctx, page = request.app[CONTEXT], parse_page(read_query(request))
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Status], dict[int, int], Posts]:
        found = await timelines.list_direct(tx, viewer.actor_id, stored_page(page), now=now)
        ids = await views.list_conversation_ids(tx, [one.thread_id for one in found], viewer=viewer.actor_id, now=now)
        return found, ids, await views.load_posts(tx, found, viewer=viewer.actor_id, now=now, mentioned=True)

    found, ids, posts = await ctx.db.read(unit)
    shown = Renderer(posts, frame(request, viewer, posts.people))
    entities = [_render(one, ids[one.thread_id], posts, shown, viewer) for one in found]
    return answer(entities, headers=links(request, page, [one.id for one in found]))


def _render(status: Status, conversation_id: int, posts: Posts, shown: Renderer, viewer: Viewer) -> Entity:
    """With everybody else in it; a note to oneself has oneself."""
    people = [status.actor_id, *(one.actor_id for one in posts.mentions.get(status.id, ()))]
    others = [actor_id for actor_id in dict.fromkeys(people) if actor_id != viewer.actor_id]
    return conversation(conversation_id, status, others or [viewer.actor_id], shown)
