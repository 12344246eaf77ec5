"""Members, sessions and sign-in links: who is found, until when, and how often."""

import asyncio

import pytest

from storage.actors import update_actor
from storage.database import Database
from storage.members import (
    Person,
    claim_link,
    delete_session,
    delete_sessions_of,
    get_person,
    get_person_by_link,
    get_person_by_login,
    get_person_by_session,
    insert_link,
    insert_session,
    list_people,
    update_member,
)
from tests.web.people import NOW, add_person

HOUR = 3_600_000


async def disable(db: Database, person: Person, table: str) -> None:
    change = update_member if table == "members" else update_actor
    await db.transact(lambda tx: change(tx, person.actor.id, disabled_at=NOW))


async def open_session(db: Database, person: Person, hashed: str, *, now: int = NOW) -> None:
    await db.transact(
        lambda tx: insert_session(tx, hashed=hashed, actor_id=person.actor.id, now=now, expires_at=now + HOUR)
    )


async def by_session(db: Database, hashed: str, *, now: int = NOW) -> Person | None:
    return await db.read(lambda tx: get_person_by_session(tx, hashed, now=now))


@pytest.mark.parametrize("login", ["alice", "Alice", "alice@clinic.example", "ALICE@CLINIC.example"])
async def test_people_are_found_by_name_and_mail_without_case(db: Database, login: str) -> None:
    person = await add_person(db, "Alice")
    await add_person(db, "bob")
    assert await db.read(lambda tx: get_person_by_login(tx, login)) == person


async def test_nobody_is_found_by_half_a_name(db: Database) -> None:
    await add_person(db, "alice")
    assert [await db.read(lambda tx, login=login: get_person_by_login(tx, login)) for login in ("", "ali", "%")] == [  # type: ignore[misc]
        None,
        None,
        None,
    ]


async def test_people_are_listed_by_name(db: Database) -> None:
    bob, alice = await add_person(db, "bob"), await add_person(db, "alice")
    assert await db.read(list_people) == [alice, bob]
    assert await db.read(lambda tx: get_person(tx, bob.actor.id)) == bob


async def test_a_session_ends_when_it_expires(db: Database) -> None:
    person = await add_person(db, "alice")
    await open_session(db, person, "s1")
    assert await by_session(db, "s1", now=NOW + HOUR - 1) == person
    assert await by_session(db, "s1", now=NOW + HOUR) is None
    assert await by_session(db, "other") is None


@pytest.mark.parametrize("table", ["members", "actors"])
async def test_a_session_ends_when_its_member_is_disabled(db: Database, table: str) -> None:
    person = await add_person(db, "alice")
    await open_session(db, person, "s1")
    await disable(db, person, table)
    assert await by_session(db, "s1") is None
    disabled = await db.read(lambda tx: get_person(tx, person.actor.id))
    assert disabled is not None
    assert not disabled.enabled


async def test_sessions_are_closed_one_by_one_or_all(db: Database) -> None:
    alice, bob = await add_person(db, "alice"), await add_person(db, "bob")
    for hashed, person in (("a1", alice), ("a2", alice), ("a3", alice), ("b1", bob)):
        await open_session(db, person, hashed)
    await db.transact(lambda tx: delete_session(tx, "a1"))
    assert await by_session(db, "a1") is None
    assert await by_session(db, "a2") == alice
    await db.transact(lambda tx: delete_sessions_of(tx, alice.actor.id))
    assert await by_session(db, "a2") is None
    assert await by_session(db, "b1") == bob


async def test_expired_sessions_and_links_are_forgotten(db: Database) -> None:
    person = await add_person(db, "alice")
    await open_session(db, person, "old")
    await add_link(db, person, "old")
    await open_session(db, person, "new", now=NOW + HOUR)
    await add_link(db, person, "new", now=NOW + HOUR)

    for table in ("sessions", "sign_in_links"):
        kept = await db.read(lambda tx, table=table: tx.rows(f"SELECT hash FROM {table}"))  # type: ignore[misc]
        assert [tuple(row) for row in kept] == [("new",)]


async def add_link(db: Database, person: Person, hashed: str, *, now: int = NOW) -> None:
    await db.transact(
        lambda tx: insert_link(tx, hashed=hashed, actor_id=person.actor.id, now=now, expires_at=now + HOUR)
    )


async def test_a_link_is_good_once_even_for_two_at_once(db: Database) -> None:
    person = await add_person(db, "alice")
    await add_link(db, person, "l1")
    assert await db.read(lambda tx: get_person_by_link(tx, "l1", now=NOW)) == person
    claims = await asyncio.gather(*(db.transact(lambda tx: claim_link(tx, "l1", now=NOW)) for _ in range(4)))
    assert sorted(claims, key=str) == sorted([person, None, None, None], key=str)


@pytest.mark.parametrize("table", ["members", "actors"])
async def test_a_link_of_a_disabled_member_is_good_for_nothing(db: Database, table: str) -> None:
    person = await add_person(db, "alice")
    await add_link(db, person, "l1")
    await disable(db, person, table)
    assert await db.transact(lambda tx: claim_link(tx, "l1", now=NOW)) is None


async def test_a_link_expires(db: Database) -> None:
    person = await add_person(db, "alice")
    await add_link(db, person, "l1")
    assert await db.transact(lambda tx: claim_link(tx, "l1", now=NOW + HOUR)) is None
