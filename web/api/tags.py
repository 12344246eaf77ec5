"""Hashtags: how often one was used, and following it, which brings public posts with it into the home timeline."""

import re
from collections.abc import Sequence

from aiohttp import web

from storage import tags
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.tags import DAY, Followed, Use
from web.answers import answer
from web.auth import Viewer, public, requires
from web.bodies import read_query
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import tag_entity
from web.showing import not_found, stored_page, viewer_id

routes = web.RouteTableDef()

DAYS = 7
MOST_TAG = 140


@routes.get("/api/v1/tags/{tag}")
@public("read:statuses")
async def get_tag(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    ctx, tag = request.app[CONTEXT], _parse_tag(request)

    async def unit(tx: Reader) -> tuple[list[Use], bool]:
        return await _list_uses(tx, tag, ctx.now()), await tags.is_followed(tx, viewer_id(viewer), tag)

    uses, followed = await ctx.db.read(unit)
    following = followed if viewer else None
    return answer(tag_entity(tag, ctx.origin, uses, _list_days(ctx.now()), following=following))


@routes.post("/api/v1/tags/{tag}/follow")
@requires("write:follows")
async def follow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _change(request, viewer, follow=True)


@routes.post("/api/v1/tags/{tag}/unfollow")
@requires("write:follows")
async def unfollow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _change(request, viewer, follow=False)


async def _change(request: web.Request, viewer: Viewer, *, follow: bool) -> web.Response:
    ctx, tag = request.app[CONTEXT], _parse_tag(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> list[Use]:
        if follow:
            await tags.insert_follow(tx, new_id(now), viewer.actor_id, tag)
        else:
            await tags.delete_follow(tx, viewer.actor_id, tag)
        return await _list_uses(tx, tag, now)

    return answer(tag_entity(tag, ctx.origin, await ctx.db.transact(unit), _list_days(now), following=follow))


@routes.get("/api/v1/followed_tags")
@requires("read:follows")
async def list_followed(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, page = request.app[CONTEXT], parse_page(read_query(request), default=100, most=200)
    days = _list_days(ctx.now())

    async def unit(tx: Reader) -> tuple[list[Followed], dict[str, list[Use]]]:
        found = await tags.list_followed(tx, viewer.actor_id, stored_page(page))
        named = [one.tag for one in found]
        return found, await tags.list_uses(tx, named, since=days[-1] * DAY, now=ctx.now())

    found, uses = await ctx.db.read(unit)
    entities = [tag_entity(one.tag, ctx.origin, uses.get(one.tag, ()), days, following=True) for one in found]
    return answer(entities, headers=links(request, page, [one.id for one in found]))


async def _list_uses(tx: Reader, tag: str, now: int) -> list[Use]:
    return (await tags.list_uses(tx, [tag], since=_list_days(now)[-1] * DAY, now=now)).get(tag, [])


def _list_days(now: int) -> Sequence[int]:
    """Today and the days before it, counted from 1970."""
    return [now // DAY - back for back in range(DAYS)]


def _parse_tag(request: web.Request) -> str:
    """As tags are stored. What can be no tag is not found."""
    tag = Form(request.match_info).required("tag").removeprefix("#").lower()
    if len(tag) > MOST_TAG or not re.fullmatch(r"[^\s#/?&]+", tag):
        raise not_found()
    return tag
