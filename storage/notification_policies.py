"""What members want held back of notifications, from whom they accept them, and what waits. Must not decide either."""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.events import insert_event
from storage.notifications import SHOWN_TO_OWNER
from storage.pages import Page
from storage.records import NotificationPolicy, columns, make, placeholders, values

_COLUMNS = columns(NotificationPolicy, "p")
_INSERT = "INSERT INTO notification_policies ({}) VALUES ({})".format(*placeholders(NotificationPolicy))


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What who turns to a member is to them. Times in unix ms; `accepted`: the member wants to hear from them."""

    followed: bool
    follower_since: int | None
    created_at: int
    bot: bool
    limited: bool
    accepted: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What waits from one sender. `id` is that of the first notification; `status_id` the newest post that it is about."""

    id: int
    actor_id: int
    count: int
    created_at: int
    updated_at: int
    status_id: int | None


async def get_policy(tx: Reader, owner_id: int) -> NotificationPolicy:
    """What the member set, or what holds before they did."""
    row = await tx.row(f"SELECT {_COLUMNS} FROM notification_policies p WHERE p.owner_id = :owner", owner=owner_id)
    return make(NotificationPolicy, row) or NotificationPolicy(owner_id)


async def upsert_policy(tx: Transaction, policy: NotificationPolicy) -> None:
    names = [name for name in values(policy) if name != "owner_id"]
    changed = ", ".join(f"{name} = excluded.{name}" for name in names)
    await tx.execute(f"{_INSERT} ON CONFLICT (owner_id) DO UPDATE SET {changed}", **values(policy))


async def get_acquaintance(tx: Reader, owner_id: int, actor_id: int) -> Acquaintance | None:
    """None when there is no such actor."""
    row = await tx.row(
        "SELECT EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = :owner AND f.followee_id = a.id "
        "AND f.state = 'accepted'), (SELECT f.created_at FROM follows f WHERE f.follower_id = a.id "
        "AND f.followee_id = :owner AND f.state = 'accepted'), a.created_at, a.type IN ('Service', 'Application'), "
        "EXISTS (SELECT 1 FROM accepted_senders s WHERE s.owner_id = :owner AND s.actor_id = a.id), "
        "a.silenced_at IS NOT NULL FROM actors a WHERE a.id = :actor",
        owner=owner_id,
        actor=actor_id,
    )
    if row is None:
        return None
    followed, since, created_at, bot, accepted, limited = row
    return Acquaintance(bool(followed), since, created_at, bool(bot), limited=bool(limited), accepted=bool(accepted))


async def has_written_to(tx: Reader, owner_id: int, actor_id: int, *, thread_id: int) -> bool:
    """Whether a member named an actor in a direct post of a thread."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM statuses s JOIN mentions m ON m.status_id = s.id WHERE s.thread_id = :thread "
            "AND s.actor_id = :owner AND s.audience = 'direct' AND m.actor_id = :actor",
            thread=thread_id,
            owner=owner_id,
            actor=actor_id,
        )
    )


async def list_requests(tx: Reader, owner_id: int, page: Page, *, now: int) -> list[Request]:
    """A page of senders of whom something waits, those who came last first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        "SELECT min(n.id), n.actor_id, count(*), min(n.created_at), max(n.created_at), max(n.status_id) "
        f"FROM notifications n WHERE n.filtered = 1 AND {SHOWN_TO_OWNER} GROUP BY n.actor_id "
        f"HAVING min(n.id) > :after AND min(n.id) < :before ORDER BY min(n.id) {order} LIMIT :limit",
        owner=owner_id,
        viewer=owner_id,
        now=now,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [Request(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def get_request(tx: Reader, owner_id: int, request_id: int, *, now: int) -> Request | None:
    """By the id of one of the notifications that wait."""
    row = await tx.row(
        "SELECT min(n.id), n.actor_id, count(*), min(n.created_at), max(n.created_at), max(n.status_id) "
        f"FROM notifications n WHERE n.filtered = 1 AND {SHOWN_TO_OWNER} AND n.actor_id = (SELECT o.actor_id "
        "FROM notifications o WHERE o.id = :id AND o.owner_id = :owner AND o.filtered = 1) GROUP BY n.actor_id",
        id=request_id,
        owner=owner_id,
        viewer=owner_id,
        now=now,
    )
    return None if row is None else Request(*row)


async def count_waiting(tx: Reader, owner_id: int, *, now: int) -> tuple[int, int]:
    """How many senders, and how many notifications."""
    row = await tx.row(
        f"SELECT count(DISTINCT n.actor_id), count(*) FROM notifications n WHERE n.filtered = 1 AND {SHOWN_TO_OWNER}",
        owner=owner_id,
        viewer=owner_id,
        now=now,
    )
    return (0, 0) if row is None else (row[0], row[1])


async def accept_sender(tx: Transaction, owner_id: int, actor_id: int, *, now: int) -> None:
    """What waits from a sender joins the others, and what will come does not wait. Open streams are told to look again."""
    await tx.execute(
        "INSERT INTO accepted_senders (owner_id, actor_id) VALUES (:owner, :actor) "
        "ON CONFLICT (owner_id, actor_id) DO NOTHING",
        owner=owner_id,
        actor=actor_id,
    )
    await tx.execute(
        "UPDATE notifications SET filtered = 0 WHERE owner_id = :owner AND actor_id = :actor AND filtered = 1",
        owner=owner_id,
        actor=actor_id,
    )
    await insert_event(tx, owner_id=owner_id, type_="notifications_merged", ref=1, now=now)


async def dismiss_sender(tx: Transaction, owner_id: int, actor_id: int) -> None:
    """What waits from a sender is forgotten; what will come waits again."""
    await tx.execute(
        "DELETE FROM notifications WHERE owner_id = :owner AND actor_id = :actor AND filtered = 1",
        owner=owner_id,
        actor=actor_id,
    )
