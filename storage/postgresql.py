"""PostgreSQL behind the seam: a pool of connections, a unit of work on one of them. No table is named here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg

from storage.commits import Commits
from storage.database import RETRIES, Reader, Row, Transaction, UnitOfWorkError
from storage.dialects import schema_for_postgresql, translate
from storage.journal import Entry, Journal
from storage.kept import Kept
from storage.witness import witnessed

T = TypeVar("T")

CONNECTIONS = 10  # of each process

# Units run side by side: what one looked for may come from another before it is inserted, and ON CONFLICT names one of a
# table's unique columns only. Run again, the unit finds the row; one that would never fit fails as it did.
_COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)


class _PostgresTransaction:
    """Both Reader and Transaction, on one connection inside a transaction that `PostgresDatabase` opened."""

    dialect = "postgresql"

    def __init__(self, connection: Any, kept: Kept) -> None:
        self._connection = connection
        self.kept = kept
        self.wrote = False
        self.entries: list[Entry] = []

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
        changed = int(last) if last.isdigit() else -1
        self.wrote = self.wrote or changed != 0
        return changed

    async def execute_many(self, sql: str, batch: Iterable[Mapping[str, Any]]) -> None:
        text, names = translate(sql)
        if rows := [[_listed(params[name]) for name in names] for params in batch]:
            self.wrote = True
            await self._connection.executemany(text, rows)

    def retracted(self, kind: str, **facts: Any) -> None:
        self.entries.append((kind, facts))


class _Question(_PostgresTransaction):
    """A Reader for one statement, which sees one state of the database by itself."""

    asked = False

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        self._once()
        return await super().rows(sql, **params)

    async def row(self, sql: str, **params: Any) -> Row | None:
        self._once()
        return await super().row(sql, **params)

    async def value(self, sql: str, **params: Any) -> Any:
        self._once()
        return await super().value(sql, **params)

    def _once(self) -> None:
        if self.asked:
            raise UnitOfWorkError("a second question without a transaction")
        self.asked = True


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | set | frozenset) else value


STATEMENTS = 512  # prepared ones kept by each connection
# Each statement is planned once in a connection: our conditions on who may see a post take PostgreSQL longer to plan
# (1.2 ms for the home timeline) than to run, and it would plan them anew each time.
_SESSION = {"plan_cache_mode": "force_generic_plan"}


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Our units leave nothing behind in a session that the pool would have to reset, at a round trip each time."""

    def get_reset_query(self) -> str:
        return ""


class PostgresDatabase:
    """A pool of connections, and one that listens for commits of other processes."""

    dialect = "postgresql"

    def __init__(self, pool: Any, listener: Any, channel: str, journal: Journal | None) -> None:
        self._pool = pool
        self._journal = journal
        self._listener = listener
        self._channel = channel
        self._heard = 0
        self._told = 0
        self._telling: asyncio.Task[None] | None = None
        self._commits = Commits(self._version)
        self._kept = Kept()

    @classmethod
    async def open(cls, address: str, journal: Journal | None = None) -> "PostgresDatabase":
        pool = await asyncpg.create_pool(
            address,
            min_size=1,
            max_size=CONNECTIONS,
            command_timeout=60,
            connection_class=_Connection,
            server_settings=_SESSION,
            statement_cache_size=STATEMENTS,
        )
        listener = await asyncpg.connect(address)
        # Several instances may share a database, each in a schema of its own.
        channel = f"confrere_{await listener.fetchval('SELECT current_schema()')}"
        database = cls(pool, listener, channel, journal)
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
            return await unit(_PostgresTransaction(connection, self._kept))

    async def ask(self, question: Callable[[Reader], Awaitable[T]]) -> T:
        async with self._pool.acquire() as connection:
            return await question(_Question(connection, self._kept))

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        unit = witnessed(unit)
        for attempt in range(RETRIES):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    tx = _PostgresTransaction(connection, Kept())
                    result = await unit(tx)
                    if tx.entries and self._journal is not None:
                        await asyncio.to_thread(self._journal.append, tx.entries)
            except _COLLISIONS:
                if attempt == RETRIES - 1:
                    raise
            else:
                if tx.wrote:  # an empty claim must not wake those who make empty claims
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
