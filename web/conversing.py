"""Conversations as apps show them: loaded in one unit of work, rendered by their newest posts."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage import markers, views
from storage.database import Reader
from storage.records import Status
from storage.views import Posts
from web.render import Entity, Frame, Renderer, conversation


@dataclass(frozen=True, slots=True)
class Conversations:
    """Threads of direct posts by their newest ones. `ids` and `read` (up to which post) by thread."""

    newest: Sequence[Status]
    ids: dict[int, int]
    read: dict[int, int]
    posts: Posts


async def load_conversations(tx: Reader, newest: Sequence[Status], *, viewer: int, now: int) -> Conversations:
    """All that showing conversations needs. The posts must come from a query that asked `storage.visibility`."""
    threads = [one.thread_id for one in newest]
    ids = await views.list_conversation_ids(tx, threads, viewer=viewer, now=now)
    read = await markers.list_read(tx, viewer, threads)
    return Conversations(newest, ids, read, await views.load_posts(tx, newest, viewer=viewer, now=now, mentioned=True))


def render_conversations(loaded: Conversations, frame: Frame) -> list[Entity]:
    """In the order of their newest posts."""
    shown, viewer = Renderer(loaded.posts, frame), frame.viewer
    return [
        conversation(
            loaded.ids[one.thread_id],
            one,
            _list_others(one, loaded.posts, viewer),
            shown,
            unread=one.actor_id != viewer and loaded.read.get(one.thread_id, 0) < one.id,
        )
        for one in loaded.newest
    ]


def _list_others(status: Status, posts: Posts, viewer: int) -> list[int]:
    """Everybody else in it; a note to oneself has oneself."""
    people = [status.actor_id, *(one.actor_id for one in posts.mentions.get(status.id, ()))]
    others = [actor_id for actor_id in dict.fromkeys(people) if actor_id != viewer]
    return others or [viewer]
