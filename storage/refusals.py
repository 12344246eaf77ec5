"""Posts of ours that did not reach everybody, and whose authors were told so: once for each post."""

from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Stopped:
    """A member's post that was held from a host, or refused to it."""

    status_id: int
    host: str
    reason: str


async def insert_refusal(tx: Transaction, status_id: int, *, reason: str, now: int) -> bool:
    """False when the author was told before."""
    return (
        await tx.execute(
            "INSERT INTO refusals (status_id, reason, refused_at) VALUES (:id, :reason, :now) ON CONFLICT DO NOTHING",
            id=status_id,
            reason=reason,
            now=now,
        )
        > 0
    )


async def list_untold(tx: Reader, *, since: int, limit: int) -> list[Stopped]:
    """What was stopped since a moment (unix ms) at the boundary, of posts whose authors were told nothing; by post."""
    found = await tx.rows(
        "SELECT s.id, d.host, d.reason FROM decisions d JOIN statuses s ON s.uri = d.object_uri "
        "JOIN members m ON m.actor_id = s.actor_id "
        "WHERE d.outcome IN ('hold', 'deny') AND d.point = 'send' AND d.decided_at >= :since AND s.boost_of_id IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM refusals r WHERE r.status_id = s.id) ORDER BY s.id, d.host LIMIT :limit",
        since=since,
        limit=limit,
    )
    return [Stopped(*row) for row in found]
