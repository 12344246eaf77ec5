"""Scripts of other sites: what they may read and do, and that it never needs or takes a cookie (client_behaviour §7)."""

import pytest

from storage.database import Database
from tests.web.serving import serving
from web.cors import methods_for

# No row is read here: one engine says it all.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

EVERYTHING = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/statuses", EVERYTHING),
        ("/api/v1/unknown", EVERYTHING),
        ("/oauth/token", "POST"),
        ("/oauth/revoke", "POST"),
        ("/oauth/userinfo", "GET, POST"),
        ("/.well-known/nodeinfo", "GET"),
        ("/nodeinfo/2.0", "GET"),
        ("/media/a/b.png", "GET"),
        ("/@alice", "GET"),
        ("/users/alice", "GET"),
        ("/oauth/authorize", None),
        ("/oauth/tokens", None),
        ("/auth/sign_in", None),
        ("/settings", None),
        ("/@alice/1", None),
        ("/", None),
    ],
)
async def test_preflights_are_answered_without_a_token(db: Database, path: str, methods: str | None) -> None:
    headers = {
        "Origin": "https://elk.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    async with serving(db) as served:
        response = await served.browser.options(path, headers=headers)
    assert methods_for(path) == methods
    assert response.headers.get("Access-Control-Allow-Methods") == methods
    assert "Access-Control-Allow-Credentials" not in response.headers
    if methods:
        assert response.status == 200
        assert response.headers.getall("Access-Control-Allow-Origin") == ["*"]
        assert response.headers["Access-Control-Allow-Headers"] == "authorization,idempotency-key"
    else:
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_odd_header_names_are_not_echoed(db: Database) -> None:
    async with serving(db) as served:
        response = await served.browser.options("/api/x", headers={"Access-Control-Request-Headers": "<script>"})
        assert "Access-Control-Allow-Headers" not in response.headers


@pytest.mark.parametrize("path", ["/api/v1/unknown", "/.well-known/oauth-authorization-server", "/api/v1/apps"])
async def test_answers_and_errors_may_be_read_with_their_headers(db: Database, path: str) -> None:
    async with serving(db) as served:
        response = await served.browser.get(path, headers={"Origin": "https://elk.example"})
    assert response.headers.getall("Access-Control-Allow-Origin") == ["*"]
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Link", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Request-Id"} <= set(exposed)


@pytest.mark.parametrize("path", ["/", "/auth/sign_in", "/oauth/authorize", "/unknown"])
async def test_pages_may_not_be_read(db: Database, path: str) -> None:
    async with serving(db) as served:
        response = await served.browser.get(path, headers={"Origin": "https://elk.example"})
        assert "Access-Control-Allow-Origin" not in response.headers
