"""A channel: an account like any other but for who is behind it, whose every act is recorded with their name."""

from typing import Any

import pytest

from federation.outbox import channels as acts
from federation.outbox import groups as group_acts
from storage import audit, channels, members
from storage.database import Reader
from storage.members import get_person_by_login
from storage.witness import recording, witnessed
from tests.storage.rows import ask
from tests.web.acting import act_as, list_acts, make_channel
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.streams import socket
from web.streams.outlets import End


async def list_doors(world: World) -> list[str]:
    """What was done by channels, as the audit log says it."""

    async def unit(tx: Reader) -> list[str]:
        found = await tx.rows("SELECT detail FROM audit WHERE act = 'channel.act' AND actor = 'anna' ORDER BY id")
        return [row[0] for row in found]

    return await world.db.read(unit)


async def test_a_channel_posts_follows_and_is_followed(world: World, checker: EntityChecker) -> None:
    anna, ben = await world.person("anna", role="admin"), await world.person("ben")
    channel = await make_channel(world, "actualites", anna)
    me = await act_as(world, anna, channel)
    shown = (await world.get("/api/v1/accounts/verify_credentials", me)).body
    checker.check("CredentialAccount", shown)
    assert (shown["username"], shown["bot"], shown["group"], shown["locked"]) == ("actualites", True, False, False)
    assert (shown["role"]["name"], shown["source"]["privacy"]) == ("", "public")
    async with socket(world, me, token=world.tokens[channel.id]["Authorization"].removeprefix("Bearer ")) as hears:
        assert (await world.post(f"/api/v1/accounts/{channel.id}/follow", ben)).body["following"] is True
        assert (await hears.event())[2]["type"] == "follow"
        posted = await world.post("/api/v1/statuses", me, json={"status": "Bonjour #chu", "visibility": "public"})
        assert (await hears.event())[2]["id"] == posted.body["id"]
        liked = await world.post("/api/v1/statuses", ben, json={"status": "@actualites merci"})
        assert (await hears.event())[2]["type"] == "mention"
    assert [one["id"] for one in (await world.get("/api/v1/timelines/home", ben)).body if one["account"]["bot"]]
    assert (await world.post(f"/api/v1/statuses/{liked.body['id']}/favourite", me)).status == 200
    assert (await world.post(f"/api/v1/accounts/{ben.actor.id}/follow", me)).body["following"] is True
    assert (await world.post(f"/api/v1/statuses/{posted.body['id']}/pin", me)).body["pinned"] is True
    page = await world.browser.get("/@actualites")
    assert (page.status, "Bonjour" in await page.text()) == (200, True)


async def test_every_act_of_a_channel_is_recorded_with_its_operator(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    channel = await make_channel(world, "actualites", anna)
    me, post = await act_as(world, anna, channel), await world.status(ben.actor)
    for path in ("/api/v1/timelines/home", "/api/v1/notifications", f"/api/v1/statuses/{post.id}"):
        assert (await world.get(path, me)).status == 200
    await world.post("/api/v1/statuses", ben, json={"status": "Bonjour"})
    assert await list_doors(world) == []
    done: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/v1/statuses", {"status": "Bonjour"}),
        ("POST", f"/api/v1/statuses/{post.id}/favourite", {}),
        ("POST", f"/api/v1/statuses/{post.id}/bookmark", {}),
        ("POST", f"/api/v1/accounts/{ben.actor.id}/mute", {}),
        ("PATCH", "/api/v1/accounts/update_credentials", {"note": "Le CHU"}),
    ]
    for number, (method, path, said) in enumerate(done, 1):
        world.tick()
        assert (await world.call(method, path, me, json=said)).status == 200, path
        recorded = await list_doors(world)
        assert len(recorded) == number
        assert f'"{method} {path.replace(str(post.id), "{id}").replace(str(ben.actor.id), "{id}")}"' in recorded[-1]
    # What came to nothing leaves nothing.
    assert (await world.post("/api/v1/statuses/1/favourite", me)).status == 404
    assert len(await list_doors(world)) == len(done)
    assert ("anna", "channel.act", "actualites") in await list_acts(world)


async def test_the_record_and_the_act_stand_or_fall_together(world: World) -> None:
    """A record that cannot be written undoes the act, on both engines; outside the block nothing is recorded."""

    async def fail(_: Any) -> None:
        raise ValueError("no record")

    async def write(tx: Any) -> None:
        await audit.append(tx, actor="anna", act="a", subject="b", now=1)

    with recording(fail), pytest.raises(ValueError, match="no record"):
        await world.write(write)
    assert await list_acts(world) == []
    await world.write(write)
    assert await list_acts(world) == [("anna", "a", "b")]
    assert witnessed(write) is write


async def test_a_channel_joins_no_private_group(world: World) -> None:
    anna = await world.person("anna")
    group = await world.group("cardiologie", [anna])
    channel = await make_channel(world, "actualites", anna)
    me = await act_as(world, anna, channel)
    await world.attest(channel)  # as no door lets it happen
    refused = await world.post(f"/api/v1/accounts/{group.id}/follow", me)
    assert (refused.status, refused.body) == (403, {"error": "Only people join a private group."})
    assert (await world.post("/api/v1/statuses", me, json={"status": "@cardiologie un cas"})).status == 422
    with pytest.raises(LookupError):
        await group_acts.invite(world.ctx, group.id, channel.id, by="console")
    with pytest.raises(LookupError):
        await acts.add_operator(world.ctx, channel, channel.id, by="console")


async def test_who_no_longer_runs_a_channel_is_out_at_once(world: World) -> None:
    anna, ben = await world.person("anna"), await world.person("ben")
    channel = await make_channel(world, "actualites", anna)
    assert await acts.add_operator(world.ctx, channel, ben.actor.id, by="console")
    assert not await acts.add_operator(world.ctx, channel, ben.actor.id, by="console")
    me = await act_as(world, anna, channel)
    token = world.tokens[channel.id]["Authorization"].removeprefix("Bearer ")
    async with socket(world, me, token=token) as hears:
        assert await acts.remove_operator(world.ctx, channel, anna.actor.id, by="console")
        assert (await world.post("/api/v1/statuses", me, json={"status": "Bonjour"})).status == 401
        assert await hears.closed() == End.REVOKED.value[0]
    assert not await acts.remove_operator(world.ctx, channel, anna.actor.id, by="console")
    bens = await act_as(world, ben, channel)
    assert (await world.get("/api/v1/timelines/home", bens)).status == 200
    # The row by which somebody runs it is asked, not only the token.
    await world.write(lambda tx: tx.execute("DELETE FROM channel_operators"))
    answer = await world.get("/api/v1/timelines/home", bens)
    assert (answer.status, answer.body["error"]) == (403, "You do not, or no longer, run this channel.")


async def test_nobody_signs_in_as_a_channel_itself(world: World) -> None:
    anna = await world.person("anna")
    made = [await make_channel(world, name, anna) for name in ("actualites", "presse")]
    for login in ("actualites", ""):
        assert await ask(world.db, get_person_by_login, login) is None
    assert [one.actor.username for one in await world.db.read(members.list_people)] == ["anna"]
    assert await world.db.read(channels.list_channels) == made
    for name in ("anna", "PRESSE"):
        with pytest.raises(ValueError, match="taken"):
            await acts.create(world.ctx, name, "T", anna.actor.id, by="console")
