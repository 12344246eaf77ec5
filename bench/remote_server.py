"""The process behind simulated hosts: serves documents it was given, takes every POST, and counts. Knows no ActivityPub.

`python -m bench.remote_server PORT FILE`, where FILE holds `{"documents": {"host/target": [type, body]}, "hanging":
[hosts], "failing": [hosts], "garbage": [hosts]}`. One port is enough: which host is meant stands in the request. A hanging
host reads and never answers, a failing one says 500, one of garbage says what is no HTTP.
`GET /arrivals` tells for each host how many POSTs came, and when the last (CLOCK_MONOTONIC, the same in all processes).
"""

import asyncio
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import orjson
import uvloop

_HEAD_END = b"\r\n\r\n"
_HOST = re.compile(rb"\r\nhost: *([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_GARBAGE = b"\x00\xff" * 512 + b"\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Hosts:
    """All the hosts of this process."""

    documents: dict[str, tuple[str, str]]
    hanging: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    garbage: frozenset[str] = frozenset()
    arrivals: dict[str, tuple[int, float]] = field(default_factory=dict)

    def answer(self, method: str, host: str, target: str) -> bytes | None:
        """None for no answer, ever."""
        if host in self.hanging:
            return None
        if host in self.failing | self.garbage:
            return _FAILED if host in self.failing else _GARBAGE
        if method == "POST":
            count, _ = self.arrivals.get(host, (0, 0.0))
            self.arrivals[host] = (count + 1, time.monotonic())
            return _ACCEPTED
        if target == "/arrivals":
            return _ok("application/json", orjson.dumps(self.arrivals))
        found = self.documents.get(host + target)
        return _ok(found[0], found[1].encode()) if found else _NOT_FOUND


def _ok(content_type: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Door(asyncio.Protocol):
    """One connection."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, end)
            size = end + len(_HEAD_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < size:
                return
            head = bytes(self._buffer[:end])
            del self._buffer[:size]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
        host = _HOST.search(head)
        answer = self._hosts.answer(method, host[1].decode() if host else "", target)
        if answer is not None and self._transport is not None:
            self._transport.write(answer)


async def serve(port: int, hosts: Hosts) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(lambda: Door(hosts), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    given = orjson.loads(Path(sys.argv[2]).read_bytes())
    hanging, failing, garbage = (frozenset(given[name]) for name in ("hanging", "failing", "garbage"))
    hosts = Hosts({key: (kind, body) for key, (kind, body) in given["documents"].items()}, hanging, failing, garbage)
    uvloop.run(serve(int(sys.argv[1]), hosts))


if __name__ == "__main__":
    main()
