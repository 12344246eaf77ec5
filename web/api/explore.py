"""What is new to a member: what many speak of, people who want to be found, people whom one might follow."""

from aiohttp import web

from storage import directory, trends, views
from storage.database import Reader, Transaction
from storage.directory import Suggested
from storage.records import Actor, Card, Status
from storage.relations import get_known
from storage.tags import DAY, Use
from storage.views import People
from web.answers import answer, empty
from web.api.tags import list_days, show_tags
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_query
from web.errors import ApiError
from web.keys import CONTEXT
from web.pagination import offset_links, parse_limit, parse_offset
from web.render import Entity, account, preview_card, suggestion, trending_link
from web.showing import frame, not_found, read_posts, show_people, viewer_id

routes = web.RouteTableDef()


@routes.get("/api/v1/trends")
@routes.get("/api/v1/trends/tags")
@public()
async def list_tags(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    limit, offset = parse_limit(form, default=10, most=20), parse_offset(form)

    async def unit(tx: Reader) -> list[Entity]:
        return await show_tags(tx, request, viewer, await trends.list_tags(tx, limit=limit, offset=offset))

    shown = await request.app[CONTEXT].db.read(unit)
    return answer(shown, headers=offset_links(request, offset=offset, limit=limit, count=len(shown)))


@routes.get("/api/v1/trends/links")
@public()
async def list_links(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], read_query(request)
    limit, offset = parse_limit(form, default=10, most=20), parse_offset(form)
    days = list_days(ctx.now())

    async def unit(tx: Reader) -> tuple[list[Card], dict[int, list[Use]]]:
        found = await trends.list_links(tx, limit=limit, offset=offset)
        ids = [card.id for card in found]
        return found, await trends.list_link_uses(tx, ids, since=days[-1] * DAY, now=ctx.now())

    found, uses = await ctx.db.read(unit)
    shown = frame(request, viewer, People({}))
    entities = [trending_link(preview_card(card, shown), uses.get(card.id, ()), days) for card in found]
    return answer(entities, headers=offset_links(request, offset=offset, limit=limit, count=len(found)))


@routes.get("/api/v1/trends/statuses")
@public()
async def list_statuses(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    limit, offset = parse_limit(form), parse_offset(form)

    async def query(tx: Reader, now: int) -> list[Status]:
        return await trends.list_statuses(tx, viewer_id(viewer), limit=limit, offset=offset, now=now)

    found, renderer = await read_posts(request, viewer, query)
    headers = offset_links(request, offset=offset, limit=limit, count=len(found))
    return answer(renderer.statuses(found), headers=headers)


@routes.get("/api/v1/directory")
@public()
async def list_directory(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    limit, offset = parse_limit(form, default=40, most=80), parse_offset(form)
    order, local = form.text("order") or "active", bool(form.boolean("local"))
    if order not in {"active", "new"}:
        raise ApiError(422, "Validation failed: order is not included in the list")

    async def query(tx: Reader, _: int) -> list[Actor]:
        return await directory.list_directory(tx, order=order, local=local, limit=limit, offset=offset)

    return await show_people(request, viewer, query)


@routes.get("/api/v1/suggestions")
@requires("read")
async def list_suggestions_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    limit = parse_limit(read_query(request), default=40, most=80)

    async def query(tx: Reader, now: int) -> list[Actor]:
        return [one.actor for one in await directory.list_suggested(tx, viewer.actor_id, limit=limit, now=now)]

    return await show_people(request, viewer, query)


@routes.get("/api/v2/suggestions")
@requires("read")
async def list_suggestions(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, limit = request.app[CONTEXT], parse_limit(read_query(request), default=40, most=80)
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Suggested], People]:
        found = await directory.list_suggested(tx, viewer.actor_id, limit=limit, now=now)
        return found, await views.load_people(tx, [one.actor for one in found], viewer=viewer.actor_id)

    found, people = await ctx.db.read(unit)
    shown = frame(request, viewer, people)
    return answer([suggestion(one.friends, account(one.actor, people, shown)) for one in found])


@routes.delete("/api/v1/suggestions/{id}")
@requires("read")
async def dismiss_suggestion(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What was never suggested is dismissed as well."""
    ctx, actor_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> None:
        if await get_known(tx, actor_id, viewer=viewer.actor_id, now=ctx.now()) is None:
            raise not_found()
        await directory.dismiss(tx, viewer.actor_id, actor_id)

    await ctx.db.transact(unit)
    return empty()
