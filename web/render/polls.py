"""Polls as voters see them."""

from storage.marks import Marks
from storage.records import Poll, Status, listed
from web.render.frame import Entity, Frame, emojis, moment


def poll(poll: Poll, status: Status, marks: Marks, frame: Frame) -> Entity:
    """Poll. Hidden counts are null, not 0, until it is over; its author counts as having voted, as in Mastodon."""
    over = bool(poll.ended) or (poll.expires_at is not None and poll.expires_at <= frame.now)
    tallies: list[int] = listed(poll.tallies)
    shown: list[int | None] = [None] * len(tallies) if poll.hide_totals and not over else [*tallies]
    own = sorted(position for status_id, position in marks.votes if status_id == status.id)
    entity: Entity = {
        "id": str(poll.id),
        "expires_at": None if poll.expires_at is None else moment(poll.expires_at),
        "expired": over,
        "multiple": bool(poll.multiple),
        "votes_count": sum(tallies),
        "voters_count": poll.voters,
        "options": [
            {"title": title, "votes_count": votes} for title, votes in zip(listed(poll.options), shown, strict=True)
        ],
        "emojis": emojis(status.emojis, frame.links),
    }
    if frame.viewer:
        entity |= {"voted": bool(own) or status.actor_id == frame.viewer, "own_votes": own}
    return entity
