"""What stands beside posts: lists, markers, conversations."""

from collections.abc import Iterable

from storage.records import Actor, Marker, PeopleList, PushSubscription, Status, listed
from web.render.frame import Entity, moment
from web.render.posts import Renderer


def group_list(group: Actor) -> Entity:
    """List: a private group, as every client can show it."""
    title = group.name or group.username
    return {"id": str(group.id), "title": title, "replies_policy": "list", "exclusive": False}


OF_QUESTIONS = 1 << 62  # more than any id: the list of a group's questions has the group's id and this


def questions_list(group: Actor) -> Entity:
    """List: what is asked in a private group and not answered."""
    named = group_list(group)
    return named | {"id": str(group.id + OF_QUESTIONS), "title": f"{named['title']} ?"}


def people_list(made: PeopleList) -> Entity:
    """List: people whom a member sorted together."""
    return {
        "id": str(made.id),
        "title": made.title,
        "replies_policy": made.replies_policy,
        "exclusive": bool(made.exclusive),
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
