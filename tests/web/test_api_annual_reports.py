"""Annual reports: who can have one and when, what is counted in it, and that it says nothing of groups."""

from datetime import UTC, datetime
from functools import partial

import pytest

from policies.terms import Audience
from storage.annual_reports import Kinds
from storage.members import Person
from storage.polls import insert_poll
from storage.records import Poll
from storage.statuses import delete_status
from tests.web.api_world import Answer, World
from tests.web.entity_checker import EntityChecker
from tests.web.people import add_token
from web.api.annual_reports import archetype, campaign

PATH = "/api/v1/annual_reports"
NOT_FOUND = (404, {"error": "Record not found"})


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


async def state(world: World, who: Person, year: object = 2027) -> str:
    answer = await world.get(f"{PATH}/{year}/state", who)
    assert answer.status == 200, answer.body
    assert list(answer.body) == ["state"]
    return str(answer.body["state"])


async def generated(world: World, who: Person, year: int = 2027) -> Answer:
    assert (await world.post(f"{PATH}/{year}/generate", who)).body == {}
    return await world.get(f"{PATH}/{year}", who)


def test_reports_can_be_had_around_the_end_of_the_year() -> None:
    days = {(2027, 11, 30): None, (2027, 12, 1): 2027, (2027, 12, 31): 2027, (2028, 1, 31): 2027, (2028, 2, 1): None}
    assert {day: campaign(at(*day)) for day in days} == days


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (Kinds(112, 0, 0, 112), "lurker"),
        (Kinds(1, 0, 112, 0), "booster"),
        (Kinds(38, 0, 76, 0), "oracle"),
        (Kinds(110, 3, 0, 12), "pollster"),
        (Kinds(110, 3, 0, 11), "oracle"),
        (Kinds(10, 103, 0, 0), "replier"),
        (Kinds(113, 0, 0, 0), "oracle"),
    ],
)
def test_what_kind_of_author_somebody_is(kinds: Kinds, kind: str) -> None:
    assert archetype(kinds) == kind


async def test_a_year_from_being_asked_for_to_being_read(world: World, checker: EntityChecker) -> None:
    world.clock.now = at(2027, 3, 5)
    anna, ben = await world.person("anna"), await world.person("ben")
    assert await state(world, anna) == "ineligible"
    await world.status(anna.actor)
    world.clock.now = at(2027, 11, 30, 23)
    assert await state(world, anna) == "ineligible"
    early = await world.post(f"{PATH}/2027/generate", anna)
    assert (early.status, early.body) == NOT_FOUND
    assert (await world.get("/api/v2/instance")).body["wrapstodon"] is None
    world.clock.now = at(2028, 1, 10)
    assert (await world.get("/api/v2/instance")).body["wrapstodon"] == "2027"
    assert {year: await state(world, anna, year) for year in (2026, 2027, 2028, 0, "x", 10**30)} == {
        2026: "ineligible", 2027: "eligible", 2028: "ineligible", 0: "ineligible", "x": "ineligible", 10**30: "ineligible",
    }  # fmt: skip
    assert await state(world, ben) == "ineligible"  # who has said nothing
    assert (await world.post(f"{PATH}/2027/generate", ben)).status == 404
    for absent in (await world.get(f"{PATH}/2027", anna), await world.post(f"{PATH}/2027/read", anna)):
        assert (absent.status, absent.body) == NOT_FOUND

    made = await generated(world, anna)
    checker.check("WrappedAnnualReports", made.body)
    report = made.body["annual_reports"][0]
    assert (report["year"], report["schema_version"], report["share_url"]) == (2027, 2, None)
    assert report["account_id"] == str(anna.actor.id)
    assert [account["username"] for account in made.body["accounts"]] == ["anna"]
    assert (await world.get(PATH, anna)).body == made.body
    assert await state(world, anna) == "available"
    for path in (f"{PATH}/2027", f"{PATH}/2026"):
        other = await world.get(path, ben if path.endswith("2027") else anna)
        assert (other.status, other.body) == NOT_FOUND
    assert (await world.post(f"{PATH}/2027/read", ben)).status == 404
    nothing: dict[str, list[object]] = {"annual_reports": [], "accounts": [], "statuses": []}
    assert (await world.get(PATH, ben)).body == nothing
    assert (await world.post(f"{PATH}/2027/read", anna)).body == {}
    assert (await world.get(PATH, anna)).body == nothing
    assert (await world.get(f"{PATH}/2027", anna)).body == made.body
    world.clock.now = at(2028, 6, 1)
    assert await state(world, anna) == "available"  # what was counted is kept
    assert (await generated(world, anna)).body["annual_reports"] == [report]


async def test_what_is_counted(world: World) -> None:
    world.clock.now = at(2026, 12, 31, 23, 59)
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.status(anna.actor, tags=["cardio"], boosts_count=99)  # of the year before
    world.clock.now = at(2027, 1, 1)
    first = await world.status(anna.actor, tags=["cardio", "une"], boosts_count=5, favourites_count=9)
    await world.follow(ben.actor, anna.actor)
    world.clock.now = at(2027, 2, 28, 12)
    liked = await world.status(anna.actor, tags=["cardio"], favourites_count=3, replies_count=8)
    answered = await world.status(anna.actor, audience=Audience.UNLISTED, replies_count=2, favourites_count=1)
    await world.boost(anna.actor, await world.status(ben.actor, boosts_count=50, tags=["cardio"]))
    await world.follow(anna.actor, ben.actor)
    await world.follow(anna.actor, carl.actor, state="pending")
    world.clock.now = at(2027, 12, 31, 23)
    await world.status(anna.actor, reply_to=first)
    data = (await generated(world, anna)).body["annual_reports"][0]["data"]
    assert data["archetype"] == "lurker"
    assert data["top_statuses"] == {
        "by_reblogs": str(first.id), "by_favourites": str(liked.id), "by_replies": str(answered.id),
    }  # fmt: skip
    assert data["top_hashtags"] == [{"name": "cardio", "count": 2}]
    series = {one["month"]: (one["statuses"], one["following"], one["followers"]) for one in data["time_series"]}
    assert list(series) == list(range(1, 13))
    assert {month: counts for month, counts in series.items() if any(counts)} == {
        1: (1, 0, 1), 2: (3, 1, 0), 12: (1, 0, 0),
    }  # fmt: skip
    named = await world.get(f"{PATH}/2027", anna)
    assert {one["id"] for one in named.body["statuses"]} == {str(one.id) for one in (first, liked, answered)}
    await world.write(lambda tx: delete_status(tx, liked, actor_uri=anna.actor.uri, now=world.clock.now))
    after = (await world.get(f"{PATH}/2027", anna)).body
    assert after["annual_reports"][0]["data"]["top_statuses"]["by_favourites"] is None
    assert {one["id"] for one in after["statuses"]} == {str(first.id), str(answered.id)}


async def test_what_was_not_for_everybody_counts_nowhere(world: World) -> None:
    world.clock.now = at(2027, 12, 1)
    anna, ben = await world.person("anna"), await world.person("ben")
    people = [anna, ben]
    for one in people:
        await world.status(one.actor)
    plain = (await generated(world, ben)).body["annual_reports"][0]["data"]
    group = await world.group("cardiologie", [anna])
    busy = {"tags": ["cas", "cas2"], "boosts_count": 9, "favourites_count": 9, "replies_count": 9}
    for _ in range(120):
        await world.status(anna.actor, group=group, **busy)  # type: ignore[arg-type]
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        for _ in range(2):
            await world.status(anna.actor, audience=audience, **busy)  # type: ignore[arg-type]
    data = (await generated(world, anna)).body["annual_reports"][0]["data"]
    assert data == plain
    carl = await world.person("carl")
    await world.join(group, carl.actor)
    await world.status(carl.actor, group=group)
    assert await state(world, carl) == "ineligible"  # not even that there is something


async def test_kinds_of_authors_come_from_what_they_wrote(world: World) -> None:
    world.clock.now = at(2027, 12, 1)
    anna, ben = await world.person("anna"), await world.person("ben")
    asked = await world.status(ben.actor)
    for number in range(113):
        made = await world.status(anna.actor, reply_to=asked if number else None)
    assert (await generated(world, anna)).body["annual_reports"][0]["data"]["archetype"] == "replier"
    for number in range(113):
        made = await world.status(ben.actor)
        poll = Poll(made.id + 1, made.id, '["a","b"]', "[0,0]", 0, 0, 0, None, 0, world.clock.now, world.clock.now)
        if number % 2:
            await world.write(partial(insert_poll, poll=poll))
    assert (await generated(world, ben)).body["annual_reports"][0]["data"]["archetype"] == "pollster"


async def test_tokens_need_the_scopes_of_accounts(world: World) -> None:
    world.clock.now = at(2027, 12, 1)
    anna = await world.person("anna")
    await world.status(anna.actor)
    scopes = {scope: await add_token(world.db, anna, (scope,)) for scope in ("read:accounts", "write:accounts")}
    acts = {
        "write:accounts": (("POST", f"{PATH}/2027/generate"), ("POST", f"{PATH}/2027/read")),
        "read:accounts": (("GET", PATH), ("GET", f"{PATH}/2027"), ("GET", f"{PATH}/2027/state")),
    }
    for scope, paths in acts.items():
        for method, path in paths:
            assert (await world.call(method, path)).status == 401
            for has, headers in scopes.items():
                assert (await world.call(method, path, headers=headers)).status == (200 if has == scope else 403)
