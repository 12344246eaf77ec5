"""What members keep of posts: bookmarks and favourites, listed to them alone, and only what they may still see."""

import asyncio
from typing import Any

import pytest

from policies.terms import Audience
from storage.database import Reader
from storage.members import Person
from storage.records import Status
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

NOT_FOUND = (404, {"error": "Record not found"})


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def count(world: World, table: str) -> int:
    async def unit(tx: Reader) -> int:
        return int(await tx.value(f"SELECT count(*) FROM {table}"))

    return await world.db.read(unit)


async def test_bookmarks(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    path = f"/api/v1/statuses/{post.id}"
    kept = await world.post(f"{path}/bookmark", ben)
    checker.check("Status", kept.body)
    assert (kept.status, kept.body["bookmarked"]) == (200, True)
    assert (await world.get(path, ben)).body["bookmarked"] is True
    assert (await world.get(path, anna)).body["bookmarked"] is False
    assert "bookmarked" not in (await world.get(path)).body
    listed = await world.get("/api/v1/bookmarks", ben)
    checker.check_all("Status", listed.body)
    assert ids(listed.body) == [post.id]
    assert (await world.get("/api/v1/bookmarks", anna)).body == []
    dropped = await world.post(f"{path}/unbookmark", ben)
    assert (dropped.status, dropped.body["bookmarked"]) == (200, False)
    assert (await world.get("/api/v1/bookmarks", ben)).body == []
    assert (await world.post(f"{path}/unbookmark", ben)).status == 200


async def test_keeping_twice_keeps_the_place_in_the_list(world: World) -> None:
    anna = await world.person("anna")
    first, second = await world.status(anna.actor), await world.status(anna.actor)
    for post in (first, second, first):
        world.tick()
        assert (await world.post(f"/api/v1/statuses/{post.id}/bookmark", anna)).status == 200
    assert ids((await world.get("/api/v1/bookmarks", anna)).body) == [second.id, first.id]
    assert await count(world, "bookmarks") == 2
    assert (await world.post(f"/api/v1/statuses/{second.id}/unbookmark", anna)).status == 200
    assert ids((await world.get("/api/v1/bookmarks", anna)).body) == [first.id]


@pytest.mark.parametrize(("act", "list_"), [("bookmark", "bookmarks"), ("favourite", "favourites")])
async def test_lists_are_in_the_order_of_marking_and_paged_by_it(world: World, act: str, list_: str) -> None:
    anna = await world.person("anna")
    posts = [await world.status(anna.actor) for _ in range(5)]
    marked = [posts[index].id for index in (3, 0, 4, 1, 2)]
    for one in marked:
        world.tick()
        await world.post(f"/api/v1/statuses/{one}/{act}", anna)
    page = await world.get(f"/api/v1/{list_}?limit=2", anna)
    seen = ids(page.body)
    while page.next_url:
        page = await world.get(page.next_url, anna)
        seen += ids(page.body)
    assert seen == marked[::-1]
    middle = await world.get((await world.get(f"/api/v1/{list_}?limit=2", anna)).next_url or "", anna)
    newer = await world.get(middle.prev_url or "", anna)
    assert ids(newer.body) == marked[::-1][:2]


@pytest.mark.parametrize(("act", "list_"), [("bookmark", "bookmarks"), ("favourite", "favourites")])
async def test_what_may_no_longer_be_seen_is_not_listed(world: World, act: str, list_: str) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    post = await world.status(anna.actor, group=group)
    assert (await world.post(f"/api/v1/statuses/{post.id}/{act}", ben)).status == 200
    assert ids((await world.get(f"/api/v1/{list_}", ben)).body) == [post.id]
    await world.join(group, ben.actor, state="ended")
    left = await world.get(f"/api/v1/{list_}", ben)
    assert (left.body, "Link" in left.headers) == ([], False)


async def test_a_boost_stands_for_its_original(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    boost = await world.boost(anna.actor, post)
    assert (await world.post(f"/api/v1/statuses/{boost.id}/bookmark", ben)).body["id"] == str(post.id)
    assert (await world.get(f"/api/v1/statuses/{boost.id}", ben)).body["reblog"]["bookmarked"] is True
    assert (await world.post(f"/api/v1/statuses/{boost.id}/unbookmark", ben)).body["bookmarked"] is False


async def test_what_is_hidden_is_not_kept(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    hidden = await world.status(anna.actor, audience=Audience.DIRECT)
    for status_id in (hidden.id, 12345):
        for act in ("bookmark", "unbookmark", "mute", "unmute"):
            answer = await world.post(f"/api/v1/statuses/{status_id}/{act}", ben)
            assert (answer.status, answer.body) == NOT_FOUND
    assert await count(world, "bookmarks") == 0


async def test_a_bookmark_goes_with_its_post(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    await world.post(f"/api/v1/statuses/{post.id}/bookmark", ben)
    assert (await world.call("DELETE", f"/api/v1/statuses/{post.id}", anna)).status == 200
    assert await count(world, "bookmarks") == 0


async def test_pins(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    old, new = await world.status(anna.actor), await world.status(anna.actor)
    private = await world.status(anna.actor, audience=Audience.FOLLOWERS)
    await world.status(anna.actor)
    for post in (new, private, old, new):
        pinned = await world.post(f"/api/v1/statuses/{post.id}/pin", anna)
        checker.check("Status", pinned.body)
        assert (pinned.status, pinned.body["pinned"]) == (200, True)
    path = f"/api/v1/accounts/{anna.actor.id}/statuses?pinned=true"
    listed = await world.get(path)
    checker.check_all("Status", listed.body)
    assert ids(listed.body) == [new.id, old.id]
    assert "pinned" not in listed.body[0]
    assert ids((await world.get(path, anna)).body) == [private.id, new.id, old.id]
    assert ids((await world.get(path, ben)).body) == [new.id, old.id]
    page = await world.get(f"{path}&limit=1")
    assert ids((await world.get(page.next_url or "")).body) == [old.id]
    taken = await world.post(f"/api/v1/statuses/{new.id}/unpin", anna)
    assert (taken.status, taken.body["pinned"]) == (200, False)
    assert ids((await world.get(path)).body) == [old.id]
    assert (await world.post(f"/api/v1/statuses/{new.id}/unpin", anna)).status == 200


async def test_what_cannot_be_pinned(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna])
    theirs = await world.status(ben.actor)
    refused = {
        (await world.boost(anna.actor, theirs)).id: "A boost cannot be pinned",
        theirs.id: "Someone else's post cannot be pinned",
        (
            await world.status(anna.actor, audience=Audience.DIRECT)
        ).id: "Posts that are only visible to mentioned users cannot be pinned",
        (await world.status(anna.actor, group=group)).id: "Posts that are only visible to a group cannot be pinned",
    }
    for status_id, sentence in refused.items():
        answer = await world.post(f"/api/v1/statuses/{status_id}/pin", anna)
        assert (answer.status, answer.body) == (422, {"error": f"Validation failed: {sentence}"})
    for status_id in ((await world.status(ben.actor, audience=Audience.DIRECT)).id, 12345):
        for act in ("pin", "unpin"):
            answer = await world.post(f"/api/v1/statuses/{status_id}/{act}", anna)
            assert (answer.status, answer.body) == NOT_FOUND
    assert await count(world, "pins") == 0


async def test_nobody_takes_down_what_another_pinned(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    await world.post(f"/api/v1/statuses/{post.id}/pin", anna)
    assert "pinned" not in (await world.post(f"/api/v1/statuses/{post.id}/unpin", ben)).body
    assert await count(world, "pins") == 1


async def test_at_most_five_also_when_two_ask_at_once(world: World) -> None:
    anna = await world.person("anna")
    posts = [await world.status(anna.actor) for _ in range(8)]
    await world.get("/api/v1/bookmarks", anna)  # makes her token
    answers = await asyncio.gather(*(world.post(f"/api/v1/statuses/{post.id}/pin", anna) for post in posts))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [422] * 3
    sentence = "Validation failed: You have already pinned the maximum number of posts"
    assert {answer.body["error"] for answer in answers if answer.status == 422} == {sentence}
    assert await count(world, "pins") == 5


async def test_a_muted_thread_tells_its_muter_nothing(world: World, checker: EntityChecker) -> None:
    """By mention, like or boost, of any post in the thread; others are told, and so is who has unmuted it."""
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    root = await world.status(anna.actor)
    answered = await world.status(ben.actor, reply_to=root)
    other = await world.status(anna.actor)

    async def stir(post: Status) -> None:
        world.tick()
        await world.post(
            "/api/v1/statuses",
            ben,
            json={"status": "@anna @carl un avis", "in_reply_to_id": str(post.id), "visibility": "public"},
        )
        for act in ("favourite", "reblog"):
            world.tick()
            assert (await world.post(f"/api/v1/statuses/{post.id}/{act}", carl)).status == 200

    async def told(who: Person) -> list[str]:
        return sorted(one["type"] for one in (await world.get("/api/v1/notifications", who)).body)

    muted = await world.post(f"/api/v1/statuses/{answered.id}/mute", anna)
    checker.check("Status", muted.body)
    assert (muted.status, muted.body["id"], muted.body["muted"]) == (200, str(answered.id), True)
    assert (await world.get(f"/api/v1/statuses/{root.id}", anna)).body["muted"] is True
    assert (await world.get(f"/api/v1/statuses/{root.id}", ben)).body["muted"] is False
    assert (await world.get(f"/api/v1/statuses/{other.id}", anna)).body["muted"] is False
    await stir(root)
    assert (await told(anna), await told(carl)) == ([], ["mention"])
    await stir(other)
    assert await told(anna) == ["favourite", "mention", "reblog"]
    unmuted = await world.post(f"/api/v1/statuses/{root.id}/unmute", anna)
    assert (unmuted.status, unmuted.body["muted"]) == (200, False)
    await stir(answered)
    assert await told(anna) == ["favourite", "mention", "mention", "reblog"]


async def test_a_boost_mutes_the_thread_of_its_original(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    boost = await world.boost(ben.actor, post)
    assert (await world.post(f"/api/v1/statuses/{boost.id}/mute", anna)).body["id"] == str(post.id)
    shown = (await world.get(f"/api/v1/statuses/{boost.id}", anna)).body
    assert (shown["muted"], shown["reblog"]["muted"]) == (True, True)


async def test_who_liked_a_group_post_is_for_its_members(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("cardiologie", [anna, ben])
    post = await world.status(anna.actor, group=group)
    await world.post(f"/api/v1/statuses/{post.id}/favourite", ben)
    path = f"/api/v1/statuses/{post.id}/favourited_by"
    assert ids((await world.get(path, anna)).body) == [ben.actor.id]
    for answer in (await world.get(path, carl), await world.get(path)):
        assert (answer.status, answer.body) == NOT_FOUND
