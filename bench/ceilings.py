"""What this machine can do at best, in one process: a bare handler, a commit that is on the disk, RSA."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import drive
from bench.discovery import bare_handler
from bench.figures import Figure, Plan, Report, milliseconds
from federation.wire.keys import generate_rsa

SECONDS = 3.0
CONNECTIONS = 16
MESSAGE = b"x" * 500


async def measure(plan: Plan, report: Report) -> None:
    seconds = plan.seconds(SECONDS)
    async with bare_handler() as (port, request):
        load = await drive(port, repeat(request), connections=CONNECTIONS, seconds=seconds)
        report(
            Figure("ceiling: bare aiohttp handler", load.rate, "/s", "-", more={"p99": milliseconds(load.delay(0.99))})
        )
    report(Figure("ceiling: SQLite commit, synchronous=FULL", await _rate(commits(seconds)), "/s"))
    key = generate_rsa("", "")
    public, signature = key.public, key.sign(MESSAGE)
    report(Figure("ceiling: RSA-2048 sign", await _rate(repeated(lambda: key.sign(MESSAGE), seconds)), "/s", "-"))
    verify = repeated(lambda: public.verify(signature, MESSAGE), seconds)
    report(Figure("ceiling: RSA-2048 verify", await _rate(verify), "/s", "-"))


async def _rate(work: Callable[[], float]) -> float:
    return await asyncio.to_thread(work)


def repeated(work: Callable[[], object], seconds: float) -> Callable[[], float]:
    """How often per second something can be done, one after the other."""

    def run() -> float:
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            work()
            count += 1
        return count / (time.perf_counter() - started)

    return run


def commits(seconds: float) -> Callable[[], float]:
    """One row and one commit at a time, with our settings."""

    def run() -> float:
        with TemporaryDirectory(prefix="confrere-bench-") as folder:
            db = sqlite3.connect(Path(folder) / "ceiling.sqlite3", isolation_level=None)
            for statement in (
                "PRAGMA journal_mode=WAL",
                "PRAGMA synchronous=FULL",
                "CREATE TABLE t (a INTEGER, b TEXT)",
            ):
                db.execute(statement)

            def commit() -> None:
                db.execute("INSERT INTO t (a, b) VALUES (1, ?)", ("x" * 200,))  # in autocommit mode

            try:
                return repeated(commit, seconds)()
            finally:
                db.close()

    return run
