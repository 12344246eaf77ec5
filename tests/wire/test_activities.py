from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from federation.wire.activities import MAX_OBJECTS, MAX_RECIPIENTS, is_retraction, parse_activity
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.jsonld import plain
from policies.terms import Kind
from tests.wire.documents import documents, fuzz, load, load_all, refused

ANNA = "https://b.example/ap/actors/1"


def activity(**fields: Any) -> Document:
    return {"id": "https://b.example/ap/activities/1", "type": "Create", "actor": ANNA, **fields}


def test_a_create_of_mastodon(reference: Path) -> None:
    document = load(reference, "mastodon/c46_create_direct_to_group.json")
    parsed = parse_activity(document)
    assert parsed.id == "https://masto.example/ap/users/115000000000000001/statuses/4/activity"
    assert parsed.type == "Create"
    assert parsed.actor == "https://masto.example/ap/users/115000000000000001"
    assert parsed.object == document["object"] == parsed.embedded
    assert parsed.object_id == "https://masto.example/ap/users/115000000000000001/statuses/4"
    assert parsed.object_type == "Note"
    assert parsed.to == ("https://local.test/groups/oncology", "https://local.test/groups/oncology/followers")
    assert parsed.cc == parsed.audience == ()
    assert parsed.published == 1795341600000
    assert parsed.raw is document
    assert parsed.kind is Kind.CONTENT
    assert parsed.is_supported


def test_nearly_all_activities_of_others_are_read(reference: Path) -> None:
    read, left = 0, []
    for name, document in load_all(reference).items():
        if "actor" in document:
            try:
                parse_activity(plain(document))
                read += 1
            except ProtocolError as error:
                left.append((name, error.reason))
    assert read >= 105
    # Scrubbed ids, documentation without ids, and one test of a reaction sent in another's name.
    assert {reason for _, reason in left} == {Fault.URI_REFUSED, Fault.SHAPE, Fault.ORIGIN_MISMATCH}
    assert ("misskey/like_reaction.json", Fault.ORIGIN_MISMATCH) in left
    assert len(left) <= 12


def test_a_flag_names_several_objects(reference: Path) -> None:
    flag = parse_activity(load(reference, "mastodon/activities__flag.json"))
    assert flag.is_supported
    assert len(flag.objects) == 3
    assert flag.object_id == flag.objects[0]


def test_an_object_may_be_an_id(reference: Path) -> None:
    undo = parse_activity(load(reference, "mastodon/undo_like_by_id.json"))
    assert undo.object == undo.object_id
    assert undo.object_type == ""
    assert undo.embedded is None


def test_an_activity_may_have_no_object() -> None:
    parsed = parse_activity(activity(type="Travel", target={"id": "https://b.example/x"}))
    assert (parsed.object, parsed.object_id, parsed.embedded) == (None, None, None)
    assert parsed.target == "https://b.example/x"
    assert not parsed.is_supported


@pytest.mark.parametrize(
    ("kind", "inner", "expected"),
    [
        ("Delete", "", True),
        ("Undo", "Follow", True),
        ("Reject", "Follow", True),
        ("Remove", "", True),
        ("Accept", "Delete", True),
        ("Accept", "Follow", False),
        ("Create", "Note", False),
        ("Lock", "", False),
    ],
)
def test_what_takes_something_back(kind: str, inner: str, expected: bool) -> None:  # noqa: FBT001  a table's cell
    target = {"id": "https://b.example/2", "type": inner} if inner else "https://b.example/2"
    assert is_retraction(parse_activity(activity(type=kind, object=target))) is expected


def test_the_actor_may_be_embedded_or_in_an_array() -> None:
    assert parse_activity(activity(actor={"id": ANNA, "type": "Person"})).actor == ANNA
    assert parse_activity(activity(actor=[ANNA])).actor == ANNA


@pytest.mark.parametrize("missing", ["id", "actor", "type"])
def test_what_must_be_there(missing: str) -> None:
    with refused(Fault.SHAPE):
        parse_activity(activity(**{missing: None}))


@pytest.mark.parametrize("actors", [[ANNA, ANNA + "0"], [], 3, {"type": "Person"}])
def test_exactly_one_actor(actors: object) -> None:
    with refused(Fault.SHAPE):
        parse_activity(activity(actor=actors))


def test_the_actor_speaks_for_its_own_origin_only() -> None:
    for stranger in ("https://a.example/1", "http://b.example/1", "https://b.example:8443/1"):
        with refused(Fault.ORIGIN_MISMATCH):
            parse_activity(activity(id=stranger))


@pytest.mark.parametrize("odd", ["did:key:z6Mk", "/relative", "https://u@b.example/1"])
def test_ids_are_http_uris(odd: str) -> None:
    for name in ("id", "actor"):
        with refused(Fault.URI_REFUSED):
            parse_activity(activity(**{name: odd}))


def test_an_actor_has_no_fragment_but_an_activity_may() -> None:
    assert parse_activity(activity(id=ANNA + "#delete")).id == ANNA + "#delete"
    with refused(Fault.URI_REFUSED):
        parse_activity(activity(actor=ANNA + "#main-key"))


@pytest.mark.parametrize("name", ["to", "cc", "audience"])
def test_recipients_are_bounded(name: str) -> None:
    many = [f"https://b.example/{number}" for number in range(MAX_RECIPIENTS)]
    assert len(getattr(parse_activity(activity(**{name: many})), name)) == MAX_RECIPIENTS
    with refused(Fault.TOO_COMPLEX):
        parse_activity(activity(**{name: [*many, "https://b.example/x"]}))


def test_objects_are_bounded() -> None:
    assert len(parse_activity(activity(object=["x"] * MAX_OBJECTS)).objects) == MAX_OBJECTS
    with refused(Fault.TOO_COMPLEX):
        parse_activity(activity(object=["x"] * (MAX_OBJECTS + 1)))


@fuzz
@given(documents)
def test_any_document_is_an_activity_or_refused(document: Document) -> None:
    try:
        parsed = parse_activity({**activity(), **document})
    except ProtocolError:
        return
    assert parsed.kind in Kind
    is_retraction(parsed)
