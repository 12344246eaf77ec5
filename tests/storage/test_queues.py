"""Claiming from the queues: fairly between hosts, each row by one worker at a time, and never lost."""

import asyncio
from typing import Any

import pytest

from storage import deliveries, inbox, queues
from storage.database import Database
from storage.engines import connect
from storage.queues import Lease
from storage.records import Activity, Actor, HostState, InboxItem
from tests.conftest import Addresses
from tests.storage.rows import NOW, Rows, ask, delivery, do, new_number

MINUTE = 60_000
LEASE = 60_000


class Queue:
    """The delivery queue of one actor."""

    def __init__(self, db: Database, sender: Actor, activity_id: int) -> None:
        self.db = db
        self._sender = sender
        self._activity_id = activity_id

    @classmethod
    async def open(cls, db: Database) -> "Queue":
        sender = await Rows(db).member()
        activity = Activity(new_number(), f"https://a.example/{new_number()}", sender.id, "Create", None, b"{}", NOW)
        await do(db, deliveries.insert_activity, activity)
        return cls(db, sender, activity.id)

    async def put(self, host: str, number: int = 1, **changes: Any) -> list[int]:
        rows = [delivery(self._activity_id, self._sender, host, **changes) for _ in range(number)]
        await do(self.db, deliveries.insert_deliveries, rows)
        return [row.id for row in rows]

    async def claim(
        self, owner: str = "one", *, now: int = NOW, limit: int = 32, share: int = 4, busy: tuple[str, ...] = ()
    ) -> list[tuple[str, int]]:
        """What a worker gets: host and id."""
        lease = Lease(owner, now, now + LEASE)
        claimed = await do(self.db, deliveries.claim_due, lease, limit=limit, share=share, breaker=3, busy=busy)
        assert all(body == b"{}" for _, body in claimed)
        return [(row.host, row.id) for row, _ in claimed]

    async def rest(self, host: str, until: int, *, failures: int = 1) -> None:
        state = HostState(host, "", failures, until, 0, "failed")
        await do(self.db, deliveries.upsert_host, state)


@pytest.fixture
async def queue(db: Database) -> Queue:
    return await Queue.open(db)


async def test_two_hundred_rows_of_one_host_do_not_starve_another(queue: Queue) -> None:
    """Though all of them are older; and each claim goes round all hosts again."""
    await queue.put("big.example", 200, due_at=NOW - MINUTE)
    ids = {host: (await queue.put(host))[0] for host in ("a.example", "z.example")}
    claimed = await queue.claim()
    assert {host for host, _ in claimed} == {"a.example", "big.example", "z.example"}
    assert sum(host == "big.example" for host, _ in claimed) == 4
    assert ids["a.example"] in {row for _, row in claimed}
    assert await queue.claim("two") == [], "its places are taken, whoever asks"
    for _, row in claimed:
        await do(queue.db, deliveries.finish, row, state="done", reason="", now=NOW)
    assert [host for host, _ in await queue.claim("two")] == ["big.example"] * 4


async def test_the_oldest_of_a_host_come_first(queue: Queue) -> None:
    late, soon, first = [(await queue.put("b.example", due_at=NOW - minutes * MINUTE))[0] for minutes in (1, 2, 3)]
    assert [row for _, row in await queue.claim(share=2)] == sorted([soon, first])
    assert [row for _, row in await queue.claim(share=3)] == [late]


async def test_what_is_not_due_yet_or_not_waiting_is_left(queue: Queue) -> None:
    await queue.put("b.example", due_at=NOW + 1)
    for state in ("held", "done", "refused", "dead"):
        await queue.put("b.example", state=state)
    assert await queue.claim() == []
    assert len(await queue.claim(now=NOW + 1)) == 1


async def test_busy_and_resting_hosts_get_nothing(queue: Queue) -> None:
    for host in ("busy.example", "resting.example", "rested.example", "well.example"):
        await queue.put(host)
    await queue.rest("resting.example", NOW + MINUTE)
    await queue.rest("rested.example", NOW)
    claimed = await queue.claim(busy=("busy.example",))
    assert sorted(host for host, _ in claimed) == ["rested.example", "well.example"]
    assert {"busy.example", "resting.example"} < {host for host, _ in await queue.claim(now=NOW + MINUTE)}


async def test_a_host_that_failed_again_and_again_gets_one_at_a_time_from_all_workers(queue: Queue) -> None:
    await queue.put("ill.example", 5)
    await queue.rest("ill.example", NOW, failures=3)
    ((_, probe),) = await queue.claim("one")
    assert await queue.claim("two") == []
    await do(queue.db, deliveries.finish, probe, state="done", reason="", now=NOW)
    assert len(await queue.claim("two")) == 1
    await queue.rest("ill.example", NOW, failures=2)
    assert len(await queue.claim("three")) == 3, "with the one that is under way"


async def test_who_talks_to_us_is_alive(queue: Queue) -> None:
    """And gets again what it should forget; what failed for less long goes on resting."""
    await queue.put("dead.example", 1, state="dead", kind="retraction")
    await queue.put("dead.example", 1, state="dead", kind="content")
    for host, since in (("dead.example", NOW - 2 * MINUTE), ("ill.example", NOW)):
        state = HostState(host, "", 9, NOW + MINUTE, 0, "failed", since)
        await do(queue.db, deliveries.upsert_host, state)
    for host in ("ill.example", "dead.example", "dead.example"):
        await do(queue.db, deliveries.revive, host, parked_before=NOW - MINUTE, now=NOW)
    resting = await queue.db.read(lambda tx: deliveries.list_hosts(tx, ["dead.example", "ill.example"]))
    assert {host: state.retry_at for host, state in resting.items()} == {"dead.example": 0, "ill.example": NOW + MINUTE}
    assert await Rows(queue.db).read("SELECT kind FROM deliveries WHERE state = 'due'") == [("retraction",)]


async def test_the_limit_is_kept_and_hosts_take_turns(queue: Queue) -> None:
    for number in range(10):
        await queue.put(f"h{number}.example", 4)
    first = await queue.claim(limit=16)
    second = await queue.claim(limit=16)
    third = await queue.claim(limit=16)
    assert [len(first), len(second), len(third)] == [16, 16, 8]
    assert len({row for _, row in [*first, *second, *third]}) == 40


async def test_a_claimed_row_comes_back_when_its_lease_ends(queue: Queue) -> None:
    (row,) = await queue.put("b.example")
    assert await queue.claim("killed") == [("b.example", row)]
    assert await queue.claim(now=NOW + LEASE - 1) == []
    assert await queue.claim(now=NOW + LEASE) == [("b.example", row)]
    ((attempts, owner),) = await Rows(queue.db).read("SELECT attempts, lease_owner FROM deliveries")
    assert (attempts, owner) == (2, "one")


async def test_giving_back_concerns_ones_own_rows_only(queue: Queue) -> None:
    """At once due, and the attempt that was none is not counted."""
    await queue.put("b.example", 2)
    await queue.put("c.example", 2)
    mine = await queue.claim("one", busy=("c.example",))
    theirs = await queue.claim("two", busy=("b.example",))
    done = mine.pop()
    await do(queue.db, deliveries.finish, done[1], state="done", reason="", now=NOW)
    assert await do(queue.db, deliveries.release, owner="one", now=NOW) == 1
    again = await queue.claim("three")
    assert again == mine
    assert not set(again) & set(theirs)
    rows = await Rows(queue.db).read("SELECT attempts FROM deliveries WHERE id = :id", id=mine[0][1])
    assert rows == [(1,)]


async def test_several_workers_never_hold_the_same_row(addresses: Addresses) -> None:
    """Each with connections of its own, all claiming as fast as they can: every row goes to exactly one."""
    address = await addresses.new()
    workers = [await connect(address) for _ in range(4)]
    queue = await Queue.open(workers[0])
    ids = [row for number in range(5) for row in await queue.put(f"h{number}.example", 16)]
    claimed: list[int] = []

    async def work(db: Database, name: str) -> None:
        own, idle = Queue(db, queue._sender, queue._activity_id), 0
        while idle < 3:
            found = [row for _, row in await own.claim(name, limit=7, share=3)]
            claimed.extend(found)
            await do(db, deliveries.finish_all, found, now=NOW)
            idle = 0 if found else idle + 1

    await asyncio.gather(*(work(db, f"w{number}") for number, db in enumerate(workers)))
    for db in workers:
        await db.close()
    assert sorted(claimed) == sorted(ids)


async def test_when_there_is_something_to_do_next(queue: Queue) -> None:
    """The earliest row of a host that neither rests nor is busy; a host that rests counts from the end of its rest."""

    async def soonest(*busy: str) -> int | None:
        return await ask(queue.db, deliveries.get_next_due, busy=busy)

    assert await soonest() is None
    await queue.put("a.example", due_at=NOW)
    await queue.put("a.example", due_at=NOW + 5)
    await queue.put("b.example", due_at=NOW + 2 * MINUTE)
    assert await soonest() == NOW
    assert await soonest("a.example") == NOW + 2 * MINUTE
    await queue.rest("a.example", NOW + MINUTE)
    assert await soonest() == NOW + MINUTE
    await queue.rest("a.example", NOW + 3 * MINUTE)
    assert await soonest() == NOW + 2 * MINUTE
    assert await soonest("a.example", "b.example") is None


async def test_held_and_dead_rows_are_made_due_again(queue: Queue) -> None:
    """All of them, or those of one host; what was done stays done."""
    for host in ("a.example", "b.example"):
        for state in ("held", "dead", "done", "refused"):
            await queue.put(host, state=state, attempts=5, reason="x", finished_at=NOW)
    requeue = deliveries.requeue
    assert await do(queue.db, requeue, states=["held"], host="a.example", now=NOW) == 1
    assert await do(queue.db, requeue, states=["held", "dead"], host=None, now=NOW) == 3
    rows = await Rows(queue.db).read("SELECT DISTINCT attempts, due_at FROM deliveries WHERE state = 'due'")
    assert rows == [(0, NOW)]
    assert await Rows(queue.db).read("SELECT count(*) FROM deliveries WHERE state IN ('done', 'refused')") == [(4,)]


# --- the inbox ---------------------------------------------------------------------------------------------------


def item(uri: str = "https://b.example/1", digest: str = "d", **changes: Any) -> InboxItem:
    row: dict[str, Any] = {
        "id": new_number(), "host": "b.example", "signer": "https://b.example/ben", "activity_uri": uri, "type": "Create",
        "digest": digest, "body": b"{}", "state": "due", "attempts": 0, "due_at": NOW, "lease_owner": "", "reason": "",
        "received_at": NOW,
    }  # fmt: skip
    return InboxItem(**(row | changes))


async def put(db: Database, *items: InboxItem) -> list[bool]:
    return [await do(db, inbox.insert_item, one) for one in items]


async def test_the_same_bytes_of_the_same_activity_are_one(db: Database) -> None:
    first = item()
    assert await put(db, first) == [True]
    assert await put(db, item(), item(state="due")) == [False, False]
    assert (
        await put(db, item(digest="e"), item(uri="https://b.example/2"), item(signer="https://b.example/eve"))
        == [True] * 3
    )
    await do(db, inbox.finish, first.id, state="done")
    assert await put(db, item()) == [False]


async def test_a_body_is_kept_while_it_waits_and_while_it_is_held(db: Database) -> None:
    for state, kept in (("done", False), ("refused", False), ("dead", False), ("held", True)):
        one = item(uri=state)
        await put(db, one)
        await do(db, inbox.finish, one.id, state=state, reason="r")
        ((body,),) = await Rows(db).read("SELECT body FROM inbox WHERE id = :id", id=one.id)
        assert (body is not None) is kept, state
    assert await do(db, inbox.requeue_held, host=None, now=NOW) == 1
    claimed = await do(db, inbox.claim_due, Lease("one", NOW, NOW + LEASE), limit=9, share=9)
    assert [one.body for one in claimed] == [b"{}"]


async def test_what_is_forgotten_is_finished_and_old(db: Database) -> None:
    """What waits or is held is never forgotten by age."""
    for state in ("due", "held", "done", "refused", "dead"):
        await put(db, item(uri=state, state=state, received_at=NOW - 10), item(uri=f"{state}2", state=state))
    await do(db, inbox.delete_finished_before, NOW)
    old = await Rows(db).read("SELECT state FROM inbox WHERE received_at < :now ORDER BY state", now=NOW)
    assert old == [("due",), ("held",)]
    assert await Rows(db).read("SELECT count(*) FROM inbox WHERE received_at = :now", now=NOW) == [(5,)]


async def test_a_nonce_is_good_once_for_each_key(db: Database) -> None:
    async def use(key: str, nonce: str) -> bool:
        return await do(db, inbox.insert_nonce, key_uri=key, nonce=nonce, now=NOW)

    assert [await use("k1", "n"), await use("k1", "n"), await use("k2", "n"), await use("k1", "m")] == [
        True, False, True, True,
    ]  # fmt: skip
    await do(db, inbox.delete_nonces_before, NOW + 1)
    assert await use("k1", "n")


async def test_unknown_hosts_are_counted_up_to_a_thousand(db: Database) -> None:
    async def knock(*hosts: str) -> None:
        async def unit(tx: Any) -> None:
            for host in hosts:
                await inbox.count_unknown_host(tx, host, now=NOW)

        await db.transact(unit)

    await knock("a.example", "a.example", "b.example")
    assert await Rows(db).read("SELECT host, requests FROM unknown_hosts ORDER BY host") == [
        ("a.example", 2),
        ("b.example", 1),
    ]
    await knock(*(f"h{number}.example" for number in range(1005)), "a.example")
    assert await Rows(db).read("SELECT count(*) FROM unknown_hosts") == [(1000,)]
    assert await Rows(db).read("SELECT requests FROM unknown_hosts WHERE host = 'a.example'") == [(3,)]


async def test_one_claim_looks_at_the_rows_that_it_takes_and_few_others(db: Database, queue: Queue) -> None:
    """From host to host through the index: a long queue of one host must not make each claim long."""
    await queue.put("big.example", 300)
    sql = queues._first("deliveries", 4, "")
    prefix, column = ("EXPLAIN QUERY PLAN", 3) if db.dialect == "sqlite" else ("EXPLAIN", 0)
    rows = await db.read(lambda tx: tx.rows(f"{prefix} {sql}", now=NOW, busy=[]))
    plan = " ".join(str(row[column]) for row in rows)
    assert "deliveries_due" in plan
    assert "SCAN x" not in plan
    assert "Seq Scan on deliveries" not in plan
