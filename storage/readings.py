"""Collections of actors elsewhere that are to be read at their homes: one row for each actor and kind. Must not know what
the kinds are.
"""

from storage import queues
from storage.database import Reader, Transaction
from storage.queues import Lease
from storage.records import Reading, columns, placeholders, values

_COLUMNS = columns(Reading, "r")
_INSERT = "INSERT INTO readings ({}) VALUES ({})".format(*placeholders(Reading))
_AGAIN = (
    " ON CONFLICT (actor_id, kind) DO UPDATE SET state = 'due', url = excluded.url, due_at = excluded.due_at, "
    "asked_at = excluded.asked_at WHERE readings.state = 'done' AND readings.asked_at < :before"
)


async def upsert_reading(tx: Transaction, reading: Reading, *, before: int) -> bool:
    """Have something read; False when it waits already, or was asked for since `before` (unix ms)."""
    return await tx.execute(_INSERT + _AGAIN, **values(reading), before=before) > 0


async def count_since(tx: Reader, kind: str, host: str, moment: int) -> int:
    """How many readings of one kind at one host were asked for since a moment (unix ms)."""
    return int(
        await tx.value(
            "SELECT count(*) FROM readings WHERE host = :host AND asked_at >= :moment AND kind = :kind",
            host=host,
            moment=moment,
            kind=kind,
        )
    )


async def claim_due(tx: Transaction, lease: Lease, *, limit: int) -> list[Reading]:
    """Lease what is to be read, one of each host at a time."""
    ids = await queues.claim(tx, "readings", lease, limit=limit, share=1)
    if not ids:
        return []
    return [Reading(*row) for row in await tx.rows(f"SELECT {_COLUMNS} FROM readings r WHERE r.id IN :ids", ids=ids)]


async def finish(tx: Transaction, reading_id: int) -> None:
    await tx.execute("UPDATE readings SET state = 'done', lease_owner = '' WHERE id = :id", id=reading_id)


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "readings", owner=owner, now=now)


async def delete_before(tx: Transaction, moment: int) -> None:
    """Forget what was asked for before a moment (unix ms)."""
    await tx.execute("DELETE FROM readings WHERE asked_at < :moment AND state = 'done'", moment=moment)
