"""Real instances: `confrere init` in a temporary folder, `confrere serve` as a process, members and rules made by our
own code in between. Must not know what is measured.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from bench.client import ask, make_request
from bench.processes import Process, unused_port
from federation.context import Context
from federation.outbox import peers, profiles
from server.config import load_config
from server.context import now_ms, open_context
from storage.records import Actor
from web.oauth.tokens import issue_console_token

POSTGRES = os.environ.get("CONFRERE_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
ENGINES = ("sqlite", "postgresql")
READY_SECONDS = 60
SCOPES = ("read", "write", "follow", "push")
# What is measured is the work, not how the limits on one member's app cut it off.
_UNLIMITED = (
    "{ member = [1000000000, 300], token = [1000000000, 300], address = [1000000000, 300], paging = [1000000000, 900] }"
)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of ours, with an app that is signed in."""

    actor: Actor
    token: str


class Instance:
    """One institution: its settings, its database, and its server while that runs."""

    def __init__(self, folder: Path, database: str = "", *, workers: int = 1) -> None:
        """`database` is an address; "" is a SQLite file in the folder."""
        self.port = unused_port()
        self.host = f"localhost:{self.port}"
        self.log = folder / "log"
        self.up = asyncio.Event()
        self._settings = folder / "confrere.toml"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONFRERE_")},
            "CONFRERE_DATABASE": database or f"sqlite:///{folder}/confrere.sqlite3",
            "CONFRERE_RATE_LIMITS": _UNLIMITED,
            "CONFRERE_WORKERS": str(workers),
        }
        self._process: Process | None = None

    @property
    def base(self) -> str:
        return f"http://{self.host}"

    @property
    def process(self) -> Process:
        assert self._process is not None
        return self._process

    def set_workers(self, workers: int) -> None:
        """How many processes the next start has."""
        self._environ["CONFRERE_WORKERS"] = str(workers)

    async def create(self) -> None:
        """`confrere init`: settings, keys, an empty database."""
        command = self._command("init", "--host", self.host, "--organisation", "CHU", "--development")
        await asyncio.to_thread(subprocess.run, command, env=self._environ, check=True, capture_output=True)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "server", *words, "--config", str(self._settings)]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Context]:
        """Its database, for what is put there straight or looked up there; beside the server where that runs."""
        async with open_context(load_config(self._settings, self._environ)) as ctx:
            yield ctx

    async def prepare(self, names: Iterable[str], peers_hosts: Iterable[str]) -> list[Member]:
        """Members with tokens, and a closed network in which these hosts are active peers."""
        async with self.opened() as ctx:
            rules = _ruleset(peers_hosts)
            await peers.save_rules(ctx, rules, by="console", reason="bench")
            return [await _make_member(ctx, name) for name in names]

    async def start(self) -> float:
        """`confrere serve`; answers after how many seconds the first request was answered."""
        started = time.perf_counter()
        self._process = Process(self._command("serve"), log=self.log, environ=self._environ)
        request = make_request("GET", self.host, "/nodeinfo/2.1")
        while True:
            try:
                await ask(self.port, request)
                break
            except ConnectionError:
                self._require_starting(started)
                await asyncio.sleep(0.005)
        self.up.set()
        return time.perf_counter() - started

    def _require_starting(self, started: float) -> None:
        if not self.process.running or time.perf_counter() - started > READY_SECONDS:
            raise RuntimeError(f"confrere serve did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """A graceful stop."""
        self.up.clear()
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL, for all its processes; nothing happens where none runs."""
        self.up.clear()
        if self._process is not None:
            self._process.kill()

    async def ask(self, member: Member, method: str, target: str, **body: Any) -> Any:
        """A call of the client API, which must answer 200."""
        json = body or None
        return await ask(self.port, make_request(method, self.host, target, token=member.token, json=json))


async def _make_member(ctx: Context, name: str) -> Member:
    new = profiles.NewMember(name, f"{name}@chu.example", "", display_name=name.title())
    actor = await profiles.create_member(ctx, new, by="console")
    return Member(actor, await issue_console_token(ctx.db, actor.id, SCOPES, now=now_ms()))


def _ruleset(hosts: Iterable[str]) -> str:
    listed = "".join(f'[peers."{host}"]\norganisation = "Peer"\nstate = "active"\n' for host in hosts)
    return (
        '[instance]\norganisation = "CHU"\nnetwork = "closed"\nstrangers = "allow"\n'
        '[audiences]\npublic = "allow"\nunlisted = "allow"\nfollowers = "allow"\ndirect = "verified"\ngroup = "members"\n'
        f"{listed}"
    )


@asynccontextmanager
async def new_instance(engine: str = "sqlite", *, workers: int = 1) -> AsyncIterator[Instance]:
    """An instance of its own folder and database, created but not started; nothing of it is left at the end."""
    with TemporaryDirectory(prefix="confrere-bench-") as name:
        folder = Path(name)
        async with _database(engine, folder) as address:
            instance = Instance(folder, address, workers=workers)
            await instance.create()
            try:
                yield instance
            finally:
                instance.kill()


@asynccontextmanager
async def _database(engine: str, folder: Path) -> AsyncIterator[str]:
    if engine == "sqlite":
        yield ""
        return
    schema = folder.name.replace("-", "_").lower()
    await _postgres(f"CREATE SCHEMA {schema}")
    try:
        yield f"{POSTGRES}?search_path={schema}"
    finally:
        await _postgres(f"DROP SCHEMA {schema} CASCADE")


async def _postgres(sql: str) -> None:
    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def available_engines() -> tuple[str, ...]:
    """Both, or SQLite alone where no PostgreSQL answers."""
    try:
        await _postgres("SELECT 1")
    except (OSError, asyncpg.PostgresError):
        return ENGINES[:1]
    return ENGINES
