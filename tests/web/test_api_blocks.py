"""Blocks, mutes and blocked hosts: what comes to a member no more, and what stays in sight."""

from typing import Any

import pytest

from policies.terms import Audience
from storage.members import Person
from storage.records import Actor, Status
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

DAY_MS = 86_400_000


async def ids(world: World, path: str, who: Person) -> list[str]:
    answer = await world.get(path, who)
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.body]


async def relation(world: World, who: Person, about: Actor) -> dict[str, Any]:
    body: dict[str, Any] = (await world.get(f"/api/v1/accounts/relationships?id[]={about.id}", who)).body[0]
    return body


async def brought(world: World, who: Person, post: Status, *, thread: Status) -> set[str]:
    """Where a post comes to somebody by itself."""
    descendants = (await world.get(f"/api/v1/statuses/{thread.id}/context", who)).body["descendants"]
    places = {
        "home": await ids(world, "/api/v1/timelines/home", who),
        "tag": await ids(world, "/api/v1/timelines/tag/ecg", who),
        "thread": [one["id"] for one in descendants],
        "notifications": [one["status"]["id"] for one in (await world.get("/api/v1/notifications", who)).body],
    }
    public = await world.get("/api/v1/timelines/public", who)  # which shows no replies
    others = {"public"} if any(one["account"]["id"] == str(post.actor_id) for one in public.body) else set()
    return others | {place for place, listed in places.items() if str(post.id) in listed}


EVERYWHERE = {"home", "public", "tag", "thread", "notifications"}


async def test_what_the_blocked_and_muted_write_comes_no_more_but_can_be_looked_at(
    world: World, checker: EntityChecker
) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    own = await world.status(anna.actor)
    reply = await world.status(eva, reply_to=own, tags=["ecg"], mentions=[anna.actor], homes=[anna.actor])
    await world.notify(anna.actor, "mention", eva, reply)
    other = await world.status(eva)
    assert await brought(world, anna, reply, thread=own) == EVERYWHERE

    done = await world.post(f"/api/v1/accounts/{eva.id}/block", anna)
    checker.check("Relationship", done.body)
    assert (done.body["blocking"], done.body["blocked_by"]) == (True, False)
    assert await brought(world, anna, reply, thread=own) == set()
    assert (await world.get(f"/api/v1/statuses/{reply.id}", anna)).status == 200
    assert await ids(world, f"/api/v1/accounts/{eva.id}/statuses", anna) == [str(other.id), str(reply.id)]
    assert (await world.get("/api/v2/search?q=eva", anna)).body["accounts"][0]["id"] == str(eva.id)
    listed = await world.get("/api/v1/blocks", anna)
    checker.check_all("Account", listed.body)
    assert [one["id"] for one in listed.body] == [str(eva.id)]
    assert (await world.post(f"/api/v1/accounts/{eva.id}/unblock", anna)).body["blocking"] is False
    assert await brought(world, anna, reply, thread=own) == EVERYWHERE

    muted = await world.post(f"/api/v1/accounts/{eva.id}/mute", anna)
    checker.check("Relationship", muted.body)
    assert (muted.body["muting"], muted.body["muting_notifications"], muted.body["muting_expires_at"]) == (
        True,
        True,
        None,
    )
    assert await brought(world, anna, reply, thread=own) == set()
    await world.post(f"/api/v1/accounts/{eva.id}/mute", anna, json={"notifications": False})
    assert await brought(world, anna, reply, thread=own) == {"notifications"}
    await world.post(f"/api/v1/accounts/{eva.id}/unmute", anna)

    for host in ("chu-b.example", " CHU-B.example "):
        assert (await world.post("/api/v1/domain_blocks", anna, json={"domain": host})).body == {}
    assert (await world.get("/api/v1/domain_blocks", anna)).body == ["chu-b.example"]
    assert (await relation(world, anna, eva))["domain_blocking"] is True
    assert await brought(world, anna, reply, thread=own) == set()
    assert (await world.call("DELETE", "/api/v1/domain_blocks?domain=chu-b.example", anna)).body == {}
    assert await brought(world, anna, reply, thread=own) == EVERYWHERE


async def test_a_mute_runs_out(world: World, checker: EntityChecker) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    muted = await world.post(f"/api/v1/accounts/{eva.id}/mute", anna, json={"duration": 86_400})
    checker.check("Relationship", muted.body)
    listed = await world.get("/api/v1/mutes", anna)
    checker.check_all("MutedAccount", listed.body)
    assert listed.body[0]["mute_expires_at"] == muted.body["muting_expires_at"] is not None
    world.clock.now += DAY_MS
    assert (await relation(world, anna, eva))["muting"] is False
    assert (await world.get("/api/v1/mutes", anna)).body == []


async def test_boosts_of_and_answers_to_the_blocked_come_no_more(world: World) -> None:
    anna, ben, eva = await world.person("anna"), await world.person("ben"), await world.stranger("eva")
    post = await world.status(eva)
    boosted = await world.boost(ben.actor, post, homes=[anna.actor])
    answered = await world.status(ben.actor, reply_to=post, homes=[anna.actor])
    own = await world.status(anna.actor, reply_to=post, homes=[anna.actor])
    assert await ids(world, "/api/v1/timelines/home", anna) == [str(own.id), str(answered.id), str(boosted.id)]
    for act in ("block", "mute"):
        await world.post(f"/api/v1/accounts/{eva.id}/{act}", anna)
        assert await ids(world, "/api/v1/timelines/home", anna) == [str(own.id)], act
        await world.post(f"/api/v1/accounts/{eva.id}/un{act}", anna)
    await world.post("/api/v1/domain_blocks", anna, json={"domain": "chu-b.example"})
    assert str(boosted.id) not in await ids(world, "/api/v1/timelines/home", anna)


async def test_who_is_blocked_sees_what_is_absent_and_groups_stay_whole(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    public = await world.status(anna.actor)
    direct = await world.status(anna.actor, audience=Audience.DIRECT, mentions=[ben.actor])
    inside = await world.status(anna.actor, group=group)
    answer = await world.status(ben.actor, group=group, reply_to=inside)
    await world.post(f"/api/v1/accounts/{ben.actor.id}/follow", anna)
    assert (await world.post(f"/api/v1/accounts/{ben.actor.id}/block", anna)).body["following"] is False
    assert (await relation(world, ben, anna.actor))["blocked_by"] is True
    absent = await world.get("/api/v1/statuses/7", ben)
    hidden = await world.get(f"/api/v1/statuses/{public.id}", ben)
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, {"error": "Record not found"})
    assert (await world.get(f"/api/v1/statuses/{public.id}")).status == 200  # as anybody sees it
    assert (await world.get(f"/api/v1/statuses/{direct.id}", ben)).status == 200
    refused = await world.post(f"/api/v1/accounts/{anna.actor.id}/follow", ben)
    assert (refused.status, refused.body) == (403, {"error": "This action is not allowed"})
    for one, thread in ((ben, inside), (anna, inside)):
        shown = (await world.get(f"/api/v1/statuses/{thread.id}/context", one)).body["descendants"]
        assert [post["id"] for post in shown] == [str(answer.id)]
        listed = await ids(world, f"/api/v1/accounts/{group.id}/statuses", one)
        assert listed == [str(answer.id), str(inside.id)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/accounts/{me}/block", {}, 403),
        ("/api/v1/accounts/{me}/mute", {}, 403),
        ("/api/v1/accounts/{group}/block", {}, 403),
        ("/api/v1/accounts/7/block", {}, 404),
        ("/api/v1/accounts/7/mute", {}, 404),
        ("/api/v1/accounts/{eva}/mute", {"duration": -1}, 422),
        ("/api/v1/accounts/{eva}/mute", {"duration": 2**62}, 422),
        ("/api/v1/accounts/{eva}/mute", {"duration": "long"}, 422),
        ("/api/v1/domain_blocks", {}, 422),
        ("/api/v1/domain_blocks", {"domain": "a b"}, 422),
        ("/api/v1/domain_blocks", {"domain": "chu-a.example"}, 422),
    ],
)
async def test_what_cannot_be_blocked_or_muted(world: World, path: str, body: dict[str, Any], status: int) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    group = await world.group("cardiologie", [anna])
    answer = await world.post(path.format(me=anna.actor.id, group=group.id, eva=eva.id), anna, json=body)
    assert answer.status == status, answer.body
    assert list(answer.body) == ["error"]


async def test_a_domain_block_is_weighed_before(world: World, checker: EntityChecker) -> None:
    anna, eva, ida = await world.person("anna"), await world.stranger("eva"), await world.stranger("ida")
    for one in (eva, ida):
        await world.follow(anna.actor, one)
    await world.follow(eva, anna.actor)
    shown = await world.get("/api/v1/domain_blocks/preview?domain=chu-b.example", anna)
    checker.check("DomainBlockPreview", shown.body)
    assert shown.body == {"following_count": 2, "followers_count": 1}
