"""Signed Create deliveries from simulated hosts, until they are visible in their follower's home timeline.

The clock runs from the first request to the moment the client API shows the last post. Signing is done before. Every
post comes from an author whom the follower followed by the ordinary protocol, so their keys are stored already.
"""

import asyncio
import time
from dataclasses import dataclass

from bench.client import Connection, Load, drive, make_request
from bench.elsewhere import elsewhere, follow_all, name_hosts
from bench.figures import Figure, Plan, Report
from bench.instance import Instance, Member, new_instance
from bench.processes import unused_port
from bench.remotes import Remote, make_remotes, posts

HOSTS = 20
AUTHORS_EACH = 3
DELIVERIES = 4_000
WARM_UP = 200
CONNECTIONS = 16
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to. Times in seconds."""

    accepted: Load
    visible_seconds: float
    cpu_seconds: float


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        for workers in (1, 2):
            await _measure(plan, report, engine, workers)


async def _measure(plan: Plan, report: Report, engine: str, workers: int) -> None:
    port, count = unused_port(), plan.count(DELIVERIES, 100)
    hosts = name_hosts(HOSTS, port)
    remotes = make_remotes(hosts, plan.count(AUTHORS_EACH))
    async with elsewhere(port, remotes), new_instance(engine, workers=workers) as instance:
        (reader,) = await instance.prepare(["reader"], hosts)
        await instance.start()
        await follow_all(instance, reader, remotes)
        first = time.time_ns() // 1_000_000 - WARM_UP - count
        await _run(instance, reader, remotes, range(WARM_UP), first)
        run = await _run(instance, reader, remotes, range(WARM_UP, WARM_UP + count), first)
    more = {
        "CPU s per 1,000": f"{run.cpu_seconds / count * 1000:.2f}",
        "accepted/s": f"{run.accepted.rate:,.0f}",
        "answer p50/p99": f"{run.accepted.delay(0.5) * 1000:.1f}/{run.accepted.delay(0.99) * 1000:.1f} ms",
        "deliveries": f"{count:,}",
    }
    report(Figure("inbound, until visible in the home", count / run.visible_seconds, "/s", engine, workers, more))


async def _run(instance: Instance, reader: Member, remotes: list[Remote], numbers: range, first: int) -> Run:
    requests = list(posts(remotes, instance.host, numbers, first))
    before, started = instance.process.cpu_seconds(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch_home(instance, reader, numbers))
        sending = group.create_task(drive(instance.port, requests, connections=CONNECTIONS, status=202))
    seconds = watching.result() - started
    return Run(sending.result(), seconds, instance.process.cpu_seconds() - before)


async def watch_home(instance: Instance, reader: Member, numbers: range) -> float:
    """When (`time.perf_counter`) the last of these posts could be read in the home timeline, none before it missing.

    Reads upwards from the last one seen, 40 at a time; the posts' ids are in the order of their numbers.
    """
    connection, cursor, expected = await Connection.open(instance.port), 0, numbers.start
    until = time.perf_counter() + PATIENCE_SECONDS
    if numbers.start:
        cursor = await _newest(instance, reader)
    while expected < numbers.stop:
        target = f"/api/v1/timelines/home?limit=40&min_id={cursor}"
        page = (await connection.ask(make_request("GET", instance.host, target, token=reader.token))).json
        began = expected
        for status in reversed(page):
            if not status["uri"].endswith(f"/{expected}"):
                break
            expected, cursor = expected + 1, status["id"]
        if expected - began < 40:
            await asyncio.sleep(LOOK_SECONDS)
        if time.perf_counter() > until:
            raise RuntimeError(f"post {expected} of {numbers} did not become visible in time")
    connection.close()
    return time.perf_counter()


async def _newest(instance: Instance, reader: Member) -> int:
    (status,) = await instance.ask(reader, "GET", "/api/v1/timelines/home?limit=1")
    return int(status["id"])
