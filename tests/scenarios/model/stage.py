"""Three instances of ours and two servers of another make, which every sequence of the model test finds as they were.

Built once for each engine: making keys takes longer than a whole sequence. Afterwards the databases are copied back and
the instances start again at the same addresses. Must not know what is played, nor who may see what.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp
import orjson
from aiohttp import web

from federation.context import Context, Origin
from federation.readers import read_due
from federation.resolve import resolve_actor
from federation.setup import create_instance
from federation.upkeep import drain, go_round
from server.app import build_app
from server.logs import JsonFormatter
from storage import actors
from storage.engines import connect
from storage.records import Actor
from tests.conftest import Addresses
from tests.federation.peer import Peer, Someone, signed
from tests.scenarios.model.copies import copy_of
from tests.scenarios.world import START, Clock, Instance, Member, _client, _config, ruleset
from tests.web.acting import token_as

HOUR = 3_600_000
HOSTS = ("a", "b", "c")
# Who lives where. Anna moderates the group at A; those above the line may become members, the others never do.
CANDIDATES = {"anna": "a", "luc": "a", "ben": "b", "bea": "b", "cleo": "c"}
OUTSIDERS = {"olga": "a", "chief": "a", "nina": "b", "carl": "c"}
AT_HOME = CANDIDATES | OUTSIDERS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Line:
    """What becomes of messages to one instance on their way.

    `cut`: hosts that no other host of ours reaches, nor they others. `losing`: so many messages are lost. `deaf`: of so
    many the sender never gets the answer. `twice`: each comes again when all is over, in the opposite order.
    """

    host: str
    cut: set[str]
    losing: int = 0
    deaf: int = 0
    twice: bool = False
    kept: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def clear(self) -> None:
        self.losing, self.deaf, self.twice = 0, 0, False

    def _is_cut(self, request: web.Request) -> bool:
        signer = request.headers.get("Signature-Input", "") + request.headers.get("Signature", "")
        return bool(self.cut) and (self.host in self.cut or any(f"//{host}/" in signer for host in self.cut))

    @web.middleware
    async def carry(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        lost = web.Response(status=503)
        if not request.path.startswith(("/ap/", "/.well-known/", "/nodeinfo/")):
            return await handler(request)
        if self._is_cut(request):
            return lost
        if request.method != "POST":
            return await handler(request)
        if self.losing:
            self.losing -= 1
            return lost
        if self.twice:
            self.kept.append((request.raw_path, dict(request.headers), await request.read()))
        answer = await handler(request)
        if self.deaf:
            self.deaf -= 1
            return lost
        return answer


@dataclass(slots=True)
class Skewed:
    """One instance's clock: the world's, and what it is wrong by."""

    clock: Clock
    wrong: int = 0

    def __call__(self) -> int:
        return self.clock() + self.wrong


class Log(logging.Handler):
    """What all instances write down of what they do, as they write it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @contextmanager
    def attached(self) -> Iterator[None]:
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(logging.INFO)
        yield
        root.removeHandler(self)
        root.setLevel(level)


class House:
    """One instance that can be killed and started again at its address, as it was or as it is."""

    def __init__(self, name: str, address: str, folder: Path, clock: Clock, cut: set[str]) -> None:
        self.name = name
        self.clock = Skewed(clock)
        self.address = address
        self._folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"localhost:{self._socket.getsockname()[1]}"
        self.line = Line(self.host, cut)
        self._stack = AsyncExitStack()
        self.copy = copy_of(address)

    async def start(self, known: Instance | None = None) -> Instance:
        """Serve what the database holds, as an instance that there was (`known`) or as a new one."""
        db = await connect(self.address)
        self._stack.push_async_callback(db.close)
        client = await self._stack.enter_async_context(_client(self.clock))
        ctx = Context(db, client, Origin(self.host, self.host, "http"), self.clock)
        if known is None:
            await create_instance(ctx, organisation=self.name.upper())
        app = build_app(_config(self.host, self._folder / self.name), ctx)
        app.middlewares.insert(0, self.line.carry)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, self._socket.dup()).start()
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        if known is None:
            return Instance(self.name, ctx, self.clock.clock, session, app)
        known.ctx, known.app, known.session = ctx, app, session
        return known

    def keep(self, task: asyncio.Task[None]) -> None:
        """Until the instance stops."""
        self._stack.callback(task.cancel)

    async def stop(self) -> None:
        await self._stack.aclose()

    async def close(self) -> None:
        await self.stop()
        self._socket.close()


class Stage:
    """Everybody and everything of one engine. `wire` is the wiretap: an active peer with Pia, who may become a member,
    and Paul, who never does; `stranger` is a server that nobody has listed.
    """

    houses: dict[str, House]
    at: dict[str, Instance]
    people: dict[str, Member]
    group: Actor
    guise: str
    foreign_guise: str
    app: str
    pia: Someone
    paul: Someone
    eve: Someone

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clock = Clock()
        self.cut: set[str] = set()
        self.log = Log()
        self.heard: list[tuple[str, str]] = []
        self.wire = Peer()
        self.stranger = Peer()
        self._stack = stack

    @classmethod
    async def open(cls, addresses: Addresses, folder: Path, stack: AsyncExitStack) -> "Stage":
        stage = cls(stack)
        stack.enter_context(stage.log.attached())
        for peer in (stage.wire, stage.stranger):
            await stack.enter_async_context(peer)
        stage.houses = {name: House(name, await addresses.new(), folder, stage.clock, stage.cut) for name in HOSTS}
        for house in stage.houses.values():
            stack.push_async_callback(house.close)
            stack.push_async_callback(house.copy.forget)
        stage.at = {name: await house.start() for name, house in stage.houses.items()}
        await stage._people()
        await stage._acquaintances()
        for house in stage.houses.values():
            await house.stop()
            await house.copy.keep()
        stage._kept_at = stage.clock.time
        return stage

    _kept_at = START

    async def _people(self) -> None:
        for name, instance in self.at.items():
            await instance.rule(self.rules(name))
        self.people = {
            name: await self.at[home].member(
                name,
                profession="physician" if name in CANDIDATES else "nurse",
                specialty="cardiology" if name in CANDIDATES else "",
                role="admin" if name == "chief" else "member",
            )
            for name, home in AT_HOME.items()
        }
        a, anna, olga = self.at["a"], self.people["anna"], self.people["olga"]
        reach = (*(self.houses[name].host for name in ("b", "c")), self.wire.host)
        self.group = await a.group("cardiologie", anna, reach=reach)
        other = await a.group("nephrologie", olga)
        now = self.clock()
        self.guise = await token_as(a.ctx.db, anna.actor, self.group, now=now)
        self.foreign_guise = await token_as(a.ctx.db, olga.actor, other, now=now)
        self.app = await a.app_token()
        self.pia, self.paul = self.wire.actor("pia"), self.wire.actor("paul")
        self.eve = self.stranger.actor("eve")
        self.attest()

    async def _acquaintances(self) -> None:
        """Everybody follows Anna and Ben; the wiretap's people and the group are known everywhere."""
        for name, instance in self.at.items():
            for uri in (self.pia.uri, self.paul.uri, self.wire.instance.uri, self.group.uri):
                assert await resolve_actor(instance.ctx, uri) is not None, name
        for name in (*CANDIDATES, "nina", "carl", "olga"):
            for followed in {"anna", "ben"} - {name}:
                await self.people[name].follow(f"@{followed}@{self.houses[AT_HOME[followed]].host}")
                await self.settle()
        for followed in ("anna", "ben"):
            to = self.people[followed]
            await self.send(self.paul, AT_HOME[followed], self.wire.activity("Follow", self.paul, to.actor.uri))
            await self.settle()

    def attest(self) -> None:
        """The wiretap renews what it says of its people."""
        for someone in (self.pia, self.paul):
            self.wire.attest(someone, now=self.clock())

    def rules(self, of: str, **states: str) -> str:
        """Who is an active peer of an instance: everybody here, unless a state is named (`b="suspended"`)."""
        others = {name: self.houses[name].host for name in HOSTS if name != of} | {"p": self.wire.host}
        text = ruleset(f"CHU {of.upper()}")
        for name, host in others.items():
            text += (
                f'[peers."{host}"]\norganisation = "Peer"\nstate = "{states.get(name, "active")}"\nonward = "reach"\n'
            )
        return text

    async def reset(self) -> None:
        """All is as it was when the stage was opened."""
        for name, house in self.houses.items():
            await house.stop()
            house.line.clear()
            house.line.kept.clear()
            house.clock.wrong = 0
            await house.copy.bring_back()
            await house.start(self.at[name])
            await self._listen(name)
        self.heard.clear()
        self.log.lines.clear()
        self.cut.clear()
        self.clock.time = self._kept_at
        for peer in (self.wire, self.stranger):
            peer.asked.clear()
            peer._ids = count(1)
        self.attest()

    async def restart(self, name: str) -> None:
        """Without a word: what runs is torn off, and begins again from what is stored."""
        await self.houses[name].stop()
        await self.houses[name].start(self.at[name])
        await self._listen(name)

    async def _listen(self, name: str) -> None:
        """An outsider of this instance has an app open, and hears (`heard`) whatever is streamed to it."""
        who = next(one for one, home in OUTSIDERS.items() if home == name)
        instance = self.at[name]
        asked = {"access_token": self.people[who].token}
        socket = await instance.session.ws_connect(f"{instance.ctx.origin.base}/api/v1/streaming", params=asked)
        for stream in ({"stream": "user"}, {"stream": "public"}, {"stream": "hashtag", "tag": "cardio"}):
            await socket.send_json({"type": "subscribe", **stream})

        async def hear() -> None:
            async for message in socket:
                self.heard.append((who, str(message.data)))

        self.houses[name].keep(asyncio.create_task(hear()))

    async def settle(self) -> None:
        """Every queue, until nothing moves any more."""
        for _ in range(5):
            for one in self.at.values():
                await drain(one.ctx, f"test-{one.name}")

    async def settle_but_kill(self, name: str, *, after: int) -> None:
        """Like `settle`, but one instance is killed when so many turns of the loop have passed, and starts again."""
        work = asyncio.create_task(self.settle())
        for _ in range(after):
            await asyncio.sleep(0)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await self.restart(name)

    async def pass_hours(self, hours: float) -> None:
        """Time passes, and everything that happens by itself happens."""
        self.clock.pass_by(int(hours * HOUR))
        self.attest()
        for one in self.at.values():
            await go_round(one.ctx)
            await read_due(one.ctx, f"test-{one.name}")
        await self.settle()

    async def replay(self) -> None:
        """What was overheard comes again, last first."""
        for name, house in self.houses.items():
            again, house.line.kept, house.line.twice = house.line.kept[::-1], [], False
            for path, headers, body in again:
                url = f"http://{house.host}{path}"
                async with self.at[name].session.post(url, data=body, headers=headers) as response:
                    await response.read()

    async def send(self, sender: Someone, to: str, activity: dict[str, object]) -> int:
        """The wiretap says something to one of ours."""
        url, body = f"http://{self.houses[to].host}/ap/inbox", orjson.dumps(activity)
        headers = signed(sender, "POST", url, body, now=self.clock())
        async with self.at[to].session.post(url, data=body, headers=headers) as response:
            return response.status

    async def stored(self, at: str, uri: str) -> Actor | None:
        return await self.at[at].ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, uri))

    async def id_of(self, at: str, uri: str) -> str:
        """Which id a post has at one instance; "" when it has none there."""
        found = await self.at[at].ctx.db.read(lambda tx: tx.value("SELECT id FROM statuses WHERE uri = :uri", uri=uri))
        return str(found or "")
