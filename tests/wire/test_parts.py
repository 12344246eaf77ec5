"""What documents carry, and the same ones without some of it."""

from typing import Any

import pytest

from federation.wire.actors import parse_actor
from federation.wire.objects import parse_note
from federation.wire.parts import actor_without, note_without, parts_of, parts_of_note, without
from policies.decision import Change
from policies.terms import Part

NOTE: dict[str, Any] = {
    "id": "https://b.example/1",
    "type": "Note",
    "attributedTo": "https://b.example/ben",
    "content": "<p>Bonjour</p>",
    "to": "https://www.w3.org/ns/activitystreams#Public",
}
FILE = {"type": "Document", "mediaType": "image/png", "url": "https://b.example/1.png"}
PICTURE = NOTE | {"attachment": [FILE]}
QUESTION = NOTE | {
    "type": "Question",
    "oneOf": [{"type": "Note", "name": "a"}, {"type": "Note", "name": "b"}],
    "votersCount": 1,
}
REPLY = NOTE | {"inReplyTo": "https://a.example/1"}
VOTE = {
    "id": "https://b.example/2",
    "type": "Note",
    "attributedTo": "https://b.example/ben",
    "name": "a",
    "inReplyTo": "https://a.example/1",
}
ACTOR: dict[str, Any] = {
    "id": "https://b.example/ben",
    "type": "Person",
    "preferredUsername": "ben",
    "name": "Ben",
    "summary": "<p>Cardiologue</p>",
    "icon": {"type": "Image", "url": "https://b.example/ben.png"},
    "inbox": "https://b.example/inbox",
    "publicKey": {},
}


def create(inner: Any, kind: str = "Create", **more: Any) -> dict[str, Any]:
    return {"type": kind, "object": inner, "proof": {}, **more}


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (NOTE, {Part.POSTS}),
        (PICTURE, {Part.POSTS, Part.MEDIA}),
        (QUESTION, {Part.POSTS, Part.POLLS}),
        (create(REPLY), {Part.REPLIES}),
        (create(REPLY | {"attachment": [FILE]}, "Update"), {Part.REPLIES, Part.MEDIA}),
        (create(create(PICTURE), "Announce"), {Part.POSTS, Part.MEDIA}),
        (create(NOTE["id"], "Announce"), {Part.REACTIONS}),
        (create(NOTE["id"], "Like"), {Part.REACTIONS}),
        (create(NOTE["id"], "EmojiReact"), {Part.REACTIONS}),
        (create(create(NOTE["id"], "Like"), "Announce"), {Part.REACTIONS}),
        (create(VOTE), {Part.REACTIONS}),
        (create("https://a.example/1", "QuoteRequest", instrument=PICTURE), {Part.POSTS, Part.MEDIA}),
        (create(ACTOR, "Update"), {Part.PROFILES}),
        (ACTOR, {Part.PROFILES}),
        ({"type": "Flag", "object": [NOTE["id"]]}, {Part.REPORTS}),
        (create("https://a.example/ap/actors/1", "Follow"), set()),
        ({}, set()),
    ],
)  # fmt: skip
def test_parts_of(document: dict[str, Any], parts: set[Part]) -> None:
    assert parts_of(document) == parts


@pytest.mark.parametrize("document", [NOTE, PICTURE, QUESTION, REPLY, VOTE])
def test_a_post_that_was_read_carries_what_its_document_does(document: dict[str, Any]) -> None:
    assert parts_of_note(parse_note(document)) == parts_of(document)


def test_what_is_left_out_is_gone_and_nothing_else() -> None:
    given = create(create(PICTURE), "Announce")
    left = without(given, [Change.WITHOUT_MEDIA])
    assert left == {"type": "Announce", "object": {"type": "Create", "object": NOTE}}
    assert given == create(create(PICTURE), "Announce")
    assert without(create(QUESTION), [Change.WITHOUT_POLL]) == {"type": "Create", "object": NOTE}
    assert "attachment" in without(create(PICTURE), [Change.WITHOUT_POLL])["object"]
    assert "oneOf" in without(create(QUESTION), [Change.WITHOUT_MEDIA])["object"]
    profile = without(create(ACTOR, "Update"), [Change.WITHOUT_PROFILE])["object"]
    assert profile.keys() == ACTOR.keys() - {"summary", "icon"}
    assert without(create(ACTOR, "Update"), [Change.WITHOUT_MEDIA])["object"] == ACTOR
    assert without(given, [Change.AUDIENCE_GROUP]) is given
    assert without(given, []) is given


def test_what_is_left_out_of_what_was_read() -> None:
    assert note_without(parse_note(PICTURE), [Change.WITHOUT_MEDIA]) == parse_note(NOTE)
    assert note_without(parse_note(QUESTION), [Change.WITHOUT_POLL]) == parse_note(NOTE)
    assert note_without(parse_note(PICTURE), [Change.WITHOUT_POLL]) == parse_note(PICTURE)
    actor = parse_actor(ACTOR)
    assert actor_without(actor, []) is actor
    plain = actor_without(actor, [Change.WITHOUT_PROFILE])
    assert (plain.name, plain.summary, plain.icon, plain.inbox) == ("Ben", "", None, actor.inbox)
