"""The consent page: who sees it, what it says, where it leads, and that it leads nowhere by itself."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from storage.database import Database
from tests.web.apps import CHALLENGE, code_in, consent, fetch_token, register
from tests.web.browsing import hidden, look, press, sign_in
from tests.web.people import PASSWORD, add_person
from tests.web.serving import serving
from web.oauth.scopes import SCOPES


async def test_sign_in_consent_and_back_to_the_app(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        browser = served.browser
        app = await register(browser)
        path = app.authorize_path(scope="read write", state="a b")
        asked = await browser.get(path, allow_redirects=False)
        assert asked.status == 302
        assert urlsplit(asked.headers["Location"]).path == "/auth/sign_in"

        page = await look(browser, asked.headers["Location"])
        back = await press(browser, page, "/auth/sign_in", login="alice", password=PASSWORD)
        assert dict(parse_qsl(urlsplit(back.headers["Location"]).query)) == dict(parse_qsl(urlsplit(path).query))

        page = await look(browser, back.headers["Location"])
        assert "Ice Cubes" in page
        assert "@alice@chu-a.example" in page
        assert "Post, and change everything you can change" in page
        answer = await press(browser, page, "/oauth/authorize", decision="allow")
        assert answer.status == 302
        assert answer.headers["Location"] == f"icecubesapp://?code={code_in(answer)}&state=a+b"
        status, token = await fetch_token(browser, app, code=code_in(answer))
        assert (status, token["scope"]) == (200, "read write")
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        info = await (await browser.get("/oauth/userinfo", headers=headers)).json()
        assert info["sub"] == person.actor.uri


async def test_whoever_refuses_goes_back_without_a_code(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser, redirect_uri="https://elk.example/x?y=1")
        await sign_in(served.browser, person)
        for decision in ("refuse", "", "ALLOW"):
            answer = await consent(served.browser, app.authorize_path(state="s"), decision)
            target, _, query = answer.headers["Location"].partition("&")
            assert (answer.status, target) == (302, "https://elk.example/x?y=1")
            assert [name for name, _ in parse_qsl(query)] == ["error", "error_description", "state"]
            assert "error=access_denied" in query
        assert await db.read(lambda tx: tx.value("SELECT count(*) FROM oauth_codes")) == 0


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("icecubesapp://", "icecubesapp:"),
        ("com.tapbots.Ivory.10217:/request_token", "com.tapbots.ivory.10217:"),
        ("https://elk.example/api/x", "https://elk.example"),
        ("urn:ietf:wg:oauth:2.0:oob", ""),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_policy_lets_the_form_end_at_the_app(db: Database, redirect_uri: str, source: str) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser, redirect_uri=redirect_uri)
        await sign_in(served.browser, person)
        response = await served.browser.get(app.authorize_path())
        allowed = f"'self' {source}".strip()
        assert f"form-action {allowed};" in response.headers["Content-Security-Policy"]
        assert "Cross-Origin-Opener-Policy" not in response.headers


async def test_an_app_that_cannot_be_sent_anything_gets_its_code_by_hand(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser, redirect_uri="urn:ietf:wg:oauth:2.0:oob")
        await sign_in(served.browser, person)
        answer = await consent(served.browser, app.authorize_path(state="None"))
        code = code_in(answer)
        assert answer.headers["Location"] == f"/oauth/authorize/native?code={code}"
        assert f'<code class="oauth-code">{code}</code>' in await look(served.browser, answer.headers["Location"])
        assert (await fetch_token(served.browser, app, code=code))[0] == 200
        refused = await consent(served.browser, app.authorize_path(), "refuse")
        assert refused.headers["Location"] == "/"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_code_page_shows_codes_and_nothing_else(db: Database) -> None:
    async with serving(db) as served:
        for code in ("", "x", "Send%20money%20to%20me", "x" * 44):
            assert (await served.browser.get(f"/oauth/authorize/native?code={code}")).status == 404


async def test_what_cannot_be_asked_is_a_plain_page_and_leads_nowhere(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser, redirect_uri="https://elk.example/\nicecubesapp://", scopes="read")
        await sign_in(served.browser, person)
        token = hidden(await look(served.browser, app.authorize_path()), "/oauth/authorize")["csrf"]
        for asked, problem in (
            ({"client_id": "stale"}, "client"),
            ({"client_id": None}, "client"),
            ({"redirect_uri": "https://evil.example/"}, "redirect"),
            ({"redirect_uri": "https://elk.example"}, "redirect"),
            ({"redirect_uri": "https://elk.example/?x"}, "redirect"),
            ({"redirect_uri": "https://elk.example/\nicecubesapp://"}, "redirect"),
            ({"redirect_uri": ""}, "redirect"),
            ({"redirect_uri": None}, "redirect"),
            ({"response_type": "token"}, "response_type"),
            ({"response_type": None}, "response_type"),
            ({"scope": "read write"}, "scope"),
            ({"scope": "nonsense"}, "scope"),
            ({"code_challenge": CHALLENGE}, "challenge"),
            ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "challenge"),
            ({"code_challenge": "short", "code_challenge_method": "S256"}, "challenge"),
        ):
            path = app.authorize_path(**asked)
            posted = dict(parse_qsl(urlsplit(path).query)) | {"csrf": token, "decision": "allow"}
            for response in (
                await served.browser.get(path, allow_redirects=False),
                await served.browser.post("/oauth/authorize", data=posted, allow_redirects=False),
            ):
                assert response.status == 400
                assert "Location" not in response.headers
                assert f"<code>{problem}</code>" in await response.text()
        assert await db.read(lambda tx: tx.value("SELECT count(*) FROM oauth_codes")) == 0


async def test_a_stranger_is_told_of_a_stale_app_before_signing_in(db: Database) -> None:
    async with serving(db) as served:
        response = await served.browser.get("/oauth/authorize?client_id=stale", allow_redirects=False)
        assert response.status == 400


async def test_an_app_may_want_the_person_to_sign_in_again(db: Database) -> None:
    alice, bob = await add_person(db, "alice", password=PASSWORD), await add_person(db, "bob", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser)
        await sign_in(served.browser, alice)
        path = app.authorize_path(force_login="true", lang="fr", state="x")
        asked = await served.browser.get(path, allow_redirects=False)
        assert asked.status == 302
        page = await look(served.browser, asked.headers["Location"])
        assert "Mot de passe" in page
        answer = await press(served.browser, page, "/auth/sign_in", login=bob.actor.username, password=PASSWORD)
        page = await look(served.browser, answer.headers["Location"])
        assert "@bob@chu-a.example" in page
        assert "Autoriser cette application" in page
        for kept in ("false", "0", ""):
            response = await served.browser.get(app.authorize_path(force_login=kept), allow_redirects=False)
            assert response.status == 200


async def test_what_an_app_says_of_itself_is_text(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        said = {"client_name": "<script>x</script>", "redirect_uris": "a://", "website": "https://a.example/<b>"}
        made = await (await served.browser.post("/api/v1/apps", json=said)).json()
        await sign_in(served.browser, person)
        state = '"><script>x</script>'
        query = {"client_id": made["client_id"], "redirect_uri": "a://", "response_type": "code", "state": state}
        response = await served.browser.get("/oauth/authorize", params=query)
        page = await response.text()
        assert response.status == 200
        assert "<script>" not in page
        assert hidden(page, "/oauth/authorize")["state"] == state


async def test_every_scope_has_its_words(db: Database) -> None:

    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser, scopes=" ".join(SCOPES))
        await sign_in(served.browser, person)
        page = await look(served.browser, app.authorize_path(scope=" ".join(SCOPES)))
        items = [item.split("</li>")[0].strip() for item in page.split("<li>")[1:]]
        assert len(items) == len(set(items)) == len(SCOPES)
        assert all(items)


async def test_refusing_by_delete(db: Database) -> None:
    person = await add_person(db, "alice", password=PASSWORD)
    async with serving(db) as served:
        app = await register(served.browser)
        path = app.authorize_path(state="s")
        assert "/auth/sign_in" in (await served.browser.delete(path, allow_redirects=False)).headers["Location"]
        await sign_in(served.browser, person)
        answer = await served.browser.delete(path, allow_redirects=False)
        assert answer.status == 302
        assert answer.headers["Location"].startswith("icecubesapp://?error=access_denied")
        wrong = path.replace("icecubesapp", "evilapp")
        assert (await served.browser.delete(wrong, allow_redirects=False)).status == 400
