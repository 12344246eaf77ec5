"""POST of a status, one client, one after the other. Its author has a follower here and none elsewhere: what deliveries
cost is measured by `bench.fanout`.
"""

from bench.client import drive, make_request
from bench.figures import Figure, Plan, Report, milliseconds
from bench.instance import Instance, Member, new_instance
from bench.stock import add_follows

POSTS = 1_000
WARM_UP = 50
TEXT = "Patient de 72 ans, dyspnée d'effort depuis trois semaines : l'un de vous a-t-il déjà vu ce tracé ? #cardio"


async def measure(plan: Plan, report: Report) -> None:
    for engine in plan.engines:
        async with new_instance(engine) as instance:
            author, follower = await instance.prepare(["author", "follower"], ["chu0.localhost:1"])
            async with instance.opened() as ctx:
                await add_follows(ctx, [follower.actor], [author.actor])
            await instance.start()
            await drive(instance.port, _requests(instance, author, WARM_UP), connections=1)
            count = plan.count(POSTS, 50)
            before = instance.process.cpu_seconds()
            load = await drive(instance.port, _requests(instance, author, count), connections=1)
            more = {
                "p50": milliseconds(load.delay(0.5)),
                "p99": milliseconds(load.delay(0.99)),
                "CPU ms each": f"{(instance.process.cpu_seconds() - before) / count * 1000:.2f}",
            }
            report(Figure("POST status, one client", load.rate, "/s", engine, 1, more))


def _requests(instance: Instance, author: Member, count: int) -> list[bytes]:
    bodies = ({"status": f"{TEXT} {number}", "visibility": "public"} for number in range(count))
    return [make_request("POST", instance.host, "/api/v1/statuses", token=author.token, json=body) for body in bodies]
