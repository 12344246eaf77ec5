"""All that differs between SQLite and PostgreSQL, and nothing else. No table is named here but PRAGMAs and catalogues.

One SQL text serves both engines. SQLite reads it nearly as it is; for PostgreSQL `translate` numbers the named
parameters, turns `IN :list` into `= ANY`, and uncovers comments of the form `/*pg FOR UPDATE SKIP LOCKED*/`, which
SQLite, having a single writer, does not need.

On SQLite a whole unit of work runs as one function on the connection's thread (a thread hop costs more than an
indexed read), and units that wait together share one commit, because a commit with synchronous=FULL costs more than
most units do.
"""

import asyncio
import re
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiosqlite
import asyncpg
import orjson

from storage.database import Database, Reader, Row, Transaction

T = TypeVar("T")
ReadUnit = Callable[[Reader], Awaitable[Any]]
WriteUnit = Callable[[Transaction], Awaitable[Any]]

READERS = 3
UNITS_PER_COMMIT = 64
BUSY_MS = 30_000
RETRIES = 4
# How often another process's commits are looked for; a delivery must reach an open socket within tens of milliseconds.
POLL_SECONDS = 0.008

_LIST = re.compile(r"\b(NOT\s+)?IN :(\w+)")
_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z_0-9]*)")
_POSTGRES_ONLY = re.compile(r"/\*pg (.*?)\*/", re.DOTALL)


class UnitOfWorkError(RuntimeError):
    """A unit of work awaited something other than its transaction: a network call inside one, most likely."""


@lru_cache(maxsize=4096)
def translate(sql: str) -> tuple[str, tuple[str, ...]]:
    """The text for PostgreSQL and the order in which its parameters are given."""
    sql = _POSTGRES_ONLY.sub(r"\1", sql)
    sql = _LIST.sub(lambda match: f"{'<> ALL' if match[1] else '= ANY'}(:{match[2]})", sql)
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return _NAMED.sub(number, sql), tuple(names)


@lru_cache(maxsize=4096)
def _for_sqlite(sql: str) -> str:
    return _LIST.sub(r"\1IN (SELECT value FROM json_each(:\2))", sql)


def schema_for_postgresql(sql: str) -> str:
    """Our schema files are written for SQLite's STRICT tables; PostgreSQL wants other names for the same types."""
    sql = re.sub(r"\)\s*STRICT(, WITHOUT ROWID)?;", ");", sql)
    sql = re.sub(r"\bINTEGER\b", "BIGINT", sql)
    sql = re.sub(r"\bBLOB\b", "BYTEA", sql)
    sql = re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', sql)
    return _POSTGRES_ONLY.sub(r"\1", sql)


async def connect(address: str) -> Database:
    """Open `sqlite:///relative`, `sqlite:////absolute` or `postgresql://...`; ValueError for anything else."""
    scheme = urlsplit(address).scheme
    if scheme == "sqlite":
        return await SqliteDatabase.open(Path(address.removeprefix("sqlite:///")))
    if scheme in {"postgresql", "postgres"}:
        return await PostgresDatabase.open(address)
    raise ValueError(f"database must begin with sqlite:/// or postgresql://, not {address!r}")


# --- SQLite ------------------------------------------------------------------------------------------------------


class _SqliteTransaction:
    """Both Reader and Transaction. Lives on the connection's thread: nothing in it ever suspends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _run(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(_for_sqlite(sql), _bindable(params))

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        return self._run(sql, params).fetchall()

    async def row(self, sql: str, **params: Any) -> Row | None:
        found: Row | None = self._run(sql, params).fetchone()
        return found

    async def value(self, sql: str, **params: Any) -> Any:
        found = self._run(sql, params).fetchone()
        return None if found is None else found[0]

    async def execute(self, sql: str, **params: Any) -> int:
        return self._run(sql, params).rowcount

    async def execute_many(self, sql: str, batch: Iterable[Mapping[str, Any]]) -> None:
        self._connection.executemany(_for_sqlite(sql), [_bindable(params) for params in batch])


def _bindable(params: Mapping[str, Any]) -> Mapping[str, Any]:
    if any(isinstance(value, list | tuple | set | frozenset) for value in params.values()):
        return {
            name: orjson.dumps(list(value)).decode() if isinstance(value, list | tuple | set | frozenset) else value
            for name, value in params.items()
        }
    return params


def _drive(unit: Callable[[Any], Awaitable[T]], connection: sqlite3.Connection) -> T:
    """Run a unit to its end without an event loop; it can suspend only by awaiting something foreign."""
    steps = unit(_SqliteTransaction(connection)).__await__()
    try:
        next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    steps.close()
    raise UnitOfWorkError("a unit of work awaited something other than its transaction")


def _read(connection: sqlite3.Connection, unit: ReadUnit) -> Any:
    connection.execute("BEGIN")
    try:
        return _drive(unit, connection)
    finally:
        connection.execute("COMMIT")


def _write_together(connection: sqlite3.Connection, units: list[WriteUnit]) -> list[Any]:
    """Each unit in a savepoint of its own, one COMMIT for all; answers a value or an exception for each."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_attempt(connection, unit) for unit in units]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _attempt(connection: sqlite3.Connection, unit: WriteUnit) -> Any:
    for _ in range(RETRIES):
        connection.execute("SAVEPOINT unit")
        try:
            outcome = _drive(unit, connection)
        except Exception as error:  # noqa: BLE001  # it belongs to the unit's caller, who gets it
            connection.execute("ROLLBACK TO unit")
            outcome = _Failed(error)
        connection.execute("RELEASE unit")
        if not (isinstance(outcome, _Failed) and _is_id_collision(outcome.error)):
            break
    return outcome


@dataclass(frozen=True, slots=True)
class _Failed:
    """A unit that raised; a unit may also return an exception as a value."""

    error: BaseException


def _is_id_collision(error: BaseException) -> bool:
    if isinstance(error, sqlite3.IntegrityError):
        return re.fullmatch(r"UNIQUE constraint failed: \w+\.id", str(error)) is not None
    if isinstance(error, asyncpg.UniqueViolationError):
        return str(error.constraint_name).endswith("_pkey") and "(id)=" in str(error.detail)
    return False


class SqliteDatabase:
    """One file: one writer, several readers, and an idle connection that watches for other processes' commits."""

    dialect = "sqlite"

    def __init__(
        self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection], watcher: aiosqlite.Connection
    ) -> None:
        self._writer = writer
        self._all = [writer, *readers, watcher]
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)
        self._watcher = watcher
        self._waiting: deque[tuple[WriteUnit, asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._commits = _Commits(self._version)

    @classmethod
    async def open(cls, path: Path) -> "SqliteDatabase":
        writer = await _connect_sqlite(path)
        readers = [await _connect_sqlite(path, read_only=True) for _ in range(READERS)]
        return cls(writer, readers, await _connect_sqlite(path, read_only=True))

    async def read(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        reader = await self._idle_readers.get()
        try:
            result: T = await _on_thread(reader, partial(_read, reader._conn, unit))  # noqa: SLF001  # see decision 0003
            return result
        finally:
            self._idle_readers.put_nowait(reader)

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((unit, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await answer

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), UNITS_PER_COMMIT))]
            units = [unit for unit, _ in batch]
            try:
                outcomes = await _on_thread(self._writer, partial(_write_together, self._writer._conn, units))  # noqa: SLF001  # see decision 0003
            except Exception as error:  # noqa: BLE001  # the commit failed: every unit in it did
                outcomes = [_Failed(error)] * len(batch)
            self._commits.announce()
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                _settle(answer, outcome)

    async def wait_for_commit(self, seconds: float) -> bool:
        return await self._commits.wait(seconds)

    async def _version(self) -> int:
        def version(connection: sqlite3.Connection) -> int:
            return int(connection.execute("PRAGMA data_version").fetchone()[0])

        return int(await _on_thread(self._watcher, partial(version, self._watcher._conn)))  # noqa: SLF001  # see decision 0003

    async def script(self, sql: str) -> None:
        async def run(tx: Transaction) -> None:
            for statement in _statements(sql):
                await tx.execute(statement)

        await self.transact(run)

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing
        self._commits.close()
        for connection in self._all:
            await connection.close()


def _settle(answer: asyncio.Future[Any], outcome: Any) -> None:
    if answer.done():  # its caller was cancelled; what was committed stays
        return
    if isinstance(outcome, _Failed):
        answer.set_exception(outcome.error)
    else:
        answer.set_result(outcome)


def _statements(sql: str) -> Iterable[str]:
    buffer = ""
    for line in sql.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            yield buffer
            buffer = ""


async def _on_thread(connection: aiosqlite.Connection, function: Callable[[], T]) -> T:
    """Run a function on the connection's own thread. aiosqlite keeps this method to itself; decision 0003 says why."""
    result: T = await connection._execute(function)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return result


async def _connect_sqlite(path: Path, *, read_only: bool = False) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None, cached_statements=512)
    pragmas = [
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MS}",
        "cache_size=-16000",
    ]
    for pragma in [*pragmas, "query_only=ON"] if read_only else pragmas:
        await connection.execute(f"PRAGMA {pragma}")
    async with connection.execute("PRAGMA synchronous") as cursor:
        found = await cursor.fetchone()
    if found is None or found[0] != 2:
        raise RuntimeError("SQLite did not take synchronous=FULL: an acknowledged post could be lost")
    return connection


# --- PostgreSQL --------------------------------------------------------------------------------------------------


class _PostgresTransaction:
    """Both Reader and Transaction, on one connection inside a transaction that `PostgresDatabase` opened."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        text, names = translate(sql)
        found: list[Row] = await self._connection.fetch(text, *(_listed(params[name]) for name in names))
        return found

    async def row(self, sql: str, **params: Any) -> Row | None:
        text, names = translate(sql)
        found: Row | None = await self._connection.fetchrow(text, *(_listed(params[name]) for name in names))
        return found

    async def value(self, sql: str, **params: Any) -> Any:
        text, names = translate(sql)
        return await self._connection.fetchval(text, *(_listed(params[name]) for name in names))

    async def execute(self, sql: str, **params: Any) -> int:
        text, names = translate(sql)
        status: str = await self._connection.execute(text, *(_listed(params[name]) for name in names))
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else -1

    async def execute_many(self, sql: str, batch: Iterable[Mapping[str, Any]]) -> None:
        text, names = translate(sql)
        await self._connection.executemany(text, [[_listed(params[name]) for name in names] for params in batch])


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | set | frozenset) else value


class PostgresDatabase:
    """A pool of connections, and one that listens for commits of other processes."""

    dialect = "postgresql"

    def __init__(self, pool: Any, listener: Any, channel: str) -> None:
        self._pool = pool
        self._listener = listener
        self._channel = channel
        self._heard = 0
        self._told = 0
        self._telling: asyncio.Task[None] | None = None
        self._commits = _Commits(self._version)

    @classmethod
    async def open(cls, address: str) -> "PostgresDatabase":
        pool = await asyncpg.create_pool(address, min_size=1, max_size=10, command_timeout=60)
        listener = await asyncpg.connect(address)
        # Several instances may share a database, each in a schema of its own.
        channel = f"confrere_{await listener.fetchval('SELECT current_schema()')}"
        database = cls(pool, listener, channel)
        await listener.add_listener(channel, database._hear)
        return database

    def _hear(self, *_: object) -> None:
        self._heard += 1

    async def _version(self) -> int:
        return self._heard

    async def read(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(readonly=True, isolation="repeatable_read"),
        ):
            return await unit(_PostgresTransaction(connection))

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        for attempt in range(RETRIES):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    result = await unit(_PostgresTransaction(connection))
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError) as error:
                collided = not isinstance(error, asyncpg.UniqueViolationError) or _is_id_collision(error)
                if not collided or attempt == RETRIES - 1:
                    raise
            else:
                self._commits.announce()
                self._tell()
                return result
        raise AssertionError("unreachable")  # pragma: no cover

    def _tell(self) -> None:
        """Tell the other processes soon. Notifying inside each commit would serialize all commits of the database."""
        self._told += 1
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_others())

    async def _tell_others(self) -> None:
        told = -1
        while told != self._told:
            told = self._told
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._pool.execute("SELECT pg_notify($1, '')", self._channel)

    async def wait_for_commit(self, seconds: float) -> bool:
        return await self._commits.wait(seconds)

    async def script(self, sql: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(schema_for_postgresql(sql))

    async def close(self) -> None:
        self._commits.close()
        if self._telling is not None:
            await self._telling
        await self._listener.close()
        await self._pool.close()


# --- both --------------------------------------------------------------------------------------------------------


class _Commits:
    """Wakes who waits for a commit: at once for this process's own, by polling a version for the others'."""

    def __init__(self, version: Callable[[], Awaitable[int]]) -> None:
        self._version = version
        self._seen: int | None = None
        self._event = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._waiters = 0

    def announce(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, seconds: float) -> bool:
        event = self._event
        self._waiters += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters -= 1
        return True

    async def _poll(self) -> None:
        while self._waiters:
            version = await self._version()
            if self._seen is not None and version != self._seen:
                self.announce()
            self._seen = version
            await asyncio.sleep(POLL_SECONDS)

    def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
