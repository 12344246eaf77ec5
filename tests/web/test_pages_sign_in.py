"""Signing in and out: passwords, one-time links, form tokens; and never to another site."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from storage.database import Database
from storage.members import Person, update_member
from tests.web.browsing import hidden, look, press, sign_in
from tests.web.people import NOW, PASSWORD, add_person
from tests.web.serving import Served, serving
from web.pages.session import SESSION_MS
from web.pages.sign_in import LINK_MS, issue_link, local_path


async def who(served: Served) -> str | None:
    """Who is signed in, by the settings page."""
    found = re.search(r"<code>@(\w+)@chu-a.example", await look(served.browser, "/settings"))
    return found[1] if found else None


async def attempt(served: Served, login: str, password: str) -> int:
    page = await look(served.browser, "/auth/sign_in")
    return (await press(served.browser, page, "/auth/sign_in", login=login, password=password)).status


async def link_for(served: Served, person: Person) -> str:
    address = await issue_link(served.ctx.db, served.ctx.origin, person.actor.id, now=served.clock.now)
    assert address.startswith("https://chu-a.example/auth/link?token=")
    return address.removeprefix("https://chu-a.example")


async def test_by_name_or_mail_and_password(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    for login in ("alice", "@alice", " Alice ", "alice@clinic.example", "ALICE@clinic.example"):
        async with serving(db) as served:
            assert await attempt(served, login, PASSWORD) == 303
            assert await who(served) == "alice"


async def test_wrong_names_and_wrong_passwords_look_alike(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    await add_person(db, "linkonly")
    answers = set()
    async with serving(db) as served:
        for login, password in (("alice", "wrong"), ("nobody", PASSWORD), ("linkonly", ""), ("", "")):
            page = await look(served.browser, "/auth/sign_in")
            response = await press(served.browser, page, "/auth/sign_in", login=login, password=password)
            text = (await response.text()).replace(f'value="{login}"', "").replace(" autofocus", "")
            answers.add((response.status, text))
        assert await who(served) is None
    assert len(answers) == 1
    assert "The name or the password is not right." in answers.pop()[1]


async def test_a_disabled_account_is_told_so_only_with_its_password(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    await db.transact(lambda tx: update_member(tx, person.actor.id, disabled_at=NOW))
    async with serving(db) as served:
        assert await attempt(served, "alice", PASSWORD) == 403
        assert await attempt(served, "alice", "wrong") == 422
        assert await who(served) is None


async def test_signing_out_ends_the_session_here_and_in_the_database(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        await sign_in(served.browser, person)
        stolen = {"Cookie": f"confrere_session_chu_a_example={session_of(served)}"}
        page = await look(served.browser, "/settings")
        assert (await press(served.browser, page, "/auth/sign_out")).headers["Location"] == "/"
        assert await who(served) is None
        again = await served.browser.get("/settings", headers=stolen, allow_redirects=False)
        assert again.status == 302


def session_of(served: Served) -> str:
    jar = served.browser.session.cookie_jar
    return next(cookie.value for cookie in jar if cookie.key.startswith("confrere_session"))


async def test_a_session_ends_by_itself_and_with_the_account(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        await sign_in(served.browser, person)
        served.clock.now += SESSION_MS - 1
        assert await who(served) == "alice"
        served.clock.now += 1
        assert await who(served) is None
        await sign_in(served.browser, person)
        await db.transact(lambda tx: update_member(tx, person.actor.id, disabled_at=NOW))
        assert await who(served) is None


async def test_signing_in_again_ends_the_session_before(db: Database) -> None:
    alice, bob = await add_person(db, "alice", password=PASSWORD), await add_person(db, "bob", password=PASSWORD)
    async with serving(db) as served:
        await sign_in(served.browser, alice)
        first = session_of(served)
        await sign_in(served.browser, bob)
        assert await who(served) == "bob"
        assert session_of(served) != first
        assert await db.read(lambda tx: tx.value("SELECT count(*) FROM sessions")) == 1


class TestLinks:
    async def test_looking_at_a_link_does_not_use_it_up(self, db: Database) -> None:
        person = await add_person(db, "alice")
        async with serving(db) as served:
            link = await link_for(served, person)
            pages = [await look(served.browser, link) for _ in range(3)]
            assert "@alice" in pages[0]
            await served.browser.head(link)
            response = await press(served.browser, pages[-1], "/auth/link")
            assert (response.status, response.headers["Location"]) == (303, "/settings")
            assert await who(served) == "alice"

    async def test_a_link_is_good_once(self, db: Database) -> None:
        person = await add_person(db, "alice")
        async with serving(db) as served, serving(db) as thief:
            link = await link_for(served, person)
            page, copy = await look(served.browser, link), await look(thief.browser, link)
            assert (await press(served.browser, page, "/auth/link")).status == 303
            assert (await press(thief.browser, copy, "/auth/link")).status == 404
            assert await who(thief) is None
            assert (await thief.browser.get(link)).status == 404

    async def test_a_link_is_good_for_a_day(self, db: Database) -> None:
        person = await add_person(db, "alice")
        async with serving(db) as served:
            link = await link_for(served, person)
            page = await look(served.browser, link)
            served.clock.now += LINK_MS
            assert (await press(served.browser, page, "/auth/link")).status == 404
            assert await who(served) is None

    async def test_an_invented_link_is_good_for_nothing(self, db: Database) -> None:
        async with serving(db) as served:
            for token, status in (("", 404), ("x", 404), ("é", 404), ("%00", 400), ("%FF", 400)):
                assert (await served.browser.get(f"/auth/link?token={token}")).status == status

    async def test_links_are_not_stored(self, db: Database) -> None:
        person = await add_person(db, "alice")
        async with serving(db) as served:
            token = (await link_for(served, person)).partition("token=")[2]
        row = await db.read(lambda tx: tx.row("SELECT * FROM sign_in_links"))
        assert row is not None
        assert token not in [str(value) for value in row]


class TestFormTokens:
    async def test_no_form_is_taken_without_its_token(self, db: Database) -> None:
        person = await add_person(db, "alice", password=PASSWORD)
        async with serving(db) as served:
            await sign_in(served.browser, person)
            for path in ("/auth/sign_in", "/auth/sign_out", "/auth/link", "/settings", "/oauth/authorize"):
                for data in ({}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": "é"}):
                    response = await served.browser.post(path, data=data, allow_redirects=False)
                    assert response.status == 403
            assert await who(served) == "alice"

    async def test_the_token_of_one_browser_is_not_good_in_another(self, db: Database) -> None:
        person = await add_person(db, "alice", password=PASSWORD)
        async with serving(db) as served, serving(db) as other:
            page = await look(other.browser, "/auth/sign_in")
            await look(served.browser, "/auth/sign_in")
            stolen = hidden(page, "/auth/sign_in")
            data = stolen | {"login": "alice", "password": PASSWORD}
            assert (await served.browser.post("/auth/sign_in", data=data)).status == 403
            await sign_in(served.browser, person)
            assert (await served.browser.post("/settings", data=stolen | {"locale": "fr"})).status == 403

    async def test_every_form_of_every_page_carries_one(self, db: Database) -> None:
        person = await add_person(db, "alice", password=PASSWORD)
        async with serving(db) as served:
            pages = [
                await look(served.browser, "/auth/sign_in"),
                await look(served.browser, await link_for(served, person)),
            ]
            await sign_in(served.browser, person)
            pages += [await look(served.browser, path) for path in ("/", "/settings", "/auth/sign_in")]
        for page in pages:
            forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
            assert forms
            assert all(re.search(r'name="csrf" value="[0-9a-f]{64}"', form) for form in forms)
            assert all('method="post"' in form for form in forms)


class TestGoingBack:
    async def test_to_where_one_came_from(self, db: Database) -> None:
        await add_person(db, "alice", password=PASSWORD)
        async with serving(db) as served:
            for back in ("/settings", "/oauth/authorize?client_id=x&redirect_uri=app%3A%2F%2F", "/"):
                page = await look(served.browser, str(URL("/auth/sign_in").with_query(next=back)))
                response = await press(served.browser, page, "/auth/sign_in", login="alice", password=PASSWORD)
                assert response.headers["Location"] == back

    @pytest.mark.parametrize(
        "back",
        [
            "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
            "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "é", "/é", " /x", "/\x7f/x",
        ],
    )  # fmt: skip
    def test_never_to_another_site(self, back: str) -> None:
        assert local_path(back) == "/settings"

    @given(st.text(st.sampled_from("/\\.:@?# \t\n\r\0aé")) | st.text())
    def test_wherever_a_browser_goes_it_is_here(self, back: str) -> None:
        """As the WHATWG URL standard reads it: tabs and newlines are dropped, a backslash is a slash."""
        path = local_path(back)
        seen = path.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None}).replace("\\", "/")
        assert seen.startswith("/")
        assert not seen.startswith("//")
        assert urlsplit(path).netloc == ""
