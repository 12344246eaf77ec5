"""What the institution tells its members: in their language, until it ends, with what they put to it, and as it happens."""

import pytest

from federation.outbox.announcements import Notice, publish_notice, remove_notice
from federation.outbox.emojis import add_emoji
from policies.terms import Audience
from storage import announcements
from tests.web.api_world import HOUR, World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import socket

PATH = "/api/v1/announcements"
NOT_FOUND = (404, {"error": "Record not found"})
UNKNOWN = {"error": "Validation failed: Name is not a recognized emoji"}
TOO_MANY = {"error": "Validation failed: Limit of different reactions reached"}


async def announce(world: World, **said: object) -> int:
    world.tick()
    notice = Notice(**{"french": "Maintenance", "english": "Maintenance!", **said})  # type: ignore[arg-type]
    made = await publish_notice(world.ctx, notice, by="console")
    assert made is not None
    return made


async def test_everybody_reads_it_in_their_language_and_what_it_names(world: World, checker: EntityChecker) -> None:
    await world.institution()
    anna, paul = await world.person("anna"), await world.person("paul", locale="fr")
    public = await world.status(anna.actor)
    private = await world.status(anna.actor, audience=Audience.FOLLOWERS)
    hidden = await world.group("secret", [anna], listed=False)
    pages = " ".join(f"https://chu-a.example/@anna/{one.id}" for one in (public, private))
    await announce(world, french=f"@paul et @secret : #Garde {pages} <b>", english="", starts_at=world.clock.now)
    [shown] = (await world.get(PATH, anna)).body
    checker.check("Announcement", shown)
    assert [one["username"] for one in shown["mentions"]] == ["paul"]
    assert [one["id"] for one in shown["statuses"]] == [str(public.id)]
    assert [one["name"] for one in shown["tags"]] == ["garde"]
    assert "&lt;b&gt;" in shown["content"]
    assert 'class="u-url mention"' in shown["content"]
    assert hidden.uri not in shown["content"]
    assert hidden.url not in shown["content"]
    assert shown["read"] is False
    await announce(world)
    for who, text in ((anna, "<p>Maintenance!</p>"), (paul, "<p>Maintenance</p>")):
        assert (await world.get(PATH, who)).body[-1]["content"] == text
    assert (await world.get(PATH)).status == 401


async def test_it_is_there_until_it_ends_or_is_put_away(world: World) -> None:
    await world.institution()
    anna, ben = await world.person("anna"), await world.person("ben")
    lasting = await announce(world)
    ending = await announce(world, ends_at=world.clock.now + HOUR)
    assert [one["id"] for one in (await world.get(PATH, anna)).body] == [str(lasting), str(ending)]
    assert (await world.post(f"{PATH}/{lasting}/dismiss", anna)).body == {}
    assert (await world.post(f"{PATH}/{lasting}/dismiss", anna)).status == 200
    assert [one["id"] for one in (await world.get(PATH, anna)).body] == [str(ending)]
    everything = (await world.get(f"{PATH}?with_dismissed=true", anna)).body
    assert [(one["id"], one["read"]) for one in everything] == [(str(lasting), True), (str(ending), False)]
    assert len((await world.get(PATH, ben)).body) == 2
    world.tick(2 * HOUR)
    assert [one["id"] for one in (await world.get(PATH, ben)).body] == [str(lasting)]
    for act in (world.post(f"{PATH}/{ending}/dismiss", ben), world.call("PUT", f"{PATH}/{ending}/reactions/👍", ben)):
        answer = await act
        assert (answer.status, answer.body) == NOT_FOUND


async def test_members_put_emoji_to_it(world: World, checker: EntityChecker) -> None:
    await world.institution()
    anna, ben = await world.person("anna"), await world.person("ben")
    await add_emoji(world.ctx, "ecg", f"{'0' * 64}.webp", category="", by="console")
    path = f"{PATH}/{await announce(world)}/reactions"
    for who, name in ((anna, "👍"), (ben, "👍"), (ben, "👍"), (ben, "ecg"), (anna, "👩‍⚕️")):
        world.tick()
        assert (await world.call("PATCH" if who is ben else "PUT", f"{path}/{name}", who)).body == {}
    [shown] = (await world.get(PATH, anna)).body
    checker.check("Announcement", shown)
    assert [(one["name"], one["count"], one["me"]) for one in shown["reactions"]] == [
        ("👍", 2, True),
        ("ecg", 1, False),
        ("👩‍⚕️", 1, True),
    ]
    assert shown["reactions"][1]["url"].startswith("https://chu-a.example/media/custom_emojis/")
    assert "url" not in shown["reactions"][0]
    for name in ("non", "1", "👍👍", "verified_clinician", "x" * 300):
        refused = await world.call("PUT", f"{path}/{name}", anna)
        assert (refused.status, refused.body) == (422, UNKNOWN), name
    assert (await world.call("DELETE", f"{path}/👍", anna)).body == {}
    for who, name in ((anna, "👍"), (anna, "ecg"), (anna, "🎉")):
        gone = await world.call("DELETE", f"{path}/{name}", who)
        assert (gone.status, gone.body) == NOT_FOUND
    assert [one["count"] for one in (await world.get(PATH, anna)).body[0]["reactions"]] == [1, 1, 1]


async def test_only_so_many_different_ones_fit(world: World) -> None:
    await world.institution()
    anna, ben = await world.person("anna"), await world.person("ben")
    path = f"{PATH}/{await announce(world)}/reactions"
    for name in "😀😁😂🙂😃😄😅😆":
        assert (await world.call("PUT", f"{path}/{name}", anna)).status == 200
    refused = await world.call("PUT", f"{path}/🎉", ben)
    assert (refused.status, refused.body) == (422, TOO_MANY)
    assert (await world.call("PUT", f"{path}/😀", ben)).status == 200
    assert (await world.call("DELETE", f"{path}/😁", anna)).status == 200
    assert (await world.call("PUT", f"{path}/🎉", ben)).status == 200


@pytest.mark.timeout(60)
async def test_open_streams_are_told(world: World, checker: EntityChecker) -> None:
    await world.institution()
    anna, ben = await world.person("anna"), await world.person("ben", locale="fr")
    async with socket(world, anna) as hers, socket(world, ben) as his, socket(world, anna, "public") as public:
        made = await announce(world)
        stream, event, shown = await hers.event()
        assert (stream, event, shown["content"]) == (["user"], "announcement", "<p>Maintenance!</p>")
        checker.check("Announcement", shown)
        assert (await his.event())[2]["content"] == "<p>Maintenance</p>"
        await world.call("PUT", f"{PATH}/{made}/reactions/👍", ben)
        for end in (hers, his):
            assert (await end.event())[1:] == (
                "announcement.reaction",
                {"name": "👍", "count": 1, "announcement_id": str(made)},
            )
        await world.call("DELETE", f"{PATH}/{made}/reactions/👍", ben)
        assert (await hers.event())[2]["count"] == 0
        await publish_notice(world.ctx, Notice(english="Later"), by="console", announcement_id=made)
        assert (await hers.event())[2]["content"] == "<p>Later</p>"
        assert await remove_notice(world.ctx, made, by="console")
        assert (await hers.event())[1:] == ("announcement.delete", made)
        await world.post("/api/v1/statuses", ben, json={"status": "Bonjour", "visibility": "public"})
        assert (await public.event())[1] == "update", "of announcements it was told nothing"


async def test_what_is_not_there_is_neither_updated_nor_removed(world: World) -> None:
    await world.institution()
    assert await publish_notice(world.ctx, Notice("a"), by="console", announcement_id=7) is None
    assert not await remove_notice(world.ctx, 7, by="console")
    assert await world.db.read(announcements.list_announcements) == []
