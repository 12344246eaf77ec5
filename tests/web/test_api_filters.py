"""Filters: what falls under them, both versions of their API, and that they are nobody else's."""

from typing import Any

import pytest

from policies.terms import Audience
from storage.members import Person
from storage.records import Status
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from web.api.filters import MOST_FILTERS, MOST_RULES

NOT_FOUND = (404, {"error": "Record not found"})
V2 = "/api/v2/filters"
V1 = "/api/v1/filters"


async def make(world: World, owner: Person, *keywords: Any, **manner: Any) -> dict[str, Any]:
    """A filter of words; a word that is a dict says more of itself."""
    words = [one if isinstance(one, dict) else {"keyword": one} for one in keywords]
    asked = {"title": "Vacances", "context": ["home", "public"], "keywords_attributes": words, **manner}
    made = await world.post(V2, owner, json=asked)
    world.tick()
    assert made.status == 200, made.body
    body: dict[str, Any] = made.body
    return body


async def filtered(world: World, owner: Person, status: Status) -> list[Any]:
    shown: list[Any] = (await world.get(f"/api/v1/statuses/{status.id}", owner)).body["filtered"]
    return shown


async def is_filtered(world: World, content: str, keyword: str, *, whole: bool = True) -> bool:
    anna = await world.person("anna")
    await make(world, anna, {"keyword": keyword, "whole_word": whole})
    return bool(await filtered(world, anna, await world.status(anna.actor, content)))


async def test_a_filter_is_made_changed_and_deleted(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    made = await make(
        world, anna, "ski", {"keyword": "mer", "whole_word": "false"}, expires_in=60, filter_action="hide"
    )
    checker.check("Filter", made)
    assert [(one["keyword"], one["whole_word"]) for one in made["keywords"]] == [("ski", True), ("mer", False)]
    assert (made["filter_action"], made["context"], made["statuses"]) == ("hide", ["home", "public"], [])
    path = f"{V2}/{made['id']}"
    assert (await world.get(path, anna)).body == made
    ski, mer = made["keywords"]
    words = [{"id": ski["id"], "keyword": "neige"}, {"id": mer["id"], "_destroy": True}, {"keyword": "lac"}]
    changed = (
        await world.call("PUT", path, anna, json={"title": "Non", "expires_in": "", "keywords_attributes": words})
    ).body
    assert [one["keyword"] for one in changed["keywords"]] == ["neige", "lac"]
    assert (changed["title"], changed["expires_at"], changed["filter_action"]) == ("Non", None, "hide")
    assert (await world.get(V2, anna)).body == [changed]
    gone = await world.call("DELETE", path, anna)
    assert (gone.status, gone.body) == (200, {})
    assert (await world.get(V2, anna)).body == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 257},
        {"context": []},
        {"context": ["kitchen"]},
        {"filter_action": "burn"},
        {"expires_in": -1},
        {"expires_in": 10**15},
        {"keywords_attributes": [{"keyword": " "}]},
        {"keywords_attributes": [{"keyword": "x" * 513}]},
        {"keywords_attributes": ["x"]},
    ],
)
async def test_what_a_filter_cannot_be(world: World, wrong: dict[str, Any]) -> None:
    anna = await world.person("anna")
    made = await make(world, anna)
    assert (await world.post(V2, anna, json={"title": "a", "context": ["home"], **wrong})).status == 422
    assert (await world.call("PUT", f"{V2}/{made['id']}", anna, json=wrong)).status == 422
    assert (await world.get(V2, anna)).body == [made]


async def test_a_filter_wants_a_place(world: World) -> None:
    assert (await world.post(V2, await world.person("anna"), json={"title": "a"})).status == 422


async def test_there_are_only_so_many_filters_and_words(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    for _ in range(MOST_FILTERS):
        await make(world, anna)
    assert (await world.post(V2, anna, json={"title": "a", "context": ["home"]})).status == 422
    made = await make(world, ben, *(f"mot{number}" for number in range(MOST_RULES)))
    assert (await world.post(f"{V2}/{made['id']}/keywords", ben, json={"keyword": "a"})).status == 422
    post = await world.status(ben.actor)
    assert (await world.post(f"{V2}/{made['id']}/statuses", ben, json={"status_id": str(post.id)})).status == 422


async def test_words_of_a_filter_one_by_one(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    made = await make(world, anna, "ski")
    path = f"{V2}/{made['id']}/keywords"
    added = (await world.post(path, anna, data={"keyword": "mer", "whole_word": "0"})).body
    checker.check("FilterKeyword", added)
    assert (await world.get(path, anna)).body == [*made["keywords"], added]
    one = f"{V2}/keywords/{added['id']}"
    assert (await world.get(one, anna)).body == added
    assert (await world.call("PUT", one, anna, json={"keyword": "lac"})).body == {**added, "keyword": "lac"}
    assert (await world.post(path, anna, json={})).status == 422
    assert (await world.call("DELETE", one, anna)).body == {}
    assert (await world.get(path, anna)).body == made["keywords"]


async def test_posts_of_a_filter_one_by_one(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    made, post = await make(world, anna), await world.status(ben.actor)
    path = f"{V2}/{made['id']}/statuses"
    added = await world.post(path, anna, json={"status_id": str(post.id)})
    checker.check("FilterStatus", added.body)
    assert (await world.post(path, anna, json={"status_id": str(post.id)})).status == 422
    assert (await world.get(path, anna)).body == [added.body]
    [result] = await filtered(world, anna, post)
    checker.check("FilterResult", result)
    assert (result["keyword_matches"], result["status_matches"]) == (None, [str(post.id)])
    boost = await world.boost(ben.actor, post)
    assert [one["status_matches"] for one in await filtered(world, anna, boost)] == [[str(post.id)]]
    one = f"{V2}/statuses/{added.body['id']}"
    assert (await world.get(one, anna)).body == added.body
    assert (await world.call("DELETE", one, anna)).body == {}
    assert await filtered(world, anna, post) == []


async def test_a_hidden_post_is_as_absent_as_none_in_filters(world: World) -> None:
    """Whoever lost sight of a post must not learn by a filter whether it still exists."""
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [ben])
    await world.join(group, anna.actor, lease_until=world.clock.now + HOUR)
    made, post = await make(world, anna), await world.status(ben.actor, group=group)
    path = f"{V2}/{made['id']}/statuses"
    added = (await world.post(path, anna, json={"status_id": str(post.id)})).body
    world.tick(2 * HOUR)
    one = f"{V2}/statuses/{added['id']}"
    assert (await world.get(path, anna)).body == []
    assert (await world.get(f"{V2}/{made['id']}", anna)).body["statuses"] == []
    answers = [
        await world.get(one, anna),
        await world.call("DELETE", one, anna),
        await world.post(path, anna, json={"status_id": str(post.id)}),
        await world.post(path, anna, json={"status_id": "12345"}),
    ]
    assert [(answer.status, answer.body) for answer in answers] == [NOT_FOUND] * 4


async def test_a_filter_is_its_owners_alone(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    made, post = await make(world, anna, "bonjour"), await world.status(ben.actor)
    named = (await world.post(f"{V2}/{made['id']}/statuses", anna, json={"status_id": str(post.id)})).body
    own = await make(world, ben)
    keyword = made["keywords"][0]["id"]
    paths = [f"{V2}/{made['id']}", f"{V2}/keywords/{keyword}", f"{V2}/statuses/{named['id']}", f"{V1}/{keyword}"]
    for path in paths:
        for method in ("GET", "DELETE") if "statuses" in path else ("GET", "PUT", "DELETE"):
            answer = await world.call(method, path, ben, **({} if method == "GET" else {"json": {}}))
            assert (answer.status, answer.body) == NOT_FOUND
    for below in ("keywords", "statuses"):
        assert (await world.get(f"{paths[0]}/{below}", ben)).status == 404
        body = {"keyword": "a", "status_id": str(post.id)}
        assert (await world.post(f"{paths[0]}/{below}", ben, json=body)).status == 404
    stolen = {"keywords_attributes": [{"id": keyword, "keyword": "a"}]}
    assert (await world.call("PUT", f"{V2}/{own['id']}", ben, json=stolen)).status == 404
    assert (await world.get(V2, ben)).body == [own]
    assert (await world.get(V1, ben)).body == []
    assert await filtered(world, ben, post) == []
    assert len(await filtered(world, anna, post)) == 1


async def test_what_a_timeline_says_of_filters(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await make(world, anna, "ECG", "troponine", context=["home", "thread"])
    await make(world, anna, "ecg", title="Encore")
    post = await world.status(ben.actor, "<p>Un <b>ecg</b> étrange</p>", homes=[anna.actor])
    boost = await world.boost(ben.actor, post, homes=[anna.actor])
    await world.status(ben.actor, homes=[anna.actor])
    plain, boosted, filtered_one = (await world.get("/api/v1/timelines/home", anna)).body
    checker.check("Status", boosted)
    assert plain["filtered"] == []
    assert boosted["id"] == str(boost.id)
    assert boosted["filtered"] == boosted["reblog"]["filtered"] == filtered_one["filtered"]
    assert [one["filter"]["title"] for one in boosted["filtered"]] == ["Vacances", "Encore"]
    assert [one["keyword_matches"] for one in boosted["filtered"]] == [["ECG"], ["ecg"]]
    assert boosted["filtered"][0]["filter"]["context"] == ["home", "thread"]
    assert "filtered" not in (await world.get("/api/v1/timelines/public")).body[0]


@pytest.mark.parametrize(
    ("content", "keyword", "whole", "found"),
    [
        ("<p>Du ski.</p>", "SKI", True, True),
        ("<p>Du skieur</p>", "ski", True, False),
        ("<p>Du skieur</p>", "ski", False, True),
        ("<p>l'été</p>", "Été", True, True),
        ("<p>étés</p>", "été", True, False),
        ("<p>un</p><p>deux</p>", "undeux", False, False),
        ("<p>a&amp;b</p>", "a&b", True, True),
        ('<p><a href="https://ski.example/">lien</a></p>', "ski", True, False),
        ("<p>#<span>ecg</span></p>", "#ecg", True, True),
        ("<p>aaa</p>", "a.*", False, False),
        ("<p>c++ (bis)</p>", "c++ (", True, True),
    ],
)
async def test_what_a_word_is_found_in(world: World, content: str, keyword: str, *, whole: bool, found: bool) -> None:
    assert await is_filtered(world, content, keyword, whole=whole) is found


async def test_warnings_and_descriptions_are_searched(world: World) -> None:
    anna = await world.person("anna")
    await make(world, anna, "sang", "radiographie")
    warned, shown = await world.status(anna.actor, summary="Du sang"), await world.status(anna.actor)
    await world.attach(anna.actor, shown)
    assert (await filtered(world, anna, warned))[0]["keyword_matches"] == ["sang"]
    assert (await filtered(world, anna, shown))[0]["keyword_matches"] == ["radiographie"]


async def test_a_filter_ends(world: World) -> None:
    anna = await world.person("anna")
    await make(world, anna, "bonjour", expires_in=3600)
    post = await world.status(anna.actor)
    assert len(await filtered(world, anna, post)) == 1
    world.tick(HOUR)
    assert await filtered(world, anna, post) == []
    assert len((await world.get(V2, anna)).body) == 1


async def test_the_first_version_shows_each_word(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    asked = {"phrase": "ski", "context[]": "home", "irreversible": "true", "whole_word": "false", "expires_in": "60"}
    made = (await world.post(V1, anna, data=asked)).body
    checker.check("V1::Filter", made)
    assert (made["phrase"], made["irreversible"], made["whole_word"]) == ("ski", True, False)
    [whole] = (await world.get(V2, anna)).body
    assert (whole["title"], whole["filter_action"]) == ("ski", "hide")
    assert whole["keywords"] == [{"id": made["id"], "keyword": "ski", "whole_word": False}]
    path = f"{V1}/{made['id']}"
    changed = (
        await world.call("PUT", path, anna, json={"phrase": "mer", "context": ["public"], "irreversible": False})
    ).body
    assert changed == {**made, "phrase": "mer", "context": ["public"], "irreversible": False}
    assert (await world.get(path, anna)).body == changed
    assert (await world.get(V1, anna)).body == [changed]
    world.tick()
    await world.post(f"{V2}/{whole['id']}/keywords", anna, json={"keyword": "lac"})
    assert (await world.call("PUT", path, anna, json={"context": ["home"]})).status == 422
    assert (await world.call("PUT", path, anna, json={"phrase": "eau"})).body == {**changed, "phrase": "eau"}
    lac = (await world.get(V1, anna)).body[1]
    assert (await world.call("DELETE", path, anna)).body == {}
    assert [one["keywords"][0]["keyword"] for one in (await world.get(V2, anna)).body] == ["lac"]
    assert (await world.call("DELETE", f"{V1}/{lac['id']}", anna)).body == {}
    assert (await world.get(V2, anna)).body == []


async def test_the_first_version_keeps_filters_that_name_posts(world: World) -> None:
    anna = await world.person("anna")
    made, post = await make(world, anna, "ski"), await world.status(anna.actor, audience=Audience.FOLLOWERS)
    await world.post(f"{V2}/{made['id']}/statuses", anna, json={"status_id": str(post.id)})
    assert (await world.call("DELETE", f"{V1}/{made['keywords'][0]['id']}", anna)).status == 200
    assert len((await world.get(V2, anna)).body) == 1
