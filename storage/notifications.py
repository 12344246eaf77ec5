"""What a member is told about. A notification about a post is shown only while its owner may see the post."""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.moderation import Act, roles_for
from storage import push
from storage.database import Reader, Transaction
from storage.events import insert_event
from storage.featured_collections import TELLABLE
from storage.pages import Page
from storage.records import Notification, columns, make, placeholders, values
from storage.visibility import VISIBLE
from storage.welcome import WELCOME_TO_NOTIFY

_COLUMNS = columns(Notification, "n")
_INSERT = "INSERT INTO notifications ({}) VALUES ({})".format(*placeholders(Notification))
# Who waits to be let in is shown to those who let people in, and to nobody else.
_DOORKEEPERS = ", ".join(f"'{role}'" for role in sorted(roles_for(Act.MANAGE_MEMBERS)))
_WAITS = (
    "n.type = 'admin.sign_up' AND EXISTS (SELECT 1 FROM members k WHERE k.actor_id = n.owner_id "
    f"AND k.role IN ({_DOORKEEPERS})) AND EXISTS (SELECT 1 FROM members w WHERE w.actor_id = n.actor_id "
    "AND (w.confirmed_at IS NULL OR w.approved_at IS NULL))"
)
# Whether a notification `n` is for `owner`, and may be shown now.
SHOWN_TO_OWNER = (
    "n.owner_id = :owner AND NOT EXISTS (SELECT 1 FROM actors x WHERE x.id = n.actor_id AND "
    f"((x.disabled_at IS NOT NULL AND NOT ({_WAITS})) OR x.host_suspended = 1 OR NOT {WELCOME_TO_NOTIFY})) AND (n.status_id IS NULL OR EXISTS "
    f"(SELECT 1 FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.id = n.status_id AND {VISIBLE}))"
    f" AND (n.collection_id IS NULL OR {TELLABLE})"
)


async def insert_notification(tx: Transaction, notification: Notification) -> None:
    """Tell a member once: the same type from the same actor about the same post is not repeated."""
    if await _is_known(tx, notification):
        return
    await tx.execute(_INSERT, **values(notification))
    await insert_event(
        tx, owner_id=notification.owner_id, type_="notification", ref=notification.id, now=notification.created_at
    )
    await push.insert_deliveries(tx, notification)


async def insert_filtered(tx: Transaction, notification: Notification) -> None:
    """Keep one until its owner asks: nothing is told."""
    if not await _is_known(tx, notification):
        await tx.execute(_INSERT, **{**values(notification), "filtered": 1})


async def _is_known(tx: Reader, notification: Notification) -> bool:
    return bool(
        await tx.value(
            "SELECT count(*) FROM notifications WHERE owner_id = :owner_id AND type = :type AND actor_id = :actor_id "
            "AND coalesce(status_id, 0) = :status AND coalesce(report_id, 0) = :report "
            "AND coalesce(collection_id, 0) = :collection",
            owner_id=notification.owner_id,
            type=notification.type,
            actor_id=notification.actor_id,
            status=notification.status_id or 0,
            report=notification.report_id or 0,
            collection=notification.collection_id or 0,
        )
    )


async def delete_notifications(tx: Transaction, *, type_: str, actor_id: int, owner_id: int) -> None:
    """Take back what is no longer so (an undone follow request)."""
    await tx.execute(
        "DELETE FROM notifications WHERE type = :type AND actor_id = :actor AND owner_id = :owner",
        type=type_,
        actor=actor_id,
        owner=owner_id,
    )


async def delete_notifications_about(tx: Transaction, *, type_: str, actor_id: int, status_id: int) -> None:
    """Take back what is no longer so (an undone favourite or boost)."""
    await tx.execute(
        "DELETE FROM notifications WHERE type = :type AND actor_id = :actor AND status_id = :status",
        type=type_,
        actor=actor_id,
        status=status_id,
    )


async def delete_notifications_of_collection(tx: Transaction, *, type_: str, collection_id: int) -> None:
    """Make room for a newer one."""
    await tx.execute(
        "DELETE FROM notifications WHERE type = :type AND collection_id = :collection",
        type=type_,
        collection=collection_id,
    )


async def delete_all_of(tx: Transaction, owner_id: int) -> None:
    """A member wants to see none of those that they have."""
    await tx.execute("DELETE FROM notifications WHERE owner_id = :owner", owner=owner_id)


async def delete_some_of(tx: Transaction, owner_id: int, ids: Iterable[int]) -> None:
    await tx.execute("DELETE FROM notifications WHERE owner_id = :owner AND id IN :ids", owner=owner_id, ids=list(ids))


async def get_notification(tx: Reader, notification_id: int, *, owner_id: int, now: int) -> Notification | None:
    return make(
        Notification,
        await tx.row(
            f"SELECT {_COLUMNS} FROM notifications n WHERE n.id = :id AND {SHOWN_TO_OWNER}",
            id=notification_id,
            owner=owner_id,
            viewer=owner_id,
            now=now,
        ),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notifications a page is asked to show; no types means every type."""

    types: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    from_actor: int = 0
    filtered: bool = False  # those too that are held back


async def list_notifications(tx: Reader, owner_id: int, page: Page, wanted: Wanted, *, now: int) -> list[Notification]:
    """A page, newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM notifications n WHERE n.id > :after AND n.id < :before AND {SHOWN_TO_OWNER} "
        "AND (:every = 1 OR n.type IN :types) AND n.type NOT IN :without AND (n.actor_id = :author OR :author = 0) "
        "AND (n.filtered = 0 OR :filtered = 1) "
        f"ORDER BY n.id {order} LIMIT :limit",
        owner=owner_id,
        viewer=owner_id,
        now=now,
        after=page.after,
        before=page.before,
        limit=page.limit,
        every=int(not wanted.types),
        types=wanted.types,
        without=wanted.without,
        author=wanted.from_actor,
        filtered=int(wanted.filtered),
    )
    listed = [Notification(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed
