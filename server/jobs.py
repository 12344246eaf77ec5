"""The loops that work while the doors are open: queues, scheduled posts, pushes, upkeep. Must not know what they do."""

import asyncio
import logging
import os
import secrets
import socket
from contextlib import suppress

from federation.backfill import run_backfill
from federation.context import Context
from federation.delivery import run_deliveries
from federation.inbox.process import run_inbox
from federation.outbox.imports import run_imports
from federation.outbox.polls import run_polls
from federation.outbox.scheduled import run_scheduled
from federation.previews import run_previews
from federation.readers import run_readings
from federation.upkeep import run_upkeep
from server.config import Config
from storage.media import delete_unattached_before
from storage.media_jobs import list_folders
from storage.media_store import MediaStore, open_store
from web.images import Decoder
from web.outside.mail import run_mail
from web.outside.push import run_push
from web.processing import Studio, run_processing
from web.recordings import Transcoder, find_tools

STOP_SECONDS = 15  # longer than one attempt of a delivery

CLEAN_UP_SECONDS = 3600
DAY = 24 * 3_600_000

log = logging.getLogger("confrere.jobs")


def new_owner() -> str:
    """Who holds a lease: unlike any other process of any machine, and of this one before."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def run_jobs(ctx: Context, config: Config, stop: asyncio.Event, owner: str) -> None:
    """All loops until `stop`, or until one of them fails: then the others are cancelled and the failure is raised."""
    store, tools = open_store(config.media), find_tools(config.ffmpeg)
    async with asyncio.TaskGroup() as tasks:
        for run in (
            run_inbox,
            run_deliveries,
            run_upkeep,
            run_push,
            run_previews,
            run_imports,
            run_backfill,
            run_readings,
        ):
            tasks.create_task(run(ctx, stop, owner), name=run.__name__)
        if config.mail is not None:
            tasks.create_task(run_mail(ctx, config.mail, stop, owner), name=run_mail.__name__)
        if tools is not None:
            studio = Studio(store, Decoder(), Transcoder(tools))
            tasks.create_task(run_processing(ctx, studio, stop, owner), name=run_processing.__name__)
        tasks.create_task(run_scheduled(ctx, stop), name=run_scheduled.__name__)
        tasks.create_task(run_polls(ctx, stop), name=run_polls.__name__)
        tasks.create_task(run_clean_up(ctx, store, stop), name=run_clean_up.__name__)


async def run_clean_up(ctx: Context, store: MediaStore, stop: asyncio.Event) -> None:
    """Hourly until told to stop."""
    while not stop.is_set():
        await clean_up(ctx, store)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                await stop.wait()


async def clean_up(ctx: Context, store: MediaStore) -> None:
    """Forget files that no post has had for a day: uploads never posted, those of deleted posts, and what came in and
    waits for no job.
    """
    moment = ctx.now() - DAY
    for name in await ctx.db.transact(lambda tx: delete_unattached_before(tx, moment)):
        await store.delete(name, now=ctx.now())
    folders = await asyncio.to_thread(store.list_folders_before, moment)
    waiting = await ctx.db.read(lambda tx: list_folders(tx, folders))
    for folder in set(folders) - waiting:
        await store.drop_folder(folder)


async def finish_jobs(jobs: asyncio.Task[None]) -> None:
    """Wait until the loops have stopped, for a bounded time; the leases of one that is cut off end by themselves."""
    _, late = await asyncio.wait({jobs}, timeout=STOP_SECONDS)
    if late:
        log.warning("jobs did not stop in time; what they held is tried again when its lease ends")
        jobs.cancel()
        await asyncio.wait({jobs})
    if not jobs.cancelled() and (error := jobs.exception()):
        log.error("a job failed", exc_info=error)
