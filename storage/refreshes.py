"""Threads of other hosts that a member opened, whose replies are then looked for there: one row for each post."""

from storage import queues
from storage.database import Reader, Transaction
from storage.queues import Lease
from storage.records import Refresh, columns, make, placeholders, values

_COLUMNS = columns(Refresh, "r")
_INSERT = "INSERT INTO refreshes ({}) VALUES ({})".format(*placeholders(Refresh))
_AGAIN = (
    " ON CONFLICT (id) DO UPDATE SET state = 'due', due_at = excluded.due_at, asked_at = excluded.asked_at, found = 0"
)


async def get_refresh(tx: Reader, status_id: int) -> Refresh | None:
    return make(Refresh, await tx.row(f"SELECT {_COLUMNS} FROM refreshes r WHERE r.id = :id", id=status_id))


async def count_since(tx: Reader, host: str, moment: int) -> int:
    """How often a host was to be asked since a moment (unix ms)."""
    return int(
        await tx.value(
            "SELECT count(*) FROM refreshes WHERE host = :host AND asked_at >= :moment", host=host, moment=moment
        )
    )


async def upsert_refresh(tx: Transaction, refresh: Refresh) -> None:
    """Look for a post's replies, for the first time or once more."""
    await tx.execute(_INSERT + _AGAIN, **values(refresh))


async def claim_due(tx: Transaction, lease: Lease, *, limit: int) -> list[Refresh]:
    """Lease what is to be looked for, one of each host at a time."""
    ids = await queues.claim(tx, "refreshes", lease, limit=limit, share=1)
    if not ids:
        return []
    return [Refresh(*row) for row in await tx.rows(f"SELECT {_COLUMNS} FROM refreshes r WHERE r.id IN :ids", ids=ids)]


async def finish(tx: Transaction, status_id: int, *, found: int) -> None:
    await tx.execute(
        "UPDATE refreshes SET state = 'done', lease_owner = '', found = :found WHERE id = :id",
        id=status_id,
        found=found,
    )


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "refreshes", owner=owner, now=now)


async def delete_before(tx: Transaction, moment: int) -> None:
    """Forget those that were asked for before a moment (unix ms)."""
    await tx.execute("DELETE FROM refreshes WHERE asked_at < :moment", moment=moment)
