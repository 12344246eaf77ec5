"""WebFinger and verify_credentials, as a share of what a bare aiohttp handler does in the same minute."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import Connection, drive, make_request
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import new_instance
from bench.processes import Process, unused_port

CONNECTIONS = 16
SECONDS = 4.0


@asynccontextmanager
async def bare_handler() -> AsyncIterator[tuple[int, bytes]]:
    """A bare aiohttp handler in a process of its own: its port, and a request for it."""
    with TemporaryDirectory(prefix="confrere-bench-") as folder:
        port = unused_port()
        process = Process([sys.executable, "-m", "bench.bare", str(port)], log=Path(folder) / "log")
        try:
            while not await _is_open(port):
                assert process.running
                await asyncio.sleep(0.02)
            yield port, make_request("GET", "localhost", "/")
        finally:
            process.kill()


async def _is_open(port: int) -> bool:
    try:
        (await Connection.open(port)).close()
    except ConnectionError:
        return False
    return True


async def measure(plan: Plan, report: Report) -> None:
    async with bare_handler() as (bare_port, bare_request), new_instance() as instance:
        (member,) = await instance.prepare(["somebody"], [])
        await instance.start()
        asked = {
            "WebFinger": make_request(
                "GET", instance.host, f"/.well-known/webfinger?resource=acct:somebody@{instance.host}"
            ),
            "verify_credentials": make_request(
                "GET", instance.host, "/api/v1/accounts/verify_credentials", token=member.token
            ),
        }
        for name, request in asked.items():
            seconds = plan.seconds(SECONDS)
            bare = await drive(bare_port, repeat(bare_request), connections=CONNECTIONS, seconds=seconds)
            ours = await drive(instance.port, repeat(request), connections=CONNECTIONS, seconds=seconds)
            more = {"ours/s": f"{ours.rate:,.0f}", "bare/s": f"{bare.rate:,.0f}", "p99": milliseconds(ours.delay(0.99))}
            report(Figure(f"{name}, share of a bare handler", 100 * ours.rate / bare.rate, "%", more=more))
