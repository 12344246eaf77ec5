"""SQLite behind the seam: one file, written by one, read by many. No table is named here but PRAGMAs.

A unit that writes runs as one function on the writer's thread, and units that wait together share one commit, because a
commit with synchronous=FULL costs more than most units do (decision 0003). A unit that only reads runs where it is asked
for, since a hop to a thread costs several times an indexed read; one that takes long is stopped and begun again on a
reader's thread, so that nobody waits for it (decision 0016).
"""

import asyncio
import re
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import aiosqlite
import orjson

from storage.commits import Commits
from storage.database import RETRIES, Reader, Row, Transaction, UnitOfWorkError
from storage.dialects import for_sqlite
from storage.journal import Entry, Journal
from storage.kept import Kept
from storage.witness import witnessed

T = TypeVar("T")
ReadUnit = Callable[[Reader], Awaitable[Any]]
WriteUnit = Callable[[Transaction], Awaitable[Any]]

READERS = 2
# How long the event loop may stand still for one read, and how often that is looked at: after so many instructions of
# SQLite's virtual machine, some tenths of a millisecond.
QUICK_SECONDS = 0.005
QUICK_STEPS = 10_000
UNITS_PER_COMMIT = 64
BUSY_MS = 30_000
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000")
STATEMENTS = 512  # prepared ones kept by each connection


class _SqliteTransaction:
    """Both Reader and Transaction. Lives on the connection's thread: nothing in it ever suspends."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, kept: Kept) -> None:
        self._connection = connection
        self.kept = kept
        self.wrote = False
        self.entries: list[Entry] = []

    def _run(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(for_sqlite(sql), _bindable(params))

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        return self._run(sql, params).fetchall()

    async def row(self, sql: str, **params: Any) -> Row | None:
        found: Row | None = self._run(sql, params).fetchone()
        return found

    async def value(self, sql: str, **params: Any) -> Any:
        found = self._run(sql, params).fetchone()
        return None if found is None else found[0]

    async def execute(self, sql: str, **params: Any) -> int:
        changed = self._run(sql, params).rowcount
        self.wrote = self.wrote or changed != 0
        return changed

    async def execute_many(self, sql: str, batch: Iterable[Mapping[str, Any]]) -> None:
        if rows := [_bindable(params) for params in batch]:
            self.wrote = True
            self._connection.executemany(for_sqlite(sql), rows)

    def retracted(self, kind: str, **facts: Any) -> None:
        self.entries.append((kind, facts))


def _bindable(params: Mapping[str, Any]) -> Mapping[str, Any]:
    if any(isinstance(value, list | tuple | set | frozenset) for value in params.values()):
        return {
            name: orjson.dumps(list(value)).decode() if isinstance(value, list | tuple | set | frozenset) else value
            for name, value in params.items()
        }
    return params


def _drive(unit: Callable[[Any], Awaitable[T]], tx: _SqliteTransaction) -> T:
    """Run a unit to its end without an event loop; it can suspend only by awaiting something foreign."""
    steps = unit(tx).__await__()
    try:
        next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    steps.close()
    raise UnitOfWorkError("a unit of work awaited something other than its transaction")


def _read(connection: sqlite3.Connection, unit: ReadUnit, kept: Kept) -> Any:
    connection.execute("BEGIN")
    try:
        return _drive(unit, _SqliteTransaction(connection, kept))
    finally:
        connection.execute("COMMIT")


def _write_together(
    connection: sqlite3.Connection, units: list[WriteUnit], journal: Journal | None
) -> tuple[list[Any], bool]:
    """Each unit in a savepoint of its own, one COMMIT for all, after what they take back is in the journal; answers a
    value or a failure for each, and whether anything was written.
    """
    before = connection.total_changes
    connection.execute("BEGIN IMMEDIATE")
    try:
        entries: list[Entry] = []
        outcomes = [_attempt(connection, unit, entries) for unit in units]
        if entries and journal is not None:
            journal.append(entries)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes, connection.total_changes != before


def _attempt(connection: sqlite3.Connection, unit: WriteUnit, entries: list[Entry]) -> Any:
    for _ in range(RETRIES):
        connection.execute("SAVEPOINT unit")
        tx = _SqliteTransaction(connection, Kept())
        try:
            outcome = _drive(unit, tx)
            entries += tx.entries
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
    return (
        isinstance(error, sqlite3.IntegrityError)
        and re.fullmatch(r"UNIQUE constraint failed: \w+\.id", str(error)) is not None
    )


class SqliteDatabase:
    """One file: one writer, a connection for quick reads on the event loop, readers for the long ones, and an idle
    connection that watches for other processes' commits.
    """

    dialect = "sqlite"

    def __init__(
        self,
        writer: aiosqlite.Connection,
        quick: "_Quick",
        readers: list[aiosqlite.Connection],
        watcher: aiosqlite.Connection,
        journal: Journal | None,
    ) -> None:
        self._writer = writer
        self._journal = journal
        self._quick = quick
        self._all = [writer, *readers, watcher]
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)
        self._watcher = watcher
        self._waiting: deque[tuple[WriteUnit, asyncio.Future[Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._commits = Commits(self._version)
        self._kept = Kept()

    @classmethod
    async def open(cls, path: Path, journal: Journal | None = None) -> "SqliteDatabase":
        writer = await _connect_sqlite(path)
        readers = [await _connect_sqlite(path, read_only=True) for _ in range(READERS)]
        return cls(writer, _Quick(path), readers, await _connect_sqlite(path, read_only=True), journal)

    async def read(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        try:
            found: T = self._quick.read(unit, self._kept)
        except sqlite3.OperationalError:  # stopped for its length, or the file is busy: either way not here
            return await self._read_aside(unit)
        return found

    ask = read

    async def _read_aside(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        reader = await self._idle_readers.get()
        try:
            result: T = await _on_thread(reader, partial(_read, reader._conn, unit, self._kept))  # noqa: SLF001  # see decision 0003
            return result
        finally:
            self._idle_readers.put_nowait(reader)

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((witnessed(unit), answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await answer

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), UNITS_PER_COMMIT))]
            units = [unit for unit, _ in batch]
            try:
                together = partial(_write_together, self._writer._conn, units, self._journal)  # noqa: SLF001  # see decision 0003
                outcomes, wrote = await _on_thread(self._writer, together)
            except Exception as error:  # noqa: BLE001  # the commit failed: every unit in it did
                outcomes, wrote = [_Failed(error)] * len(batch), False
            if wrote:
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
        self._quick.close()
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
    connection = await aiosqlite.connect(path, isolation_level=None, cached_statements=STATEMENTS)
    for pragma in [*_PRAGMAS, f"busy_timeout={BUSY_MS}", f"query_only={int(read_only)}"]:
        await connection.execute(f"PRAGMA {pragma}")
    async with connection.execute("PRAGMA synchronous") as cursor:
        found = await cursor.fetchone()
    if found is None or found[0] != 2:
        raise RuntimeError("SQLite did not take synchronous=FULL: an acknowledged post could be lost")
    return connection


class _Quick:
    """A connection for reads on the event loop: it waits for nobody, and stops what takes longer than `QUICK_SECONDS`."""

    def __init__(self, path: Path) -> None:
        self._until = 0.0
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=STATEMENTS)
        for pragma in [*_PRAGMAS, "busy_timeout=0", "query_only=1"]:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.set_progress_handler(lambda: perf_counter() > self._until, QUICK_STEPS)

    def read(self, unit: ReadUnit, kept: Kept) -> Any:
        """What the unit answers; sqlite3.OperationalError when it was stopped."""
        self._until = perf_counter() + QUICK_SECONDS
        return _read(self._connection, unit, kept)

    def close(self) -> None:
        self._connection.close()
