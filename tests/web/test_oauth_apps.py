"""Apps register: by every kind of body, with the addresses that real apps have, and none that runs in a page."""

from typing import Any

import orjson
import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st

from storage.database import Database
from tests.web.apps import register
from tests.web.serving import Browser, serving
from web.oauth.redirects import OUT_OF_BAND, add_answer, form_target, parse_redirects
from web.outside.web_push import make_vapid

# As the apps send them: client_behaviour.md §3.
REAL = [
    "oauth2redirect://com.keylesspalace.tusky/",
    "org.joinmastodon.android-auth://callback",
    "mastodon://joinmastodon.org/oauth",
    "icecubesapp://",
    "feditext://oauth.callback",
    "tuba://auth_code",
    "tooot://instance-auth",
    "com.tapbots.Ivory.10217:/request_token",
    "urn:ietf:wg:oauth:2.0:oob",
    "https://elk.example/api/chu-a.example/oauth/https%3A%2F%2Felk.example",
    "https://phanpy.example/?a=b&c=d",
    "http://localhost:3000/callback",
]
SAID = {"client_name": "Test", "redirect_uris": "a://\nb:/c", "scopes": "read", "website": "https://test.example"}


async def refusal(browser: Browser, **changed: Any) -> tuple[int, str]:
    said = {key: value for key, value in (SAID | changed).items() if value is not None}
    response = await browser.post("/api/v1/apps", json=said)
    return response.status, (await response.json()).get("error", "")


async def test_form_json_and_multipart_register_the_same(db: Database) -> None:
    bracketed = [("redirect_uris[]", "a://"), ("redirect_uris[]", "b:/c")]
    bodies: list[dict[str, Any]] = [
        {"data": SAID},
        {"json": SAID},
        {"data": FormData(SAID, default_to_multipart=True)},
        {"json": SAID | {"redirect_uris": ["a://", "b:/c"]}},
        {"data": [*bracketed, *((name, text) for name, text in SAID.items() if name != "redirect_uris")]},
        {"data": orjson.dumps(SAID), "headers": {"Content-Type": "text/plain"}},
    ]
    async with serving(db) as served:
        for body in bodies:
            app = await (await served.browser.post("/api/v1/apps", **body)).json()
            assert app.pop("id").isdecimal()
            assert len(app.pop("client_id")) == len(app.pop("client_secret")) == 43
            assert app == {
                "name": "Test",
                "website": "https://test.example",
                "scopes": ["read"],
                "redirect_uris": ["a://", "b:/c"],
                "redirect_uri": "a://\nb:/c",
                "client_secret_expires_at": 0,
                "vapid_key": make_vapid("00", "").public,
            }


async def test_an_app_without_scopes_may_read(db: Database) -> None:
    async with serving(db) as served:
        for scopes in (None, "", list[str]()):
            said = {"client_name": "Test", "redirect_uris": "a://", "scopes": scopes}
            assert (await (await served.browser.post("/api/v1/apps", json=said)).json())["scopes"] == ["read"]


async def test_what_an_app_may_not_say(db: Database) -> None:
    async with serving(db) as served:
        for changed, words in (
            ({"client_name": None}, "can't be blank"),
            ({"client_name": " \u200b"}, "blank or longer"),
            ({"client_name": "x" * 61}, "blank or longer"),
            ({"redirect_uris": None}, "absolute URI"),
            ({"redirect_uris": "javascript:alert(1)"}, "absolute URI"),
            ({"redirect_uris": ["https://a.example", "data:text/html,x"]}, "absolute URI"),
            ({"scopes": "read everything"}, "Scopes"),
            ({"website": "javascript:alert(1)"}, "Website"),
            ({"website": "https://a b"}, "Website"),
            ({"client_name": 1}, "must be a text"),
        ):
            status, error = await refusal(served.browser, **changed)
            assert status == 422
            assert words in error
        assert await db.read(lambda tx: tx.value("SELECT count(*) FROM oauth_apps")) == 0


async def test_secrets_are_not_stored(db: Database) -> None:
    async with serving(db) as served:
        app = await register(served.browser)
    row = await db.read(lambda tx: tx.row("SELECT * FROM oauth_apps"))
    assert row is not None
    assert app.client_id in list(row)
    assert app.client_secret not in [str(value) for value in row]


async def test_an_app_token_names_its_app(db: Database) -> None:
    async with serving(db) as served:
        app = await register(served.browser)
        body = {"grant_type": "client_credentials"} | app.credentials
        token = (await (await served.browser.post("/oauth/token", data=body)).json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        named = await (await served.browser.get("/api/v1/apps/verify_credentials", headers=headers)).json()
        assert (named["name"], named["redirect_uris"], named["vapid_key"]) == (
            "Ice Cubes",
            ["icecubesapp://"],
            make_vapid("00", "").public,
        )
        assert "client_secret" not in named
        assert (await served.browser.get("/api/v1/apps/verify_credentials")).status == 401


class TestRedirects:
    @pytest.mark.parametrize("uri", REAL)
    def test_real_ones_are_kept_byte_for_byte(self, uri: str) -> None:
        assert parse_redirects(uri) == (uri,)
        assert add_answer(uri, {"code": "c", "state": "a b&c"}).startswith(uri)

    def test_several_may_be_registered(self) -> None:
        assert parse_redirects(" a://\r\nb:/c \n\na://") == ("a://", "b:/c")

    @pytest.mark.parametrize(
        "uri",
        [
            "", "callback", "//a.example", "/callback", "javascript:alert(1)", "JavaScript:x", "data:,x", "VBSCRIPT:x",
            "https://a.example/#fragment", "https://a.example/\x01", "https://é.example", "a://<b>", 'a://"', "a://\\",
            "1a://b", "a b://c", "https://a.example/" + "x" * 2000, "\n".join(f"a:{n}" for n in range(21)),
            "https://a.example data:,x",
        ],
    )  # fmt: skip
    def test_what_is_no_address_or_runs_in_a_page_is_refused(self, uri: str) -> None:
        assert parse_redirects(uri) is None

    @given(st.text())
    def test_no_text_becomes_an_address_that_breaks_a_header(self, text: str) -> None:
        for uri in parse_redirects(text) or ():
            assert uri.isascii()
            assert uri.isprintable()
            assert " " not in uri

    @pytest.mark.parametrize(
        ("uri", "answered"),
        [
            ("icecubesapp://", "icecubesapp://?code=c"),
            ("com.tapbots.Ivory.10217:/request_token", "com.tapbots.Ivory.10217:/request_token?code=c"),
            ("https://a.example/x%2Fy?z=1", "https://a.example/x%2Fy?z=1&code=c"),
        ],
    )
    def test_the_answer_is_added_behind(self, uri: str, answered: str) -> None:
        assert add_answer(uri, {"code": "c"}) == answered

    @pytest.mark.parametrize(
        ("uri", "source"),
        [
            ("icecubesapp://", "icecubesapp:"),
            ("com.tapbots.Ivory.10217:/request_token", "com.tapbots.ivory.10217:"),
            ("https://elk.example/api/x", "https://elk.example"),
            ("https://elk.example", "https://elk.example"),
            ("https://elk.example?x", "https://elk.example"),
            ("http://localhost:3000/callback", "http://localhost:3000"),
            ("https://[::1]/x", "https:"),  # CSP has no way to name it
            ("https://a.example@b.example/", "https:"),
            ("https://a.example;script-src/", "https:"),
            ("HTTPS://A.example/", "https:"),
            (OUT_OF_BAND, None),
        ],
    )
    def test_what_the_policy_must_allow(self, uri: str, source: str | None) -> None:
        assert form_target(uri) == source

    @given(st.from_regex(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z\[\]_a-z~]*", fullmatch=True))
    def test_no_address_adds_a_directive_to_the_policy(self, uri: str) -> None:
        source = form_target(uri) or ""
        assert not set(source) & set("; ,'\"\n")
