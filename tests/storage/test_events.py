"""Events are read once each, in the order of commits, whatever moments and ids they bear."""

import asyncio
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.database import Database, Reader, Transaction
from storage.engines import connect
from storage.events import delete_before, get_last_position, insert_event, list_after
from storage.records import Event
from tests.conftest import Addresses

NOW = 1_795_000_000_000
MARKERS = count(1_000_000)


async def insert(db: Database, *refs: int, now: int = NOW, owner: int = 7) -> None:
    async def unit(tx: Transaction) -> None:
        for ref in refs:
            await insert_event(tx, owner_id=owner, type_="update", ref=ref, now=now)

    await db.transact(unit)


async def read(db: Database, position: tuple[int, int], *, limit: int = 100) -> tuple[list[Event], tuple[int, int]]:
    """What is there after a position, and the new position.

    On PostgreSQL events wait for every transaction that is older, be it in another database of the server.
    """

    async def unit(tx: Reader) -> list[Event]:
        return await list_after(tx, position, limit=limit)

    async with asyncio.timeout(10):
        while not (found := await db.read(unit)):
            await db.wait_for_commit(0.01)
    return found, (found[-1].xid, found[-1].id)


async def test_a_new_reader_begins_after_what_there_is(db: Database) -> None:
    await insert(db, 1, 2)
    await read(db, (0, 0))
    position = await db.read(get_last_position)
    await insert(db, 3)
    found, _ = await read(db, position)
    assert [(event.owner_id, event.type, event.ref) for event in found] == [(7, "update", 3)]


async def test_an_event_that_was_made_earlier_and_committed_later_is_read(db: Database) -> None:
    """A unit of work takes its moment before it waits its turn: its ids may be lower than those read already."""
    await insert(db, 1, now=NOW + 50)
    found, position = await read(db, (0, 0))
    assert [event.ref for event in found] == [1]
    await insert(db, 2, now=NOW)
    found, _ = await read(db, position)
    assert [event.ref for event in found] == [2]


async def test_events_that_begin_after_all_were_forgotten_are_read(db: Database) -> None:
    await insert(db, *range(20))
    _, position = await read(db, (0, 0))
    await db.transact(lambda tx: delete_before(tx, NOW + 1))
    await insert(db, 99, now=NOW + 3_600_000)
    found, _ = await read(db, position)
    assert [event.ref for event in found] == [99]


async def test_pages_neither_lose_nor_repeat(db: Database) -> None:
    for ref in range(10):
        await insert(db, ref, ref + 100, now=NOW - ref)
    position, seen = (0, 0), list[int]()
    while len(seen) < 20:
        found, position = await read(db, position, limit=3)
        seen += [event.ref for event in found]
    assert sorted(seen) == sorted([*range(10), *range(100, 110)])
    assert [ref for ref in seen if ref < 100] == list(range(10))


async def test_commits_of_several_processes_are_each_read_once(addresses: Addresses) -> None:
    address = await addresses.new()
    writers = [await connect(address) for _ in range(2)]
    reader = await connect(address)
    seen: list[int] = []

    async def follow() -> None:
        position = (0, 0)
        while len(seen) < 60:
            found, position = await read(reader, position)
            seen.extend(event.ref for event in found)

    async def write(db: Database, first: int) -> None:
        for ref in range(first, first + 30):
            await insert(db, ref, now=NOW + (ref * 7919) % 5)

    async with asyncio.timeout(30):
        await asyncio.gather(follow(), *(write(db, 1000 * n) for n, db in enumerate(writers)))
    assert sorted(seen) == [*range(30), *range(1000, 1030)]
    for db in (*writers, reader):
        await db.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=12))
async def test_no_order_of_moments_loses_an_event(db: Database, moments: list[int]) -> None:
    position, marker = (0, 0), next(MARKERS)
    await insert(db, marker)
    while True:  # what earlier examples left
        found, position = await read(db, position)
        if found[-1].ref == marker:
            break
    for ref, moment in enumerate(moments):
        await insert(db, ref, now=NOW + moment)
        found, position = await read(db, position)
        assert [event.ref for event in found] == [ref]
