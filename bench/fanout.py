"""One post of ours to 1,000 followers on 50 hosts: own inboxes, shared inboxes, and with a fifth of the hosts amiss. And
posts to 200 hosts of which a quarter is dead, hangs, fails or answers garbage: when the good ones have theirs, and what
it costs in memory.

The clock runs from the request that publishes to the arrival of the last delivery at a host that answers. Followers are
put straight into the database (`bench.stock`).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice

from bench.elsewhere import Elsewhere, elsewhere, name_hosts
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import Instance, Member, new_instance
from bench.processes import unused_port
from bench.remotes import make_remotes
from bench.stock import add_follows, add_people

HOSTS = 50
EACH = 20
POSTS = 3
MANY_HOSTS = 200
A_QUARTER = 50
PATIENCE_SECONDS = 60
TEXT = "Patient de 72 ans, dyspnée d'effort depuis trois semaines : l'un de vous a-t-il déjà vu ce tracé ? #cardio"


@dataclass(frozen=True, slots=True)
class Field:
    """An instance whose author has followers elsewhere. `expected`: deliveries of one post, by host that answers."""

    instance: Instance
    author: Member
    there: Elsewhere
    expected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Spread:
    """How one post went out, in seconds from its request: the answer to it, the last arrival at each host, the CPU."""

    answered: float
    last: Mapping[str, float]
    cpu_seconds: float

    @property
    def seconds(self) -> float:
        return max(self.last.values())


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run is made on. `dead`, `hanging`, `failing`, `garbage`: so many of the hosts, the first ones, are amiss."""

    engine: str = "sqlite"
    workers: int = 1
    shared_inbox: bool = False
    hanging: int = 0
    dead: int = 0
    failing: int = 0
    garbage: int = 0
    hosts: int = HOSTS
    each: int = EACH

    @property
    def amiss(self) -> int:
        return self.dead + self.hanging + self.failing + self.garbage


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        for workers in (1, 2):
            await _healthy(plan, report, Ground(engine, workers))
    await _healthy(plan, report, Ground(shared_inbox=True))
    await _a_fifth(plan, report, "hanging", Ground(hanging=HOSTS // 5))
    await _a_fifth(plan, report, "dead", Ground(dead=HOSTS // 5))
    await _a_quarter(plan, report)


async def _healthy(plan: Plan, report: Report, ground: Ground) -> None:
    """Several posts after a first one that opens the connections."""
    async with _field(plan, ground) as field:
        await spread(field, 1)
        spreads = [await spread(field, number) for number in range(2, 2 + plan.count(POSTS))]
    each = sum(field.expected.values())
    count = each * len(spreads)
    more = {
        "CPU s per 1,000": f"{sum(one.cpu_seconds for one in spreads) / count * 1000:.2f}",
        "the post answered after": milliseconds(max(one.answered for one in spreads)),
        "the last arrived after": milliseconds(max(one.seconds for one in spreads)),
    }
    work = f"fan-out, {each:,} {'shared' if ground.shared_inbox else 'own'} inboxes"
    rate = count / sum(one.seconds for one in spreads)
    report(Figure(work, rate, "deliveries/s", ground.engine, ground.workers, more))


async def _a_fifth(plan: Plan, report: Report, amiss: str, ground: Ground) -> None:
    """First posts of two fresh instances, with every host well and with a fifth amiss: when the other hosts had theirs."""
    async with _field(plan, Ground()) as field:
        well = await spread(field, 1)
    async with _field(plan, ground) as field:
        ill = await spread(field, 1)
    others = list(well.last.values())[HOSTS // 5 :]
    more = {"all well": milliseconds(max(others)), f"a fifth {amiss}": milliseconds(ill.seconds)}
    report(
        Figure(f"fan-out, a fifth of the hosts {amiss}: time to the others", ill.seconds / max(others), "x", more=more)
    )


async def _a_quarter(plan: Plan, report: Report) -> None:
    """Several posts, one right after the other's last arrival, to the same good hosts with and without the ill ones."""
    all_good = Ground(hosts=MANY_HOSTS, each=1)
    ill = replace(all_good, dead=13, hanging=13, failing=12, garbage=12)
    seconds, memory = {}, {}
    for name, ground in (("all well", all_good), ("a quarter amiss", ill)):
        async with _field(plan, ground) as field:
            before = field.instance.process.memory()
            good = replace(field, expected=dict(list(field.expected.items())[A_QUARTER - ground.amiss :]))
            spreads = [await spread(good, number) for number in range(1, 1 + plan.count(10))]
            seconds[name], memory[name] = sum(one.seconds for one in spreads), field.instance.process.memory() - before
    more = {name: milliseconds(found) for name, found in seconds.items()}
    more |= {f"memory gained, {name}": f"{found / 2**20:.1f} MiB" for name, found in memory.items()}
    ratio = seconds["a quarter amiss"] / seconds["all well"]
    report(Figure("fan-out, 200 hosts, a quarter amiss: time to the others", ratio, "x", more=more))


@asynccontextmanager
async def _field(plan: Plan, ground: Ground) -> AsyncIterator[Field]:
    """A dead host has a port where nobody listens."""
    port, each = unused_port(), plan.count(ground.each)
    hosts = [*name_hosts(ground.dead, unused_port()), *name_hosts(ground.hosts, port)[ground.dead :]]
    ill = iter(hosts[ground.dead :])
    hanging, failing, garbage = (list(islice(ill, n)) for n in (ground.hanging, ground.failing, ground.garbage))
    remotes = make_remotes(hosts, each, shared_inbox=ground.shared_inbox)
    async with (
        elsewhere(port, hanging=hanging, failing=failing, garbage=garbage) as there,
        new_instance(ground.engine, workers=ground.workers) as instance,
    ):
        (author,) = await instance.prepare(["author"], hosts)
        async with instance.opened() as ctx:
            await add_follows(ctx, await add_people(ctx, remotes), [author.actor])
        await instance.start()
        per_host = 1 if ground.shared_inbox else each
        yield Field(instance, author, there, dict.fromkeys(hosts[ground.amiss :], per_host))


async def spread(field: Field, number: int) -> Spread:
    """Publish the post with this number (they count from 1), and wait until it is everywhere it can be."""
    before, started = field.instance.process.cpu_seconds(), time.monotonic()
    text = f"{TEXT} {number}"
    await field.instance.ask(field.author, "POST", "/api/v1/statuses", status=text, visibility="public")
    answered = time.monotonic() - started
    last = await _wait(field, number, started)
    return Spread(answered, last, field.instance.process.cpu_seconds() - before)


async def _wait(field: Field, number: int, started: float) -> dict[str, float]:
    while time.monotonic() < started + PATIENCE_SECONDS:
        arrived = await field.there.arrivals()
        if all(arrived.get(host, (0, 0.0))[0] >= count * number for host, count in field.expected.items()):
            return {host: arrived[host][1] - started for host in field.expected}
        await asyncio.sleep(0.02)
    missing = {host: count for host, count in field.expected.items() if arrived.get(host, (0, 0.0))[0] < count * number}
    raise RuntimeError(f"post {number} did not arrive in time at {len(missing)} hosts")
