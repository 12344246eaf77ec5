"""What the institution tells its members."""

from collections.abc import Iterable, Sequence

from storage.announcements import Reaction
from storage.records import Actor, Announcement, CustomEmoji, Status, listed
from web.render.frame import Entity, Frame, custom_emoji, emojis, moment
from web.render.tags import tag_url


def announcement(
    one: Announcement,
    people: Iterable[Actor],
    statuses: Iterable[Status],
    reactions: Sequence[Entity],
    frame: Frame,
    *,
    read: bool,
) -> Entity:
    """Announcement, in the reader's language where it has such a text."""
    texts = (one.english, one.french) if frame.locale == "en" else (one.french, one.english)
    return {
        "id": str(one.id),
        "content": texts[0] or texts[1],
        "starts_at": None if one.starts_at is None else moment(one.starts_at),
        "ends_at": None if one.ends_at is None else moment(one.ends_at),
        "all_day": bool(one.all_day),
        "published_at": moment(one.published_at),
        "updated_at": moment(one.updated_at),
        "read": read,
        "mentions": [
            {"id": str(actor.id), "username": actor.username, "url": actor.url or actor.uri, "acct": actor.acct}
            for actor in people
        ],
        "statuses": [{"id": str(status.id), "url": status.url} for status in statuses],
        "tags": [{"name": tag, "url": tag_url(tag, frame.origin)} for tag in listed(one.tags)],
        "emojis": emojis(one.emojis, frame.links),
        "reactions": list(reactions),
    }


def announcement_reaction(one: Reaction, emoji: CustomEmoji | None, frame: Frame) -> Entity:
    """Reaction, without whether the reader is among them. One of our own emoji has a picture."""
    if emoji is None:
        return {"name": one.name, "count": one.count}
    shown = custom_emoji(emoji, frame.links)
    return {"name": one.name, "count": one.count, "url": shown["url"], "static_url": shown["static_url"]}
