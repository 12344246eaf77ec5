"""What apps keep here about reading: markers, what is unread, and notifications that were dismissed."""

from functools import partial
from typing import Any

import pytest

from storage.markers import upsert_marker
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker

NOT_FOUND = (404, {"error": "Record not found"})
PATH = "/api/v1/markers"
BOTH = f"{PATH}?timeline[]=home&timeline[]=notifications"


async def test_markers_are_kept_for_each_member(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    assert (await world.get(BOTH, anna)).body == {}
    moved = await world.post(PATH, anna, data={"home[last_read_id]": "12345"})
    assert moved.status == 200
    checker.check("Marker", moved.body["home"])
    assert (moved.body["home"]["last_read_id"], moved.body["home"]["version"]) == ("12345", 0)
    both = {"home": {"last_read_id": "23456"}, "notifications": {"last_read_id": "7"}}
    again = (await world.post(PATH, anna, json=both)).body
    assert [(again[name]["last_read_id"], again[name]["version"]) for name in both] == [("23456", 1), ("7", 0)]
    assert (await world.get(BOTH, anna)).body == again
    assert (await world.get(f"{PATH}?timeline[]=home", anna)).body == {"home": again["home"]}
    assert (await world.get(BOTH, ben)).body == {}


async def test_a_marker_that_moved_meanwhile_is_a_conflict(world: World) -> None:
    anna = await world.person("anna")
    for version in (0, 1):
        assert (await world.post(PATH, anna, json={"home": {"last_read_id": str(5 + version)}})).status == 200
    for version in (0, -1):
        body = {"home": {"last_read_id": "9", "version": version}, "notifications": {"last_read_id": "9"}}
        assert (await world.post(PATH, anna, json=body)).status == 409
    assert [one["last_read_id"] for one in (await world.get(BOTH, anna)).body.values()] == ["6"]
    known = await world.post(PATH, anna, json={"home": {"last_read_id": "9", "version": 1}})
    assert known.body["home"]["version"] == 2


async def test_a_marker_moves_only_from_where_it_was_seen(world: World) -> None:
    anna = await world.person("anna")
    move = partial(upsert_marker, owner_id=anna.actor.id, timeline="home", now=world.clock.now)
    moved = [await world.write(partial(move, last_read_id=5 + before, before=before)) for before in (-1, 0, 0, 1)]
    assert moved == [True, True, False, True]


@pytest.mark.parametrize("wrong", [{"home": {}}, {"home": "x"}, {"home": {"last_read_id": "x"}}])
async def test_what_is_no_marker(world: World, wrong: dict[str, Any]) -> None:
    assert (await world.post(PATH, await world.person("anna"), json=wrong)).status == 422


async def test_unread_is_what_stands_after_the_marker(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    post = await world.status(anna.actor)
    read = await world.notify(anna.actor, "mention", ben.actor, post)
    for who in (ben, carl):
        await world.notify(anna.actor, "favourite", who.actor, post)
    await world.notify(anna.actor, "follow", ben.actor)
    counts: list[int] = []
    for _ in range(2):
        asked = [await world.get(f"/api/{version}/notifications/unread_count", anna) for version in ("v1", "v2")]
        counts += [one.body["count"] for one in asked]
        await world.post(PATH, anna, json={"notifications": {"last_read_id": str(read.id)}})
    assert counts == [4, 3, 3, 2]
    path = "notifications/unread_count"
    assert (await world.get(f"/api/v1/{path}?types[]=follow", anna)).body == {"count": 1}
    for version in ("v1", "v2"):
        assert (await world.get(f"/api/{version}/{path}?limit=1", anna)).body == {"count": 1}


async def test_what_is_hidden_is_not_counted(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [ben])
    await world.join(group, anna.actor, lease_until=world.clock.now + HOUR)
    told = await world.notify(anna.actor, "mention", ben.actor, await world.status(ben.actor, group=group))
    path = "/api/v1/notifications/unread_count"
    assert (await world.get(path, anna)).body == {"count": 1}
    world.tick(2 * HOUR)
    assert (await world.get(path, anna)).body == {"count": 0}
    answer = await world.post(f"/api/v1/notifications/{told.id}/dismiss", anna)
    assert (answer.status, answer.body) == NOT_FOUND


async def test_notifications_are_dismissed_by_their_owner(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    post = await world.status(anna.actor)
    first = await world.notify(anna.actor, "mention", ben.actor, post)
    for who in (ben, carl):
        await world.notify(anna.actor, "favourite", who.actor, post)
    await world.notify(anna.actor, "follow", ben.actor)
    await world.notify(ben.actor, "follow", anna.actor)
    path = f"/api/v1/notifications/{first.id}/dismiss"
    assert (await world.post(path, ben)).status == 404
    assert (await world.post(path, anna)).body == {}
    assert (await world.post(path, anna)).status == 404
    groups = (await world.get("/api/v2/notifications", anna)).body["notification_groups"]
    assert [one["type"] for one in groups] == ["follow", "favourite"]
    assert (await world.post(f"/api/v2/notifications/{groups[1]['group_key']}/dismiss", anna)).body == {}
    assert [one["type"] for one in (await world.get("/api/v1/notifications", anna)).body] == ["follow"]
    assert (await world.post("/api/v1/notifications/clear", anna)).body == {}
    assert (await world.get("/api/v1/notifications", anna)).body == []
    assert len((await world.get("/api/v1/notifications", ben)).body) == 1
