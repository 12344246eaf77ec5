"""Timelines over HTTP: who finds what, in which order, page by page, and at what cost."""

from typing import Any

import pytest

from policies.terms import Audience
from storage import timelines, views
from storage.database import Reader
from storage.pages import Page
from tests.web.api_world import HOUR, CountingReader, World
from tests.web.entity_checker import EntityChecker


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def test_home_shows_what_was_delivered_there(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(ben.actor, homes=[anna.actor])
    await world.attach(ben.actor, post)
    boost = await world.boost(ben.actor, post, homes=[anna.actor])
    answer = await world.get("/api/v1/timelines/home", anna)
    assert answer.status == 200
    assert ids(answer.body) == [boost.id, post.id]
    assert answer.body[0]["reblog"]["id"] == str(post.id)
    checker.check_all("Status", answer.body)


async def test_home_follows_links_down_and_up(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    posts = [await world.status(ben.actor, homes=[anna.actor]) for _ in range(5)]
    newest_first = [post.id for post in reversed(posts)]
    first = await world.get("/api/v1/timelines/home?limit=2", anna)
    assert ids(first.body) == newest_first[:2]
    assert first.headers["Link"].index('rel="next"') < first.headers["Link"].index('rel="prev"')
    second = await world.get(first.next_url or "", anna)
    assert ids(second.body) == newest_first[2:4]
    back = await world.get(second.prev_url or "", anna)
    assert ids(back.body) == newest_first[:2]
    last = await world.get(second.next_url or "", anna)
    assert ids(last.body) == newest_first[4:]
    assert last.next_url is None
    assert (await world.get(f"/api/v1/timelines/home?max_id={posts[0].id}", anna)).headers.get("Link") is None


async def test_min_id_is_the_next_page_up_and_since_id_the_newest(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    posts = [await world.status(ben.actor, homes=[anna.actor]) for _ in range(5)]
    upwards = await world.get(f"/api/v1/timelines/home?limit=2&min_id={posts[0].id}", anna)
    assert ids(upwards.body) == [posts[2].id, posts[1].id]
    newest = await world.get(f"/api/v1/timelines/home?limit=2&since_id={posts[0].id}", anna)
    assert ids(newest.body) == [posts[4].id, posts[3].id]


async def test_a_limit_is_clamped_and_a_negative_one_refused(world: World) -> None:
    anna = await world.person("anna")
    for _ in range(42):
        await world.status(anna.actor, homes=[anna.actor])
    assert len((await world.get("/api/v1/timelines/home?limit=80", anna)).body) == 40
    assert len((await world.get("/api/v1/timelines/home", anna)).body) == 20
    assert (await world.get("/api/v1/timelines/home?limit=-1", anna)).status == 400


async def test_public_has_public_posts_without_boosts_and_replies(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    eva = await world.stranger("eva")
    post = await world.status(anna.actor)
    far = await world.status(eva)
    for audience in (Audience.UNLISTED, Audience.FOLLOWERS, Audience.DIRECT):
        await world.status(anna.actor, audience=audience)
    await world.boost(ben.actor, post)
    await world.status(ben.actor, reply_to=post)
    thread = await world.status(anna.actor, reply_to=post)
    for who in (None, ben):
        answer = await world.get("/api/v1/timelines/public", who)
        assert ids(answer.body) == [thread.id, far.id, post.id]
        checker.check_all("Status", answer.body)
    assert ids((await world.get("/api/v1/timelines/public?local=true")).body) == [thread.id, post.id]
    assert ids((await world.get("/api/v1/timelines/public?remote=1")).body) == [far.id]


async def test_public_with_media_only(world: World) -> None:
    anna = await world.person("anna")
    await world.status(anna.actor)
    shown = await world.status(anna.actor)
    await world.attach(anna.actor, shown)
    assert ids((await world.get("/api/v1/timelines/public?only_media=true")).body) == [shown.id]


async def test_tags_combine(world: World) -> None:
    anna = await world.person("anna")
    one = await world.status(anna.actor, tags=["cardiologie"])
    two = await world.status(anna.actor, tags=["cardiologie", "ecg"])
    three = await world.status(anna.actor, tags=["ecg"])
    base = "/api/v1/timelines/tag/Cardiologie"
    assert ids((await world.get(base)).body) == [two.id, one.id]
    assert ids((await world.get(f"{base}?any[]=ECG")).body) == [three.id, two.id, one.id]
    assert ids((await world.get(f"{base}?all[]=ecg")).body) == [two.id]
    assert ids((await world.get(f"{base}?none[]=ecg")).body) == [one.id]


async def test_a_groups_list_is_for_its_present_members(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    group = await world.group("cardiologie", [anna, ben])
    post = await world.status(ben.actor, group=group)
    path = f"/api/v1/timelines/list/{group.id}"
    shown = await world.get(path, anna)
    assert ids(shown.body) == [post.id]
    assert shown.body[0]["visibility"] == "private"
    assert shown.body[0]["mentions"][0]["acct"] == "cardiologie"
    checker.check_all("Status", shown.body)
    hidden, absent = await world.get(path, carl), await world.get("/api/v1/timelines/list/12345", carl)
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, {"error": "Record not found"})


async def test_a_lapsed_lease_ends_the_list_and_hides_the_post_everywhere(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [ben])
    await world.join(group, anna.actor, lease_until=world.clock.now + HOUR)
    post = await world.status(ben.actor, group=group, homes=[anna.actor])
    assert ids((await world.get("/api/v1/timelines/home", anna)).body) == [post.id]
    world.tick(2 * HOUR)
    assert (await world.get("/api/v1/timelines/home", anna)).body == []
    assert (await world.get(f"/api/v1/timelines/list/{group.id}", anna)).status == 404
    assert (await world.get(f"/api/v1/statuses/{post.id}", anna)).status == 404


@pytest.mark.parametrize("path", ["home", "list/1"])
async def test_personal_timelines_want_a_token(world: World, path: str) -> None:
    answer = await world.get(f"/api/v1/timelines/{path}")
    assert (answer.status, answer.body) == (401, {"error": "The access token is invalid"})


async def test_a_page_of_forty_costs_a_bounded_number_of_queries(world: World) -> None:
    anna, group_owner = await world.person("anna"), await world.person("gina")
    group = await world.group("cardiologie", [anna, group_owner])
    for number in range(20):
        author = await world.person(f"author{number}")
        await world.attest(author.actor)
        first = await world.status(author.actor, tags=["a", "b"], mentions=[anna.actor], homes=[anna.actor])
        await world.attach(author.actor, first)
        await world.favourite(anna.actor, first)
        await world.boost(group_owner.actor, first, homes=[anna.actor])
    await world.status(group_owner.actor, group=group, homes=[anna.actor])
    words = [{"keyword": "bonjour"}, {"keyword": "ecg"}]
    asked = {"title": "a", "context": ["home"], "keywords_attributes": words}
    assert (await world.post("/api/v2/filters", anna, json=asked)).status == 200
    small, large = await _cost(world, anna.actor.id, 5), await _cost(world, anna.actor.id, 40)
    assert small == large
    assert large <= 17


async def _cost(world: World, viewer: int, limit: int) -> int:
    async def unit(tx: Reader) -> int:
        counting = CountingReader(tx)
        found = await timelines.list_home(counting, viewer, Page(limit=limit), now=world.clock.now)
        assert len(found) == limit
        await views.load_posts(counting, found, viewer=viewer, now=world.clock.now)
        return len(counting.statements)

    return await world.db.read(unit)
