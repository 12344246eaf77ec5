"""Groups as their moderators set them by API: who may, what is answered, and that others learn nothing."""

import pytest

from storage import groups
from tests.web.api_world import World
from tests.web.test_as_group import Ward


async def test_a_moderator_sets_the_group(world: World) -> None:
    ward = await Ward.open(world)
    there = f"/api/v1/groups/{ward.group.id}"
    assert [one["id"] for one in (await world.get("/api/v1/groups", ward.anna)).body] == [str(ward.group.id)]
    body = {
        "title": "Cardio",
        "rules": ["Poli."],
        "joining": "invite",
        "professions": ["physician"],
        "countries": [],
        "level": "register",
        "files": False,
        "retention_days": 30,
    }
    answer = await world.call("PATCH", there, ward.anna, json=body)
    assert (answer.status, answer.body) == (200, answer.body | body)
    assert (await world.get(there, ward.anna)).body == answer.body
    assert (await world.get(f"/api/v1/accounts/{ward.group.id}", ward.ben)).body["display_name"] == "Cardio"
    again = await world.call("PATCH", there, ward.anna, json={"listed": False})
    assert again.body == answer.body | {"listed": False}


@pytest.mark.parametrize(
    "wrong",
    [{"joining": "never"}, {"level": "high"}, {"posting": "all"}, {"professions": ["wizard"]}, {"lease_hours": 0}],
)
async def test_what_cannot_be_set_is_said(world: World, wrong: dict[str, object]) -> None:
    ward = await Ward.open(world)
    answer = await world.call("PATCH", f"/api/v1/groups/{ward.group.id}", ward.anna, json=wrong)
    assert answer.status == 422
    assert next(iter(wrong)) in answer.body["error"]


async def test_nobody_else_sets_it_or_learns_of_it(world: World) -> None:
    ward = await Ward.open(world, listed=False)
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/archive"),
        ("POST", "/reopen"),
        ("POST", "/moderators"),
        ("DELETE", "/moderators"),
        ("POST", "/invitations"),
        ("POST", "/expulsions"),
        ("GET", "/hosts"),
        ("POST", "/hosts"),
    ):
        for who, status in ((ward.ben, 403), (ward.eve, 404)):
            asked = await world.call(method, f"/api/v1/groups/{ward.group.id}{path}", who, json={"title": "x"})
            absent = await world.call(method, f"/api/v1/groups/1{path}", who, json={"title": "x"})
            assert (method, path, asked.status, absent.status) == (method, path, status, 404)
            assert status == 403 or asked.body == absent.body
    assert (await world.get("/api/v1/groups", ward.ben)).body == []


async def test_moderators_hand_over_invite_and_close(world: World) -> None:
    ward = await Ward.open(world)
    there = f"/api/v1/groups/{ward.group.id}"
    ben, carl = {"account_id": str(ward.ben.actor.id)}, {"account_id": str(ward.carl.actor.id)}
    anna = {"account_id": str(ward.anna.actor.id)}
    assert (await world.call("DELETE", f"{there}/moderators", ward.anna, json=anna)).status == 422
    assert (await world.post(f"{there}/moderators", ward.anna, json=carl)).status == 404
    assert (await world.post(f"{there}/moderators", ward.anna, json=ben)).status == 200
    assert (await world.call("DELETE", f"{there}/moderators", ward.anna, json=anna)).status == 200
    assert (await world.get(there, ward.anna)).status == 403
    assert (await world.post(f"{there}/invitations", ward.ben, json=carl)).status == 200
    found = await world.db.read(lambda tx: groups.get_membership(tx, ward.group.id, ward.carl.actor.id))
    assert found is not None
    assert found.state == "invited"
    assert (await world.post(f"{there}/archive", ward.ben)).body["closed"] == "archived"
    refused = await world.call("PATCH", there, ward.ben, json={"title": "x"})
    assert (refused.status, "closed" in refused.body["error"]) == (422, True)
    assert (await world.post(f"{there}/reopen", ward.ben)).body["closed"] == ""


async def test_a_moderator_takes_a_host_out(world: World) -> None:
    ward = await Ward.open(world)
    there = f"/api/v1/groups/{ward.group.id}"
    hosts = '["chu-b.example", "chu-c.example"]'
    await world.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach=hosts))
    body = {"host": "CHU-B.example ", "reason": "agreement breached"}
    answer = await world.post(f"{there}/expulsions", ward.anna, json=body)
    assert (answer.status, answer.body["reach"]) == (200, ["chu-c.example"])
    assert (await world.post(f"{there}/expulsions", ward.anna, json=body)).status == 422


async def test_a_moderator_lets_a_host_in_and_reads_what_the_others_say(world: World) -> None:
    ward = await Ward.open(world)
    there = f"/api/v1/groups/{ward.group.id}"
    await world.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach='["chu-b.example"]'))
    answer = await world.post(f"{there}/hosts", ward.anna, json={"host": "CHU-C.example"})
    assert (answer.status, answer.body["reach"]) == (200, ["chu-b.example", "chu-c.example"])
    [told] = (await world.get(f"{there}/hosts", ward.anna)).body
    assert told == {"host": "chu-b.example", "agreed": ["chu-b.example"], "digest": "", "waiting": False, "refusal": ""}
    for wrong in ({"host": "https://x"}, {}):
        assert (await world.post(f"{there}/hosts", ward.anna, json=wrong)).status == 422


async def test_members_read_who_is_in_the_group_where_it_shows_that(world: World) -> None:
    ward = await Ward.open(world)
    there, shown = f"/api/v1/groups/{ward.group.id}", f"/api/v1/accounts/{ward.group.id}/followers"
    both = {str(ward.anna.actor.id), str(ward.ben.actor.id)}
    assert {one["id"] for one in (await world.get(shown, ward.ben)).body} == both
    assert (await world.get(shown, ward.eve)).body == []
    await world.call("PATCH", there, ward.anna, json={"members_shown": "moderators"})
    assert (await world.get(shown, ward.ben)).body == []
    assert {one["id"] for one in (await world.get(shown, ward.anna)).body} == both


async def test_a_question_is_open_until_somebody_says_it_is_answered(world: World) -> None:
    ward = await Ward.open(world)
    asked = await world.post("/api/v1/statuses", ward.ben, json={"status": "@cardiologie #DocTocToc que faire ?"})
    answered = {"status": "@cardiologie #DocTocToc rien", "in_reply_to_id": asked.body["id"]}
    await world.post("/api/v1/statuses", ward.anna, json=answered)
    await world.post("/api/v1/statuses", ward.ben, json={"status": "@cardiologie sans question"})
    there = f"/api/v1/groups/{ward.group.id}/questions"

    async def found(query: str = "") -> list[str]:
        return [one["id"] for one in (await world.get(f"{there}{query}", ward.anna)).body]

    question = asked.body["id"]
    assert (await found(), await found("?answered=true")) == ([question], [])
    david = await world.person("david")
    await world.join(ward.group, david.actor)
    assert (await world.post(f"{there}/{question}/answered", david)).status == 403
    for stranger in (ward.eve, ward.carl):
        assert (await world.post(f"{there}/{question}/answered", stranger)).status == 404
        assert (await world.get(there, stranger)).status == 404
    for who in (ward.anna, ward.ben):
        assert (await world.post(f"{there}/{question}/answered", who)).status == 200
        assert (await found(), await found("?answered=true")) == ([], [question])
        assert (await world.post(f"{there}/{question}/open", who)).status == 200
        assert await found() == [question]


async def test_a_question_crosses_to_another_group_by_its_authors_word_alone(world: World) -> None:
    ward = await Ward.open(world)
    await world.join(ward.other, ward.ben.actor)
    await world.join(ward.other, ward.anna.actor)
    await world.call("PATCH", f"/api/v1/groups/{ward.other.id}", ward.eve, json={"questions_of": "emergency-medicine"})
    body = {"status": "@cardiologie Douleur #DocTocToc #EmergencyMedicine"}
    question = (await world.post("/api/v1/statuses", ward.ben, json=body)).body["id"]
    bring = f"/api/v1/groups/{ward.other.id}/questions/{question}/bring"
    waiting = await world.db.read(lambda tx: tx.rows("SELECT owner_id FROM notices"))
    assert [row[0] for row in waiting] == [ward.ben.actor.id]
    seen = f"/api/v1/timelines/list/{ward.other.id}"
    assert (await world.get(seen, ward.eve)).body == []
    assert (await world.post(bring, ward.eve)).status == 404  # a moderator there, who may not even see it
    assert (await world.post(bring, ward.anna)).status == 403
    assert (await world.get(f"/api/v1/statuses/{question}", ward.eve)).status == 404
    brought = await world.post(bring, ward.ben)
    assert (brought.status, brought.body["visibility"]) == (200, "private")
    (shown,) = (await world.get(seen, ward.eve)).body
    assert shown["id"] == brought.body["id"] != question
    assert "cardiologie" not in shown["content"]
    assert (await world.post(bring, ward.ben)).status == 404
    assert (await world.get(f"/api/v1/statuses/{question}", ward.eve)).status == 404


async def test_what_the_other_group_would_refuse_stays_offered(world: World) -> None:
    ward = await Ward.open(world)
    await world.join(ward.other, ward.ben.actor)
    there = f"/api/v1/groups/{ward.other.id}"
    await world.call("PATCH", there, ward.eve, json={"questions_of": "cardiology"})
    body = {"status": "@cardiologie #doctoctoc #cardiologie"}
    question = (await world.post("/api/v1/statuses", ward.ben, json=body)).body["id"]
    await world.call("PATCH", there, ward.eve, json={"posting": "moderators"})
    assert (await world.post(f"{there}/questions/{question}/bring", ward.ben)).status == 403
    await world.call("PATCH", there, ward.eve, json={"posting": "members"})
    assert (await world.post(f"{there}/questions/{question}/bring", ward.ben)).status == 200


async def test_apps_show_open_questions_as_a_list(world: World) -> None:
    ward = await Ward.open(world)
    mine = [one["title"] for one in (await world.get("/api/v1/lists", ward.anna)).body]
    assert mine == ["Cardiologie"]
    asked = (await world.post("/api/v1/statuses", ward.ben, json={"status": "@cardiologie #doctoctoc ?"})).body["id"]
    (_, asking) = (await world.get("/api/v1/lists", ward.anna)).body
    assert asking["title"] == "Cardiologie ?"
    assert (await world.get(f"/api/v1/lists/{asking['id']}", ward.anna)).body == asking
    shown = (await world.get(f"/api/v1/timelines/list/{asking['id']}", ward.anna)).body
    assert [one["id"] for one in shown] == [asked]
    for path in ("lists", "timelines/list"):
        assert (await world.get(f"/api/v1/{path}/{asking['id']}", ward.eve)).status == 404
    assert (await world.call("DELETE", f"/api/v1/lists/{asking['id']}", ward.anna)).status == 422
    people = f"/api/v1/lists/{asking['id']}/accounts"
    assert len((await world.get(people, ward.ben)).body) == 2
    await world.call("PATCH", f"/api/v1/groups/{ward.group.id}", ward.anna, json={"members_shown": "moderators"})
    assert (await world.get(people, ward.ben)).body == []
    assert (await world.get(f"/api/v1/lists/{ward.group.id}/accounts", ward.ben)).body == []
