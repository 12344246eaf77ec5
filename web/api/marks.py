"""What members mark for themselves: bookmarks, posts pinned to their profile, muted threads, and lists of what they kept and liked."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from federation.outbox import pins
from federation.outbox.pins import Unpinnable
from storage import bookmarks, muted_threads, timelines
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Status
from storage.timelines import Marked
from storage.visibility import get_visible
from web import as_group
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id, read_query
from web.errors import ApiError
from web.keys import CONTEXT
from web.pagination import parse_page
from web.showing import not_found, render_status, show_after, show_marked, stored_page

routes = web.RouteTableDef()

# The sentences are Mastodon's, which some apps show as they are.
_UNPINNABLE = {
    Unpinnable.BOOST: "A boost cannot be pinned",
    Unpinnable.NOT_OWN: "Someone else's post cannot be pinned",
    Unpinnable.DIRECT: "Posts that are only visible to mentioned users cannot be pinned",
    Unpinnable.GROUP: "Posts that are only visible to a group cannot be pinned",
    Unpinnable.TOO_MANY: "You have already pinned the maximum number of posts",
}

Keep = Callable[[Transaction, Status, int], Awaitable[None]]


@routes.post("/api/v1/statuses/{id}/bookmark")
@requires("write:bookmarks")
async def bookmark(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def keep(tx: Transaction, status: Status, now: int) -> None:
        await bookmarks.insert_bookmark(tx, viewer.actor_id, status.id, bookmark_id=new_id(now), now=now)

    return await _mark(request, viewer, keep)


@routes.post("/api/v1/statuses/{id}/unbookmark")
@requires("write:bookmarks")
async def unbookmark(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def drop(tx: Transaction, status: Status, _now: int) -> None:
        await bookmarks.delete_bookmark(tx, viewer.actor_id, status.id)

    return await _mark(request, viewer, drop)


@routes.post("/api/v1/statuses/{id}/mute")
@requires("write:mutes")
async def mute(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """No more notifications from the thread of a post; what was told stays."""

    async def keep(tx: Transaction, status: Status, now: int) -> None:
        await muted_threads.insert_muted(tx, viewer.actor_id, status.thread_id, now=now)

    return await _mark(request, viewer, keep)


@routes.post("/api/v1/statuses/{id}/unmute")
@requires("write:mutes")
async def unmute(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def drop(tx: Transaction, status: Status, _now: int) -> None:
        await muted_threads.delete_muted(tx, viewer.actor_id, status.thread_id)

    return await _mark(request, viewer, drop)


async def _mark(request: web.Request, viewer: Viewer, keep: Keep) -> web.Response:
    """Do something with a post that concerns nobody but the member, and show it as it is afterwards."""
    ctx, status_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> int:
        status = await _require_meant(tx, status_id, viewer, now)
        await keep(tx, status, now)
        return status.id

    return answer(await render_status(request, viewer, await ctx.db.transact(unit)))


async def _require_meant(tx: Reader, status_id: int, viewer: Viewer, now: int) -> Status:
    """The post, or what it boosts: apps name the boost that they show. 404 when the viewer may not see it."""
    status = await get_visible(tx, status_id, viewer=viewer.actor_id, now=now)
    if status is not None and status.boost_of_id is not None:
        status = await get_visible(tx, status.boost_of_id, viewer=viewer.actor_id, now=now)
    if status is None:
        raise not_found()
    return status


@routes.post("/api/v1/statuses/{id}/pin")
@requires("write:accounts", group=True)
async def pin(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    if viewer.is_group:
        outcome = await as_group.pin(request, viewer, path_id(request))
    else:
        outcome = await pins.pin(request.app[CONTEXT], viewer.actor_id, path_id(request))
    if isinstance(outcome, Unpinnable):
        raise ApiError(422, f"Validation failed: {_UNPINNABLE[outcome]}")
    return await show_after(request, viewer, outcome)


@routes.post("/api/v1/statuses/{id}/unpin")
@requires("write:accounts", group=True)
async def unpin(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    if viewer.is_group:
        return await show_after(request, viewer, await as_group.unpin(request, viewer, path_id(request)))
    return await show_after(request, viewer, await pins.unpin(request.app[CONTEXT], viewer.actor_id, path_id(request)))


@routes.get("/api/v1/bookmarks")
@requires("read:bookmarks")
async def list_bookmarks(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show(request, viewer, timelines.list_bookmarked)


@routes.get("/api/v1/favourites")
@requires("read:favourites")
async def list_favourites(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show(request, viewer, timelines.list_favourited)


async def _show(request: web.Request, viewer: Viewer, ask: Callable[..., Awaitable[list[Marked]]]) -> web.Response:
    page = parse_page(read_query(request))

    async def query(tx: Reader, now: int) -> list[Marked]:
        return await ask(tx, viewer.actor_id, stored_page(page), now=now)

    return await show_marked(request, viewer, page, query)
