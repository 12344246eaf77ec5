"""Somebody who listens to every stream there is, on one socket. Must not know what should be heard."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import orjson

from tests.scenarios.world import Member
from web.streaming import STREAMS

FAREWELL = "zorglubfin"
TAG = "cardio"
# One's own public post with the tag is told here, so whoever hears it here has heard all that came before it.
_TOLD = {"user", "public", "public:local", "hashtag", "hashtag:local"}
_PATIENCE = 30


@dataclass(slots=True)
class Ear:
    """What one member's socket has received."""

    member: Member
    socket: aiohttp.ClientWebSocketResponse
    frames: list[bytes] = field(default_factory=list)

    async def hear_out(self) -> bytes:
        """Everything that was told up to now, found by a public post of one's own that comes last."""
        await self.member.post(f"{FAREWELL} #{TAG}", visibility="public")
        missing = set(_TOLD)
        while missing:
            frame = await self._receive()
            if FAREWELL.encode() in frame:
                missing -= set(orjson.loads(frame)["stream"])
        return b"\n".join(self.frames)

    async def _receive(self) -> bytes:
        message = await self.socket.receive(timeout=_PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        self.frames.append(message.data.encode())
        return self.frames[-1]

    async def subscribe(self) -> None:
        """To every stream but lists, which one must have; the refusal of one that there is not says that all are heard."""
        for name in (one for one in STREAMS if one != "list"):
            await self.socket.send_json({"type": "subscribe", "stream": name, "tag": TAG})
        await self.socket.send_json({"type": "subscribe", "stream": "nothing"})
        assert b"Unknown stream" in await self._receive()


@asynccontextmanager
async def listening(*members: Member) -> AsyncIterator[list[Ear]]:
    """Each with a socket to their own instance."""
    async with AsyncExitStack() as stack:
        ears = []
        for member in members:
            home = member.instance
            url = f"{home.ctx.origin.base}/api/v1/streaming?access_token={member.token}"
            socket = await stack.enter_async_context(home.session.ws_connect(url))
            ears.append(Ear(member, socket))
            await ears[-1].subscribe()
        yield ears
