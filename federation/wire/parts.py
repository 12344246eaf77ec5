"""What a document carries besides its text, and the same document without some of it. Must not know who wants it.

Shapes are those of federation_wire §3: a poll is a Question, files stand in `attachment`, a vote is a Note with a name.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from federation.wire.actors import RemoteActor
from federation.wire.objects import CONVERTED_TYPES, NATIVE_TYPES, RemoteNote
from federation.wire.values import type_of
from policies.decision import Change
from policies.terms import ACTORS, Part

_POSTS = NATIVE_TYPES | CONVERTED_TYPES
_REACTIONS = frozenset({"Like", "Dislike", "EmojiReact"})
_INSIDE = ("object", "instrument")
_POLL = ("oneOf", "anyOf", "endTime", "closed", "votersCount")
_PROFILE = ("summary", "icon", "image", "attachment", "tag")


def parts_of(document: dict[str, Any]) -> frozenset[Part]:
    """What an activity or a bare object carries; of an activity that only names its object, what its type says."""
    kind = type_of(document)
    if kind in _POSTS:
        return _parts_of_post(document)
    if kind in ACTORS:
        return frozenset({Part.PROFILES})
    if kind == "Flag":
        return frozenset({Part.REPORTS})
    inside = [inner for key in _INSIDE if isinstance(inner := document.get(key), dict)]
    carried = frozenset[Part]().union(*(parts_of(inner) for inner in inside))
    if kind in _REACTIONS or (kind == "Announce" and not inside):
        return carried | {Part.REACTIONS}
    return carried


def _parts_of_post(post: dict[str, Any]) -> frozenset[Part]:
    answers = bool(post.get("inReplyTo"))
    if answers and post.get("name") and not post.get("content"):
        return frozenset({Part.REACTIONS})
    return _named(answers=answers, media=bool(post.get("attachment")), poll=type_of(post) == "Question")


def parts_of_note(note: RemoteNote) -> frozenset[Part]:
    """`parts_of` of a post that has been read."""
    if note.is_vote:
        return frozenset({Part.REACTIONS})
    return _named(answers=note.in_reply_to is not None, media=bool(note.attachments), poll=note.poll is not None)


def _named(*, answers: bool, media: bool, poll: bool) -> frozenset[Part]:
    found = {Part.REPLIES if answers else Part.POSTS: True, Part.MEDIA: media, Part.POLLS: poll}
    return frozenset(part for part, there in found.items() if there)


def without(document: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The document with parts left out, and without the proofs that no longer hold. The given one is left as it is."""
    changes = frozenset(changes)
    if not changes & {Change.WITHOUT_MEDIA, Change.WITHOUT_POLL, Change.WITHOUT_PROFILE}:
        return document
    left = {key: value for key, value in document.items() if key != "proof"}
    for key in _INSIDE:
        if isinstance(inner := left.get(key), dict):
            left[key] = without(inner, changes)
    kind = type_of(left)
    if kind in _POSTS and Change.WITHOUT_MEDIA in changes:
        left.pop("attachment", None)
    if kind == "Question" and Change.WITHOUT_POLL in changes:
        left = {key: value for key, value in left.items() if key not in _POLL} | {"type": "Note"}
    if kind in ACTORS and Change.WITHOUT_PROFILE in changes:
        left = {key: value for key, value in left.items() if key not in _PROFILE}
    return left


def note_without(note: RemoteNote, changes: Iterable[Change]) -> RemoteNote:
    """`without` for a post that has been read."""
    changes = frozenset(changes)
    if Change.WITHOUT_MEDIA in changes:
        note = replace(note, attachments=())
    if Change.WITHOUT_POLL in changes and note.poll is not None:
        note = replace(note, poll=None, type="Note")
    return note


def actor_without(actor: RemoteActor, changes: Iterable[Change]) -> RemoteActor:
    """`without` for an actor that has been read."""
    if Change.WITHOUT_PROFILE not in frozenset(changes):
        return actor
    return replace(actor, summary="", icon=None, image=None, fields=(), emojis=())
