"""GET of the home timeline (20 posts), with 1,000 and 100,000 posts in it, at 16 and 64 connections.

The posts are put straight into the database (`bench.stock`): 50 authors elsewhere, whom the reader follows.
"""

import time
from itertools import repeat

from bench.client import drive, make_request
from bench.elsewhere import name_hosts
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import Instance, Member, new_instance
from bench.remotes import make_remotes
from bench.stock import add_follows, add_people, add_posts

AUTHORS = 50
FEW, MANY = 1_000, 100_000
CONNECTIONS = (16, 64)
SECONDS = 6.0
WARM_UP_SECONDS = 1.0


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        sizes = (plan.count(FEW, 100), plan.count(MANY, 1_000)) if engine == "sqlite" else (plan.count(FEW, 100),)
        async with new_instance(engine) as instance:
            stored = 0
            reader = await _follower(instance)
            for size in sizes:
                await fill_home(instance, reader, range(stored, size))
                stored = size
                for workers in (1, 2):
                    await _measure(plan, report, instance, reader, (engine, workers, size))


async def _follower(instance: Instance) -> Member:
    hosts = name_hosts(AUTHORS, instance.port)
    (reader,) = await instance.prepare(["reader"], hosts)
    return reader


async def fill_home(instance: Instance, reader: Member, numbers: range) -> None:
    """Posts of followed people; the first time, the people too."""
    remotes = make_remotes(name_hosts(1, instance.port), AUTHORS)
    async with instance.opened() as ctx:
        authors = await add_people(ctx, remotes)
        if numbers.start == 0:
            await add_follows(ctx, [reader.actor], authors)
        await add_posts(ctx, remotes, authors, numbers, time.time_ns() // 1_000_000 - numbers.stop)


async def _measure(plan: Plan, report: Report, instance: Instance, reader: Member, given: tuple[str, int, int]) -> None:
    engine, workers, size = given
    instance.set_workers(workers)
    await instance.start()
    request = home_request(instance, reader)
    for connections in CONNECTIONS:
        await drive(instance.port, repeat(request), connections=connections, seconds=plan.seconds(WARM_UP_SECONDS))
        before = instance.process.cpu_seconds()
        load = await drive(instance.port, repeat(request), connections=connections, seconds=plan.seconds(SECONDS))
        more = {
            "p50": milliseconds(load.delay(0.5)),
            "p99": milliseconds(load.delay(0.99)),
            "CPU ms each": f"{(instance.process.cpu_seconds() - before) / load.count * 1000:.2f}",
        }
        work = f"home timeline, {size:,} posts, {connections} connections"
        report(Figure(work, load.rate, "/s", engine, workers, more))
    instance.kill()


def home_request(instance: Instance, reader: Member) -> bytes:
    return make_request("GET", instance.host, "/api/v1/timelines/home?limit=20", token=reader.token)
