"""One institution of ours with its federation routes and nothing else: what other servers see of it.

Its queues run when a test says so. Made without key generation, so that each test can have its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from yarl import URL

from federation.addresses import Guard
from federation.attesting import attest
from federation.client import Client, Limits
from federation.context import Context, Origin
from federation.delivery import claim, deliver
from federation.endpoints import add_federation_routes
from federation.inbox.process import process_batch
from federation.local_actors import INSTANCE_ACTOR_ID, insert_local_actor, new_actor
from federation.outbox import attestations, notes, peers
from federation.outbox.notes import Draft, Published
from federation.resolve import resolve_actor
from federation.wire.messages import Scheme
from federation.wire.origins import host_of
from policies.edits import closed_network
from policies.terms import Audience, Level
from policies.verification import Purpose
from storage import actors, groups, inbox, members, public_groups, rules, statuses
from storage.database import Database, Row, Transaction
from storage.engines import connect
from storage.ids import new_id
from storage.media_store import MediaStore
from storage.records import Actor, Group, InboxItem, Member, Membership, PublicGroup, Status, as_json
from tests.conftest import Addresses
from tests.federation.peer import Someone, new_keys, signed

START = 1_795_000_000_000
TRUSTED = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Clock:
    """Unix milliseconds that pass when a test says so, and one at each look, so that dates keep their order."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> int:
        self.time += 1
        return self.time

    def pass_by(self, milliseconds: int) -> None:
        self.time += milliseconds


def ruleset(
    *hosts: str, network: str = "closed", strangers: str = "allow", state: str = "active", more: str = ""
) -> str:
    """These hosts are peers in one state; `more` is TOML that follows."""
    listed = "".join(
        f'[peers."{host}"]\norganisation = "Peer"\nstate = "{state}"\nonward = "reach"\n' for host in hosts
    )
    return (
        f'[instance]\norganisation = "CHU A"\nnetwork = "{network}"\nstrangers = "{strangers}"\n[audiences]\n'
        'public = "allow"\nunlisted = "allow"\nfollowers = "allow"\ndirect = "verified"\ngroup = "members"\n'
        f"{listed}{more}"
    )


class Home:
    """Our server. `clock` is its time; tests let it pass."""

    def __init__(self, ctx: Context, clock: Clock, session: aiohttp.ClientSession) -> None:
        self.ctx = ctx
        self.clock = clock
        self.session = session

    @property
    def db(self) -> Database:
        return self.ctx.db

    @property
    def base(self) -> str:
        return self.ctx.origin.base

    async def rule(self, *hosts: str, **settings: str) -> None:
        """A closed network (unless `network` says otherwise) in which these hosts are active peers (unless `state` does)."""
        await peers.save_rules(self.ctx, ruleset(*hosts, **settings), by="console", reason="test")

    async def count(self, table: str, where: str = "1 = 1", **params: Any) -> int:
        return int(await self.db.read(lambda tx: tx.value(f"SELECT count(*) FROM {table} WHERE {where}", **params)))

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        return [tuple(row) for row in await self.db.read(lambda tx: tx.rows(sql, **params))]

    # --- people and groups ----------------------------------------------------------------------------------------

    async def _insert(self, type_: str, name: str) -> Actor:
        now = self.clock()
        actor = new_actor(self.ctx.origin, new_id(now), type_, name, name.title(), now)
        await self.db.transact(lambda tx: insert_local_actor(tx, actor, new_keys(actor.uri), now))
        return actor

    async def member(self, name: str, *, verified: bool = False) -> Actor:
        actor = await self._insert("Person", name)
        account = Member(
            actor.id,
            f"{name}@a.example",
            "",
            "member",
            "fr",
            "followers",
            self.clock(),
            None,
            confirmed_at=1,
            approved_at=1,
        )
        await self.db.transact(lambda tx: members.insert_member(tx, account))
        if verified:
            evidence = attestations.Evidence("physician", Level.CHECKED, ("cardiology",))
            await attestations.verify(self.ctx, actor.id, evidence, by="console")
        return actor

    async def group(self, name: str, moderator: Actor, *, reach: tuple[str, ...] = (), lease_hours: int = 24) -> Actor:
        """A private group of ours with its first member."""
        actor = await self._insert("Group", name)
        now = self.clock()
        row = Group(actor.id, 1, "request", "members", as_json(list(reach)), 1, lease_hours, now, 0, now)
        await self.db.transact(lambda tx: groups.insert_group(tx, row))
        await self.enroll(actor, moderator, moderator=1)
        return actor

    async def public_group(
        self, name: str, moderator: Actor, *, joining: str = "automatic", posting: str = "members"
    ) -> Actor:
        """A public group of ours with its first moderator."""
        actor = await self._insert("Group", name)
        await self.update(actor, locked=int(joining != "automatic"), discoverable=1)
        now = self.clock()
        row = PublicGroup(actor.id, joining, posting, now)

        async def unit(tx: Transaction) -> None:
            await public_groups.insert_public_group(tx, row)
            await public_groups.upsert_role(tx, actor.id, moderator.id, public_groups.MODERATOR, now=now)

        await self.db.transact(unit)
        return await self.stored(actor.uri)

    async def enroll(
        self, group: Actor, actor: Actor, *, until: int = groups.FOR_EVER, state: str = "active", **more: int
    ) -> Membership:
        """Somebody is a member (or was one, or has asked to be)."""
        now = self.clock()
        follow = f"{actor.uri}/joins/{group.id}"
        made = Membership(
            new_id(now), group.id, actor.id, state, more.get("moderator", 0), follow, more.get("epoch", 0), 1, until, now, now
        )  # fmt: skip
        await self.db.transact(lambda tx: groups.upsert_membership(tx, made))
        return made

    async def join(self, group: Someone, member: Actor, *, hours: float = 24, epoch: int = 1) -> Actor:
        """A member of ours belongs to a peer's group under a lease; the group as stored here."""
        stored = await self.know(group)
        await self.enroll(stored, member, until=self.clock() + int(hours * 3_600_000), epoch=epoch)
        return stored

    async def know(self, someone: Someone) -> Actor:
        """Somebody of a peer as stored here, fetched now."""
        actor = await resolve_actor(self.ctx, someone.uri, refresh=True)
        assert actor is not None, f"{someone.uri} cannot be fetched"
        await attest(self.ctx, actor, Purpose.ACT)
        return actor

    async def stored(self, uri: str) -> Actor:
        actor = await self.db.read(lambda tx: actors.get_actor_by_uri(tx, uri))
        assert actor is not None
        return actor

    async def update(self, actor: Actor, **changes: Any) -> None:
        async def unit(tx: Transaction) -> None:
            await actors.update_actor(tx, actor.id, **changes)

        await self.db.transact(unit)

    async def membership(self, group: Actor, actor: Actor) -> Membership | None:
        return await self.db.read(lambda tx: groups.get_membership(tx, group.id, actor.id))

    # --- posts ----------------------------------------------------------------------------------------------------

    async def publish(self, author: Actor, text: str, audience: Audience = Audience.PUBLIC, **more: Any) -> Status:
        published = await notes.publish(self.ctx, author.id, Draft(text=text, audience=audience, **more))
        assert isinstance(published, Published), published
        return published.status

    async def find(self, uri: str) -> Status | None:
        return await self.db.read(lambda tx: statuses.get_status_by_uri(tx, uri))

    # --- the wire -------------------------------------------------------------------------------------------------

    async def post(self, body: bytes, headers: dict[str, str], path: str = "/ap/inbox") -> int:
        """POST as it is; the status."""
        url = f"{self.base}{path}"
        async with self.session.post(url, data=body, headers=headers, skip_auto_headers=("Content-Type",)) as response:
            await response.read()
            return response.status

    async def send(
        self,
        sender: Someone,
        activity: dict[str, Any] | bytes,
        *,
        scheme: Scheme = Scheme.CAVAGE,
        also: Mapping[str, str] | None = None,
        **how: Any,
    ) -> int:
        """POST to the shared inbox, signed by the sender; the status. `also`: headers that are not signed."""
        body = activity if isinstance(activity, bytes) else orjson.dumps(activity)
        headers = signed(sender, "POST", f"{self.base}/ap/inbox", body, now=self.clock(), scheme=scheme, **how)
        return await self.post(body, headers | dict(also or {}))

    async def put(self, sender: Someone, activity: dict[str, Any]) -> None:
        """Into the inbox as if it had come signed by the sender, without HTTP: for tests that send very many."""
        body = orjson.dumps(activity)
        now = self.clock()
        item = InboxItem(
            new_id(now), host_of(sender.uri), sender.uri, f"{sender.uri}/{now}", "", f"{now}", body, "due", 0, now, "", "", now
        )  # fmt: skip
        await self.db.transact(lambda tx: inbox.insert_item(tx, item))

    async def process(self) -> list[str]:
        """Apply what waits in the inbox; how each item ended (or goes on waiting), as `state` or `state: reason`."""
        query = "SELECT id, state, reason, attempts FROM inbox ORDER BY id"
        before = {row[0]: row for row in await self.rows(query)}
        while await process_batch(self.ctx, "test"):
            pass
        moved = [row for row in await self.rows(query) if row != before.get(row[0])]
        return [f"{row[1]}: {row[2]}" if row[2] else str(row[1]) for row in moved]

    async def take(self, sender: Someone, activity: dict[str, Any]) -> str:
        """Receive and apply one activity that is accepted for processing; how it ended."""
        status = await self.send(sender, activity)
        assert status == 202, f"{status} for {activity['type']}"
        (ended,) = await self.process()
        return ended

    async def fetch(self, path: str, someone: Someone | None = None, **how: Any) -> tuple[int, bytes]:
        """GET, signed if somebody asks; RFC 9421 with a nonce when one is given."""
        url = path if path.startswith("http") else f"{self.base}{path}"
        how = (
            {"scheme": Scheme.RFC9421, "now": self.clock(), **how} if how.get("nonce") else {"now": self.clock(), **how}
        )
        headers = signed(someone, "GET", url, **how) if someone else {}
        async with self.session.get(URL(url, encoded=True), headers=headers) as response:
            return response.status, await response.read()

    async def deliver(self, owner: str = "test") -> int:
        """Attempt everything that is due now, once; how many were claimed."""
        jobs, claimed = await claim(self.ctx, owner, limit=100, busy=frozenset())
        for job in jobs:
            await deliver(self.ctx, job)
        return claimed


Run = Callable[[Context, asyncio.Event, str], Coroutine[Any, Any, None]]


@asynccontextmanager
async def working(home: Home, run: Run) -> AsyncIterator[asyncio.Event]:
    """A worker runs meanwhile, and is stopped gracefully, at once when the event is set."""
    stop = asyncio.Event()
    worker = asyncio.create_task(run(home.ctx, stop, "worker"))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(worker, 30)


@asynccontextmanager
async def open_home(addresses: Addresses, folder: Path, limits: Limits | None = None) -> AsyncIterator[Home]:
    """A new, closed instance."""
    clock, port = Clock(), unused_port()
    host = f"localhost:{port}"
    db = await connect(await addresses.new())
    client = Client(Guard(TRUSTED, {}, development=True), user_agent="test", now=clock, limits=limits)
    ctx = Context(db, client, Origin(host, host, "http"), clock)
    app = web.Application()
    add_federation_routes(app, ctx, MediaStore(folder))
    await _create(ctx)
    async with client, TestServer(app, host="127.0.0.1", port=port), aiohttp.ClientSession() as session:
        yield Home(ctx, clock, session)
    await db.close()


async def _create(ctx: Context) -> None:
    """As `federation.setup.create_instance`, with keys that exist already."""
    now = ctx.now()
    actor = new_actor(ctx.origin, INSTANCE_ACTOR_ID, "Application", "localhost", "CHU A", now)

    async def unit(tx: Transaction) -> None:
        await insert_local_actor(tx, actor, new_keys(actor.uri), now)
        await rules.insert_version(tx, body=closed_network("CHU A"), author="console", reason="test", now=now)

    await ctx.db.transact(unit)
