"""Lines of files that members brought from elsewhere, as a queue in which members take turns. Must not know what a line
means.
"""

from collections.abc import Iterable, Sequence

from storage import queues
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.queues import Lease
from storage.records import ImportLine, as_json, columns, placeholders, values

_COLUMNS = columns(ImportLine, "i")
_INSERT = "INSERT INTO import_lines ({}) VALUES ({})".format(*placeholders(ImportLine))


async def insert_lines(tx: Transaction, owner_id: int, kind: str, lines: Iterable[Sequence[str]], *, now: int) -> None:
    """Queue the lines of a file, in its order."""
    found = list(lines)
    ids = sorted(new_id(now) for _ in found)
    made = [
        ImportLine(id_, owner_id, str(owner_id), kind, as_json(list(cells)), "due", "", 0, now, "")
        for id_, cells in zip(ids, found, strict=True)
    ]
    await tx.execute_many(_INSERT, [values(one) for one in made])


async def count_due(tx: Reader, owner_id: int) -> int:
    """How many of a member's lines wait."""
    return int(
        await tx.value("SELECT count(*) FROM import_lines WHERE owner_id = :owner AND state = 'due'", owner=owner_id)
    )


async def count_failed(tx: Reader, owner_id: int) -> int:
    """How many of a member's lines came to nothing."""
    return int(
        await tx.value("SELECT count(*) FROM import_lines WHERE owner_id = :owner AND state = 'failed'", owner=owner_id)
    )


async def list_failed(tx: Reader, owner_id: int, *, limit: int) -> list[ImportLine]:
    """A member's lines that came to nothing, in the order of their files."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM import_lines i WHERE i.owner_id = :owner AND i.state = 'failed' "
        "ORDER BY i.id LIMIT :limit",
        owner=owner_id,
        limit=limit,
    )
    return [ImportLine(*row) for row in found]


async def claim_due(tx: Transaction, lease: Lease, *, limit: int, share: int) -> list[ImportLine]:
    """Lease what is due, at most `share` lines of one member. What belongs to a closed account is dropped."""
    ids = await queues.claim(tx, "import_lines", lease, limit=limit, share=share)
    if not ids:
        return []
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM import_lines i JOIN members m ON m.actor_id = i.owner_id "
        "JOIN actors a ON a.id = i.owner_id "
        "WHERE i.id IN :ids AND m.disabled_at IS NULL AND a.disabled_at IS NULL ORDER BY i.id",
        ids=ids,
    )
    claimed = [ImportLine(*row) for row in found]
    await delete_lines(tx, set(ids) - {line.id for line in claimed})
    return claimed


async def delete_lines(tx: Transaction, line_ids: set[int]) -> None:
    """They are done."""
    if line_ids:
        await tx.execute("DELETE FROM import_lines WHERE id IN :ids", ids=sorted(line_ids))


async def delete_failed(tx: Transaction, owner_id: int) -> None:
    """The member has seen what came to nothing."""
    await tx.execute("DELETE FROM import_lines WHERE owner_id = :owner AND state = 'failed'", owner=owner_id)


async def finish_failed(tx: Transaction, line_id: int, reason: str) -> None:
    """Nothing came of it."""
    await tx.execute(
        "UPDATE import_lines SET state = 'failed', reason = :reason, lease_owner = '' WHERE id = :id",
        id=line_id,
        reason=reason,
    )


async def reschedule(tx: Transaction, line_id: int, *, due_at: int) -> None:
    """Try it again later."""
    await tx.execute("UPDATE import_lines SET due_at = :due, lease_owner = '' WHERE id = :id", due=due_at, id=line_id)


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    """Give back what a worker that stops holds."""
    return await queues.release(tx, "import_lines", owner=owner, now=now)
