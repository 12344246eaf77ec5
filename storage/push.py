"""Which apps want to be told of notifications, and what is on its way to them. Must not know what they are told."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from storage import queues
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.queues import Lease
from storage.records import Notification, PushDelivery, PushSubscription, columns, make, placeholders, values

_COLUMNS = columns(PushSubscription, "p")
_WIDTH = _COLUMNS.count(",") + 1
_DELIVERY_COLUMNS = columns(PushDelivery, "d")
_INSERT = "INSERT INTO push_subscriptions ({}) VALUES ({})".format(*placeholders(PushSubscription))
_INSERT_DELIVERY = "INSERT INTO push_deliveries ({}) VALUES ({})".format(*placeholders(PushDelivery))
# `followed`: whom the owner follows; `follower`: who follows the owner.
_WANTED = (
    "p.owner_id = :owner AND p.alerts LIKE :type AND (p.policy = 'all' "
    "OR (p.policy = 'followed' AND EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = p.owner_id "
    "AND f.followee_id = :sender AND f.state = 'accepted')) "
    "OR (p.policy = 'follower' AND EXISTS (SELECT 1 FROM follows f WHERE f.followee_id = p.owner_id "
    "AND f.follower_id = :sender AND f.state = 'accepted')))"
)


@dataclass(frozen=True, slots=True)
class Push:
    """A claimed delivery with where it goes. `locale` is the owner's language."""

    delivery: PushDelivery
    subscription: PushSubscription
    locale: str


async def replace_subscription(tx: Transaction, subscription: PushSubscription) -> None:
    """The token's only one; what waited for the one before is forgotten with it."""
    await delete_subscription(tx, token_id=subscription.token_id)
    await tx.execute(_INSERT, **values(subscription))


async def get_subscription(tx: Reader, token_id: int) -> PushSubscription | None:
    return make(
        PushSubscription,
        await tx.row(f"SELECT {_COLUMNS} FROM push_subscriptions p WHERE p.token_id = :token", token=token_id),
    )


async def update_subscription(tx: Transaction, token_id: int, *, alerts: str, policy: str) -> None:
    await tx.execute(
        "UPDATE push_subscriptions SET alerts = :alerts, policy = :policy WHERE token_id = :token",
        alerts=alerts,
        policy=policy,
        token=token_id,
    )


async def delete_subscription(tx: Transaction, *, token_id: int) -> None:
    await tx.execute("DELETE FROM push_subscriptions WHERE token_id = :token", token=token_id)


async def insert_deliveries(tx: Transaction, notification: Notification) -> None:
    """Queue a new notification for each app of its owner that wants it."""
    found = await tx.rows(
        f"SELECT p.id, p.endpoint FROM push_subscriptions p WHERE {_WANTED} ORDER BY p.id",
        owner=notification.owner_id,
        sender=notification.actor_id,
        type=f'%"{notification.type}"%',
    )
    now = notification.created_at
    made = [
        PushDelivery(new_id(now), subscription_id, notification.id, urlsplit(endpoint).netloc, "due", 0, now, "")
        for subscription_id, endpoint in found
    ]
    await tx.execute_many(_INSERT_DELIVERY, [values(one) for one in made])


async def claim_due(tx: Transaction, lease: Lease, *, limit: int, share: int, busy: frozenset[str]) -> list[Push]:
    """Lease what is due, fairly between hosts. What is for somebody whose account was closed is dropped."""
    ids = await queues.claim(tx, "push_deliveries", lease, limit=limit, share=share, busy=busy)
    if not ids:
        return []
    found = await tx.rows(
        f"SELECT {_COLUMNS}, m.locale, {_DELIVERY_COLUMNS} FROM push_deliveries d "
        "JOIN push_subscriptions p ON p.id = d.subscription_id JOIN members m ON m.actor_id = p.owner_id "
        "JOIN actors a ON a.id = p.owner_id "
        "WHERE d.id IN :ids AND m.disabled_at IS NULL AND a.disabled_at IS NULL ORDER BY d.id",
        ids=ids,
    )
    claimed = [
        Push(PushDelivery(*row[_WIDTH + 1 :]), PushSubscription(*row[:_WIDTH]), row[_WIDTH])
        for row in map(tuple, found)
    ]
    await delete_deliveries(tx, set(ids) - {one.delivery.id for one in claimed})
    return claimed


async def delete_deliveries(tx: Transaction, delivery_ids: set[int]) -> None:
    """They are over, whichever way."""
    if delivery_ids:
        await tx.execute("DELETE FROM push_deliveries WHERE id IN :ids", ids=sorted(delivery_ids))


async def reschedule(tx: Transaction, delivery_id: int, *, due_at: int) -> None:
    await tx.execute(
        "UPDATE push_deliveries SET due_at = :due, lease_owner = '' WHERE id = :id", due=due_at, id=delivery_id
    )


async def get_next_due(tx: Reader, *, busy: frozenset[str]) -> int | None:
    """When the next one may be tried (unix ms), leaving out hosts that are `busy`."""
    return await queues.next_due(tx, "push_deliveries", busy=busy)


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "push_deliveries", owner=owner, now=now)
