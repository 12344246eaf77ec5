"""Who may hint at what: only at posts on their author's origin, which is not the sender's."""

from typing import Any

import pytest

from federation.wire.activities import parse_activity
from federation.wire.forwarded import Forwarded, forwarded_by

CARL, EVE = "https://c.example/users/carl", "https://b.example/users/eve"
NOTE = "https://c.example/notes/1"


def brought(kind: str, about: Any, *, by: str = EVE) -> Forwarded | None:
    document = {"id": "https://c.example/1", "type": kind, "actor": CARL, "object": about}
    return forwarded_by(parse_activity(document), by)


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_hint_keeps_nothing_but_where_to_look(kind: str) -> None:
    note = {"id": NOTE, "type": "Note", "content": "x", "inReplyTo": "https://a.example/notes/2"}
    assert brought(kind, note) == Forwarded(kind, NOTE, "https://a.example/notes/2")
    assert brought(kind, NOTE) == Forwarded(kind, NOTE, None)


@pytest.mark.parametrize(
    ("kind", "about", "by"),
    [
        ("Follow", NOTE, EVE),
        ("Undo", NOTE, EVE),
        ("Delete", CARL, EVE),
        ("Delete", NOTE, CARL),
        ("Delete", NOTE, "https://c.example/users/eve"),
        ("Delete", "https://b.example/notes/1", EVE),
        ("Create", {"type": "Note"}, EVE),
    ],
    ids=["a follow", "an undo", "a person", "one's own", "a neighbour", "of another host", "without an id"],
)
def test_everything_else_is_its_actors_to_say(kind: str, about: Any, by: str) -> None:
    assert brought(kind, about, by=by) is None
