"""How streams end: rights that end, readers who are too slow, a server that stops or fails. And across processes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestServer

from policies.terms import Role
from storage import actors, members
from storage.database import Reader
from storage.members import Person
from storage.oauth import delete_tokens_of
from storage.postgresql import CONNECTIONS
from tests.conftest import Addresses
from tests.web.api_world import World
from tests.web.live import found, live
from tests.web.serving import Clock
from tests.web.streams import PATIENCE, lines, socket, tell, token_of
from web import streaming
from web.auth import Viewer, find_grant
from web.streaming import HUB
from web.streams.hub import Hub
from web.streams.outlets import MOST_WAITING, End, Message, Outlet, Stream
from web.tokens import hash_token


@pytest.fixture
async def processes(addresses: Addresses, tmp_path: Path) -> AsyncIterator[list[World]]:
    """Two processes' worth of one instance, with one clock."""
    address, clock = await addresses.new(), Clock()
    await found(address)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(live(address, tmp_path / "media", clock)) for _ in range(2)]


async def test_a_stream_hears_what_other_processes_commit(processes: list[World]) -> None:
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    async with socket(one, anne) as here, socket(two, anne) as there:
        for world in (one, two, one, two):
            status = await world.status(bruno.actor, homes=[anne.actor])
            for listener in (here, there):
                assert (await listener.event())[2]["id"] == str(status.id)


async def test_nothing_is_lost_or_told_twice_between_processes(processes: list[World]) -> None:
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    async with socket(one, anne) as here, socket(two, anne) as there:

        async def write(world: World) -> list[str]:
            return [str((await world.status(bruno.actor, homes=[anne.actor])).id) for _ in range(20)]

        written = await asyncio.gather(*(write(world) for world in (one, two, one, two)))
        expected = sorted(status_id for some in written for status_id in some)
        for listener in (here, there):
            assert sorted([(await listener.event())[2]["id"] for _ in expected]) == expected


async def test_nothing_committed_after_the_handshake_is_missed(processes: list[World]) -> None:
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    token = await token_of(one, anne)
    writing = asyncio.create_task(_write_on(two, bruno))
    try:
        for _ in range(10):
            async with socket(one, anne, token=token) as listener:
                status = await two.status(bruno.actor, homes=[anne.actor])
                assert (await listener.event())[2]["id"] == str(status.id)
    finally:
        writing.cancel()


async def _write_on(world: World, bruno: Person) -> None:
    """Commits that concern nobody here, so that the hub is always at work."""
    while True:
        await world.status(bruno.actor, homes=[bruno.actor])


Ending = Callable[[World, Person], Awaitable[None]]


async def _revoke(world: World, anne: Person) -> None:
    await world.write(lambda tx: delete_tokens_of(tx, anne.actor.id))


async def _disable_member(world: World, anne: Person) -> None:
    await world.write(lambda tx: members.update_member(tx, anne.actor.id, disabled_at=world.clock.now))


async def _disable_actor(world: World, anne: Person) -> None:
    await world.write(lambda tx: actors.update_actor(tx, anne.actor.id, disabled_at=world.clock.now))


@pytest.mark.parametrize("end", [_revoke, _disable_member, _disable_actor])
async def test_a_socket_ends_with_the_rights_it_came_from(processes: list[World], end: Ending) -> None:
    """In every process, without any event that says so, and nobody else's does."""
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    async with socket(one, anne) as here, socket(two, anne) as there, socket(one, bruno) as other:
        await end(one, anne)
        assert await here.closed() == End.REVOKED.value[0]
        assert await there.closed() == End.REVOKED.value[0]
        status = await two.status(bruno.actor, homes=[bruno.actor])
        assert (await other.event())[2]["id"] == str(status.id)


async def test_not_one_event_after_the_token_is_revoked(processes: list[World]) -> None:
    """The check belongs to the read that brings the event, however short a moment ago all were checked."""
    one, two = processes
    bruno = await one.person("bruno")
    for n in range(5):
        anne = await one.person(f"anne{n}")
        async with socket(one, anne) as here:
            first = await two.status(bruno.actor, homes=[anne.actor])
            assert (await here.event())[2]["id"] == str(first.id)
            await _revoke(two, anne)
            await two.status(bruno.actor, homes=[anne.actor])
            assert await here.closed() == End.REVOKED.value[0]


async def test_one_token_of_several_is_revoked(processes: list[World]) -> None:
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    kept, lost = await token_of(one, anne), await token_of(one, anne)
    async with socket(one, anne, token=kept) as here, socket(one, anne, token=lost) as there:
        headers = {"Authorization": f"Bearer {lost}"}
        hashed = hash_token(lost)
        await two.write(lambda tx: tx.execute("DELETE FROM tokens WHERE hash = :hash", hash=hashed))
        assert (await two.call("GET", "/api/v1/accounts/verify_credentials", headers=headers)).status == 401
        assert await there.closed() == End.REVOKED.value[0]
        status = await two.status(bruno.actor, homes=[anne.actor])
        assert (await here.event())[2]["id"] == str(status.id)


def hub_of(world: World) -> Hub:
    assert world.browser.app is not None
    return world.browser.app[HUB]


async def test_a_slow_reader_is_cut_off_and_nobody_waits_for_it(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    large = await world.status(bruno.actor, f"<p>{'x' * 100_000}</p>", homes=[])
    async with socket(world, anne) as slow, socket(world, bruno) as other:
        hub = hub_of(world)
        for _ in range(20):
            for _ in range(MOST_WAITING // 10):
                await tell(world, anne, "update", large.id)
            await tell(world, bruno, "delete", 7)
            assert await other.event() == (["user"], "delete", "7")
            if anne.actor.id not in hub._outlets:
                break
        assert anne.actor.id not in hub._outlets
        assert bruno.actor.id in hub._outlets
        received = 0
        while (message := await slow.raw.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.TEXT:
            received += 1
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert received < 20 * MOST_WAITING // 10


async def test_an_outlet_holds_so_much_and_no_more() -> None:
    outlet = Outlet(Viewer(1, Role.MEMBER, 2, 3, ("read",)))
    for n in range(MOST_WAITING):
        outlet.put(Message(Stream("user"), "delete", str(n)))
    assert not outlet.ended.done()
    assert (await outlet.take()).payload == "0"
    outlet.put(Message(Stream("user"), "delete", "x"))
    outlet.put(Message(Stream("user"), "delete", "y"))
    assert outlet.ended.result() is End.SLOW
    outlet.put(Message(Stream("user"), "delete", "z"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await outlet.take()
    outlet.end(End.REVOKED)
    assert outlet.ended.result() is End.SLOW


async def test_a_server_that_stops_says_so(addresses: Addresses, tmp_path: Path) -> None:
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path / "media", Clock()) as world:
        anne = await world.person("anne")
        server = world.browser.server
        assert isinstance(server, TestServer)
        async with aiohttp.ClientSession() as apps:
            params = {"access_token": await token_of(world, anne), "stream": "user"}
            raw = await apps.ws_connect(server.make_url("/api/v1/streaming"), params=params)
            response = await apps.get(server.make_url("/api/v1/streaming/user"), params=params)
            async with asyncio.timeout(PATIENCE):
                closing = asyncio.create_task(server.close())
                message = await raw.receive()
                assert message.type is aiohttp.WSMsgType.CLOSE
                assert raw.close_code == End.GOING_AWAY.value[0]
                assert await response.read() == b":)\n"
                await closing


async def test_a_fault_of_ours_ends_all_streams_and_new_ones_work(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    token = await token_of(world, anne)
    async with socket(world, anne, token=token) as one, socket(world, bruno) as two:
        with caplog.at_level(logging.ERROR):
            await world.write(lambda tx: tx.execute("ALTER TABLE events RENAME TO mislaid"))
            assert await one.closed() == End.FAILED.value[0]
            assert await two.closed() == End.FAILED.value[0]
        assert "streaming failed" in caplog.text
    await world.write(lambda tx: tx.execute("ALTER TABLE mislaid RENAME TO events"))
    async with socket(world, anne, token=token) as one:
        status = await world.status(bruno.actor, homes=[anne.actor])
        assert (await one.event())[2]["id"] == str(status.id)


async def test_nothing_is_followed_while_nobody_listens(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    hub = hub_of(world)
    for _ in range(2):
        async with socket(world, anne) as one:
            status = await world.status(bruno.actor, homes=[anne.actor])
            assert (await one.event())[2]["id"] == str(status.id)
        async with asyncio.timeout(PATIENCE):
            assert hub._following is not None
            await hub._following
        assert hub._outlets == {}


async def test_server_sent_events(processes: list[World]) -> None:
    one, two = processes
    anne, bruno = await one.person("anne"), await one.person("bruno")
    token = await token_of(one, anne)
    async with lines(one, "user", token) as user, lines(one, "user/notification", token) as notifications:
        assert user.response.headers["Content-Type"] == "text/event-stream"
        assert user.response.headers["Cache-Control"] == "private, no-store"
        assert user.response.headers["Access-Control-Allow-Origin"] == "*"
        assert await user.line() == ":)\n"
        status = await two.status(bruno.actor, homes=[anne.actor])
        told = await two.notify(anne.actor, "mention", bruno.actor, status)
        await tell(two, anne, "delete", 7)
        event, data = await user.event()
        assert event == "update"
        headers = {"Authorization": f"Bearer {token}"}
        answer = await one.call("GET", f"/api/v1/statuses/{status.id}", headers=headers)
        assert orjson.loads(data) == answer.body
        assert (await user.event())[0] == "notification"
        assert await user.event() == ("delete", "7")
        event, data = await notifications.event()
        assert (event, orjson.loads(data)["id"]) == ("notification", str(told.id))


async def test_event_streams_of_lists(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [anne])
    other = await world.group("urgences", [bruno])
    token = await token_of(world, anne)
    async with lines(world, f"list?list={group.id}", token) as listed:
        await world.status(anne.actor, homes=[anne.actor])
        await world.status(anne.actor, group=group, homes=[anne.actor])
        assert (await listed.event())[0] == "update"
    for query in (f"?list={other.id}", "?list=7", "?list=x", ""):
        answer = await world.get(f"/api/v1/streaming/list{query}", anne)
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    for path in ("public/other", "hashtag/remote", "direct/local", "x"):
        assert (await world.get(f"/api/v1/streaming/{path}", anne)).status == 404


async def test_comments_keep_an_event_stream_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "THUMP_SECONDS", 0.01)
    anne = await world.person("anne")
    async with lines(world, "user", await token_of(world, anne)) as user:
        assert await user.line() == ":)\n"
        assert await user.line() == ":thump\n"
        await tell(world, anne, "delete", 7)
        assert await user.event() == ("delete", "7")


async def test_an_event_stream_ends_with_its_token(processes: list[World]) -> None:
    one, two = processes
    anne = await one.person("anne")
    async with lines(one, "user", await token_of(one, anne)) as user:
        assert await user.line() == ":)\n"
        await two.write(lambda tx: delete_tokens_of(tx, anne.actor.id))
        assert await user.line() == ""


async def test_nobody_joins_in_the_middle_of_a_read(addresses: Addresses, tmp_path: Path) -> None:
    """What is read for those who listened before would be lost for who joins meanwhile."""
    if addresses.engine == "sqlite":
        return  # a read there lets nobody in between
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path / "media", Clock()) as world:
        anne, bruno = await world.person("anne"), await world.person("bruno")
        first = Outlet(await viewer_of(world, anne))
        second = Outlet(await viewer_of(world, bruno))
        second.streams.add(Stream("user"))
        hub, gate, held = hub_of(world), asyncio.Event(), asyncio.Semaphore(0)
        await hub.join(first)

        async def hold(_: Reader) -> None:
            held.release()
            await gate.wait()

        async with asyncio.timeout(PATIENCE):
            holding = [asyncio.create_task(world.db.read(hold)) for _ in range(CONNECTIONS)]
            for _ in holding:
                await held.acquire()
            while not hub._turn.locked():  # until it waits for a connection
                await world.db.wait_for_commit(0.01)
            joining = asyncio.create_task(hub.join(second))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not joining.done()
            gate.set()
            await asyncio.gather(joining, *holding)
            await tell(world, bruno, "delete", 7)
            assert (await second.take()).payload == "7"
        hub.leave(first)
        hub.leave(second)


async def viewer_of(world: World, who: Person) -> Viewer:
    grant = await find_grant(world.ctx, await token_of(world, who))
    assert grant is not None
    return Viewer(who.actor.id, Role.MEMBER, grant.token_id, grant.app_id, tuple(grant.scopes.split()))
