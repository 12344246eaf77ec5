"""Sound and film that members uploaded, written anew one after the other: a queue in the database, worked by any process.

Whoever takes an upload up says so again and again while it lasts, so that what a killed process held is taken up by
another after a minute. Must not know what a request is.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from federation.context import Context
from federation.rounds import go_rounds
from storage import media_jobs
from storage.database import Transaction
from storage.media import finish_media, get_media
from storage.media_store import MediaStore
from storage.queues import Lease
from storage.records import MediaJob
from web.containers import MP3, MP4, Container, read_container
from web.images import Decoded, Decoder, Shape
from web.keeping import keep_preview
from web.recordings import BrokenError, Recording, Transcoder

log = logging.getLogger(__name__)

LEASE_MS = 60_000
RENEW_SECONDS = 20.0
ROUND_SECONDS = 1.0
# Whatever kills the process that works on it must not do so for ever.
MOST_ATTEMPTS = 3
SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Studio:
    """Where recordings are kept, and who writes them and their pictures anew."""

    store: MediaStore
    decoder: Decoder
    transcoder: Transcoder


async def run_processing(ctx: Context, studio: Studio, stop: asyncio.Event, owner: str) -> None:
    """Work on what waits until told to stop; any number of processes may do so at once."""
    work = partial(process_due, ctx, studio, stop, owner)
    await go_rounds(work, stop, seconds=ROUND_SECONDS, name="processing uploads")
    await ctx.db.transact(lambda tx: media_jobs.release(tx, owner=owner, now=ctx.now()))


async def process_due(ctx: Context, studio: Studio, stop: asyncio.Event, owner: str) -> None:
    """Everything that waits, one upload at a time: each keeps two cores busy."""
    while not stop.is_set():
        job = await ctx.db.transact(lambda tx: media_jobs.claim_due(tx, _lease(ctx, owner)))
        if job is None:
            return
        await _process(ctx, studio, stop, job)


def _lease(ctx: Context, owner: str) -> Lease:
    return Lease(owner, ctx.now(), ctx.now() + LEASE_MS)


async def _process(ctx: Context, studio: Studio, stop: asyncio.Event, job: MediaJob) -> None:
    """One upload to its end, unless we are to stop or it has become another's: then it is left as it is."""
    working = asyncio.ensure_future(_try(studio, job))
    leaving = [asyncio.ensure_future(one) for one in (stop.wait(), _hold(ctx, job))]
    try:
        await asyncio.wait([working, *leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await _settle(ctx, studio, job, working.result())
    finally:
        for task in (working, *leaving):
            task.cancel()
        await asyncio.gather(working, *leaving, return_exceptions=True)


async def _hold(ctx: Context, job: MediaJob) -> None:
    """Renew the lease for as long as it is ours."""
    held = True
    while held:
        await asyncio.sleep(RENEW_SECONDS)
        held = await ctx.db.transact(lambda tx: media_jobs.extend(tx, job.id, _lease(ctx, job.lease_owner)))


async def _try(studio: Studio, job: MediaJob) -> dict[str, Any] | None:
    """What the row says of it from now on; None when nothing can be made of it. A bug of ours costs that upload alone."""
    if job.attempts > MOST_ATTEMPTS:
        return None
    try:
        return await convert(studio, studio.store.folder(job.folder) / SOURCE)
    except (BrokenError, FileNotFoundError):  # it may have been deleted meanwhile
        return None
    except OSError:  # a full disk is no fault of the upload
        raise
    except Exception:
        log.exception("an upload could not be processed", extra={"fields": {"media": job.media_id}})
        return None


async def _settle(ctx: Context, studio: Studio, job: MediaJob, facts: dict[str, Any] | None) -> None:
    async def unit(tx: Transaction) -> None:
        current = await get_media(tx, job.media_id)
        covered = current is not None and current.preview is not None
        pictured = {"preview", "preview_width", "preview_height", "blurhash"}
        changes = {name: value for name, value in (facts or {}).items() if not (covered and name in pictured)}
        await finish_media(tx, job.media_id, "ready" if facts else "failed", **changes)
        await media_jobs.delete_job(tx, job.media_id)

    await ctx.db.transact(unit)
    await studio.store.drop_folder(job.folder)


async def convert(studio: Studio, source: Path) -> dict[str, Any]:
    """Write a recording anew and keep it; answers what its row says of it. BrokenError."""
    container = await asyncio.to_thread(read_container, source)
    found = await studio.transcoder.probe(source, container) if container else None
    if container is None or not isinstance(found, Recording):
        raise BrokenError(SOURCE)
    if found.kind == "audio":
        return await _keep(studio, await studio.transcoder.sound(source, container.format), MP3)
    return await keep_film(studio, source, container.format)


async def keep_film(studio: Studio, source: Path, format_: str) -> dict[str, Any]:
    """The same for what moves."""
    film = await studio.transcoder.film(source, format_)
    poster = await studio.decoder.decode(await studio.transcoder.poster(film), Shape.ATTACHMENT)
    if not isinstance(poster, Decoded):
        raise BrokenError("poster")
    return {**await keep_preview(studio.store, poster), **await _keep(studio, film, MP4)}


async def _keep(studio: Studio, written: Path, container: Container) -> dict[str, Any]:
    recording = await studio.transcoder.probe(written, container)
    if not isinstance(recording, Recording):
        raise BrokenError(written.name)
    return {
        "type": recording.kind,
        "mime": container.video or container.audio,
        "file": await studio.store.put_file(written, container.extension),
        "width": recording.width,
        "height": recording.height,
        "details": recording.details(),
    }
