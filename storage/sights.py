"""What several viewers see of the same posts, in few queries: for open streams, where one post is told to hundreds.

The rule is `storage.visibility.VISIBLE`, asked for each viewer; a test compares the two.
"""

from collections.abc import Iterable

from storage.database import Reader
from storage.records import Status, columns
from storage.visibility import VISIBLE

_COLUMNS = columns(Status, "s")
_VISIBLE_TO_EACH = VISIBLE.replace(":viewer", "v.id")


async def list_seen(
    tx: Reader, status_ids: Iterable[int], viewers: Iterable[int], *, now: int
) -> dict[int, dict[int, Status]]:
    """For each of these actors of ours, those of these posts that they may see now."""
    found = await tx.rows(
        f"SELECT v.id, {_COLUMNS} FROM actors v, statuses s JOIN actors a ON a.id = s.actor_id "
        f"WHERE v.id IN :viewers AND s.id IN :ids AND {_VISIBLE_TO_EACH}",
        viewers=list(viewers),
        ids=list(status_ids),
        now=now,
    )
    seen: dict[int, dict[int, Status]] = {}
    known: dict[int, Status] = {}
    for viewer, status_id, *rest in found:
        status = known.get(status_id) or known.setdefault(status_id, Status(status_id, *rest))
        seen.setdefault(viewer, {})[status_id] = status
    return seen


async def list_locales(tx: Reader, viewers: Iterable[int]) -> dict[int, str]:
    """The language that each of these members chose."""
    found = await tx.rows("SELECT actor_id, locale FROM members WHERE actor_id IN :who", who=list(viewers))
    return {row[0]: row[1] for row in found}
