"""A lean HTTP/1.1 client on kept-open loopback connections: it must cost less than the server it measures.

Requests are bytes that were made before; answers must have a Content-Length. Must not know what is asked.
"""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection, one request at a time. ConnectionError when it ends before its answer does."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._size = 0  # of the whole answer, once its head is known
        self._body_at = 0
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request; await the answer before the next."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            self._waiting.set_exception(ConnectionResetError())
        else:
            self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._size and not self._read_head():
            return
        if len(self._buffer) >= self._size:
            self._finish()

    def _read_head(self) -> bool:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return False
        length = _LENGTH.search(self._buffer, 0, end)
        self._body_at = end + len(_HEAD_END)
        self._size = self._body_at + (int(length[1]) if length else 0)
        return True

    def _finish(self) -> None:
        answer = Answer(int(self._buffer[9:12]), bytes(self._buffer[self._body_at : self._size]))
        del self._buffer[: self._size]
        self._size = 0
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)


def make_request(
    method: str, host: str, target: str, *, token: str = "", json: Any = None, body: bytes = b"", **headers: str
) -> bytes:
    """A request as bytes. `json` or `body` is sent; names of `headers` have _ for -."""
    given = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        given["authorization"] = f"Bearer {token}"
    if json is not None:
        body, given["content-type"] = orjson.dumps(json), "application/json"
    if method != "GET":
        given["content-length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + _HEAD_END + body


async def ask(port: int, request: bytes, *, status: int = 200) -> Any:
    """One request on a connection of its own; the JSON of its answer, which must have this status."""
    connection = await Connection.open(port)
    try:
        answer = await connection.ask(request)
    finally:
        connection.close()
    if answer.status != status:
        raise RuntimeError(f"{request[:100]!r} answered {answer.status}: {answer.body[:300]!r}")
    return answer.json if answer.body else None


@dataclass(slots=True)
class Load:
    """What a run of requests came to. Times in seconds."""

    seconds: float = 0.0
    delays: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.delays)

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def delay(self, share: float) -> float:
        """The delay that this share of the requests did not exceed."""
        return percentile(self.delays, share)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def drive(
    port: int, requests: Iterable[bytes], *, connections: int, status: int = 200, seconds: float = float("inf")
) -> Load:
    """Send requests, each connection the next one as soon as it has its answer, until none is left or time is over.

    RuntimeError for an answer of another status: a figure about errors would be worth nothing.
    """
    load, source, opened = Load(), iter(requests), [await Connection.open(port) for _ in range(connections)]
    started = time.perf_counter()
    until = started + seconds

    async def run(connection: Connection) -> None:
        for request in source:
            sent = time.perf_counter()
            if sent > until:
                return
            answer = await connection.ask(request)
            if answer.status != status:
                raise RuntimeError(f"{request[:100]!r} answered {answer.status}: {answer.body[:300]!r}")
            load.delays.append(time.perf_counter() - sent)

    try:
        async with asyncio.TaskGroup() as group:
            for connection in opened:
                group.create_task(run(connection))
        load.seconds = time.perf_counter() - started
    finally:
        for connection in opened:
            connection.close()
    return load
