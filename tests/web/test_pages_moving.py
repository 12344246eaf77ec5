"""Moving: aliases and the new account on the pages, and how apps and visitors see who somebody has become."""

from typing import Any

from storage import moves
from storage.actors import update_actor
from storage.members import Person, update_member
from storage.records import Actor
from tests.web.api_world import World
from tests.web.browsing import look, press, sign_in
from tests.web.entity_checker import EntityChecker
from tests.web.people import PASSWORD
from web.passwords import hash_password

PLACE = "/settings/move"


async def signed_in(world: World) -> Person:
    anne = await world.person("anne")
    hashed = await hash_password(PASSWORD)
    await world.write(lambda tx: update_member(tx, anne.actor.id, password_hash=hashed))
    await sign_in(world.browser, anne)
    return anne


async def moved(world: World, actor: Actor, target: Actor) -> None:
    await world.write(lambda tx: moves.insert_move(tx, actor.id, target.id, now=world.clock.now))


async def test_apps_are_told_who_somebody_has_become(world: World, checker: EntityChecker) -> None:
    anne, old, new = await world.person("anne"), await world.stranger("old"), await world.stranger("new")
    await world.attest(new)
    await moved(world, old, new)
    await moved(world, new, anne.actor)
    answer = await world.get(f"/api/v1/accounts/{old.id}", anne)
    checker.check("Account", answer.body)
    assert answer.body["moved"]["id"] == str(new.id)
    assert "moved" not in answer.body["moved"]
    status = await world.status(old, homes=[anne.actor])
    shown = await world.get(f"/api/v1/statuses/{status.id}", anne)
    assert shown.body["account"]["moved"]["acct"] == new.acct
    await world.write(lambda tx: update_actor(tx, new.id, disabled_at=1))
    assert "moved" not in (await world.get(f"/api/v1/accounts/{old.id}", anne)).body
    await world.write(lambda tx: update_actor(tx, new.id, disabled_at=None))
    await world.write(lambda tx: moves.end_move(tx, old.id))
    assert "moved" not in (await world.get(f"/api/v1/accounts/{old.id}", anne)).body


async def test_the_member_sees_it_too_and_visitors(world: World) -> None:
    anne, new = await world.person("anne"), await world.stranger("new")
    await moved(world, anne.actor, new)
    own: dict[str, Any] = (await world.get("/api/v1/accounts/verify_credentials", anne)).body
    assert own["moved"]["acct"] == new.acct
    assert "Has moved to:" in await look(world.browser, "/@anne")


async def test_aliases_on_the_page(world: World) -> None:
    anne, old = await signed_in(world), await world.stranger("old")
    page = await look(world.browser, PLACE)
    for name, status, words in (
        ("@nobody@chu-b.example", 422, "Nobody can be found"),
        ("anne", 422, "This is you"),
        ("", 422, "Nobody can be found"),
        (f"@old@{old.handle_host}", 303, ""),
    ):
        answer = await press(world.browser, page, f"{PLACE}/aliases", name=name)
        assert answer.status == status, name
        assert words in await answer.text()
    page = await look(world.browser, PLACE)
    assert "@old@chu-b.example" in page
    await press(world.browser, page, f"{PLACE}/aliases/remove", uri=old.uri)
    assert await world.db.read(lambda tx: moves.list_aliases(tx, anne.actor.id)) == []


async def test_moving_on_the_page_takes_the_password(world: World) -> None:
    anne, bruno = await signed_in(world), await world.person("bruno")
    follower = await world.person("claire")
    await world.follow(follower.actor, anne.actor)
    page = await look(world.browser, PLACE)
    assert (await press(world.browser, page, PLACE, name="bruno", password="wrong")).status == 422
    answer = await press(world.browser, page, PLACE, name="bruno", password=PASSWORD)
    assert "does not say that it is yours too" in await answer.text()
    await world.write(lambda tx: moves.insert_alias(tx, bruno.actor.id, anne.actor.uri))
    assert (await press(world.browser, page, PLACE, name="bruno", password="wrong")).status == 422
    assert "You have moved to:" not in await look(world.browser, PLACE)
    assert (await press(world.browser, page, PLACE, name="bruno", password=PASSWORD)).status == 303
    page = await look(world.browser, PLACE)
    assert "You have moved to:" in page
    relation = await world.get(f"/api/v1/accounts/relationships?id[]={bruno.actor.id}", follower)
    assert relation.body[0]["following"] is True
    assert (await press(world.browser, page, f"{PLACE}/stay", password="wrong")).status == 422
    assert (await press(world.browser, page, f"{PLACE}/stay", password=PASSWORD)).status == 303
    assert "You have moved to:" not in await look(world.browser, PLACE)
