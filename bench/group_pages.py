"""The home timeline of a member of a private group, beside that of somebody who reads the same posts in public.

What a check of membership at every reading costs. One author, as many posts in either; the pages are measured in turns,
because the machine changes more from one minute to the next than the two differ.
"""

from itertools import repeat
from statistics import median

from bench.client import Load, drive, make_request
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import Instance, Member, new_instance
from bench.stock import add_follows
from bench.timelines import home_request
from federation.outbox import attestations, groups
from policies.membership import Joining
from policies.terms import Level

POSTS = 1_000
TURNS = 7
SECONDS = 2.0
CONNECTIONS = 16


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        async with new_instance(engine) as instance:
            author, listener, colleague = await instance.prepare(["author", "listener", "colleague"], [])
            await _join(instance, author, listener, colleague)
            await instance.start()
            await instance.ask(colleague, "POST", f"/api/v1/accounts/{await _group_id(instance, colleague)}/follow")
            await _post(instance, author, plan.count(POSTS, 40))
            await _measure(plan, report, instance, engine, (listener, colleague))


async def _join(instance: Instance, author: Member, listener: Member, colleague: Member) -> None:
    """The listener follows the author, who opens a group that the colleague may join."""
    async with instance.opened() as ctx:
        for member in (author, colleague):
            evidence = attestations.Evidence("physician", Level.CHECKED, ("cardiology",))
            await attestations.verify(ctx, member.actor.id, evidence, by="console")
        new = groups.NewGroup("cardiologie", "Cardiologie", Joining.AUTOMATIC, (), author.actor.id)
        await groups.create(ctx, new, by="console")
        await add_follows(ctx, [listener.actor], [author.actor])


async def _group_id(instance: Instance, member: Member) -> str:
    found = await instance.ask(member, "GET", "/api/v1/accounts/lookup?acct=cardiologie")
    return str(found["id"])


async def _post(instance: Instance, author: Member, count: int) -> None:
    """In turns to everybody and to the group."""
    texts = (
        f"{('', '@cardiologie ')[number % 2]}Quelqu'un a-t-il vu ce tracé ? {number}" for number in range(2 * count)
    )
    requests = [
        make_request("POST", instance.host, "/api/v1/statuses", token=author.token, json={"status": text})
        for text in texts
    ]
    await drive(instance.port, requests, connections=1)


async def _measure(plan: Plan, report: Report, instance: Instance, engine: str, readers: tuple[Member, Member]) -> None:
    found: tuple[list[Load], list[Load]] = ([], [])
    for turn in range(TURNS + 1):
        for reader, loads in zip(readers, found, strict=True):
            page = await instance.ask(reader, "GET", "/api/v1/timelines/home?limit=20")
            assert len(page) == 20
            request = repeat(home_request(instance, reader))
            load = await drive(instance.port, request, connections=CONNECTIONS, seconds=plan.seconds(SECONDS))
            if turn:  # the first warms up
                loads.append(load)
    public, group = (median(load.rate for load in loads) for loads in found)
    more = {
        "group's /s": f"{group:,.0f}",
        "public /s": f"{public:,.0f}",
        "p99": milliseconds(median(load.delay(0.99) for load in found[1])),
    }
    report(
        Figure(
            "home timeline of a private group's posts: time against public ones", public / group, "x", engine, 1, more
        )
    )
