"""Hashtags: which ones members follow, how often they were used in public, and what was thought of them. Tags are in lower
case, without #.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.pages import Page
from storage.visibility import MET, VISIBLE

DAY = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Followed:
    """A tag that a member follows; pages are by `id`."""

    id: int
    tag: str


@dataclass(frozen=True, slots=True)
class Use:
    """How often a tag was used on one day (counted from 1970), and by how many."""

    day: int
    uses: int
    people: int


@dataclass(frozen=True, slots=True)
class Own:
    """How a member stands to a tag: it comes into their home timeline, it is on their profile."""

    following: bool
    featuring: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A tag as those who look after the instance see it."""

    id: int
    tag: str
    usable: int
    listable: int
    trendable: int
    reviewed_at: int | None


_REVIEWED = "t.id, t.tag, t.usable, t.listable, t.trendable, t.reviewed_at"
# Whether a tag was used in public: of the others nobody is told.
_PUBLIC = (
    "EXISTS (SELECT 1 FROM status_tags u JOIN statuses s ON s.id = u.status_id JOIN actors a ON a.id = s.actor_id "
    f"WHERE u.tag = t.tag AND s.audience = 'public' AND {VISIBLE})"
)


def tag_id(tag: str) -> int:
    """Apps want a number that stays the same: it is made from the name."""
    return 1 + int.from_bytes(hashlib.sha256(tag.encode()).digest()[:6])


async def list_reviewed(tx: Reader, page: Page, *, now: int) -> list[Reviewed]:
    """Tags that were used in public or looked at, by id from above."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_REVIEWED} FROM tags t WHERE t.id > :after AND t.id < :before "
        f"AND (t.reviewed_at IS NOT NULL OR {_PUBLIC}) ORDER BY t.id {order} LIMIT :limit",
        after=page.after,
        before=page.before,
        limit=page.limit,
        viewer=0,
        now=now,
    )
    listed = [Reviewed(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def get_reviewed(tx: Reader, number: int, *, now: int) -> Reviewed | None:
    """The same, one by its id."""
    row = await tx.row(
        f"SELECT {_REVIEWED} FROM tags t WHERE t.id = :id AND (t.reviewed_at IS NOT NULL OR {_PUBLIC})",
        id=number,
        viewer=0,
        now=now,
    )
    return None if row is None else Reviewed(*row)


async def list_reviewed_by_name(tx: Reader, tags: Collection[str]) -> dict[str, Reviewed]:
    found = await tx.rows(f"SELECT {_REVIEWED} FROM tags t WHERE t.tag IN :tags", tags=tags)
    return {one.tag: one for one in (Reviewed(*row) for row in found)}


async def update_tag(tx: Transaction, number: int, *, now: int, **changes: int) -> None:
    """Somebody has looked at a tag, and set these columns."""
    assignments = "".join(f", {name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE tags SET reviewed_at = :now{assignments} WHERE id = :id", id=number, now=now, **changes)


async def list_own(tx: Reader, owner_id: int, tags: Collection[str]) -> dict[str, Own]:
    """For each of these tags how a member stands to it."""
    found = await tx.rows(
        "SELECT 1, tag FROM tag_follows WHERE owner_id = :owner AND tag IN :tags "
        "UNION ALL SELECT 0, tag FROM featured_tags WHERE actor_id = :owner AND tag IN :tags",
        owner=owner_id,
        tags=tags,
    )
    pairs = {(bool(followed), tag) for followed, tag in found}
    return {tag: Own(following=(True, tag) in pairs, featuring=(False, tag) in pairs) for tag in tags}


async def list_followed(tx: Reader, owner_id: int, page: Page) -> list[Followed]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        "SELECT t.id, t.tag FROM tag_follows t WHERE t.owner_id = :owner AND t.id > :after AND t.id < :before "
        f"ORDER BY t.id {order} LIMIT :limit",
        owner=owner_id,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [Followed(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def list_follower_ids(tx: Reader, status_id: int) -> list[int]:
    """Our members who follow any tag of a post, for their home timelines."""
    found = await tx.rows(
        "SELECT DISTINCT f.owner_id FROM status_tags t JOIN tag_follows f ON f.tag = t.tag "
        "JOIN members m ON m.actor_id = f.owner_id WHERE t.status_id = :status AND m.disabled_at IS NULL",
        status=status_id,
    )
    return [row[0] for row in found]


async def insert_follow(tx: Transaction, follow_id: int, owner_id: int, tag: str) -> None:
    """Following twice is following."""
    await tx.execute(
        "INSERT INTO tag_follows (id, owner_id, tag) VALUES (:id, :owner, :tag) ON CONFLICT (owner_id, tag) DO NOTHING",
        id=follow_id,
        owner=owner_id,
        tag=tag,
    )


async def delete_follow(tx: Transaction, owner_id: int, tag: str) -> None:
    """The tag is followed no more, and what came into the home timeline for its sake alone leaves it."""
    await tx.execute("DELETE FROM tag_follows WHERE owner_id = :owner AND tag = :tag", owner=owner_id, tag=tag)
    await tx.execute(
        "DELETE FROM home_entries WHERE owner_id = :owner AND status_id IN (SELECT s.id FROM status_tags t "
        "JOIN statuses s ON s.id = t.status_id WHERE t.tag = :tag AND s.audience = 'public' AND s.actor_id <> :owner "
        "AND NOT EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = :owner AND f.followee_id = s.actor_id "
        "AND f.state = 'accepted') AND NOT EXISTS (SELECT 1 FROM status_tags o JOIN tag_follows g ON g.tag = o.tag "
        "WHERE o.status_id = s.id AND g.owner_id = :owner))",
        owner=owner_id,
        tag=tag,
    )


async def search_used(tx: Reader, prefix: str, *, now: int, limit: int, offset: int = 0) -> list[str]:
    """Tags that begin so and were used in public, the same for whoever asks: those of most people first."""
    found = await tx.rows(
        "SELECT t.tag FROM status_tags t JOIN statuses s ON s.id = t.status_id JOIN actors a ON a.id = s.actor_id "
        "JOIN tags n ON n.tag = t.tag AND n.listable = 1 "
        f"WHERE t.tag >= :prefix AND t.tag < :after AND s.audience = 'public' AND {VISIBLE} AND {MET} "
        "GROUP BY t.tag ORDER BY count(DISTINCT s.actor_id) DESC, t.tag LIMIT :limit OFFSET :offset",
        prefix=prefix,
        after=prefix + chr(0x10FFFF),
        viewer=0,
        now=now,
        limit=limit,
        offset=offset,
    )
    return [row[0] for row in found]


async def list_uses(tx: Reader, tags: Iterable[str], *, since: int, now: int) -> dict[str, list[Use]]:
    """For each tag the days on which somebody used it in public, the same for whoever asks."""
    found = await tx.rows(
        f"SELECT t.tag, s.created_at / {DAY}, count(*), count(DISTINCT s.actor_id) FROM status_tags t "
        "JOIN statuses s ON s.id = t.status_id JOIN actors a ON a.id = s.actor_id WHERE t.tag IN :tags "
        f"AND s.audience = 'public' AND s.created_at >= :since AND {VISIBLE} GROUP BY t.tag, s.created_at / {DAY}",
        tags=list(tags),
        since=since,
        viewer=0,
        now=now,
    )
    uses: dict[str, list[Use]] = {}
    for tag, *use in found:
        uses.setdefault(tag, []).append(Use(*use))
    return uses
