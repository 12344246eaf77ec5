"""Hashtags: how often one was used, and following it, which brings public posts with it into the home timeline."""

import re
from collections.abc import Sequence

from aiohttp import web

from storage import tags
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.tags import DAY, Followed
from web import render
from web.answers import answer
from web.auth import Viewer, public, requires
from web.bodies import read_query
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity
from web.showing import not_found, stored_page

routes = web.RouteTableDef()

DAYS = 7
MOST_TAG = 140


@routes.get("/api/v1/tags/{tag}")
@public("read:statuses")
async def get_tag(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    tag = path_tag(request)
    return answer((await request.app[CONTEXT].db.read(lambda tx: show_tags(tx, request, viewer, [tag])))[0])


@routes.post("/api/v1/tags/{tag}/follow")
@requires("write:follows")
async def follow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, tag = request.app[CONTEXT], path_tag(request)

    async def unit(tx: Transaction) -> list[Entity]:
        await tags.insert_follow(tx, new_id(ctx.now()), viewer.actor_id, tag)
        return await show_tags(tx, request, viewer, [tag])

    return answer((await ctx.db.transact(unit))[0])


@routes.post("/api/v1/tags/{tag}/unfollow")
@requires("write:follows")
async def unfollow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    tag = path_tag(request)

    async def unit(tx: Transaction) -> list[Entity]:
        await tags.delete_follow(tx, viewer.actor_id, tag)
        return await show_tags(tx, request, viewer, [tag])

    return answer((await request.app[CONTEXT].db.transact(unit))[0])


@routes.get("/api/v1/followed_tags")
@requires("read:follows")
async def list_followed(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Reader) -> tuple[list[Followed], list[Entity]]:
        found = await tags.list_followed(tx, viewer.actor_id, stored_page(page))
        return found, await show_tags(tx, request, viewer, [one.tag for one in found])

    found, shown = await request.app[CONTEXT].db.read(unit)
    return answer(shown, headers=links(request, page, [one.id for one in found]))


async def show_tags(tx: Reader, request: web.Request, viewer: Viewer | None, names: list[str]) -> list[Entity]:
    """Tags with their history, and how the viewer stands to them, in two queries."""
    ctx = request.app[CONTEXT]
    now = ctx.now()
    days = list_days(now)
    uses = await tags.list_uses(tx, names, since=days[-1] * DAY, now=now)
    own = await tags.list_own(tx, viewer.actor_id, names) if viewer else {}
    return [render.tag(name, ctx.origin, uses.get(name, ()), days, own=own.get(name)) for name in names]


def list_days(now: int) -> Sequence[int]:
    """Today and the days before it, counted from 1970."""
    return [now // DAY - back for back in range(DAYS)]


def path_tag(request: web.Request) -> str:
    """As tags are stored. What can be no tag is not found."""
    tag = Form(request.match_info).required("tag").removeprefix("#").lower()
    if len(tag) > MOST_TAG or not re.fullmatch(r"[^\s#/?&]+", tag):
        raise not_found()
    return tag
