"""The worker that delivers: a peer that hangs delays nobody else, what is begun is finished, and nothing gets lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from federation.client import Limits
from federation.delivery import LEASE_MS, claim, deliver, run_deliveries
from policies.delivery import PLACES
from storage import deliveries
from storage.records import Actor
from tests.conftest import Addresses
from tests.federation.home import Home, open_home, working
from tests.federation.peer import Peer

INBOX = "/inbox"
HASTE = Limits(total_ms=5_000)


@asynccontextmanager
async def hosts(addresses: Addresses, folder: Path, number: int) -> AsyncIterator[tuple[Home, Actor, list[Peer]]]:
    """Anna here, and one follower at each of so many peers."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Peer()) for _ in range(number)]
        home = await stack.enter_async_context(open_home(addresses, folder, HASTE))
        await home.rule(*(peer.host for peer in peers))
        anna = await home.member("anna")
        for peer in peers:
            ben = peer.actor("ben")
            await home.take(ben, peer.activity("Follow", ben, anna.uri))
        while await home.deliver():
            pass
        for peer in peers:
            peer.asked.clear()
        yield home, anna, peers


def counting(peer: Peer, number: int) -> asyncio.Event:
    """Set when an inbox has got so many posts."""
    enough, seen = asyncio.Event(), 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen >= number:
            enough.set()
        return web.Response(status=202)

    peer.answers[INBOX] = answer
    return enough


async def test_a_host_that_hangs_delays_no_other(addresses: Addresses, tmp_path: Path) -> None:
    """With many posts waiting for it, all older than what the others get."""
    async with hosts(addresses, tmp_path, 3) as (home, anna, (hanging, *good)):
        released = hanging.hang(INBOX)
        for number in range(10):
            await home.publish(anna, f"bonjour {number}")
        enough = [counting(peer, 10) for peer in good]
        async with working(home, run_deliveries):
            await asyncio.wait_for(asyncio.gather(*(one.wait() for one in enough)), 20)
            assert len(hanging.posted) <= PLACES
            released.set()
        assert await home.count("deliveries", "state = 'done' AND host <> :host", host=hanging.host) >= 20


async def test_hosts_that_are_dead_delay_no_other(addresses: Addresses, tmp_path: Path) -> None:
    async with hosts(addresses, tmp_path, 3) as (home, anna, (dead, failing, good)):
        await dead.server.close()
        failing.respond(INBOX, 500)
        for number in range(20):
            await home.publish(anna, f"bonjour {number}")
        enough = counting(good, 20)
        async with working(home, run_deliveries):
            await asyncio.wait_for(enough.wait(), 20)
        assert len(failing.posted) <= PLACES, "it rests after its first failure"


async def test_a_graceful_stop_finishes_what_is_under_way_and_gives_the_rest_back(
    addresses: Addresses, tmp_path: Path
) -> None:
    async with hosts(addresses, tmp_path, 1) as (home, anna, (slow,)):
        begun, released = asyncio.Event(), asyncio.Event()

        async def answer(_request: web.Request) -> web.Response:
            begun.set()
            await released.wait()
            return web.Response(status=202)

        slow.answers[INBOX] = answer
        for number in range(10):
            await home.publish(anna, f"bonjour {number}")
        async with working(home, run_deliveries) as stop:
            await asyncio.wait_for(begun.wait(), 20)
            stop.set()
            released.set()
        done = await home.count("deliveries", "state = 'done' AND kind = 'content'")
        assert 1 <= done <= PLACES
        assert await home.count("deliveries", "state = 'due'") == 10 - done
        assert (
            await home.count("deliveries", "state = 'due' AND (lease_owner <> '' OR due_at > :now)", now=home.clock())
            == 0
        )


async def test_a_host_that_hangs_keeps_nobody_from_stopping(addresses: Addresses, tmp_path: Path) -> None:
    async with hosts(addresses, tmp_path, 1) as (home, anna, (silent,)):
        begun = asyncio.Event()

        async def answer(_request: web.Request) -> web.Response:
            begun.set()
            await released.wait()
            return web.Response(status=202)

        released = silent.hang("/unused")
        silent.answers[INBOX] = answer
        await home.publish(anna, "bonjour")
        async with working(home, run_deliveries) as stop:
            await asyncio.wait_for(begun.wait(), 20)
            stop.set()
        assert await home.rows("SELECT state, lease_owner FROM deliveries WHERE kind = 'content'") == [("due", "")]


async def test_what_a_killed_process_had_claimed_comes_back_when_its_lease_ends(home: Home, peer: Peer) -> None:
    """And is not given to anybody before; its attempt is counted."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    await home.take(ben, peer.activity("Follow", ben, anna.uri))
    killed, claimed = await claim(home.ctx, "killed", limit=10, busy=frozenset())
    assert claimed == len(killed) == 1
    assert await home.deliver("other") == 0
    home.clock.pass_by(LEASE_MS - 1000)
    assert await home.deliver("other") == 0
    home.clock.pass_by(2000)
    jobs, _ = await claim(home.ctx, "other", limit=10, busy=frozenset())
    assert [job.delivery.attempts for job in jobs] == [2]
    for job in jobs:
        await deliver(home.ctx, job)
    assert await home.count("deliveries", "state = 'done'") == 1
    await deliver(home.ctx, killed[0])
    assert await home.count("deliveries", "state = 'done'") == 1


async def test_nobody_waits_for_a_host_that_rests(home: Home, peer: Peer) -> None:
    """The next thing to do is at the end of its rest: until then the worker sleeps instead of looking again and again."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    await home.take(ben, peer.activity("Follow", ben, anna.uri))
    due = await home.db.read(deliveries.get_next_due)
    assert due is not None
    assert due <= home.clock()
    peer.respond("/users/ben/inbox", 503, Retry_After="600")
    assert await home.deliver() == 1
    await home.publish(anna, "bonjour")
    waits = await home.db.read(deliveries.get_next_due)
    assert waits is not None
    assert waits - home.clock() > 500_000
    assert await home.db.read(lambda tx: deliveries.get_next_due(tx, busy=[peer.host])) is None
