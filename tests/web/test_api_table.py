"""Every address that apps call, row by row from the reference: it is there, serves whom it should, and answers strictly.

`api_acts` has one successful act for each row. What is not served is named here, with the reason.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from federation.endpoints import GET as DISCOVERY
from tests.web import admin_acts
from tests.web.api_acts import ACTS as ACTS_OF_APPS
from tests.web.api_acts import Act, Shape
from tests.web.api_stage import Stage, picture_form, set_stage
from tests.web.api_table import Row, read_rows, shape
from tests.web.api_world import Answer, World
from tests.web.apps import fetch_token, register
from tests.web.entity_checker import EntityChecker
from tests.web.people import add_token
from web.oauth.scopes import SCOPES

ACTS = ACTS_OF_APPS | admin_acts.ACTS
NOT_SERVED = {
    "/api/web/": "Mastodon's own web client alone, by its session",
    "/invite/": "there are no invitations by link: an institution makes its members",
}
# Doors without access tokens or entities, and what is answered with nothing: tests of their own walk through them.
ELSEWHERE = {
    "GET /oauth/authorize": "test_oauth_authorize.py",
    "POST /oauth/authorize": "test_oauth_authorize.py",
    "POST /oauth/token": "test_oauth_token.py",
    "POST /oauth/revoke": "test_oauth_token.py",
    "GET /.well-known/oauth-authorization-server": "test_oauth_apps.py",
    "GET /api/v1/streaming": "test_streaming_frames.py",
    "POST /api/v1/accounts": "test_api_sign_ups.py",
    "POST /api/v1/emails/confirmations": "test_api_sign_ups.py",
    "GET /api/oembed": "test_api_oembed.py",
    "GET /api/v1_alpha/async_refreshes/:id": "test_api_statuses.py",
    "POST /api/v1/statuses/:id/translate": "test_api_translations.py",
    "GET /api/v1/donation_campaigns": "test_api_peers.py",
    "GET /api/v1/accounts/:id/identity_proofs": "test_api_peers.py",
    "POST /api/v1/accounts/:id/email_subscriptions": "test_api_peers.py",
}
# The table asks for a user where apps look names up before anybody has signed in (Elk, Phanpy).
OPEN_TO_ALL = {"GET /api/v1/accounts/lookup"}
# The table lets an app without a user in, but only its author is shown how a post was written.
AUTHORS_ALONE = {"GET /api/v1/statuses/:id/source"}
NO_TOKEN = {"error": "The access token is invalid"}
NO_SCOPE = {"error": "This action is outside the authorized scopes"}
NO_USER = {"error": "This method requires an authenticated user"}

Headers = dict[str, str]


def wanted(reference: Path) -> list[Row]:
    return [row for row in read_rows(reference) if not row.path.startswith(tuple(NOT_SERVED))]


def exercised(reference: Path) -> list[Row]:
    """In the order of the acts: a thing is looked at before it is taken away."""
    rows = {str(row): row for row in wanted(reference)}
    return [rows[name] for name in ACTS]


def test_every_row_has_its_act(reference: Path) -> None:
    names = {str(row) for row in wanted(reference)}
    discovery = {f"GET {path}" for path in DISCOVERY} | {"GET /nodeinfo/2.0"}
    assert len(names) >= 260
    assert names - set(ACTS) - set(ELSEWHERE) - discovery == set()


async def test_every_address_is_there(world: World, reference: Path) -> None:
    app = world.browser.app
    assert app is not None
    there = {(route.method, shape(route.resource.canonical)) for route in app.router.routes() if route.resource}
    there |= {("GET", path) for path in (*DISCOVERY, "/nodeinfo/2.0")}
    assert {str(row) for row in wanted(reference) if row.shape not in there} == set()


@pytest.mark.timeout(300)
async def test_every_address_serves_whom_it_should_and_answers_strictly(
    world: World, reference: Path, checker: EntityChecker
) -> None:
    stage = await set_stage(world)
    await admin_acts.set_admin_stage(stage)
    conformance = Conformance(stage, checker, *await _strangers_to_users(stage))
    for row in exercised(reference):
        await conformance.try_row(row, ACTS[str(row)])
    assert not conformance.problems, "\n".join(conformance.problems)


async def _strangers_to_users(stage: Stage) -> tuple[Headers, Headers]:
    """The token of an app without a user, with every scope there is; and a token that was taken back."""
    browser, everything = stage.world.browser, " ".join(SCOPES)
    app = await register(browser, scopes=everything)
    of_app = (await fetch_token(browser, app, grant_type="client_credentials", scope=everything))[1]["access_token"]
    revoked = (await fetch_token(browser, app, grant_type="client_credentials", scope=everything))[1]["access_token"]
    answer = await browser.post("/oauth/revoke", data={**app.credentials, "token": revoked})
    assert answer.status == 200
    return {"Authorization": f"Bearer {of_app}"}, {"Authorization": f"Bearer {revoked}"}


class Conformance:
    """Tries rows and collects what is wrong with them: one run tells of all."""

    def __init__(self, stage: Stage, checker: EntityChecker, of_app: Headers, revoked: Headers) -> None:
        self.problems: list[str] = []
        self._stage = stage
        self._checker = checker
        self._of_app = of_app
        self._revoked = revoked
        self._tokens: dict[tuple[str, tuple[str, ...]], Headers] = {}

    async def try_row(self, row: Row, act: Act) -> None:
        if row.takes_tokens:
            await self._try_access(row, act)
        headers = await self._token(act.who, row.scopes[:1])
        if act.paged:
            await self._try_pages(row, act, headers)
        answer = await self._ask(row, act, headers)
        found = [f"{answer.status} {answer.body}"] if answer.status != 200 else self._wrong(row, act, answer.body)
        self._note(row, found)

    async def _try_access(self, row: Row, act: Act) -> None:
        open_ = row.is_public or str(row) in OPEN_TO_ALL
        self._hold(row, "without a token", await self._ask(row, act, {}), None if open_ else (401, NO_TOKEN))
        if not row.is_public or row.scopes:
            self._hold(row, "with a revoked token", await self._ask(row, act, self._revoked), (401, NO_TOKEN))
        if row.scopes:
            other = await self._token(act.who, ("push",) if row.scopes != ("push",) else ("read",))
            self._hold(row, "without the scope", await self._ask(row, act, other), (403, NO_SCOPE))
        if row.wants_user and not open_:
            self._hold(row, "as an app", await self._ask(row, act, self._of_app), (422, NO_USER))
        elif str(row) not in AUTHORS_ALONE:
            self._hold(row, "as an app", await self._ask(row, act, self._of_app), None)
        for scope in row.scopes[1:]:
            nothing = Act(" ".join("=1" for _ in re.findall(r":\w+", row.path)))
            answer = await self._ask(row, nothing, await self._token(act.who, (scope,)))
            self._note(row, [f"with {scope} alone: 403"] if answer.body == NO_SCOPE else [])

    def _hold(self, row: Row, how: str, answer: Answer, refusal: tuple[int, Any] | None) -> None:
        """`refusal` is what must come; None: anything but a refusal."""
        refused = answer.status in {401, 403} or answer.body == NO_USER
        fine = (answer.status, answer.body) == refusal if refusal else not refused
        self._note(row, [] if fine else [f"{how}: {answer.status} {answer.body}"])

    async def _try_pages(self, row: Row, act: Act, headers: Headers) -> None:
        first = await self._ask(row, act, headers, "limit=1")
        link = first.headers.get("Link", "")
        fine = re.fullmatch(
            r'<https://[^>]*[?&]max_id=\d+[^>]*>; rel="next", <https://[^>]*[?&]min_id=\d+[^>]*>; rel="prev"', link
        )
        self._note(row, [] if fine else [f"Link: {link} of {first.status}"])
        if first.next_url:
            second = await self._stage.world.call("GET", first.next_url, headers=headers)
            self._note(
                row, [] if second.body and second.body != first.body else ["the next page is empty, or the first"]
            )
        empty = await self._ask(row, act, headers, "max_id=1")
        self._note(row, [] if "Link" not in empty.headers and empty.status == 200 else [f"empty page: {empty.headers}"])

    async def _ask(self, row: Row, act: Act, headers: Headers, query: str = "") -> Answer:
        names = iter(act.at.split())
        path = re.sub(r":\w+", lambda _: self._named(next(names)), row.path)
        asked = "&".join(part for part in (act.query.format_map(self._stage.names), query) if part)
        body: dict[str, Any] = {"data": picture_form()} if act.uploads else {}
        if act.json is not None:
            body["json"] = self._stage.fill(act.json)
        self._stage.world.tick(1000)
        return await self._stage.world.call(row.method, f"{path}?{asked}", headers=headers, **body)

    def _named(self, name: str) -> str:
        """An id of the stage; after `=` the very text."""
        return name[1:] if name.startswith("=") else self._stage.names[name]

    async def _token(self, who: str, scopes: tuple[str, ...]) -> Headers:
        if (who, scopes) not in self._tokens:
            person = self._stage.people[who]
            self._tokens[who, scopes] = await add_token(self._stage.world.db, person, scopes or ("read",))
        return self._tokens[who, scopes]

    def _wrong(self, row: Row, act: Act, body: Any) -> list[str]:
        return self._unlike(row.returns if act.entity is None else act.entity, body)

    def _unlike(self, wanted: Shape, body: Any) -> list[str]:
        if isinstance(wanted, dict):
            named = [] if set(body) == set(wanted) else [f"{sorted(body)}, not {sorted(wanted)}"]
            return named + [found for key in wanted if key in body for found in self._unlike(wanted[key], body[key])]
        if wanted.startswith("Array<"):
            inner = wanted.removeprefix("Array<").removesuffix(">").replace("String", "string")
            return [problem for one in body for problem in self._unlike(inner, one)] if body else ["an empty page"]
        if wanted == "Empty":
            return [] if body == {} else [f"{body} is not empty"]
        return self._checker.problems_of(wanted, body)

    def _note(self, row: Row, found: list[str]) -> None:
        self.problems += [f"{row}: {problem}" for problem in found]
