"""Posts of ours that the home of their group did not take."""

from storage.database import Transaction


async def insert_refusal(tx: Transaction, status_id: int, *, reason: str, now: int) -> bool:
    """False when the post was refused before."""
    return (
        await tx.execute(
            "INSERT INTO refusals (status_id, reason, refused_at) VALUES (:id, :reason, :now) ON CONFLICT DO NOTHING",
            id=status_id,
            reason=reason,
            now=now,
        )
        > 0
    )
