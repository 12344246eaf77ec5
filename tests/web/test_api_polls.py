"""Polls in apps: making one, voting, what is shown to whom and when."""

from typing import Any

import pytest

from federation.outbox import polls as acts
from policies.terms import Audience
from storage.members import Person
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

DAY = 86_400
POLL = {"options": ["Colchicine", "Aspirine"], "expires_in": DAY}


async def ask(world: World, who: Person, **poll: Any) -> dict[str, Any]:
    """A post with a poll, as the app sees it."""
    answer = await world.post(
        "/api/v1/statuses", who, json={"status": "Que donner ?", "visibility": "public", "poll": {**POLL, **poll}}
    )
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def vote(world: World, who: Person, poll: dict[str, Any], *choices: Any) -> Any:
    return await world.post(f"/api/v1/polls/{poll['id']}/votes", who, json={"choices": list(choices)})


async def test_a_poll_from_its_question_to_its_end(world: World, checker: EntityChecker) -> None:
    anna, ben, nina = [await world.person(name) for name in ("anna", "ben", "nina")]
    post = await ask(world, anna)
    checker.check("Status", post)
    poll = post["poll"]
    assert [one["title"] for one in poll["options"]] == POLL["options"]
    assert (poll["voted"], poll["own_votes"], poll["votes_count"], poll["expired"]) == (True, [], 0, False)
    voted = await vote(world, ben, poll, "1")
    checker.check("Poll", voted.body)
    assert (voted.body["voted"], voted.body["own_votes"]) == (True, [1])
    assert [one["votes_count"] for one in voted.body["options"]] == [0, 1]
    assert (await vote(world, nina, poll, 0)).body["voters_count"] == 2
    seen = (await world.get(f"/api/v1/statuses/{post['id']}", ben)).body["poll"]
    assert (seen["own_votes"], seen["votes_count"]) == ([1], 2)
    anonymous = (await world.get(f"/api/v1/polls/{poll['id']}")).body
    checker.check("Poll", anonymous)
    assert "voted" not in anonymous

    await acts.tell_due(world.ctx)
    assert (await world.get("/api/v1/notifications?types[]=poll", ben)).body == []
    world.clock.now += DAY * 1000
    for _ in range(2):
        await acts.tell_due(world.ctx)
    for who in (anna, ben, nina):
        (told,) = (await world.get("/api/v1/notifications?types[]=poll", who)).body
        checker.check("Notification", told)
        assert (told["account"]["id"], told["status"]["poll"]["expired"]) == (str(anna.actor.id), True)
    late = await vote(world, await world.person("olga"), poll, 0)
    assert (late.status, late.body) == (422, {"error": "Validation failed: The poll has already ended"})


@pytest.mark.parametrize(
    ("choices", "error"),
    [
        ([], "Choices can't be blank"),
        (["2"], "The chosen vote option does not exist"),
        (["-1"], "The chosen vote option does not exist"),
        (["x"], "The chosen vote option does not exist"),
        (["9" * 40], "The chosen vote option does not exist"),
        (["0", "1"], "You have already voted on this poll"),
        ([True], "choices must be a list of numbers"),
        ([{}], "choices must be a list of numbers"),
    ],
)
async def test_votes_that_cannot_count(world: World, choices: list[Any], error: str) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    poll = (await ask(world, anna))["poll"]
    refused = await vote(world, ben, poll, *choices)
    assert (refused.status, refused.body) == (422, {"error": f"Validation failed: {error}"})
    assert (await world.get(f"/api/v1/polls/{poll['id']}", ben)).body["voted"] is False


async def test_each_votes_once_and_nobody_in_their_own(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    poll = (await ask(world, anna))["poll"]
    assert (await vote(world, ben, poll, 0)).status == 200
    again = await vote(world, ben, poll, 1)
    assert (again.status, again.body["error"]) == (422, "Validation failed: You have already voted on this poll")
    own = await vote(world, anna, poll, 1)
    assert (own.status, own.body["error"]) == (422, "Validation failed: You cannot vote in your own polls")


async def test_several_choices_and_hidden_counts(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    poll = (await ask(world, anna, multiple=True, hide_totals=True))["poll"]
    voted = (await vote(world, ben, poll, 0, 1, 1)).body
    checker.check("Poll", voted)
    assert (voted["own_votes"], voted["voters_count"]) == ([0, 1], 1)
    assert [one["votes_count"] for one in voted["options"]] == [None, None]
    world.clock.now += DAY * 1000
    ended = (await world.get(f"/api/v1/polls/{poll['id']}", anna)).body
    assert [one["votes_count"] for one in ended["options"]] == [1, 1]


@pytest.mark.parametrize(
    ("poll", "error"),
    [
        ({"options": ["a"]}, "Options must have more than one item"),
        ({"options": ["a", " "]}, "Options must have more than one item"),
        ({"options": ["a", "a"]}, "Options contain duplicate items"),
        ({"options": [str(n) for n in range(11)]}, "Options can't contain more than 10 items"),
        ({"options": ["a", "b" * 101]}, "Options can't be longer than 100 characters each"),
        ({"expires_in": 299}, "Expires at is too soon"),
        ({"expires_in": None}, "Expires at is too soon"),
        ({"expires_in": 2**40}, "Expires at is too far into the future"),
        ({"expires_in": "soon"}, "expires_in must be a whole number"),
        ({"options": "a"}, "Options must have more than one item"),
    ],
)
async def test_polls_that_cannot_be(world: World, poll: dict[str, Any], error: str) -> None:
    anna = await world.person("anna")
    refused = await world.post("/api/v1/statuses", anna, json={"status": "x", "poll": {**POLL, **poll}})
    assert (refused.status, refused.body) == (422, {"error": f"Validation failed: {error}"})


async def test_a_poll_has_no_pictures_beside_it(world: World) -> None:
    anna = await world.person("anna")
    picture = await world.attach(anna.actor)
    body = {"status": "x", "poll": POLL, "media_ids": [str(picture.id)]}
    refused = await world.post("/api/v1/statuses", anna, json=body)
    assert (refused.status, refused.body) == (422, {"error": "Validation failed: Cannot attach files to a poll"})


async def test_an_edit_keeps_votes_as_long_as_it_keeps_the_options(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await ask(world, anna)
    await vote(world, ben, post["poll"], 0)

    async def edit(**changes: Any) -> dict[str, Any] | None:
        answer = await world.call("PUT", f"/api/v1/statuses/{post['id']}", anna, json={"status": "Alors ?", **changes})
        assert answer.status == 200, answer.body
        shown: dict[str, Any] | None = answer.body["poll"]
        return shown

    kept = await edit(poll={**POLL, "hide_totals": True})
    assert kept is not None
    assert (kept["id"], kept["votes_count"]) == (post["poll"]["id"], 1)
    anew = await edit(poll={**POLL, "options": ["Colchicine", "Rien"]})
    assert anew is not None
    assert anew["votes_count"] == 0
    assert (await vote(world, ben, anew, 1)).status == 200
    assert await edit() is None
    assert (await vote(world, ben, anew, 1)).status == 404


async def test_who_cannot_see_a_post_cannot_see_or_vote_in_its_poll(world: World) -> None:
    anna, ben, nina = [await world.person(name) for name in ("anna", "ben", "nina")]
    group = await world.group("cardiologie", [anna, ben])
    await world.attest(anna.actor)
    asked = {"status": "@cardiologie Que donner ?", "visibility": "private", "poll": POLL}
    post = (await world.post("/api/v1/statuses", anna, json=asked)).body
    assert post.get("visibility") == "private", post
    assert (await vote(world, ben, post["poll"], 0)).body["own_votes"] == [0]
    absent = await vote(world, nina, {"id": "7"}, 0)
    hidden = await vote(world, nina, post["poll"], 0)
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, {"error": "Record not found"})
    assert (await world.get(f"/api/v1/polls/{post['poll']['id']}", nina)).status == 404
    assert (await world.get(f"/api/v1/polls/{post['poll']['id']}")).status == 404
    assert group.username == "cardiologie"
    direct = await world.status(anna.actor, audience=Audience.DIRECT)
    assert (await world.get(f"/api/v1/polls/{direct.id}", anna)).status == 404


async def test_a_poll_is_found_by_its_options(world: World) -> None:
    anna = await world.person("anna")
    post = await ask(world, anna)
    for question in ("aspirines", "has:poll"):
        found = (await world.get(f"/api/v2/search?q={question}&type=statuses", anna)).body["statuses"]
        assert [one["id"] for one in found] == [post["id"]], question


async def test_a_poll_waits_with_its_post(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    due = "2099-01-01T10:00:00Z"
    planned = (await world.post("/api/v1/statuses", anna, json={"status": "x", "poll": POLL, "scheduled_at": due})).body
    checker.check("ScheduledStatus", planned)
    assert planned["params"]["poll"]["options"] == POLL["options"]
    assert planned["params"]["poll"]["expires_in"] == DAY
