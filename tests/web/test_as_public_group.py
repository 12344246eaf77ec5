"""Public groups in an ordinary app: an account to follow and to post to by naming it, and moderators who act as it."""

from federation.outbox import public_groups as acts
from federation.outbox.public_groups import NewPublicGroup
from policies.membership import Joining
from storage.channels import list_guises
from storage.members import Person
from storage.records import Actor
from tests.web.acting import act_as, list_acts
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker


async def make(world: World, moderator: Person, joining: Joining = Joining.AUTOMATIC) -> Actor:
    world.tick()
    return await acts.create(world.ctx, NewPublicGroup("ecg", "ECG", joining, moderator.actor.id), by="console")


async def test_it_is_followed_read_and_posted_to_by_its_name(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await make(world, anna)
    shown = await world.get("/api/v1/accounts/lookup?acct=ecg", ben)
    checker.check("Account", shown.body)
    assert (shown.body["group"], shown.body["locked"]) == (True, False)
    followed = await world.post(f"/api/v1/accounts/{group.id}/follow", ben)
    assert (followed.body["following"], followed.body["requested"]) == (True, False)
    posted = await world.post("/api/v1/statuses", ben, json={"status": "@ecg Bonjour", "visibility": "public"})
    assert posted.body["visibility"] == "public"
    assert [one["username"] for one in posted.body["mentions"]] == ["ecg"]
    for path, who in ((f"/api/v1/accounts/{group.id}/statuses", None), ("/api/v1/timelines/home", anna)):
        [status] = (await world.get(path, who)).body
        assert status["account"]["username"] == "ecg"
        assert status["reblog"]["id"] == posted.body["id"]
    private = await world.post("/api/v1/statuses", ben, json={"status": "@ecg Entre nous", "visibility": "private"})
    assert private.body["visibility"] == "private"
    assert len((await world.get(f"/api/v1/accounts/{group.id}/statuses", ben)).body) == 1


async def test_who_may_not_join_is_told_why(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await make(world, anna, Joining.INVITE)
    refused = await world.post(f"/api/v1/accounts/{group.id}/follow", ben)
    assert (refused.status, refused.body["error"]) == (403, "This group is joined by invitation.")


async def test_a_moderator_acts_as_it(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await make(world, anna, Joining.REQUEST)
    assert [one.id for one in await world.db.read(lambda tx: list_guises(tx, anna.actor.id, now=world.tick()))] == [
        group.id
    ]
    me = await act_as(world, anna, group)
    asked = await world.post(f"/api/v1/accounts/{group.id}/follow", ben)
    assert asked.body["requested"]
    assert [one["username"] for one in (await world.get("/api/v1/follow_requests", me)).body] == ["ben"]
    await world.post(f"/api/v1/follow_requests/{ben.actor.id}/authorize", me)
    followers = (await world.get(f"/api/v1/accounts/{group.id}/followers", me)).body
    assert {one["username"] for one in followers} == {"anna", "ben"}
    await world.post("/api/v1/statuses", ben, json={"status": "@ecg Bonjour", "visibility": "public"})
    [boost] = (await world.get("/api/v1/timelines/home", me)).body
    assert (await world.post(f"/api/v1/statuses/{boost['reblog']['id']}/pin", me)).status == 200
    [pinned] = (await world.get(f"/api/v1/accounts/{group.id}/statuses?pinned=true", ben)).body
    assert pinned["id"] == boost["id"]
    assert (await world.post(f"/api/v1/statuses/{boost['id']}/unpin", me)).status == 200
    assert (await world.call("DELETE", f"/api/v1/statuses/{boost['id']}", me)).status == 200
    assert (await world.get("/api/v1/timelines/home", me)).body == []
    assert (await world.get(f"/api/v1/statuses/{boost['reblog']['id']}", ben)).status == 200
    assert (await world.call("DELETE", f"/api/v1/statuses/{boost['reblog']['id']}", me)).status == 404
    await world.post(f"/api/v1/accounts/{ben.actor.id}/block", me)
    assert [one["username"] for one in (await world.get("/api/v1/blocks", me)).body] == ["ben"]
    await world.post(f"/api/v1/accounts/{ben.actor.id}/unblock", me)
    await world.post("/api/v1/notifications/clear", me)
    done = [act for actor, act, subject in await list_acts(world) if (actor, subject) == ("anna", "ecg")]
    expected = ("accept", "pin", "unpin", "delete_post", "ban", "unban", "clear_notifications")
    assert sorted(done) == sorted(f"group.{name}" for name in expected)


async def test_who_moderates_no_more_is_out_at_once(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await make(world, anna)
    await acts.set_moderator(world.ctx, group.id, ben.actor.id, by="console", moderator=True)
    me, eve = await act_as(world, ben, group), await world.person("eve")
    assert (await world.get("/api/v1/timelines/home", me)).status == 200
    await acts.set_moderator(world.ctx, group.id, ben.actor.id, by="console", moderator=False)
    assert (await world.get("/api/v1/timelines/home", me)).status == 401
    assert (await world.get("/api/v1/timelines/home", await act_as(world, ben, group))).status == 403
    assert (await world.get("/api/v1/timelines/home", await act_as(world, eve, group))).status == 403
