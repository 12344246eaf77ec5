"""The seam: one SQL text on two engines, all or nothing, shared commits, collisions of ids, commits of others."""

import asyncio
import sqlite3
import threading

import asyncpg
import pytest

from storage.database import Database, Reader, Transaction, UnitOfWorkError
from storage.dialects import translate
from storage.engines import connect
from tests.conftest import Addresses

INSERT = "INSERT INTO instance (key, value) VALUES (:key, :value)"


async def keys(db: Database) -> set[str]:
    async def unit(tx: Reader) -> set[str]:
        return {row[0] for row in await tx.rows("SELECT key FROM instance")}

    return await db.read(unit)


async def insert(tx: Transaction, key: str) -> None:
    await tx.execute(INSERT, key=key, value="v")


async def test_a_failed_unit_leaves_nothing_and_its_neighbours_stay(db: Database) -> None:
    async def fails(tx: Transaction) -> None:
        await insert(tx, "lost")
        raise LookupError("on purpose")

    outcomes = await asyncio.gather(
        db.transact(lambda tx: insert(tx, "a")),
        db.transact(fails),
        db.transact(lambda tx: insert(tx, "b")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], LookupError)
    assert await keys(db) == {"a", "b"}


async def test_an_exception_may_be_a_value(db: Database) -> None:
    async def unit(tx: Transaction) -> LookupError:
        await insert(tx, "kept")
        return LookupError("a value")

    assert isinstance(await db.transact(unit), LookupError)
    assert await keys(db) == {"kept"}


async def test_lists_are_parameters(db: Database) -> None:
    for key in ("a", "b", "c"):
        await db.transact(lambda tx, key=key: insert(tx, key))  # type: ignore[misc]

    async def unit(tx: Reader) -> list[str]:
        rows = await tx.rows(
            "SELECT key FROM instance WHERE key IN :some AND key NOT IN :others ORDER BY key",
            some=["a", "b", "z"],
            others=["b"],
        )
        return [row[0] for row in rows]

    assert await db.read(unit) == ["a"]


async def test_units_that_insert_what_neither_found_both_succeed(db: Database) -> None:
    both = asyncio.Barrier(2)

    async def unit(tx: Transaction) -> bool:
        found = await tx.value("SELECT count(*) FROM instance WHERE key = 'one'")
        if db.dialect == "postgresql" and not found:  # the other engine runs one unit after the other
            await both.wait()
        if not found:
            await insert(tx, "one")
        return bool(found)

    assert sorted(await asyncio.gather(db.transact(unit), db.transact(unit))) == [False, True]


async def test_a_collision_of_ids_runs_the_unit_again(db: Database) -> None:
    ids = iter([7, 7, 8])

    async def unit(tx: Transaction) -> int:
        made = next(ids)
        await tx.execute(
            "INSERT INTO audit (id, actor, act, subject, created_at) VALUES (:id, '', '', '', 0)",
            id=made,
        )
        return made

    assert await db.transact(unit) == 7
    assert await db.transact(unit) == 8


async def test_awaiting_the_network_inside_a_unit_is_refused(addresses: Addresses) -> None:
    if addresses.engine != "sqlite":
        return  # PostgreSQL's driver awaits the network itself; SQLite runs the same code in every test
    db = await connect(await addresses.new())

    async def unit(tx: Transaction) -> None:
        await insert(tx, "a")
        await asyncio.sleep(0)

    with pytest.raises(UnitOfWorkError):
        await db.transact(unit)
    assert await keys(db) == set()
    await db.close()


async def test_a_long_read_is_begun_again_where_it_keeps_nobody_waiting(addresses: Addresses) -> None:
    db = await connect(await addresses.new())
    threads: list[int] = []

    async def count(tx: Reader, most: int) -> int:
        threads.append(threading.get_ident())
        numbers = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < CAST(:most AS INTEGER))"
        return int(await tx.value(f"{numbers} SELECT max(x) FROM n", most=most))

    for _ in range(60):  # the steps of a statement that is kept add up, its time does not
        assert await db.read(lambda tx: count(tx, 1_000)) == 1_000
    elsewhere = len(threads) - threads.count(threading.get_ident())
    assert elsewhere < 20, "a busy machine may make a few of them long, but not nearly all from some time on"
    threads.clear()
    assert await db.read(lambda tx: count(tx, 1_000_000)) == 1_000_000
    if addresses.engine == "sqlite":
        here, aside = threads
        assert (here, aside) == (threading.get_ident(), aside)
        assert aside != here
    assert await db.read(lambda tx: count(tx, 1_000)) == 1_000
    await db.close()


async def test_a_mistake_in_a_read_is_raised(db: Database) -> None:
    with pytest.raises((sqlite3.OperationalError, asyncpg.PostgresError)):
        await db.read(lambda tx: tx.rows("SELECT nothing FROM nowhere"))
    assert await keys(db) == set()


async def test_a_commit_of_another_process_wakes_the_waiting(addresses: Addresses) -> None:
    address = await addresses.new()
    here, there = await connect(address), await connect(address)
    waiting = asyncio.create_task(here.wait_for_commit(10))
    await asyncio.sleep(0)
    while not waiting.done():
        await there.transact(lambda tx: tx.execute("UPDATE instance SET value = 'x'"))
        await there.transact(lambda tx: tx.execute("DELETE FROM instance"))
        await there.transact(lambda tx: insert(tx, "a"))
        await asyncio.wait([waiting], timeout=0.05)
    assert await waiting
    await here.close()
    await there.close()


async def test_waiting_ends_without_a_commit(db: Database) -> None:
    assert not await db.wait_for_commit(0.02)


def test_parameters_are_numbered_once_and_casts_are_left_alone() -> None:
    text, names = translate("SELECT :a::text, :b, :a FROM t WHERE x IN :list /*pg FOR UPDATE*/")
    assert text == "SELECT $1::text, $2, $1 FROM t WHERE x = ANY($3) FOR UPDATE"
    assert names == ("a", "b", "list")


async def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        await connect("mysql://x")


async def test_one_question_needs_no_transaction_and_two_do(db: Database) -> None:
    await db.transact(lambda tx: insert(tx, "a"))

    async def both(tx: Reader) -> None:
        await tx.rows("SELECT key FROM instance")
        await tx.value("SELECT count(*) FROM instance")

    assert await db.ask(lambda tx: tx.value("SELECT key FROM instance")) == "a"
    found = await db.ask(lambda tx: tx.row("SELECT key FROM instance"))
    assert found is not None
    assert found[0] == "a"
    if db.dialect == "postgresql":
        with pytest.raises(UnitOfWorkError):
            await db.ask(both)
