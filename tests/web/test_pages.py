"""Pages for people: what anybody sees, with which headers and cookies, in which language."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from federation.context import Origin
from storage.database import Database
from tests.web.browsing import hidden, look, press, sign_in
from tests.web.people import PASSWORD, add_person
from tests.web.serving import SITE_HERE, serving
from web.pages import translation
from web.pages.translation import LANGUAGES, choose_locale, load_catalogue, translator
from web.passwords import hash_password, password_fits

TEMPLATES = Path(translation.__file__).parent / "templates"
EVERY_PAGE = ["/", "/about", "/auth/sign_in", "/auth/link?token=x", "/unknown", "/oauth/authorize"]


@pytest.mark.parametrize("engine", ["sqlite"])
class TestHeaders:
    @pytest.mark.parametrize("path", EVERY_PAGE)
    async def test_pages_load_nothing_run_nothing_and_are_framed_by_nobody(self, db: Database, path: str) -> None:
        async with serving(db) as served:
            headers = (await served.browser.get(path)).headers
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-store"
        assert "Cross-Origin-Opener-Policy" not in headers  # it would cut Phanpy's popup off

    async def test_pages_without_a_form_set_no_cookie(self, db: Database) -> None:
        async with serving(db) as served:
            for path in ("/", "/about", "/unknown", "/static/style.css"):
                assert "Set-Cookie" not in (await served.browser.get(path)).headers

    async def test_head_of_the_first_page_tells_the_time(self, db: Database) -> None:
        async with serving(db) as served:
            response = await served.browser.head("/")
            assert response.status == 200
            assert response.headers["Date"]


class TestCookies:
    @pytest.mark.parametrize("engine", ["sqlite"])
    async def test_outside_development_cookies_are_secure_and_bound_to_the_host(self, db: Database) -> None:
        async with serving(db, site=replace(SITE_HERE, development=False)) as served:
            cookie = (await served.browser.get("/auth/sign_in")).headers["Set-Cookie"]
        name, _, rest = cookie.partition("=")
        assert name == "__Host-confrere_form_chu_a_example"
        assert set(rest.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}

    async def test_the_session_cookie_is_for_no_script_and_no_other_site(self, db: Database) -> None:
        person = await add_person(db, "alice", password=PASSWORD)
        async with serving(db) as served:
            cookie = (await sign_in(served.browser, person)).headers["Set-Cookie"]
        name, _, rest = cookie.partition("=")
        value, *flags = rest.split("; ")
        assert name == "confrere_session_chu_a_example"
        assert set(flags) == {"HttpOnly", "Path=/", "SameSite=Lax"}
        row = await db.read(lambda tx: tx.row("SELECT * FROM sessions"))
        assert row is not None
        assert value not in [str(column) for column in row]

    @pytest.mark.parametrize("engine", ["sqlite"])
    async def test_instances_on_other_ports_have_other_cookies(self, db: Database) -> None:
        names = set()
        for port in (8001, 8002):
            origin = Origin(f"localhost:{port}", f"localhost:{port}", "http")
            async with serving(db, origin=origin) as served:
                cookie = (await served.browser.get("/auth/sign_in")).headers["Set-Cookie"]
                names.add(cookie.partition("=")[0])
        assert names == {"confrere_form_localhost_8001", "confrere_form_localhost_8002"}


@pytest.mark.parametrize("engine", ["sqlite"])
class TestWords:
    async def test_the_first_page_says_how_to_connect(self, db: Database) -> None:
        site = replace(SITE_HERE, contact_email="dpo@chu-a.example", description="<b>CHU</b>")
        async with serving(db, site=site) as served:
            for language, words in (("fr", "Connecter votre application"), ("en", "Connect your app")):
                page = await look(served.browser, "/", language=language)
                assert words in page
                assert f'<html lang="{language}">' in page
                assert '<code class="address">chu-a.example</code>' in page
                assert "dpo@chu-a.example" in page
                assert "&lt;b&gt;CHU&lt;/b&gt;" in page

    async def test_the_address_may_ask_for_a_language(self, db: Database) -> None:
        async with serving(db) as served:
            assert "Se connecter" in await look(served.browser, "/auth/sign_in?lang=fr-CA", language="en")
            assert "Sign in" in await look(served.browser, "/auth/sign_in?lang=xx", language="en")

    async def test_a_member_is_spoken_to_in_the_language_they_chose(self, db: Database) -> None:
        person = await add_person(db, "alice", password=PASSWORD, locale="fr")
        async with serving(db) as served:
            await sign_in(served.browser, person)
            page = await look(served.browser, "/settings", language="en")
            assert "Vous êtes" in page
            await press(served.browser, page, "/settings", locale="en")
            assert "You are" in await look(served.browser, "/settings", language="fr")
            response = await press(served.browser, page, "/settings", locale="xx")
            assert response.status == 422

    async def test_style_and_images_are_ours_alone(self, db: Database) -> None:
        async with serving(db) as served:
            for name, content_type in (
                ("style.css", "text/css"),
                ("avatar.png", "image/png"),
                ("icon.svg", "image/svg+xml"),
            ):
                response = await served.browser.get(f"/static/{name}")
                assert (response.status, response.content_type) == (200, content_type)
            for name in ("..%2frender.py", "%2e%2e/render.py", "nothing.css", ""):
                assert (await served.browser.get(f"/static/{name}")).status == 404

    async def test_settings_are_for_members(self, db: Database) -> None:
        async with serving(db) as served:
            response = await served.browser.get("/settings", allow_redirects=False)
            assert (response.status, response.headers["Location"]) == (302, "/auth/sign_in?next=%2Fsettings")
            page = await look(served.browser, "/auth/sign_in")
            token = hidden(page, "/auth/sign_in")["csrf"]
            posted = await served.browser.post("/settings", data={"csrf": token, "locale": "fr"}, allow_redirects=False)
            assert posted.headers["Location"].startswith("/auth/sign_in")


class TestTranslation:
    @pytest.mark.parametrize(
        ("accepted", "expected"),
        [
            ("fr", "fr"), ("en", "en"), ("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("de, en;q=0.5, fr;q=0.4", "en"),
            ("en;q=0.1, fr;q=0.9", "fr"), ("", "en"), ("de", "en"), ("*", "en"), ("fr;q=0, de", "en"),
            ("fr;q=x, de", "en"), ("fr;q=", "en"), (";;;,,=", "en"), ("FR", "fr"),
        ],
    )  # fmt: skip
    def test_the_browser_is_asked(self, accepted: str, expected: str) -> None:
        assert choose_locale(accepted, ("en", "fr")) == expected

    def test_a_site_offers_what_it_likes_among_what_there_is(self) -> None:
        assert choose_locale("", ("fr", "en")) == "fr"
        assert choose_locale("en", ("fr",)) == "fr"
        assert choose_locale("de", ("de",)) == "en"

    @given(st.text())
    def test_no_header_is_an_accident(self, accepted: str) -> None:
        assert choose_locale(accepted, ("en", "fr")) in LANGUAGES

    def test_every_word_of_every_page_is_in_every_language(self) -> None:
        said = {
            message if isinstance(message, str) else str(message and message[0])
            for path in TEMPLATES.glob("*.html")
            for _, _, message in extract_from_ast(Environment().parse(path.read_text("utf-8")), ("_",))  # noqa: S701 - nothing is rendered
        }
        for locale in LANGUAGES.keys() - {"en"}:
            assert load_catalogue(locale).keys() == said

    def test_translations_fill_in_the_same_names(self) -> None:
        for locale in LANGUAGES:
            for text, translated in load_catalogue(locale).items():
                assert re.findall(r"%\(\w+\)s", text) == re.findall(r"%\(\w+\)s", translated)

    def test_values_are_filled_in(self) -> None:
        assert translator("fr")("Read: %(what)s", what="x") == "Lire\u00a0: x"
        assert translator("en")("100 %") == "100 %"


class TestPasswords:
    async def test_only_the_password_fits(self) -> None:
        hashed = await hash_password("é secret")
        assert hashed.startswith("$argon2id$")
        assert await password_fits("é secret", hashed)
        assert await password_fits("e\u0301 secret", hashed)  # as another keyboard composes it
        assert not await password_fits("e secret", hashed)
        assert await hash_password("é secret") != hashed

    @pytest.mark.parametrize("hashed", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
    @pytest.mark.parametrize("password", ["", "x"])
    async def test_where_there_is_none_nothing_fits(self, password: str, hashed: str | None) -> None:
        assert not await password_fits(password, hashed)
