"""Memory under load, and how long a start takes until the first answer. Warm: the files are in the page cache."""

import asyncio
import statistics
import time
from itertools import repeat

from bench.client import drive
from bench.elsewhere import elsewhere, follow_all, name_hosts
from bench.figures import Figure, Plan, Report
from bench.instance import Instance, Member, new_instance
from bench.processes import unused_port
from bench.remotes import Remote, make_remotes, posts
from bench.timelines import home_request

STARTS = 5
DELIVERIES = 1_000
SECONDS = 5.0
HOSTS, EACH = 20, 3


async def measure(plan: Plan, report: Report) -> None:
    async with new_instance() as instance:
        await _starts(report, instance)
    for workers in (1, 2):
        await _memory(plan, report, workers)


async def _starts(report: Report, instance: Instance) -> None:
    taken = []
    for _ in range(STARTS):
        taken.append(await instance.start())
        instance.kill()
    more = {"best": f"{min(taken):.2f} s", "worst": f"{max(taken):.2f} s"}
    report(Figure(f"start to first answer, median of {STARTS}", statistics.median(taken), "s", more=more))


async def _memory(plan: Plan, report: Report, workers: int) -> None:
    port = unused_port()
    hosts = name_hosts(HOSTS, port)
    remotes = make_remotes(hosts, EACH)
    async with elsewhere(port, remotes), new_instance(workers=workers) as instance:
        (reader,) = await instance.prepare(["reader"], hosts)
        await instance.start()
        idle = instance.process.memory()
        await follow_all(instance, reader, remotes)
        most = await _most_under_load(plan, instance, reader, remotes)
    more = {"idle": f"{idle / 2**20:.0f} MiB", "load": "deliveries and home timelines at once"}
    report(Figure("memory (PSS), most under load", most / 2**20, "MiB", processes=workers, more=more))


async def _most_under_load(plan: Plan, instance: Instance, reader: Member, remotes: list[Remote]) -> int:
    count, seconds = plan.count(DELIVERIES, 100), plan.seconds(SECONDS)
    requests = list(posts(remotes, instance.host, range(count), time.time_ns() // 1_000_000 - count))
    most = 0
    async with asyncio.TaskGroup() as group:
        loads = [
            group.create_task(drive(instance.port, requests, connections=8, status=202)),
            group.create_task(
                drive(instance.port, repeat(home_request(instance, reader)), connections=8, seconds=seconds)
            ),
        ]
        while not all(load.done() for load in loads):
            most = max(most, instance.process.memory())
            await asyncio.sleep(0.2)
    return max(most, instance.process.memory())
