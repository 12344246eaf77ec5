"""Search: names, handles, addresses; never what the searcher may not see."""

from typing import Any

import pytest

from policies.terms import Audience
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker


def names(entities: list[dict[str, Any]]) -> list[str]:
    return [entity["acct"] for entity in entities]


async def test_people_by_the_beginning_of_a_name_ours_first(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await world.stranger("annabelle")
    await world.person("ben")
    await world.stranger("instance", type="Application")
    answer = await world.get("/api/v2/search?q=ANN", anna)
    checker.check("Search", answer.body)
    assert names(answer.body["accounts"]) == ["anna", "annabelle@chu-b.example"]
    assert names((await world.get("/api/v2/search?q=dr+ben", anna)).body["accounts"]) == ["ben"]
    assert (await world.get("/api/v2/search?q=instance", anna)).body["accounts"] == []
    assert names((await world.get("/api/v1/accounts/search?q=@ann&limit=1", anna)).body) == ["anna"]
    assert names((await world.get("/api/v1/accounts/search?q=ann&offset=1", anna)).body) == ["annabelle@chu-b.example"]


async def test_signs_of_patterns_are_plain_characters(world: World) -> None:
    anna = await world.person("anna")
    await world.person("a_b")
    for text in ("%", "_", "a%25"):
        assert (await world.get(f"/api/v2/search?q={text}", anna)).body["accounts"] == []
    assert names((await world.get("/api/v2/search?q=a_", anna)).body["accounts"]) == ["a_b"]


async def test_only_those_followed(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("benoit")
    await world.person("benedicte")
    await world.follow(anna.actor, ben.actor)
    assert names((await world.get("/api/v1/accounts/search?q=ben&following=true", anna)).body) == ["benoit"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@eva@chu-b.example", ["eva@chu-b.example"]),
        ("eva@chu-b.example", ["eva@chu-b.example"]),
        ("@anna@chu-a.example", ["anna"]),
        ("ev@chu-b", ["eva@chu-b.example", "evan@chu-b.example"]),
        ("eva@elsewhere.example", []),
    ],
)
async def test_handles(world: World, text: str, found: list[str]) -> None:
    anna = await world.person("anna")
    await world.stranger("eva", followers_count=3)
    await world.stranger("evan")
    assert names((await world.get(f"/api/v2/search?q={text}&resolve=true", anna)).body["accounts"]) == found


async def test_a_handle_of_an_unknown_host_is_not_asked_for_in_a_closed_network(world: World) -> None:
    anna = await world.person("anna")
    answer = await world.get("/api/v2/search?q=@eva@unknown.example&resolve=true", anna)
    assert answer.body == {"accounts": [], "statuses": [], "hashtags": []}


async def test_addresses(world: World, checker: EntityChecker) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    post = await world.status(eva)
    for address in (post.uri, post.url):
        for resolve in ("", "&resolve=true"):
            answer = await world.get(f"/api/v2/search?q={address}{resolve}", anna)
            checker.check("Search", answer.body)
            assert [one["id"] for one in answer.body["statuses"]] == [str(post.id)]
    for address in (eva.uri, eva.url):
        assert names((await world.get(f"/api/v2/search?q={address}")).body["accounts"]) == ["eva@chu-b.example"]
    assert (await world.get(f"/api/v2/search?q={post.url}&type=accounts", anna)).body["statuses"] == []
    assert (await world.get(f"/api/v2/search?q={eva.url}&type=statuses", anna)).body["accounts"] == []
    assert (await world.get("/api/v2/search?q=ev&type=hashtags", anna)).body["accounts"] == []


async def test_what_is_hidden_is_not_found(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("conseil", [ben], listed=False)
    secret = await world.status(ben.actor, group=group)
    private = await world.status(ben.actor, audience=Audience.DIRECT)
    nothing: dict[str, list[str]] = {"accounts": [], "statuses": [], "hashtags": []}
    wanted = (secret.uri, secret.url, private.url, group.uri, group.url, "conseil", "@conseil@chu-a.example")
    for text in wanted:
        for resolve in ("", "&resolve=true"):
            assert (await world.get(f"/api/v2/search?q={text}{resolve}", anna)).body == nothing
    assert [one["id"] for one in (await world.get(f"/api/v2/search?q={secret.url}", ben)).body["statuses"]] == [
        str(secret.id)
    ]
    assert names((await world.get("/api/v2/search?q=conseil", ben)).body["accounts"]) == ["conseil"]


async def test_strangers_search_here_only(world: World) -> None:
    await world.person("anna")
    assert names((await world.get("/api/v2/search?q=anna")).body["accounts"]) == ["anna"]
    for more in ("resolve=true", "offset=20"):
        assert (await world.get(f"/api/v2/search?q=anna&{more}")).status == 401
    assert (await world.get("/api/v2/search?q=")).status == 422
