"""Search: names, handles, addresses; never what the searcher may not see."""

from typing import Any
from urllib.parse import urlencode

import pytest

from policies.terms import Audience
from storage.members import Person
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker


def names(entities: list[dict[str, Any]]) -> list[str]:
    return [entity["acct"] for entity in entities]


async def test_people_by_the_beginning_of_a_name_ours_first(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await world.stranger("annabelle")
    await world.person("ben")
    await world.stranger("instance", type="Application")
    answer = await world.get("/api/v2/search?q=ANN", anna)
    checker.check("Search", answer.body)
    assert names(answer.body["accounts"]) == ["anna", "annabelle@chu-b.example"]
    assert names((await world.get("/api/v2/search?q=dr+ben", anna)).body["accounts"]) == ["ben"]
    assert (await world.get("/api/v2/search?q=instance", anna)).body["accounts"] == []
    assert names((await world.get("/api/v1/accounts/search?q=@ann&limit=1", anna)).body) == ["anna"]
    assert names((await world.get("/api/v1/accounts/search?q=ann&offset=1", anna)).body) == ["annabelle@chu-b.example"]


async def test_signs_of_patterns_are_plain_characters(world: World) -> None:
    anna = await world.person("anna")
    await world.person("a_b")
    for text in ("%", "_", "a%25"):
        assert (await world.get(f"/api/v2/search?q={text}", anna)).body["accounts"] == []
    assert names((await world.get("/api/v2/search?q=a_", anna)).body["accounts"]) == ["a_b"]


async def test_only_those_followed(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("benoit")
    await world.person("benedicte")
    await world.follow(anna.actor, ben.actor)
    assert names((await world.get("/api/v1/accounts/search?q=ben&following=true", anna)).body) == ["benoit"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@eva@chu-b.example", ["eva@chu-b.example"]),
        ("eva@chu-b.example", ["eva@chu-b.example"]),
        ("@anna@chu-a.example", ["anna"]),
        ("ev@chu-b", ["eva@chu-b.example", "evan@chu-b.example"]),
        ("eva@elsewhere.example", []),
    ],
)
async def test_handles(world: World, text: str, found: list[str]) -> None:
    anna = await world.person("anna")
    await world.stranger("eva", followers_count=3)
    await world.stranger("evan")
    assert names((await world.get(f"/api/v2/search?q={text}&resolve=true", anna)).body["accounts"]) == found


async def test_a_handle_of_an_unknown_host_is_not_asked_for_in_a_closed_network(world: World) -> None:
    anna = await world.person("anna")
    answer = await world.get("/api/v2/search?q=@eva@unknown.example&resolve=true", anna)
    assert answer.body == {"accounts": [], "statuses": [], "hashtags": []}


async def test_addresses(world: World, checker: EntityChecker) -> None:
    anna, eva = await world.person("anna"), await world.stranger("eva")
    post = await world.status(eva)
    for address in (post.uri, post.url):
        for resolve in ("", "&resolve=true"):
            answer = await world.get(f"/api/v2/search?q={address}{resolve}", anna)
            checker.check("Search", answer.body)
            assert [one["id"] for one in answer.body["statuses"]] == [str(post.id)]
    for address in (eva.uri, eva.url):
        assert names((await world.get(f"/api/v2/search?q={address}")).body["accounts"]) == ["eva@chu-b.example"]
    assert (await world.get(f"/api/v2/search?q={post.url}&type=accounts", anna)).body["statuses"] == []
    assert (await world.get(f"/api/v2/search?q={eva.url}&type=statuses", anna)).body["accounts"] == []
    assert (await world.get("/api/v2/search?q=ev&type=hashtags", anna)).body["accounts"] == []


async def test_what_is_hidden_is_not_found(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("conseil", [ben], listed=False)
    secret = await world.status(ben.actor, group=group)
    private = await world.status(ben.actor, audience=Audience.DIRECT)
    nothing: dict[str, list[str]] = {"accounts": [], "statuses": [], "hashtags": []}
    wanted = (secret.uri, secret.url, private.url, group.uri, group.url, "conseil", "@conseil@chu-a.example")
    for text in wanted:
        for resolve in ("", "&resolve=true"):
            assert (await world.get(f"/api/v2/search?q={text}{resolve}", anna)).body == nothing
    assert [one["id"] for one in (await world.get(f"/api/v2/search?q={secret.url}", ben)).body["statuses"]] == [
        str(secret.id)
    ]
    assert names((await world.get("/api/v2/search?q=conseil", ben)).body["accounts"]) == ["conseil"]


async def test_strangers_search_here_only(world: World) -> None:
    await world.person("anna")
    assert names((await world.get("/api/v2/search?q=anna")).body["accounts"]) == ["anna"]
    for more in ("resolve=true", "offset=20"):
        assert (await world.get(f"/api/v2/search?q=anna&{more}")).status == 401
    assert (await world.get("/api/v2/search?q=")).status == 422


async def found(world: World, person: Person, question: str, **more: str) -> list[int]:
    """Ids of the posts that a person finds."""
    query = urlencode({"q": question, "type": "statuses", **more})
    answer = await world.get(f"/api/v2/search?{query}", person)
    assert answer.status == 200, answer.body
    return [int(one["id"]) for one in answer.body["statuses"]]


async def test_posts_by_their_words_with_or_without_accents(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    first = await world.status(anna.actor, "<p>Douleur au cœur, ECG&nbsp;normal</p>")
    second = await world.status(anna.actor, "<p>Angines à répétition</p>", summary="Cas ORL")
    assert await found(world, anna, "coeur") == [first.id]
    assert await found(world, anna, "angine") == [second.id]
    assert await found(world, anna, "orl repetition") == [second.id]
    assert await found(world, anna, '"au coeur" -angine') == [first.id]
    assert await found(world, anna, '"coeur au"') == []
    assert await found(world, anna, ":-) !?") == []
    answer = await world.get("/api/v2/search?q=coeur", anna)
    checker.check("Search", answer.body)
    assert (await world.get("/api/v2/search?q=coeur")).body["statuses"] == []  # full text is for members


async def test_what_is_found_is_what_one_may_see_and_nobody_who_did_not_agree(world: World) -> None:
    anna, ben, nina = [await world.person(name) for name in ("anna", "ben", "nina")]
    group = await world.group("cardiologie", [anna, ben])
    eva = await world.stranger("eva", indexable=1)
    shy = await world.stranger("shy")
    public = await world.status(eva, "<p>zorglub public</p>")
    unlisted = await world.status(eva, "<p>zorglub unlisted</p>", Audience.UNLISTED)
    hidden = await world.status(shy, "<p>zorglub shy</p>")
    direct = await world.status(shy, "<p>zorglub direct</p>", Audience.DIRECT, mentions=[nina.actor])
    inside = await world.status(ben.actor, "<p>zorglub inside</p>", Audience.GROUP, group=group)
    assert await found(world, anna, "zorglub") == [inside.id, public.id]
    assert await found(world, ben, "zorglub in:library") == [inside.id]
    assert await found(world, nina, "zorglub") == [direct.id, public.id]
    assert await found(world, nina, "zorglub in:cardiologie") == []
    assert await found(world, anna, "zorglub in:@cardiologie") == [inside.id]
    assert await found(world, anna, "zorglub in:public") == [public.id]
    for post in (unlisted, hidden):  # seen and marked: theirs to find again
        assert (await world.post(f"/api/v1/statuses/{post.id}/bookmark", nina)).status == 200
    assert await found(world, nina, "zorglub") == [direct.id, hidden.id, unlisted.id, public.id]


async def test_operators(world: World) -> None:
    anna, ben = [await world.person(name) for name in ("anna", "ben")]
    await world.write(lambda tx: tx.execute("UPDATE actors SET indexable = 1, version = version + 1"))
    french = await world.status(anna.actor, "<p>fièvre</p>", language="fr-CA", sensitive=1)
    english = await world.status(ben.actor, "<p>fièvre</p>", reply_to=french, language="en")
    everything = [english.id, french.id]
    for question, expected in {
        "fievre from:me": [french.id],
        "fievre from:@ben": [english.id],
        "fievre from:ben@chu-a.example": [english.id],
        "fievre -from:ben": [french.id],
        "fievre -from:nobody": everything,
        "fievre from:nobody": [],
        "fievre language:fr": [french.id],
        "fievre -language:fr": [english.id],
        "is:reply": [english.id],
        "fievre -is:reply": [french.id],
        "fievre is:sensitive": [french.id],
        "fievre has:media": [],
        "fievre -has:image": everything,
        "fievre after:2020-01-01": everything,
        "fievre before:2020-01-01": [],
        "fievre during:2020-01-01": [],
        "fievre foo:bar": [],
        "FROM:ME": [french.id],
        "in:library": [french.id],
        "-toux": everything,
    }.items():
        assert await found(world, anna, question) == expected, question
    assert await found(world, anna, "fievre", account_id=str(ben.actor.id)) == [english.id]
    assert await found(world, anna, "fievre from:me", account_id=str(ben.actor.id)) == []
    assert await found(world, anna, "fievre", max_id=str(english.id)) == [french.id]
    assert await found(world, anna, "fievre", offset="1", limit="1") == [french.id]


@pytest.mark.parametrize("question", ["has:wings", "before:soon", "during:0001-01-01", "-after:2020-01-01", "-in:all"])
async def test_what_an_operator_does_not_know_is_said(world: World, question: str) -> None:
    answer = await world.get(f"/api/v2/search?{urlencode({'q': question})}", await world.person("anna"))
    assert (answer.status, list(answer.body)) == (422, ["error"])


async def test_hashtags_that_begin_so_and_were_used_in_public(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    eva, ida = await world.stranger("eva"), await world.stranger("ida")
    for author, tag in ((eva, "ecg"), (eva, "echo"), (ida, "echo")):
        await world.status(author, "<p>x</p>", tags=[tag])
    await world.status(anna.actor, "<p>x</p>", Audience.GROUP, group=group, tags=["ecmosecret"])
    answer = await world.get("/api/v2/search?q=%23EC&type=hashtags", anna)
    for tag in answer.body["hashtags"]:
        tag["history"] = [day for day in tag["history"] if day["uses"] != "0"]  # the table calls these numbers ids
    checker.check("Search", answer.body)
    assert [tag["name"] for tag in answer.body["hashtags"]] == ["echo", "ecg"]
    assert answer.body["hashtags"][0]["following"] is False
    assert [
        tag["name"] for tag in (await world.get("/api/v2/search?q=ec&limit=1&offset=1", anna)).body["hashtags"]
    ] == ["ecg"]
    assert (await world.get("/api/v2/search?q=ec&type=accounts", anna)).body["hashtags"] == []
