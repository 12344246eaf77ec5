"""Rates: counted in windows, told in headers, refused beyond; bounded memory; sign-ins by account and address."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp import FormData, web
from hypothesis import given
from hypothesis import strategies as st

from storage.database import Database
from tests.web.people import NOW, add_person, add_token
from tests.web.serving import SITE_HERE, Browser, serving
from web.answers import empty
from web.auth import anyone
from web.keys import Site
from web.rates import Allowance, Counter, Limiter, Rate, Rates
from web.shared_rates import share

PROXIES = (ip_network("127.0.0.0/8"),)
WINDOW = 300_000
START = NOW - NOW % WINDOW


@anyone
async def works(_request: web.Request) -> web.StreamResponse:
    return empty()


ROUTES = [
    web.get("/api/works", works),
    web.post("/api/v2/media", works),
    web.delete("/api/v1/statuses/{id}", works),
    web.post("/api/v1/statuses/{id}/unreblog", works),
    web.post("/api/v1/accounts", works),
]


def site(**rates: Rate) -> Site:
    return replace(SITE_HERE, rates=Rates(**rates), trusted_proxies=PROXIES)


async def statuses(browser: Browser, method: str, path: str, times: int, *, address: str = "192.0.2.1") -> list[int]:
    headers = {"X-Forwarded-For": address}
    return [(await browser.request(method, path, headers=headers)).status for _ in range(times)]


class TestLimiter:
    def test_the_limit_is_reached_and_the_window_ends(self) -> None:
        limiter, rate = Limiter(), Rate(2, 300)
        seen = [limiter.spend("x", rate, "a", now=START + second) for second in (0, 1, 299_999, WINDOW)]
        assert seen == [
            Allowance(2, 1, START + WINDOW, exceeded=False),
            Allowance(2, 0, START + WINDOW, exceeded=False),
            Allowance(2, 0, START + WINDOW, exceeded=True),
            Allowance(2, 1, START + 2 * WINDOW, exceeded=False),
        ]

    def test_each_name_and_each_person_counts_alone(self) -> None:
        limiter, rate = Limiter(), Rate(1, 300)
        for name, who in (("x", "a"), ("x", "b"), ("y", "a")):
            assert not limiter.spend(name, rate, who, now=START).exceeded

    @given(st.lists(st.integers(0, 50), max_size=200))
    def test_memory_is_bounded(self, people: list[int]) -> None:
        limiter = Limiter(most=5)
        for who in people:
            limiter.spend("x", Rate(9, 300), str(who), now=START)
            assert len(limiter._windows["x"][1]) <= 5

    def test_whoever_asks_often_is_not_forgotten(self) -> None:
        limiter, rate = Limiter(most=3), Rate(3, 300)
        for stranger in range(3):
            limiter.spend("x", rate, "often", now=START)
            limiter.spend("x", rate, str(stranger), now=START)
        assert limiter.spend("x", rate, "often", now=START).exceeded

    def test_what_others_counted_comes_on_top_of_what_was_counted_since(self) -> None:
        limiter, rate = Limiter(), Rate(9, 300)
        assert limiter.take_news() == {}
        limiter.spend("x", rate, "a", now=START)
        counter = Counter("x", "a", START)
        assert limiter.take_news() == {counter: 1}
        limiter.spend("x", rate, "a", now=START)
        limiter.learn({counter: 5, Counter("x", "b", START): 7, Counter("x", "a", START - WINDOW): 8})
        assert limiter.spend("x", rate, "a", now=START).remaining == 9 - 5 - 1 - 1
        assert limiter.spend("x", rate, "b", now=START).remaining == 8

    def test_nothing_is_noted_before_anybody_takes_it(self) -> None:
        limiter = Limiter(most=2)
        limiter.spend("x", Rate(9, 300), "before", now=START)
        limiter.take_news()
        for who in "abc":
            limiter.spend("x", Rate(9, 300), who, now=START)
        assert [counter.who for counter in limiter.take_news()] == ["a", "b"]


async def test_processes_count_together_and_the_database_learns_no_names(db: Database) -> None:
    async with serving(db, site=site(), routes=ROUTES) as served:
        ctx, rate, one, other = served.ctx, Rate(3, 300), Limiter(), Limiter()
        served.clock.now = START
        for limiter in (one, other):
            limiter.take_news()
            limiter.spend("x", rate, "192.0.2.1", now=START)
            limiter.spend("x", rate, "192.0.2.1", now=START)
        for limiter in (one, other, one):
            await share(ctx, limiter, b"key", kept=WINDOW)
        assert not one.spend("x", rate, "192.0.2.2", now=START).exceeded
        assert other.spend("x", rate, "192.0.2.1", now=START).exceeded
        one.spend("x", rate, "192.0.2.1", now=START)
        await share(ctx, one, b"key", kept=WINDOW)
        assert one.spend("x", rate, "192.0.2.1", now=START).exceeded
        rows = await db.read(lambda tx: tx.rows("SELECT who, count FROM rate_counts ORDER BY count"))
        assert [row[1] for row in rows] == [1, 5]
        assert "192.0.2" not in str(rows)

        served.clock.now = START + WINDOW + 1
        one.spend("x", rate, "192.0.2.1", now=served.clock.now)
        await share(ctx, one, b"key", kept=WINDOW)
        rows = await db.read(lambda tx: tx.rows("SELECT count FROM rate_counts"))
        assert [row[0] for row in rows] == [1]


async def test_two_applications_on_one_database_share_one_limit(db: Database) -> None:
    """As two worker processes do, at their own pace."""
    narrow = site(address=Rate(40, 300))

    async def counted(at_least: int) -> None:
        async with asyncio.timeout(20):
            while (await db.read(lambda tx: tx.value("SELECT coalesce(sum(count), 0) FROM rate_counts"))) < at_least:
                await db.wait_for_commit(0.2)

    async with (
        serving(db, site=narrow, routes=ROUTES, shared=True) as one,
        serving(db, site=narrow, routes=ROUTES, shared=True) as other,
    ):
        one.clock.now = other.clock.now = START
        for served in (one, other):
            assert await statuses(served.browser, "GET", "/api/works", 30) == [200] * 30
        answers = []
        for more in range(5):  # a sum is learnt with what is counted next; alone, 35 would be allowed
            await counted(60 + more)
            answers += await statuses(one.browser, "GET", "/api/works", 1)
        assert answers[-1] == 429


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_every_api_answer_tells_what_is_left(db: Database) -> None:
    async with serving(db, site=site(), routes=ROUTES) as served:
        served.clock.now = START + 1
        for expected, path in enumerate(("/api/works", "/api/unknown", "/api/v1/apps/verify_credentials"), start=1):
            headers = (await served.browser.get(path)).headers
            assert headers["X-RateLimit-Limit"] == "300"
            assert headers["X-RateLimit-Remaining"] == str(300 - expected)
            assert headers["X-RateLimit-Reset"] == "2026-11-18T11:10:00.000000Z"
        assert "X-RateLimit-Limit" not in (await served.browser.get("/about")).headers


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_too_much_is_429_until_the_window_ends(db: Database) -> None:
    async with serving(db, site=site(address=Rate(2, 300)), routes=ROUTES) as served:
        assert await statuses(served.browser, "GET", "/api/works", 3) == [200, 200, 429]
        response = await served.browser.get("/api/works", headers={"X-Forwarded-For": "192.0.2.1"})
        assert await response.json() == {"error": "Too many requests"}
        assert response.headers["X-RateLimit-Remaining"] == "0"
        assert await statuses(served.browser, "GET", "/api/works", 1, address="192.0.2.2") == [200]
        served.clock.now += WINDOW
        assert await statuses(served.browser, "GET", "/api/works", 1) == [200]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_person_with_ipv6_is_one_network(db: Database) -> None:
    async with serving(db, site=site(address=Rate(1, 300)), routes=ROUTES) as served:
        for address, status in (("2001:db8::1", 200), ("2001:db8::ffff:2", 429), ("2001:db8:0:1::1", 200)):
            assert await statuses(served.browser, "GET", "/api/works", 1, address=address) == [status]


async def test_members_are_counted_as_themselves_and_by_token(db: Database) -> None:
    alice, bob = await add_person(db, "alice"), await add_person(db, "bob")
    first, second, other = [await add_token(db, person) for person in (alice, alice, bob)]
    rates = site(member=Rate(3, 300), token=Rate(2, 300), address=Rate(1, 300))
    async with serving(db, site=rates, routes=ROUTES) as served:
        seen = [
            (await served.browser.get("/api/works", headers=headers)).status
            for headers in (first, first, first, second, other)
        ]
    # The third is beyond its token; the fourth, by another token, is beyond its member.
    assert seen == [200, 200, 429, 429, 200]


async def test_an_invented_token_is_counted_by_address(db: Database) -> None:
    async with serving(db, site=site(address=Rate(1, 300)), routes=ROUTES) as served:
        seen = [
            (await served.browser.get("/api/works", headers={"Authorization": f"Bearer {made_up}"})).status
            for made_up in "ab"
        ]
    assert seen == [200, 429]


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("paging", "GET", "/api/works?max_id=1"),
        ("paging", "GET", "/api/works?a=b&min_id=1"),
        ("media", "POST", "/api/v2/media"),
        ("deletes", "DELETE", "/api/v1/statuses/1"),
        ("deletes", "DELETE", "/api/v1/statuses/1/"),
        ("deletes", "POST", "/api/v1/statuses/1/unreblog"),
        ("deletes", "POST", "/api/v1/statuses/1/unreblog/"),
        ("sign_ups", "POST", "/api/v1/accounts"),
        ("apps", "POST", "/api/v1/apps"),
    ],
)
async def test_what_costs_more_has_a_rate_of_its_own(db: Database, name: str, method: str, path: str) -> None:
    async with serving(db, site=site(**{name: Rate(1, 600)}), routes=ROUTES) as served:
        first, second = await statuses(served.browser, method, path, 2)
        assert first != 429
        assert second == 429
        assert await statuses(served.browser, "GET", "/api/works", 1) == [200]


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/api/v1/accounts/update_credentials"), ("PUT", "/api/v1/profile")]
)
async def test_portraits_count_as_media_and_words_do_not(db: Database, method: str, path: str) -> None:
    routes = [*ROUTES, web.route(method, path, works)]
    async with serving(db, site=site(media=Rate(1, 600)), routes=routes) as served:
        for form, second in ((FormData({"locked": "1"}), 200), (FormData(default_to_multipart=True), 429)):
            form.add_field("note", "a")
            body = form()
            for expected in (200, second):
                headers = {"X-Forwarded-For": "192.0.2.1", **dict(body.headers)}
                response = await served.browser.request(method, path, data=b"x", headers=headers)
                assert response.status == expected


async def sign_in(browser: Browser, login: str, address: str = "192.0.2.1") -> int:
    page = await (await browser.get("/auth/sign_in")).text()
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    response = await browser.post(
        "/auth/sign_in",
        data={"csrf": csrf, "login": login, "password": "wrong"},
        headers={"X-Forwarded-For": address},
        allow_redirects=False,
    )
    return response.status


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_attempts_to_sign_in_are_limited_by_account(db: Database) -> None:
    async with serving(db, site=site(sign_ins_to_account=Rate(2, 3600))) as served:
        attempts = [("Alice", "192.0.2.1"), ("alice", "192.0.2.2"), ("ALICE", "192.0.2.3"), ("bob", "192.0.2.3")]
        assert [await sign_in(served.browser, *attempt) for attempt in attempts] == [422, 422, 429, 422]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_attempts_to_sign_in_are_limited_by_address(db: Database) -> None:
    async with serving(db, site=site(sign_ins_of_address=Rate(2, 300))) as served:
        assert [await sign_in(served.browser, login) for login in "abc"] == [422, 422, 429]
        assert await sign_in(served.browser, "c", "192.0.2.9") == 422


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_one_address_cannot_use_up_the_attempts_of_an_account(db: Database) -> None:
    rates = site(sign_ins_of_address=Rate(1, 300), sign_ins_to_account=Rate(2, 3600))
    async with serving(db, site=rates) as served:
        assert [await sign_in(served.browser, "alice") for _ in range(5)] == [422, 429, 429, 429, 429]
        assert await sign_in(served.browser, "alice", "192.0.2.9") == 422
