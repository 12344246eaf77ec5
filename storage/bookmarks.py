"""What members keep to find again. Nobody but the member learns of it, so nothing counts them."""

from storage.database import Transaction


async def insert_bookmark(tx: Transaction, actor_id: int, status_id: int, *, bookmark_id: int, now: int) -> None:
    """Keep a post; one that is kept already stays where it is in the list."""
    await tx.execute(
        "INSERT INTO bookmarks (id, actor_id, status_id, created_at) VALUES (:id, :actor, :status, :now) "
        "ON CONFLICT (status_id, actor_id) DO NOTHING",
        id=bookmark_id,
        actor=actor_id,
        status=status_id,
        now=now,
    )


async def delete_bookmark(tx: Transaction, actor_id: int, status_id: int) -> None:
    await tx.execute(
        "DELETE FROM bookmarks WHERE actor_id = :actor AND status_id = :status", actor=actor_id, status=status_id
    )
