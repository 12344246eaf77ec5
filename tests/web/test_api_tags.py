"""Hashtags: what their history counts, and that following one brings what is public, and nothing else, home."""

from functools import partial
from typing import Any

import pytest

from policies.terms import Audience
from storage.members import Person
from storage.timelines import list_home_owners
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

DAY = 24 * 3_600_000


async def home(world: World, who: Person) -> list[str]:
    return [one["id"] for one in (await world.get("/api/v1/timelines/home", who)).body]


async def post(world: World, who: Person, text: str, visibility: str = "public", **more: Any) -> str:
    world.tick()  # ids of one millisecond are in no order
    made = await world.post("/api/v1/statuses", who, json={"status": text, "visibility": visibility, **more})
    assert made.status == 200, made.body
    return str(made.body["id"])


def check_tag(checker: EntityChecker, tag: dict[str, Any]) -> None:
    """The table knows no number 0 in a history."""
    checker.check("Tag", {**tag, "history": [one for one in tag["history"] if one["uses"] != "0"]})
    assert len(tag["history"]) == 7


async def test_a_tag_is_followed_and_unfollowed(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    before = (await world.get("/api/v1/tags/ECG", anna)).body
    check_tag(checker, before)
    assert (before["name"], before["following"]) == ("ecg", False)
    for name in ("ECG", "ecg", "Urgences"):
        followed = await world.post(f"/api/v1/tags/{name}/follow", anna)
        assert followed.body["following"] is True
        world.tick()
    listed = await world.get("/api/v1/followed_tags?limit=1", anna)
    check_tag(checker, listed.body[0])
    assert [one["name"] for one in listed.body] == ["urgences"]
    assert [one["name"] for one in (await world.get(listed.next_url or "", anna)).body] == ["ecg"]
    assert (await world.get("/api/v1/tags/ecg", anna)).body == {**before, "following": True}
    assert (await world.get("/api/v1/tags/ecg", ben)).body == before
    assert "following" not in (await world.get("/api/v1/tags/ecg")).body
    assert (await world.get("/api/v1/followed_tags", ben)).body == []
    assert (await world.post("/api/v1/tags/ecg/unfollow", anna)).body == before
    assert [one["name"] for one in (await world.get("/api/v1/followed_tags", anna)).body] == ["urgences"]


@pytest.mark.parametrize("name", ["%20", "a%20b", "%23", "x" * 141, "a%2Fb"])
async def test_what_is_no_tag(world: World, name: str) -> None:
    anna = await world.person("anna")
    assert (await world.get(f"/api/v1/tags/{name}", anna)).status in {404, 422}
    assert (await world.post(f"/api/v1/tags/{name}/follow", anna)).status in {404, 422}


async def test_the_history_counts_public_posts_only(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    gone = await world.stranger("gone", host_suspended=1)
    await world.status(anna.actor, tags=["ecg"])
    world.tick(8 * DAY)
    await world.status(anna.actor, tags=["ecg"])
    world.tick(DAY)
    for author in (anna, anna, ben):
        await world.status(author.actor, tags=["ecg"])
        await world.status(author.actor, tags=["ecg"], group=group)
        for audience in (Audience.UNLISTED, Audience.FOLLOWERS, Audience.DIRECT):
            await world.status(author.actor, tags=["ecg"], audience=audience)
    await world.status(gone, tags=["ecg"])
    await world.status(ben.actor, tags=["autre"])
    for who in (None, anna):
        history = (await world.get("/api/v1/tags/ecg", who)).body["history"]
        today = world.clock.now // DAY * 86_400
        assert [one["day"] for one in history] == [str(today - back * 86_400) for back in range(7)]
        assert [(one["uses"], one["accounts"]) for one in history] == [("3", "2"), ("1", "1"), *[("0", "0")] * 5]


async def test_public_posts_with_a_followed_tag_come_home(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.post("/api/v1/tags/ecg/follow", anna)
    shown = await post(world, ben, "Un #ECG étrange")
    hidden = [await post(world, ben, "Un #ecg", visibility) for visibility in ("unlisted", "private", "direct")]
    await post(world, ben, "Sans rien, ou #autre")
    assert await home(world, anna) == [shown]
    for one in hidden:
        assert anna.actor.id not in await world.db.read(partial(list_home_owners, status_id=int(one)))
    await world.post(f"/api/v1/statuses/{shown}/reblog", ben)
    assert await home(world, anna) == [shown]


async def test_nothing_of_a_group_comes_home_by_its_tag(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.group("cardiologie", [ben])
    await world.attest(ben.actor)
    await world.post("/api/v1/tags/ecg/follow", anna)
    secret = int(await post(world, ben, "@cardiologie Un #ecg", "private"))
    owners = await world.db.read(lambda tx: list_home_owners(tx, secret))
    assert owners == [ben.actor.id]


async def test_what_came_for_a_tag_alone_goes_with_it(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    for tag in ("ecg", "coeur"):
        await world.post(f"/api/v1/tags/{tag}/follow", anna)
    await world.follow(anna.actor, ben.actor)
    group = await world.group("cardiologie", [anna, carl])
    inside = await world.status(carl.actor, tags=["ecg"], group=group, homes=[anna.actor])
    texts = ((ben, "#ecg"), (carl, "#ecg #coeur"), (anna, "#ecg"), (carl, "#ecg"))
    posts = [await post(world, who, text) for who, text in texts]
    assert await home(world, anna) == [*reversed(posts), str(inside.id)]
    await world.post("/api/v1/tags/ecg/unfollow", anna)
    assert await home(world, anna) == [*reversed(posts[:3]), str(inside.id)]


async def test_a_tag_is_the_same_one_wherever_it_is_shown(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.status(anna.actor, tags=["ecg"])
    (suggested,) = (await world.get("/api/v1/featured_tags/suggestions", anna)).body
    assert (await world.post("/api/v1/featured_tags", anna, json={"name": "ecg"})).status == 200
    shown = (await world.get("/api/v1/tags/ecg", anna)).body
    assert (shown["id"], shown["url"]) == (suggested["id"], suggested["url"])
    assert (shown["featuring"], shown["following"]) == (True, False)
    assert (await world.get("/api/v1/tags/ecg", ben)).body["featuring"] is False
    followed = (await world.post("/api/v1/tags/ecg/follow", anna)).body
    assert (followed["featuring"], followed["following"]) == (True, True)
