"""Whole instances of ours on loopback, in one process, each with its own database, clock and people.

Queues are run by `World.settle`, so that a test says when time passes and when messages travel.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import unused_port

from federation.addresses import Guard
from federation.client import Client
from federation.context import Context, Origin
from federation.outbox import attestations, groups, peers, profiles
from federation.setup import create_instance
from federation.upkeep import drain
from policies.membership import Joining
from policies.terms import Level
from server.app import build_app
from server.config import Config
from storage.engines import connect
from storage.journal import Journal
from storage.records import Actor
from tests.conftest import Addresses
from web.oauth.tokens import issue_console_token
from web.rates import Rate, Rates

EVERYTHING = ("read", "write", "follow", "push")
DAY = 24 * 3_600_000
START = 1_795_000_000_000


class Clock:
    """The time of one world: every call is a moment later, so that dates keep their order."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> int:
        self.time += 1
        return self.time

    def pass_by(self, milliseconds: int) -> None:
        self.time += milliseconds


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to a request."""

    status: int
    body: Any
    raw: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class Member:
    """A person of one instance, with an app that is signed in."""

    instance: "Instance"
    actor: Actor
    token: str

    async def ask(self, method: str, path: str, **body: Any) -> Answer:
        """Call the client API; `body` is sent as JSON (as the query for GET)."""
        return await self.instance.ask(method, path, token=self.token, **body)

    async def post(self, text: str, **more: Any) -> dict[str, Any]:
        """Publish; the post as the app sees it."""
        answer = await self.ask("POST", "/api/v1/statuses", status=text, **more)
        assert answer.status == 200, answer.body
        return dict(answer.body)

    async def home(self) -> list[dict[str, Any]]:
        answer = await self.ask("GET", "/api/v1/timelines/home")
        assert answer.status == 200, answer.body
        return list(answer.body)

    async def find(self, query: str) -> dict[str, Any]:
        """An account by handle or address, looked up over the network if need be."""
        answer = await self.ask("GET", "/api/v2/search", q=query, resolve="true", type="accounts")
        assert answer.status == 200, answer.body
        assert answer.body["accounts"], f"{query} not found"
        return dict(answer.body["accounts"][0])

    async def follow(self, query: str) -> dict[str, Any]:
        found = await self.find(query)
        answer = await self.ask("POST", f"/api/v1/accounts/{found['id']}/follow")
        assert answer.status == 200, answer.body
        return dict(answer.body)


@dataclass(slots=True)
class Instance:
    """One institution's server."""

    name: str
    ctx: Context
    clock: Clock
    session: aiohttp.ClientSession
    app: web.Application
    address: str = ""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    journal: Journal | None = None
    people: dict[str, Member] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.ctx.origin.host

    async def ask(self, method: str, path: str, *, token: str | None = None, **body: Any) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        given: dict[str, Any] = {"params": body} if method == "GET" else {"json": body}
        url = f"{self.ctx.origin.base}{path}"
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **given) as response:
            raw = await response.read()
            return Answer(response.status, _decoded(raw), raw, dict(response.headers))

    async def member(
        self,
        name: str,
        *,
        profession: str = "",
        specialty: str = "",
        level: Level = Level.CHECKED,
        role: str = "member",
    ) -> Member:
        """A new member, verified when a profession is given."""
        new = profiles.NewMember(name, f"{name}@{self.name}.example", "", display_name=name.title(), role=role)
        actor = await profiles.create_member(self.ctx, new, by="console")
        if profession:
            evidence = attestations.Evidence(profession, level, (specialty,) if specialty else ())
            await attestations.verify(self.ctx, actor.id, evidence, by="console")
        scopes = EVERYTHING if role == "member" else (*EVERYTHING, "admin:read", "admin:write")
        token = await issue_console_token(self.ctx.db, actor.id, scopes, now=self.clock())
        self.people[name] = Member(self, actor, token)
        return self.people[name]

    async def sign_in(self, name: str) -> Member:
        """A member whose app is signed in anew."""
        token = await issue_console_token(self.ctx.db, self.people[name].actor.id, EVERYTHING, now=self.clock())
        self.people[name].token = token
        return self.people[name]

    async def app_token(self) -> str:
        """What an app gets for itself, before anybody has signed in."""
        said = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write follow push"}
        app = (await self.ask("POST", "/api/v1/apps", **said)).body
        keys = {name: app[name] for name in ("client_id", "client_secret")}
        answer = await self.ask(
            "POST", "/oauth/token", grant_type="client_credentials", scope="read write follow push", **keys
        )
        return str(answer.body["access_token"])

    async def group(
        self, name: str, moderator: Member, *, reach: tuple[str, ...] = (), joining: str = "request"
    ) -> Actor:
        new = groups.NewGroup(name, name.title(), Joining(joining), reach, moderator.actor.id)
        return await groups.create(self.ctx, new, by="console")

    async def rule(self, text: str) -> None:
        await peers.save_rules(self.ctx, text, by="console", reason="test")


def _decoded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def ruleset(organisation: str, *hosts: str, network: str = "closed", **peer: str) -> str:
    """A ruleset in which these hosts are active peers; `peer` adds settings to each, as TOML text."""
    more = "".join(f"{name} = {value}\n" for name, value in peer.items() if name != "state")
    state = peer.get("state", '"active"')
    listed = "".join(
        f'[peers."{host}"]\norganisation = "Peer"\nstate = {state}\nonward = "reach"\n{more}' for host in hosts
    )
    return (
        f'[instance]\norganisation = "{organisation}"\nnetwork = "{network}"\nstrangers = "allow"\n'
        f'[audiences]\npublic = "allow"\nunlisted = "allow"\nfollowers = "allow"\ndirect = "verified"\ngroup = "members"\n'
        f"{listed}"
    )


class World:
    """Several instances and the time they share."""

    def __init__(self, addresses: Addresses, folder: Path, stack: AsyncExitStack) -> None:
        self.clock = Clock()
        self.instances: list[Instance] = []
        self._addresses = addresses
        self._folder = folder
        self._stack = stack

    async def instance(self, name: str, *, journalled: bool = False) -> Instance:
        """Start one more institution, closed to everybody. `journalled`: it keeps the journal of retractions."""
        address = await self._addresses.new()
        journal = Journal(self._folder / f"{name}-journal", self.clock) if journalled else None
        if journal is not None:
            journal.begin()
        made = await self._start(name, address, f"localhost:{unused_port()}", journal, new=True)
        self.instances.append(made)
        return made

    @asynccontextmanager
    async def offline(self, address: str, host: str, journal: Journal | None = None) -> AsyncIterator[Context]:
        """An instance that does not serve."""
        async with _client(self.clock) as client:
            db = await connect(address, journal)
            try:
                yield Context(db, client, Origin(host, host, "http"), self.clock)
            finally:
                await db.close()

    async def _start(
        self, name: str, address: str, host: str, journal: Journal | None, *, new: bool = False
    ) -> Instance:
        stack = await self._stack.enter_async_context(AsyncExitStack())
        ctx = await stack.enter_async_context(self.offline(address, host, journal))
        if new:
            await create_instance(ctx, organisation=name.upper())
        app = build_app(_config(host, self._folder / name), ctx)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", int(host.partition(":")[2])).start()
        session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
        return Instance(name, ctx, self.clock, session, app, address, stack, journal)

    async def restart(self, one: Instance) -> None:
        """Serve again, after `one.stack.aclose()`. Its members are signed in as their tokens say."""
        again = await self._start(one.name, one.address, one.host, one.journal)
        one.ctx, one.session, one.app, one.stack = again.ctx, again.session, again.app, again.stack

    async def settle(self) -> None:
        """Run every queue of every instance until nothing moves any more."""
        for _ in range(6):
            for one in self.instances:
                await drain(one.ctx, f"test-{one.name}")


def _client(clock: Callable[[], int]) -> Client:
    import ipaddress  # noqa: PLC0415

    trusted = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    return Client(Guard(trusted, {}, development=True), user_agent="Confrere/test", now=clock)


def _config(host: str, folder: Path) -> Config:
    folder.mkdir(exist_ok=True)
    return Config(
        rate_limits=Rates(*(Rate(10**6, 300) for _ in fields(Rates))),  # searches ask more than people do
        host=host,
        handle_domain=host,
        development=True,
        database="sqlite:///unused",
        media=f"file://{folder}",
    )


@asynccontextmanager
async def open_world(addresses: Addresses, folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(addresses, folder, stack)
