"""Waking who waits for a commit, whichever process made it. Must not know what was committed."""

import asyncio
from collections.abc import Awaitable, Callable

# How often another process's commits are looked for; a delivery must reach an open socket within tens of milliseconds.
POLL_SECONDS = 0.008


class Commits:
    """Wakes who waits for a commit: at once for this process's own, by polling a version for the others'."""

    def __init__(self, version: Callable[[], Awaitable[int]]) -> None:
        self._version = version
        self._seen: int | None = None
        self._event = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._waiters = 0

    def announce(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, seconds: float) -> bool:
        event = self._event
        self._waiters += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters -= 1
        return True

    async def _poll(self) -> None:
        while self._waiters:
            version = await self._version()
            if self._seen is not None and version != self._seen:
                self.announce()
            self._seen = version
            await asyncio.sleep(POLL_SECONDS)

    def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
