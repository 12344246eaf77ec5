"""What members take with them and bring along: files in Mastodon's formats, out at once, in through a queue."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from federation.context import Context
from federation.outbox.imports import Kind
from policies.terms import Audience
from storage import blocks, follows, imports, lists, mutes, relations, timelines
from storage.database import Reader, Transaction
from storage.lists import MOST_TITLE
from storage.members import lock_member
from storage.pages import Page
from storage.records import Actor, listed
from web.csv_files import FORMATS, MOST_LINES, FileError, parse_file, render_file
from web.errors import ApiError
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, redirect, show, upload_page

PLACE = "/settings/data"
MOST_BYTES = 1 << 20
MOST_WAITING = 10_000
MOST_SHOWN = 100
MOST_WRITTEN = 20_000

routes = web.RouteTableDef()

Lines = list[Sequence[str]]


@routes.get(PLACE)
@member_page
async def show_data(request: web.Request, visit: Visit) -> web.StreamResponse:
    return await _show(request, visit)


@routes.get(f"{PLACE}/{{kind}}.csv")
@member_page
async def write_file(request: web.Request, visit: Visit) -> web.StreamResponse:
    kind, ctx = _kind(request.match_info["kind"]), request.app[CONTEXT]
    actor_id, now = member_of(visit).actor.id, ctx.now()
    lines = await ctx.db.read(lambda tx: WRITERS[kind](tx, ctx, actor_id, now))
    return web.Response(
        text=render_file(kind, lines),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{FORMATS[kind].name}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


@routes.post(PLACE)
@upload_page(MOST_BYTES)
async def take_file(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, file = member_of(visit), visit.form.upload("file")
    kind, ctx = _kind(visit.form.text("kind") or ""), request.app[CONTEXT]
    try:
        lines = parse_file(kind, file.data) if file else []
    except FileError:
        return await _show(request, visit, "unreadable")
    if kind is Kind.LISTS and any(len(line[0]) > MOST_TITLE for line in lines):
        return await _show(request, visit, "unreadable")
    if not lines:
        return await _show(request, visit, "empty")

    async def unit(tx: Transaction) -> bool:
        await lock_member(tx, me.actor.id)
        fits = await imports.count_due(tx, me.actor.id) + len(lines) <= MOST_WAITING
        if fits:
            await imports.insert_lines(tx, me.actor.id, kind, lines, now=ctx.now())
        return fits

    return redirect(PLACE) if await ctx.db.transact(unit) else await _show(request, visit, "full")


@routes.post(f"{PLACE}/forget")
@member_page
async def forget_failures(request: web.Request, visit: Visit) -> web.StreamResponse:
    me = member_of(visit)
    await request.app[CONTEXT].db.transact(lambda tx: imports.delete_failed(tx, me.actor.id))
    return redirect(PLACE)


def _kind(text: str) -> Kind:
    if text not in set(Kind):
        raise ApiError(404, "Record not found")
    return Kind(text)


async def _show(request: web.Request, visit: Visit, problem: str = "") -> web.Response:
    me = member_of(visit)

    async def query(tx: Reader) -> dict[str, object]:
        failed = await imports.list_failed(tx, me.actor.id, limit=MOST_SHOWN)
        return {
            "waiting": await imports.count_due(tx, me.actor.id),
            "failed": [(" ".join(listed(line.cells)), line.reason) for line in failed],
            "failures": await imports.count_failed(tx, me.actor.id),
        }

    found = await request.app[CONTEXT].db.read(query)
    status = 422 if problem else 200
    return show(request, visit, "data.html", status=status, kinds=list(Kind), most=MOST_LINES, problem=problem, **found)


# --- what members take with them ----------------------------------------------------------------------------------


def _address(ctx: Context, actor: Actor) -> str:
    return f"{actor.username}@{actor.handle_host or ctx.origin.handle_domain}"


async def _write_follows(tx: Reader, ctx: Context, actor_id: int, _now: int) -> Lines:
    found = await follows.list_outgoing(tx, actor_id, before=Page().before, limit=MOST_WRITTEN)
    return [(_address(ctx, actor), _flag(known.boosts), _flag(known.notify)) for known, actor in found]


async def _write_blocks(tx: Reader, ctx: Context, actor_id: int, _now: int) -> Lines:
    return [(_address(ctx, one.actor),) for one in await relations.list_blocked(tx, actor_id, Page(MOST_WRITTEN))]


async def _write_mutes(tx: Reader, ctx: Context, actor_id: int, now: int) -> Lines:
    found = await relations.list_muted(tx, actor_id, Page(MOST_WRITTEN), now=now)
    known = await mutes.list_mutes(tx, actor_id, [one.actor.id for one in found], now=now)
    return [(_address(ctx, one.actor), _flag(known[one.actor.id].notifications)) for one in found]


async def _write_hosts(tx: Reader, _ctx: Context, actor_id: int, _now: int) -> Lines:
    return [(one.host,) for one in await blocks.list_blocked_hosts(tx, actor_id, Page(MOST_WRITTEN))]


async def _write_lists(tx: Reader, ctx: Context, actor_id: int, _now: int) -> Lines:
    return [
        (made.title, _address(ctx, one.actor))
        for made in await lists.list_lists(tx, actor_id)
        for one in await relations.list_listed(tx, made.id, Page(MOST_WRITTEN))
    ]


async def _write_bookmarks(tx: Reader, _ctx: Context, actor_id: int, now: int) -> Lines:
    """Without group-only posts: even their addresses stay where the group is."""
    found = await timelines.list_bookmarked(tx, actor_id, Page(MOST_WRITTEN), now=now)
    return [(one.status.uri,) for one in found if one.status.audience != Audience.GROUP]


def _flag(value: int) -> str:
    return "true" if value else "false"


WRITERS: dict[Kind, Callable[[Reader, Context, int, int], Awaitable[Lines]]] = {
    Kind.FOLLOWS: _write_follows,
    Kind.BLOCKS: _write_blocks,
    Kind.MUTES: _write_mutes,
    Kind.HOSTS: _write_hosts,
    Kind.LISTS: _write_lists,
    Kind.BOOKMARKS: _write_bookmarks,
}
