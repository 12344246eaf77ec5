"""Apps, codes and tokens as rows: codes are good once, grants say what holds now."""

import asyncio

import pytest

from storage.actors import update_actor
from storage.database import Database
from storage.ids import new_id
from storage.members import Person, update_member
from storage.oauth import (
    Code,
    Grant,
    claim_code,
    delete_token,
    delete_tokens_of,
    get_app,
    get_app_by_client_id,
    get_grant,
    insert_app,
    insert_code,
    insert_token,
)
from storage.records import App, Token
from tests.web.people import NOW, add_person


async def add_app(db: Database, client_id: str = "c1") -> App:
    app = App(new_id(NOW), client_id, "hash", "Test", None, "app://", "read", NOW)
    await db.transact(lambda tx: insert_app(tx, app))
    return app


async def add_code(db: Database, app: App, person: Person, hashed: str, *, now: int = NOW, older_than: int = 0) -> Code:
    code = Code(hashed, app.id, person.actor.id, "app://", "read", "", now)
    await db.transact(lambda tx: insert_code(tx, code, older_than=older_than))
    return code


async def add_token(db: Database, app: App, actor_id: int | None, hashed: str) -> Token:
    token = Token(new_id(NOW), hashed, app.id, actor_id, "read write", NOW)
    await db.transact(lambda tx: insert_token(tx, token))
    return token


async def grant_of(db: Database, hashed: str) -> Grant | None:
    return await db.read(lambda tx: get_grant(tx, hashed, now=NOW))


async def test_apps_are_found_by_both_their_keys(db: Database) -> None:
    app = await add_app(db)
    assert await db.read(lambda tx: get_app(tx, app.id)) == app
    assert await db.read(lambda tx: get_app_by_client_id(tx, "c1")) == app
    assert await db.read(lambda tx: get_app_by_client_id(tx, "C1")) is None


async def test_a_code_is_good_once_even_for_two_at_once(db: Database) -> None:
    app, person = await add_app(db), await add_person(db, "alice")
    code = await add_code(db, app, person, "k1")
    claims = await asyncio.gather(*(db.transact(lambda tx: claim_code(tx, "k1")) for _ in range(4)))
    assert [claim for claim in claims if claim] == [code]


async def test_old_codes_are_forgotten_when_a_new_one_is_made(db: Database) -> None:
    app, person = await add_app(db), await add_person(db, "alice")
    await add_code(db, app, person, "old", now=NOW - 1)
    await add_code(db, app, person, "new", older_than=NOW)
    assert await db.transact(lambda tx: claim_code(tx, "old")) is None
    assert await db.transact(lambda tx: claim_code(tx, "new")) is not None


async def test_a_grant_names_its_member_and_role(db: Database) -> None:
    app, person = await add_app(db), await add_person(db, "alice", role="auditor")
    token = await add_token(db, app, person.actor.id, "t1")
    assert await grant_of(db, "t1") == Grant(
        token.id, app.id, "read write", person.actor.id, "auditor", "", type="Person", name="alice"
    )
    assert await grant_of(db, "t2") is None


async def test_a_token_of_an_app_has_no_member_and_is_not_disabled(db: Database) -> None:
    app = await add_app(db)
    token = await add_token(db, app, None, "t1")
    assert await grant_of(db, "t1") == Grant(token.id, app.id, "read write", None, None, "")


@pytest.mark.parametrize("table", ["members", "actors", "gone"])
async def test_a_grant_ends_with_its_member(db: Database, table: str) -> None:
    app, person = await add_app(db), await add_person(db, "alice")
    await add_token(db, app, person.actor.id, "t1")
    actor_id = person.actor.id
    if table == "gone":
        await db.transact(lambda tx: tx.execute("DELETE FROM members WHERE actor_id = :id", id=actor_id))
    elif table == "members":
        await db.transact(lambda tx: update_member(tx, actor_id, disabled_at=NOW))
    else:
        await db.transact(lambda tx: update_actor(tx, actor_id, disabled_at=NOW))
    grant = await grant_of(db, "t1")
    assert grant is not None
    assert grant.standing == "disabled"


async def test_an_app_revokes_only_its_own_tokens(db: Database) -> None:
    mine, other = await add_app(db), await add_app(db, "c2")
    await add_token(db, mine, None, "t1")
    assert not await db.transact(lambda tx: delete_token(tx, "t1", app_id=other.id))
    assert await grant_of(db, "t1") is not None
    assert await db.transact(lambda tx: delete_token(tx, "t1", app_id=mine.id))
    assert await grant_of(db, "t1") is None


async def test_all_tokens_of_a_member_are_revoked_together(db: Database) -> None:
    app, alice, bob = await add_app(db), await add_person(db, "alice"), await add_person(db, "bob")
    await add_token(db, app, alice.actor.id, "a1")
    await add_token(db, app, alice.actor.id, "a2")
    await add_token(db, app, bob.actor.id, "b1")
    await db.transact(lambda tx: delete_tokens_of(tx, alice.actor.id))
    assert [await grant_of(db, hashed) is None for hashed in ("a1", "a2", "b1")] == [True, True, False]
