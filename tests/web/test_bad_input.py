"""Whatever is sent to whatever address, by whomever: an answer, never an accident, and of a group nothing.

`CONFRERE_BAD_REQUESTS` says how many requests each engine gets.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings

from tests.web.api_stage import Stage, set_stage
from tests.web.api_world import World
from tests.web.apps import fetch_token, register
from tests.web.bad_input import Bad, bad_requests
from tests.web.people import EVERYTHING, add_token
from web.oauth.scopes import SCOPES

REQUESTS = int(os.environ.get("CONFRERE_BAD_REQUESTS", "600"))
SECRET = "zorglub"
# Ids of the group in which Anna is not, and of nothing: to her they are the same.
HIDDEN, ABSENT = ("secret_account", "secret_status", "secret_poll"), "7777777777777777"
KNOWN = ("post", "anna", "ben", "bens", "list", "poll", "filter", "conversation0", "waiting", "letter_ben")
SILENT = ("/api/v1/streaming",)  # streams do not end; their own tests ask them


def routes_of(world: World) -> list[tuple[str, str]]:
    app = world.browser.app
    assert app is not None
    found = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    return sorted(
        (method, path)
        for method, path in found
        if path.startswith(("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"))
        and not path.startswith(SILENT)
    )


async def _plant(stage: Stage) -> None:
    """A group with a case in it, without Anna."""
    group = await stage.world.group("psychiatrie", [stage.people["ben"], stage.people["olga"]], listed=False)
    stage.names["secret_account"] = str(group.id)
    await stage.world.attest(stage.people["ben"].actor)
    poll = {"options": [SECRET, "non"], "expires_in": 3600}
    made = await stage.post("secret_status", "ben", f"@psychiatrie {SECRET}", poll=poll, visibility="private")
    stage.names["secret_poll"] = made["poll"]["id"]


async def _tokens(stage: Stage) -> dict[str, dict[str, str]]:
    db, browser = stage.world.db, stage.world.browser
    app = await register(browser, scopes=" ".join(SCOPES))
    of_app = (await fetch_token(browser, app, grant_type="client_credentials", scope="read write"))[1]["access_token"]
    return {
        "anna": await add_token(db, stage.people["anna"], (*EVERYTHING, "admin:read", "admin:write")),
        "root": await add_token(db, stage.people["root"], (*EVERYTHING, "admin:read", "admin:write")),
        "half": await add_token(db, stage.people["anna"], ("read:lists", "write:media")),
        "app": {"Authorization": f"Bearer {of_app}"},
        "revoked": {"Authorization": "Bearer revoked"},
        "nobody": {},
    }


@dataclass(slots=True)
class Sender:
    """Sends requests and holds every answer to what must hold for all."""

    stage: Stage
    session: aiohttp.ClientSession
    tokens: dict[str, dict[str, str]]

    async def send(self, bad: Bad) -> None:
        status, kind, body = await self._ask(bad, self.stage.names)
        assert status < 500, (status, body)
        assert SECRET.encode() not in body, body
        if status >= 400:
            assert kind == "application/json", (kind, body)
            assert b'"error":"' in body, body
        # Nearly everything can be a tag.
        if any(f"{{{name}}}" in bad.path for name in HIDDEN) and "/tags/" not in bad.path:
            absent = await self._ask(bad, self.stage.names | dict.fromkeys(HIDDEN, ABSENT))
            assert (status, self._without_ids(body)) == (absent[0], self._without_ids(absent[2]))

    async def _ask(self, bad: Bad, names: dict[str, str]) -> tuple[int, str, bytes]:
        self.stage.world.tick(1000)
        how = {"params": list(bad.query), "headers": {**self.tokens[bad.who], **bad.headers}, **bad.sent()}
        async with self.session.request(bad.method, bad.path.format_map(names), **how) as answer:
            return answer.status, answer.content_type, await answer.read()

    def _without_ids(self, body: bytes) -> bytes:
        """An answer may repeat the id that it was asked about."""
        for text in (*(self.stage.names[name] for name in HIDDEN), ABSENT):
            body = body.replace(text.encode(), b"ID")
        return body


@pytest.fixture
async def sender(world: World) -> AsyncIterator[Sender]:
    stage = await set_stage(world)
    await _plant(stage)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{world.browser.port}") as session:
        yield Sender(stage, session, await _tokens(stage))


@pytest.mark.timeout(600)
async def test_whatever_is_sent_is_answered(sender: Sender) -> None:
    routes, loop = routes_of(sender.stage.world), asyncio.get_running_loop()
    for method, path in routes:
        kind = next((kind for kind in ("poll", "status") if kind in path), "account")
        if "{" in path:
            await sender.send(Bad(method, re.sub(r"\{[^}]*\}", f"{{secret_{kind}}}", path), (), "anna"))

    @settings(max_examples=REQUESTS, database=None)
    @given(bad=bad_requests(routes, [*KNOWN, *HIDDEN], list(sender.tokens)))
    def send(bad: Bad) -> None:
        asyncio.run_coroutine_threadsafe(sender.send(bad), loop).result()

    await asyncio.to_thread(send)


RAW_LINES: tuple[Any, ...] = (
    b"GET /api/v1/statuses/\xff HTTP/1.1",
    b"GET /api/v2/search?q=\xff\xfe HTTP/1.1",
    b"GET /api/v1/timelines/tag/\xc3 HTTP/1.1",
    b"GET /api/v1/accounts/lookup?acct=%ff%00 HTTP/1.1",
    b"GET /api/v1/instance HTTP/1.1\r\nAccept-Language: \xff\xfe",
    b"GET /api/v1/preferences HTTP/1.1\r\nAuthorization: Bearer \xff",
    b"GET /api/v1/preferences HTTP/1.1\r\nAuthorization: \xe9",
    b"POST /api/v1/statuses HTTP/1.1\r\nIdempotency-Key: \xff\r\nContent-Length: 0",
    b"POST /api/v1/apps HTTP/1.1\r\nContent-Type: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /oauth/token HTTP/1.1\r\nAuthorization: Basic \xff\r\nContent-Length: 0",
    b"GET /api/v1/instance HTTP/1.1\r\nCookie: a=\xff; =;",
    b"OPTIONS /api/v1/statuses HTTP/1.1\r\nAccess-Control-Request-Headers: \xff",
)


async def test_bytes_that_are_no_text_are_answered(world: World) -> None:
    for line in RAW_LINES:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.browser.port)
        try:
            end = b"" if b"\r\n\r\n" in line else b"\r\n\r\n"
            first, rest = line.split(b"HTTP/1.1", 1)
            writer.write(first + b"HTTP/1.1\r\nHost: chu-a.example\r\nConnection: close" + (rest or b"") + end)
            answer = await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            await writer.wait_closed()
        assert re.match(rb"HTTP/1\.[01] [24]", answer), (line, answer)
