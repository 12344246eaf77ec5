"""The whole table of routes: complete, each saying whom it serves, none falling over whatever is asked."""

import re
from collections.abc import Iterator

from aiohttp import web

from tests.web.api_world import World
from web.auth import access_of

STRANGE_IDS = ("0", "1", str(2**63 - 1), str(2**63), str(2**200), "x", "%00", "-1", "a%2Fb")
STRANGE_QUERIES = (
    "",
    f"max_id={2**70}",
    f"min_id={2**63 - 1}&limit=0",
    "limit=x",
    "max_id=-1",
    "id[]=1&id[]=x&id[a]=2",
    "id=%00",
    "q=%00&acct=%00",
    "q=%ff",
    "types[]=%F0%9F%A9%BA&any[][x]=1",
    "acct=@@@&q=@@@&type=nothing&tagged=%23",
    f"account_id={2**64}&offset={10**17}&q=a",
)


def served(world: World) -> Iterator[tuple[str, str, web.AbstractRoute]]:
    """(method, path, route) of every door."""
    app = world.browser.app
    assert app is not None
    for route in app.router.routes():
        assert route.resource is not None
        if route.method != "HEAD":
            yield route.method, route.resource.canonical, route


async def test_every_route_says_whom_it_serves(world: World) -> None:
    assert [path for _, path, route in served(world) if access_of(route.handler) is None] == []


async def test_a_slash_at_the_end_changes_nothing(world: World) -> None:
    anna = await world.person("anna")
    for path in ("/api/v1/instance", f"/api/v1/accounts/{anna.actor.id}", "/api/v1/timelines/home"):
        assert (await world.get(f"{path}/", anna)).body == (await world.get(path, anna)).body
    assert (await world.post("/api/v1/statuses/", anna, json={"status": "Bonjour"})).status == 200


async def test_no_question_makes_it_fall_over(world: World) -> None:
    anna = await world.person("anna")
    paths = {path for method, path, _ in served(world) if method == "GET" and path.startswith("/api/")}
    for path in (path for path in paths if "streaming" not in path):
        urls = {re.sub(r"{[^}]*}", strange, path) for strange in STRANGE_IDS}
        urls |= {f"{re.sub(r'{[^}]*}', '1', path)}?{query}" for query in STRANGE_QUERIES}
        for url in urls:
            answer = await world.get(url, anna)
            assert answer.status < 500, url
            assert answer.status == 204 or answer.headers["Content-Type"].startswith("application/json"), url


async def test_no_act_on_what_is_strange_makes_it_fall_over(world: World) -> None:
    anna = await world.person("anna")
    acts = [
        (method, path)
        for method, path, _ in served(world)
        if method in {"POST", "PUT", "DELETE"}
        and path.startswith("/api/v1/")
        and "{" in path
        and "/tags/" not in path  # nearly everything can be a tag
    ]
    assert acts
    for method, path in acts:
        for strange in STRANGE_IDS:
            url = re.sub(r"{[^}]*}", strange, path)
            answer = await world.call(method, url, anna, json={"status": "a"})
            assert 400 <= answer.status < 500, url
