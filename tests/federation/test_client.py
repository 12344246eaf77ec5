"""What the guarded client does with peers that behave. Those that do not are in test_client_guard.py."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import Guard
from federation.client import ACTIVITY_TYPES, Client, Limits, _parse_retry_after
from federation.failures import FetchError, FetchFault

NOW = 1_790_000_000_000
AS_TYPE = "application/activity+json"
LOOPBACK = ip_network("127.0.0.0/8")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Peer:
    """A server with one answer, which keeps the requests it got."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answer: Handler = answering(body=b"{}")
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = TestServer(app, host="127.0.0.1")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.requests.append(request)
        return await self.answer(request)

    def url(self, path: str = "/ap/actor") -> str:
        return f"http://localhost:{self.server.port}{path}"


def answering(status: int = 200, body: bytes = b"", content_type: str = AS_TYPE, **headers: str) -> Handler:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Content-Type": content_type, **named})

    return answer


def redirecting(to: Callable[[web.Request], str], status: int = 302) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": to(request)})

    return answer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    async with made.server:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    guard = Guard(trusted_addresses=(LOOPBACK,), development=True)
    async with Client(guard, user_agent="Confrere/test", now=clock) as made:
        yield made


async def failure(call: Awaitable[object]) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await call
    return caught.value


async def test_fetches_a_document(client: Client, peer: Peer) -> None:
    peer.answer = answering(body=b'{"id":1}', ETag='"x"')
    fetched = await client.fetch_document(peer.url("/ap/objects/1?a=b"), sign=None)
    assert fetched.final_url == peer.url("/ap/objects/1?a=b")
    assert (fetched.status, fetched.content_type, fetched.body) == (200, AS_TYPE, b'{"id":1}')
    assert fetched.headers["etag"] == '"x"'
    assert peer.requests[0].headers["User-Agent"] == "Confrere/test"
    assert peer.requests[0].headers["Accept"] == ", ".join(ACTIVITY_TYPES)


async def test_fetches_an_activity_without_asking_for_the_fragment(client: Client, peer: Peer) -> None:
    assert await client.fetch_activity(peer.url("/ap/actor#main-key"), None) == (peer.url("/ap/actor"), b"{}")


@pytest.mark.parametrize("path", ["/a%2Fb/%C3%A9?q=%20%2B+&x=%41", "/a//b/../c", "/@name/(1)'!*"])
async def test_paths_are_sent_as_written(client: Client, peer: Peer, path: str) -> None:
    await client.fetch_activity(peer.url(path), None)
    assert peer.requests[0].raw_path == path


@pytest.mark.parametrize(
    "content_type",
    [
        "application/activity+json",
        "Application/Activity+JSON; charset=utf-8",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json;charset=utf-8;profile="https://example.org/x https://www.w3.org/ns/activitystreams"',
    ],
)
async def test_activity_content_types(client: Client, peer: Peer, content_type: str) -> None:
    peer.answer = answering(content_type=content_type)
    assert await client.fetch_activity(peer.url(), None) == (peer.url(), b"")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams#fake"',
        "application/json",
        "text/html; charset=utf-8",
        "application/activity+json+x",
        "text/plain; profile=application/activity+json",
        "application/octet-stream",
        "nonsense",
    ],
)
async def test_other_content_types_are_not_activities(client: Client, peer: Peer, content_type: str) -> None:
    peer.answer = answering(body=b'{"id":"forged"}', content_type=content_type)
    assert (await failure(client.fetch_activity(peer.url(), None))).kind is FetchFault.CONTENT_TYPE


async def test_other_documents_are_fetched_by_their_own_content_types(client: Client, peer: Peer) -> None:
    peer.answer = answering(content_type="application/jrd+json; charset=utf-8")
    accept = ("application/jrd+json", "application/json")
    fetched = await client.fetch_document(peer.url("/.well-known/webfinger"), sign=None, accept=accept)
    assert fetched.content_type == "application/jrd+json; charset=utf-8"
    assert peer.requests[0].headers["Accept"] == "application/jrd+json, application/json"


@pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 403, 404, 429, 500, 503])
async def test_every_status_but_200_is_a_fault(client: Client, peer: Peer, status: int) -> None:
    peer.answer = answering(status=status)
    error = await failure(client.fetch_activity(peer.url(), None))
    assert (error.kind, error.status) == (FetchFault.HTTP_STATUS, status)


async def test_inflates(client: Client, peer: Peer) -> None:
    peer.answer = answering(body=gzip.compress(b'{"a":1}'), Content_Encoding="gzip")
    assert (await client.fetch_activity(peer.url(), None))[1] == b'{"a":1}'


def sign_with_count() -> tuple[list[tuple[str, str]], Callable[..., Mapping[str, str]]]:
    signed: list[tuple[str, str]] = []

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        assert body == b""
        signed.append((method, url))
        return {"Date": "today", "Signature": f"{len(signed)} {headers['Host']}"}

    return signed, sign


async def test_redirects_are_followed_and_signed_again(client: Client, peer: Peer) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/ap/actor":
            raise web.HTTPFound(f"http://127.0.0.1:{request.url.port}/other#fragment")
        return web.Response(content_type=AS_TYPE)

    peer.answer = answer
    signed, sign = sign_with_count()
    final_url, _ = await client.fetch_activity(peer.url(), sign)
    elsewhere = f"127.0.0.1:{peer.server.port}"
    assert final_url == f"http://{elsewhere}/other"
    assert signed == [("GET", peer.url()), ("GET", final_url)]
    hosts = [f"localhost:{peer.server.port}", elsewhere]
    assert [request.headers["Host"] for request in peer.requests] == hosts
    assert [request.headers["Signature"] for request in peer.requests] == [f"1 {hosts[0]}", f"2 {hosts[1]}"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_three_redirects_are_the_most(client: Client, peer: Peer, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        left = int(request.path.rpartition("/")[2])
        if left == 0:
            return web.Response(content_type=AS_TYPE)
        return web.Response(status=status, headers={"Location": f"{left - 1}?relative"})

    peer.answer = answer
    assert (await client.fetch_activity(peer.url("/hop/3"), None))[0] == peer.url("/hop/0?relative")
    assert (await failure(client.fetch_activity(peer.url("/hop/4"), None))).kind is FetchFault.REDIRECTS


async def test_a_redirect_without_target_is_a_status(client: Client, peer: Peer) -> None:
    peer.answer = answering(status=302)
    assert (await failure(client.fetch_activity(peer.url(), None))).status == 302


async def test_posts_exactly_what_it_is_given(client: Client, peer: Peer) -> None:
    peer.answer = answering(status=202, body=b"queued")
    headers = {"Content-Type": AS_TYPE, "Digest": "SHA-256=x", "Signature": "y", "Date": "z"}
    posted = await client.post_activity(peer.url("/ap/inbox"), b'{"a":1}', headers)
    assert (posted.status, posted.retry_after) == (202, None)
    (request,) = peer.requests
    assert (request.method, await request.read()) == ("POST", b'{"a":1}')
    assert {name: request.headers[name] for name in headers} == headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_post_is_not_followed(client: Client, peer: Peer, status: int) -> None:
    peer.answer = redirecting(lambda _: "/elsewhere", status)
    assert (await client.post_activity(peer.url("/ap/inbox"), b"{}", {})).status == status
    assert [request.path for request in peer.requests] == ["/ap/inbox"]


@pytest.mark.parametrize("status", [400, 401, 410, 500])
async def test_a_refused_post_is_an_answer(client: Client, peer: Peer, status: int) -> None:
    peer.answer = answering(status=status)
    assert (await client.post_activity(peer.url(), b"{}", {})).status == status


async def test_retry_after_is_reported(client: Client, peer: Peer) -> None:
    peer.answer = answering(status=503, Retry_After="120")
    assert (await client.post_activity(peer.url(), b"{}", {})).retry_after == 120_000


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("0", 0),
        ("3600", 3_600_000),
        ("Mon, 21 Sep 2026 14:23:20 GMT", 10_000 * 1000),
        ("Mon, 21 Sep 2026 14:23:20", 10_000 * 1000),
        ("Mon, 21 Sep 2020 14:23:20 GMT", 0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str, delay: int | None) -> None:
    now = int(datetime(2026, 9, 21, 14, 23, 20, tzinfo=UTC).timestamp() * 1000) - 10_000_000
    assert _parse_retry_after({"Retry-After": value}, now) == delay


@given(st.text(alphabet=st.characters(max_codepoint=255)) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ .*"))
def test_retry_after_never_fails(value: str) -> None:
    delay = _parse_retry_after({"Retry-After": value}, NOW)
    assert delay is None or delay >= 0


async def test_cookies_are_not_kept(client: Client, peer: Peer) -> None:
    peer.answer = answering(Set_Cookie="session=1; Path=/")
    for _ in range(2):
        await client.fetch_activity(f"http://127.0.0.1:{peer.server.port}/", None)
        await client.fetch_activity(peer.url(), None)
    assert all("Cookie" not in request.headers for request in peer.requests)


async def test_proxies_of_the_environment_are_not_used(
    client: Client, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    await client.fetch_activity(peer.url(), None)


async def test_connections_are_used_again(client: Client, peer: Peer) -> None:
    peer.answer = answering(status=202, body=b"queued")
    for _ in range(3):
        await client.post_activity(peer.url(), b"{}", {})
    assert len({request.transport for request in peer.requests}) == 1


async def test_connections_to_one_host_are_limited(client: Client, peer: Peer) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        if request.path == "/held":
            begun.set()
            await go_on.wait()
        return web.Response(content_type=AS_TYPE)

    peer.answer = hold
    guard = Guard(trusted_addresses=(LOOPBACK,), development=True)
    async with Client(guard, user_agent="x", now=Clock(), limits=Limits(connections_per_host=2)) as limited:
        held = [asyncio.create_task(limited.fetch_activity(peer.url("/held"), None)) for _ in range(6)]
        await begun.wait()
        for _ in range(10):  # other exchanges go by, and with them the time that more would need to arrive
            await client.fetch_activity(peer.url("/other"), None)
        assert [request.path for request in peer.requests].count("/held") == 2
        go_on.set()
        await asyncio.gather(*held)


# What failed a moment ago


async def test_a_410_is_not_asked_for_again_until_the_time_is_over(client: Client, peer: Peer, clock: Clock) -> None:
    peer.answer = answering(status=410)
    for _ in range(2):
        assert (await failure(client.fetch_activity(peer.url(), None))).status == 410
    assert len(peer.requests) == 1
    peer.answer = answering()
    await client.fetch_activity(peer.url("/other"), None)
    clock.now += 30_000
    await client.fetch_activity(peer.url(), None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
async def test_other_statuses_are_asked_for_again(client: Client, peer: Peer, status: int) -> None:
    """Another signature, another signer or an accepted join may change them at once."""
    peer.answer = answering(status=status)
    await failure(client.fetch_activity(peer.url(), None))
    peer.answer = answering()
    await client.fetch_activity(peer.url(), None)


async def test_a_content_type_does_not_spoil_the_url_for_others(client: Client, peer: Peer) -> None:
    peer.answer = answering(content_type="text/html")
    await failure(client.fetch_activity(peer.url(), None))
    await client.fetch_document(peer.url(), sign=None, accept=("text/html",))


async def test_a_host_that_cannot_be_reached_is_left_alone_for_a_while(client: Client, clock: Clock) -> None:
    peer = Peer()
    async with peer.server:
        url, port = peer.url(), peer.server.port
    assert (await failure(client.fetch_activity(url, None))).kind is FetchFault.CONNECT
    back = Peer()
    back.server = TestServer(back.server.app, host="127.0.0.1", port=port)
    async with back.server:
        assert (await failure(client.fetch_activity(f"{url}/other", None))).kind is FetchFault.CONNECT
        await client.post_activity(url, b"{}", {})  # deliveries have a back-off of their own
        clock.now += 30_000
        await client.fetch_activity(url, None)


# TLS, as outside development


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for chu-b.intra, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chu-b.intra")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("chu-b.intra")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    unencrypted = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    path = tmp_path / "chu-b.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
async def tls_peer(certificate: Path) -> AsyncIterator[Peer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    peer = Peer()
    await peer.server.start_server(ssl=context)
    yield peer
    await peer.server.close()


async def at_home(host: str) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def strict_client(certificate: Path) -> AsyncIterator[Client]:
    guard = Guard(trusted_hosts={"chu-b.intra": (LOOPBACK,), "chu-c.intra": (LOOPBACK,)})
    tls = ssl.create_default_context(cafile=certificate)
    async with Client(guard, user_agent="x", now=Clock(), tls=tls, look_up=at_home) as made:
        yield made


async def test_a_trusted_host_is_reached_by_tls_on_its_own_port(strict_client: Client, tls_peer: Peer) -> None:
    url = f"https://chu-b.intra:{tls_peer.server.port}/"
    assert await strict_client.fetch_activity(url, None) == (url, b"{}")


async def test_a_certificate_for_another_name_is_refused(strict_client: Client, tls_peer: Peer) -> None:
    url = f"https://chu-c.intra:{tls_peer.server.port}/"
    assert (await failure(strict_client.fetch_activity(url, None))).kind is FetchFault.TLS
    assert tls_peer.requests == []


async def test_a_certificate_of_an_unknown_authority_is_refused(tls_peer: Peer) -> None:
    guard = Guard(trusted_hosts={"chu-b.intra": (LOOPBACK,)})
    async with Client(guard, user_agent="x", now=Clock(), look_up=at_home) as client:
        url = f"https://chu-b.intra:{tls_peer.server.port}/"
        assert (await failure(client.post_activity(url, b"{}", {}))).kind is FetchFault.TLS
    assert tls_peer.requests == []


async def test_a_redirect_from_https_to_http_is_refused(strict_client: Client, tls_peer: Peer) -> None:
    tls_peer.answer = redirecting(lambda request: f"http://chu-b.intra:{request.url.port}/")
    url = f"https://chu-b.intra:{tls_peer.server.port}/"
    assert (await failure(strict_client.fetch_activity(url, None))).kind is FetchFault.MALFORMED
