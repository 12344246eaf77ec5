"""What the guarded client refuses: addresses, and peers that are slow, endless or do not speak HTTP.

The peers here are bare sockets, so that a test can count connections that carried no request.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.addresses import Guard, Network
from federation.client import Client, Limits, _parse_url
from federation.connections import GuardedResolver, LookUp
from federation.failures import Failures, FetchError, FetchFault

Speech = Callable[[asyncio.StreamWriter], Awaitable[None]]

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n"
LIMITS = Limits(body=50_000)
HASTY = Limits(total_ms=400)


class BarePeer:
    """Says one thing to whoever sends a request, and counts."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.speech: Speech = saying(HEAD + b"Content-Length: 2\r\n\r\n{}")
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.requests += 1
            await self.speech(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()


def saying(data: bytes) -> Speech:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return speak


def redirecting(url: str) -> Speech:
    return saying(f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.fixture
async def peer() -> AsyncIterator[BarePeer]:
    made = BarePeer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


def names(**known: Sequence[str]) -> LookUp:
    """A DNS in which `chu_b` stands for chu-b.example."""

    async def look_up(host: str) -> Sequence[str]:
        name = host.removesuffix(".example").replace("-", "_")
        if name not in known:
            raise OSError("no such name")
        return known[name]

    return look_up


def client_for(guard: Guard, look_up: LookUp | None = None, limits: Limits = LIMITS) -> Client:
    return Client(guard, user_agent="x", now=lambda: 0, limits=limits, look_up=look_up or names())


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Trusts loopback, by any name of which the last part is `localhost`."""
    async with client_for(Guard(trusted_addresses=LOOPBACK, development=True)) as made:
        yield made


@pytest.fixture
async def hasty() -> AsyncIterator[Client]:
    """The same with a deadline that a test can wait for."""
    async with client_for(Guard(trusted_addresses=LOOPBACK, development=True), limits=HASTY) as made:
        yield made


async def fault_of(call: Awaitable[object]) -> FetchFault:
    with pytest.raises(FetchError) as caught:
        await call
    return caught.value.kind


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::]",
        "[::1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "localhost",
        "LOCALHOST.",
        "chu-b.localhost",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_that_is_not_global_is_not_connected_to(peer: BarePeer, host: str, method: str) -> None:
    async with client_for(Guard(development=True)) as client:
        url = f"http://{host}:{peer.port}/"
        call = client.fetch_activity(url, None) if method == "GET" else client.post_activity(url, b"{}", {})
        assert await fault_of(call) is FetchFault.REFUSED_ADDRESS
    assert peer.connections == 0


@pytest.mark.parametrize("host", ["0x7f000001", "0x7f.1"])
async def test_addresses_that_only_the_system_understands_are_resolved_and_refused(peer: BarePeer, host: str) -> None:
    async with Client(Guard(development=True), user_agent="x", now=lambda: 0) as client:
        call = client.fetch_activity(f"http://{host}:{peer.port}/", None)
        assert await fault_of(call) in {FetchFault.REFUSED_ADDRESS, FetchFault.DNS}
    assert peer.connections == 0


async def test_a_name_with_a_private_address_is_not_connected_to(peer: BarePeer) -> None:
    async with client_for(Guard(development=True), names(chu_b=["127.0.0.1", "::ffff:127.0.0.1"])) as client:
        call = client.fetch_activity(f"http://chu-b.example:{peer.port}/", None)
        assert await fault_of(call) is FetchFault.REFUSED_ADDRESS
    assert peer.connections == 0


async def test_of_several_addresses_only_the_allowed_ones_are_tried() -> None:
    look_up = names(chu_b=["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "64:ff9b::a00:1"])
    resolver = GuardedResolver(Guard(), look_up)
    assert [found["host"] for found in await resolver.resolve("chu-b.example", 443)] == ["8.8.8.8", "2606:4700::1111"]
    await resolver.close()


async def test_the_connected_address_is_what_counts(peer: BarePeer) -> None:
    """0.0.0.0 passes as resolved here, but the system connects to 127.0.0.1: no request may go there."""
    guard = Guard(trusted_addresses=(ip_network("0.0.0.0/8"),), development=True)
    async with client_for(guard, names(chu_b=["0.0.0.0"])) as client:  # noqa: S104 - as above
        for host in ("chu-b.example", "0.0.0.0"):  # noqa: S104 - as above
            call = client.post_activity(f"http://{host}:{peer.port}/", b"{}", {})
            assert await fault_of(call) is FetchFault.REFUSED_ADDRESS
    assert peer.requests == 0


async def test_trust_in_a_host_is_for_its_name_alone(peer: BarePeer) -> None:
    guard = Guard(trusted_hosts={"chu-b.example": LOOPBACK}, development=True)
    async with client_for(guard, names(chu_b=["127.0.0.1"], chu_c=["127.0.0.1"])) as client:
        await client.fetch_activity(f"http://chu-b.example:{peer.port}/", None)
        for host in ("chu-c.example", "127.0.0.1", "localhost"):
            call = client.fetch_activity(f"http://{host}:{peer.port}/", None)
            assert await fault_of(call) is FetchFault.REFUSED_ADDRESS
    assert peer.connections == 1


@pytest.mark.parametrize("host", ["chu-c.example", "127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "10.0.0.1"])
async def test_a_redirect_to_a_private_address_is_refused(peer: BarePeer, host: str) -> None:
    guard = Guard(trusted_hosts={"chu-b.example": LOOPBACK}, development=True)
    peer.speech = redirecting(f"http://{host}:{peer.port}/")
    async with client_for(guard, names(chu_b=["127.0.0.1"], chu_c=["127.0.0.1"])) as client:
        for path in ("", "again"):  # the host that redirects is not to blame
            call = client.fetch_activity(f"http://chu-b.example:{peer.port}/{path}", None)
            assert await fault_of(call) is FetchFault.REFUSED_ADDRESS
    assert peer.requests == 2


@pytest.mark.parametrize("host", ["localhost", "localhost.", "chu-b.localhost", "LocalHost"])
async def test_names_under_localhost_are_loopback_without_asking(client: Client, peer: BarePeer, host: str) -> None:
    await client.fetch_activity(f"http://{host}:{peer.port}/", None)


@pytest.mark.parametrize("host", ["unknown.example", "notlocalhost", "a..b", "x" * 64 + ".example"])
async def test_a_name_without_address(host: str) -> None:
    async with client_for(Guard(), names()) as client:
        assert await fault_of(client.fetch_activity(f"https://{host}/", None)) is FetchFault.DNS


async def test_the_systems_dns_refuses_impossible_names_politely() -> None:
    async with Client(Guard(), user_agent="x", now=lambda: 0) as client:
        assert await fault_of(client.fetch_activity(f"https://{'x' * 64}/", None)) is FetchFault.DNS


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "http://chu-b.example/",
        "ftp://chu-b.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https:chu-b.example",
        "//chu-b.example/",
        "",
        "chu-b.example",
        "https://user@chu-b.example/",
        "https://user:password@chu-b.example/",
        "https://@chu-b.example/",
        "https://:password@chu-b.example/",
        "https://chu-b.example:port/",
        "https://chu-b.example:99999/",
        "https://[::1/",
        "https://chu-b.example\\@evil.example/",
        "https://chu-b.example/a b",
        "https://chu-b.example/\u00e9",
        "https://ch\u00fc-b.example/",
        "https://chu-b.example/<x>",
        "https://chu-b.example/" + "x" * 2048,
        "did:key:z6Mk",
    ],
)
async def test_urls_that_are_not_fetched(url: str) -> None:
    async with client_for(Guard(), names(chu_b=["127.0.0.1"])) as client:
        assert await fault_of(client.fetch_activity(url, None)) is FetchFault.MALFORMED


async def test_other_ports_are_for_trusted_hosts_and_development() -> None:
    async with client_for(Guard(), names(chu_b=["8.8.8.8"])) as client:
        for port in (22, 80, 6379, 8443):
            call = client.fetch_activity(f"https://chu-b.example:{port}/", None)
            assert await fault_of(call) is FetchFault.REFUSED_ADDRESS


@example(text="https:///path", development=True)
@given(
    text=st.text() | st.text().map("https://{}".format) | st.from_regex(r"https?://[!-~]{0,30}"),
    development=st.booleans(),
)
def test_any_text_is_a_url_with_host_or_malformed(*, text: str, development: bool) -> None:
    try:
        url = _parse_url(text, Guard(development=development), base="https://chu-b.example/")
    except FetchError:
        return
    assert url.scheme in ({"https", "http"} if development else {"https"})
    assert url.raw_host
    assert url.user is url.password is None
    assert not url.raw_fragment
    assert development or url.port == 443
    assert str(url).isascii()


# Size


@pytest.mark.parametrize("length", [50_000, 50_001])
@pytest.mark.parametrize("declared", [True, False])
async def test_bodies_are_capped(client: Client, peer: BarePeer, length: int, *, declared: bool) -> None:
    framing = b"Content-Length: %d\r\n\r\n" % length if declared else b"Connection: close\r\n\r\n"
    peer.speech = saying(HEAD + framing + b"x" * length)
    call = client.fetch_activity(f"http://localhost:{peer.port}/", None)
    if length > LIMITS.body:
        assert await fault_of(call) is FetchFault.TOO_LARGE
    else:
        assert len((await call)[1]) == length


async def test_a_declared_length_over_the_cap_is_not_read(client: Client, peer: BarePeer) -> None:
    """Nothing follows the head: reading on would end in a time-out."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 50001\r\n\r\n")
        await asyncio.Event().wait()

    peer.speech = speak
    url = f"http://localhost:{peer.port}/"
    assert await fault_of(client.fetch_activity(url, None)) is FetchFault.TOO_LARGE


async def test_the_cap_is_on_the_inflated_body(client: Client, peer: BarePeer) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    assert len(bomb) < LIMITS.body
    peer.speech = saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    assert await fault_of(client.fetch_activity(f"http://localhost:{peer.port}/", None)) is FetchFault.TOO_LARGE


async def test_an_endless_answer_to_a_post_is_not_read_to_its_end(client: Client, peer: BarePeer) -> None:
    sent = 0

    async def speak(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        while sent < 20_000_000:
            writer.write(b"x" * 10_000)
            await writer.drain()
            sent += 10_000

    peer.speech = speak
    assert (await client.post_activity(f"http://localhost:{peer.port}/", b"{}", {})).status == 200
    assert sent < 20_000_000


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"x" * 20_000 + b"\r\n", b"".join(b"X-%d: x\r\n" % n for n in range(200)), b"X" * 9000 + b": 1\r\n"],
)
async def test_headers_are_capped(client: Client, peer: BarePeer, headers: bytes) -> None:
    peer.speech = saying(HEAD + headers + b"Content-Length: 2\r\n\r\n{}")
    assert await fault_of(client.fetch_activity(f"http://localhost:{peer.port}/", None)) is FetchFault.MALFORMED


# Time


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", HEAD + b"Content-Length: 200\r\n\r\n"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_peer_that_drips_hits_the_deadline(peer: BarePeer, hasty: Client, start: bytes, method: str) -> None:
    """Every byte comes soon after the one before; the whole would take two seconds."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for byte in b"HTTP/1.1 200 OK\r\nX: ".removeprefix(start) + b"x" * 180:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)  # the misbehaviour itself

    peer.speech = speak
    url = f"http://localhost:{peer.port}/"
    call = hasty.fetch_activity(url, None) if method == "GET" else hasty.post_activity(url, b"{}", {})
    assert await fault_of(call) is FetchFault.TIMEOUT


async def test_a_peer_that_never_ends_the_tls_handshake_is_not_connected(peer: BarePeer) -> None:
    limits = Limits(connect_ms=200)
    async with client_for(Guard(trusted_addresses=LOOPBACK, development=True), limits=limits) as client:
        assert await fault_of(client.fetch_activity(f"https://localhost:{peer.port}/", None)) is FetchFault.CONNECT


async def test_redirects_share_one_deadline(hasty: Client, peer: BarePeer) -> None:
    """Each hop takes half of it, so that the third cannot end."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(HASTY.total_ms / 2000)  # the misbehaviour itself
        await redirecting("/next")(writer)

    peer.speech = speak
    assert await fault_of(hasty.fetch_activity(f"http://localhost:{peer.port}/", None)) is FetchFault.TIMEOUT
    assert peer.requests <= 3


async def test_a_silent_name_server_hits_the_deadline() -> None:
    async def look_up(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    async with client_for(Guard(), look_up, HASTY) as client:
        assert await fault_of(client.fetch_activity("https://chu-b.example/", None)) is FetchFault.TIMEOUT


async def test_a_slow_page_does_not_close_its_host(hasty: Client, peer: BarePeer) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    ordinary, peer.speech = peer.speech, speak
    url = f"http://localhost:{peer.port}"
    assert await fault_of(hasty.fetch_activity(f"{url}/slow", None)) is FetchFault.TIMEOUT
    peer.speech = ordinary
    await hasty.fetch_activity(f"{url}/other", None)
    assert await fault_of(hasty.fetch_activity(f"{url}/slow", None)) is FetchFault.TIMEOUT
    assert peer.requests == 2


# Not HTTP


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", FetchFault.DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nContent-", FetchFault.DISCONNECTED),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", FetchFault.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", FetchFault.MALFORMED),
        (HEAD + b"Content-Length: 10\r\n\r\n{}", FetchFault.MALFORMED),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", FetchFault.MALFORMED),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", FetchFault.MALFORMED),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\nContent-Length: 0\r\n\r\n", FetchFault.MALFORMED),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", FetchFault.MALFORMED),
        (b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n", FetchFault.MALFORMED),
    ],
)
async def test_answers_that_are_none(client: Client, peer: BarePeer, data: bytes, fault: FetchFault) -> None:
    peer.speech = saying(data)
    assert await fault_of(client.fetch_activity(f"http://localhost:{peer.port}/", None)) is fault


# Memory of failures


def test_the_memory_of_failures_is_bounded() -> None:
    failures = Failures(lambda: 0, size=2, keep_ms=1000)
    urls = [_parse_url(f"https://host-{n}.example/", Guard()) for n in range(3)]
    for url in urls:
        failures.remember(url, FetchError(FetchFault.DNS, "no such name"))
    failures.check(urls[0])
    for url in urls[1:]:
        with pytest.raises(FetchError):
            failures.check(url)


def test_signing_is_not_asked_for_what_is_refused_at_once() -> None:
    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        raise AssertionError

    async def run() -> FetchFault:
        async with client_for(Guard()) as client:
            return await fault_of(client.fetch_activity("http://chu-b.example/", sign))

    assert asyncio.run(run()) is FetchFault.MALFORMED
