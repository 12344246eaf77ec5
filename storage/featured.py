"""What members put on their profile besides words: whom they recommend, and hashtags. Decides nothing.

Everybody may see both, so only what everybody may see counts: nobody is recommended by joining their group, and a
hashtag's count leaves out all posts that are not public or unlisted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.ids import new_id

# What a member's posts for everybody say, by hashtag: the one source of every count here.
_USED = (
    "SELECT x.tag AS tag, count(*) AS posts, max(s.created_at) AS last FROM statuses s "
    "JOIN status_tags x ON x.status_id = s.id WHERE s.actor_id = :actor AND s.audience IN ('public', 'unlisted') "
    "GROUP BY x.tag"
)
_FEATURED = (
    f"SELECT t.id, t.name, coalesce(u.posts, 0), u.last FROM featured_tags t LEFT JOIN ({_USED}) u ON u.tag = t.tag"
)


@dataclass(frozen=True, slots=True)
class FeaturedTag:
    """A hashtag on a profile, as its owner writes it, with how often they use it for everybody to see."""

    id: int
    name: str
    posts: int
    last_at: int | None


async def insert_endorsement(tx: Transaction, owner_id: int, actor_id: int, *, now: int) -> bool:
    """Recommend somebody whom the owner follows; False when they do not. It ends with the follow (`storage.follows`)."""
    followed = await tx.value(
        "SELECT count(*) FROM follows WHERE follower_id = :owner AND followee_id = :actor AND state = 'accepted'",
        owner=owner_id,
        actor=actor_id,
    )
    if not followed:
        return False
    await tx.execute(
        "INSERT INTO endorsements (id, owner_id, actor_id) VALUES (:id, :owner, :actor) "
        "ON CONFLICT (owner_id, actor_id) DO NOTHING",
        id=new_id(now),
        owner=owner_id,
        actor=actor_id,
    )
    return True


async def delete_endorsement(tx: Transaction, owner_id: int, actor_id: int) -> None:
    await tx.execute(
        "DELETE FROM endorsements WHERE owner_id = :owner AND actor_id = :actor", owner=owner_id, actor=actor_id
    )


async def list_endorsed_ids(tx: Reader, owner_id: int, actor_ids: Iterable[int]) -> frozenset[int]:
    """Those of these actors whom a member recommends."""
    found = await tx.rows(
        "SELECT actor_id FROM endorsements WHERE owner_id = :owner AND actor_id IN :ids",
        owner=owner_id,
        ids=list(actor_ids),
    )
    return frozenset(row[0] for row in found)


async def insert_tag(tx: Transaction, actor_id: int, name: str, *, most: int, now: int) -> FeaturedTag | None:
    """Feature a hashtag, or answer the one that is featured already; None when there are `most` others."""
    tag = name.lower()
    known = await _get_by_tag(tx, actor_id, tag)
    if known is None and len(await list_tags(tx, actor_id)) < most:
        await tx.execute(
            "INSERT INTO featured_tags (id, actor_id, tag, name) VALUES (:id, :actor, :tag, :name) "
            "ON CONFLICT (actor_id, tag) DO NOTHING",
            id=new_id(now),
            actor=actor_id,
            tag=tag,
            name=name,
        )
        known = await _get_by_tag(tx, actor_id, tag)
    return known


async def _get_by_tag(tx: Reader, actor_id: int, tag: str) -> FeaturedTag | None:
    row = await tx.row(f"{_FEATURED} WHERE t.actor_id = :actor AND t.tag = :tag", actor=actor_id, tag=tag)
    return None if row is None else FeaturedTag(*row)


async def delete_tag(tx: Transaction, tag_id: int, *, actor_id: int) -> bool:
    """False when the member features no such hashtag."""
    found = await tx.execute(
        "DELETE FROM featured_tags WHERE id = :id AND actor_id = :actor", id=tag_id, actor=actor_id
    )
    return found > 0


async def delete_tags_except(tx: Transaction, actor_id: int, tags: Iterable[str]) -> None:
    """Leave only these hashtags, in lower case, on a profile."""
    await tx.execute(
        "DELETE FROM featured_tags WHERE actor_id = :actor AND tag NOT IN :tags", actor=actor_id, tags=list(tags)
    )


async def delete_tag_named(tx: Transaction, actor_id: int, tag: str) -> None:
    """`tag` in lower case."""
    await tx.execute("DELETE FROM featured_tags WHERE actor_id = :actor AND tag = :tag", actor=actor_id, tag=tag)


async def list_tags(tx: Reader, actor_id: int) -> list[FeaturedTag]:
    """The hashtags on a profile, the most used first."""
    found = await tx.rows(
        f"{_FEATURED} WHERE t.actor_id = :actor ORDER BY coalesce(u.posts, 0) DESC, t.id", actor=actor_id
    )
    return [FeaturedTag(*row) for row in found]


async def list_used_tags(tx: Reader, actor_id: int, *, limit: int) -> list[str]:
    """The hashtags that a member used last for everybody to see, and does not feature."""
    found = await tx.rows(
        f"SELECT u.tag FROM ({_USED}) u WHERE NOT EXISTS (SELECT 1 FROM featured_tags t WHERE t.actor_id = :actor "
        "AND t.tag = u.tag) ORDER BY u.last DESC, u.tag LIMIT :limit",
        actor=actor_id,
        limit=limit,
    )
    return [row[0] for row in found]
