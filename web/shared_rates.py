"""One limit over several processes: about once a second each adds what it counted to the database and learns the sums.

Between two turns a process knows its own counts only, so that somebody whose requests reach many processes may ask a
second's worth too often. Nothing is written for a request, and nothing at all where there is one process.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from federation.context import Context
from storage import rate_counts
from storage.database import Transaction
from web.keys import CONTEXT, LIMITER, SITE
from web.links import LINK_KEY
from web.rates import Counter, Limiter

SECONDS = 1.0

_log = logging.getLogger(__name__)


def share_rates(app: web.Application) -> None:
    """Count with the other processes while the application runs. Needs CONTEXT, LIMITER, and LINK_KEY at start."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        limiter = app[LIMITER]
        limiter.take_news()
        kept = app[SITE].rates.longest_ms
        sharing = asyncio.create_task(_keep_sharing(app[CONTEXT], limiter, app[LINK_KEY], kept))
        yield
        sharing.cancel()
        with suppress(asyncio.CancelledError):
            await sharing

    app.cleanup_ctx.append(run)


async def _keep_sharing(ctx: Context, limiter: Limiter, key: bytes, kept: int) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await share(ctx, limiter, key, kept=kept)
        except Exception:  # noqa: BLE001  # limits go on by process while the database does not answer
            _log.exception("rates could not be shared")


async def share(ctx: Context, limiter: Limiter, key: bytes, *, kept: int) -> None:
    """One turn; windows that began more than `kept` ms ago are forgotten. The database never learns who asked: names are
    hashed with a key of the instance.
    """
    named = {_key_of(counter, key): (counter, count) for counter, count in limiter.take_news().items()}
    if not named:
        return
    now = ctx.now()

    async def unit(tx: Transaction) -> dict[rate_counts.Key, int]:
        sums = await rate_counts.add_counts(tx, {name: count for name, (_, count) in named.items()})
        await rate_counts.delete_counts_before(tx, now - kept)
        return sums

    sums = await ctx.db.transact(unit)
    limiter.learn({named[name][0]: total for name, total in sums.items()})


def _key_of(counter: Counter, key: bytes) -> rate_counts.Key:
    who = hashlib.blake2b(counter.who.encode(), digest_size=16, key=key[:64]).hexdigest()
    return counter.rate, who, counter.started
