"""What several viewers see of the same posts, in few queries: for open streams, where one post is told to hundreds.

The rule is `storage.visibility.VISIBLE`, asked for each viewer; a test compares the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader
from storage.filters import Active, list_active
from storage.records import Status, columns
from storage.visibility import VISIBLE

_COLUMNS = columns(Status, "s")
_VISIBLE_TO_EACH = VISIBLE.replace(":viewer", "v.actor_id")


@dataclass(frozen=True, slots=True)
class Marks:
    """Pairs of viewer and post, each viewer's language, and their filters."""

    favourited: frozenset[tuple[int, int]]
    boosted: frozenset[tuple[int, int]]
    locales: dict[int, str]
    filters: dict[int, list[Active]]


async def list_seen(
    tx: Reader, status_ids: Iterable[int], viewers: Iterable[int], *, now: int
) -> dict[int, dict[int, Status]]:
    """For each of these members, those of these posts that they may see now."""
    found = await tx.rows(
        f"SELECT v.actor_id, {_COLUMNS} FROM members v, statuses s JOIN actors a ON a.id = s.actor_id "
        f"WHERE v.actor_id IN :viewers AND s.id IN :ids AND {_VISIBLE_TO_EACH}",
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


async def list_marks(tx: Reader, status_ids: Iterable[int], viewers: Iterable[int], *, now: int) -> Marks:
    """What these members have done with these posts, the language they chose, and what they filter."""
    ids, who = list(status_ids), list(viewers)
    favourited = await tx.rows(
        "SELECT actor_id, status_id FROM favourites WHERE status_id IN :ids AND actor_id IN :who", ids=ids, who=who
    )
    boosted = await tx.rows(
        "SELECT actor_id, boost_of_id FROM statuses WHERE boost_of_id IN :ids AND actor_id IN :who", ids=ids, who=who
    )
    locales = await tx.rows("SELECT actor_id, locale FROM members WHERE actor_id IN :who", who=who)
    return Marks(
        favourited=frozenset((row[0], row[1]) for row in favourited),
        boosted=frozenset((row[0], row[1]) for row in boosted),
        locales={row[0]: row[1] for row in locales},
        filters=await list_active(tx, who, ids, now=now),
    )
