"""What stored events say to their owners at this moment: rights asked again, entities rendered just before sending.

An event holds ids only. What its owner may not see now, or what is gone, is passed over in silence. A post that is
told to many is loaded once for all who see the same around it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from storage import announcements, notifications, quotes, views
from storage.database import Reader
from storage.events import EVERYBODY, FILTERS_CHANGED
from storage.filters import list_active
from storage.lists import NOWHERE_ELSE, Place, list_places
from storage.marks import NONE, list_marks
from storage.records import Event, Notification, Status
from storage.sights import list_locales, list_seen
from storage.views import Posts
from storage.visibility import get_visible
from storage.welcome import list_welcoming
from web.announcing import (
    Announced,
    Reacted,
    load_announcements,
    load_reaction,
    render_announcements,
    render_reaction,
)
from web.conversing import Conversations, load_conversations, render_conversations
from web.render import Entity, Frame, Renderer, notification
from web.streams.outlets import HOME, Message, Outlet, Stream, Where

STATUS_EVENTS = ("update", "status.update")
# A boost, its original, what that quotes or answers, and what that quotes in turn.
DEPTH = 4


@dataclass(frozen=True, slots=True)
class Told:
    """One event that a member may be told, with what it is about and what showing that needs."""

    event: Event
    owner: int
    where: Where = HOME
    status: Status | None = None
    notification: Notification | None = None
    posts: Posts | None = None
    talk: Conversations | None = None
    announced: Announced | Reacted | None = None


async def load_told(tx: Reader, events: Sequence[tuple[int, Event]], *, now: int) -> list[Told]:
    """Those of these events (with whom to tell: its owner, or for a public one each who listens) that can be told now,
    in their order.
    """
    wanted = {(owner, event.ref) for owner, event in events if event.type in STATUS_EVENTS}
    shown = await load_sights(tx, wanted, now=now) if wanted else {}
    places = await _list_places(tx, shown, now=now) if shown else {}
    welcoming = await _list_welcoming(tx, events, now=now)
    told: list[Told | None] = []
    for owner, event in events:
        match event.type:
            case "delete" if event.owner_id == EVERYBODY:
                told.append(Told(event, owner, Where(public=frozenset())))
            case "delete" | "notifications_merged" | "announcement.delete" | "filters_changed":
                told.append(Told(event, owner))
            case "update" | "status.update" if (owner, event.ref) in shown:
                status, posts = shown[owner, event.ref]
                if event.owner_id != EVERYBODY:
                    where = _place(status, places.get((owner, event.ref), NOWHERE_ELSE))
                    told.append(Told(event, owner, where, status, posts=posts))
                elif owner in welcoming[event.ref]:
                    where = Where(public=list_public_streams(status, posts))
                    told.append(Told(event, owner, where, status, posts=posts))
            case "notification":
                told.append(await _load_notification(tx, event, now=now))
            case "conversation":
                told.append(await _load_conversation(tx, event, now=now))
            case "announcement" | "announcement.reaction":
                told.append(await _load_announcement(tx, event, owner, now=now))
    return [one for one in told if one is not None]


async def _list_places(tx: Reader, shown: Iterable[tuple[int, int]], *, now: int) -> dict[tuple[int, int], Place]:
    owners, status_ids = zip(*shown, strict=True)
    return await list_places(tx, set(status_ids), set(owners), now=now)


async def _list_welcoming(tx: Reader, events: Iterable[tuple[int, Event]], *, now: int) -> dict[int, set[int]]:
    """Who of those who listen in public wants to see each post: its author may be blocked or muted."""
    listening: dict[int, set[int]] = {}
    for owner, event in events:
        if event.owner_id == EVERYBODY and event.type in STATUS_EVENTS:
            listening.setdefault(event.ref, set()).add(owner)
    return {ref: await list_welcoming(tx, owners, ref, now=now, unasked=True) for ref, owners in listening.items()}


def _place(status: Status, place: Place) -> Where:
    group = set() if status.group_id is None else {status.group_id}
    return Where(frozenset(str(one) for one in (*place.lists, *group)), place.home)


def list_public_streams(status: Status, posts: Posts) -> frozenset[Stream]:
    """The public streams in which a public post appears: as in the timelines of these names."""
    author = posts.people.actors.get(status.actor_id)
    where = "local" if author is not None and author.local else "remote"
    names = []
    if status.in_reply_to_uri is None or status.in_reply_to_actor_id == status.actor_id:
        names = ["public", f"public:{where}"]
    if posts.media.get(status.id):
        names += [f"{name}:media" for name in names]
    tags = [tag.lower() for tag in posts.tags.get(status.id, ())]
    tagged = ["hashtag", "hashtag:local"] if where == "local" else ["hashtag"]
    return frozenset([*(Stream(name) for name in names), *(Stream(name, tag) for name in tagged for tag in tags)])


async def load_sights(
    tx: Reader, wanted: Iterable[tuple[int, int]], *, now: int
) -> dict[tuple[int, int], tuple[Status, Posts]]:
    """Posts by owner and id, as each owner may see them; what the owner may not see is not there.

    What is shown around a post depends on its viewer in five ways only: which of the posts it refers to they see, what
    they did with it, by whom they want to see nothing, their language, and their filters.
    """
    wanted = sorted(wanted)
    owners = {owner for owner, _ in wanted}
    seen, quoted = await _list_around(tx, {status_id for _, status_id in wanted}, owners, now=now)
    around = {status_id for posts in seen.values() for status_id in posts}
    unwelcome = await quotes.list_unwelcome(tx, quoted.values(), owners, now=now) if quoted else {}
    marks, filters = await list_marks(tx, around, owners), await list_active(tx, owners, around, now=now)
    locales = await list_locales(tx, owners)
    loaded: dict[tuple[int, frozenset[int]], Posts] = {}
    sights: dict[tuple[int, int], tuple[Status, Posts]] = {}
    for owner, status_id in wanted:
        status = seen.get(owner, {}).get(status_id)
        if status is None:
            continue
        key = (status_id, _reach(status, seen[owner], quoted))
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
                unwelcome=unwelcome.get(owner, {}),
            ),
        )
    return sights


async def _list_around(
    tx: Reader, status_ids: set[int], owners: set[int], *, now: int
) -> tuple[dict[int, dict[int, Status]], dict[int, int]]:
    """What each owner sees of some posts and of those that they refer to; and which of these quote which."""
    seen: dict[int, dict[int, Status]] = {owner: {} for owner in owners}
    quoted: dict[int, int] = {}
    asked: set[int] = set()
    for _ in range(DEPTH):
        found = await list_seen(tx, status_ids, owners, now=now)
        for owner, posts in found.items():
            seen[owner].update(posts)
        asked |= status_ids
        new = {one.id: one for posts in found.values() for one in posts.values()}
        quoted |= {
            one.status_id: one.quoted_id for one in (await quotes.list_quotes(tx, new)).values() if one.quoted_id
        }
        status_ids = {ref for status in new.values() for ref in _refs(status, quoted)} - asked
        if not status_ids:
            break
    return seen, quoted


def _refs(status: Status, quoted: Mapping[int, int]) -> list[int]:
    refs = (status.boost_of_id, status.in_reply_to_id, quoted.get(status.id))
    return [ref for ref in refs if ref is not None]


def _reach(status: Status, seen: Mapping[int, Status], quoted: Mapping[int, int]) -> frozenset[int]:
    """The posts that somebody who sees these sees by way of one of them."""
    reached, waiting = set[int](), [status.id]
    while waiting:
        one = waiting.pop()
        if one in seen and one not in reached:
            reached.add(one)
            waiting += _refs(seen[one], quoted)
    return frozenset(reached)


async def _load_notification(tx: Reader, event: Event, *, now: int) -> Told | None:
    owner = event.owner_id
    found = await notifications.get_notification(tx, event.ref, owner_id=owner, now=now)
    if found is None:
        return None
    shown, posts = await views.load_notified(tx, [found], viewer=owner, now=now)
    return Told(event, owner, status=shown.get(found.status_id or 0), notification=found, posts=posts)


async def _load_conversation(tx: Reader, event: Event, *, now: int) -> Told | None:
    owner = event.owner_id
    status = await get_visible(tx, event.ref, viewer=owner, now=now)
    if status is None:
        return None
    talk = await load_conversations(tx, [status], viewer=owner, now=now)
    return Told(event, owner, status=status, posts=talk.posts, talk=talk)


async def _load_announcement(tx: Reader, event: Event, owner: int, *, now: int) -> Told | None:
    announced: Announced | Reacted | None
    if event.type == "announcement.reaction":
        announced = await load_reaction(tx, event.ref)
    else:
        found = await announcements.get_current(tx, event.ref, now=now)
        announced = await load_announcements(tx, [found], viewer=owner, now=now) if found else None
    return None if announced is None else Told(event, owner, announced=announced)


def render_messages(told: Iterable[Told], outlet: Outlet, make_frame: Callable[[str], Frame]) -> Iterator[Message]:
    """The messages for one connection, in the order of the events."""
    for one in told:
        streams = list(outlet.wanting(one.event.type, one.where))
        payload = _render_payload(one, make_frame) if streams else None
        if payload is not None:
            yield from (Message(stream, one.event.type, payload) for stream in streams)


def _render_payload(told: Told, make_frame: Callable[[str], Frame]) -> str | None:
    """JSON text of an entity, the id of what is gone, or '' where the event says it all; None for nothing to show."""
    if told.announced is not None:
        return _dump(_render_announced(told.announced, make_frame))
    if told.posts is None:
        return "" if told.event.type == FILTERS_CHANGED else str(told.event.ref)
    frame = make_frame(told.posts.people.locale)
    renderer, status = Renderer(told.posts, frame), told.status
    if status is not None and not renderer.is_shown(status):
        return None
    if told.talk is not None:
        return _dump(render_conversations(told.talk, frame)[0])
    if told.notification is not None:
        return _dump(notification(told.notification, renderer, status))
    return None if status is None else _dump(renderer.status(status))


def _render_announced(announced: Announced | Reacted, make_frame: Callable[[str], Frame]) -> Entity:
    if isinstance(announced, Reacted):
        return render_reaction(announced, make_frame(""))
    return render_announcements(announced, make_frame(announced.locale))[0]


def _dump(entity: Entity) -> str:
    return orjson.dumps(entity).decode()
