"""The other end of streaming: sockets and event streams as apps hold them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from storage.database import Transaction
from storage.events import insert_event
from storage.members import Person
from tests.web.api_world import World
from tests.web.people import EVERYTHING, add_token

PATH = "/api/v1/streaming"
# Nothing takes this long: a test that waits longer has failed.
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Socket:
    """One WebSocket."""

    raw: aiohttp.ClientWebSocketResponse

    async def frame(self) -> dict[str, Any]:
        """The next frame; AssertionError when the socket is closed instead."""
        message = await self.raw.receive(timeout=PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.raw.close_code)
        decoded: dict[str, Any] = orjson.loads(message.data)
        return decoded

    async def event(self) -> tuple[list[str], str, Any]:
        """Stream, event, and the payload decoded once more, as it is JSON in JSON; an id stays an id."""
        frame = await self.frame()
        assert set(frame) == {"stream", "event", "payload"}
        assert isinstance(frame["payload"], str)
        payload = frame["payload"] if frame["event"] == "delete" else orjson.loads(frame["payload"])
        return frame["stream"], frame["event"], payload

    async def ask(self, **question: Any) -> None:
        await self.raw.send_str(orjson.dumps(question).decode())

    async def closed(self) -> int | None:
        """Wait for the end; answers its code."""
        message = await self.raw.receive(timeout=PATIENCE)
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}, message
        return self.raw.close_code


async def token_of(world: World, who: Person, scopes: tuple[str, ...] = EVERYTHING) -> str:
    return (await add_token(world.db, who, scopes))["Authorization"].removeprefix("Bearer ")


@asynccontextmanager
async def socket(
    world: World, who: Person, stream: str = "user", *, token: str = "", **query: str
) -> AsyncIterator[Socket]:
    """A socket with one subscription; '' subscribes to nothing."""
    params = {"access_token": token or await token_of(world, who), **({"stream": stream} if stream else {}), **query}
    async with world.browser.ws_connect(PATH, params=params) as raw:
        yield Socket(raw)


@dataclass(frozen=True, slots=True)
class Lines:
    """One Server-Sent Events stream."""

    response: aiohttp.ClientResponse

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE):
            return (await self.response.content.readline()).decode()

    async def event(self) -> tuple[str, str]:
        """The next event and its data, comments passed over."""
        name = await self.line()
        while name.startswith(":"):
            name = await self.line()
        data = await self.line()
        assert name.startswith("event: ")
        assert data.startswith("data: ")
        assert await self.line() == "\n"
        return name.removeprefix("event: ").strip(), data.removeprefix("data: ").strip()


@asynccontextmanager
async def lines(world: World, path: str, token: str) -> AsyncIterator[Lines]:
    async with world.browser.get(f"{PATH}/{path}", headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 200
        yield Lines(response)


async def tell(world: World, owner: Person, type_: str, ref: int) -> None:
    """Write an event as `federation` does."""

    async def unit(tx: Transaction) -> None:
        await insert_event(tx, owner_id=owner.actor.id, type_=type_, ref=ref, now=world.clock.now)

    await world.write(unit)
