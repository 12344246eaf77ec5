"""What several viewers see of the same posts, in few queries: for open streams, where one post is told to hundreds.

The rule is `storage.visibility.VISIBLE`, asked for each viewer; a test compares the two.
"""

from collections.abc import Collection, Iterable
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
    bookmarked: frozenset[tuple[int, int]]
    pinned: frozenset[tuple[int, int]]
    muted: frozenset[tuple[int, int]]
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


async def list_marks(tx: Reader, status_ids: Collection[int], viewers: Collection[int], *, now: int) -> Marks:
    """What these members have done with these posts, the language they chose, and what they filter."""
    # CROSS JOIN: SQLite would else go through all threads that somebody ever muted, for each page.
    found = await tx.rows(
        "SELECT 'favourited', actor_id, status_id FROM favourites WHERE status_id IN :ids AND actor_id IN :who UNION ALL "
        "SELECT 'boosted', actor_id, boost_of_id FROM statuses WHERE boost_of_id IN :ids AND actor_id IN :who UNION ALL "
        "SELECT 'bookmarked', actor_id, status_id FROM bookmarks WHERE status_id IN :ids AND actor_id IN :who UNION ALL "
        "SELECT 'pinned', actor_id, status_id FROM pins WHERE status_id IN :ids AND actor_id IN :who UNION ALL "
        "SELECT 'muted', t.actor_id, s.id FROM statuses s CROSS JOIN muted_threads t "
        "WHERE t.thread_id = s.thread_id AND s.id IN :ids AND t.actor_id IN :who",
        ids=list(status_ids),
        who=list(viewers),
    )
    locales = await tx.rows("SELECT actor_id, locale FROM members WHERE actor_id IN :who", who=list(viewers))

    def marked(mark: str) -> frozenset[tuple[int, int]]:
        return frozenset((row[1], row[2]) for row in found if row[0] == mark)

    return Marks(
        favourited=marked("favourited"),
        boosted=marked("boosted"),
        bookmarked=marked("bookmarked"),
        pinned=marked("pinned"),
        muted=marked("muted"),
        locales={row[0]: row[1] for row in locales},
        filters=await list_active(tx, viewers, status_ids, now=now),
    )
