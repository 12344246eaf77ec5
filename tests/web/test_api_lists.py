"""Lists: a member's groups; and the other things that apps insist on asking at start."""

from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker

NOT_FOUND = (404, {"error": "Record not found"})


async def test_a_members_groups_are_their_lists(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna])
    other = await world.group("urgences")
    await world.join(other, anna.actor, state="pending")
    answer = await world.get("/api/v1/lists", anna)
    checker.check_all("List", answer.body)
    assert [(one["id"], one["title"]) for one in answer.body] == [(str(group.id), "Cardiologie")]
    assert (await world.get(f"/api/v1/lists/{group.id}", anna)).body == answer.body[0]
    assert (await world.get("/api/v1/lists", ben)).body == []


async def test_a_list_of_others_is_as_absent_as_none(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna])
    await world.group("urgences", [ben])
    for suffix in ("", "/accounts"):
        for one in (group.id, ben.actor.id, 12345):
            answer = await world.get(f"/api/v1/lists/{one}{suffix}", ben)
            assert (answer.status, answer.body) == NOT_FOUND


async def test_members_see_each_other(world: World, checker: EntityChecker) -> None:
    people = [await world.person(f"person{number}") for number in range(3)]
    group = await world.group("cardiologie", people)
    gone = await world.person("gone")
    await world.join(group, gone.actor, lease_until=world.clock.now + HOUR)
    world.tick(2 * HOUR)
    path = f"/api/v1/lists/{group.id}/accounts"
    first = await world.get(f"{path}?limit=2", people[0])
    checker.check_all("Account", first.body)
    assert [one["username"] for one in first.body] == ["person2", "person1"]
    assert [one["username"] for one in (await world.get(first.next_url or "", people[0])).body] == ["person0"]
    assert len((await world.get(f"{path}?limit=0", people[0])).body) == 3


async def test_what_is_not_here_is_empty(world: World) -> None:
    anna = await world.person("anna")
    for path in ("v1/filters", "v2/filters", "v1/announcements"):
        answer = await world.get(f"/api/{path}", anna)
        assert (answer.status, answer.body) == (200, [])
        assert (await world.get(f"/api/{path}")).status == 401


async def test_unknown_routes_answer_in_json(world: World) -> None:
    anna = await world.person("anna")
    for method, path in (("GET", "/api/v1/trends/nothing"), ("POST", "/api/v1/trends"), ("GET", "/api/v3/nothing")):
        answer = await world.call(method, path, anna)
        assert (answer.status, answer.body) == NOT_FOUND
        assert answer.headers["Content-Type"].startswith("application/json")
