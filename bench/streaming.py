"""200 open WebSockets: how long from the request that delivers a post to the event that shows it.

200 members with a socket each; each author elsewhere is followed by ten of them. Posts come at a steady pace that does
not fill the machine: this measures delays, not throughput. Actors and follows are put straight into the database.
"""

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
import orjson

from bench.client import Connection, percentile
from bench.elsewhere import elsewhere, name_hosts
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import Instance, Member, new_instance
from bench.processes import unused_port
from bench.remotes import Remote, make_remotes, posts
from bench.stock import add_follows, add_people

SOCKETS = 200
FOLLOWERS_EACH = 10
PER_SECOND = 20
SECONDS = 15.0
WARM_UP = 20
LAST_SECONDS = 5.0


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        for workers in (1, 2):
            await _measure(plan, report, engine, workers)


async def _measure(plan: Plan, report: Report, engine: str, workers: int) -> None:
    port, count = unused_port(), plan.count(SOCKETS, FOLLOWERS_EACH)
    hosts = name_hosts(count // FOLLOWERS_EACH, port)
    remotes = make_remotes(hosts, 1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(elsewhere(port, remotes))
        instance = await stack.enter_async_context(new_instance(engine, workers=workers))
        members = await instance.prepare([f"m{number}" for number in range(count)], hosts)
        await _follow(instance, members, remotes)
        await instance.start()
        arrivals = Arrivals()
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        for member in members:
            await arrivals.listen(stack, session, instance, member)
        delays = await _deliver(plan, instance, remotes, arrivals)
    more = {
        "p99": milliseconds(percentile(delays, 0.99)),
        "most": milliseconds(max(delays)),
        "events": f"{len(delays):,}",
    }
    figure = percentile(delays, 0.5) * 1000
    report(Figure(f"{count} WebSockets, delivery to event, p50", figure, "ms", engine, workers, more))


async def _follow(instance: Instance, members: list[Member], remotes: list[Remote]) -> None:
    async with instance.opened() as ctx:
        authors = await add_people(ctx, remotes)
        for place, author in enumerate(authors):
            followers = members[place * FOLLOWERS_EACH : (place + 1) * FOLLOWERS_EACH]
            await add_follows(ctx, [member.actor for member in followers], [author])


class Arrivals:
    """When (`time.perf_counter`) each post's events arrived, by the number of the post."""

    def __init__(self) -> None:
        self.times: dict[int, list[float]] = {}

    async def listen(
        self, stack: AsyncExitStack, session: aiohttp.ClientSession, instance: Instance, member: Member
    ) -> None:
        """Open a member's socket, and note what comes until the stack ends."""
        url = f"{instance.base}/api/v1/streaming?stream=user&access_token={member.token}"
        socket = await stack.enter_async_context(session.ws_connect(url))
        task = asyncio.create_task(self._note(socket))
        stack.callback(task.cancel)

    async def _note(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            arrived = time.perf_counter()
            frame = orjson.loads(message.data)
            if frame["event"] == "update":
                number = int(orjson.loads(frame["payload"])["uri"].rpartition("/")[2])
                self.times.setdefault(number, []).append(arrived)


async def _deliver(plan: Plan, instance: Instance, remotes: list[Remote], arrivals: Arrivals) -> list[float]:
    """The delays of all events but those of the first posts, in seconds."""
    count = WARM_UP + round(PER_SECOND * plan.seconds(SECONDS))
    connection, sent = await Connection.open(instance.port), dict[int, float]()
    first = time.time_ns() // 1_000_000 - count
    started = time.perf_counter()
    for number, request in enumerate(posts(remotes, instance.host, range(count), first)):
        await asyncio.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        sent[number] = time.perf_counter()
        assert (await connection.ask(request)).status == 202
    connection.close()
    await _wait(arrivals, count)
    return [moment - sent[number] for number in range(WARM_UP, count) for moment in arrivals.times[number]]


async def _wait(arrivals: Arrivals, count: int) -> None:
    until = time.perf_counter() + LAST_SECONDS
    while any(len(arrivals.times.get(number, ())) < FOLLOWERS_EACH for number in range(count)):
        if time.perf_counter() > until:
            raise RuntimeError("events are missing")
        await asyncio.sleep(0.02)
