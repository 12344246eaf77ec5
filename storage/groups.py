"""Groups and memberships, as rows. Who may join or moderate is decided in `policies.membership`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import list_uris
from storage.database import Reader, Row, Transaction
from storage.records import Actor, Group, Membership, columns, make, placeholders, values

_GROUP = columns(Group, "g")
_MEMBERSHIP = columns(Membership, "m")
_INSERT_GROUP = "INSERT INTO groups ({}) VALUES ({})".format(*placeholders(Group))
_INSERT_MEMBERSHIP = "INSERT INTO memberships ({}) VALUES ({})".format(*placeholders(Membership))
FOR_EVER = 2**62
# States of a membership that is one, is asked for, or offered: in SQL what `policies.seats.PRESENT` is.
PRESENT = "('active', 'pending', 'invited', 'unconfirmed')"
_OVER = ("ended", "banned")
_BY_ID = f"SELECT {_MEMBERSHIP} FROM memberships m WHERE m.id = :id"


@dataclass(frozen=True, slots=True)
class Member:
    """A membership with the actor it is of."""

    membership: Membership
    actor: Actor


async def get_group(tx: Reader, group_id: int) -> Group | None:
    return make(Group, await tx.row(f"SELECT {_GROUP} FROM groups g WHERE g.actor_id = :id", id=group_id))


async def lock_group(tx: Transaction, group_id: int, *, change: bool = False) -> Group | None:
    """The group, kept as it is until the transaction ends: publishing shares the lock, membership acts exclude."""
    lock = "UPDATE" if change else "SHARE"
    return make(
        Group,
        await tx.row(f"SELECT {_GROUP} FROM groups g WHERE g.actor_id = :id /*pg FOR {lock}*/", id=group_id),
    )


async def list_groups(tx: Reader, ids: Iterable[int]) -> dict[int, Group]:
    found = await tx.rows(f"SELECT {_GROUP} FROM groups g WHERE g.actor_id IN :ids", ids=list(ids))
    return {row[0]: Group(*row) for row in found}


async def list_local_groups(tx: Reader) -> list[tuple[Group, Actor]]:
    found = await tx.rows(
        f"SELECT {_GROUP}, {ACTOR_COLUMNS} FROM groups g JOIN actors a ON a.id = g.actor_id WHERE g.local = 1 ORDER BY a.username"
    )
    return [(_group(row), _actor(row, _GROUP_WIDTH)) for row in found]


async def list_groups_of(tx: Reader, actor_id: int, *, now: int) -> list[tuple[Group, Actor]]:
    """The groups a member belongs to at this moment, by title."""
    found = await tx.rows(
        f"SELECT {_GROUP}, {ACTOR_COLUMNS} FROM memberships m JOIN groups g ON g.actor_id = m.group_id "
        "JOIN actors a ON a.id = g.actor_id "
        "WHERE m.actor_id = :actor AND m.state = 'active' AND m.lease_until > :now "
        "AND a.disabled_at IS NULL AND a.host_suspended = 0 ORDER BY a.name, a.id",
        actor=actor_id,
        now=now,
    )
    return [(_group(row), _actor(row, _GROUP_WIDTH)) for row in found]


async def list_spoken_to(tx: Reader, actor_id: int) -> list[Actor]:
    """The groups a member means when they write something like a name of one: also where a lease has run out, or nobody has
    confirmed them since a restore.
    """
    found = await tx.rows(
        f"SELECT {ACTOR_COLUMNS} FROM memberships m JOIN actors a ON a.id = m.group_id "
        "WHERE m.actor_id = :actor AND m.state IN ('active', 'unconfirmed') ORDER BY a.id",
        actor=actor_id,
    )
    return [Actor(*row) for row in found]


_GROUP_WIDTH = _GROUP.count(",") + 1
_MEMBERSHIP_WIDTH = _MEMBERSHIP.count(",") + 1


def _group(row: Row) -> Group:
    return Group(*tuple(row)[:_GROUP_WIDTH])


def _actor(row: Row, skip: int) -> Actor:
    return Actor(*tuple(row)[skip:])


async def insert_group(tx: Transaction, group: Group) -> None:
    await tx.execute(_INSERT_GROUP, **values(group))


async def update_group(tx: Transaction, group_id: int, **changes: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE groups SET {assignments} WHERE actor_id = :id", id=group_id, **changes)


async def get_membership(tx: Reader, group_id: int, actor_id: int) -> Membership | None:
    return make(
        Membership,
        await tx.row(
            f"SELECT {_MEMBERSHIP} FROM memberships m WHERE m.group_id = :group AND m.actor_id = :actor",
            group=group_id,
            actor=actor_id,
        ),
    )


async def get_membership_by_follow(tx: Reader, follow_uri: str) -> Membership | None:
    return make(
        Membership,
        await tx.row(f"SELECT {_MEMBERSHIP} FROM memberships m WHERE m.follow_uri = :uri", uri=follow_uri),
    )


async def upsert_membership(tx: Transaction, membership: Membership) -> None:
    """Insert, or begin anew the membership of the same person in the same group (its id and dates of first joining stay)."""
    await tx.execute(
        f"{_INSERT_MEMBERSHIP} ON CONFLICT (group_id, actor_id) DO UPDATE SET state = excluded.state, "
        "moderator = excluded.moderator, follow_uri = excluded.follow_uri, epoch = excluded.epoch, "
        "generation = excluded.generation, lease_until = excluded.lease_until, changed_at = excluded.changed_at",
        **values(membership),
    )
    if membership.state in _OVER:
        await _note_end(tx, membership)


async def update_membership(tx: Transaction, membership_id: int, **changes: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE memberships SET {assignments} WHERE id = :id", id=membership_id, **changes)
    if changes.get("state") in _OVER:
        await _note_end(tx, make(Membership, await tx.row(_BY_ID, id=membership_id)))


async def _note_end(tx: Transaction, ended: Membership | None) -> None:
    """Every end of a membership passes here, whoever's word it is, so that the journal knows it."""
    if ended is not None:
        group, member = await list_uris(tx, ended.group_id, ended.actor_id)
        tx.retracted("membership", group=group, member=member, state=ended.state, epoch=ended.epoch)


async def list_members(tx: Reader, group_id: int, *, states: Iterable[str] = ("active",)) -> list[Member]:
    """Members with their actors, in the order they joined."""
    found = await tx.rows(
        f"SELECT {_MEMBERSHIP}, {ACTOR_COLUMNS} FROM memberships m JOIN actors a ON a.id = m.actor_id "
        "WHERE m.group_id = :group AND m.state IN :states ORDER BY m.id",
        group=group_id,
        states=list(states),
    )
    return [Member(Membership(*tuple(row)[:_MEMBERSHIP_WIDTH]), _actor(row, _MEMBERSHIP_WIDTH)) for row in found]


async def list_members_at(tx: Reader, group_id: int, host: str, *, now: int) -> list[str]:
    """Uris of the present members of one host ('' for here)."""
    found = await tx.rows(
        "SELECT a.uri FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group "
        "AND m.state = 'active' AND m.lease_until > :now AND a.host = :host ORDER BY m.id",
        group=group_id,
        now=now,
        host=host,
    )
    return [row[0] for row in found]


async def list_member_hosts(tx: Reader, group_id: int, *, now: int) -> dict[str, str]:
    """Each other host with a present member, or one that is not confirmed, and the inbox that serves all of that host's members."""
    found = await tx.rows(
        "SELECT a.host, min(coalesce(a.shared_inbox, a.inbox)) FROM memberships m JOIN actors a ON a.id = m.actor_id "
        "WHERE m.group_id = :group AND (m.state = 'unconfirmed' OR (m.state = 'active' AND m.lease_until > :now)) AND a.host <> '' "
        "AND a.disabled_at IS NULL GROUP BY a.host ORDER BY a.host",
        group=group_id,
        now=now,
    )
    return {row[0]: row[1] for row in found}


async def list_local_member_ids(tx: Reader, group_id: int, *, now: int) -> list[int]:
    found = await tx.rows(
        "SELECT m.actor_id FROM memberships m JOIN members p ON p.actor_id = m.actor_id "
        "WHERE m.group_id = :group AND m.state = 'active' AND m.lease_until > :now AND p.disabled_at IS NULL",
        group=group_id,
        now=now,
    )
    return [row[0] for row in found]


async def count_members_since(tx: Reader, group_id: int, *, host: str, since: int) -> int:
    """How many members of one host joined since a moment (unix ms)."""
    return int(
        await tx.value(
            "SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id "
            "WHERE m.group_id = :group AND a.host = :host AND m.state = 'active' AND m.created_at >= :since",
            group=group_id,
            host=host,
            since=since,
        )
    )


async def has_moderator(tx: Reader, group_id: int, *, now: int) -> bool:
    """Whether anybody moderates a group of ours at this moment."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group "
            "AND m.moderator = 1 AND m.state = 'active' AND m.lease_until > :now AND a.disabled_at IS NULL",
            group=group_id,
            now=now,
        )
    )


async def list_unreviewed(tx: Reader, version: int) -> list[int]:
    """Groups of ours whose members were not looked at since the ruleset, or their settings, changed."""
    found = await tx.rows(
        "SELECT g.actor_id FROM groups g WHERE g.local = 1 AND g.reviewed_rules <> :version ORDER BY g.actor_id",
        version=version,
    )
    return [row[0] for row in found]


async def has_active_member_of(tx: Reader, group_id: int, *, host: str, now: int) -> bool:
    return bool(
        await tx.value(
            "SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group "
            "AND m.state = 'active' AND m.lease_until > :now AND a.host = :host AND a.disabled_at IS NULL",
            group=group_id,
            host=host,
            now=now,
        )
    )


async def has_unconfirmed_member_of(tx: Reader, group_id: int, *, host: str) -> bool:
    """Whether a host ('' for here) has a member whom the copy had that was restored, and whom nobody has confirmed since."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group "
            "AND m.state = 'unconfirmed' AND a.host = :host",
            group=group_id,
            host=host,
        )
    )


async def has_any_member_of(tx: Reader, group_id: int, *, host: str) -> bool:
    """Whether anybody of a host is a member, has asked to be one or is invited, whatever the lease says."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE m.group_id = :group "
            f"AND m.state IN {PRESENT} AND a.host = :host",
            group=group_id,
            host=host,
        )
    )


async def list_unconfirmed(tx: Reader) -> list[int]:
    """Groups that have waited for a confirmation of their members since a restore."""
    found = await tx.rows(
        "SELECT g.actor_id FROM groups g WHERE g.unconfirmed = 1 OR EXISTS "
        "(SELECT 1 FROM memberships m WHERE m.group_id = g.actor_id AND m.state = 'unconfirmed') ORDER BY g.actor_id"
    )
    return [row[0] for row in found]


async def list_remote_seats(tx: Reader) -> list[tuple[int, int]]:
    """Each group of others, with how many people here are its members, have asked to be or are invited."""
    found = await tx.rows(
        "SELECT g.actor_id, (SELECT count(*) FROM memberships m JOIN actors a ON a.id = m.actor_id WHERE "
        f"m.group_id = g.actor_id AND m.state IN {PRESENT} AND a.host = '') "
        "FROM groups g WHERE g.local = 0 ORDER BY g.actor_id"
    )
    return [(row[0], row[1]) for row in found]


async def list_memberships_of_host(tx: Reader, host: str) -> list[Member]:
    """Every membership that is not over of the people of a host in our groups, and of our people in its groups."""
    found = await tx.rows(
        f"SELECT {_MEMBERSHIP}, {ACTOR_COLUMNS} FROM memberships m JOIN actors a ON a.id = m.actor_id "
        f"JOIN actors g ON g.id = m.group_id WHERE m.state IN {PRESENT} "
        "AND (a.host = :host OR g.host = :host OR a.host LIKE :below OR g.host LIKE :below)",
        host=host,
        below=f"%.{host}",
    )
    return [Member(Membership(*tuple(row)[:_MEMBERSHIP_WIDTH]), _actor(row, _MEMBERSHIP_WIDTH)) for row in found]


async def list_memberships_of(tx: Reader, actor_id: int) -> list[Membership]:
    """Every membership of one person that is not over."""
    found = await tx.rows(
        f"SELECT {_MEMBERSHIP} FROM memberships m WHERE m.actor_id = :actor AND m.state IN {PRESENT}",
        actor=actor_id,
    )
    return [Membership(*row) for row in found]


async def list_remote_members_attested_before(tx: Reader, *, moment: int, limit: int) -> list[Actor]:
    """Remote members of our groups whose attestation was last confirmed before a moment (unix ms)."""
    found = await tx.rows(
        f"SELECT DISTINCT {ACTOR_COLUMNS} FROM memberships m JOIN groups g ON g.actor_id = m.group_id AND g.local = 1 "
        "JOIN actors a ON a.id = m.actor_id JOIN attestations t ON t.actor_id = a.id "
        "WHERE m.state IN ('active', 'unconfirmed') AND a.host <> '' AND t.revoked_at IS NULL AND t.fetched_at < :moment "
        "LIMIT :limit",
        moment=moment,
        limit=limit,
    )
    return [Actor(*row) for row in found]


async def hasten_slice_pull(tx: Transaction, group_id: int, *, due_at: int) -> None:
    """Pull the slice of a remote group at a moment (unix ms), unless it is pulled earlier."""
    await tx.execute(
        "UPDATE groups SET pull_due_at = :due WHERE actor_id = :id AND local = 0 AND pull_due_at > :due",
        id=group_id,
        due=due_at,
    )


async def note_silence(tx: Transaction, group_id: int, since: int) -> None:
    """The home of a group gives no answer (unix ms; kept is when that began), or does again (0)."""
    before = "silent_since = 0" if since else "silent_since <> 0"
    await tx.execute(
        f"UPDATE groups SET silent_since = :since WHERE actor_id = :id AND {before}", id=group_id, since=since
    )


async def list_lost(tx: Reader, *, now: int) -> list[int]:
    """Groups of others that were declared lost, and whose time to be read is over."""
    found = await tx.rows(
        "SELECT actor_id FROM groups WHERE closed = 'lost' AND lost_until BETWEEN 1 AND :now ORDER BY actor_id", now=now
    )
    return [row[0] for row in found]


async def claim_slice_pull(tx: Transaction, *, now: int, lease: int) -> int | None:
    """A remote group with members of ours, or who have asked to be, whose slice is due; nobody else pulls it until the lease
    (ms) ends.
    """
    group_id = await tx.value(
        "SELECT g.actor_id FROM groups g WHERE g.local = 0 AND g.pull_due_at <= :now AND g.pull_lease_until <= :now "
        "AND EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = g.actor_id "
        "AND m.state IN ('active', 'pending', 'unconfirmed')) "
        "ORDER BY g.pull_due_at LIMIT 1 /*pg FOR UPDATE SKIP LOCKED*/",
        now=now,
    )
    if group_id is None:
        return None
    await update_group(tx, group_id, pull_lease_until=now + lease)
    return int(group_id)
