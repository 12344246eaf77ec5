"""How far members have read. Nobody but themselves is told."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.records import Marker, columns

_COLUMNS = columns(Marker, "k")


async def list_markers(tx: Reader, owner_id: int, timelines: Iterable[str]) -> dict[str, Marker]:
    """Those of a member's markers that there are, by timeline."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM markers k WHERE k.owner_id = :owner AND k.timeline IN :timelines ORDER BY k.timeline",
        owner=owner_id,
        timelines=list(timelines),
    )
    return {row[1]: Marker(*row) for row in found}


async def upsert_marker(
    tx: Transaction, owner_id: int, timeline: str, *, last_read_id: int, before: int, now: int
) -> bool:
    """Move a marker whose version was `before` (-1: there was none); False when it has moved meanwhile."""
    return bool(
        await tx.execute(
            "INSERT INTO markers (owner_id, timeline, last_read_id, version, updated_at) "
            "VALUES (:owner, :timeline, :last, 0, :now) ON CONFLICT (owner_id, timeline) DO UPDATE SET "
            "last_read_id = excluded.last_read_id, version = markers.version + 1, updated_at = excluded.updated_at "
            "WHERE markers.version = :before",
            owner=owner_id,
            timeline=timeline,
            last=last_read_id,
            before=before,
            now=now,
        )
    )


async def list_read(tx: Reader, owner_id: int, thread_ids: Iterable[int]) -> dict[int, int]:
    """Up to which post a member has read conversations, by thread; a thread that they never read is left out."""
    found = await tx.rows(
        "SELECT c.thread_id, c.read_id FROM conversation_marks c WHERE c.owner_id = :owner AND c.thread_id IN :threads",
        owner=owner_id,
        threads=list(thread_ids),
    )
    return {row[0]: row[1] for row in found}


async def upsert_read(tx: Transaction, owner_id: int, thread_id: int, *, up_to: int, removed: bool = False) -> None:
    """A conversation is read up to a post. `removed`: and put away, until there is another."""
    await tx.execute(
        "INSERT INTO conversation_marks (owner_id, thread_id, read_id, removed_id) VALUES (:owner, :thread, :post, :removed) "
        "ON CONFLICT (owner_id, thread_id) DO UPDATE SET read_id = excluded.read_id, "
        "removed_id = CASE WHEN excluded.removed_id > 0 THEN excluded.removed_id ELSE conversation_marks.removed_id END",
        owner=owner_id,
        thread=thread_id,
        post=up_to,
        removed=up_to if removed else 0,
    )
