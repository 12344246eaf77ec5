"""People who want to be found: the directory, and whom a member might want to follow. Private groups are in neither."""

from dataclasses import dataclass

from storage.actors import COLUMNS
from storage.database import Reader, Transaction
from storage.records import Actor
from storage.welcome import WELCOME_TO_NOTIFY

_FOUND = (
    "a.discoverable = 1 AND a.type <> 'Application' AND a.disabled_at IS NULL AND a.host_suspended = 0 "
    "AND a.silenced_at IS NULL AND NOT EXISTS (SELECT 1 FROM groups g WHERE g.actor_id = a.id)"
)
_ORDERS = {"active": "coalesce(a.last_status_at, 0) DESC, a.id DESC", "new": "a.id DESC"}


@dataclass(frozen=True, slots=True)
class Suggested:
    """Somebody whom a member might follow. `friends`: how many of those whom the member follows do."""

    actor: Actor
    friends: int


async def list_directory(tx: Reader, *, order: str, local: bool, limit: int, offset: int) -> list[Actor]:
    """`order`: `active` (who posted last), or `new`."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM actors a WHERE {_FOUND} AND (:local = 0 OR a.host = '') "
        f"ORDER BY {_ORDERS[order]} LIMIT :limit OFFSET :offset",
        local=int(local),
        limit=limit,
        offset=offset,
    )
    return [Actor(*row) for row in found]


async def list_suggested(tx: Reader, viewer: int, *, limit: int, now: int) -> list[Suggested]:
    """Friends of friends first, then members here whom most follow."""
    wanted = WELCOME_TO_NOTIFY.replace("x.", "a.")
    found = await tx.rows(
        f"SELECT {COLUMNS}, (SELECT count(*) FROM follows f JOIN follows mine ON mine.followee_id = f.follower_id "
        "WHERE f.followee_id = a.id AND f.state = 'accepted' AND mine.follower_id = :viewer AND mine.state = 'accepted') "
        f"AS friends FROM actors a WHERE a.id <> :viewer AND {_FOUND} AND {wanted} "
        "AND (a.host = '' OR EXISTS (SELECT 1 FROM follows f JOIN follows mine ON mine.followee_id = f.follower_id "
        "WHERE f.followee_id = a.id AND f.state = 'accepted' AND mine.follower_id = :viewer AND mine.state = 'accepted')) "
        "AND NOT EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = :viewer AND f.followee_id = a.id) "
        "AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.owner_id = a.id AND b.target_id = :viewer) "
        "AND NOT EXISTS (SELECT 1 FROM mutes m WHERE m.owner_id = :viewer AND m.target_id = a.id AND m.until > :now) "
        "AND NOT EXISTS (SELECT 1 FROM dismissed_suggestions d WHERE d.owner_id = :viewer AND d.actor_id = a.id) "
        "ORDER BY friends DESC, a.followers_count DESC, a.id LIMIT :limit",
        viewer=viewer,
        now=now,
        limit=limit,
    )
    return [Suggested(Actor(*tuple(row)[:-1]), tuple(row)[-1]) for row in found]


async def dismiss(tx: Transaction, owner_id: int, actor_id: int) -> None:
    """A member wants this suggestion no more."""
    await tx.execute(
        "INSERT INTO dismissed_suggestions (owner_id, actor_id) VALUES (:owner, :actor) "
        "ON CONFLICT (owner_id, actor_id) DO NOTHING",
        owner=owner_id,
        actor=actor_id,
    )
