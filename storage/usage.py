"""How much this instance is used, as anybody may know it: group-only and restricted posts are counted nowhere."""

from dataclasses import dataclass

from storage.database import Reader


@dataclass(frozen=True, slots=True)
class Usage:
    """`active`: members who posted publicly since the moment asked for. `posts`: what members here have published."""

    members: int
    active: int
    posts: int


async def get_usage(tx: Reader, *, since: int) -> Usage:
    """Counted now; `since` in unix ms."""
    row = await tx.row(
        "SELECT count(*), count(CASE WHEN a.last_status_at >= :since THEN 1 END), coalesce(sum(a.statuses_count), 0) "
        "FROM members m JOIN actors a ON a.id = m.actor_id WHERE m.disabled_at IS NULL AND a.disabled_at IS NULL",
        since=since,
    )
    return Usage(*(int(value) for value in row)) if row else Usage(0, 0, 0)
