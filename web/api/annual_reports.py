"""Annual reports: what a member's own year was, counted when they ask, for themselves alone.

From December on until the end of January: before, the year is not over; afterwards nobody looks back. Nothing is public
about a report, so there is no address to share.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import orjson
from aiohttp import web

from storage import annual_reports, views, visibility
from storage.annual_reports import Figures, Kinds, Year
from storage.database import Reader, Transaction
from storage.records import AnnualReport, Status, as_json
from storage.views import Posts
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.keys import CONTEXT
from web.render import Entity, Renderer, annual_report
from web.showing import frame, not_found

routes = web.RouteTableDef()

Query = Callable[[Reader], Awaitable[list[AnnualReport]]]

# How many posts a year somebody who is active writes: Mastodon's figure.
_AVERAGE = 113


@routes.get("/api/v1/annual_reports")
@requires("read:accounts")
async def list_reports(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those that their owner has not looked at yet."""

    async def query(tx: Reader) -> list[AnnualReport]:
        return [one for one in await annual_reports.list_reports(tx, viewer.actor_id) if not one.viewed]

    return await _show(request, viewer, query)


@routes.get("/api/v1/annual_reports/{year}")
@requires("read:accounts")
async def get_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    year = _path_year(request)

    async def query(tx: Reader) -> list[AnnualReport]:
        found = await annual_reports.get_report(tx, viewer.actor_id, year)
        if found is None:
            raise not_found()
        return [found]

    return await _show(request, viewer, query)


async def _show(request: web.Request, viewer: Viewer, query: Query) -> web.Response:
    """Reports with those of the posts they name that there still are."""
    ctx, owner = request.app[CONTEXT], viewer.actor_id
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[AnnualReport], dict[int, Status], Posts]:
        found = await query(tx)
        named = {one for report in found for one in orjson.loads(report.data)["top_statuses"].values() if one}
        visible = await visibility.list_visible(tx, named, viewer=owner, now=now) if named else {}
        posts = await views.load_posts(tx, list(visible.values()), viewer=owner, now=now, also=[owner])
        return found, visible, posts

    found, visible, posts = await ctx.db.read(unit)
    renderer = Renderer(posts, frame(request, viewer, posts.people))
    return answer(
        {
            "annual_reports": [annual_report(one, visible) for one in found],
            "accounts": [renderer.account(owner)] if found else [],
            "statuses": renderer.statuses(visible.values()),
        }
    )


@routes.get("/api/v1/annual_reports/{year}/state")
@requires("read:accounts")
async def get_state(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """`generating` is never said: who has asked for a report has it."""
    ctx, year = request.app[CONTEXT], _path_year(request)
    now = ctx.now()

    async def unit(tx: Reader) -> str:
        if await annual_reports.get_report(tx, viewer.actor_id, year) is not None:
            return "available"
        return "eligible" if await _is_eligible(tx, viewer, year, now=now) else "ineligible"

    return answer({"state": await ctx.db.read(unit)})


@routes.post("/api/v1/annual_reports/{year}/generate")
@requires("write:accounts")
async def generate(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Count the year now. Once is enough; there is nothing where there is no report to be had."""
    ctx, year = request.app[CONTEXT], _path_year(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        if await annual_reports.get_report(tx, viewer.actor_id, year) is not None:
            return
        if not await _is_eligible(tx, viewer, year, now=now):
            raise not_found()
        figures = await annual_reports.get_figures(tx, viewer.actor_id, parse_year(year))
        await annual_reports.insert_report(tx, AnnualReport(viewer.actor_id, year, as_json(_data(figures)), 0, now))

    await ctx.db.transact(unit)
    return empty()


@routes.post("/api/v1/annual_reports/{year}/read")
@requires("write:accounts")
async def mark_read(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    year = _path_year(request)
    if not await request.app[CONTEXT].db.transact(lambda tx: annual_reports.mark_viewed(tx, viewer.actor_id, year)):
        raise not_found()
    return empty()


def campaign(now: int) -> int | None:
    """The year of which reports can be had now."""
    today = datetime.fromtimestamp(now / 1000, UTC)
    return {12: today.year, 1: today.year - 1}.get(today.month)


def parse_year(year: int) -> Year:
    """Its months, in UTC."""
    starts = [datetime(year, month, 1, tzinfo=UTC) for month in range(1, 13)] + [datetime(year + 1, 1, 1, tzinfo=UTC)]
    return Year([int(start.timestamp() * 1000) for start in starts])


def archetype(kinds: Kinds) -> str:
    """What kind of author somebody was, by Mastodon's measure, which its apps have pictures for."""
    if kinds.alone + kinds.replies + kinds.boosts < _AVERAGE:
        return "lurker"
    if kinds.boosts > kinds.alone * 2:
        return "booster"
    if kinds.polls > kinds.alone * 0.1:
        return "pollster"
    return "replier" if kinds.replies > kinds.alone * 2 else "oracle"


async def _is_eligible(tx: Reader, viewer: Viewer, year: int, *, now: int) -> bool:
    return year == campaign(now) and await annual_reports.has_posted(tx, viewer.actor_id, parse_year(year))


def _data(figures: Figures) -> Entity:
    return {
        "archetype": archetype(figures.kinds),
        "top_statuses": figures.top,
        "top_hashtags": [{"name": name, "count": count} for name, count in figures.tags],
        "time_series": [
            {
                "month": month,
                "statuses": figures.statuses.get(month, 0),
                "following": figures.following.get(month, 0),
                "followers": figures.followers.get(month, 0),
            }
            for month in range(1, 13)
        ],
    }


def _path_year(request: web.Request) -> int:
    """0, of which there is no report, for what is no year."""
    text = request.match_info["year"]
    return int(text) if re.fullmatch(r"[0-9]{4}", text, re.ASCII) else 0
