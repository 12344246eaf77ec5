"""What the institution tells its members, who has read it, and what they put to it. Decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Announcement, columns, make, placeholders, values

_COLUMNS = columns(Announcement, "n")
_NAMES, _VALUES = placeholders(Announcement)
_REACTIONS = (
    "SELECT r.id, r.announcement_id, r.name, count(t.actor_id), "
    "count(CASE WHEN t.actor_id = :viewer THEN 1 END) FROM announcement_reactions r "
    "LEFT JOIN announcement_reactors t ON t.reaction_id = r.id"
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji, how many members put it to an announcement, and whether the viewer did (1 or 0)."""

    id: int
    announcement_id: int
    name: str
    count: int
    mine: int


async def upsert_announcement(tx: Transaction, one: Announcement) -> None:
    """A new one, or another text and time for one that is there."""
    await tx.execute(
        f"INSERT INTO announcements ({_NAMES}) VALUES ({_VALUES}) ON CONFLICT (id) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in _NAMES.split(", ") if name not in {"id", "published_at"}),
        **values(one),
    )


async def delete_announcement(tx: Transaction, announcement_id: int) -> bool:
    return await tx.execute("DELETE FROM announcements WHERE id = :id", id=announcement_id) > 0


async def get_announcement(tx: Reader, announcement_id: int) -> Announcement | None:
    return make(
        Announcement, await tx.row(f"SELECT {_COLUMNS} FROM announcements n WHERE n.id = :id", id=announcement_id)
    )


async def list_announcements(tx: Reader) -> list[Announcement]:
    """All, also those that are over, newest first."""
    found = await tx.rows(f"SELECT {_COLUMNS} FROM announcements n ORDER BY n.id DESC")
    return [Announcement(*row) for row in found]


async def list_current(tx: Reader, *, now: int) -> list[Announcement]:
    """Those that are not over, in the order of what they are about."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM announcements n WHERE n.ends_at IS NULL OR n.ends_at > :now "
        "ORDER BY coalesce(n.starts_at, n.published_at), n.id",
        now=now,
    )
    return [Announcement(*row) for row in found]


async def get_current(tx: Reader, announcement_id: int, *, now: int) -> Announcement | None:
    """None when it is over, as when it never was."""
    found = await get_announcement(tx, announcement_id)
    return found if found and (found.ends_at is None or found.ends_at > now) else None


async def insert_read(tx: Transaction, announcement_id: int, actor_id: int) -> None:
    await tx.execute(
        "INSERT INTO announcement_reads (announcement_id, actor_id) VALUES (:id, :actor) "
        "ON CONFLICT (announcement_id, actor_id) DO NOTHING",
        id=announcement_id,
        actor=actor_id,
    )


async def list_read(tx: Reader, actor_id: int) -> frozenset[int]:
    """The announcements that a member has put away."""
    found = await tx.rows("SELECT announcement_id FROM announcement_reads WHERE actor_id = :actor", actor=actor_id)
    return frozenset(row[0] for row in found)


async def insert_reaction(
    tx: Transaction, announcement_id: int, actor_id: int, name: str, *, most: int, now: int
) -> int | None:
    """Put an emoji to an announcement; answers the reaction, None when members use `most` others already."""
    used = {one.name for one in await list_reactions(tx, [announcement_id], viewer=actor_id)}
    if name not in used and len(used) >= most:
        return None
    await tx.execute(
        "INSERT INTO announcement_reactions (id, announcement_id, name) VALUES (:id, :announcement, :name) "
        "ON CONFLICT (announcement_id, name) DO NOTHING",
        id=new_id(now),
        announcement=announcement_id,
        name=name,
    )
    reaction_id = await _get_reaction_id(tx, announcement_id, name)
    await tx.execute(
        "INSERT INTO announcement_reactors (reaction_id, actor_id) VALUES (:reaction, :actor) "
        "ON CONFLICT (reaction_id, actor_id) DO NOTHING",
        reaction=reaction_id,
        actor=actor_id,
    )
    return reaction_id


async def delete_reaction(tx: Transaction, announcement_id: int, actor_id: int, name: str) -> int | None:
    """Take it back; answers the reaction, None when the member put no such emoji."""
    reaction_id = await _get_reaction_id(tx, announcement_id, name)
    gone = await tx.execute(
        "DELETE FROM announcement_reactors WHERE reaction_id = :reaction AND actor_id = :actor",
        reaction=reaction_id or 0,
        actor=actor_id,
    )
    return reaction_id if gone else None


async def _get_reaction_id(tx: Reader, announcement_id: int, name: str) -> int | None:
    found: int | None = await tx.value(
        "SELECT id FROM announcement_reactions WHERE announcement_id = :announcement AND name = :name",
        announcement=announcement_id,
        name=name,
    )
    return found


async def get_reaction(tx: Reader, reaction_id: int) -> Reaction | None:
    """Also one that nobody is left of."""
    return make(
        Reaction,
        await tx.row(
            f"{_REACTIONS} WHERE r.id = :id GROUP BY r.id, r.announcement_id, r.name", id=reaction_id, viewer=0
        ),
    )


async def list_reactions(tx: Reader, announcement_ids: Iterable[int], *, viewer: int) -> list[Reaction]:
    """Those that somebody put, in the order in which they first came."""
    found = await tx.rows(
        f"{_REACTIONS} WHERE r.announcement_id IN :ids GROUP BY r.id, r.announcement_id, r.name "
        "HAVING count(t.actor_id) > 0 ORDER BY r.id",
        ids=list(announcement_ids),
        viewer=viewer,
    )
    return [Reaction(*row) for row in found]
