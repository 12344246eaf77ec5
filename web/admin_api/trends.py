"""What many speak of, and tags: looked at, approved, rejected. What is rejected trends no more from then on."""

from collections.abc import Sequence

from aiohttp import web

from policies.moderation import Act
from storage import tags, trends, views
from storage.database import Reader, Transaction
from storage.records import Card, Status
from storage.tags import DAY, Reviewed, Use
from storage.views import People
from storage.visibility import get_visible
from web.admin_api.staff import note, staff
from web.answers import answer
from web.api.tags import list_days, show_tags
from web.auth import Viewer
from web.bodies import path_id, read_form, read_query
from web.keys import CONTEXT
from web.pagination import links, offset_links, parse_limit, parse_offset, parse_page
from web.render import Entity, Renderer, admin_link, admin_tag, preview_card, publisher, trending_link
from web.showing import frame, not_found, stored_page

routes = web.RouteTableDef()

_TAGS, _TRENDS = "/api/v1/admin/tags", "/api/v1/admin/trends"
_READ, _WRITE = "admin:read", "admin:write"
_TRAITS = ("usable", "listable", "trendable")


@routes.get(_TAGS)
@staff(Act.REVIEW_TRENDS, _READ)
async def list_tags(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, page = request.app[CONTEXT], parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Reader) -> tuple[list[Reviewed], list[Entity]]:
        found = await tags.list_reviewed(tx, stored_page(page), now=ctx.now())
        return found, await _tag_entities(tx, request, viewer, found)

    found, shown = await ctx.db.read(unit)
    return answer(shown, headers=links(request, page, [one.id for one in found]))


@routes.get(f"{_TAGS}/{{id}}")
@staff(Act.REVIEW_TRENDS, _READ)
async def show_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show_tag(request, viewer)


@routes.put(f"{_TAGS}/{{id}}")
@routes.patch(f"{_TAGS}/{{id}}")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def change_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What is not said stays."""
    form = await read_form(request)
    return await _review_tag(request, viewer, {one: said for one in _TRAITS if (said := form.boolean(one)) is not None})


@routes.post(f"{_TRENDS}/tags/{{id}}/approve")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def approve_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_tag(request, viewer, {"trendable": True})


@routes.post(f"{_TRENDS}/tags/{{id}}/reject")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def reject_tag(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_tag(request, viewer, {"trendable": False})


async def _review_tag(request: web.Request, viewer: Viewer, said: dict[str, bool]) -> web.Response:
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> None:
        known = await tags.get_reviewed(tx, path_id(request), now=ctx.now())
        if known is None:
            raise not_found()
        await tags.update_tag(tx, known.id, now=ctx.now(), **{name: int(value) for name, value in said.items()})
        await note(tx, viewer, "tag.review", known.tag, now=ctx.now(), **said)

    await ctx.db.transact(unit)
    return await _show_tag(request, viewer)


async def _show_tag(request: web.Request, viewer: Viewer) -> web.Response:
    ctx = request.app[CONTEXT]

    async def unit(tx: Reader) -> list[Entity]:
        found = await tags.get_reviewed(tx, path_id(request), now=ctx.now())
        return await _tag_entities(tx, request, viewer, [found] if found else [])

    shown = await ctx.db.read(unit)
    if not shown:
        raise not_found()
    return answer(shown[0])


async def _tag_entities(tx: Reader, request: web.Request, viewer: Viewer, found: Sequence[Reviewed]) -> list[Entity]:
    shown = await show_tags(tx, request, viewer, [one.tag for one in found])
    return [admin_tag(one, entity) for one, entity in zip(found, shown, strict=True)]


@routes.get(f"{_TRENDS}/tags")
@staff(Act.REVIEW_TRENDS, _READ)
async def list_trending_tags(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those that were rejected, too."""
    form = read_query(request)
    limit, offset = parse_limit(form, default=10, most=20), parse_offset(form)

    async def unit(tx: Reader) -> list[Entity]:
        names = await trends.list_tags(tx, limit=limit, offset=offset, rejected=True)
        known = await tags.list_reviewed_by_name(tx, names)
        return await _tag_entities(tx, request, viewer, [known[name] for name in names if name in known])

    shown = await request.app[CONTEXT].db.read(unit)
    return answer(shown, headers=offset_links(request, offset=offset, limit=limit, count=len(shown)))


@routes.get(f"{_TRENDS}/links")
@staff(Act.REVIEW_TRENDS, _READ)
async def list_trending_links(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    limit, offset = parse_limit(form, default=10, most=20), parse_offset(form)

    async def unit(tx: Reader) -> list[Entity]:
        found = await trends.list_links(tx, limit=limit, offset=offset, rejected=True)
        return await _link_entities(tx, request, viewer, found)

    shown = await request.app[CONTEXT].db.read(unit)
    return answer(shown, headers=offset_links(request, offset=offset, limit=limit, count=len(shown)))


@routes.post(f"{_TRENDS}/links/{{id}}/approve")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def approve_link(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_link(request, viewer, trendable=True)


@routes.post(f"{_TRENDS}/links/{{id}}/reject")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def reject_link(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_link(request, viewer, trendable=False)


async def _review_link(request: web.Request, viewer: Viewer, *, trendable: bool) -> web.Response:
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> Entity:
        card = await trends.get_card(tx, path_id(request))
        if card is None:
            raise not_found()
        await trends.upsert_review(tx, "link", card.id, trendable=trendable)
        await note(tx, viewer, "trend.review", card.url, now=ctx.now(), trendable=trendable)
        return (await _link_entities(tx, request, viewer, [card]))[0]

    return answer(await ctx.db.transact(unit))


async def _link_entities(tx: Reader, request: web.Request, viewer: Viewer, found: Sequence[Card]) -> list[Entity]:
    now, ids = request.app[CONTEXT].now(), [card.id for card in found]
    days = list_days(now)
    uses: dict[int, list[Use]] = await trends.list_link_uses(tx, ids, since=days[-1] * DAY, now=now)
    decided, shown = await trends.list_decided(tx, "link", ids), frame(request, viewer, People({}))
    return [
        admin_link(
            card.id, trending_link(preview_card(card, shown), uses.get(card.id, ()), days), decided=card.id in decided
        )
        for card in found
    ]


@routes.get(f"{_TRENDS}/links/publishers")
@staff(Act.REVIEW_TRENDS, _READ)
async def list_publishers(request: web.Request, _: Viewer) -> web.StreamResponse:
    ctx, page = request.app[CONTEXT], parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Transaction) -> list[trends.Publisher]:
        await trends.insert_publishers(tx, now=ctx.now())
        return await trends.list_publishers(tx, stored_page(page))

    found = await ctx.db.transact(unit)
    return answer([publisher(one) for one in found], headers=links(request, page, [one.id for one in found]))


@routes.post(f"{_TRENDS}/links/publishers/{{id}}/approve")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def approve_publisher(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_publisher(request, viewer, trendable=True)


@routes.post(f"{_TRENDS}/links/publishers/{{id}}/reject")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def reject_publisher(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_publisher(request, viewer, trendable=False)


async def _review_publisher(request: web.Request, viewer: Viewer, *, trendable: bool) -> web.Response:
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> Entity:
        found = await trends.update_publisher(tx, path_id(request), trendable=trendable, now=ctx.now())
        if found is None:
            raise not_found()
        await note(tx, viewer, "trend.review", found.host, now=ctx.now(), trendable=trendable)
        return publisher(found)

    return answer(await ctx.db.transact(unit))


@routes.get(f"{_TRENDS}/statuses")
@staff(Act.REVIEW_TRENDS, _READ)
async def list_trending_statuses(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form, ctx = read_query(request), request.app[CONTEXT]
    limit, offset = parse_limit(form), parse_offset(form)

    async def unit(tx: Reader) -> list[Entity]:
        found = await trends.list_statuses(
            tx, viewer.actor_id, limit=limit, offset=offset, now=ctx.now(), rejected=True
        )
        return await _status_entities(tx, request, viewer, found)

    shown = await ctx.db.read(unit)
    return answer(shown, headers=offset_links(request, offset=offset, limit=limit, count=len(shown)))


@routes.post(f"{_TRENDS}/statuses/{{id}}/approve")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def approve_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_status(request, viewer, trendable=True)


@routes.post(f"{_TRENDS}/statuses/{{id}}/reject")
@staff(Act.REVIEW_TRENDS, _WRITE)
async def reject_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _review_status(request, viewer, trendable=False)


async def _review_status(request: web.Request, viewer: Viewer, *, trendable: bool) -> web.Response:
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> Entity:
        found = await get_visible(tx, path_id(request), viewer=viewer.actor_id, now=ctx.now())
        if found is None or found.audience != "public":
            raise not_found()
        await trends.upsert_review(tx, "status", found.id, trendable=trendable)
        await note(tx, viewer, "trend.review", found.uri, now=ctx.now(), trendable=trendable)
        return (await _status_entities(tx, request, viewer, [found]))[0]

    return answer(await ctx.db.transact(unit))


async def _status_entities(tx: Reader, request: web.Request, viewer: Viewer, found: Sequence[Status]) -> list[Entity]:
    posts = await views.load_posts(tx, found, viewer=viewer.actor_id, now=request.app[CONTEXT].now())
    decided = await trends.list_decided(tx, "status", [one.id for one in found])
    renderer = Renderer(posts, frame(request, viewer, posts.people))
    shown = [one for one in found if renderer.is_shown(one)]
    return [{**renderer.status(one), "requires_review": one.id not in decided} for one in shown]
