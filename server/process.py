"""One operating-system process of an instance: its socket, its signals, its event loop, its exit status.

Must not know what is served; `server.workers` multiplies it.
"""

import asyncio
import gc
import logging
import signal
import socket

import uvloop

from server.app import BACKLOG, running
from server.config import Bind, Config
from server.context import NotReadyError, open_context, require_ready
from server.jobs import finish_jobs, new_owner, run_jobs
from server.logs import log_loop_error
from server.speech import say

log = logging.getLogger("confrere.server")


def listen(bind: Bind) -> socket.socket:
    """A listening socket of our own (no SO_REUSEPORT: a second instance would silently take a share). NotReadyError."""
    family = socket.AF_INET6 if ":" in bind.address else socket.AF_INET
    try:
        return socket.create_server((bind.address, bind.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise NotReadyError(
            say(f"cannot listen on {bind}: {error.strerror}", f"impossible d'écouter sur {bind} : {error.strerror}")
        ) from error


def run_server(config: Config, listener: socket.socket, lifeline: int | None = None) -> int:
    """Serve and work until SIGTERM, SIGINT, or the end of `lifeline` (a pipe the parent holds); answers an exit status."""
    _tune_garbage_collection()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(config, listener, lifeline))


def _tune_garbage_collection() -> None:
    """A page of posts makes hundreds of dicts that die with their request: looking through them in between finds nothing.

    What is loaded by now stays, and is not looked through at all. Saves a tenth of the CPU of a timeline.
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def run_worker(config: Config) -> int:
    """The jobs without the doors, until SIGTERM or SIGINT; answers an exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(config))


async def _serve(config: Config, listener: socket.socket, lifeline: int | None) -> int:
    stop = _stop_on_signals(lifeline)
    async with running(config, listener) as instance:
        return await _until(stop, instance.jobs)


async def _work(config: Config) -> int:
    stop = _stop_on_signals(None)
    async with open_context(config) as ctx:
        await require_ready(ctx)
        jobs = asyncio.create_task(run_jobs(ctx, config, stop, new_owner()))
        status = await _until(stop, jobs)
        await finish_jobs(jobs)
        return status


def _stop_on_signals(lifeline: int | None) -> asyncio.Event:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_error)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _orphaned, loop, lifeline, stop)
    return stop


def _orphaned(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    stop.set()


async def _until(stop: asyncio.Event, jobs: asyncio.Task[None]) -> int:
    """Wait for the stop, or for the jobs to fail; 1 in the latter case, so that whoever watches starts us again."""
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({asked, jobs}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    log.info("stopping")
    return 1 if jobs.done() else 0
