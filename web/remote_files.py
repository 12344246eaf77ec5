"""Files of other instances, for our own members: fetched once and kept, images written anew. Nobody's app asks another
instance.

Must not know who may see what; `web.media_files` has asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from federation.context import Context
from federation.media import fetch_image, fetch_media
from storage.database import Transaction
from storage.media import get_media, update_media
from storage.media_store import MediaStore, name_of_source
from storage.records import Media
from web.containers import read_container
from web.images import Decoded, Decoder, Shape
from web.keeping import keep_image

# Whoever keeps asking for what is not to be had makes us ask its host only so often.
FORGET_FAILURE_MS = 300_000
MOST_FAILURES = 1_000


class RemoteFiles:
    """What several people ask for at once is fetched once."""

    def __init__(self, ctx: Context, store: MediaStore, decoder: Decoder) -> None:
        self._ctx = ctx
        self._store = store
        self._decoder = decoder
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._failed: dict[str, int] = {}

    async def attachment(self, media: Media) -> Media | None:
        """The row of another instance's attachment, now with files; None when it cannot be had."""
        kept: Media | None = await self._once(f"media {media.id}", lambda: self._keep_attachment(media))
        return kept

    async def picture(self, address: str, shape: Shape) -> str | None:
        """The name in the store of an avatar, header or emoji; None when it cannot be had."""
        name = name_of_source(f"{shape} {address}", "webp")
        if self._store.find(name):
            return name
        kept: str | None = await self._once(name, lambda: self._keep_picture(address, shape, name))
        return kept

    async def close(self) -> None:
        """Fetch nothing more."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _once(self, key: str, keep: Callable[[], Awaitable[Any]]) -> Any:
        if self._ctx.now() < self._failed.get(key, 0):
            return None
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(keep())
            task.add_done_callback(lambda _: self._running.pop(key, None))
        kept = await asyncio.shield(task)  # the others wait on when one goes away
        if kept is None:
            self._remember_failure(key)
        return kept

    def _remember_failure(self, key: str) -> None:
        self._failed.pop(key, None)
        self._failed[key] = self._ctx.now() + FORGET_FAILURE_MS
        if len(self._failed) > MOST_FAILURES:
            del self._failed[next(iter(self._failed))]

    async def _keep_attachment(self, media: Media) -> Media | None:
        described = await (self._keep_image(media) if media.type == "image" else self._keep_recording(media))
        if described is None:
            return None

        async def unit(tx: Transaction) -> Media | None:
            await update_media(tx, media.id, **described)
            return await get_media(tx, media.id)

        return await self._ctx.db.transact(unit)

    async def _keep_image(self, media: Media) -> dict[str, Any] | None:
        into = BytesIO()
        fetched = await fetch_media(self._ctx, media, into)
        decoded = await self._decoder.decode(into.getvalue(), Shape.ATTACHMENT) if fetched else None
        return await keep_image(self._store, decoded) if isinstance(decoded, Decoded) else None

    async def _keep_recording(self, media: Media) -> dict[str, Any] | None:
        """As it came, if its bytes are of a kind that players know: nothing here decodes it, and browsers confine it."""
        async with self._store.incoming() as folder:
            path = folder.path / "fetched"
            with path.open("xb") as file:
                fetched = await fetch_media(self._ctx, media, file)
            container = await asyncio.to_thread(read_container, path) if fetched else None
            mime = (container.audio if media.type == "audio" else container.video) if container else ""
            if container is None or not mime:
                return None
            return {"mime": mime, "file": await self._store.put_file(path, container.extension)}

    async def _keep_picture(self, address: str, shape: Shape, name: str) -> str | None:
        data = await fetch_image(self._ctx, address)
        decoded = await self._decoder.decode(data, shape) if data else None
        if not isinstance(decoded, Decoded):
            return None
        await self._store.put_as(name, decoded.whole.data)
        return name
