"""Tokens and scopes: Mastodon's codes and phrases, rights that end at once, a scope declared by every route."""

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import web

from policies.terms import Role
from storage.actors import update_actor
from storage.database import Database
from storage.ids import new_id
from storage.members import update_member
from storage.oauth import Grant, delete_tokens_of, insert_app, insert_token
from storage.records import App, Token
from tests.web.people import EVERYTHING, NOW, add_person, add_token
from tests.web.serving import Browser, serving
from web.answers import answer
from web.auth import Access, Viewer, Who, access_of, anyone, declare, find_grant, for_apps, public, requires, viewer_of
from web.errors import ApiError
from web.oauth.scopes import SCOPES, covers, covers_all, parse_scopes
from web.tokens import hash_token

INVALID = (401, "The access token is invalid")
OUTSIDE = (403, "This action is outside the authorized scopes")
DISABLED = (403, "Your login is currently disabled")
NO_USER = (422, "This method requires an authenticated user")


@requires("read:statuses")
async def members_only(_request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer([viewer.actor_id, viewer.role, viewer.scopes])


@public("read:statuses")
async def for_all(_request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return answer(viewer.actor_id if viewer else None)


@for_apps()
async def for_every_app(_request: web.Request, grant: Grant) -> web.StreamResponse:
    return answer(grant.actor_id)


@anyone
async def token_blind(_request: web.Request) -> web.StreamResponse:
    return answer("hello")


ROUTES = [
    web.get("/api/member", members_only),
    web.get("/api/public", for_all),
    web.get("/api/app", for_every_app),
    web.get("/api/anyone", token_blind),
]


async def ask(browser: Browser, path: str, headers: dict[str, str] | None = None) -> object:
    response = await browser.get(path, headers=headers)
    body = await response.json()
    return body if response.status == 200 else (response.status, body["error"])


async def add_app_token(db: Database) -> dict[str, str]:
    app = App(new_id(NOW), "client", "hash", "Test", None, "app://", "read", NOW)
    await db.transact(lambda tx: insert_app(tx, app))
    token = Token(new_id(NOW), hash_token("apptoken"), app.id, None, "read", NOW)
    await db.transact(lambda tx: insert_token(tx, token))
    return {"Authorization": "Bearer apptoken"}


async def test_a_member_is_known_by_their_token(db: Database) -> None:
    person = await add_person(db, "alice", role="auditor")
    headers = await add_token(db, person, ("read", "write"))
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/member", headers) == [person.actor.id, "auditor", ["read", "write"]]
        assert await ask(served.browser, "/api/public", headers) == person.actor.id
        assert await ask(served.browser, "/api/app", headers) == person.actor.id
        lower = {"Authorization": headers["Authorization"].replace("Bearer", "bearer")}
        assert await ask(served.browser, "/api/public", lower) == person.actor.id


async def test_a_token_that_nobody_has_is_refused_wherever_it_is_looked_at(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        for value in ("Bearer wrong", "Bearer", "Bearer é", "Basic YTpi", "wrong", ""):
            headers = {"Authorization": value}
            for path in ("/api/member", "/api/public", "/api/app"):
                assert await ask(served.browser, path, headers) == INVALID
            assert await ask(served.browser, "/api/anyone", headers) == "hello"


async def test_a_token_comes_as_a_bearer_token_only(db: Database) -> None:
    headers = await add_token(db, await add_person(db, "alice"))
    async with serving(db, routes=ROUTES) as served:
        basic = {"Authorization": headers["Authorization"].replace("Bearer", "Basic")}
        assert await ask(served.browser, "/api/public", basic) == INVALID


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_header_that_is_no_text_is_no_token(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.browser.port)
        writer.write(b"GET /api/public HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nConnection: close\r\n\r\n")
        assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_without_a_token_only_public_routes_answer(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/member") == INVALID
        assert await ask(served.browser, "/api/app") == INVALID
        assert await ask(served.browser, "/api/public") is None
        response = await served.browser.get("/api/member")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_narrower_scope_is_not_enough(db: Database) -> None:
    headers = await add_token(db, await add_person(db, "alice"), ("read:accounts", "write", "follow"))
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/member", headers) == OUTSIDE
        assert await ask(served.browser, "/api/public", headers) == OUTSIDE
        assert isinstance(await ask(served.browser, "/api/app", headers), int)


async def test_the_token_of_an_app_is_no_member(db: Database) -> None:
    headers = await add_app_token(db)
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/member", headers) == NO_USER
        assert await ask(served.browser, "/api/public", headers) is None
        assert await ask(served.browser, "/api/app", headers) is None


@pytest.mark.parametrize("table", ["members", "actors"])
async def test_rights_end_at_once_with_the_account(db: Database, table: str) -> None:
    person = await add_person(db, "alice")
    headers = await add_token(db, person)
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/public", headers) == person.actor.id
        change = update_member if table == "members" else update_actor
        await db.transact(lambda tx: change(tx, person.actor.id, disabled_at=NOW))
        for path in ("/api/member", "/api/public", "/api/app"):
            assert await ask(served.browser, path, headers) == DISABLED


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"confirmed_at": None, "approved_at": None}, "Your login is missing a confirmed e-mail address"),
        ({"confirmed_at": None}, "Your login is missing a confirmed e-mail address"),
        ({"approved_at": None}, "Your login is currently pending approval"),
    ],
)
async def test_who_is_not_in_yet_is_told_what_is_missing(db: Database, changes: dict[str, None], phrase: str) -> None:
    person = await add_person(db, "alice")
    headers = await add_token(db, person)
    await db.transact(lambda tx: update_actor(tx, person.actor.id, disabled_at=NOW))
    await db.transact(lambda tx: update_member(tx, person.actor.id, **changes))
    async with serving(db, routes=ROUTES) as served:
        for path in ("/api/member", "/api/public", "/api/app"):
            assert await ask(served.browser, path, headers) == (403, phrase)


async def test_rights_end_at_once_with_the_token(db: Database) -> None:
    person = await add_person(db, "alice")
    headers = await add_token(db, person)
    async with serving(db, routes=ROUTES) as served:
        assert await ask(served.browser, "/api/public", headers) == person.actor.id
        await db.transact(lambda tx: delete_tokens_of(tx, person.actor.id))
        assert await ask(served.browser, "/api/public", headers) == INVALID


async def test_a_role_counts_from_the_next_request_on(db: Database) -> None:
    person = await add_person(db, "alice")
    headers = await add_token(db, person)
    async with serving(db, routes=ROUTES) as served:
        await db.transact(lambda tx: update_member(tx, person.actor.id, role="moderator"))
        assert await ask(served.browser, "/api/member", headers) == [
            person.actor.id, "moderator", list(EVERYTHING),
        ]  # fmt: skip


async def test_a_token_found_by_other_means_is_judged_alike(db: Database) -> None:
    person = await add_person(db, "alice")
    headers = await add_token(db, person, ("read",))
    async with serving(db) as served:
        grant = await find_grant(served.ctx, headers["Authorization"].removeprefix("Bearer "))
        viewer = viewer_of(grant, Access(Who.MEMBER, ("read:notifications",)))
        assert (viewer.actor_id, viewer.role) == (person.actor.id, Role.MEMBER)
        assert viewer.has("read:lists")
        assert not viewer.has("write:lists")
        for wrong, scope in ((grant, "write:statuses"), (None, "read")):
            with pytest.raises(ApiError):
                viewer_of(wrong, Access(Who.MEMBER, (scope,)))


async def test_tokens_are_not_stored(db: Database) -> None:
    token = (await add_token(db, await add_person(db, "alice")))["Authorization"].removeprefix("Bearer ")
    row = await db.read(lambda tx: tx.row("SELECT * FROM tokens"))
    assert row is not None
    assert token not in [str(value) for value in row]
    assert len(token) == 43


def routes_of(app: web.Application) -> Iterator[tuple[str, str, Access | None]]:
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        yield route.method, path, access_of(route.handler)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_every_route_says_what_it_asks(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        declared = {(method, path): access for method, path, access in routes_of(served.app)}
    assert [key for key, access in declared.items() if access is None] == []
    assert declared["GET", "/api/member"] == Access(Who.MEMBER, ("read:statuses",))
    assert declared["GET", "/api/public"] == Access(Who.PUBLIC, ("read:statuses",))
    assert declared["GET", "/oauth/userinfo"] == Access(Who.MEMBER, ("profile", "read:accounts"), group=True)
    assert declared["GET", "/oauth/authorize"] == Access(Who.BROWSER)
    assert access_of(routes_of) is None


def test_a_route_cannot_ask_for_a_scope_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"read:status$"):
        declare(token_blind, Access(Who.MEMBER, ("read:status",)))


class TestScopes:
    @pytest.mark.parametrize(
        ("granted", "wanted", "expected"),
        [
            ("read", "read", True),
            ("read", "read:statuses", True),
            ("read:statuses", "read:statuses", True),
            ("read:statuses", "read", False),
            ("read:statuses", "read:accounts", False),
            ("write", "read:statuses", False),
            ("read", "write:statuses", False),
            ("admin:read", "admin:read:accounts", True),
            ("admin:read", "read:accounts", False),
            ("read", "admin:read", False),
            ("follow", "write:follows", True),
            ("follow", "read:mutes", True),
            ("follow", "write:blocks", True),
            ("follow", "write:statuses", False),
            ("follow", "follow", True),
            ("profile", "read:accounts", False),
            ("", "read", False),
            ("rea", "read", False),
        ],
    )
    def test_what_contains_what(self, granted: str, wanted: str, *, expected: bool) -> None:
        assert covers(granted.split(), wanted) is expected

    def test_an_app_may_ask_for_less_never_for_more(self) -> None:
        assert covers_all(("read", "follow"), ("read:statuses", "write:mutes"))
        assert not covers_all(("read",), ("read", "write"))
        assert covers_all(("read",), ())

    def test_unknown_scopes_are_no_scopes(self) -> None:
        assert parse_scopes("read  write read") == ("read", "write")
        assert parse_scopes("read everything") is None
        assert parse_scopes(" ".join(SCOPES)) == SCOPES
