"""Nothing that was acknowledged is lost, and nothing happens twice: real processes killed at random moments, and a
recorded trace in which no answer comes before the commit of what it acknowledges. `python -m bench crash` kills longer.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from aiohttp import web

from bench import crash
from bench.client import Answer, Connection, make_request
from bench.instance import available_engines
from bench.processes import unused_port
from bench.remotes import Remote, create_note, deliver, make_remotes
from bench.stock import add_people
from federation.addresses import Guard
from federation.client import Client
from federation.context import Context, Origin
from federation.outbox import peers, profiles
from federation.setup import create_instance
from server.app import build_app
from server.config import Config
from server.context import now_ms
from storage.database import Database
from storage.engines import connect
from storage.sqlite import SqliteDatabase
from tests.conftest import Addresses
from tests.scenarios.world import EVERYTHING, ruleset
from web.oauth.tokens import issue_console_token

PEER = "peer.localhost:1"
AT_ONCE = 12


@pytest.mark.timeout(300)
async def test_killed_at_random_moments_nothing_is_lost_or_doubled(engine: str) -> None:
    if engine not in await available_engines():
        pytest.skip("no PostgreSQL: set CONFRERE_TEST_POSTGRES")
    seed = random.SystemRandom().getrandbits(32)
    outcome = await crash.run(engine, posts=20, kills=3, seed=seed)
    assert outcome.lost == [], f"seed {seed}"
    assert outcome.doubled == [], f"seed {seed}"


# --- the recorded trace -------------------------------------------------------------------------------------------

Row = tuple[str, str, Any]  # table, column, value

_INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\) VALUES \(([^)]*)\)")


@dataclass(slots=True)
class Trace:
    """Commits and beginnings of answers, in the order in which they happened.

    `commits`: for each value that was written, the moment its commit was over; `answers`: for each request that had a
    label, the moment before the first byte of its answer. Moments count what happened.
    """

    moment: int = 0
    commits: dict[Row, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    _writing: dict[int, list[Row]] = field(default_factory=dict)

    def note(self, connection: int, sql: str, params: Any) -> None:
        """A statement that is over, on one of the database's connections."""
        command = sql.lstrip().partition(" ")[0].rstrip(";").upper()
        if command == "BEGIN":
            self._writing[connection] = []
        elif command == "COMMIT":
            self.moment += 1
            self.commits |= dict.fromkeys(self._writing.pop(connection, []), self.moment)
        elif inserted := _INSERT.match(sql):
            self._writing.setdefault(connection, []).extend(_rows(inserted, params))

    async def note_answer(self, request: web.Request, _: web.StreamResponse) -> None:
        self.moment += 1
        if label := request.headers.get("X-Label"):
            self.answers[label] = self.moment


def _rows(inserted: re.Match[str], params: Any) -> list[Row]:
    """What an INSERT writes: SQLite takes parameters by name, PostgreSQL by number."""
    table, columns, places = inserted[1], inserted[2].split(", "), inserted[3].split(", ")
    named = params if isinstance(params, Mapping) else {f"${place}": value for place, value in enumerate(params, 1)}
    values = [named.get(place.removeprefix(":")) for place in places]
    return [(table, column, value) for column, value in zip(columns, values, strict=False) if value is not None]


class RecordedConnection:
    """SQLite's writing connection, watched: a statement is noted once it has returned."""

    def __init__(self, connection: Any, trace: Trace) -> None:
        self._connection = connection
        self._trace = trace

    def execute(self, sql: str, params: Any = ()) -> Any:
        cursor = self._connection.execute(sql, params)
        self._trace.note(id(self), sql, params)
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def open_recorded(address: str, trace: Trace, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database at an address, with every commit in the trace."""
    if address.startswith("sqlite"):
        database = await SqliteDatabase.open(Path(address.removeprefix("sqlite:///")))
        writer = database._writer
        writer._connection = cast("Any", RecordedConnection(writer._conn, trace))
        return database
    execute = asyncpg.Connection.execute

    async def recorded(connection: Any, query: str, *args: Any, **more: Any) -> Any:
        status = await execute(connection, query, *args, **more)
        trace.note(id(connection), query, args)
        return status

    monkeypatch.setattr(asyncpg.Connection, "execute", recorded)
    return await connect(address)


@dataclass(frozen=True, slots=True)
class Watched:
    """An instance whose trace is recorded, with a member and somebody elsewhere. Its queues stand still."""

    trace: Trace
    host: str
    port: int
    token: str
    remote: Remote

    async def ask_all(self, requests: list[bytes], status: int) -> list[Answer]:
        """All at once, each on a connection of its own."""
        opened = [await Connection.open(self.port) for _ in requests]
        pairs = zip(opened, requests, strict=True)
        answers = await asyncio.gather(*(connection.ask(request) for connection, request in pairs))
        for connection in opened:
            connection.close()
        assert {answer.status for answer in answers} == {status}, answers[0].body
        return answers

    def call(self, method: str, target: str, label: str, **body: Any) -> bytes:
        return make_request(method, self.host, target, token=self.token, json=body, X_Label=label)


@pytest.fixture
async def watched(addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    trace, port = Trace(), unused_port()
    host = f"localhost:{port}"
    guard = Guard((ip_network("127.0.0.0/8"),), {}, development=True)
    async with AsyncExitStack() as stack:
        db = await open_recorded(await addresses.new(), trace, monkeypatch)
        stack.push_async_callback(db.close)
        client = await stack.enter_async_context(Client(guard, user_agent="test", now=now_ms))
        ctx = Context(db, client, Origin(host, host, "http"), now_ms)
        token, remote = await _people(ctx)
        app = build_app(Config(host, host, "sqlite:///unused", f"file://{tmp_path}", development=True), ctx)
        app.on_response_prepare.append(trace.note_answer)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield Watched(trace, host, port, token, remote)


async def _people(ctx: Context) -> tuple[str, Remote]:
    """The token of a member, and somebody elsewhere whose key is stored."""
    await create_instance(ctx, organisation="A")
    await peers.save_rules(ctx, ruleset("A", PEER), by="console", reason="test")
    member = await profiles.create_member(ctx, profiles.NewMember("anna", "anna@a.example", ""), by="console")
    (remote,) = make_remotes([PEER], 1)
    await add_people(ctx, [remote])
    return await issue_console_token(ctx.db, member.id, EVERYTHING, now=now_ms()), remote


async def test_no_post_and_no_favourite_is_answered_before_its_commit(watched: Watched) -> None:
    labels = [f"post {number}" for number in range(AT_ONCE)]
    answers = await watched.ask_all(
        [watched.call("POST", "/api/v1/statuses", label, status=label, visibility="public") for label in labels], 200
    )
    ids = [int(answer.json["id"]) for answer in answers]
    for label, status_id in zip(labels, ids, strict=True):
        assert watched.trace.commits["statuses", "id", status_id] < watched.trace.answers[label]

    likes = [watched.call("POST", f"/api/v1/statuses/{one}/favourite", f"like {one}") for one in ids]
    await watched.ask_all(likes, 200)
    for one in ids:
        assert watched.trace.commits["favourites", "status_id", one] < watched.trace.answers[f"like {one}"]


async def test_no_delivery_is_accepted_before_its_commit(watched: Watched) -> None:
    notes = [create_note(watched.remote, number, now_ms()) for number in range(AT_ONCE)]
    requests = [deliver(watched.remote, note, watched.host, X_Label=note["id"]) for note in notes]
    await watched.ask_all(requests, 202)
    for note in notes:
        assert watched.trace.commits["inbox", "activity_uri", note["id"]] < watched.trace.answers[note["id"]]
