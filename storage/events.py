"""What open streams should be told: rows written with the change itself, read by every process in the order of commits."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.records import Event, columns

_COLUMNS = columns(Event, "e")
# The owner of what is told to whoever listens to public streams.
EVERYBODY = 0
# The owner of what every member is told.
MEMBERS = -1
# Tells nothing but itself: apps ask for the filters again. Its `ref` is 0.
FILTERS_CHANGED = "filters_changed"
# On PostgreSQL ids become visible out of order; below the oldest running transaction nothing more can appear.
_SETTLED = "1 = 1 /*pg AND e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint*/"


async def insert_event(tx: Transaction, *, owner_id: int, type_: str, ref: int, now: int) -> None:
    """Tell one member's open streams, or everybody's (`insert_events`)."""
    await insert_events(tx, [owner_id], type_=type_, ref=ref, now=now)


async def insert_events(tx: Transaction, owner_ids: Iterable[int], *, type_: str, ref: int, now: int) -> None:
    """Tell these members' open streams about a status (`update`, `status.update`, `delete`, `conversation`) or a
    `notification`, that held back notifications joined the others (`notifications_merged`, whose `ref` is always 1), or
    that their filters are others now (`filters_changed`); or all members' about an announcement (`announcement`, `announcement.delete`, `announcement.reaction`, whose `ref` is the reaction).
    """
    await tx.execute_many(
        "INSERT INTO events (owner_id, type, ref, created_at) VALUES (:owner, :type, :ref, :now)",
        [{"owner": owner, "type": type_, "ref": ref, "now": now} for owner in sorted(set(owner_ids))],
    )


async def get_last_position(tx: Reader) -> tuple[int, int]:
    """(xid, id) of the newest settled event: where a new reader begins."""
    row = await tx.row(f"SELECT e.xid, e.id FROM events e WHERE {_SETTLED} ORDER BY e.xid DESC, e.id DESC LIMIT 1")
    return (0, 0) if row is None else (row[0], row[1])


async def list_after(tx: Reader, position: tuple[int, int], *, limit: int) -> list[Event]:
    """Settled events after a position, in order."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM events e WHERE (e.xid > :xid OR (e.xid = :xid AND e.id > :id)) AND {_SETTLED} "
        "ORDER BY e.xid, e.id LIMIT :limit",
        xid=position[0],
        id=position[1],
        limit=limit,
    )
    return [Event(*row) for row in found]


async def delete_before(tx: Transaction, moment: int) -> None:
    """Forget what no stream will ask for again (unix ms)."""
    await tx.execute("DELETE FROM events WHERE created_at < :moment", moment=moment)
