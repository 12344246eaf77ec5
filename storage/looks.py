"""Looks of administrators into private groups, as rows: asked for, and opened. What they read is asked elsewhere."""

from dataclasses import dataclass

from storage.database import Reader, Transaction

_COLUMNS = "l.id, l.group_id, l.reason, l.asked_by, l.approved_by, l.open_until, l.created_at"


@dataclass(frozen=True, slots=True)
class Look:
    """`open_until` 0: it waits for a second administrator."""

    id: int
    group_id: int
    reason: str
    asked_by: str
    approved_by: str
    open_until: int
    created_at: int


async def insert_look(tx: Transaction, look: Look) -> None:
    await tx.execute(
        "INSERT INTO looks (id, group_id, reason, asked_by, approved_by, open_until, created_at) "
        "VALUES (:id, :group, :reason, :asked, :approved, :until, :created)",
        id=look.id,
        group=look.group_id,
        reason=look.reason,
        asked=look.asked_by,
        approved=look.approved_by,
        until=look.open_until,
        created=look.created_at,
    )


async def get_latest(tx: Reader, group_id: int) -> Look | None:
    """The latest look into a group."""
    row = await tx.row(f"SELECT {_COLUMNS} FROM looks l WHERE l.group_id = :id ORDER BY l.id DESC LIMIT 1", id=group_id)
    return None if row is None else Look(*row)


async def open_look(tx: Transaction, look_id: int, *, approved_by: str, until: int) -> None:
    await tx.execute(
        "UPDATE looks SET approved_by = :by, open_until = :until WHERE id = :id",
        id=look_id,
        by=approved_by,
        until=until,
    )
