"""Streams of what is public, and of conversations: each post in those where its timeline has it, and nothing else."""

from typing import Any

from storage.database import Transaction
from storage.events import EVERYBODY, insert_event
from storage.members import Person
from storage.records import Status
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import Socket, lines, socket, token_of

PUBLIC = ("public", "public:local", "public:remote", "public:media", "public:local:media", "public:remote:media")


async def listen_to_all(listening: Socket) -> None:
    for stream in PUBLIC:
        await listening.ask(type="subscribe", stream=stream)
    for stream in ("hashtag", "hashtag:local"):
        await listening.ask(type="subscribe", stream=stream, tag="ECG")
    await listening.ask(type="nonsense")  # answered after all that was asked before
    assert (await listening.frame())["status"] == 400


async def write(world: World, who: Person, text: str, **more: Any) -> str:
    world.tick()
    answer = await world.post("/api/v1/statuses", who, json={"status": text, "visibility": "public", **more})
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


async def publish(world: World, status: Status) -> None:
    """As when it comes from elsewhere."""

    async def unit(tx: Transaction) -> None:
        await insert_event(tx, owner_id=EVERYBODY, type_="update", ref=status.id, now=world.clock.now)

    await world.write(unit)


async def heard(listening: Socket, count: int) -> list[tuple[str, str, str]]:
    """(stream, event, id) of the next frames."""
    found = []
    for _ in range(count):
        names, event, payload = await listening.event()
        found.append((" ".join(names), event, str(payload) if event == "delete" else payload["id"]))
    return sorted(found)


async def test_a_post_appears_in_the_streams_whose_timelines_have_it(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    async with socket(world, anna, "") as listening:
        await listen_to_all(listening)
        plain = await write(world, ben, "Bonjour")
        assert await heard(listening, 2) == [("public", "update", plain), ("public:local", "update", plain)]
        tagged = await write(world, ben, "Un #ECG", in_reply_to_id=await write(world, anna, "Et vous ?"))
        await heard(listening, 2)  # the question
        assert await heard(listening, 2) == [("hashtag ecg", "update", tagged), ("hashtag:local ecg", "update", tagged)]
        eva = await world.stranger("eva")
        remote = await world.status(eva, tags=["ecg"])
        await world.attach(eva, remote)
        await publish(world, remote)
        streams = ("hashtag ecg", "public", "public:media", "public:remote", "public:remote:media")
        assert await heard(listening, 5) == [(stream, "update", str(remote.id)) for stream in streams]
        await world.call("PUT", f"/api/v1/statuses/{plain}", ben, json={"status": "Bonsoir"})
        for _ in range(2):
            _, event, entity = await listening.event()
            assert event == "status.update"
            checker.check("Status", entity)
            assert "Bonsoir" in entity["content"]
        await world.call("DELETE", f"/api/v1/statuses/{plain}", ben)
        assert {event for _, event, _ in await heard(listening, 8)} == {"delete"}


async def test_only_what_is_public_is_told_in_public(world: World) -> None:
    """The first frame is that of the public post, whatever was written before it."""
    anna, ben = await world.person("anna"), await world.person("ben")
    await world.group("cardiologie", [anna, ben])
    await world.attest(ben.actor)
    await world.follow(anna.actor, ben.actor)
    async with socket(world, anna, "") as listening:
        await listen_to_all(listening)
        await write(world, ben, "@cardiologie un cas #ecg", visibility="private")
        await write(world, ben, "#ecg discret", visibility="unlisted")
        await write(world, ben, "#ecg pour mes abonnés", visibility="private")
        hidden = await write(world, ben, "@anna #ecg entre nous", visibility="direct")
        await world.call("DELETE", f"/api/v1/statuses/{hidden}", ben)
        public = await write(world, ben, "pour tous")
        assert await heard(listening, 2) == [("public", "update", public), ("public:local", "update", public)]


async def test_the_blocked_and_muted_are_not_heard_in_public(world: World) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    await world.post(f"/api/v1/accounts/{ben.actor.id}/mute", anna)
    await world.post(f"/api/v1/accounts/{anna.actor.id}/block", carl)
    async with socket(world, anna, "public") as listening:
        for who in (ben, carl):
            await write(world, who, "Bonjour")
        own = await write(world, anna, "Bonjour")
        assert await heard(listening, 1) == [("public", "update", own)]


async def test_a_conversation_is_told_to_those_in_it(world: World, checker: EntityChecker) -> None:
    anna, ben, carl = [await world.person(name) for name in ("anna", "ben", "carl")]
    async with socket(world, anna, "direct") as hers, socket(world, carl, "direct") as others:
        asked = await write(world, ben, "@anna un avis ?", visibility="direct")
        names, event, talk = await hers.event()
        assert (names, event) == (["direct"], "conversation")
        checker.check("Conversation", talk)
        assert (talk["last_status"]["id"], talk["unread"]) == (asked, True)
        listed = (await world.get("/api/v1/conversations", anna)).body
        assert [one["id"] for one in listed] == [talk["id"]]
        await write(world, ben, "@carl bonjour", visibility="direct")
        assert (await others.event())[2]["accounts"][0]["username"] == "ben"


async def test_events_of_public_streams(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    token = await token_of(world, anna)
    async with (
        lines(world, "public/local?only_media=true", token) as pictures,
        lines(world, "hashtag?tag=%23ECG", token) as tagged,
    ):
        one = await write(world, ben, "Un #ecg")
        event, data = await tagged.event()
        assert (event, f'"id":"{one}"' in data) == ("update", True)
        media = await world.attach(ben.actor)
        two = await write(world, ben, "Une image", media_ids=[str(media.id)])
        event, data = await pictures.event()
        assert (event, f'"id":"{two}"' in data) == ("update", True)
    missing = await world.get("/api/v1/streaming/hashtag", anna)
    assert (missing.status, missing.body) == (400, {"error": "Missing tag name parameter"})
