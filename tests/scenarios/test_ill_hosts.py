"""Two hundred hosts, a quarter of them ill: the good ones have everything while those that hang go on hanging.

How long it takes stands in bench/ (`fanout`). Here is what it must not depend on: the patience with the ill.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

from aiohttp.test_utils import unused_port

from bench.elsewhere import name_hosts
from bench.remote_server import Door, Hosts
from bench.remotes import Remote
from bench.stock import add_follows, add_people
from federation.client import Limits
from federation.delivery import AT_ONCE, run_deliveries
from policies.delivery import PLACES
from tests.conftest import Addresses
from tests.federation.home import Home, open_home, working
from tests.federation.peer import new_keys

GOOD, POSTS = 150, 2
# Together they hang more attempts than are begun at once, each for longer than this test may take.
DEAD, HANGING, FAILING, GARBAGE = 6, 34, 5, 5
PATIENCE = Limits(total_ms=120_000)


@asynccontextmanager
async def serving(port: int, hosts: Hosts) -> AsyncIterator[None]:
    server = await asyncio.get_running_loop().create_server(lambda: Door(hosts), "127.0.0.1", port, backlog=1024)
    async with server:
        yield


def follower(host: str) -> Remote:
    uri = f"http://{host}/users/p"
    return Remote(host, "p", new_keys(uri).rsa, f"{uri}/inbox", f"http://{host}/inbox")


async def arrived(home: Home, hosts: Hosts, good: Iterable[str], number: int) -> None:
    while not all(hosts.arrivals.get(host, (0, 0.0))[0] >= number for host in good):
        await home.db.wait_for_commit(0.2)


async def test_good_hosts_are_served_while_ill_ones_hang(addresses: Addresses, tmp_path: Path) -> None:
    port = unused_port()
    named = [*name_hosts(DEAD, unused_port(), name="dead"), *name_hosts(HANGING + FAILING + GARBAGE + GOOD, port)]
    rest = iter(named[DEAD:])
    hanging, failing, garbage = (frozenset(islice(rest, number)) for number in (HANGING, FAILING, GARBAGE))
    good, hosts = list(rest), Hosts({}, hanging, failing, garbage)
    assert len(named) == 200
    assert HANGING * min(POSTS, PLACES) > AT_ONCE
    async with serving(port, hosts), open_home(addresses, tmp_path, PATIENCE) as home:
        await home.rule(*named)
        anna = await home.member("anna")
        people = [follower(host) for host in named]
        await add_follows(home.ctx, await add_people(home.ctx, people), [anna])
        for number in range(POSTS):
            await home.publish(anna, f"bonjour {number}")
        async with working(home, run_deliveries):
            await asyncio.wait_for(arrived(home, hosts, good, POSTS), 40)
            leased = "state = 'due' AND lease_owner <> ''"
            assert await home.count("deliveries", leased) >= HANGING, "those that hang go on hanging"
        for host in (*failing, *garbage):
            ((failures,),) = await home.rows("SELECT failures FROM hosts WHERE host = :host", host=host)
            assert failures >= 1
