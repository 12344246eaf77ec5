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


async def test_members_read_who_is_in_the_group_where_it_shows_that(world: World) -> None:
    ward = await Ward.open(world)
    there, shown = f"/api/v1/groups/{ward.group.id}", f"/api/v1/accounts/{ward.group.id}/followers"
    both = {str(ward.anna.actor.id), str(ward.ben.actor.id)}
    assert {one["id"] for one in (await world.get(shown, ward.ben)).body} == both
    assert (await world.get(shown, ward.eve)).body == []
    await world.call("PATCH", there, ward.anna, json={"members_shown": "moderators"})
    assert (await world.get(shown, ward.ben)).body == []
    assert {one["id"] for one in (await world.get(shown, ward.anna)).body} == both
