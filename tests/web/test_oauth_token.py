"""Codes to tokens: once, soon, by the right app with the right verifier; tokens taken back; what apps read of us."""

import asyncio
import base64
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st

from storage.database import Database
from storage.members import update_member
from tests.web.apps import CHALLENGE, VERIFIER, TestApp, code_in, consent, fetch_token, register
from tests.web.browsing import sign_in
from tests.web.people import NOW, PASSWORD, add_person, add_token
from tests.web.serving import Browser, Served, serving
from web.forms import Form
from web.oauth.clients import parse_credentials
from web.oauth.scopes import SCOPES
from web.oauth.tokens import CODE_MS, verifier_fits

Reply = tuple[int, dict[str, Any]]


async def code_for(served: Served, app: TestApp, **asked: str) -> str:
    return code_in(await consent(served.browser, app.authorize_path(**asked)))


async def signed_in(db: Database, served: Served) -> TestApp:
    """A registered app, and a browser in which alice is signed in."""
    await sign_in(served.browser, await add_person(db, "alice", password=PASSWORD))
    return await register(served.browser)


def error_of(reply: Reply) -> tuple[int, str]:
    assert reply[1]["error_description"]
    return reply[0], reply[1]["error"]


async def test_a_token_as_clients_parse_it(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        code = await code_for(served, app, scope="read")
        response = await served.browser.post(
            "/oauth/token",
            json={"grant_type": "authorization_code", "code": code, "redirect_uri": "icecubesapp://", "scope": "read"}
            | app.credentials,
        )
        token = await response.json()
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert len(token.pop("access_token")) == 43
        assert token == {"token_type": "Bearer", "scope": "read", "created_at": NOW // 1000}


async def test_the_app_says_who_it_is_in_every_way(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        basic = base64.b64encode(f"{quote(app.client_id)}:{quote(app.client_secret)}".encode()).decode()
        said = {"grant_type": "authorization_code", "redirect_uri": app.redirect_uri}
        for make in (
            lambda code: {"data": said | app.credentials | {"code": code}},
            lambda code: {"json": said | app.credentials | {"code": code}},
            lambda code: {"data": FormData(said | app.credentials | {"code": code}, default_to_multipart=True)},
            lambda code: {"data": said | {"code": code}, "headers": {"Authorization": f"Basic {basic}"}},
        ):
            response = await served.browser.post("/oauth/token", **make(await code_for(served, app)))
            assert response.status == 200


async def test_a_code_is_good_once_even_for_two_at_once(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        code = await code_for(served, app)
        replies = await asyncio.gather(*(fetch_token(served.browser, app, code=code) for _ in range(4)))
        assert sorted(status for status, _ in replies) == [200, 400, 400, 400]
        assert await db.read(lambda tx: tx.value("SELECT count(*) FROM tokens")) == 1


async def test_a_code_is_good_for_ten_minutes(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        early, late = [await code_for(served, app) for _ in range(2)]
        served.clock.now += CODE_MS
        assert (await fetch_token(served.browser, app, code=early))[0] == 200
        served.clock.now += 1
        assert error_of(await fetch_token(served.browser, app, code=late)) == (400, "invalid_grant")


async def test_a_code_is_bound_to_app_and_address_and_burnt_by_whoever_tries(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        other = await register(served.browser)
        for client, said in (
            (other, {}),
            (app, {"redirect_uri": "icecubesapp://x"}),
            (app, {"redirect_uri": None}),
            (app, {"code_verifier": VERIFIER}),  # somebody took the challenge out
        ):
            code = await code_for(served, app)
            assert error_of(await fetch_token(served.browser, client, code=code, **said)) == (400, "invalid_grant")
            assert error_of(await fetch_token(served.browser, app, code=code)) == (400, "invalid_grant")
        for wrong in ("", "wrong", None):
            assert error_of(await fetch_token(served.browser, app, code=wrong)) == (400, "invalid_grant")


async def test_a_stranger_without_the_secret_does_not_burn_a_code(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        code = await code_for(served, app)
        wrong = await fetch_token(served.browser, app, code=code, client_secret="wrong")
        assert error_of(wrong) == (401, "invalid_client")
        assert (await fetch_token(served.browser, app, code=code))[0] == 200


async def test_the_verifier_must_fit_the_challenge(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        for verifier, status in ((VERIFIER, 200), ("wrong" * 10, 400), (None, 400), ("", 400), (CHALLENGE, 400)):
            code = await code_for(served, app, **asked)
            reply = await fetch_token(served.browser, app, code=code, code_verifier=verifier)
            assert reply[0] == status


async def test_a_member_who_was_disabled_meanwhile_gets_no_token(db: Database) -> None:
    async with serving(db) as served:
        person = await add_person(db, "alice", password=PASSWORD)
        await sign_in(served.browser, person)
        app = await register(served.browser)
        code = await code_for(served, app)
        await db.transact(lambda tx: update_member(tx, person.actor.id, disabled_at=NOW))
        assert error_of(await fetch_token(served.browser, app, code=code)) == (400, "invalid_grant")


async def test_an_app_gets_a_token_for_itself(db: Database) -> None:
    async with serving(db) as served:
        app = await register(served.browser, scopes="read write")
        said = {"grant_type": "client_credentials", "redirect_uri": None}
        for scope, granted in ((None, "read"), ("read write", "read write"), ("write:accounts", "write:accounts")):
            status, token = await fetch_token(served.browser, app, scope=scope, **said)
            assert (status, token["scope"]) == (200, granted)
        for scope in ("follow", "nonsense", "admin:read"):
            refused = await fetch_token(served.browser, app, scope=scope, **said)
            assert error_of(refused) == (400, "invalid_scope")


async def test_refusals_have_their_names(db: Database) -> None:
    async with serving(db) as served:
        app = await register(served.browser)
        for said, refused in (
            ({"client_secret": "wrong"}, (401, "invalid_client")),
            ({"client_secret": None}, (401, "invalid_client")),
            ({"client_id": "stale"}, (401, "invalid_client")),
            ({"client_id": None, "client_secret": None}, (401, "invalid_client")),
            ({"client_id": "console", "client_secret": ""}, (401, "invalid_client")),
            ({"grant_type": None}, (400, "invalid_request")),
            ({"grant_type": "password"}, (400, "unsupported_grant_type")),
            ({"grant_type": "refresh_token"}, (400, "unsupported_grant_type")),
        ):
            assert error_of(await fetch_token(served.browser, app, **said)) == refused


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_wrong_secret_makes_no_browser_ask_for_a_password(db: Database) -> None:
    async with serving(db) as served:
        response = await served.browser.post("/oauth/token", data={"grant_type": "client_credentials"})
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_client"')
        assert response.headers["Cache-Control"] == "no-store"


async def test_nobody_becomes_the_console(db: Database) -> None:
    await add_token(db, await add_person(db, "alice"))
    async with serving(db) as served:
        for secret in ("", "x"):
            said = {"grant_type": "client_credentials", "client_id": "console", "client_secret": secret}
            assert (await served.browser.post("/oauth/token", data=said)).status == 401


class TestRevoking:
    async def revoke(self, browser: Browser, app: TestApp, token: str, **said: str) -> Reply:
        response = await browser.post("/oauth/revoke", data=app.credentials | {"token": token} | said)
        return response.status, await response.json()

    async def test_a_token_is_taken_back_at_once(self, db: Database) -> None:
        async with serving(db) as served:
            app = await signed_in(db, served)
            token = (await fetch_token(served.browser, app, code=await code_for(served, app)))[1]["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert (await served.browser.get("/oauth/userinfo", headers=headers)).status == 200
            assert await self.revoke(served.browser, app, token) == (200, {})
            assert (await served.browser.get("/oauth/userinfo", headers=headers)).status == 401
            assert await self.revoke(served.browser, app, token) == (200, {})

    async def test_only_by_its_own_app(self, db: Database) -> None:
        async with serving(db) as served:
            app = await signed_in(db, served)
            other = await register(served.browser)
            token = (await fetch_token(served.browser, app, code=await code_for(served, app)))[1]["access_token"]
            assert await self.revoke(served.browser, other, token) == (200, {})
            assert error_of(await self.revoke(served.browser, app, token, client_secret="wrong")) == (
                403,
                "unauthorized_client",
            )
            headers = {"Authorization": f"Bearer {token}"}
            assert (await served.browser.get("/oauth/userinfo", headers=headers)).status == 200


async def test_userinfo_is_for_members_by_scope(db: Database) -> None:
    person = await add_person(db, "alice")
    async with serving(db) as served:
        for scopes, status in ((("profile",), 200), (("read",), 200), (("read:accounts",), 200), (("write",), 403)):
            headers = await add_token(db, person, scopes)
            for method in ("GET", "POST"):
                response = await served.browser.request(method, "/oauth/userinfo", headers=headers)
                assert response.status == status
        headers = await add_token(db, person, ("profile",))
        assert await (await served.browser.get("/oauth/userinfo", headers=headers)).json() == {
            "iss": "https://chu-a.example/",
            "sub": person.actor.uri,
            "name": "Dr Alice",
            "preferred_username": "alice",
            "profile": "https://chu-a.example/@alice",
            "picture": "https://chu-a.example/static/avatar.png",
        }


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_metadata_says_what_there_is(db: Database) -> None:
    async with serving(db) as served:
        told = await (await served.browser.get("/.well-known/oauth-authorization-server")).json()
        assert told["issuer"] == "https://chu-a.example/"
        assert told["code_challenge_methods_supported"] == ["S256"]
        assert told["grant_types_supported"] == ["authorization_code", "client_credentials"]
        assert told["scopes_supported"] == list(SCOPES)
        paths = {resource.canonical for resource in served.app.router.resources()}
        for name, address in told.items():
            if name.endswith("_endpoint"):
                assert address.removeprefix("https://chu-a.example") in paths


class TestCredentials:
    @pytest.mark.parametrize(
        ("authorization", "expected"),
        [
            ("", ("id", "secret")),
            ("Bearer x", ("id", "secret")),
            ("Basic " + base64.b64encode(b"a%3Ab:c+d").decode(), ("a:b", "c d")),
            ("basic " + base64.b64encode(b"a:b:c").decode(), ("a", "b:c")),
            ("Basic " + base64.b64encode(b"a").decode(), ("a", "")),
            ("Basic " + base64.b64encode(b"\xff:x").decode(), ("", "")),
            ("Basic " + base64.b64encode(b"a%00b\0c:x").decode(), ("abc", "x")),
            ("Basic !!!", ("", "")),
            ("Basic é", ("", "")),
        ],
    )
    def test_a_header_counts_before_the_body(self, authorization: str, expected: tuple[str, str]) -> None:
        body = Form({"client_id": "id", "client_secret": "secret"})
        assert parse_credentials(authorization, body) == expected

    @given(st.binary())
    def test_no_header_is_an_accident(self, sent: bytes) -> None:
        client_id, secret = parse_credentials("Basic " + base64.b64encode(sent).decode(), Form({}))
        assert "\0" not in client_id
        (client_id + secret).encode()


@given(st.text(st.characters(codec="utf-8")))
def test_only_the_verifier_fits(verifier: str) -> None:
    assert verifier_fits(CHALLENGE, verifier) is (verifier == VERIFIER)
    assert verifier_fits("", verifier) is (verifier == "")


async def test_what_a_token_gives_is_told_to_who_has_it_and_to_its_app(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        other = await register(served.browser)
        code = await code_for(served, app, scope="read")
        token = (await fetch_token(served.browser, app, code=code))[1]["access_token"]

        info = await served.browser.get("/oauth/token/info", headers={"Authorization": f"Bearer {token}"})
        told = await info.json()
        assert (told["scope"], told["expires_in"]) == (["read"], None)
        assert told["application"] == {"uid": app.credentials["client_id"]}
        assert (await served.browser.get("/oauth/token/info")).status == 401

        async def introspect(asking: TestApp, about: str) -> dict[str, Any]:
            data = {**asking.credentials, "token": about}
            answer: dict[str, Any] = await (await served.browser.post("/oauth/introspect", data=data)).json()
            return answer

        active = await introspect(app, token)
        assert active["active"] is True
        assert (active["scope"], active["client_id"]) == ("read", app.credentials["client_id"])
        assert await introspect(other, token) == {"active": False}
        assert await introspect(app, "unknown") == {"active": False}
        wrong = {**app.credentials, "client_secret": "x", "token": token}
        assert (await served.browser.post("/oauth/introspect", data=wrong)).status == 401
        await served.browser.post("/oauth/revoke", data={**app.credentials, "token": token})
        assert await introspect(app, token) == {"active": False}


async def test_the_token_of_a_closed_account_is_not_active(db: Database) -> None:
    async with serving(db) as served:
        app = await signed_in(db, served)
        token = (await fetch_token(served.browser, app, code=await code_for(served, app, scope="read")))[1]
        await db.transact(lambda tx: tx.execute("UPDATE members SET disabled_at = :now", now=NOW))
        data = {**app.credentials, "token": token["access_token"]}
        assert await (await served.browser.post("/oauth/introspect", data=data)).json() == {"active": False}
