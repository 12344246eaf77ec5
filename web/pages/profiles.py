"""Where a link to a person, a post or a hashtag leads in a browser: what everybody may read, and nothing else.

A post that is not public, a hidden group and an address that never was look the same here.
"""

from aiohttp import web

from storage import actors, groups, timelines, views
from storage.database import Reader
from storage.pages import Page
from storage.records import Actor, Status
from storage.timelines import Kinds, Tags
from storage.visibility import get_visible
from web.bodies import path_id
from web.keys import CONTEXT
from web.pages.session import Visit, page, redirect, show
from web.render import Entity, account
from web.showing import frame, not_found, read_posts

routes = web.RouteTableDef()

SHOWN = 20
NOBODY = 0
_ACTIVITY = ("application/activity+json", "application/ld+json")


def _asks_for_activity(request: web.Request) -> bool:
    """Another server at the page's address: it belongs at the id."""
    return any(kind in request.headers.get("Accept", "") for kind in _ACTIVITY)


@routes.get("/@{name}")
@page
async def show_profile(request: web.Request, visit: Visit) -> web.StreamResponse:
    actor = await request.app[CONTEXT].db.read(lambda tx: _find(tx, request.match_info["name"]))
    if actor is None:
        raise not_found()
    if _asks_for_activity(request):
        return redirect(actor.uri, status=302)

    async def query(tx: Reader, now: int) -> list[Status]:
        kinds = Kinds(replies=False)
        return await timelines.list_account(tx, NOBODY, actor.id, Page(limit=SHOWN), kinds, now=now)

    found, renderer = await read_posts(request, None, query)
    people = await request.app[CONTEXT].db.read(lambda tx: views.load_people(tx, [actor], viewer=NOBODY))
    person = account(actor, people, frame(request, None, people))
    return show(request, visit, "profile.html", person=person, posts=renderer.statuses(found))


async def _find(tx: Reader, name: str) -> Actor | None:
    """An actor of ours that is no secret."""
    actor = await actors.get_actor_by_handle(tx, name, "")
    if actor is None or actor.disabled_at is not None or actor.type == "Application":
        return None
    group = await groups.get_group(tx, actor.id) if actor.type == "Group" else None
    return actor if group is None or group.listed else None


@routes.get(r"/@{name}/{id:[0-9]+}")
@page
async def show_post(request: web.Request, visit: Visit) -> web.StreamResponse:
    post = await read_post(request, request.match_info["name"], path_id(request))
    if _asks_for_activity(request):
        return redirect(post["uri"], status=302)
    return show(request, visit, "post.html", post=post)


@routes.get(r"/@{name}/{id:[0-9]+}/embed")
@page
async def show_embedded(request: web.Request, visit: Visit) -> web.StreamResponse:
    """The post alone, for the pages of others (`web.api.oembed`)."""
    post = await read_post(request, request.match_info["name"], path_id(request))
    return show(request, visit, "embed.html", post=post, framed=True)


async def read_post(request: web.Request, name: str, status_id: int) -> Entity:
    """What everybody may see of a post of ours; raises the 404 otherwise."""

    async def query(tx: Reader, now: int) -> list[Status]:
        status = await get_visible(tx, status_id, viewer=NOBODY, now=now)
        author = await actors.get_actor(tx, status.actor_id) if status else None
        return [status] if status and author and author.local and author.username == name.lower() else []

    found, renderer = await read_posts(request, None, query)
    if not found:
        raise not_found()
    return renderer.statuses(found)[0]


@routes.get("/tags/{hashtag}")
@page
async def show_tag(request: web.Request, visit: Visit) -> web.StreamResponse:
    tag = request.match_info["hashtag"].lower()

    async def query(tx: Reader, now: int) -> list[Status]:
        return await timelines.list_tag(tx, NOBODY, Page(limit=SHOWN), Kinds(), now=now, tags=Tags((tag,)))

    found, renderer = await read_posts(request, None, query)
    return show(request, visit, "tag.html", tag=tag, posts=renderer.statuses(found))
