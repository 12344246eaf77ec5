"""People who are shown again and again: read whole only where they changed, and never as they were before."""

import ast
from pathlib import Path

import pytest

from storage import actors
from storage.database import Database, Reader, Transaction
from storage.kept import MOST, Kept
from storage.records import Actor
from tests.storage.rows import NOW, actor, ask, do

ROOT = Path(__file__).parents[2]


async def shown(db: Database, one: Actor) -> Actor:
    found = await ask(db, actors.list_shown, [one.id])
    assert found == await ask(db, actors.list_actors, [one.id])
    return found[one.id]


async def test_every_change_is_shown_at_once(db: Database) -> None:
    ben = actor(host="b.example")
    await do(db, actors.insert_actor, ben)
    assert await shown(db, ben) == ben
    await db.transact(lambda tx: actors.update_actor(tx, ben.id, name="Ben"))
    assert (await shown(db, ben)).name == "Ben"
    await do(db, actors.update_counts, ben.id, statuses=1, last=NOW)
    assert (await shown(db, ben)).statuses_count == 1
    await do(db, actors.suspend_host, ben.host, suspended=True)
    assert (await shown(db, ben)).host_suspended == 1
    renamed = actor(host="b.example", id=ben.id, uri=ben.uri, name="Benoit")
    await do(db, actors.upsert_remote_actor, renamed)
    assert (await shown(db, ben)).name == "Benoit"
    usurper = actor(host="b.example", username=renamed.username)
    await do(db, actors.upsert_remote_actor, usurper)
    assert (await shown(db, ben)).username == f"{renamed.username}-{ben.id}"


async def test_who_has_not_changed_is_not_read_again(db: Database) -> None:
    ben = actor(host="b.example")
    await do(db, actors.insert_actor, ben)
    first, again = await shown(db, ben), await shown(db, ben)
    assert first is again


async def test_what_was_never_committed_is_never_shown(db: Database) -> None:
    ben = actor(host="b.example")
    await do(db, actors.insert_actor, ben)

    async def fails(tx: Transaction) -> None:
        await actors.update_actor(tx, ben.id, name="Never")
        assert (await actors.list_shown(tx, [ben.id]))[ben.id].name == "Never"
        raise LookupError

    with pytest.raises(LookupError):
        await db.transact(fails)
    await db.transact(lambda tx: actors.update_actor(tx, ben.id, summary="x"))
    assert (await shown(db, ben)).name == ben.name


async def test_those_who_are_not_there_are_left_out(db: Database) -> None:
    async def unit(tx: Reader) -> dict[int, Actor]:
        return await actors.list_shown(tx, [1])

    assert await db.read(unit) == {}


def test_no_more_is_kept_than_may_be() -> None:
    kept = Kept()
    for number in range(MOST + 1):
        kept.put(number, 1, number)
    assert [kept.get(number, 1) for number in (0, MOST - 1, MOST)] == [None, None, MOST]
    assert kept.get(MOST, 2) is None


def test_every_statement_that_changes_actors_counts_the_version() -> None:
    texts = [
        node.value
        for path in (ROOT / "storage").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    changing = [text for text in texts if "UPDATE actors SET" in text or "ON CONFLICT (uri) DO UPDATE SET" in text]
    assert len(changing) >= 4
    assert [text for text in changing if "version = " not in text] == []
