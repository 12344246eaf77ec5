"""Trouble as answers: JSON for apps, pages for people, and logs without a word of what was sent."""

import logging

import pytest
from aiohttp import web

from storage.database import Database
from tests.web.serving import serving
from web.answers import CONTENT_TYPE, empty
from web.auth import anyone
from web.errors import ApiError, is_api

# No row is read here: one engine says it all.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

SECRET = "Mme Exemple, 12 rue des Lilas"


@anyone
async def refuses(_request: web.Request) -> web.StreamResponse:
    raise ApiError(422, "Validation failed", details={"details": {"text": []}}, headers={"X-Test": "1"})


@anyone
async def breaks(_request: web.Request) -> web.StreamResponse:
    raise ValueError(SECRET)


@anyone
async def works(_request: web.Request) -> web.StreamResponse:
    return empty()


@anyone
async def moves(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


ROUTES = [
    web.post("/api/refuses", refuses),
    web.get("/api/breaks/{what}", breaks),
    web.get("/api/works", works),
    web.get("/breaks", breaks),
    web.get("/moves", moves),
]


async def test_a_refusal_says_what_the_handler_says(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        response = await served.browser.post("/api/refuses")
        assert response.status == 422
        assert await response.json() == {"error": "Validation failed", "details": {"text": []}}
        assert response.headers["X-Test"] == "1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("POST", "/api/v1/nothing"),
        ("GET", "/api/refuses"),  # a known path with another method is an unknown route too
        ("DELETE", "/api/works"),
        ("GET", "/oauth/nothing"),
        ("GET", "/nodeinfo/9.9"),
        ("GET", "/.well-known/nothing"),
    ],
)
async def test_an_unknown_route_is_a_json_404(db: Database, method: str, path: str) -> None:
    async with serving(db, routes=ROUTES) as served:
        response = await served.browser.request(method, path)
        assert response.status == 404
        assert response.headers["Content-Type"] == CONTENT_TYPE
        assert await response.json() == {"error": "Record not found"}


@pytest.mark.parametrize(("language", "words"), [("fr", "Il n’y a rien ici"), ("en", "There is nothing here")])
async def test_an_unknown_page_is_a_page(db: Database, language: str, words: str) -> None:
    async with serving(db) as served:
        response = await served.browser.get("/nothing", headers={"Accept-Language": language})
        assert response.status == 404
        assert response.content_type == "text/html"
        assert words in await response.text()


async def test_a_page_with_another_method_says_which_are_allowed(db: Database) -> None:
    async with serving(db) as served:
        response = await served.browser.delete("/about")
        assert response.status == 405
        assert "GET" in response.headers["Allow"]


async def test_a_redirect_is_no_trouble(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        response = await served.browser.get("/moves", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (302, "/elsewhere")


@pytest.mark.parametrize("path", ["/api/breaks/secretword?q=secretword", "/breaks"])
async def test_our_own_faults_are_logged_without_content(
    db: Database, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    async with serving(db, routes=ROUTES) as served:
        with caplog.at_level(logging.INFO):
            response = await served.browser.get(path)
            body = await response.text()
    assert response.status == 500
    assert SECRET not in body
    logged = [record.getMessage() for record in caplog.records if record.name == "web.errors"]
    assert len(logged) == 1
    assert response.headers["X-Request-Id"] in logged[0]
    assert "ValueError at breaks (" in logged[0]
    assert SECRET not in caplog.text
    assert "secretword" not in "".join(logged)


async def test_every_answer_has_an_id_of_its_own_and_is_not_sniffed(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        answers = [
            await served.browser.get(path) for path in ("/api/works", "/api/nothing", "/", "/nothing", "/breaks")
        ]
        assert len({response.headers["X-Request-Id"] for response in answers}) == len(answers)
        assert {response.headers["X-Content-Type-Options"] for response in answers} == {"nosniff"}


async def test_success_with_nothing_to_say_is_an_empty_object(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        response = await served.browser.get("/api/works")
        assert (response.status, await response.text()) == (200, "{}")
        assert response.headers["Content-Type"] == CONTENT_TYPE


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/apps", True), ("/oauth/token", True), ("/nodeinfo/2.0", True), ("/.well-known/x", True),
        ("/ap/inbox", True), ("/oauth/authorize", False), ("/oauth/authorize/native", False), ("/", False),
        ("/@alice", False), ("/auth/sign_in", False), ("/apix", False),
    ],
)  # fmt: skip
def test_who_is_answered_in_json(path: str, *, expected: bool, engine: str) -> None:
    assert is_api(path) is expected
