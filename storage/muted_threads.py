"""Threads of which members want to hear no more. Private threads and others never share an id, so a mark on one post
tells nothing of a hidden one.
"""

from storage.database import Reader, Transaction


async def insert_muted(tx: Transaction, actor_id: int, thread_id: int, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO muted_threads (actor_id, thread_id, created_at) VALUES (:actor, :thread, :now) ON CONFLICT DO NOTHING",
        actor=actor_id,
        thread=thread_id,
        now=now,
    )


async def delete_muted(tx: Transaction, actor_id: int, thread_id: int) -> None:
    await tx.execute(
        "DELETE FROM muted_threads WHERE actor_id = :actor AND thread_id = :thread", actor=actor_id, thread=thread_id
    )


async def is_muted(tx: Reader, actor_id: int, status_id: int) -> bool:
    """Whether a member wants to hear nothing of the thread that a post belongs to."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM muted_threads t JOIN statuses s ON s.thread_id = t.thread_id "
            "WHERE t.actor_id = :actor AND s.id = :status",
            actor=actor_id,
            status=status_id,
        )
    )
