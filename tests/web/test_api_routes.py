"""The whole table of routes: each says whom it serves, with and without a slash at its end."""

from collections.abc import Iterator

from aiohttp import web

from tests.web.api_world import World
from web.auth import access_of


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
