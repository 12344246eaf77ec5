"""Two institutions are killed at random moments while their members post to each other; nothing may be lost or doubled.

`run` is the whole story, for the test and for the bench. Each member mentions the other in every post and tries again,
with the same Idempotency-Key, until the post is acknowledged. A kill is SIGKILL for all processes of an instance; it is
started again at once. Leases and back-offs of an instance that is dead are ended by hand, as if a minute had passed.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from bench.client import Connection, make_request
from bench.figures import Figure, Plan, Report
from bench.instance import Instance, Member, new_instance
from storage.database import Transaction

POSTS = 500
KILLS = 20
WRITERS = 4
LONGEST_PAUSE = 0.05
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Side:
    """One institution and its member, who writes to the other's."""

    name: str
    instance: Instance
    member: Member

    @property
    def handle(self) -> str:
        return f"@{self.name}@{self.instance.host}"


@dataclass(slots=True)
class Progress:
    """What happens meanwhile: a permit for each post that was acknowledged, and how many requests a kill cut off."""

    acknowledged: asyncio.Semaphore
    interrupted: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the posts. Each place should hold each of them once: what it lacks, and what it holds twice."""

    interrupted: int
    lost: list[str]
    doubled: list[str]
    seconds: float


async def run(engine: str, *, posts: int, kills: int, seed: int) -> Outcome:
    """`posts` by each side, in as many rounds as there are kills, each at a random moment of its round."""
    started, rng, progress = time.perf_counter(), random.Random(seed), Progress(asyncio.Semaphore(0))
    async with AsyncExitStack() as stack:
        anna, ben = await _open(stack, engine)
        texts = [f"essai {number:04d}" for number in range(posts)]
        for number in range(kills):
            part = texts[number * posts // kills : (number + 1) * posts // kills]
            async with asyncio.TaskGroup() as group:
                group.create_task(_write_all(anna, ben, part, progress))
                group.create_task(_write_all(ben, anna, part, progress))
                await _random_moment(progress, rng, 2 * len(part))
                await _kill(rng.choice([[anna], [ben], [anna, ben]]), [anna, ben])
        lost, doubled = await _compare([(anna, ben), (ben, anna)], texts)
    return Outcome(progress.interrupted, lost, doubled, time.perf_counter() - started)


async def _random_moment(progress: Progress, rng: random.Random, most: int) -> None:
    """Counted in posts first, so that it falls into the work however fast this machine is."""
    progress.acknowledged = asyncio.Semaphore(0)
    for _ in range(rng.randint(0, most)):
        await progress.acknowledged.acquire()
    await asyncio.sleep(rng.uniform(0, LONGEST_PAUSE))


async def _open(stack: AsyncExitStack, engine: str) -> tuple[Side, Side]:
    names = ("anna", "ben")
    instances = [await stack.enter_async_context(new_instance(engine)) for _ in names]
    hosts = [instance.host for instance in instances]
    prepared = [await instance.prepare([name], hosts) for name, instance in zip(names, instances, strict=True)]
    for instance in instances:
        await instance.start()
    anna, ben = (Side(names[place], instances[place], prepared[place][0]) for place in range(2))
    await _follow(anna, ben)
    await _follow(ben, anna)
    return anna, ben


async def _follow(follower: Side, followee: Side) -> None:
    target = f"/api/v2/search?resolve=true&type=accounts&q={followee.handle}"
    found = await follower.instance.ask(follower.member, "GET", target)
    account = found["accounts"][0]["id"]
    await follower.instance.ask(follower.member, "POST", f"/api/v1/accounts/{account}/follow")
    until = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < until:
        target = f"/api/v1/accounts/relationships?id[]={account}"
        if (await follower.instance.ask(follower.member, "GET", target))[0]["following"]:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("the follow was not accepted in time")


async def _write_all(writer: Side, reader: Side, texts: Iterable[str], progress: Progress) -> None:
    """Several at a time, each until it is acknowledged."""
    waiting = iter(texts)

    async def write_some() -> None:
        for text in waiting:
            await _write(writer, f"{reader.handle} {text}", progress)
            progress.acknowledged.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(write_some())


async def _write(writer: Side, text: str, progress: Progress) -> None:
    body = {"status": text, "visibility": "public"}
    request = make_request(
        "POST", writer.instance.host, "/api/v1/statuses", token=writer.member.token, json=body, idempotency_key=text
    )
    while True:
        await writer.instance.up.wait()
        try:
            connection = await Connection.open(writer.instance.port)
            answer = await connection.ask(request)
        except ConnectionError:
            progress.interrupted += 1
            continue
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"a post was answered {answer.status}: {answer.body[:300]!r}")
        return


async def _kill(victims: list[Side], everybody: list[Side]) -> None:
    for side in victims:
        side.instance.kill()
    for side in everybody:
        await _hurry(side.instance, dead=side in victims)
    for side in victims:
        await side.instance.start()


async def _hurry(instance: Instance, *, dead: bool) -> None:
    """What waits is due now, and hosts that rest may be tried. Leases are ended only where nobody can hold one."""
    condition = "" if dead else "AND lease_owner = ''"

    async def unit(tx: Transaction) -> None:
        for table in ("inbox", "deliveries"):
            await tx.execute(f"UPDATE {table} SET due_at = 0 WHERE state = 'due' {condition}")
        await tx.execute("UPDATE hosts SET retry_at = 0")

    async with instance.opened() as ctx:
        await ctx.db.transact(unit)


async def _compare(directions: list[tuple[Side, Side]], texts: list[str]) -> tuple[list[str], list[str]]:
    """Wait until everything has arrived (or nothing more does), then look for what is missing and what is there twice."""
    until = time.perf_counter() + PATIENCE_SECONDS
    while True:
        held = {
            place: found for writer, reader in directions for place, found in (await _places(writer, reader)).items()
        }
        lost = [f"{place}: {text}" for place, found in held.items() for text in texts if not found[text]]
        if not lost or time.perf_counter() > until:
            break
        for side, _ in directions:
            await _hurry(side.instance, dead=False)
        await asyncio.sleep(0.2)
    return lost, [
        f"{place}: {text} x {count}" for place, found in held.items() for text, count in found.items() if count > 1
    ]


async def _places(writer: Side, reader: Side) -> dict[str, Counter[str]]:
    """How often each post is where it should be once: with its author, in the reader's home, in their notifications."""
    own = f"/api/v1/accounts/{writer.member.actor.id}/statuses?"
    at_home = [post for post in await _pages(reader, "/api/v1/timelines/home?") if "@" in post["account"]["acct"]]
    told = [one["status"] for one in await _pages(reader, "/api/v1/notifications?types[]=mention&")]
    return {
        f"{writer.name}'s posts": _texts(await _pages(writer, own)),
        f"{reader.name}'s home": _texts(at_home),
        f"{reader.name}'s notifications": _texts(told),
    }


def _texts(posts: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """By the last two words: `essai 0042`."""
    return Counter(" ".join(post["content"].removesuffix("</p>").split()[-2:]) for post in posts)


async def _pages(side: Side, target: str) -> list[dict[str, Any]]:
    """All of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor = 2**62
    while page := await side.instance.ask(side.member, "GET", f"{target}limit=40&max_id={cursor}"):
        found += page
        cursor = int(page[-1]["id"])
    return found


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        posts, kills, seed = plan.count(POSTS, 20), plan.count(KILLS, 2), time.time_ns()
        outcome = await run(engine, posts=posts, kills=kills, seed=seed)
        more = {
            "posts by each of two": f"{posts:,}",
            "kills": str(kills),
            "requests cut off": str(outcome.interrupted),
            "lost": str(len(outcome.lost)),
            "doubled": str(len(outcome.doubled)),
        }
        report(Figure("kill -9 during posts and deliveries", outcome.seconds, "s", engine, more=more))
