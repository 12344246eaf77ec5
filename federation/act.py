"""One act on the federation in progress: its context, its transaction, the rules it is judged by, its moment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from federation.context import Context
from federation.rules import Rules, get_rules
from storage.database import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Act:
    """Handed to everything that happens inside one transaction; `now` (unix ms) is the same for all of it."""

    ctx: Context
    tx: Transaction
    rules: Rules
    now: int


async def perform(ctx: Context, unit: Callable[[Act], Awaitable[T]]) -> T:
    """Open the transaction, read the ruleset in it, and run the unit."""

    async def begin(tx: Transaction) -> T:
        return await unit(Act(ctx, tx, await get_rules(tx), ctx.now()))

    return await ctx.db.transact(begin)
