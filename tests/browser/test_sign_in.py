"""A real browser signs in and lets an app in: what only Chromium can tell of our pages and their policy."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright

from storage.database import Database
from tests.web.apps import TestApp, fetch_token, register
from tests.web.people import PASSWORD, add_person
from tests.web.serving import Served, serving
from web.pages.sign_in import issue_link

# What is stored does not depend on the browser: one engine says it all.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


def find_chromium() -> str | None:
    """The path that CONFRERE_CHROMIUM names, or of whichever Chromium is installed."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CONFRERE_CHROMIUM") or next(filter(None, found), None)


@asynccontextmanager
async def open_page(served: Served, language: str = "en") -> AsyncIterator[Page]:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: install it, or set CONFRERE_CHROMIUM to its path")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = await browser.new_context(base_url=str(served.browser.make_url("/")), locale=language)
        try:
            yield await context.new_page()
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(db: Database, language: str = "en") -> AsyncIterator[tuple[Served, Page, list[str]]]:
    """Our site, a page of a browser, and all that the browser complains of."""
    async with serving(db) as served, open_page(served, language) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield served, page, complaints


async def sign_in(page: Page) -> None:
    """By keyboard alone: the cursor waits in the first field."""
    await page.locator("#login:focus").wait_for()
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    await page.locator("#password:focus").wait_for()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")


def code_in(address: str) -> str:
    return address.partition("code=")[2].partition("&")[0]


async def assert_good(served: Served, app: TestApp, address: str) -> None:
    status, token = await fetch_token(served.browser, app, code=code_in(address))
    assert (status, token["scope"]) == (200, "read write")


async def test_an_app_with_a_scheme_of_its_own_gets_its_code(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    async with visiting(db) as (served, page, complaints):
        app = await register(served.browser)
        await page.goto(app.authorize_path(scope="read write", state="x"))
        await sign_in(page)
        await page.get_by_role("heading", name="Let this app in?").wait_for()
        assert await page.get_by_text("@alice@chu-a.example").is_visible()
        # Chromium has nothing here that opens this scheme: that it asked for it at all is what counts.
        async with page.expect_event("requestfailed") as failed:
            await page.get_by_role("button", name="Let it in").click(no_wait_after=True)
        address = (await failed.value).url
        assert address == f"icecubesapp://?code={code_in(address)}&state=x"
        assert complaints == []
        await assert_good(served, app, address)


async def test_a_web_app_of_another_site_gets_its_code(db: Database) -> None:
    async def callback(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>app</title>", content_type="text/html")

    elsewhere = web.Application()
    elsewhere.router.add_get("/callback", callback)
    await add_person(db, "alice", password=PASSWORD)
    async with TestServer(elsewhere) as other, visiting(db) as (served, page, complaints):
        back = str(other.make_url("/callback?keep=a%2Fb"))
        app = await register(served.browser, redirect_uri=back)
        await page.goto(app.authorize_path(scope="read write"))
        await sign_in(page)
        await page.get_by_role("button", name="Let it in").click()
        await page.wait_for_url("**/callback?**")
        assert page.url.startswith(f"{back}&code=")
        assert [text for text in complaints if "favicon" not in text and "404" not in text] == []
        await assert_good(served, app, page.url)


async def test_a_person_reads_their_code_in_their_language(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD, locale="fr")
    async with visiting(db, "fr-FR") as (served, page, complaints):
        app = await register(served.browser, redirect_uri="urn:ietf:wg:oauth:2.0:oob")
        await page.goto(app.authorize_path(scope="read write"))
        await page.get_by_label("Mot de passe").wait_for()
        await sign_in(page)
        await page.get_by_role("button", name="Autoriser").click()
        code = await page.locator("code.oauth-code").inner_text()
        assert complaints == []
        await assert_good(served, app, f"?code={code}")


async def test_a_one_time_link_signs_in_by_its_button(db: Database) -> None:
    person = await add_person(db, "alice")
    async with visiting(db) as (served, page, complaints):
        link = await issue_link(db, served.ctx.origin, person.actor.id, now=served.clock.now)
        await page.goto(link.removeprefix("https://chu-a.example"))
        await page.get_by_role("main").get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Settings").wait_for()
        await page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        await page.get_by_role("link", name="Sign in").wait_for()
        assert complaints == []


async def test_pages_fit_a_narrow_phone(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    async with visiting(db) as (served, page, complaints):
        await page.set_viewport_size({"width": 320, "height": 640})
        app = await register(served.browser, redirect_uri="https://elk.example/" + "long" * 60)
        await page.goto(app.authorize_path())
        await sign_in(page)
        await page.get_by_role("heading", name="Let this app in?").wait_for()
        for path in (
            app.authorize_path(),
            "/",
            "/about",
            "/settings",
            "/settings/sessions",
            "/settings/password",
            "/settings/move",
            "/settings/data",
            "/settings/two_factor",
            "/oauth/authorized_applications",
            "/auth/sign_in",
            "/oauth/authorize/native?code=" + "W" * 43,
        ):
            await page.goto(path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        assert complaints == []
