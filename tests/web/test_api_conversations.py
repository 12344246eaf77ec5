"""Conversations: direct threads, each once, with everybody else in them."""

from policies.terms import Audience
from storage.members import Person
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker


async def test_each_thread_once_by_its_newest_post(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    eva = await world.stranger("eva")
    first = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor, eva])
    reply = await world.status(anna.actor, audience=Audience.DIRECT, mentions=[ben.actor], reply_to=first)
    other = await world.status(eva, audience=Audience.DIRECT, mentions=[anna.actor])
    await world.status(ben.actor, audience=Audience.DIRECT, mentions=[eva])
    answer = await world.get("/api/v1/conversations", anna)
    checker.check_all("Conversation", answer.body)
    assert [one["last_status"]["id"] for one in answer.body] == [str(other.id), str(reply.id)]
    assert [[person["username"] for person in one["accounts"]] for one in answer.body] == [["eva"], ["ben"]]
    assert answer.body[1]["id"] == str(first.id)
    page = await world.get("/api/v1/conversations?limit=1", anna)
    assert [one["id"] for one in page.body] == [str(other.id)]
    assert [one["id"] for one in (await world.get(page.next_url or "", anna)).body] == [str(first.id)]


async def test_a_note_to_oneself(world: World, checker: EntityChecker) -> None:
    anna = await world.person("anna")
    await world.status(anna.actor, audience=Audience.DIRECT)
    answer = await world.get("/api/v1/conversations", anna)
    checker.check_all("Conversation", answer.body)
    assert [person["username"] for person in answer.body[0]["accounts"]] == ["anna"]


async def test_the_id_is_never_that_of_a_hidden_post(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [ben])
    secret = await world.status(ben.actor, group=group)
    aside = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor], reply_to=secret)
    [shown] = (await world.get("/api/v1/conversations", anna)).body
    assert shown["id"] == str(aside.id)
    assert str(secret.id) not in str(shown)
    [for_ben] = (await world.get("/api/v1/conversations", ben)).body
    assert for_ben["id"] == str(aside.id)
    assert for_ben["last_status"]["in_reply_to_id"] == str(secret.id)


async def test_what_one_has_not_read_is_unread(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    first = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor])
    path = f"/api/v1/conversations/{first.id}/read"
    assert await unread(world, anna) == [True]
    assert await unread(world, ben) == [False]  # their own words
    for nobodys in (path, "/api/v1/conversations/12345/read"):
        answer = await world.post(nobodys, carl)
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    read = await world.post(path, anna)
    checker.check("Conversation", read.body)
    assert (read.body["id"], read.body["unread"]) == (str(first.id), False)
    assert await unread(world, anna) == [False]
    second = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor], reply_to=first)
    assert await unread(world, anna) == [True]
    assert (await world.post(f"/api/v1/conversations/{second.id}/read", anna)).status == 404


async def test_a_conversation_is_put_away_until_the_next_post(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    first = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor])
    path = f"/api/v1/conversations/{first.id}"
    assert (await world.call("DELETE", path, carl)).status == 404
    assert (await world.call("DELETE", path, anna)).body == {}
    assert await unread(world, anna) == []
    assert await unread(world, ben) == [False]
    assert (await world.call("DELETE", path, anna)).status == 404
    assert (await world.get(f"/api/v1/statuses/{first.id}", anna)).status == 200
    await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor], reply_to=first)
    assert await unread(world, anna) == [True]
    assert (await world.post(f"{path}/read", anna)).status == 200
    assert await unread(world, anna) == [False]


async def test_a_public_post_is_no_conversation(world: World) -> None:
    anna = await world.person("anna")
    post = await world.status(anna.actor)
    assert (await world.post(f"/api/v1/conversations/{post.id}/read", anna)).status == 404


async def unread(world: World, who: Person) -> list[bool]:
    return [one["unread"] for one in (await world.get("/api/v1/conversations", who)).body]


async def test_a_conversation_is_unread_again(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    first = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor])
    path = f"/api/v1/conversations/{first.id}"
    assert (await world.post(f"{path}/read", anna)).body["unread"] is False
    again = await world.post(f"{path}/unread", anna)
    checker.check("Conversation", again.body)
    assert again.body["unread"] is True
    assert await unread(world, anna) == [True]
    assert (await world.post(f"{path}/unread", await world.person("eve"))).status == 404


async def test_direct_posts_one_by_one(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    group = await world.group("cardiologie", [anna, ben])
    first = await world.status(ben.actor, audience=Audience.DIRECT, mentions=[anna.actor])
    reply = await world.status(anna.actor, audience=Audience.DIRECT, mentions=[ben.actor], reply_to=first)
    await world.status(ben.actor, mentions=[anna.actor])
    await world.status(ben.actor, group=group, mentions=[anna.actor])
    await world.status(ben.actor, audience=Audience.DIRECT)
    path = "/api/v1/timelines/direct"
    shown = await world.get(f"{path}?limit=1", anna)
    checker.check_all("Status", shown.body)
    assert [one["id"] for one in shown.body] == [str(reply.id)]
    assert [one["id"] for one in (await world.get(shown.next_url or "", anna)).body] == [str(first.id)]
    assert (await world.get(path, await world.person("eve"))).body == []
