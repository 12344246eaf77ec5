"""Posts over HTTP: writing, editing, deleting, context, history, reactions, and refusals with their sentences."""

import asyncio
from typing import Any

import pytest

from policies.decision import Reason
from policies.edits import closed_network
from policies.sentences import WORDS
from policies.terms import Audience
from storage import refreshes
from storage.members import Person
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from tests.web.people import add_token

NOT_FOUND = (404, {"error": "Record not found"})


def ids(entities: list[dict[str, Any]]) -> list[int]:
    return [int(entity["id"]) for entity in entities]


async def publish(world: World, who: Person, text: str = "Bonjour", **more: Any) -> dict[str, Any]:
    world.tick()
    answer = await world.post("/api/v1/statuses", who, json={"status": text, **more})
    assert answer.status == 200, answer.body
    entity: dict[str, Any] = answer.body
    return entity


async def test_publishing(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await world.person("ben")
    post = await publish(
        world, anna, "Bonjour @ben #ECG", visibility="public", language="fr", spoiler_text="Cas", sensitive=True
    )
    checker.check("Status", post)
    assert post["spoiler_text"] == "Cas"
    assert post["language"] == "fr"
    assert post["sensitive"] is True
    assert [one["acct"] for one in post["mentions"]] == ["ben"]
    assert post["mentions"][0]["url"] in post["content"]
    assert [tag["name"] for tag in post["tags"]] == ["ecg"]
    assert post["application"]["name"]
    assert ids((await world.get("/api/v1/timelines/public")).body) == [int(post["id"])]


@pytest.mark.parametrize(("sent", "shown"), [("public", "public"), ("unlisted", "unlisted"), ("direct", "direct")])
async def test_visibilities(world: World, sent: str, shown: str) -> None:
    anna = await world.person("anna")
    assert (await publish(world, anna, visibility=sent))["visibility"] == shown


async def test_without_visibility_the_members_default_counts(world: World) -> None:
    anna = await world.person("anna")
    assert (await publish(world, anna))["visibility"] == "private"
    assert (await publish(world, anna))["language"] == "en"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"status": " "}, "Validation failed: Text can't be blank"),
        ({}, "Validation failed: Text can't be blank"),
        ({"status": "a", "visibility": "group"}, "Validation failed: Visibility is not included in the list"),
        ({"status": "a" * 5001}, "Validation failed: Text character limit of 5000 exceeded"),
        (
            {"status": "a", "quote_approval_policy": "friends"},
            "Validation failed: Quote approval policy is not included in the list",
        ),
        ({"status": "a", "media_ids": ["1"]}, "Validation failed: Media attachment not found"),
        ({"status": "a", "media_ids": list("12345")}, "Validation failed: Cannot attach more than 4 files"),
    ],
)
async def test_what_cannot_be_published(world: World, sent: dict[str, Any], error: str) -> None:
    anna = await world.person("anna")
    answer = await world.post("/api/v1/statuses", anna, json=sent)
    assert (answer.status, answer.body) == (422, {"error": error})


async def test_a_long_address_counts_as_23_characters(world: World) -> None:
    anna = await world.person("anna")
    await publish(world, anna, "a" * 4_970 + " https://chu-a.example/" + "b" * 500)


async def test_a_form_does_as_well_as_json(world: World) -> None:
    anna = await world.person("anna")
    image = await world.attach(anna.actor)
    answer = await world.post(
        "/api/v1/statuses", anna, data={"status": "Bonjour", "media_ids[]": str(image.id), "visibility": "unlisted"}
    )
    assert ids(answer.body["media_attachments"]) == [image.id]


async def test_an_image_alone_is_a_post(world: World) -> None:
    anna = await world.person("anna")
    image = await world.attach(anna.actor)
    post = await publish(world, anna, "", media_ids=[str(image.id)])
    assert ids(post["media_attachments"]) == [image.id]


async def test_somebody_elses_image_cannot_be_attached(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    image = await world.attach(ben.actor)
    answer = await world.post("/api/v1/statuses", anna, json={"status": "a", "media_ids": [str(image.id)]})
    assert answer.status == 422


async def test_the_same_idempotency_key_gives_the_same_post(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    key = {"Idempotency-Key": "abc"}
    first = await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"}, headers=key)
    again = await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"}, headers=key)
    assert (first.status, first.body["id"]) == (again.status, again.body["id"])
    other = await world.post("/api/v1/statuses", ben, json={"status": "Bonjour"}, headers=key)
    assert other.body["id"] != first.body["id"]
    world.tick(HOUR + 1)
    later = await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"}, headers=key)
    assert later.body["id"] != first.body["id"]


async def test_two_requests_at_once_with_the_same_key_make_one_post(world: World) -> None:
    anna = await world.person("anna")
    await world.get("/api/v1/timelines/home", anna)  # makes her token
    key = {"Idempotency-Key": "abc"}
    answers = await asyncio.gather(
        *(world.post("/api/v1/statuses", anna, json={"status": "Bonjour"}, headers=key) for _ in range(4))
    )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len((await world.get("/api/v1/timelines/home", anna)).body) == 1


async def test_a_key_whose_post_was_refused_may_be_used_again(world: World) -> None:
    anna = await world.person("anna")
    key = {"Idempotency-Key": "abc"}
    await world.group("cardiologie", [anna])
    await world.group("urgences", [anna])
    refused = await world.post("/api/v1/statuses", anna, json={"status": "@cardiologie @urgences"}, headers=key)
    assert refused.status == 422
    world.tick()
    assert (await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"}, headers=key)).status == 200


async def test_the_same_key_answers_for_a_post_with_files(world: World) -> None:
    """What an app sends again names files that its first attempt attached."""
    anna = await world.person("anna")
    image = await world.attach(anna.actor)
    sent = {"status": "Bonjour", "media_ids": [str(image.id)]}
    first, again = [
        await world.post("/api/v1/statuses", anna, json=sent, headers={"Idempotency-Key": "abc"}) for _ in range(2)
    ]
    assert (again.status, again.body["id"]) == (200, first.body["id"])
    assert ids(again.body["media_attachments"]) == [image.id]


async def test_a_key_that_is_no_text_is_refused(world: World) -> None:
    anna = await world.person("anna")
    token = await add_token(world.db, anna)
    reader, writer = await asyncio.open_connection("127.0.0.1", world.browser.port)
    head = (
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: a\r\nAuthorization: {token['Authorization']}\r\nContent-Length: 8\r\n"
    )
    writer.write(head.encode() + b"Idempotency-Key: \xff\xfe\r\nConnection: close\r\n\r\nstatus=a")
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()
    await writer.wait_closed()


async def test_an_answer_to_what_is_hidden_or_absent(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    hidden = await world.status(ben.actor, audience=Audience.DIRECT)
    for parent in (hidden.id, 12345):
        answer = await world.post("/api/v1/statuses", anna, json={"status": "a", "in_reply_to_id": str(parent)})
        assert (answer.status, answer.body) == NOT_FOUND


async def test_two_groups_are_refused_in_the_members_language(world: World) -> None:
    anna, fanny = await world.person("anna"), await world.person("fanny", locale="fr")
    await world.group("cardiologie", [anna, fanny])
    await world.group("urgences", [anna, fanny])
    words = WORDS[Reason.TWO_GROUPS]
    for who, sentence in ((anna, words.member_en), (fanny, words.member_fr)):
        answer = await world.post("/api/v1/statuses", who, json={"status": "@cardiologie @urgences un cas"})
        assert answer.status == 422
        assert answer.body["error"] == sentence


async def test_mentioning_a_group_makes_a_group_only_post(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    for who in (anna, ben):
        await world.attest(who.actor)
    await world.group("cardiologie", [anna, ben])
    post = await publish(world, anna, "Un cas @cardiologie", visibility="public")
    checker.check("Status", post)
    assert post["visibility"] == "private"
    assert post["mentions"][0]["acct"] == "cardiologie"
    path = f"/api/v1/statuses/{post['id']}"
    assert (await world.get(path, ben)).status == 200
    for answer in (await world.get(path, carl), await world.get(path)):
        assert (answer.status, answer.body) == NOT_FOUND


async def test_a_group_only_post_is_not_boosted(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    post = await world.status(anna.actor, group=group)
    for who in (anna, ben):
        answer = await world.post(f"/api/v1/statuses/{post.id}/reblog", who)
        assert answer.status == 422
        assert "group" in answer.body["error"]
    stranger = await world.person("carl")
    answer = await world.post(f"/api/v1/statuses/{post.id}/reblog", stranger)
    assert (answer.status, answer.body) == NOT_FOUND


async def test_reading_one_and_many(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post, other = await world.status(anna.actor), await world.status(anna.actor)
    hidden = await world.status(ben.actor, audience=Audience.DIRECT)
    answer = await world.get(f"/api/v1/statuses/{post.id}")
    checker.check("Status", answer.body)
    many = await world.get(f"/api/v1/statuses?id[]={other.id}&id[]={hidden.id}&id[]={post.id}&id[]=x", anna)
    assert ids(many.body) == [other.id, post.id]
    for path in (f"/api/v1/statuses/{hidden.id}", "/api/v1/statuses/12345", "/api/v1/statuses/abc"):
        answer = await world.get(path, anna)
        assert (answer.status, answer.body) == NOT_FOUND


async def test_at_most_forty_at_once(world: World) -> None:
    anna = await world.person("anna")
    posts = [await world.status(anna.actor) for _ in range(41)]
    query = "&".join(f"id[]={post.id}" for post in posts)
    assert ids((await world.get(f"/api/v1/statuses?{query}")).body) == [post.id for post in posts[:40]]


async def test_context(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    root = await world.status(anna.actor)
    middle = await world.status(ben.actor, reply_to=root)
    leaf = await world.status(anna.actor, reply_to=middle)
    aside = await world.status(ben.actor, reply_to=root)
    below = await world.status(anna.actor, reply_to=leaf)
    whole = (await world.get(f"/api/v1/statuses/{root.id}/context", anna)).body
    checker.check("Context", whole)
    assert ids(whole["descendants"]) == [middle.id, leaf.id, below.id, aside.id]
    part = (await world.get(f"/api/v1/statuses/{leaf.id}/context")).body
    assert (ids(part["ancestors"]), ids(part["descendants"])) == ([root.id, middle.id], [below.id])


async def test_a_thread_from_elsewhere_says_that_more_may_come(world: World, checker: EntityChecker) -> None:
    anna, bea = await world.person("anna"), await world.stranger("bea")
    await world.ruleset(closed_network("CHU A") + '[peers."chu-b.example"]\norganisation = "CHU B"\nstate = "active"\n')
    post, quiet = await world.status(bea), await world.status(bea, audience=Audience.DIRECT, mentions=[anna.actor])
    path = f"/api/v1/statuses/{post.id}/context"
    assert "Mastodon-Async-Refresh" not in (await world.get(path)).headers
    assert "Mastodon-Async-Refresh" not in (await world.get(f"/api/v1/statuses/{quiet.id}/context", anna)).headers
    refresh = f"/api/v1_alpha/async_refreshes/{post.id}"
    assert (await world.get(refresh, anna)).status == 404
    told = (await world.get(path, anna)).headers["Mastodon-Async-Refresh"]
    assert told == f'id="{post.id}", retry=3, result_count=0'
    running = (await world.get(refresh, anna)).body["async_refresh"]
    checker.check("AsyncRefresh", running)
    await world.write(lambda tx: refreshes.finish(tx, post.id, found=2))
    finished = (await world.get(refresh, anna)).body["async_refresh"]
    assert (running["status"], finished) == ("running", {"id": str(post.id), "status": "finished", "result_count": 2})
    assert "Mastodon-Async-Refresh" not in (await world.get(path, anna)).headers
    await world.write(lambda tx: tx.execute("UPDATE statuses SET audience = 'direct' WHERE id = :id", id=post.id))
    assert (await world.get(refresh, anna)).status == 404


async def test_context_stops_where_a_post_is_hidden(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    root = await world.status(anna.actor)
    private = await world.status(ben.actor, reply_to=root, audience=Audience.DIRECT, mentions=[anna.actor])
    leaf = await world.status(anna.actor, reply_to=private, audience=Audience.UNLISTED)
    for_carl = (await world.get(f"/api/v1/statuses/{leaf.id}/context", carl)).body
    assert for_carl == {"ancestors": [], "descendants": []}
    assert (await world.get(f"/api/v1/statuses/{leaf.id}", carl)).body["in_reply_to_id"] is None
    for_anna = (await world.get(f"/api/v1/statuses/{leaf.id}/context", anna)).body
    assert ids(for_anna["ancestors"]) == [root.id, private.id]
    assert (await world.get(f"/api/v1/statuses/{private.id}/context", carl)).status == 404


async def test_editing_keeps_the_history(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await publish(world, anna, "Un cas", visibility="public")
    path = f"/api/v1/statuses/{post['id']}"
    source = await world.get(f"{path}/source", anna)
    checker.check("StatusSource", source.body)
    assert source.body["text"] == "Un cas"
    world.tick(1000)
    edited = await world.call("PUT", path, anna, json={"status": "Un autre cas", "spoiler_text": "Cas"})
    checker.check("Status", edited.body)
    assert "autre" in edited.body["content"]
    assert edited.body["edited_at"] is not None
    history = await world.get(f"{path}/history")
    checker.check_all("StatusEdit", history.body)
    assert [one["spoiler_text"] for one in history.body] == ["", "Cas"]
    for method, suffix in (("PUT", ""), ("GET", "/source"), ("DELETE", "")):
        refused = await world.call(method, path + suffix, ben, json={"status": "x"} if method == "PUT" else None)
        assert (refused.status, refused.body) == NOT_FOUND


async def test_an_edit_changes_files_and_what_describes_them(world: World) -> None:
    anna = await world.person("anna")
    one, two = await world.attach(anna.actor), await world.attach(anna.actor)
    post = await publish(world, anna, media_ids=[str(one.id), str(two.id)])
    path = f"/api/v1/statuses/{post['id']}"
    described = [{"id": str(two.id), "description": "Échographie"}]
    kept = await world.call("PUT", path, anna, json={"status": "a", "media_attributes": described})
    assert ids(kept.body["media_attachments"]) == [one.id, two.id]
    assert kept.body["media_attachments"][1]["description"] == "Échographie"
    fewer = await world.call("PUT", path, anna, json={"status": "a", "media_ids": [str(two.id)]})
    assert ids(fewer.body["media_attachments"]) == [two.id]


async def test_deleting_gives_the_text_back(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    image = await world.attach(anna.actor)
    post = await publish(world, anna, "Un cas", visibility="public", media_ids=[str(image.id)])
    path = f"/api/v1/statuses/{post['id']}"
    deleted = await world.call("DELETE", path, anna)
    checker.check("StatusDeleted", deleted.body)
    assert deleted.body["text"] == "Un cas"
    assert ids(deleted.body["media_attachments"]) == [image.id]
    for method in ("GET", "DELETE"):
        again = await world.call(method, path, anna)
        assert (again.status, again.body) == NOT_FOUND


async def test_favourites(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    path = f"/api/v1/statuses/{post.id}"
    liked = (await world.post(f"{path}/favourite", ben)).body
    checker.check("Status", liked)
    assert (liked["favourited"], liked["favourites_count"]) == (True, 1)
    assert (await world.get(path, anna)).body["favourited"] is False
    by = await world.get(f"{path}/favourited_by")
    checker.check_all("Account", by.body)
    assert ids(by.body) == [ben.actor.id]
    unliked = (await world.post(f"{path}/unfavourite", ben)).body
    assert (unliked["favourited"], unliked["favourites_count"]) == (False, 0)


async def test_boosts(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    post = await world.status(anna.actor)
    path = f"/api/v1/statuses/{post.id}"
    boost = (await world.post(f"{path}/reblog", ben, json={"visibility": "unlisted"})).body
    checker.check("Status", boost)
    assert boost["visibility"] == "unlisted"
    assert boost["reblog"]["id"] == str(post.id)
    assert boost["reblog"]["reblogged"] is True
    assert ids((await world.get(f"{path}/reblogged_by")).body) == [ben.actor.id]
    original = (await world.post(f"{path}/unreblog", ben)).body
    assert (original["id"], original["reblogged"], original["reblogs_count"]) == (str(post.id), False, 0)


async def test_a_boost_to_followers_is_listed_to_nobody(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.follow(ben.actor, anna.actor)
    post = await world.status(anna.actor, audience=Audience.FOLLOWERS)
    boost = await world.post(f"/api/v1/statuses/{post.id}/reblog", anna)
    assert (boost.status, boost.body["visibility"]) == (200, "private")
    assert (await world.get(f"/api/v1/statuses/{post.id}/reblogged_by", ben)).body == []


async def test_reactions_to_what_is_hidden(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    hidden = await world.status(anna.actor, audience=Audience.DIRECT)
    for act in ("favourite", "unfavourite", "reblog", "unreblog"):
        answer = await world.post(f"/api/v1/statuses/{hidden.id}/{act}", ben)
        assert (answer.status, answer.body) == NOT_FOUND
    for list_ in ("favourited_by", "reblogged_by", "history", "context"):
        answer = await world.get(f"/api/v1/statuses/{hidden.id}/{list_}", ben)
        assert (answer.status, answer.body) == NOT_FOUND
