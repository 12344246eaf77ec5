"""Replies and threads as other servers are told of them: posts for everybody, oldest first. Decides nothing."""

from storage.database import Reader
from storage.records import Status
from storage.statuses import COLUMNS
from storage.visibility import MET, VISIBLE

_OPEN = (
    f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.audience IN ('public', 'unlisted') "
    f"AND s.boost_of_id IS NULL AND s.id > :after AND {VISIBLE} AND {MET}"
)


async def list_replies(tx: Reader, status_id: int, *, own: bool, after: int, limit: int) -> list[Status]:
    """Replies to a post that nobody in particular may see: its author's own, or all others'."""
    found = await tx.rows(
        f"{_OPEN} AND s.in_reply_to_id = :status "
        "AND CASE WHEN s.actor_id = s.in_reply_to_actor_id THEN 1 ELSE 0 END = :own ORDER BY s.id LIMIT :limit",
        viewer=0,
        now=0,
        status=status_id,
        own=int(own),
        after=after,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_thread(tx: Reader, thread_id: int, *, after: int, limit: int) -> list[Status]:
    """The posts of a thread that nobody in particular may see."""
    found = await tx.rows(
        f"{_OPEN} AND s.thread_id = :thread ORDER BY s.id LIMIT :limit",
        viewer=0,
        now=0,
        thread=thread_id,
        after=after,
        limit=limit,
    )
    return [Status(*row) for row in found]
