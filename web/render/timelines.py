"""What stands beside posts: lists, notifications, markers, conversations."""

from collections.abc import Iterable, Sequence

from storage.records import Actor, Marker, Notification, PeopleList, PushSubscription, Status, listed
from web.render.frame import Entity, moment
from web.render.posts import Renderer

_SAMPLE = 8


def group_list(group: Actor) -> Entity:
    """List: a private group, as every client can show it."""
    title = group.name or group.username
    return {"id": str(group.id), "title": title, "replies_policy": "list", "exclusive": False}


def people_list(made: PeopleList) -> Entity:
    """List: people whom a member sorted together."""
    return {
        "id": str(made.id),
        "title": made.title,
        "replies_policy": made.replies_policy,
        "exclusive": bool(made.exclusive),
    }


def notification(told: Notification, renderer: Renderer, status: Status | None) -> Entity:
    """Notification, with the post that it is about."""
    shown = {} if status is None else {"status": renderer.status(status)}
    return {
        "id": str(told.id),
        "type": told.type,
        "group_key": f"ungrouped-{told.id}",
        "created_at": moment(told.created_at),
        "account": renderer.account(told.actor_id),
        **shown,
    }


def notification_group(key: str, told: Sequence[Notification]) -> Entity:
    """NotificationGroup of notifications that are newest first."""
    newest, oldest = told[0], told[-1]
    people = list(dict.fromkeys(str(one.actor_id) for one in told))
    return {
        "group_key": key,
        "notifications_count": len(told),
        "type": newest.type,
        "most_recent_notification_id": str(newest.id),
        "page_min_id": str(oldest.id),
        "page_max_id": str(newest.id),
        "latest_page_notification_at": moment(newest.created_at),
        "sample_account_ids": people[:_SAMPLE],
        **({} if newest.status_id is None else {"status_id": str(newest.status_id)}),
    }


def marker(one: Marker) -> Entity:
    return {"last_read_id": str(one.last_read_id), "version": one.version, "updated_at": moment(one.updated_at)}


def push_subscription(one: PushSubscription, types: Iterable[str], *, server_key: str) -> Entity:
    """WebPushSubscription. Each of `types` is said to be wanted or not; what is wanted besides is said too."""
    wanted = listed(one.alerts)
    return {
        "id": str(one.id),
        "endpoint": one.endpoint,
        "standard": bool(one.standard),
        "server_key": server_key,
        "alerts": dict.fromkeys(types, False) | dict.fromkeys(wanted, True),
        "policy": one.policy,
    }


def conversation(
    conversation_id: int, status: Status, others: Iterable[int], renderer: Renderer, *, unread: bool
) -> Entity:
    """Conversation: a thread of direct posts by its newest one."""
    return {
        "id": str(conversation_id),
        "unread": unread,
        "accounts": [renderer.account(actor_id) for actor_id in others],
        "last_status": renderer.status(status),
    }
