"""Work that is looked for again and again: one round, a rest, the next round. Must not know what the work is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def go_rounds(work: Callable[[], Awaitable[None]], stop: asyncio.Event, *, seconds: float, name: str) -> None:
    """Until told to stop, also while it rests. A round that fails is written down, and the next one tries again."""
    while not stop.is_set():
        try:
            await work()
        except Exception:
            log.exception("%s failed; it is tried again in the next round", name)
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            continue
