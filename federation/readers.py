"""Reading collections of actors elsewhere that somebody asked for (`reading`), each by whom it is for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from federation.attesting import attest
from federation.context import Context
from federation.failures import FetchError
from federation.featuring import read_pins, read_tags
from federation.reading import ATTESTATION, FOLLOWERS, HOUR, PINS, TAGS
from federation.rounds import go_rounds
from federation.synchronizing import read_followers
from federation.wire.errors import ProtocolError
from storage import actors, readings
from storage.database import Transaction
from storage.queues import Lease
from storage.records import Actor, Reading

log = logging.getLogger(__name__)

AT_ONCE = 4
LEASE_MS = 10 * 60_000
ROUND_SECONDS = 5.0

READERS: Mapping[str, Callable[[Context, Actor, str], Awaitable[object]]] = {
    FOLLOWERS.name: read_followers,
    PINS.name: read_pins,
    TAGS.name: read_tags,
    ATTESTATION.name: lambda ctx, actor, _url: attest(ctx, actor),
}


async def run_readings(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Read what is due until told to stop; any number of processes may do so at once."""
    await go_rounds(partial(read_due, ctx, owner), stop, seconds=ROUND_SECONDS, name="reading collections")
    await ctx.db.transact(lambda tx: readings.release(tx, owner=owner, now=ctx.now()))


async def read_due(ctx: Context, owner: str) -> None:
    """Everything that is due. What was asked for is forgotten after two days."""

    async def claim(tx: Transaction) -> list[Reading]:
        return await readings.claim_due(tx, Lease(owner, ctx.now(), ctx.now() + LEASE_MS), limit=AT_ONCE)

    await ctx.db.transact(lambda tx: readings.delete_before(tx, ctx.now() - 48 * HOUR))
    while claimed := await ctx.db.transact(claim):
        await asyncio.gather(*(_read(ctx, one) for one in claimed))


async def _read(ctx: Context, wanted: Reading) -> None:
    """Once, whatever comes of it: what asked for it asks again."""
    actor = await ctx.db.read(lambda tx: actors.get_actor(tx, wanted.actor_id))
    try:
        if actor is not None and actor.disabled_at is None:
            await READERS[wanted.kind](ctx, actor, wanted.url)
    except (FetchError, ProtocolError) as error:
        log.info("%s of %s could not be read: %s", wanted.kind, wanted.host, error)
    await ctx.db.transact(lambda tx: readings.finish(tx, wanted.id))
