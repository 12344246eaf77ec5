"""The seam between the program and its database.

A unit of work is an `async def unit(tx)` that awaits nothing but its transaction. `Database.read` and
`Database.transact` run it: on SQLite a whole unit runs on one thread (decisions 0003 and 0016), on PostgreSQL on one
pooled connection. The same SQL text serves both (see `dialects.translate`). This module must not know any table.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from storage.kept import Kept

T = TypeVar("T")
Row = Sequence[Any]
RETRIES = 4  # of a unit of work, after collisions of ids and failures to serialize


class UnitOfWorkError(RuntimeError):
    """A unit of work awaited something other than its transaction: a network call inside one, most likely."""


class Reader(Protocol):
    """What a question may do: read one consistent state of the database. `kept` are rows that were read before, `dialect`
    says `sqlite` or `postgresql` to the few questions that each engine wants put in its own way.
    """

    @property
    def kept(self) -> Kept: ...

    @property
    def dialect(self) -> str: ...

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        """Every row, in the order the SQL states."""

    async def row(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""

    async def value(self, sql: str, **params: Any) -> Any:
        """The first column of the first row, or None."""


class Transaction(Reader, Protocol):
    """What a change may do. Only `Database.transact` makes one, so a function that takes it cannot write outside it.

    `wrote`: something has been written by it.
    """

    @property
    def wrote(self) -> bool: ...

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement; answers the number of rows it changed."""

    async def execute_many(self, sql: str, batch: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement once for each set of parameters."""

    def retracted(self, kind: str, **facts: Any) -> None:
        """Something is taken back: it is in the journal (`storage.journal`) before this commits. No content in `facts`."""


class Database(Protocol):
    """One SQLite file or one PostgreSQL database. `storage.engines.connect` opens either."""

    async def read(self, unit: Callable[[Reader], Awaitable[T]]) -> T:
        """Run a unit that only reads, on one snapshot."""

    async def ask(self, question: Callable[[Reader], Awaitable[T]]) -> T:
        """Run a unit that asks one question, which needs no transaction around it: on PostgreSQL that spares two of three
        round trips. UnitOfWorkError there when it asks a second.
        """

    async def transact(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a unit in one transaction and answer after its COMMIT; any exception rolls it back.

        A unit may be run again after a collision of ids or a serialization failure: it must not have effects
        outside its transaction.
        """

    async def wait_for_commit(self, seconds: float) -> bool:
        """Wait until this or another process has committed something, at most `seconds`; True when it has."""

    async def script(self, sql: str) -> None:
        """Run a script of several statements in one transaction (migrations)."""

    async def close(self) -> None:
        """Finish what runs and let go of every connection."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`, for the few places where an operator must be told."""
