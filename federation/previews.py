"""Previews of the pages that public posts link to: a queue of addresses, looked at one by one through the guarded client.

A page is asked for unsigned: it learns that somebody here looks at it, and nothing else.
"""

import asyncio
from dataclasses import asdict
from functools import partial

from federation.context import Context
from federation.failures import FetchError
from federation.rounds import go_rounds
from federation.wire.open_graph import parse_page
from storage import cards
from storage.queues import Lease
from storage.records import Card

PAGE_TYPES = ("text/html", "application/xhtml+xml")
MOST_BYTES = 2 * 1024 * 1024
AT_ONCE = 8
LEASE_MS = 60_000
ROUND_SECONDS = 2.0
RETRY_AFTER = (60_000, 600_000, 3_600_000)


async def run_previews(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Look at what waits until told to stop; any number of processes may do so at once."""
    await go_rounds(partial(look_at_due, ctx, owner), stop, seconds=ROUND_SECONDS, name="looking at pages")
    await ctx.db.transact(lambda tx: cards.release(tx, owner=owner, now=ctx.now()))


async def look_at_due(ctx: Context, owner: str) -> None:
    """Everything that waits."""
    while claimed := await ctx.db.transact(
        lambda tx: cards.claim_due(tx, Lease(owner, ctx.now(), ctx.now() + LEASE_MS), limit=AT_ONCE)
    ):
        await asyncio.gather(*(look_at(ctx, card) for card in claimed))


async def look_at(ctx: Context, card: Card) -> None:
    """One page. What may pass by itself is tried again, three times."""
    try:
        page = await ctx.client.fetch_document(card.url, sign=None, accept=PAGE_TYPES, most=MOST_BYTES)
    except FetchError as error:
        again = error.passing and card.attempts <= len(RETRY_AFTER)
        now = ctx.now()
        if again:
            due = now + RETRY_AFTER[card.attempts - 1]  # claiming counted this attempt already
            await ctx.db.transact(lambda tx: cards.reschedule(tx, card.id, due_at=due))
        else:
            await ctx.db.transact(lambda tx: cards.update_card(tx, card.id, None, now=now))
        return
    # Parsing takes up to half a second for the worst of pages: not on the event loop.
    preview = await asyncio.to_thread(parse_page, page.final_url, page.content_type, page.body)
    facts = None if preview is None else asdict(preview)
    await ctx.db.transact(lambda tx: cards.update_card(tx, card.id, facts, now=ctx.now()))
