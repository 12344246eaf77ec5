"""What many speak of, and people who want to be found: by what is public alone."""

from typing import Any

from policies.terms import Audience
from storage import actors, cards, trends
from storage.members import Person
from storage.records import Actor, Status
from storage.tags import DAY
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker

LINK = "https://site.example/ecg"


async def found_by_all(world: World, *people: Person) -> None:
    """They want to be found."""
    for one in people:
        await world.write(lambda tx, one=one: actors.update_actor(tx, one.actor.id, discoverable=1))


async def count(world: World) -> None:
    await world.write(lambda tx: trends.count_trends(tx, now=world.clock.now))


async def share(world: World, who: Actor, audience: Audience = Audience.PUBLIC, **more: Any) -> Status:
    """A post with a tag and a link, which somebody looked at, and which others liked."""
    post = await world.status(who, audience=audience, tags=["ecg"], favourites_count=3, **more)

    async def link(tx: Any) -> None:
        await cards.attach_card(tx, post.id, LINK, now=world.clock.now, wait=0)
        card = await cards.get_card(tx, LINK)
        assert card is not None
        await cards.update_card(tx, card.id, {"title": "ECG"}, now=world.clock.now)

    await world.write(link)
    return post


async def explored(world: World, who: Person | None = None) -> list[Any]:
    return [(await world.get(f"/api/v1/trends/{kind}", who)).body for kind in ("tags", "links", "statuses")]


async def test_what_several_people_speak_of(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await found_by_all(world, anna, ben)
    posts = [await share(world, anna.actor), await share(world, ben.actor)]
    await count(world)
    tags, links, statuses = await explored(world, anna)
    checker.check_all("Tag", tags)
    assert (tags[0]["name"], tags[0]["following"], tags[0]["history"][0]["accounts"]) == ("ecg", False, "2")
    assert (await world.get("/api/v1/trends", anna)).body == tags
    checker.check_all("Trends::Link", links)
    assert (links[0]["url"], links[0]["history"][0]["uses"]) == (LINK, "2")
    checker.check_all("Status", statuses)
    assert {one["id"] for one in statuses} == {str(post.id) for post in posts}
    page = await world.get("/api/v1/trends/statuses?limit=1")
    assert len(page.body) == 1
    assert len((await world.get(page.next_url or "")).body) == 1
    await world.post(f"/api/v1/accounts/{ben.actor.id}/mute", anna)
    assert [one["id"] for one in (await explored(world, anna))[2]] == [str(posts[0].id)]


async def test_only_what_is_public_of_who_wants_to_be_found_counts(world: World) -> None:
    anna, ben, shy = [await world.person(name) for name in ("anna", "ben", "shy")]
    await found_by_all(world, anna, ben)
    group = await world.group("cardiologie", [anna, ben])
    for who in (anna, ben):
        for audience in (Audience.UNLISTED, Audience.FOLLOWERS, Audience.DIRECT):
            await share(world, who.actor, audience)
        await share(world, who.actor, group=group)
    await share(world, shy.actor)
    await share(world, anna.actor)
    await count(world)
    tags, links, statuses = await explored(world, anna)
    assert (tags, links) == ([], [])
    assert [one["account"]["username"] for one in statuses] == ["anna"]


async def test_what_is_old_or_gone_is_no_trend(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await found_by_all(world, anna, ben)
    post = await share(world, anna.actor)
    await share(world, ben.actor)
    await count(world)
    await world.call("DELETE", f"/api/v1/statuses/{post.id}", anna)
    assert [one["account"]["username"] for one in (await explored(world))[2]] == ["ben"]
    world.tick(8 * DAY)
    await count(world)
    assert await explored(world) == [[], [], []]


async def test_one_process_counts_in_each_period(world: World) -> None:
    async def claimed() -> bool:
        return await world.db.transact(lambda tx: trends.claim_count(tx, now=world.clock.now))

    assert [await claimed(), await claimed()] == [True, False]
    world.tick(trends.EVERY)
    assert [await claimed(), await claimed()] == [True, False]


async def test_the_directory(world: World, checker: EntityChecker) -> None:
    anna, ben, _ = [await world.person(name) for name in ("anna", "ben", "shy")]
    await found_by_all(world, anna, ben)
    await world.stranger("eva", discoverable=1)
    group = await world.group("cardiologie", [anna])
    await world.write(lambda tx: actors.update_actor(tx, group.id, discoverable=1))
    await world.write(lambda tx: actors.update_actor(tx, anna.actor.id, last_status_at=world.clock.now))

    async def listed(query: str = "") -> list[str]:
        answer = await world.get(f"/api/v1/directory{query}")
        checker.check_all("Account", answer.body)
        return [one["username"] for one in answer.body]

    assert await listed() == ["anna", "eva", "ben"]
    assert await listed("?order=new") == ["eva", "ben", "anna"]
    assert await listed("?order=new&local=true") == ["ben", "anna"]
    assert await listed("?order=new&limit=1&offset=1") == ["ben"]
    assert (await world.get("/api/v1/directory?order=x")).status == 422


async def test_whom_one_might_follow(world: World, checker: EntityChecker) -> None:
    anna, ben, carl, dora = [await world.person(name) for name in ("anna", "ben", "carl", "dora")]
    eva, far = await world.stranger("eva", discoverable=1), await world.stranger("far", discoverable=1)
    await found_by_all(world, anna, ben, carl, dora)
    group = await world.group("cardiologie", [anna])
    await world.write(lambda tx: actors.update_actor(tx, group.id, discoverable=1))
    await world.follow(anna.actor, ben.actor)
    await world.follow(ben.actor, eva)
    await world.follow(dora.actor, far)

    async def suggested() -> list[str]:
        return [one["account"]["username"] for one in (await world.get("/api/v2/suggestions", anna)).body]

    answer = await world.get("/api/v2/suggestions", anna)
    checker.check_all("Suggestion", answer.body)
    assert await suggested() == ["eva", "carl", "dora"]
    assert [one["sources"] for one in answer.body] == [["friends_of_friends"], ["most_followed"], ["most_followed"]]
    old = await world.get("/api/v1/suggestions?limit=1", anna)
    assert [one["username"] for one in old.body] == ["eva"]
    assert (await world.call("DELETE", f"/api/v1/suggestions/{eva.id}", anna)).body == {}
    await world.post(f"/api/v1/accounts/{carl.actor.id}/mute", anna)
    await world.post(f"/api/v1/accounts/{anna.actor.id}/block", dora)
    assert await suggested() == []
    hidden = await world.group("secret", [ben], listed=False)
    for wrong in (hidden.id, 7):
        missing = await world.call("DELETE", f"/api/v1/suggestions/{wrong}", anna)
        assert (missing.status, missing.body) == (404, {"error": "Record not found"})
