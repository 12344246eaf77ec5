"""Who acts for somebody else is recorded with whatever they write, in the same transaction.

A door says so once, around what it does; `Database.transact` asks. No act behind that door, and none that is added later,
can leave its record out (decision 0028). Must not know what is recorded.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from storage.database import Transaction

T = TypeVar("T")
Record = Callable[[Transaction], Awaitable[None]]

_RECORD: ContextVar[Record | None] = ContextVar("record", default=None)


@contextmanager
def recording(record: Record) -> Iterator[None]:
    """Let every unit of work of this task write a record as well, until the end of the block."""
    before = _RECORD.set(record)
    try:
        yield
    finally:
        _RECORD.reset(before)


def witnessed(unit: Callable[[Transaction], Awaitable[T]]) -> Callable[[Transaction], Awaitable[T]]:
    """The unit, with the record that belongs to it; as it is, where nobody acts for somebody else."""
    record = _RECORD.get()
    if record is None:
        return unit

    async def both(tx: Transaction) -> T:
        outcome = await unit(tx)
        if tx.wrote:
            await record(tx)
        return outcome

    return both
