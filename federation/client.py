"""The only HTTP client for addresses that others chose: address guard, time, size, redirects, content types.

Must not know keys, actors or activities: whoever asks brings a signer and judges the body. Nothing here retries;
`federation.delivery` and the queues do.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from io import BytesIO
from ssl import SSLContext
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from federation.addresses import Guard
from federation.connections import AddressRefusedError, GuardedConnector, GuardedResolver, LookUp
from federation.failures import Failures, FetchError, FetchFault

# ActivityPub §3.2. The profile is required because a bare application/ld+json may be somebody's upload (CVE-2024-25623).
ACTIVITY_TYPES = ("application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')

# (method, url, headers, body) -> headers to add
Signing = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]
# url -> whether it may be asked for
Admitted = Callable[[str], bool]


# The first row that fits counts: several of these classes are subclasses of later ones.
_FAULTS: tuple[tuple[type[Exception], FetchFault], ...] = (
    (AddressRefusedError, FetchFault.REFUSED_ADDRESS),
    (aiohttp.ClientConnectorDNSError, FetchFault.DNS),
    (aiohttp.ClientSSLError, FetchFault.TLS),
    (aiohttp.ClientConnectorError, FetchFault.CONNECT),
    (aiohttp.ConnectionTimeoutError, FetchFault.CONNECT),
    (TimeoutError, FetchFault.TIMEOUT),
    (aiohttp.ClientConnectionError, FetchFault.DISCONNECTED),
    (aiohttp.ClientError, FetchFault.MALFORMED),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a peer may cost us. Times in milliseconds, sizes in bytes."""

    total_ms: int = 10_000  # one call: look-up, redirects and body together
    file_ms: int = 60_000  # the same for a file
    connect_ms: int = 3_000
    body: int = 1 << 20  # after inflation
    header_line: int = 8_190
    header_lines: int = 100
    redirects: int = 3
    connections: int = 512
    connections_per_host: int = 8
    failures: int = 1_000
    failure_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which content types an answer may have, how many bytes after inflation, and where they go: into memory, or a file."""

    accept: tuple[str, ...]
    most: int
    into: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a GET brought. `final_url` is where it came from: after redirects, without fragment."""

    final_url: str
    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a POST, whatever its status. `retry_after` is the delay the peer asks for, in milliseconds."""

    status: int
    headers: Mapping[str, str]
    retry_after: int | None


class Client:
    """One pool of guarded connections. Make it inside a running loop; close it, or use it as a context manager.

    `now` gives unix milliseconds. `tls` replaces the system's certificate authorities, `look_up` the system's DNS.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        user_agent: str,
        now: Callable[[], int],
        limits: Limits | None = None,
        tls: SSLContext | None = None,
        look_up: LookUp | None = None,
    ) -> None:
        self._guard = guard
        self._now = now
        self._limits = limits = limits or Limits()
        self._failures = Failures(now, size=limits.failures, keep_ms=limits.failure_ms)
        self._resolver = GuardedResolver(guard, look_up)
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(
                guard,
                self._resolver,
                tls=tls,
                limit=limits.connections,
                limit_per_host=limits.connections_per_host,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect_ms / 1000),
            trust_env=False,
            max_line_size=limits.header_line,
            max_field_size=limits.header_line,
            max_headers=limits.header_lines,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    async def fetch_activity(
        self, url: str, sign: Signing | None, admitted: Admitted | None = None
    ) -> tuple[str, bytes]:
        """The final URL and the body of an ActivityPub document. Raises FetchError."""
        fetched = await self.fetch_document(url, sign=sign, admitted=admitted)
        return fetched.final_url, fetched.body

    async def fetch_document(
        self,
        url: str,
        *,
        sign: Signing | None,
        accept: tuple[str, ...] = ACTIVITY_TYPES,
        most: int | None = None,
        admitted: Admitted | None = None,
    ) -> Fetched:
        """GET a document of one of the content types in `accept`; a `profile` there is required of the answer too.

        `most` bytes, where the ordinary limit does not suit. Every redirect passes all checks again, `admitted` too, and
        is signed afresh. Raises FetchError; at once for what failed a moment ago.
        """
        wanted = Wanted(accept, most or self._limits.body)
        return await self._follow(url, sign, wanted, self._deadline(), admitted)

    async def fetch_file(
        self, url: str, into: BinaryIO, *, sign: Signing | None, accept: tuple[str, ...], most: int
    ) -> None:
        """GET a file of up to `most` bytes piece by piece, with the same checks. What was written of one that fails is
        worth nothing. Raises FetchError.
        """
        deadline = self._deadline(self._limits.file_ms)
        await self._follow(url, sign, Wanted(accept, most, into), deadline, None)

    async def _follow(
        self, url: str, sign: Signing | None, wanted: Wanted, deadline: float, admitted: Admitted | None
    ) -> Fetched:
        target = _parse_url(url, self._guard)
        for _ in range(self._limits.redirects + 1):
            if admitted is not None and not admitted(str(target)):
                raise FetchError(FetchFault.REFUSED_ADDRESS, f"{target.host} is not admitted")
            answer = await self._get(target, sign, wanted, deadline)
            if isinstance(answer, Fetched):
                return answer
            target = _parse_url(answer, self._guard, base=str(target))
        raise FetchError(FetchFault.REDIRECTS, f"more than {self._limits.redirects} from {url}")

    async def post_activity(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """POST `body` with `headers`, which hold its content type and signature. Raises FetchError.

        A redirect is an answer like others and not followed: the signature is for this target alone.
        """
        target = _parse_url(url, self._guard)
        async with self._exchange("POST", target, headers, body, self._deadline()) as response:
            await _read(response, self._limits.body)  # to its end, so that the connection can serve again
            return Posted(response.status, response.headers, _parse_retry_after(response.headers, self._now()))

    async def _get(self, url: URL, sign: Signing | None, wanted: Wanted, deadline: float) -> Fetched | str:
        """The document, or the Location of a redirect."""
        self._failures.check(url)
        headers = {"Host": url.host_port_subcomponent or "", "Accept": ", ".join(wanted.accept)}
        if sign:
            headers |= sign("GET", str(url), headers, b"")
        try:
            async with self._exchange("GET", url, headers, None, deadline) as response:
                return await self._judge(response, url, wanted)
        except FetchError as error:
            self._failures.remember(url, error)
            raise

    async def _judge(self, response: aiohttp.ClientResponse, url: URL, wanted: Wanted) -> Fetched | str:
        if response.status in {301, 302, 303, 307, 308} and "Location" in response.headers:
            return response.headers["Location"]
        if response.status != 200:
            raise FetchError(FetchFault.HTTP_STATUS, f"{response.status} from {url}", response.status)
        content_type = response.headers.get("Content-Type", "")
        if not any(_fits(content_type, accepted) for accepted in wanted.accept):
            raise FetchError(FetchFault.CONTENT_TYPE, f"{content_type or 'none'} from {url}")
        body = await _read(response, wanted.most, wanted.into)
        if body is None:
            raise FetchError(FetchFault.TOO_LARGE, f"more than {wanted.most} bytes from {url}")
        return Fetched(str(url), response.status, content_type, response.headers, body)

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        request = self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
        try:
            async with asyncio.timeout_at(deadline), request as response:
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            fault = next(fault for kind, fault in _FAULTS if isinstance(error, kind))
            raise FetchError(fault, f"{url}: {error or 'took too long'}") from error

    def _deadline(self, total_ms: int | None = None) -> float:
        return asyncio.get_running_loop().time() + (total_ms or self._limits.total_ms) / 1000


def _parse_url(text: str, guard: Guard, base: str = "") -> URL:
    """A URL we may ask for, sent as it was written: a signature covers the path byte for byte."""
    try:
        url = URL(urljoin(base, text).partition("#")[0], encoded=True)
        host, port = url.raw_host, url.port
    except ValueError as error:
        raise FetchError(FetchFault.MALFORMED, f"{text[:200]!r}: {error}") from error
    schemes = {"https", "http"} if guard.development else {"https"}
    if not host or url.scheme not in schemes or "@" in url.raw_authority or not _URL_CHARACTERS.fullmatch(str(url)):
        raise FetchError(FetchFault.MALFORMED, f"{text[:200]!r} is not a URL we fetch")
    if port != 443 and not guard.development and not guard.trusted_networks(host):
        raise FetchError(FetchFault.REFUSED_ADDRESS, f"port {port} of {host}, which is not a trusted host")
    return url


# Printable ASCII without the characters of which URL parsers disagree.
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]-_a-~]{1,2048}")


async def _read(response: aiohttp.ClientResponse, cap: int, into: BinaryIO | None = None) -> bytes | None:
    """The whole body inflated, or None as soon as it is known to be longer than `cap` bytes; empty when it went `into`."""
    if (response.content_length or 0) > cap:
        return None
    body, size = BytesIO(), 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > cap:
            return None
        (into or body).write(chunk)
    return body.getvalue()


def _fits(offered: str, wanted: str) -> bool:
    """Does a Content-Type name the wanted media type, and the profile that it asks for among its own (RFC 6906)?"""
    (kind, profiles), (wanted_kind, wanted_profiles) = _parse_content_type(offered), _parse_content_type(wanted)
    return kind == wanted_kind and wanted_profiles <= profiles


def _parse_content_type(text: str) -> tuple[str, frozenset[str]]:
    message = Message()
    message["Content-Type"] = text
    profile = message.get_param("profile")
    return message.get_content_type(), frozenset(profile.split() if isinstance(profile, str) else ())


def _parse_retry_after(headers: Mapping[str, str], now: int) -> int | None:
    """RFC 9110 §10.2.3, seconds or a date, as milliseconds from `now`; None when missing or not understood."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text) * 1000
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, int(aware.timestamp() * 1000) - now)
