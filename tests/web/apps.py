"""What an app does with our OAuth: register, send its person to the page, fetch its token."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import ClientResponse

from tests.web.browsing import look, press
from tests.web.serving import Browser

VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class TestApp:
    """A registered app."""

    __test__ = False

    client_id: str
    client_secret: str
    redirect_uri: str

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    def authorize_path(self, **asked: str | None) -> str:
        """Where the app sends its person; None leaves a parameter out."""
        query = {"response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri} | asked
        return "/oauth/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})


async def register(browser: Browser, *, redirect_uri: str = "icecubesapp://", scopes: str = "read write") -> TestApp:
    said = {"client_name": "Ice Cubes", "redirect_uris": redirect_uri, "scopes": scopes}
    made = await (await browser.post("/api/v1/apps", json=said)).json()
    return TestApp(made["client_id"], made["client_secret"], redirect_uri.partition("\n")[0])


async def consent(browser: Browser, path: str, decision: str = "allow") -> ClientResponse:
    """Look at the consent page and press one of its buttons."""
    return await press(browser, await look(browser, path), "/oauth/authorize", decision=decision)


def code_in(response: ClientResponse) -> str:
    return parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]


async def fetch_token(browser: Browser, app: TestApp, **said: Any) -> tuple[int, dict[str, Any]]:
    """What the token endpoint answers; None leaves a parameter out."""
    body = {"grant_type": "authorization_code", "redirect_uri": app.redirect_uri} | app.credentials | said
    response = await browser.post("/oauth/token", data={key: value for key, value in body.items() if value is not None})
    return response.status, await response.json()
