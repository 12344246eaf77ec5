"""A WebSocket client of our own (RFC 6455) on a plain socket: what a library would smooth over is looked at here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.web.api_world import World
from tests.web.streams import PATIENCE

# The RFC's own example (§1.3), and what must be answered to it.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A  # with FIN
MASK = b"\x01\x02\x03\x04"


@dataclass(frozen=True, slots=True)
class Raw:
    """An open connection and what the server answered the handshake with."""

    status: str
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def frame(self) -> tuple[int, bytes]:
        """The first byte and the payload of the next frame, whose length must be written in its shortest form."""
        async with asyncio.timeout(PATIENCE):
            first, size = await self.reader.readexactly(2)
            assert size < 128, "a server masks nothing"
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
                assert size >= 126
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8))
                assert size >= 2**16
            return first, await self.reader.readexactly(size)

    async def text(self) -> bytes:
        first, payload = await self.frame()
        assert first == TEXT
        return payload

    async def closed(self) -> bytes:
        """The payload of the close frame, after which nothing comes any more."""
        first, payload = await self.frame()
        assert first == CLOSE
        async with asyncio.timeout(PATIENCE):
            assert await self.reader.read() == b""
        return payload

    async def send(self, first: int, payload: bytes = b"") -> None:
        """One masked frame with a short payload."""
        assert len(payload) < 126
        masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
        self.writer.write(bytes((first, 0x80 | len(payload))) + MASK + masked)
        await self.writer.drain()


@asynccontextmanager
async def raw_socket(world: World, path: str, **headers: str) -> AsyncIterator[Raw]:
    """A connection that asks for a WebSocket; whether it got one is in `status`. `_` in names stands for `-`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.browser.port)
    asked = {
        "Host": "chu-a.example",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items()), "", ""]
    try:
        writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(PATIENCE):
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *given = answer.strip().split("\r\n")
        yield Raw(
            status, {name.lower(): value for name, value in (line.split(": ", 1) for line in given)}, reader, writer
        )
    finally:
        writer.close()
        await writer.wait_closed()
