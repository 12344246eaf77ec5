"""What members put on their profile besides words: people whom they recommend, and hashtags. Not federated."""

import re

from aiohttp import web

from storage import featured, relations
from storage.database import Reader, Transaction
from storage.featured import FeaturedTag
from storage.relations import Listed
from web.answers import answer, empty
from web.api.accounts import require_known, require_target, show_relationship
from web.api.tags import path_tag, show_tags
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render import Entity, featured_tag, tag
from web.showing import not_found, show_listed, stored_page

routes = web.RouteTableDef()

MOST_TAGS = 10
MOST_SUGGESTED = 10
_MOST_LETTERS = 100
# What `federation.wire.compose` takes for a hashtag in a text.
_HASHTAG = re.compile(r"[\w·・]*[^\W\d_][\w·・]*")


@routes.post("/api/v1/accounts/{id}/pin")
@routes.post("/api/v1/accounts/{id}/endorse")
@requires("write:accounts")
async def endorse(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Recommend somebody on one's profile. A private group cannot be: that would tell who its members are."""
    ctx, target = request.app[CONTEXT], await require_target(request, viewer)
    now = ctx.now()
    if not await ctx.db.transact(lambda tx: featured.insert_endorsement(tx, viewer.actor_id, target, now=now)):
        raise ApiError(422, "Validation failed: You must be already following the person you want to endorse")
    return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/unpin")
@routes.post("/api/v1/accounts/{id}/unendorse")
@requires("write:accounts")
async def unendorse(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    await request.app[CONTEXT].db.transact(lambda tx: featured.delete_endorsement(tx, viewer.actor_id, target))
    return await show_relationship(request, viewer, target)


@routes.get("/api/v1/endorsements")
@requires("read:accounts")
async def list_own_endorsements(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show_endorsed(request, viewer, viewer.actor_id)


@routes.get("/api/v1/accounts/{id}/endorsements")
@public("read:accounts")
async def list_endorsements(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return await _show_endorsed(request, viewer, path_id(request))


async def _show_endorsed(request: web.Request, viewer: Viewer | None, owner_id: int) -> web.Response:
    page = parse_page(read_query(request), default=40, most=80)

    async def query(tx: Reader, now: int) -> list[Listed]:
        await require_known(tx, owner_id, viewer, now)
        return await relations.list_endorsed(tx, owner_id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.get("/api/v1/featured_tags")
@requires("read:accounts")
async def list_own_tags(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return _show(request, await request.app[CONTEXT].db.read(lambda tx: featured.list_tags(tx, viewer.actor_id)))


@routes.get("/api/v1/accounts/{id}/featured_tags")
@public("read:accounts")
async def list_tags(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    ctx, actor_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Reader) -> list[FeaturedTag]:
        await require_known(tx, actor_id, viewer, now)
        return await featured.list_tags(tx, actor_id)

    return _show(request, await ctx.db.read(unit))


def _show(request: web.Request, tags: list[FeaturedTag]) -> web.Response:
    return answer([featured_tag(one, request.app[CONTEXT].origin) for one in tags])


@routes.get("/api/v1/featured_tags/suggestions")
@requires("read:accounts")
async def suggest_tags(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What one's posts for everybody were lately about."""
    ctx = request.app[CONTEXT]
    names = await ctx.db.read(lambda tx: featured.list_used_tags(tx, viewer.actor_id, limit=MOST_SUGGESTED))
    return answer([tag(name, ctx.origin) for name in names])


@routes.post("/api/v1/featured_tags")
@requires("write:accounts")
async def feature_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await read_form(request)
    now, name = ctx.now(), parse_tag(form.required("name"))

    async def unit(tx: Transaction) -> FeaturedTag | None:
        return await featured.insert_tag(tx, viewer.actor_id, name, most=MOST_TAGS, now=now)

    made = await ctx.db.transact(unit)
    if made is None:
        raise too_many()
    return answer(featured_tag(made, ctx.origin))


def parse_tag(text: str) -> str:
    """A hashtag as somebody writes it, without its #."""
    name = text.strip().removeprefix("#")
    if len(name) > _MOST_LETTERS or not _HASHTAG.fullmatch(name):
        raise ApiError(422, "Validation failed: Tag is invalid")
    return name


@routes.post("/api/v1/tags/{tag}/feature")
@requires("write:accounts")
async def feature_named(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, name = request.app[CONTEXT], path_tag(request)
    if not _HASHTAG.fullmatch(name):
        raise not_found()

    async def unit(tx: Transaction) -> list[Entity]:
        if await featured.insert_tag(tx, viewer.actor_id, name, most=MOST_TAGS, now=ctx.now()) is None:
            raise too_many()
        return await show_tags(tx, request, viewer, [name])

    return answer((await ctx.db.transact(unit))[0])


@routes.post("/api/v1/tags/{tag}/unfeature")
@requires("write:accounts")
async def unfeature_named(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    name = path_tag(request)

    async def unit(tx: Transaction) -> list[Entity]:
        await featured.delete_tag_named(tx, viewer.actor_id, name)
        return await show_tags(tx, request, viewer, [name])

    return answer((await request.app[CONTEXT].db.transact(unit))[0])


def too_many() -> ApiError:
    return ApiError(422, "Validation failed: You have already featured the maximum number of hashtags")


@routes.delete("/api/v1/featured_tags/{id}")
@requires("write:accounts")
async def unfeature_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    tag_id = path_id(request)
    if not await request.app[CONTEXT].db.transact(lambda tx: featured.delete_tag(tx, tag_id, actor_id=viewer.actor_id)):
        raise not_found()
    return empty()
