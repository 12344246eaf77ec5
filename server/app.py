"""One instance, assembled: its doors put together, its jobs started.

`running` is the whole instance in one process; `serve`, the demo and the tests all use it. Must not know the command line.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from federation.context import Context
from federation.endpoints import add_federation_routes
from server.config import Config
from server.context import make_guard, make_tls, open_context, require_ready
from server.jobs import finish_jobs, new_owner, run_jobs
from server.logs import AccessLogger
from storage.media_store import open_store
from web.keys import CONTEXT, SITE, Site
from web.outside.translate import add_translator
from web.routes import add_web_routes
from web.shared_rates import share_rates
from web.texts import Terms, read_text

GRACE_SECONDS = 10
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Running:
    """An instance at work. `jobs` ends only by being stopped, or by a fault of ours."""

    ctx: Context
    app: web.Application
    jobs: asyncio.Task[None]


def build_app(config: Config, ctx: Context) -> web.Application:
    """Every door of the instance, for other servers and for people."""
    app = web.Application()
    app[CONTEXT] = ctx
    app[SITE] = Site(
        title=config.title,
        description=config.description,
        contact_email=config.contact,
        registrations=config.registrations,
        confirm_email=config.confirm_email,
        rules=config.rules,
        mail=config.mail is not None,
        privacy_policy=read_text(config.privacy_policy) if config.privacy_policy else None,
        terms=tuple(Terms(day, read_text(path)) for day, path in config.terms_of_service.items()),
        publish_blocks=config.publish_blocks,
        development=config.development,
        trusted_proxies=config.trusted_proxies,
        rates=config.rate_limits,
        ffmpeg=config.ffmpeg,
    )
    store = open_store(config.media)
    add_federation_routes(app, ctx, store)
    if config.translation is not None:
        add_translator(app, config.translation, make_guard(config), make_tls(config))
    add_web_routes(app, store)
    if config.workers > 1 or not config.database.startswith("sqlite:"):
        share_rates(app)
    return app


@asynccontextmanager
async def running(config: Config, listener: socket.socket) -> AsyncIterator[Running]:
    """A whole instance in this process, from now until the block ends.

    At the end: no new requests, those under way are finished, jobs give their leases back; all of it in bounded time.
    """
    stop = asyncio.Event()
    async with open_context(config) as ctx:
        await require_ready(ctx)
        app = build_app(config, ctx)
        runner = web.AppRunner(app, access_log_class=AccessLogger, shutdown_timeout=GRACE_SECONDS)
        await runner.setup()
        jobs = asyncio.create_task(run_jobs(ctx, config, stop, new_owner()))
        try:
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
            yield Running(ctx, app, jobs)
        finally:
            stop.set()
            await runner.cleanup()
            await finish_jobs(jobs)
