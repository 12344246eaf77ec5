"""Replies that other servers know of and we do not: looked for when a member opens the thread of a public post from there.

Asked are the post's own host, for its lists, and the replies' hosts, for these: through the same admission as every
fetch. A reply is kept if it is for everybody and answers a post of that very thread; nobody is told of it.
"""

import asyncio
from functools import partial

from federation.context import Context
from federation.failures import FetchError
from federation.resolve import admits, fetch, take_note
from federation.rounds import go_rounds
from federation.wire.bounded import Document
from federation.wire.collections import following_page, parse_items, replies_of
from federation.wire.errors import ProtocolError
from federation.wire.objects import parse_note
from federation.wire.origins import same_origin
from policies.terms import Audience
from storage import actors, refreshes, statuses
from storage.database import Reader, Transaction
from storage.queues import Lease
from storage.records import Refresh, Status

MOST_PAGES = 5
MOST_ITEMS = 200  # of one page
MOST_REPLIES = 40
MOST_AN_HOUR = 60  # posts of one host
HOUR = 3_600_000
FRESH_FOR = 15 * 60_000
AT_ONCE = 4
LEASE_MS = 10 * 60_000
ROUND_SECONDS = 2.0
_OPEN = frozenset({Audience.PUBLIC, Audience.UNLISTED})


async def ask(ctx: Context, status: Status) -> Refresh | None:
    """What is known of looking for a post's replies, which begins now if it is time. None for what is never looked for."""
    if status.audience not in _OPEN or ctx.origin.owns(status.uri) or status.boost_of_id is not None:
        return None
    now = ctx.now()
    known, host, busy = await ctx.db.read(lambda tx: _know(tx, status, now))
    if busy or (known is not None and (known.state == "due" or now - known.asked_at < FRESH_FOR)):
        return known
    if not await admits(ctx, host):
        return known
    begun = Refresh(id=status.id, host=host, state="due", attempts=0, due_at=now, asked_at=now)
    await ctx.db.transact(lambda tx: refreshes.upsert_refresh(tx, begun))
    return begun


async def _know(tx: Reader, status: Status, now: int) -> tuple[Refresh | None, str, bool]:
    author = await actors.get_actor(tx, status.actor_id)
    host = author.host if author else ""
    asked = await refreshes.count_since(tx, host, now - HOUR)
    return await refreshes.get_refresh(tx, status.id), host, asked >= MOST_AN_HOUR


async def run_backfill(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Look for what waits until told to stop; any number of processes may do so at once."""
    await go_rounds(partial(look_for_due, ctx, owner), stop, seconds=ROUND_SECONDS, name="looking for replies")
    await ctx.db.transact(lambda tx: refreshes.release(tx, owner=owner, now=ctx.now()))


async def look_for_due(ctx: Context, owner: str) -> None:
    """Everything that waits. What is asked for is forgotten after a day."""

    async def claim(tx: Transaction) -> list[Refresh]:
        return await refreshes.claim_due(tx, Lease(owner, ctx.now(), ctx.now() + LEASE_MS), limit=AT_ONCE)

    await ctx.db.transact(lambda tx: refreshes.delete_before(tx, ctx.now() - 24 * HOUR))
    while claimed := await ctx.db.transact(claim):
        await asyncio.gather(*(_look_for(ctx, refresh.id) for refresh in claimed))


async def _look_for(ctx: Context, status_id: int) -> None:
    status = await ctx.db.read(lambda tx: statuses.get_status(tx, status_id))
    found = 0
    for uri in [] if status is None else await _list_replies(ctx, status.uri):
        found += await _take(ctx, uri, status.thread_id if status else 0)
    await ctx.db.transact(lambda tx: refreshes.finish(tx, status_id, found=found))


async def _list_replies(ctx: Context, uri: str) -> list[str]:
    """What the lists that a post names say, each once."""
    try:
        places = replies_of(await fetch(ctx, uri))
    except (FetchError, ProtocolError):
        return []
    found: dict[str, None] = {}
    for place in places:
        found |= dict.fromkeys(await _walk(ctx, place, uri))
    return [one for one in found if one != uri][:MOST_REPLIES]


async def _walk(ctx: Context, place: Document | str | None, home: str) -> list[str]:
    """The items of a list, page by page, as far as its pages stand where the post does."""
    found: list[str] = []
    for _ in range(MOST_PAGES):
        page = await _page(ctx, place, home) if isinstance(place, str) else place
        if page is None:
            break
        try:
            found += parse_items(page, MOST_ITEMS)
        except ProtocolError:
            break
        place = following_page(page)
    return found


async def _page(ctx: Context, uri: str, home: str) -> Document | None:
    if not same_origin(uri, home):
        return None
    try:
        return await fetch(ctx, uri)
    except (FetchError, ProtocolError):
        return None


async def _take(ctx: Context, uri: str, thread_id: int) -> bool:
    """Have one reply, if it is one of this thread that we do not know."""
    if ctx.origin.owns(uri) or await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, uri)) is not None:
        return False
    try:
        note = parse_note(await fetch(ctx, uri))
        parent = await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, note.in_reply_to or ""))
        if note.uri != uri or parent is None or parent.thread_id != thread_id:
            return False
        return await take_note(ctx, note) is not None
    except (FetchError, ProtocolError):
        return False
