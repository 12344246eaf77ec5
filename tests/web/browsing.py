"""What a person does with our pages, without a browser: read a page's form, fill it in, press a button."""

import re
from html import unescape

from aiohttp import ClientResponse

from storage.members import Person
from tests.web.people import PASSWORD
from tests.web.serving import Browser


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the last form with this action."""
    form = page.rpartition(f'action="{action}"')[2].partition("</form>")[0]
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {unescape(name): unescape(value) for name, value in pairs}


async def look(browser: Browser, path: str, *, language: str = "en") -> str:
    """The text of a page, wherever redirects lead."""
    return await (await browser.get(path, headers={"Accept-Language": language})).text()


async def press(browser: Browser, page: str, action: str, **filled: str) -> ClientResponse:
    """Send the form with this action; a redirect is not followed."""
    return await browser.post(action, data=hidden(page, action) | filled, allow_redirects=False)


async def sign_in(browser: Browser, person: Person, *, back: str = "/settings") -> ClientResponse:
    """With the password that `add_person` was given."""
    page = await look(browser, f"/auth/sign_in?next={back}")
    return await press(browser, page, "/auth/sign_in", login=person.actor.username, password=PASSWORD)
