"""Notifications, single and grouped: complete, in order, and silent about what their owner may no longer see."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.terms import Audience
from storage.ids import first_id
from storage.records import Notification
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from tests.web.people import NOW
from web.api.notifications import GROUPED, fold, group_key

NOT_FOUND = (404, {"error": "Record not found"})


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def test_one_by_one(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    await world.attach(anna.actor, post)
    followed = await world.notify(anna.actor, "follow", ben.actor)
    liked = await world.notify(anna.actor, "favourite", ben.actor, post)
    boosted = await world.notify(anna.actor, "reblog", ben.actor, post)
    answer = await world.get("/api/v1/notifications", anna)
    checker.check_all("Notification", answer.body)
    assert ids(answer.body) == [boosted.id, liked.id, followed.id]
    assert answer.body[1]["status"]["id"] == str(post.id)
    assert "status" not in answer.body[2]
    one = await world.get(f"/api/v1/notifications/{liked.id}", anna)
    checker.check("Notification", one.body)
    for who, wanted in ((ben, liked.id), (anna, 9), (anna, 2**63 - 1), (anna, 2**70), (anna, "x")):
        other = await world.get(f"/api/v1/notifications/{wanted}", who)
        assert (other.status, other.body) == NOT_FOUND
    assert (await world.get("/api/v1/notifications", ben)).body == []


async def test_some_of_them(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    post = await world.status(anna.actor)
    followed = await world.notify(anna.actor, "follow", ben.actor)
    liked = await world.notify(anna.actor, "favourite", carl.actor, post)
    base = "/api/v1/notifications"
    assert ids((await world.get(f"{base}?types[]=follow", anna)).body) == [followed.id]
    assert ids((await world.get(f"{base}?exclude_types[]=follow", anna)).body) == [liked.id]
    assert ids((await world.get(f"{base}?account_id={ben.actor.id}", anna)).body) == [followed.id]
    page = await world.get(f"{base}?limit=1", anna)
    assert ids(page.body) == [liked.id]
    assert ids((await world.get(page.next_url or "", anna)).body) == [followed.id]


async def test_what_is_hidden_now_is_not_told(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [ben])
    await world.join(group, anna.actor, lease_until=world.clock.now + HOUR)
    post = await world.status(ben.actor, group=group, mentions=[anna.actor])
    told = await world.notify(anna.actor, "mention", ben.actor, post)
    private = await world.status(ben.actor, audience=Audience.FOLLOWERS)
    await world.notify(anna.actor, "status", ben.actor, private)
    paths = ("/api/v1/notifications", "/api/v2/notifications")
    assert ids((await world.get(paths[0], anna)).body) == [told.id]
    assert len((await world.get(paths[1], anna)).body["notification_groups"]) == 1
    world.tick(2 * HOUR)
    assert (await world.get(paths[0], anna)).body == []
    empty = await world.get(paths[1], anna)
    assert empty.body == {"accounts": [], "statuses": [], "notification_groups": []}
    assert "Link" not in empty.headers
    assert (await world.get(f"/api/v1/notifications/{told.id}", anna)).status == 404


async def test_grouped(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    fans = [await world.person(f"fan{number}") for number in range(3)]
    post = await world.status(anna.actor)
    likes = [await world.notify(anna.actor, "favourite", fan.actor, post) for fan in fans]
    mention = await world.notify(anna.actor, "mention", fans[0].actor, await world.status(fans[0].actor))
    answer = await world.get("/api/v2/notifications", anna)
    checker.check("GroupedNotificationsResults", answer.body)
    first, second = answer.body["notification_groups"]
    assert first["group_key"] == f"ungrouped-{mention.id}"
    assert (second["type"], second["notifications_count"]) == ("favourite", 3)
    assert second["sample_account_ids"] == [str(fan.actor.id) for fan in reversed(fans)]
    assert second["status_id"] == str(post.id)
    assert (second["page_max_id"], second["page_min_id"]) == (str(likes[2].id), str(likes[0].id))
    assert sorted(ids(answer.body["accounts"])) == sorted(fan.actor.id for fan in fans)
    assert str(post.id) in {status["id"] for status in answer.body["statuses"]}
    assert answer.next_url is None
    alone = await world.get("/api/v2/notifications?grouped_types[]=follow", anna)
    assert len(alone.body["notification_groups"]) == 4


async def test_a_group_by_its_key(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    post, other = await world.status(anna.actor), await world.status(anna.actor)
    for fan in (ben, carl):
        await world.notify(anna.actor, "favourite", fan.actor, post)
    await world.notify(anna.actor, "favourite", ben.actor, other)
    followed = await world.notify(anna.actor, "follow", ben.actor)
    listed = (await world.get("/api/v2/notifications", anna)).body["notification_groups"]
    key = next(group["group_key"] for group in listed if group.get("status_id") == str(post.id))
    answer = await world.get(f"/api/v2/notifications/{key}", anna)
    checker.check("GroupedNotificationsResults", answer.body)
    assert [group["notifications_count"] for group in answer.body["notification_groups"]] == [2]
    accounts = await world.get(f"/api/v2/notifications/{key}/accounts", anna)
    checker.check_all("Account", accounts.body)
    assert ids(accounts.body) == [carl.actor.id, ben.actor.id]
    alone = await world.get(f"/api/v2/notifications/ungrouped-{followed.id}", anna)
    assert alone.body["notification_groups"][0]["type"] == "follow"
    for wrong in (f"favourite-{post.id}-999999999", "ungrouped-7", "nonsense", f"{key}0"):
        missing = await world.get(f"/api/v2/notifications/{wrong}", anna)
        assert (missing.status, missing.body) == NOT_FOUND
    assert (await world.get(f"/api/v2/notifications/{key}", ben)).status == 404


async def test_pages_of_groups_neither_lose_nor_repeat(world: World) -> None:
    anna = await world.person("anna")
    fans = [await world.person(f"fan{number}") for number in range(2)]
    told = []
    for _ in range(4):
        post = await world.status(anna.actor)
        told += [await world.notify(anna.actor, "favourite", fan.actor, post) for fan in fans]
    seen: list[int] = []
    url: str | None = "/api/v2/notifications?limit=3"
    while url:
        answer = await world.get(url, anna)
        for group in answer.body["notification_groups"]:
            assert group["notifications_count"] == 2
            seen.append(int(group["most_recent_notification_id"]))
        last, url = answer, answer.next_url
    assert seen == [one.id for one in reversed(told[1::2])]
    upwards = await world.get(last.prev_url or "", anna)
    assert [int(one["most_recent_notification_id"]) for one in upwards.body["notification_groups"]] == [
        one.id for one in reversed(told[3::2])
    ]


@given(
    st.lists(st.tuples(st.sampled_from(("favourite", "follow", "mention")), st.integers(1, 3)), max_size=30),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_page_always_covers_an_unbroken_stretch(what: list[tuple[str, int]], limit: int, upwards: bool) -> None:  # noqa: FBT001  # drawn
    found = [
        (Notification(first_id(NOW) + number, 1, type_, 2, None if type_ == "follow" else about, NOW), None)
        for number, (type_, about) in enumerate(what)
    ][::-1]
    groups = fold(found, GROUPED, limit=limit, oldest_first=upwards)
    covered = sorted((one.id for group in groups.values() for one, _ in group), reverse=True)
    stretch = [one.id for one, _ in found]
    assert covered == (stretch[len(stretch) - len(covered) :] if upwards else stretch[: len(covered)])
    assert len(groups) <= limit
    assert all(group_key(one) == key for key, group in groups.items() for one, _ in group)


async def test_notifications_are_deleted_as_older_apps_do(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    mine = [await world.notify(anna.actor, "follow", (await world.stranger(f"s{n}")), None) for n in range(4)]
    other = await world.notify(ben.actor, "follow", anna.actor)
    assert (await world.call("DELETE", f"/api/v1/notifications/{mine[0].id}", anna)).body == {}
    assert (await world.call("DELETE", f"/api/v1/notifications/{other.id}", anna)).status == 404
    query = "&".join(f"ids[]={one.id}" for one in (mine[1], mine[2], other))
    assert (await world.call("DELETE", f"/api/v1/notifications/destroy_multiple?{query}", anna)).body == {}
    assert [one["id"] for one in (await world.get("/api/v1/notifications", anna)).body] == [str(mine[3].id)]
    assert len((await world.get("/api/v1/notifications", ben)).body) == 1
