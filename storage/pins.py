"""What members put first on their profiles. A pin says nothing about who may see the post."""

from storage.database import Reader, Transaction


async def count_pins(tx: Reader, actor_id: int) -> int:
    """How many posts somebody has pinned."""
    return int(await tx.value("SELECT count(*) FROM pins WHERE actor_id = :actor", actor=actor_id))


async def is_pinned(tx: Reader, status_id: int) -> bool:
    return bool(await tx.value("SELECT count(*) FROM pins WHERE status_id = :status", status=status_id))


async def insert_pin(tx: Transaction, actor_id: int, status_id: int, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO pins (status_id, actor_id, created_at) VALUES (:status, :actor, :now) "
        "ON CONFLICT (status_id) DO NOTHING",
        status=status_id,
        actor=actor_id,
        now=now,
    )


async def delete_pin(tx: Transaction, actor_id: int, status_id: int) -> bool:
    """False when it was not pinned."""
    found = await tx.execute(
        "DELETE FROM pins WHERE status_id = :status AND actor_id = :actor", status=status_id, actor=actor_id
    )
    return found > 0


async def delete_pins(tx: Transaction, actor_id: int) -> None:
    """All that somebody pinned."""
    await tx.execute("DELETE FROM pins WHERE actor_id = :actor", actor=actor_id)
