"""A real browser makes a security key and signs in with it: the script, its policy, and what Chromium sends."""

import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Page

from federation.context import Origin
from storage.database import Database
from tests.browser.test_sign_in import open_page, sign_in
from tests.web.people import PASSWORD, add_person
from tests.web.serving import serving

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


async def plug_in(page: Page) -> None:
    """A key that signs without being touched (Chromium's virtual authenticators)."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "automaticPresenceSimulation": True}
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def test_a_key_is_set_up_and_signs_in(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    port = unused_port()
    here = Origin(f"localhost:{port}", f"localhost:{port}", "http")
    async with serving(db, origin=here, port=port) as served, open_page(served) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await plug_in(page)
        await page.goto(f"{here.base}/auth/sign_in?next=/settings/two_factor")
        await sign_in(page)
        await page.get_by_label("What you call it").fill("My key")
        await page.locator("#add_key").fill(PASSWORD)
        await page.get_by_role("button", name="Set it up").last.click()
        await page.get_by_role("button", name="Use this key").click()
        await page.get_by_role("heading", name="Recovery codes").wait_for()
        await page.goto(f"{here.base}/settings/two_factor")
        assert await page.get_by_text("My key").is_visible()
        await page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        await page.goto(f"{here.base}/auth/sign_in")
        await sign_in(page)
        await page.get_by_role("button", name="Use a security key").click()
        await page.get_by_role("heading", name="Settings").wait_for()
        assert complaints == []


async def test_a_browser_without_the_key_says_so_and_takes_a_recovery_code(db: Database) -> None:
    await add_person(db, "alice", password=PASSWORD)
    port = unused_port()
    here = Origin(f"localhost:{port}", f"localhost:{port}", "http")
    async with serving(db, origin=here, port=port) as served:
        async with open_page(served) as page:
            await plug_in(page)
            await page.goto(f"{here.base}/auth/sign_in?next=/settings/two_factor")
            await sign_in(page)
            await page.get_by_label("What you call it").fill("My key")
            await page.locator("#add_key").fill(PASSWORD)
            await page.get_by_role("button", name="Set it up").last.click()
            await page.get_by_role("button", name="Use this key").click()
            code = await page.locator(".codes code").first.inner_text()
        async with open_page(served) as page:
            await plug_in(page)
            await page.goto(f"{here.base}/auth/sign_in")
            await sign_in(page)
            await page.get_by_role("button", name="Use a security key").click()
            await page.get_by_text("The browser got no answer from a key.").wait_for()
            await page.get_by_label("A recovery code").fill(code)
            await page.get_by_role("main").get_by_role("button", name="Sign in").click()
            await page.get_by_role("heading", name="Settings").wait_for()
