"""Groups of ours whose posts are for everybody, as rows: settings, roles, closed threads, and what they show.

Who belongs to one follows it (`storage.follows`), who may not is blocked by it (`storage.blocks`), and what it shows are its
boosts. Private groups are in `storage.groups`, and no group is in both. Decides nothing.
"""

from dataclasses import dataclass
from typing import Any

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.database import Reader, Row, Transaction
from storage.records import Actor, PublicGroup, Status, columns, make, placeholders, values

_GROUP = columns(PublicGroup, "g")
_WIDTH = _GROUP.count(",") + 1
_STATUS = columns(Status, "s")
_INSERT = "INSERT INTO public_groups ({}) VALUES ({})".format(*placeholders(PublicGroup))
MODERATOR, INVITED = "moderator", "invited"


@dataclass(frozen=True, slots=True)
class Shown:
    """A post in a public group of ours: the group's boost of it."""

    group: PublicGroup
    actor: Actor
    boost: Status


@dataclass(frozen=True, slots=True)
class Belonging:
    """Somebody and a public group: `active`, `pending`, `invited` or `banned`, as of memberships, since when."""

    actor: Actor
    state: str
    moderator: bool
    since: int


async def get_public_group(tx: Reader, actor_id: int) -> PublicGroup | None:
    return make(PublicGroup, await tx.row(f"SELECT {_GROUP} FROM public_groups g WHERE g.actor_id = :id", id=actor_id))


async def lock_public_group(tx: Transaction, actor_id: int, *, change: bool = False) -> PublicGroup | None:
    """The group, kept as it is until the transaction ends: posting shares the lock, moderating excludes."""
    lock = "UPDATE" if change else "SHARE"
    return make(
        PublicGroup,
        await tx.row(f"SELECT {_GROUP} FROM public_groups g WHERE g.actor_id = :id /*pg FOR {lock}*/", id=actor_id),
    )


async def list_public_groups(tx: Reader) -> list[tuple[PublicGroup, Actor]]:
    """All of ours, by name."""
    found = await tx.rows(
        f"SELECT {_GROUP}, {ACTOR_COLUMNS} FROM public_groups g JOIN actors a ON a.id = g.actor_id ORDER BY a.username"
    )
    return [_both(row) for row in found]


async def list_addressed(tx: Reader, status_id: int) -> list[tuple[PublicGroup, Actor]]:
    """The public groups of ours that a post names, or is addressed to without naming them."""
    found = await tx.rows(
        f"SELECT {_GROUP}, {ACTOR_COLUMNS} FROM mentions m JOIN public_groups g ON g.actor_id = m.actor_id "
        "JOIN actors a ON a.id = g.actor_id WHERE m.status_id = :status AND a.disabled_at IS NULL ORDER BY g.actor_id",
        status=status_id,
    )
    return [_both(row) for row in found]


def _both(row: Row) -> tuple[PublicGroup, Actor]:
    cells = tuple(row)
    return PublicGroup(*cells[:_WIDTH]), Actor(*cells[_WIDTH:])


async def insert_public_group(tx: Transaction, group: PublicGroup) -> None:
    """ValueError for an actor that is a private group: none becomes public."""
    if await tx.value("SELECT count(*) FROM groups WHERE actor_id = :id", id=group.actor_id):
        raise ValueError(f"{group.actor_id} is a private group")
    await tx.execute(_INSERT, **values(group))


async def update_public_group(tx: Transaction, group_id: int, **changes: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE public_groups SET {assignments} WHERE actor_id = :id", id=group_id, **changes)


# --- roles -------------------------------------------------------------------------------------------------------


async def get_role(tx: Reader, group_id: int, actor_id: int) -> str | None:
    found = await tx.value(
        "SELECT role FROM public_group_roles WHERE group_id = :group AND actor_id = :actor",
        group=group_id,
        actor=actor_id,
    )
    return None if found is None else str(found)


async def list_with_role(tx: Reader, group_id: int, role: str) -> list[Actor]:
    """Who has a role in a group, by name."""
    found = await tx.rows(
        f"SELECT {ACTOR_COLUMNS} FROM public_group_roles r JOIN actors a ON a.id = r.actor_id "
        "WHERE r.group_id = :group AND r.role = :role AND a.disabled_at IS NULL ORDER BY a.username, a.id",
        group=group_id,
        role=role,
    )
    return [Actor(*row) for row in found]


async def list_people(tx: Reader, group_id: int) -> list[Belonging]:
    """Who follows a group, asks to, is invited or kept out, by name."""
    found = await tx.rows(
        f"SELECT p.state, p.since, coalesce(r.role, ''), {ACTOR_COLUMNS} FROM ("
        "SELECT f.follower_id AS who, CASE WHEN f.state = 'accepted' THEN 'active' ELSE 'pending' END AS state, "
        "f.created_at AS since FROM follows f WHERE f.followee_id = :group "
        "UNION ALL SELECT b.target_id, 'banned', b.created_at FROM blocks b WHERE b.owner_id = :group "
        "UNION ALL SELECT i.actor_id, 'invited', i.created_at FROM public_group_roles i "
        "WHERE i.group_id = :group AND i.role = 'invited'"
        ") p JOIN actors a ON a.id = p.who "
        "LEFT JOIN public_group_roles r ON r.group_id = :group AND r.actor_id = a.id ORDER BY a.username, a.id",
        group=group_id,
    )
    return [Belonging(Actor(*rest), state, role == MODERATOR, since) for state, since, role, *rest in found]


async def upsert_role(tx: Transaction, group_id: int, actor_id: int, role: str, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO public_group_roles (group_id, actor_id, role, created_at) VALUES (:group, :actor, :role, :now) "
        "ON CONFLICT (group_id, actor_id) DO UPDATE SET role = excluded.role",
        group=group_id,
        actor=actor_id,
        role=role,
        now=now,
    )


async def delete_role(tx: Transaction, group_id: int, actor_id: int) -> None:
    await tx.execute(
        "DELETE FROM public_group_roles WHERE group_id = :group AND actor_id = :actor", group=group_id, actor=actor_id
    )


# --- closed threads ----------------------------------------------------------------------------------------------


async def is_locked(tx: Reader, group_id: int, thread_id: int) -> bool:
    return bool(
        await tx.value(
            "SELECT count(*) FROM public_group_locks WHERE group_id = :group AND thread_id = :thread",
            group=group_id,
            thread=thread_id,
        )
    )


async def insert_lock(tx: Transaction, group_id: int, thread_id: int, *, now: int) -> bool:
    """False when it was closed already."""
    inserted = await tx.execute(
        "INSERT INTO public_group_locks (group_id, thread_id, created_at) VALUES (:group, :thread, :now) "
        "ON CONFLICT (group_id, thread_id) DO NOTHING",
        group=group_id,
        thread=thread_id,
        now=now,
    )
    return inserted > 0


async def delete_lock(tx: Transaction, group_id: int, thread_id: int) -> bool:
    """False when it was open."""
    deleted = await tx.execute(
        "DELETE FROM public_group_locks WHERE group_id = :group AND thread_id = :thread",
        group=group_id,
        thread=thread_id,
    )
    return deleted > 0


# --- what is shown -----------------------------------------------------------------------------------------------


async def list_showing(tx: Reader, status_id: int) -> list[Shown]:
    """Each public group of ours that shows a post, with the boost by which it does."""
    found = await tx.rows(
        f"SELECT {_STATUS}, {_GROUP}, {ACTOR_COLUMNS} FROM statuses s JOIN public_groups g ON g.actor_id = s.actor_id "
        "JOIN actors a ON a.id = g.actor_id WHERE s.boost_of_id = :status ORDER BY g.actor_id",
        status=status_id,
    )
    width = _STATUS.count(",") + 1
    return [Shown(*_both(tuple(row)[width:]), Status(*tuple(row)[:width])) for row in found]
