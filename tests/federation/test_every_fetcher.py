"""Whatever makes us ask an address that somebody else chose: none of it reaches a machine inside.

Each fetcher is led there by a name, by a name whose answer changes (DNS rebinding) and by redirects. 127.0.0.1 stands for
the world, 127.0.0.2 for a machine inside; a bare socket there counts who comes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import cycle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from federation.addresses import Guard
from federation.attesting import attest
from federation.client import Client
from federation.context import Context
from federation.delivery import Job, attempt
from federation.failures import FetchError
from federation.media import fetch_image
from federation.previews import look_at
from federation.resolve import fetch_actor, fetch_listing, resolve_handle, resolve_instance, resolve_object, resolve_url
from federation.signing import get_keys
from federation.slices import pull
from federation.verifying import fetch_key
from federation.wire.errors import ProtocolError
from policies.ruleset import Peer
from policies.terms import Level, PeerState
from server.cli.doctor import _check_peer
from server.cli.peers import _look
from storage.push import Push
from storage.records import Actor, Card, Delivery, HostState, PushDelivery, PushSubscription
from tests.federation.home import Home
from tests.federation.test_client_guard import BarePeer, redirecting
from tests.web.push_service import AUTH, PushService, encoded
from web.outside import push, translate
from web.outside.web_push import make_vapid

ROOT = Path(__file__).parents[2]
GUARD = Guard((ip_network("127.0.0.1/32"),), development=True)
INSIDE = (
    "127.0.0.2",
    "::ffff:127.0.0.2",
    "::127.0.0.2",
    "::",
    "::1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "fe80::1%lo",
    "64:ff9b::127.0.0.2",
    "64:ff9b:1::127.0.0.2",
    "2002:7f00:2::1",
    "2001:0:808:808::80ff:fffd",
)


@pytest.fixture
def engine() -> str:
    return "sqlite"


@dataclass
class Dns:
    """Which addresses a name has, in turn; `asked` counts."""

    names: Mapping[str, Sequence[Sequence[str]]]
    asked: int = 0

    def __post_init__(self) -> None:
        self._turns = {name: cycle(turns) for name, turns in self.names.items()}

    async def look_up(self, host: str) -> Sequence[str]:
        self.asked += 1
        return next(self._turns[host])


@dataclass
class Stage:
    """Our server with a strict guard, and two machines on one port."""

    home: Home
    dns: Dns
    outside: BarePeer
    inside: BarePeer
    ctx: Context
    someone: Actor


@pytest.fixture
async def stage(home: Home) -> AsyncIterator[Stage]:
    outside, inside = BarePeer(), BarePeer()
    world = await asyncio.start_server(outside.serve, "127.0.0.1", 0)
    port = outside.port = inside.port = world.sockets[0].getsockname()[1]
    machine = await asyncio.start_server(inside.serve, "127.0.0.2", port)
    dns = Dns(
        {
            "led.example": [INSIDE],
            "turning.example": [["127.0.0.1"], ["127.0.0.2"]],
            "sending.example": [["127.0.0.1"]],
            "inside.example": [["127.0.0.2"]],
        }
    )
    await home.rule(*(f"{name}:{port}" for name in dns.names))
    someone = await home.member("anna")
    async with Client(GUARD, user_agent="x", now=home.clock, look_up=dns.look_up) as client:
        yield Stage(home, dns, outside, inside, replace(home.ctx, client=client), someone)
    for server in (world, machine):
        server.close()
        await server.wait_closed()


Fetcher = Callable[[Stage, str], Awaitable[object]]


def elsewhere(stage: Stage, host: str) -> Actor:
    return replace(
        stage.someone,
        host=host,
        uri=f"http://{host}/ben",
        followers=f"http://{host}/ben/followers",
        credential=f"http://{host}/credential",
    )


async def fetch_post(stage: Stage, host: str) -> None:
    await resolve_object(stage.ctx, f"http://{host}/post")


async def deliver(stage: Stage, host: str) -> None:
    origin = stage.ctx.origin
    keys = await stage.ctx.db.read(lambda tx: get_keys(tx, stage.someone.id, stage.someone.uri))
    delivery = Delivery(
        1, 1, 1, host, f"http://{host}/inbox", "content", "public", origin.base, None, "due", 0, 0, "", "", 0, None
    )
    await attempt(stage.ctx, Job(delivery, b"{}", keys, HostState(host, "", 0, 0, 0, "")))


async def push_to(stage: Stage, host: str) -> None:
    key = PushService(ec.generate_private_key(ec.SECP256R1())).subscription()["subscription"]["keys"]["p256dh"]
    to = PushSubscription(1, 1, 1, f"http://{host}/push", key, encoded(AUTH), 1, "{}", "all", "", 0)
    waiting = PushDelivery(1, 1, 1, host, "due", 0, 0, "")
    job = push.Job(Push(waiting, to, "en"), b"{}")
    await push.attempt(stage.ctx, make_vapid("00", "https://a.example"), job)


async def translate_at(stage: Stage, host: str) -> None:
    translator = translate.Translator(translate.Engine(f"http://{host}"), GUARD, look_up=stage.dns.look_up)
    try:
        await translator.languages()
    finally:
        await translator.close()


FETCHERS: Mapping[str, tuple[str, Fetcher]] = {
    "actor": ("federation/resolve.py", lambda stage, host: fetch_actor(stage.ctx, f"http://{host}/ben")),
    "object": ("federation/resolve.py", fetch_post),
    "what a search names": ("federation/resolve.py", lambda stage, host: resolve_url(stage.ctx, f"http://{host}/x")),
    "WebFinger": ("federation/resolve.py", lambda stage, host: resolve_handle(stage.ctx, f"ben@{host}")),
    "key": ("federation/resolve.py", lambda stage, host: fetch_key(stage.ctx, f"http://{host}/ben#main-key")),
    "followers": (
        "federation/resolve.py",
        lambda stage, host: fetch_listing(stage.ctx, f"http://{host}/list", home=f"http://{host}/"),
    ),
    "instance": ("federation/resolve.py", lambda stage, host: resolve_instance(stage.ctx, host)),
    "credential": ("federation/attesting.py", lambda stage, host: attest(stage.ctx, elsewhere(stage, host))),
    "slice": ("federation/slices.py", lambda stage, host: pull(stage.ctx, elsewhere(stage, host))),
    "portrait": ("federation/media.py", lambda stage, host: fetch_image(stage.ctx, f"http://{host}/a.png")),
    "card": (
        "federation/previews.py",
        lambda stage, host: look_at(stage.ctx, Card(1, f"http://{host}/", host, "due", 0, attempts=1)),
    ),
    "delivery": ("federation/delivery.py", deliver),
    "NodeInfo": ("server/cli/peers.py", lambda stage, host: _look(stage.ctx, host)),
    "doctor": (
        "server/cli/doctor.py",
        lambda stage, host: _check_peer(stage.ctx, Peer(host, "x", PeerState.ACTIVE, Level.CHECKED)),
    ),
    "Web Push": ("web/outside/push.py", push_to),
    "translation": ("web/outside/translate.py", translate_at),
}
# The client itself, and what asks nobody but instances that it has started.
OTHERS = {"federation/client.py", "server/demo.py"}


@pytest.mark.parametrize("name", FETCHERS)
async def test_no_fetcher_reaches_a_machine_inside(stage: Stage, name: str) -> None:
    _, fetcher = FETCHERS[name]
    port = stage.outside.port

    async def run(host: str) -> None:
        with suppress(FetchError, ProtocolError, translate.EngineError):
            await fetcher(stage, f"{host}:{port}")

    await run("led.example")
    assert (stage.dns.asked, stage.outside.connections) == (1, 0)
    for _ in range(3):
        await run("turning.example")
        stage.home.clock.pass_by(3_600_000)
    assert stage.outside.requests > 0, "it does ask where it may"
    for target in (f"inside.example:{port}", f"127.0.0.2:{port}", f"[::ffff:7f00:2]:{port}", f"0.0.0.0:{port}"):
        stage.outside.speech = redirecting(f"http://{target}/")
        before = stage.outside.requests
        await run("sending.example")
        assert stage.outside.requests > before
        stage.home.clock.pass_by(3_600_000)
    assert stage.inside.connections == 0


def test_no_fetcher_is_missing() -> None:
    """Every file that asks the client, or has connections of its own, is in the table above."""
    asks = re.compile(r"client\.(?:fetch|post)_\w+\(|ClientSession\(|open_connection\(|urlopen\(")
    sources = [path for folder in ("federation", "web", "server", "storage") for path in (ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in sources if asks.search(path.read_text("utf-8"))}
    assert found == {file for file, _ in FETCHERS.values()} | OTHERS
