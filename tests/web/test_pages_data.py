"""Taking one's lists away and bringing them along: what is in the files, what becomes of each line, and whose it is."""

import asyncio
import csv
from io import BytesIO, StringIO

import aiohttp
import pytest

from federation.outbox.imports import RETRY_AFTER, apply_due
from policies.terms import Audience
from storage import blocks, bookmarks, follows, imports, lists, mutes
from storage.database import Transaction
from storage.members import Person, update_member
from storage.mutes import FOR_EVER
from storage.queues import Lease
from storage.records import Block, Mute, PeopleList
from tests.web.api_world import World
from tests.web.browsing import hidden, look, press, sign_in
from tests.web.people import PASSWORD
from web.pages import data
from web.passwords import hash_password

PLACE = "/settings/data"


@pytest.fixture
async def anne(world: World) -> Person:
    """Signed in."""
    person = await world.person("anne")
    hashed = await hash_password(PASSWORD)
    await world.write(lambda tx: update_member(tx, person.actor.id, password_hash=hashed))
    await sign_in(world.browser, person)
    return person


async def bring(world: World, kind: str, text: str) -> int:
    page = await look(world.browser, PLACE)
    form = aiohttp.FormData({"csrf": hidden(page, PLACE)["csrf"], "kind": kind})
    form.add_field("file", BytesIO(text.encode()), filename="x.csv", content_type="text/csv")
    return (await world.browser.post(PLACE, data=form, allow_redirects=False)).status


async def apply(world: World) -> None:
    await apply_due(world.ctx, asyncio.Event(), "test")


async def failures(world: World, who: Person) -> list[tuple[str, str]]:
    found = await world.db.read(lambda tx: imports.list_failed(tx, who.actor.id, limit=99))
    return [(line.cells, line.reason) for line in found]


async def taken(world: World, kind: str) -> list[list[str]]:
    answer = await world.browser.get(f"{PLACE}/{kind}.csv")
    assert answer.status == 200
    assert answer.content_type == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Cache-Control"] == "private, no-store"
    return list(csv.reader(StringIO(await answer.text())))


async def test_what_a_member_takes_with_them(world: World, anne: Person) -> None:
    bruno, old = await world.person("bruno"), await world.stranger("old")
    group = await world.group("cardiologie", [anne, bruno])
    me = anne.actor.id
    await world.follow(anne.actor, bruno.actor, boosts=0)
    await world.follow(anne.actor, old, state="pending")
    await world.follow(bruno.actor, anne.actor)
    public, secret = await world.status(old), await world.status(bruno.actor, group=group)
    hidden_now = await world.status(old, audience=Audience.DIRECT)

    async def unit(tx: Transaction) -> None:
        await blocks.insert_block(tx, Block(1, me, old.id, "x", 1))
        await mutes.upsert_mute(tx, Mute(1, me, bruno.actor.id, 0, FOR_EVER, 1))
        await blocks.insert_blocked_host(tx, 1, me, "bad.example")
        await lists.insert_list(tx, PeopleList(1, me, "Confrères", "list", 0, 1))
        await lists.insert_people(tx, 1, [bruno.actor.id], now=1)
        for number, status in enumerate((public, secret, hidden_now)):
            await bookmarks.insert_bookmark(tx, me, status.id, bookmark_id=number + 1, now=1)

    await world.write(unit)
    assert (await taken(world, "follows"))[1:] == [["bruno@chu-a.example", "false", "false", ""]]
    assert await taken(world, "blocks") == [["old@chu-b.example"]]
    assert (await taken(world, "mutes"))[1:] == [["bruno@chu-a.example", "false"]]
    assert await taken(world, "hosts") == [["bad.example"]]
    assert await taken(world, "lists") == [["Confrères", "bruno@chu-a.example"]]
    await world.write(lambda tx: tx.execute("DELETE FROM blocks"))
    assert await taken(world, "bookmarks") == [[public.uri]]
    assert (await world.browser.get(f"{PLACE}/secrets.csv")).status == 404


async def test_what_is_brought_is_done_line_by_line(world: World, anne: Person) -> None:
    bruno, claire, me = await world.person("bruno"), await world.person("claire"), anne.actor.id
    post, secret = await world.status(claire.actor), await world.status(claire.actor, audience=Audience.DIRECT)
    assert await bring(world, "follows", "bruno@chu-a.example,false,true\n") == 303
    await apply(world)
    assert await bring(world, "blocks", "claire@chu-a.example\n") == 303
    assert await bring(world, "mutes", "bruno,false\n") == 303
    assert await bring(world, "hosts", "bad.example\n") == 303
    assert await bring(world, "lists", "Confrères,bruno@chu-a.example\nConfrères,claire@chu-a.example\n") == 303
    assert "Waiting to be done: 5" in await look(world.browser, PLACE)
    await apply(world)
    known = await world.db.read(lambda tx: follows.get_follow(tx, me, bruno.actor.id))
    assert known is not None
    assert (known.state, known.boosts, known.notify) == ("accepted", 0, 1)
    assert await world.db.read(lambda tx: blocks.get_block(tx, me, claire.actor.id)) is not None
    muted = await world.db.read(lambda tx: mutes.list_mutes(tx, me, [bruno.actor.id], now=1))
    assert muted[bruno.actor.id].notifications == 0
    assert await world.db.read(lambda tx: blocks.are_hosts_blocked(tx, me, ["bad.example"])) == {"bad.example"}
    assert await taken(world, "lists") == [["Confrères", "bruno@chu-a.example"]]
    assert [reason for _, reason in await failures(world, anne)] == ["not_followed"]
    await world.write(lambda tx: tx.execute("DELETE FROM blocks"))
    assert await bring(world, "bookmarks", f"{post.uri}\n{secret.uri}\nhttps://nowhere.example/1\n") == 303
    await apply(world)
    assert await taken(world, "bookmarks") == [[post.uri]]
    page = await look(world.browser, PLACE)
    assert "is not followed by you" in page
    await press(world.browser, page, f"{PLACE}/forget")
    assert await failures(world, anne) == []


async def test_who_cannot_be_found_is_looked_for_twice_more(world: World, anne: Person) -> None:
    await bring(world, "follows", "nobody@chu-a.example\nanne@chu-a.example\n")
    await apply(world)
    assert [reason for _, reason in await failures(world, anne)] == ["refused"]
    for wait in RETRY_AFTER:
        world.tick(wait - 1)
        await apply(world)
        assert len(await failures(world, anne)) == 1
        world.tick(1)
        await apply(world)
    assert sorted(reason for _, reason in await failures(world, anne)) == ["refused", "unknown"]
    assert await world.db.read(lambda tx: imports.count_due(tx, anne.actor.id)) == 0


async def test_a_hidden_group_is_nobody(world: World, anne: Person) -> None:
    await world.group("secret", listed=False, moderated=False)
    for kind in ("follows", "blocks", "mutes"):
        await bring(world, kind, "secret@chu-a.example\n")
    for _ in range(3):
        await apply(world)
        world.tick(max(RETRY_AFTER))
    assert {reason for _, reason in await failures(world, anne)} == {"unknown"}
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM memberships")) == 0


async def test_one_s_own_instance_is_not_blocked_by_a_file(world: World, anne: Person) -> None:
    await bring(world, "hosts", "chu-a.example\nno host\n")
    await apply(world)
    assert [reason for _, reason in await failures(world, anne)] == ["refused", "refused"]


async def test_members_take_turns(world: World, anne: Person) -> None:
    bruno = await world.person("bruno")
    many = [[f"p{n}@x.example"] for n in range(50)]
    for who in (anne, bruno):
        await world.write(lambda tx, who=who: imports.insert_lines(tx, who.actor.id, "blocks", many, now=1))
    lease = Lease("test", world.tick(), world.clock.now + 1000)
    claimed = await world.write(lambda tx: imports.claim_due(tx, lease, limit=8, share=2))
    assert sorted(line.owner_id for line in claimed) == sorted([anne.actor.id, bruno.actor.id] * 2)


async def test_nothing_is_done_for_a_closed_account(world: World, anne: Person) -> None:
    await bring(world, "hosts", "bad.example\n")
    await world.write(lambda tx: update_member(tx, anne.actor.id, disabled_at=1))
    await apply(world)
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM blocked_hosts")) == 0
    assert await world.db.read(lambda tx: tx.value("SELECT count(*) FROM import_lines")) == 0


async def test_what_is_no_such_file_or_too_much_is_refused(
    world: World, anne: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await bring(world, "blocks", '"open') == 422
    assert await bring(world, "blocks", "") == 422
    assert await bring(world, "lists", f"{'x' * 257},a@b\n") == 422
    assert await bring(world, "nothing", "a@b\n") == 404
    assert await bring(world, "blocks", "x" * (data.MOST_BYTES + 1)) == 413
    monkeypatch.setattr(data, "MOST_WAITING", 3)
    assert await bring(world, "blocks", "a@b\nc@d\n") == 303
    assert await bring(world, "blocks", "a@b\nc@d\n") == 422
    assert await world.db.read(lambda tx: imports.count_due(tx, anne.actor.id)) == 2


async def test_a_bug_costs_one_line(world: World, anne: Person) -> None:
    await bring(world, "hosts", "bad.example\nworse.example\n")
    await world.write(lambda tx: tx.execute("UPDATE import_lines SET cells = '[]' WHERE cells LIKE '%bad%'"))
    await apply(world)
    assert [reason for _, reason in await failures(world, anne)] == ["broken"]
    assert await world.db.read(lambda tx: blocks.are_hosts_blocked(tx, anne.actor.id, ["worse.example"]))
