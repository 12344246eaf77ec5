"""Lines of files that members brought from elsewhere, applied one by one: each is an act that its member could do by hand.

Adds, never removes. Whoever cannot be found is looked for twice more, as their server may be down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial

from federation.context import Context
from federation.outbox.blocks import block, block_host, parse_domain
from federation.outbox.follows import follow
from federation.resolve import resolve_handle, resolve_object
from federation.rounds import go_rounds
from policies.decision import Deny
from storage import bookmarks, imports, lists, mutes, relations
from storage.database import Transaction
from storage.ids import new_id
from storage.mutes import FOR_EVER
from storage.queues import Lease
from storage.records import Actor, ImportLine, Mute, PeopleList, listed
from storage.visibility import get_visible

log = logging.getLogger(__name__)

LEASE_MS = 120_000
BATCH = 8
SHARE = 2
ROUND_SECONDS = 2.0
RETRY_AFTER = (10 * 60_000, 3_600_000)


class Kind(StrEnum):
    """What a file lists."""

    FOLLOWS = "follows"
    BLOCKS = "blocks"
    MUTES = "mutes"
    HOSTS = "hosts"
    LISTS = "lists"
    BOOKMARKS = "bookmarks"


class Failure(StrEnum):
    """Why nothing came of a line."""

    UNKNOWN = "unknown"  # nobody and nothing is found there
    REFUSED = "refused"
    NOT_FOLLOWED = "not_followed"  # lists hold only whom one follows
    FULL = "full"
    BROKEN = "broken"  # our bug


async def run_imports(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Apply what waits until told to stop."""
    await go_rounds(partial(apply_due, ctx, stop, owner), stop, seconds=ROUND_SECONDS, name="importing")
    await ctx.db.transact(lambda tx: imports.release(tx, owner=owner, now=ctx.now()))


async def apply_due(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Everything that is due, a few lines at a time."""
    while not stop.is_set():
        lease = Lease(owner, ctx.now(), ctx.now() + LEASE_MS)
        lines = await ctx.db.transact(lambda tx, lease=lease: imports.claim_due(tx, lease, limit=BATCH, share=SHARE))  # type: ignore[misc]
        if not lines:
            return
        await asyncio.gather(*(_apply_and_settle(ctx, line) for line in lines))


async def _apply_and_settle(ctx: Context, line: ImportLine) -> None:
    """A bug of ours costs that line, not the queue."""
    try:
        failure = await APPLIERS[Kind(line.kind)](ctx, line.owner_id, listed(line.cells))
    except Exception:
        log.exception("a line of an import could not be applied", extra={"fields": {"line": line.id}})
        failure = Failure.BROKEN

    async def unit(tx: Transaction) -> None:
        if failure is None:
            await imports.delete_lines(tx, {line.id})
        elif failure is Failure.UNKNOWN and line.attempts <= len(RETRY_AFTER):
            await imports.reschedule(tx, line.id, due_at=ctx.now() + RETRY_AFTER[line.attempts - 1])
        else:
            await imports.finish_failed(tx, line.id, failure)

    await ctx.db.transact(unit)


async def _find(ctx: Context, owner_id: int, address: str) -> Actor | None:
    """Somebody whom the member may know of: a hidden group is nobody."""
    actor = await resolve_handle(ctx, address)
    if actor is None or actor.type == "Application":
        return None
    now = ctx.now()
    return await ctx.db.read(lambda tx: relations.get_known(tx, actor.id, viewer=owner_id, now=now))


async def _follow(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    address, boosts, notify = cells
    target = await _find(ctx, owner_id, address)
    if target is None:
        return Failure.UNKNOWN
    decision = await follow(ctx, owner_id, target.id, boosts=boosts == "true", notify_posts=notify == "true")
    return Failure.REFUSED if decision is None or isinstance(decision, Deny) else None


async def _block(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    target = await _find(ctx, owner_id, cells[0])
    if target is None:
        return Failure.UNKNOWN
    return Failure.REFUSED if isinstance(await block(ctx, owner_id, target.id), Deny) else None


async def _mute(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    address, notifications = cells
    target = await _find(ctx, owner_id, address)
    if target is None:
        return Failure.UNKNOWN
    if target.id == owner_id:
        return Failure.REFUSED
    now = ctx.now()
    made = Mute(new_id(now), owner_id, target.id, int(notifications == "true"), FOR_EVER, now)
    await ctx.db.transact(lambda tx: mutes.upsert_mute(tx, made))
    return None


async def _block_host(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    host = parse_domain(cells[0])
    if host is None or host in {ctx.origin.host, ctx.origin.handle_domain}:
        return Failure.REFUSED
    await block_host(ctx, owner_id, host)
    return None


async def _put_into_list(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    title, address = cells
    target = await _find(ctx, owner_id, address)
    if target is None:
        return Failure.UNKNOWN
    now = ctx.now()

    async def unit(tx: Transaction) -> Failure | None:
        if not await lists.list_eligible(tx, owner_id, [target.id]):
            return Failure.NOT_FOLLOWED
        known = await lists.list_lists(tx, owner_id)
        found = next((one for one in known if one.title == title), None)
        if found is None:
            if len(known) >= lists.MOST_LISTS:
                return Failure.FULL
            found = PeopleList(new_id(now), owner_id, title, "list", 0, now)
            await lists.insert_list(tx, found)
        await lists.insert_people(tx, found.id, [target.id], now=now)
        return None

    return await ctx.db.transact(unit)


async def _bookmark(ctx: Context, owner_id: int, cells: list[str]) -> Failure | None:
    status = await resolve_object(ctx, cells[0])
    if status is None:
        return Failure.UNKNOWN
    now = ctx.now()

    async def unit(tx: Transaction) -> Failure | None:
        if await get_visible(tx, status.id, viewer=owner_id, now=now) is None:
            return Failure.UNKNOWN
        await bookmarks.insert_bookmark(tx, owner_id, status.id, bookmark_id=new_id(now), now=now)
        return None

    return await ctx.db.transact(unit)


APPLIERS: dict[Kind, Callable[[Context, int, list[str]], Awaitable[Failure | None]]] = {
    Kind.FOLLOWS: _follow,
    Kind.BLOCKS: _block,
    Kind.MUTES: _mute,
    Kind.HOSTS: _block_host,
    Kind.LISTS: _put_into_list,
    Kind.BOOKMARKS: _bookmark,
}
