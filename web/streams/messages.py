"""What stored events say to their owners at this moment: rights asked again, entities rendered just before sending.

An event holds ids only. What its owner may not see now, or what is gone, is passed over in silence.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from storage import notifications, views
from storage.database import Reader
from storage.records import Event, Notification, Status
from storage.views import Posts
from storage.visibility import list_visible
from web.render import Entity, Frame, Renderer, notification
from web.streams.outlets import Message, Outlet

STATUS_EVENTS = ("update", "status.update")


@dataclass(frozen=True, slots=True)
class Told:
    """Some events of one owner, with all that showing them needs."""

    events: Sequence[Event]
    statuses: dict[int, Status]
    notifications: dict[int, Notification]
    posts: Posts


async def load_told(tx: Reader, events: Sequence[Event], *, owner: int, now: int) -> Told:
    """What these events of one owner are about, as far as the owner may see it now."""
    told = [
        await notifications.get_notification(tx, event.ref, owner_id=owner, now=now)
        for event in events
        if event.type == "notification"
    ]
    known = {one.id: one for one in told if one is not None}
    about = {event.ref for event in events if event.type in STATUS_EVENTS}
    about |= {one.status_id for one in known.values() if one.status_id is not None}
    shown = await list_visible(tx, about, viewer=owner, now=now) if about else {}
    people = [one.actor_id for one in known.values()]
    posts = await views.load_posts(tx, list(shown.values()), viewer=owner, now=now, also=people)
    return Told(events, shown, known, posts)


def render_messages(told: Told, outlet: Outlet, make_frame: Callable[[Posts], Frame]) -> Iterator[Message]:
    """The messages for one connection, in the order of the events."""
    renderer = Renderer(told.posts, make_frame(told.posts))
    for event in told.events:
        status = told.statuses.get(event.ref) if event.type in STATUS_EVENTS else None
        streams = list(outlet.wanting(event.type, status.group_id if status else None))
        payload = _render_payload(event, told, renderer) if streams else None
        if payload is not None:
            yield from (Message(stream, event.type, payload) for stream in streams)


def _render_payload(event: Event, told: Told, renderer: Renderer) -> str | None:
    """JSON text of an entity, or the id of what is gone; None when there is nothing to say."""
    match event.type:
        case "delete":
            return str(event.ref)
        case "update" | "status.update":
            return _dump(_render_status(told.statuses.get(event.ref), renderer))
        case "notification":
            return _dump(_render_notification(told.notifications.get(event.ref), told, renderer))
    return None


def _render_status(status: Status | None, renderer: Renderer) -> Entity | None:
    return renderer.status(status) if status is not None and renderer.is_shown(status) else None


def _render_notification(one: Notification | None, told: Told, renderer: Renderer) -> Entity | None:
    if one is None:
        return None
    status = told.statuses.get(one.status_id) if one.status_id is not None else None
    if one.status_id is not None and (status is None or not renderer.is_shown(status)):
        return None
    return notification(one, renderer, status)


def _dump(entity: Entity | None) -> str | None:
    return None if entity is None else orjson.dumps(entity).decode()


def by_owner(events: Iterable[Event], owners: frozenset[int]) -> dict[int, list[Event]]:
    """The events of these owners, each owner's in order."""
    found: dict[int, list[Event]] = {}
    for event in events:
        if event.owner_id in owners:
            found.setdefault(event.owner_id, []).append(event)
    return found
