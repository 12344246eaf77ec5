"""People and hashtags on a profile: for everybody to see, so made of nothing that not everybody may know."""

from typing import Any

import pytest

from policies.terms import Audience
from storage import featured, follows
from storage.database import Transaction
from storage.members import Person
from storage.records import Actor
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from tests.web.people import ORIGIN, add_token
from tests.web.test_api_accounts import NOT_FOUND, ids
from web.api.featured import MOST_TAGS
from web.render import moment

DAY = 24 * HOUR
TAGS = "/api/v1/featured_tags"


async def endorse(world: World, who: Person, actor: Actor, act: str = "endorse") -> int:
    return (await world.post(f"/api/v1/accounts/{actor.id}/{act}", who)).status


async def feature(world: World, who: Person, name: str) -> dict[str, Any]:
    answer = await world.post(TAGS, who, json={"name": name})
    assert answer.status == 200
    return dict(answer.body)


@pytest.mark.parametrize(("act", "end"), [("pin", "unpin"), ("endorse", "unendorse")])
async def test_recommending_whom_one_follows(world: World, checker: EntityChecker, act: str, end: str) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.follow(anna.actor, ben.actor)
    path = f"/api/v1/accounts/{ben.actor.id}"
    for _ in range(2):
        endorsed = await world.post(f"{path}/{act}", anna)
        checker.check("Relationship", endorsed.body)
        assert endorsed.body["endorsed"] is True
    carl = await world.person("carl")
    for who, about in ((ben, anna), (carl, ben)):
        query = f"/api/v1/accounts/relationships?id[]={about.actor.id}"
        assert (await world.get(query, who)).body[0]["endorsed"] is False
    shown = (await world.get(f"/api/v1/accounts/{anna.actor.id}/endorsements")).body
    checker.check_all("Account", shown)
    assert ids(shown) == ids((await world.get("/api/v1/endorsements", anna)).body) == [ben.actor.id]
    for _ in range(2):
        assert (await world.post(f"{path}/{end}", anna)).body["endorsed"] is False
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/endorsements")).body == []


async def test_nobody_else_can_be_recommended(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.follow(anna.actor, ben.actor, state="pending")
    await world.follow(ben.actor, anna.actor)
    for actor in (ben.actor, carl.actor, anna.actor):
        answer = await world.post(f"/api/v1/accounts/{actor.id}/endorse", anna)
        assert answer.status == 422
        assert answer.body["error"].endswith("You must be already following the person you want to endorse")
    assert (await world.get("/api/v1/endorsements", anna)).body == []


async def test_a_private_group_is_never_recommended(world: World) -> None:
    """Or everybody would learn who is in it."""
    anna, ben = await world.person("anna"), await world.person("ben")
    listed, hidden = await world.group("cardiologie", [anna]), await world.group("conseil", [anna], listed=False)
    for group in (listed, hidden):
        assert await endorse(world, anna, group) == 422
    for act in ("pin", "unpin", "endorse", "unendorse"):
        answer = await world.post(f"/api/v1/accounts/{hidden.id}/{act}", ben)
        assert (answer.status, answer.body) == NOT_FOUND
    for path in ("endorsements", "featured_tags"):
        assert (await world.get(f"/api/v1/accounts/{hidden.id}/{path}", anna)).body == []
        answer = await world.get(f"/api/v1/accounts/{hidden.id}/{path}", ben)
        assert (answer.status, answer.body) == NOT_FOUND


async def test_a_recommendation_ends_with_the_follow(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    made = await world.follow(anna.actor, ben.actor)
    assert await endorse(world, anna, ben.actor) == 200
    await world.write(lambda tx: follows.delete_follow(tx, made))
    assert (await world.get("/api/v1/endorsements", anna)).body == []
    await world.follow(anna.actor, ben.actor)
    assert (await world.get("/api/v1/endorsements", anna)).body == []


async def test_recommendations_page_by_their_own_ids(world: World) -> None:
    anna = await world.person("anna")
    others = [await world.stranger(f"other{number}") for number in range(3)]
    for other in others:
        world.tick()
        await world.follow(anna.actor, other)
        assert await endorse(world, anna, other) == 200
    first = await world.get("/api/v1/endorsements?limit=2", anna)
    assert ids(first.body) == [others[2].id, others[1].id]
    assert ids((await world.get(first.next_url or "", anna)).body) == [others[0].id]


async def test_hashtags_on_a_profile(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    made = await feature(world, anna, "#Rythmologie")
    checker.check("FeaturedTag", made)
    assert (made["name"], made["statuses_count"], made["last_status_at"]) == ("Rythmologie", "0", None)
    assert made["url"] == f"{ORIGIN.base}/tags/rythmologie"
    assert await feature(world, anna, "RYTHMOLOGIE") == made
    ecg = await feature(world, anna, "ECG")
    for audience in (Audience.PUBLIC, Audience.UNLISTED):
        last = await world.status(anna.actor, audience=audience, tags=["ecg"])
    await world.status(ben.actor, tags=["ecg", "rythmologie"])
    shown = (await world.get(TAGS, anna)).body
    checker.check_all("FeaturedTag", shown)
    assert [(one["name"], one["statuses_count"]) for one in shown] == [("ECG", "2"), ("Rythmologie", "0")]
    assert shown[0]["last_status_at"] == moment(last.created_at)[:10]
    assert (await world.get(f"/api/v1/accounts/{anna.actor.id}/featured_tags")).body == shown
    assert (await world.get(f"/api/v1/accounts/{ben.actor.id}/featured_tags", anna)).body == []
    for who, status in ((ben, 404), (anna, 200), (anna, 404)):
        assert (await world.call("DELETE", f"{TAGS}/{ecg['id']}", who)).status == status
    assert [one["name"] for one in (await world.get(TAGS, anna)).body] == ["Rythmologie"]


async def test_only_what_everybody_may_see_counts(world: World) -> None:
    """Also for the member alone: a number that they see is a number that they may pass on."""
    anna = await world.person("anna")
    await feature(world, anna, "ecg")
    await world.status(anna.actor, tags=["ecg", "sca"])
    paths = [TAGS, f"{TAGS}/suggestions", f"/api/v1/accounts/{anna.actor.id}/featured_tags"]
    before = [(await world.get(path, anna)).body for path in paths]
    group = await world.group("cardiologie", [anna])
    world.tick(2 * DAY)
    await world.status(anna.actor, group=group, tags=["ecg", "zorglub"])
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        await world.status(anna.actor, audience=audience, tags=["ecg", "zorglub"])
    assert [(await world.get(path, anna)).body for path in paths] == before


async def test_suggested_are_the_tags_used_last(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await feature(world, anna, "ecg")
    for tags in (["garde"], ["sca"], ["échographie", "ecg"], ["sca"]):
        await world.status(anna.actor, tags=tags)
    await world.status(ben.actor, tags=["autre"])
    shown = (await world.get(f"{TAGS}/suggestions", anna)).body
    checker.check_all("Tag", shown)
    assert [one["name"] for one in shown] == ["sca", "échographie", "garde"]


async def test_there_are_only_so_many(world: World) -> None:
    anna = await world.person("anna")
    limit = (await world.get("/api/v2/instance")).body["configuration"]["accounts"]["max_featured_tags"]
    assert limit == MOST_TAGS
    for number in range(MOST_TAGS):
        await feature(world, anna, f"tag{number}")
    refused = await world.post(TAGS, anna, json={"name": "another"})
    assert (refused.status, len((await world.get(TAGS, anna)).body)) == (422, MOST_TAGS)
    await feature(world, anna, "TAG1")

    async def unit(tx: Transaction) -> None:
        assert await featured.insert_tag(tx, anna.actor.id, "x", most=MOST_TAGS + 1, now=world.tick())

    await world.write(unit)


@pytest.mark.parametrize("name", ["", " ", "#", "two words", "<b>", "123", "x" * 101, "a/b"])
async def test_what_is_no_hashtag(world: World, name: str) -> None:
    anna = await world.person("anna")
    assert (await world.post(TAGS, anna, json={"name": name})).status == 422
    assert (await world.get(TAGS, anna)).body == []


async def test_scopes(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    reading = await add_token(world.db, anna, ("read",))
    for method, path in (("POST", TAGS), ("DELETE", f"{TAGS}/1"), ("POST", f"/api/v1/accounts/{ben.actor.id}/endorse")):
        assert (await world.call(method, path, headers=reading)).status == 403
    for path in (TAGS, f"{TAGS}/suggestions", "/api/v1/endorsements"):
        assert (await world.get(path)).status == 401


async def test_a_tag_is_featured_by_its_name(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    made = await world.post("/api/v1/tags/ECG/feature", anna)
    checker.check("Tag", made.body)
    assert (made.body["name"], made.body["featuring"]) == ("ecg", True)
    assert [one["name"] for one in (await world.get("/api/v1/featured_tags", anna)).body] == ["ecg"]
    gone = await world.post("/api/v1/tags/ecg/unfeature", anna)
    assert gone.body["featuring"] is False
    assert (await world.get("/api/v1/featured_tags", anna)).body == []
    assert (await world.post("/api/v1/tags/123/feature", anna)).status == 404
    for number in range(10):
        assert (await world.post(f"/api/v1/tags/tag{number}/feature", anna)).status == 200
    assert (await world.post("/api/v1/tags/one_more/feature", anna)).status == 422


async def test_updates_may_be_patches(world: World) -> None:
    anna = await world.person("anna")
    made = (await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"})).body
    world.tick(1000)
    edited = await world.call("PATCH", f"/api/v1/statuses/{made['id']}", anna, json={"status": "Bonsoir"})
    assert "Bonsoir" in edited.body["content"]
    waiting = {"status": "Bonjour", "scheduled_at": "2035-01-01T00:00:00Z"}
    planned = (await world.post("/api/v1/statuses", anna, json=waiting)).body
    later = {"scheduled_at": "2036-01-01T00:00:00Z"}
    moved = await world.call("PATCH", f"/api/v1/scheduled_statuses/{planned['id']}", anna, json=later)
    assert moved.body["scheduled_at"] == "2036-01-01T00:00:00.000Z"
