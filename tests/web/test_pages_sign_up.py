"""Signing up by a browser, from an app's request and back to it; confirming; waiting; and what is seen on the way."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

from federation.outbox.sign_ups import approve
from storage import rules, sign_ups
from storage.database import Database
from tests.web.apps import register
from tests.web.browsing import hidden, look, press
from tests.web.people import NOW, add_person
from tests.web.serving import SITE_HERE, Served, serving
from web.keys import Site
from web.rates import Rate

NAMED = {"username": "Nina", "email": "nina@clinic.example", "password": "correct horse", "agreement": "1"}
OPEN = replace(SITE_HERE, registrations="open")
CONFIRMING = replace(OPEN, confirm_email=True, mail=True)
APPROVAL = replace(SITE_HERE, registrations="approval", mail=True, rules=("Pas de nom de patient.",))
RULES = '[instance]\norganisation = "CHU A"\n'


@asynccontextmanager
async def joinable(db: Database, site: Site) -> AsyncIterator[Served]:
    """An instance with a ruleset, as every one that was initialised has."""
    await db.transact(lambda tx: rules.insert_version(tx, body=RULES, author="test", reason="", now=NOW))
    async with serving(db, site=site) as served:
        yield served


async def sign_up(served: Served, path: str = "/auth/sign_up", **changes: str) -> tuple[int, str, str]:
    """Status, page and where it leads."""
    page = await look(served.browser, path)
    response = await press(served.browser, page, "/auth/sign_up", **(NAMED | changes))
    return response.status, await response.text(), response.headers.get("Location", "")


async def newest_link(served: Served) -> str:
    body = await served.ctx.db.read(lambda tx: tx.value("SELECT body FROM mails ORDER BY id DESC LIMIT 1"))
    found = re.search(r"(/auth/confirmation\?token=[\w-]+)", body)
    assert found
    return found[1]


async def sign_in(served: Served, path: str = "/auth/sign_in") -> tuple[int, str, str]:
    page = await look(served.browser, path)
    response = await press(served.browser, page, "/auth/sign_in", login="nina", password=NAMED["password"])
    return response.status, await response.text(), response.headers.get("Location", "")


async def test_who_need_not_wait_goes_on_to_the_app(db: Database) -> None:
    async with joinable(db, OPEN) as served:
        asked = (await register(served.browser)).authorize_path(scope="read")
        page = await look(served.browser, asked)
        found = re.search(r'href="(/auth/sign_up\?next=[^"]+)"', page)
        assert found
        status, _, location = await sign_up(served, found[1].replace("&amp;", "&"))
        assert (status, location) == (303, asked)
        assert "Let this app in?" in await look(served.browser, location)


async def test_a_link_shows_whose_the_address_is(db: Database) -> None:
    async with joinable(db, CONFIRMING) as served:
        asked = (await register(served.browser)).authorize_path(scope="read")
        status, page, _ = await sign_up(served, f"/auth/sign_up?next={quote(asked, safe='')}")
        assert status == 200
        assert "nina@clinic.example" in page
        assert (await sign_in(served))[0] == 403
        served.clock.now += 1
        sent = await press(served.browser, page, "/auth/confirmation/letter", email="nina@home.example")
        assert (sent.status, "nina@home.example" in await sent.text()) == (200, True)
        link = await newest_link(served)
        page = await look(served.browser, link)
        assert "nina@home.example" in page
        assert await served.ctx.db.read(sign_ups.list_waiting), "looking is not confirming"
        done = await press(served.browser, page, "/auth/confirmation")
        assert (await press(served.browser, page, "/auth/confirmation")).status == 404
        found = re.search(r'href="(/auth/sign_in\?next=[^"]+)"', (await done.text()).rpartition("<main")[2])
        assert found
        assert (await sign_in(served, found[1].replace("&amp;", "&")))[2] == asked
        assert (await served.browser.get(link)).status == 404


async def test_who_waits_for_approval_is_told_so(db: Database) -> None:
    async with joinable(db, APPROVAL) as served:
        form = await look(served.browser, "/auth/sign_up")
        assert "Pas de nom de patient." in form
        assert (await sign_up(served))[0] == 422, "no reason"
        status, page, _ = await sign_up(served, reason="Infirmière")
        assert (status, "Waiting for approval" in page) == (200, True)
        status, page, _ = await sign_in(served)
        assert (status, "Waiting for approval" in page, "/auth/confirmation" in page) == (403, True, False)
        (person,) = await served.ctx.db.read(sign_ups.list_waiting)
        await approve(served.ctx, person.actor.id, by="console")
        assert (await sign_in(served))[0] == 303


WRONG = [
    ({"username": "a b"}, "A name has letters without accents, digits and _ only."),
    ({"username": "admin"}, "This name is kept for the institution."),
    ({"username": "Anna"}, "This name is taken, or looks like one that is."),
    ({"email": "nina"}, "This is not an e-mail address."),
    ({"email": "anna@clinic.example"}, "There is an account with this address."),
    ({"password": "1234567"}, "A password has at least 8 characters."),
    ({"agreement": ""}, "You have to agree to go on."),
    ({"username": ""}, "This is missing."),
]


async def test_what_is_wrong_is_said_beside_it(db: Database) -> None:
    await add_person(db, "anna")
    async with serving(db, site=replace(OPEN, rates=replace(OPEN.rates, sign_ups=Rate(100, 1800)))) as served:
        for changes, sentence in WRONG:
            status, page, _ = await sign_up(served, **changes)
            (field,) = changes
            said = page.partition(f'id="{field}-problem"')[2].partition("</span>")[0]
            assert (status, sentence in said) == (422, True), changes
            assert f'aria-describedby="{field}-problem' in page
            assert NAMED["password"] not in page, "a password is never sent back"


async def test_pages_keep_to_their_bounds(db: Database) -> None:
    rates = replace(SITE_HERE.rates, sign_ups=Rate(1, 1800), confirmations=Rate(1, 1800))
    async with joinable(db, replace(CONFIRMING, rates=rates)) as served:
        _, page, _ = await sign_up(served)
        assert (await sign_up(served, username="other", email="other@clinic.example"))[0] == 429
        token = hidden(page, "/auth/confirmation/letter")["token"]
        for email, status in (("nina@clinic.example", 200), ("nina@clinic.example", 429)):
            answer = await press(served.browser, page, "/auth/confirmation/letter", email=email, token=token)
            assert answer.status == status
        assert (await press(served.browser, page, "/auth/confirmation/letter", token="x")).status == 404
    async with serving(db) as served:
        assert (await served.browser.get("/auth/sign_up")).status == 404
        assert (await press(served.browser, await look(served.browser, "/auth/sign_in"), "/auth/sign_up")).status in (
            403,
            404,
        )
        for path in ("/", "/auth/sign_in"):
            assert "/auth/sign_up" not in await look(served.browser, path)
