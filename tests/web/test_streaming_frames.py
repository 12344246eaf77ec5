"""Streaming byte for byte, as apps with WebSocket libraries of all makes get it."""

import orjson
import pytest

from storage.members import Person
from storage.oauth import delete_tokens_of
from tests.web.api_world import World
from tests.web.frames import ACCEPT, CLOSE, PING, PONG, TEXT, Raw, raw_socket
from tests.web.streams import PATH, token_of

BREAKING = {
    "no UTF-8": (TEXT, b"\xff\xfe", 1007),
    "reserved bits": (TEXT | 0x40, b"{}", 1002),
    "an unknown kind of frame": (0x83, b"", 1002),
    "a close with a code that nobody may send": (CLOSE, (1005).to_bytes(2), 1002),
}


@pytest.fixture
def engine() -> str:
    """Frames are the same whatever is behind them."""
    return "sqlite"


@pytest.fixture
async def anna(world: World) -> Person:
    return await world.person("anna")


@pytest.mark.parametrize("way", ["query", "subprotocol", "header"])
async def test_the_handshake_and_frames(world: World, anna: Person, way: str) -> None:
    token = await token_of(world, anna)
    query = f"stream=user&access_token={token}" if way == "query" else "stream=user"
    headers = {
        "query": {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"},
        "subprotocol": {"Sec_WebSocket_Protocol": token, "Origin": "https://elk.example"},
        "header": {"Authorization": f"Bearer {token}"},
    }
    for path in (PATH, f"{PATH}/"):
        async with raw_socket(world, f"{path}?{query}", **headers[way]) as raw:
            assert raw.status == "HTTP/1.1 101 Switching Protocols"
            assert raw.headers["upgrade"].lower() == "websocket"
            assert raw.headers["connection"].lower() == "upgrade"
            assert raw.headers["sec-websocket-accept"] == ACCEPT
            assert raw.headers.get("sec-websocket-protocol") == (token if way == "subprotocol" else None)
            assert "sec-websocket-extensions" not in raw.headers
            post = (await world.post("/api/v1/statuses", anna, json={"status": "Bonjour « é »"})).body
            async with world.browser.get(
                f"/api/v1/statuses/{post['id']}", headers=world.tokens[anna.actor.id]
            ) as shown:
                entity = await shown.text()
            assert await raw.text() == b'{"stream":["user"],"event":"update","payload":%s}' % orjson.dumps(entity)
            await world.call("DELETE", f"/api/v1/statuses/{post['id']}", anna)
            assert await raw.text() == b'{"stream":["user"],"event":"delete","payload":"%s"}' % post["id"].encode()


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_refusal_is_an_answer_and_no_socket(world: World, token: str) -> None:
    async with raw_socket(world, PATH, **({"Sec_WebSocket_Protocol": token} if token else {})) as raw:
        assert raw.status == "HTTP/1.1 401 Unauthorized"
        assert raw.headers["content-type"].startswith("application/json")
        body = await raw.reader.readexactly(int(raw.headers["content-length"]))
        assert body == b'{"error":"The access token is invalid"}'


async def test_questions_and_their_error_frames(world: World, anna: Person) -> None:
    async with raw_socket(world, f"{PATH}?access_token={await token_of(world, anna)}") as raw:
        for question, refusal in (
            (b'{"type":"subscribe","stream":"nothing"}', b'{"error":"Unknown stream type","status":400}'),
            (b'{"type":"subscribe","stream":"hashtag"}', b'{"error":"Missing tag name parameter","status":400}'),
            (b'{"type":"subscribe","stream":["list","7"]}', b'{"error":"Record not found","status":404}'),
            (b"{", b'{"error":"Malformed message","status":400}'),
        ):
            await raw.send(TEXT, question)
            assert await raw.text() == refusal
        # In pieces, with a ping between them: what was asked holds when the last piece is there.
        await raw.send(0x01, b'{"type":"subscribe",')
        await raw.send(PING, b"encore la")
        assert await raw.frame() == (PONG, b"encore la")
        await raw.send(0x80, b'"stream":"user"}')
        await _answered(raw)
        await world.post("/api/v1/statuses", anna, json={"status": "Bonjour"})
        assert (await raw.text()).startswith(b'{"stream":["user"],"event":"update","payload":"{')


async def _answered(raw: Raw) -> None:
    """Questions are answered in their order: when this one is, so were all before."""
    await raw.send(TEXT, b"?")
    assert b"Malformed" in await raw.text()


async def test_a_goodbye_is_returned_and_said(world: World, anna: Person) -> None:
    path = f"{PATH}?stream=user&access_token={await token_of(world, anna)}"
    async with raw_socket(world, path) as leaving, raw_socket(world, path) as staying:
        await leaving.send(CLOSE, (1000).to_bytes(2) + b"merci")
        assert (await leaving.closed())[:2] == (1000).to_bytes(2)
        await world.write(lambda tx: delete_tokens_of(tx, anna.actor.id))
        assert await staying.closed() == (1008).to_bytes(2) + b"access ended"


async def test_who_breaks_the_protocol_is_told_how(world: World, anna: Person) -> None:
    token = await token_of(world, anna)
    for breaking, (first, payload, code) in BREAKING.items():
        async with raw_socket(world, f"{PATH}?access_token={token}") as raw:
            await raw.send(first, payload)
            assert int.from_bytes((await raw.closed())[:2]) == code, breaking
