"""Choosing a password: with the present one, or without one soon after a sign-in link; other browsers are signed out."""

from storage.audit import list_latest
from storage.database import Database
from tests.web.browsing import look, press, sign_in
from tests.web.people import PASSWORD, add_person
from tests.web.serving import Served, serving
from web.pages.password import FRESH_MS
from web.pages.sign_in import issue_link

PLACE = "/settings/password"
NEW = "a new long password"


async def change(served: Served, new: str = NEW, **filled: str) -> int:
    page = await look(served.browser, PLACE)
    return (await press(served.browser, page, PLACE, new_password=new, **filled)).status


async def attempt(served: Served, password: str) -> int:
    served.browser.session.cookie_jar.clear()
    page = await look(served.browser, "/auth/sign_in")
    return (await press(served.browser, page, "/auth/sign_in", login="alice", password=password)).status


async def test_with_the_present_password(db: Database) -> None:
    alice = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served, serving(db) as other:
        await sign_in(served.browser, alice)
        await sign_in(other.browser, alice)
        assert await change(served, password="wrong") == 422
        assert await change(served) == 422
        assert await change(served, "short", password=PASSWORD) == 422
        assert await change(served, "x" * 1001, password=PASSWORD) == 422
        assert (await other.browser.get("/settings", allow_redirects=False)).status == 200
        assert await change(served, password=PASSWORD) == 200
        assert (await served.browser.get("/settings", allow_redirects=False)).status == 200
        assert (await other.browser.get("/settings", allow_redirects=False)).status == 302
        assert await attempt(served, PASSWORD) == 422
        assert await attempt(served, NEW) == 303
    [row] = await db.read(lambda tx: list_latest(tx, limit=9))
    assert tuple(row)[1:4] == ("alice", "member.password", "alice")


async def test_without_one_soon_after_a_link(db: Database) -> None:
    alice = await add_person(db, "alice")
    async with serving(db) as served:
        for waited, status in ((FRESH_MS, 403), (FRESH_MS - 1, 200)):
            link = await issue_link(db, served.ctx.origin, alice.actor.id, now=served.clock.now)
            page = await look(served.browser, link.removeprefix(served.ctx.origin.base))
            await press(served.browser, page, "/auth/link")
            served.clock.now += waited
            assert await change(served) == status
        assert await change(served, "another one entirely") == 422
        assert await attempt(served, NEW) == 303


async def test_who_has_no_password_is_told_to_choose_one_first(db: Database) -> None:
    alice = await add_person(db, "alice")
    async with serving(db) as served:
        link = await issue_link(db, served.ctx.origin, alice.actor.id, now=served.clock.now)
        page = await look(served.browser, link.removeprefix(served.ctx.origin.base))
        await press(served.browser, page, "/auth/link")
        page = await look(served.browser, "/settings/two_factor")
        answer = await press(served.browser, page, "/settings/two_factor/app", password="")
        assert answer.status == 422
        assert "Please choose one first." in await answer.text()


async def test_guesses_of_the_present_password_are_counted(db: Database) -> None:
    alice = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        await sign_in(served.browser, alice)
        statuses = [await change(served, password="wrong") for _ in range(25)]
        assert statuses[:24] == [422] * 24
        assert statuses[24] == 429
        assert await change(served, password=PASSWORD) == 429


async def test_password_managers_find_the_page(db: Database) -> None:
    async with serving(db) as served:
        answer = await served.browser.get("/.well-known/change-password", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, PLACE)
