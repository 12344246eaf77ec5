"""Who follows whom (groups have memberships instead). Keeps the public counts of both in step."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import list_uris, update_counts
from storage.database import Reader, Transaction
from storage.featured import delete_endorsement
from storage.records import Actor, Follow, columns, make, placeholders, values

_COLUMNS = columns(Follow, "f")
_WIDTH = _COLUMNS.count(",") + 1
_INSERT = "INSERT INTO follows ({}) VALUES ({})".format(*placeholders(Follow))


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where one actor's post goes: the host's shared inbox where it has one."""

    host: str
    inbox: str


async def get_follow(tx: Reader, follower_id: int, followee_id: int) -> Follow | None:
    return make(
        Follow,
        await tx.row(
            f"SELECT {_COLUMNS} FROM follows f WHERE f.follower_id = :follower AND f.followee_id = :followee",
            follower=follower_id,
            followee=followee_id,
        ),
    )


async def get_follow_by_uri(tx: Reader, uri: str) -> Follow | None:
    return make(Follow, await tx.row(f"SELECT {_COLUMNS} FROM follows f WHERE f.uri = :uri", uri=uri))


async def insert_follow(tx: Transaction, follow: Follow) -> None:
    await tx.execute(_INSERT, **values(follow))
    if follow.state == "accepted":
        await _count(tx, follow, 1)


async def accept_follow(tx: Transaction, follow: Follow) -> None:
    if await tx.execute("UPDATE follows SET state = 'accepted' WHERE id = :id AND state = 'pending'", id=follow.id):
        await _count(tx, follow, 1)


async def update_follow(tx: Transaction, follow_id: int, *, uri: str, boosts: int, notify: int) -> None:
    await tx.execute(
        "UPDATE follows SET uri = :uri, boosts = :boosts, notify = :notify WHERE id = :id",
        id=follow_id,
        uri=uri,
        boosts=boosts,
        notify=notify,
    )


async def delete_follow(tx: Transaction, follow: Follow) -> None:
    """The follow ends, and with it the followee's place in the follower's lists."""
    await tx.execute(
        "DELETE FROM list_people WHERE actor_id = :followee AND list_id IN (SELECT id FROM lists WHERE owner_id = :follower)",
        followee=follow.followee_id,
        follower=follow.follower_id,
    )
    ended = await tx.execute("DELETE FROM follows WHERE id = :id", id=follow.id)
    if ended:
        follower, followee = await list_uris(tx, follow.follower_id, follow.followee_id)
        tx.retracted("follow", follower=follower, followee=followee)
    if ended and follow.state == "accepted":
        await _count(tx, follow, -1)
        await delete_endorsement(tx, follow.follower_id, follow.followee_id)


async def _count(tx: Transaction, follow: Follow, change: int) -> None:
    await update_counts(tx, follow.followee_id, followers=change)
    await update_counts(tx, follow.follower_id, following=change)


async def list_local_follower_ids(tx: Reader, followee_id: int, *, boosts_only: bool = False) -> list[int]:
    """Our members who follow an actor, for their home timelines."""
    found = await tx.rows(
        "SELECT f.follower_id FROM follows f JOIN members m ON m.actor_id = f.follower_id "
        "WHERE f.followee_id = :id AND f.state = 'accepted' AND m.disabled_at IS NULL AND f.boosts >= :boosts",
        id=followee_id,
        boosts=int(boosts_only),
    )
    return [row[0] for row in found]


async def list_follower_inboxes(tx: Reader, followee_id: int) -> list[Inbox]:
    """Each place where remote followers of an actor read, once."""
    found = await tx.rows(
        "SELECT DISTINCT a.host, coalesce(a.shared_inbox, a.inbox) FROM follows f JOIN actors a ON a.id = f.follower_id "
        "WHERE f.followee_id = :id AND f.state = 'accepted' AND a.host <> '' AND a.disabled_at IS NULL",
        id=followee_id,
    )
    return [Inbox(*row) for row in found]


async def list_followers_at(tx: Reader, followee_id: int, host: str, *, limit: int) -> list[str]:
    """Uris of the accepted followers that an actor has at one host ('' for here).

    Begins with the host's actors (SQLite keeps the order of a CROSS JOIN): a post asks this for each host it goes to.
    """
    found = await tx.rows(
        "SELECT a.uri FROM actors a CROSS JOIN follows f WHERE a.host = :host AND f.follower_id = a.id "
        "AND f.followee_id = :id AND f.state = 'accepted' ORDER BY f.id LIMIT :limit",
        id=followee_id,
        host=host,
        limit=limit,
    )
    return [row[0] for row in found]


async def list_accepted_here(tx: Reader, followee_id: int) -> list[Follow]:
    """The accepted follows of an actor by people of ours."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM follows f JOIN actors a ON a.id = f.follower_id WHERE f.followee_id = :id "
        "AND f.state = 'accepted' AND a.host = ''",
        id=followee_id,
    )
    return [Follow(*row) for row in found]


async def list_outgoing(tx: Reader, follower_id: int, *, before: int, limit: int) -> list[tuple[Follow, Actor]]:
    """Whom an actor follows and how, newest first."""
    found = await tx.rows(
        f"SELECT {_COLUMNS}, {ACTOR_COLUMNS} FROM follows f JOIN actors a ON a.id = f.followee_id "
        "WHERE f.follower_id = :id AND f.state = 'accepted' AND f.id < :before ORDER BY f.id DESC LIMIT :limit",
        id=follower_id,
        before=before,
        limit=limit,
    )
    return [(Follow(*tuple(row)[:_WIDTH]), Actor(*tuple(row)[_WIDTH:])) for row in found]


async def list_requests(tx: Reader, followee_id: int, *, before: int, limit: int) -> list[tuple[Follow, Actor]]:
    """Pending requests to follow an actor, newest first."""
    found = await tx.rows(
        f"SELECT {_COLUMNS}, {ACTOR_COLUMNS} FROM follows f JOIN actors a ON a.id = f.follower_id "
        "WHERE f.followee_id = :id AND f.state = 'pending' AND f.id < :before ORDER BY f.id DESC LIMIT :limit",
        id=followee_id,
        before=before,
        limit=limit,
    )
    return [(Follow(*tuple(row)[:_WIDTH]), Actor(*tuple(row)[_WIDTH:])) for row in found]


async def list_between(tx: Reader, actor_id: int, others: Iterable[int]) -> list[Follow]:
    """Follows in either direction between one actor and several others."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM follows f WHERE (f.follower_id = :id AND f.followee_id IN :others) "
        "OR (f.followee_id = :id AND f.follower_id IN :others)",
        id=actor_id,
        others=list(others),
    )
    return [Follow(*row) for row in found]


async def list_of_actor(tx: Reader, actor_id: int) -> list[Follow]:
    """Every follow to or from an actor."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM follows f WHERE f.follower_id = :id OR f.followee_id = :id", id=actor_id
    )
    return [Follow(*row) for row in found]


async def list_with_host(tx: Reader, actor_id: int, host: str) -> list[Follow]:
    """Every follow between one actor and the people of a host, by its name or that of its handles."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM follows f JOIN actors o ON o.id = CASE f.follower_id WHEN :id THEN f.followee_id "
        "ELSE f.follower_id END WHERE (f.follower_id = :id OR f.followee_id = :id) AND :host IN (o.host, o.handle_host)",
        id=actor_id,
        host=host,
    )
    return [Follow(*row) for row in found]


async def list_of_host(tx: Reader, host: str) -> list[Follow]:
    """Every follow to or from the actors of a host and its subdomains."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM follows f JOIN actors x ON x.id = f.follower_id JOIN actors y ON y.id = f.followee_id "
        "WHERE x.host = :host OR y.host = :host OR x.host LIKE :below OR y.host LIKE :below",
        host=host,
        below=f"%.{host}",
    )
    return [Follow(*row) for row in found]
