"""Connections that go only where the address guard lets them: the resolver and connector of `federation.client`.

Three checks, because each sees what the others cannot: addresses written as host, which are never resolved; answers
of the DNS, before a packet goes out; and the peer that the socket really has, before a byte of the request does.
Must not know URLs, methods or bodies.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext

import aiohttp
from aiohttp import ClientRequest, ClientTimeout
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from federation.addresses import Guard, Reach

# Host name -> addresses as text. Raises OSError when there are none.
LookUp = Callable[[str], Awaitable[Sequence[str]]]

_DNS_THREADS = 32


class AddressRefusedError(aiohttp.ClientError):
    """The guard refuses every address that the host has."""


class GuardedResolver(AbstractResolver):
    """Looks names up and keeps the addresses that the guard allows.

    In threads of its own: a name server that does not answer holds a thread for many seconds, and the event loop's
    few serve others too. `localhost` and names below it are loopback without asking (RFC 6761 §6.3).
    """

    def __init__(self, guard: Guard, look_up: LookUp | None) -> None:
        self._guard = guard
        self._threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="dns")
        self._look_up = look_up or self._ask_system

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - part of aiohttp's interface
    ) -> list[ResolveResult]:
        found = ("127.0.0.1", "::1") if _is_localhost(host) else await self._look_up(host)
        allowed = [address for address in found if self._guard.decide_address(host, address) is not Reach.REFUSED]
        if not allowed:
            raise AddressRefusedError(f"{host} is at {', '.join(found)}")
        return [_resolved(host, address, port) for address in allowed]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask_system(self, host: str) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _get_addresses, host)


class GuardedConnector(aiohttp.TCPConnector):
    """Connects to allowed addresses only, whether a name or an address was asked for."""

    def __init__(
        self, guard: Guard, resolver: GuardedResolver, *, tls: SSLContext | None, limit: int, limit_per_host: int
    ) -> None:
        # No DNS cache: connections are kept open, and a look-up shared between callers could not be cancelled.
        super().__init__(
            resolver=resolver, use_dns_cache=False, ssl=tls or True, limit=limit, limit_per_host=limit_per_host
        )
        self._guard = guard

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - part of aiohttp's interface
    ) -> Connection:
        host = req.url.raw_host or ""
        if ":" in host or host.replace(".", "").isdigit():
            self._check(host, host)
        connection = await super().connect(req, traces, timeout)
        try:
            self._check(host, _peer_address(connection))
        except aiohttp.ClientError:
            connection.close()
            raise
        return connection

    def _check(self, host: str, address: str) -> None:
        if self._guard.decide_address(host, address) is Reach.REFUSED:
            raise AddressRefusedError(f"{host} is at {address}")


def _peer_address(connection: Connection) -> str:
    peer = connection.transport.get_extra_info("peername") if connection.transport else None
    if peer is None:
        raise aiohttp.ServerDisconnectedError
    return str(peer[0])


def _is_localhost(host: str) -> bool:
    return ("." + host.rstrip(".").lower()).endswith(".localhost")


def _get_addresses(host: str) -> Sequence[str]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label that is empty or longer than 63 characters
        raise OSError(f"{host}: {error}") from error
    return [str(sockaddr[0]) for *_, sockaddr in answers]


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
