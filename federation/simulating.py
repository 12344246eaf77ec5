"""Replaying the boundary log with a draft of the ruleset. Changes nothing."""

from collections.abc import AsyncIterator

import orjson

from federation.context import Context
from federation.rules import get_rules
from policies.ruleset import Ruleset
from policies.simulating import Recorded, Replay
from storage import decisions
from storage.database import Reader, Row

BATCH = 2_000


async def count(ctx: Context, since: int) -> int:
    """How much there is to replay."""
    return await ctx.db.read(lambda tx: decisions.count_since(tx, since))


async def replay(ctx: Context, draft: Ruleset, since: int) -> AsyncIterator[tuple[Replay, int]]:
    """The replay after each batch, and how many were in it."""
    running = Replay((await ctx.db.read(get_rules)).ruleset, draft)
    after, size = 0, BATCH

    async def batch(tx: Reader) -> list[Row]:
        return await decisions.list_since(tx, since, after=after, limit=BATCH)

    while size == BATCH:
        rows = await ctx.db.read(batch)
        for _, point, object_uri, host, digest, body, decided_at in rows:
            running.add(Recorded(point, object_uri, host, digest, orjson.loads(body), decided_at))
        size, after = len(rows), rows[-1][0] if rows else after
        yield running, size
