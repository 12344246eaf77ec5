"""What stored events say to their owners at this moment: rights asked again, entities rendered just before sending.

An event holds ids only. What its owner may not see now, or what is gone, is passed over in silence. A post that is
told to many is loaded once for all who see the same around it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from storage import notifications, views
from storage.database import Reader
from storage.filters import list_active
from storage.lists import NOWHERE_ELSE, Place, list_places
from storage.marks import NONE, list_marks
from storage.records import Event, Notification, Status
from storage.sights import list_locales, list_seen
from storage.views import Posts
from storage.visibility import get_visible
from web.render import Entity, Frame, Renderer, notification
from web.streams.outlets import Message, Outlet

STATUS_EVENTS = ("update", "status.update")
# A boost, its original, and what that answers.
DEPTH = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One event that its owner may be told, with what it is about and what showing that needs."""

    event: Event
    status: Status | None = None
    notification: Notification | None = None
    posts: Posts | None = None
    place: Place = NOWHERE_ELSE

    @property
    def lists(self) -> set[str]:
        """The ids of the lists that the post stands in for the owner: their own, and its group."""
        group = {self.status.group_id} if self.status and self.status.group_id is not None else set()
        return {str(one) for one in (*self.place.lists, *group)}


async def load_told(tx: Reader, events: Sequence[Event], *, now: int) -> list[Told]:
    """Those of these events that can be told now, in their order."""
    wanted = {(event.owner_id, event.ref) for event in events if event.type in STATUS_EVENTS}
    shown = await load_sights(tx, wanted, now=now) if wanted else {}
    places = await _list_places(tx, shown, now=now) if shown else {}
    told: list[Told | None] = []
    for event in events:
        match event.type:
            case "delete" | "notifications_merged":
                told.append(Told(event))
            case "update" | "status.update" if (event.owner_id, event.ref) in shown:
                status, posts = shown[event.owner_id, event.ref]
                place = places.get((event.owner_id, event.ref), NOWHERE_ELSE)
                told.append(Told(event, status, posts=posts, place=place))
            case "notification":
                told.append(await _load_notification(tx, event, now=now))
    return [one for one in told if one is not None]


async def _list_places(tx: Reader, shown: Iterable[tuple[int, int]], *, now: int) -> dict[tuple[int, int], Place]:
    owners, status_ids = zip(*shown, strict=True)
    return await list_places(tx, set(status_ids), set(owners), now=now)


async def load_sights(
    tx: Reader, wanted: Iterable[tuple[int, int]], *, now: int
) -> dict[tuple[int, int], tuple[Status, Posts]]:
    """Posts by owner and id, as each owner may see them; what the owner may not see is not there.

    What is shown around a post depends on its viewer in four ways only: which of the posts it refers to they see, what
    they did with it, their language, and their filters.
    """
    wanted = sorted(wanted)
    owners = {owner for owner, _ in wanted}
    seen = await _list_around(tx, {status_id for _, status_id in wanted}, owners, now=now)
    around = {status_id for posts in seen.values() for status_id in posts}
    marks, filters = await list_marks(tx, around, owners), await list_active(tx, owners, around, now=now)
    locales = await list_locales(tx, owners)
    loaded: dict[tuple[int, frozenset[int]], Posts] = {}
    sights: dict[tuple[int, int], tuple[Status, Posts]] = {}
    for owner, status_id in wanted:
        status = seen.get(owner, {}).get(status_id)
        if status is None:
            continue
        key = (status_id, _reach(status, seen[owner]))
        if key not in loaded:
            loaded[key] = await views.load_posts(tx, [status], viewer=owner, now=now)
        posts = loaded[key]
        sights[owner, status_id] = (
            status,
            replace(
                posts,
                people=replace(posts.people, locale=locales.get(owner, "")),
                marks=marks.get(owner, NONE),
                filters=filters.get(owner, ()),
            ),
        )
    return sights


async def _list_around(tx: Reader, status_ids: set[int], owners: set[int], *, now: int) -> dict[int, dict[int, Status]]:
    """What each owner sees of some posts and of those that they refer to."""
    seen: dict[int, dict[int, Status]] = {owner: {} for owner in owners}
    asked: set[int] = set()
    for _ in range(DEPTH):
        found = await list_seen(tx, status_ids, owners, now=now)
        for owner, posts in found.items():
            seen[owner].update(posts)
        asked |= status_ids
        status_ids = {ref for posts in found.values() for status in posts.values() for ref in _refs(status)} - asked
        if not status_ids:
            break
    return seen


def _refs(status: Status) -> list[int]:
    return [ref for ref in (status.boost_of_id, status.in_reply_to_id) if ref is not None]


def _reach(status: Status, seen: dict[int, Status]) -> frozenset[int]:
    """The posts that somebody who sees these sees by way of one of them."""
    reached, waiting = set[int](), [status.id]
    while waiting:
        one = waiting.pop()
        if one in seen and one not in reached:
            reached.add(one)
            waiting += _refs(seen[one])
    return frozenset(reached)


async def _load_notification(tx: Reader, event: Event, *, now: int) -> Told | None:
    owner = event.owner_id
    found = await notifications.get_notification(tx, event.ref, owner_id=owner, now=now)
    if found is None:
        return None
    status = await get_visible(tx, found.status_id, viewer=owner, now=now) if found.status_id is not None else None
    page = [status] if status else []
    posts = await views.load_posts(tx, page, viewer=owner, now=now, also=[found.actor_id])
    return Told(event, status, found, posts)


def render_messages(told: Iterable[Told], outlet: Outlet, make_frame: Callable[[Posts], Frame]) -> Iterator[Message]:
    """The messages for one connection, in the order of the events."""
    for one in told:
        streams = list(outlet.wanting(one.event.type, one.lists, home=one.place.home))
        payload = _render_payload(one, make_frame) if streams else None
        if payload is not None:
            yield from (Message(stream, one.event.type, payload) for stream in streams)


def _render_payload(told: Told, make_frame: Callable[[Posts], Frame]) -> str | None:
    """JSON text of an entity, or the id of what is gone; None when there is nothing to show."""
    if told.posts is None:
        return str(told.event.ref)
    renderer, status = Renderer(told.posts, make_frame(told.posts)), told.status
    if status is not None and not renderer.is_shown(status):
        return None
    if told.notification is not None:
        return _dump(notification(told.notification, renderer, status))
    return None if status is None else _dump(renderer.status(status))


def _dump(entity: Entity) -> str:
    return orjson.dumps(entity).decode()
