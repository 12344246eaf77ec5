"""WebSockets: who may open one, what can be asked of it, what it says."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from policies.terms import Audience
from storage import groups, statuses
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.people import EVERYTHING
from tests.web.streams import PATH, Socket, lines, socket, tell, token_of
from web import streaming


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
@pytest.mark.parametrize("way", ["query", "subprotocol", "header"])
async def test_a_token_comes_three_ways(world: World, path: str, way: str) -> None:
    anne = await world.person("anne")
    token = await token_of(world, anne)
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": {"access_token": token, "stream": "user"}},
        "subprotocol": {"protocols": [token], "params": {"stream": "user"}},
        "header": {"headers": {"Authorization": f"Bearer {token}"}, "params": {"stream": "user"}},
    }
    async with world.browser.ws_connect(path, **ways[way]) as raw:
        assert raw.protocol == (token if way == "subprotocol" else None)
        status = await world.status(anne.actor, homes=[anne.actor])
        assert (await Socket(raw).event())[2]["id"] == str(status.id)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, 401),
        ({"params": {"access_token": "wrong"}}, 401),
        ({"protocols": ["wrong"]}, 401),
        ({"headers": {"Authorization": "Bearer wrong"}}, 401),
    ],
)
@pytest.mark.parametrize("path", ["", "/", "/user", "/user/notification", "/list"])
async def test_nobody_listens_without_a_token(world: World, how: dict[str, Any], expected: int, path: str) -> None:
    if path in {"", "/"}:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await world.browser.ws_connect(PATH + path, **how)
        assert refused.value.status == expected
    elif "protocols" not in how:
        answer = await world.call("GET", PATH + path, **how)
        assert (answer.status, answer.body) == (expected, {"error": "The access token is invalid"})


async def test_a_token_that_reads_nothing(world: World) -> None:
    anne = await world.person("anne")
    token = await token_of(world, anne, ("write", "read:lists"))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await world.browser.ws_connect(PATH, params={"access_token": token})
    assert refused.value.status == 403


async def test_a_plain_get_is_no_socket(world: World) -> None:
    assert (await world.get(PATH, await world.person("anne"))).status == 400


async def test_health(world: World) -> None:
    async with world.browser.get(f"{PATH}/health") as response:
        assert (response.status, await response.text()) == (200, "OK")


async def test_what_a_user_stream_says(world: World, checker: EntityChecker) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    token = await token_of(world, anne)
    async with socket(world, anne, token=token) as one:
        status = await world.status(bruno.actor, homes=[anne.actor])
        await world.attach(bruno.actor, status)
        stream, event, payload = await one.event()
        assert (stream, event, payload["id"]) == (["user"], "update", str(status.id))

        await tell(world, anne, "status.update", status.id)
        stream, event, payload = await one.event()
        assert (stream, event) == (["user"], "status.update")
        assert checker.problems("Status", payload) == []
        shown = await world.call("GET", f"/api/v1/statuses/{status.id}", headers={"Authorization": f"Bearer {token}"})
        assert payload == shown.body

        told = await world.notify(anne.actor, "favourite", bruno.actor, await world.status(anne.actor))
        stream, event, payload = await one.event()
        assert (stream, event, payload["id"]) == (["user"], "notification", str(told.id))
        assert checker.problems("Notification", payload) == []
        assert payload == (await world.get(f"/api/v1/notifications/{told.id}", anne)).body

        await tell(world, anne, "delete", status.id)
        assert await one.event() == (["user"], "delete", str(status.id))


async def test_other_filters_are_told_to_their_owner_without_a_word(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    filters = "/api/v2/filters"
    async with (
        socket(world, anne) as one,
        socket(world, bruno) as other,
        lines(world, "user", await token_of(world, anne)) as events,
    ):
        assert await events.line() == ":)\n"
        made = await world.post(filters, anne, json={"title": "a", "context": ["home"]})
        assert await one.frame() == {"stream": ["user"], "event": "filters_changed"}
        assert await events.event() == ("filters_changed", "undefined")
        await world.call("DELETE", f"{filters}/{made.body['id']}", anne)
        assert await one.frame() == {"stream": ["user"], "event": "filters_changed"}
        await tell(world, bruno, "delete", 1)
        assert await other.event() == (["user"], "delete", "1")


async def test_files_in_a_stream_are_the_listeners(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    await world.follow(anne.actor, bruno.actor)
    status = await world.status(bruno.actor, audience=Audience.FOLLOWERS)
    await world.attach(bruno.actor, status)
    token = await token_of(world, anne)
    async with socket(world, anne, token=token) as one:
        await tell(world, anne, "update", status.id)
        shown = (await one.event())[2]["media_attachments"][0]["url"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await world.call("GET", f"/api/v1/statuses/{status.id}", headers=headers)
    assert f"viewer={anne.actor.id}" in shown
    assert shown == answer.body["media_attachments"][0]["url"]


async def test_several_subscriptions_on_one_socket(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    async with socket(world, anne, "") as one:
        await one.ask(type="subscribe", stream="user:notification")
        await one.ask(type="subscribe", stream="wrong")  # its answer says that the former was read
        assert await one.frame() == {"error": "Unknown stream type", "status": 400}
        await world.status(bruno.actor, homes=[anne.actor])
        await world.notify(anne.actor, "follow", bruno.actor)
        assert (await one.event())[:2] == (["user:notification"], "notification")

        await one.ask(type="subscribe", stream="user")
        await one.ask(type="subscribe", stream="user")
        await one.ask(type="subscribe", stream="wrong")
        await one.frame()
        await world.notify(anne.actor, "mention", bruno.actor)
        streams = sorted([(await one.event())[0], (await one.event())[0]])
        assert streams == [["user"], ["user:notification"]]

        await one.ask(type="unsubscribe", stream="user:notification")
        await one.ask(type="unsubscribe", stream="never had")
        await one.ask(type="subscribe", stream="wrong")
        await one.frame()
        await world.notify(anne.actor, "follow_request", bruno.actor)
        await world.status(bruno.actor, homes=[anne.actor])
        assert [(await one.event())[:2] for _ in range(2)] == [(["user"], "notification"), (["user"], "update")]


@pytest.mark.parametrize("asked", [{"stream": "list"}, {"stream": ["list"]}])
async def test_a_list_is_the_posts_of_a_group(world: World, asked: dict[str, Any]) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [anne, bruno])
    other = await world.group("urgences", [anne, bruno])
    async with socket(world, anne, "") as one:
        together = isinstance(asked["stream"], list)
        question = {"stream": ["list", str(group.id)]} if together else {"stream": "list", "list": str(group.id)}
        await one.ask(type="subscribe", **question)
        await one.ask(type="subscribe", stream="wrong")
        await one.frame()
        await world.status(bruno.actor, homes=[anne.actor])
        await world.status(bruno.actor, group=other, homes=[anne.actor])
        status = await world.status(bruno.actor, group=group, homes=[anne.actor])
        stream, event, payload = await one.event()
        assert (stream, event, payload["id"]) == (["list", str(group.id)], "update", str(status.id))
        await tell(world, anne, "delete", status.id)
        assert await one.event() == (["list", str(group.id)], "delete", str(status.id))


async def test_a_list_in_the_query(world: World) -> None:
    anne = await world.person("anne")
    group = await world.group("cardiologie", [anne])
    async with socket(world, anne, "list", list=str(group.id)) as one:
        status = await world.status(anne.actor, group=group, homes=[anne.actor])
        assert (await one.event())[2]["id"] == str(status.id)


async def test_no_list_of_another_group(world: World) -> None:
    """And the answer is the same for one that does not exist."""
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [bruno])
    async with socket(world, anne, "") as one:
        for wrong in (str(group.id), "7", "x", "", "9" * 30):
            await one.ask(type="subscribe", stream="list", list=wrong)
            assert await one.frame() == {"error": "Record not found", "status": 404}


@pytest.mark.parametrize("stream", ["x", "public:x", "user:list", "direct:media"])
async def test_streams_that_are_not_here(world: World, stream: str) -> None:
    anne = await world.person("anne")
    async with socket(world, anne, stream, tag="x") as one:
        assert await one.frame() == {"error": "Unknown stream type", "status": 400}
        await one.ask(type="subscribe", stream=stream, tag="x")
        assert await one.frame() == {"error": "Unknown stream type", "status": 400}
        await one.ask(type="subscribe", stream=[stream, "x"])
        assert await one.frame() == {"error": "Unknown stream type", "status": 400}


@pytest.mark.parametrize(
    "nonsense",
    ["", "{", "[]", "1", '"x"', "{}", '{"type": 1}', '{"type": "subscribe", "stream": {"a": 1}}', '{"type": "x"}'],
)
async def test_nonsense_gets_an_error_frame(world: World, nonsense: str) -> None:
    anne = await world.person("anne")
    async with socket(world, anne) as one:
        await one.raw.send_str(nonsense)
        assert await one.frame() == {"error": "Malformed message", "status": 400}
        await one.raw.send_bytes(b"\xff")
        assert await one.frame() == {"error": "Malformed message", "status": 400}
        status = await world.status(anne.actor, homes=[anne.actor])
        assert (await one.event())[2]["id"] == str(status.id)


async def test_a_long_question_ends_the_socket(world: World) -> None:
    async with socket(world, await world.person("anne")) as one:
        await one.raw.send_str("x" * (streaming.MOST_QUESTION + 1))
        assert await one.closed() == 1009


@pytest.mark.parametrize(
    ("scopes", "heard"),
    [
        (EVERYTHING, ["update", "notification"]),
        (("read:statuses",), ["update"]),
        (("read:statuses", "read:notifications"), ["update", "notification"]),
    ],
)
async def test_scopes_of_the_user_stream(world: World, scopes: tuple[str, ...], heard: list[str]) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    async with socket(world, anne, token=await token_of(world, anne, scopes)) as one:
        await world.status(bruno.actor, homes=[anne.actor])
        await world.notify(anne.actor, "follow", bruno.actor)
        await tell(world, anne, "delete", 7)
        assert [(await one.event())[1] for _ in [*heard, "delete"]] == [*heard, "delete"]


async def test_a_scope_that_lacks(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    refused = {"error": "Access token does not have the required scopes", "status": 401}
    async with socket(world, anne, token=await token_of(world, anne, ("read:notifications",))) as one:
        assert await one.frame() == refused
        await one.ask(type="subscribe", stream="list", list="7")
        assert await one.frame() == refused
        await one.ask(type="subscribe", stream="user:notification")
        await one.ask(type="subscribe", stream="user")
        assert await one.frame() == refused
        await world.status(bruno.actor, homes=[anne.actor])
        await world.notify(anne.actor, "follow", bruno.actor)
        assert (await one.event())[:2] == (["user:notification"], "notification")


async def test_others_hear_nothing(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    async with socket(world, anne) as hers, socket(world, bruno) as his:
        for n in range(5):
            status = await world.status(bruno.actor, homes=[anne.actor])
            await world.notify(anne.actor, "mention", bruno.actor, status)
            await tell(world, anne, "delete", n)
        own = await world.status(anne.actor, homes=[bruno.actor])
        assert (await his.event())[2]["id"] == str(own.id)
        assert len([await hers.event() for _ in range(15)]) == 15


async def test_what_its_owner_may_not_see_is_passed_over(world: World) -> None:
    """An event is no right: only what the listener could fetch at this moment is sent."""
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [bruno])
    hidden = [
        await world.status(bruno.actor, audience=Audience.FOLLOWERS),
        await world.status(bruno.actor, audience=Audience.DIRECT),
        await world.status(bruno.actor, group=group),
        await world.status(await world.stranger("boris", host_suspended=1)),
    ]
    gone = await world.status(bruno.actor)
    await world.write(lambda tx: statuses.delete_status(tx, gone, actor_uri=bruno.actor.uri, now=world.clock.now))
    shown = await world.status(bruno.actor)
    async with socket(world, anne) as one:
        for status in [*hidden, gone]:
            for type_ in ("update", "status.update", "notification"):
                await tell(world, anne, type_, status.id)
        for status in hidden:
            await world.notify(anne.actor, "mention", bruno.actor, status)
        await tell(world, anne, "update", shown.id)
        assert (await one.event())[2]["id"] == str(shown.id)


async def test_a_membership_that_ended_ends_the_groups_events(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [anne, bruno])
    async with socket(world, anne) as one:
        first = await world.status(bruno.actor, group=group, homes=[anne.actor])
        assert (await one.event())[2]["id"] == str(first.id)
        membership = await world.db.read(lambda tx: groups.get_membership(tx, group.id, anne.actor.id))
        assert membership is not None
        await world.write(lambda tx: groups.update_membership(tx, membership.id, state="ended"))
        await world.status(bruno.actor, group=group, homes=[anne.actor])
        last = await world.status(bruno.actor, homes=[anne.actor])
        assert (await one.event())[2]["id"] == str(last.id)


async def test_events_of_unknown_types_are_passed_over(world: World) -> None:
    anne = await world.person("anne")
    async with socket(world, anne) as one:
        for type_ in ("groups", "revoked", "something new"):
            await tell(world, anne, type_, 7)
        await tell(world, anne, "delete", 8)
        assert await one.event() == (["user"], "delete", "8")


async def test_a_boost_is_shown_with_what_it_boosts(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    original = await world.status(bruno.actor)
    async with socket(world, anne) as one:
        boost = await world.boost(bruno.actor, original, homes=[anne.actor])
        payload = (await one.event())[2]
        assert (payload["id"], payload["reblog"]["id"]) == (str(boost.id), str(original.id))


async def test_pings_keep_a_socket_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING_SECONDS", 0.05)
    token = await token_of(world, await world.person("anne"))
    async with world.browser.ws_connect(PATH, params={"access_token": token}, autoping=False) as raw:
        message = await raw.receive(timeout=10)
        assert message.type is WSMsgType.PING


async def test_a_socket_that_answers_no_ping_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(streaming, "PING_SECONDS", 0.05)
    token = await token_of(world, await world.person("anne"))
    async with world.browser.ws_connect(PATH, params={"access_token": token}, autoping=False) as raw:
        while (message := await raw.receive(timeout=10)).type is WSMsgType.PING:
            pass
        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
