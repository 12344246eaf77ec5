from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from federation.wire import actors
from federation.wire.actors import Field, GroupPolicy, parse_actor
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.jsonld import plain
from federation.wire.keys import Algorithm
from federation.wire.origins import Handle
from federation.wire.values import type_of
from policies.terms import ACTORS, GROUP_ONLY
from tests.wire.documents import documents, fuzz, load, load_all, refused, values

ANNA = "https://b.example/ap/actors/1"


def actor(**fields: Any) -> Document:
    return {"id": ANNA, "type": "Person", "preferredUsername": "anna", "inbox": ANNA + "/inbox", **fields}


def test_an_actor_of_mastodon(reference: Path) -> None:
    uri = "https://masto.example/ap/users/115000000000000001"
    parsed = parse_actor(load(reference, "mastodon/c46_actor.json"))
    assert (parsed.uri, parsed.type, parsed.preferred_username, parsed.name) == (uri, "Person", "anna", "Anna")
    assert parsed.webfinger == Handle("anna", "masto.example")
    assert (parsed.inbox, parsed.outbox, parsed.followers, parsed.following) == tuple(
        f"{uri}/{name}" for name in ("inbox", "outbox", "followers", "following")
    )
    assert (parsed.featured, parsed.featured_tags) == (f"{uri}/collections/featured", f"{uri}/collections/tags")
    assert parsed.shared_inbox == "https://masto.example/inbox"
    assert parsed.url == "https://masto.example/@anna"
    assert (parsed.manually_approves, parsed.discoverable, parsed.indexable) == (False, True, False)
    assert parsed.summary == "<p>Pharmacist</p>"
    assert parsed.published == 1767312000000
    assert [key.id for key in parsed.keys] == [uri + "#main-key"]
    assert parsed.keys[0].algorithm is Algorithm.RSA
    assert [field.name for field in parsed.fields] == ["Verified"]
    assert parsed.fields[0].value.startswith('<a href="https://hospital.example/verify/1"')
    assert parsed.implements == frozenset()
    assert (parsed.group_policy, parsed.credential, parsed.moved_to, parsed.access_type) == (None, None, None, None)


@pytest.mark.parametrize("found", ["https://c.example/pins", "no address", {"type": "Collection"}, None, 7])
def test_a_list_of_what_is_shown_that_is_not_the_actors_is_left_out(found: Any) -> None:
    assert parse_actor(actor(featured=found)).featured is None


def _actors(value: Any) -> list[Document]:
    if not isinstance(value, dict):
        return []
    return [*([value] if type_of(value) in ACTORS else []), *_actors(value.get("object"))]


def test_nearly_all_actors_of_others_are_read(reference: Path) -> None:
    read, left = {}, {}
    for name, document in load_all(reference).items():
        for found in _actors(plain(document)):
            try:
                read[name] = parse_actor(found)
            except ProtocolError as error:
                left[name] = error.reason
    assert len(read) >= 31
    assert {one.type for one in read.values()} == {"Person", "Group", "Application"}
    assert sum(bool(one.keys) for one in read.values()) >= 20
    assert sum(bool(one.shared_inbox) for one in read.values()) >= 20
    # Parts of documentation without inbox or name, a template of an id, scrubbed ids.
    assert all(name.startswith(("mastodon/", "fep/", "mbin/")) for name in left)
    assert set(left.values()) == {Fault.SHAPE, Fault.HANDLE_REFUSED, Fault.URI_REFUSED}


def test_a_closed_group(reference: Path) -> None:
    document = plain(load(reference, "proposed/group_actor.json"))
    group = parse_actor(document)
    assert (group.type, group.manually_approves, group.access_type) == ("Group", True, "closed")
    assert group.implements == {"https://ns.local.test/group-only/1", "https://datatracker.ietf.org/doc/html/rfc9421"}
    assert group.group_policy == GroupPolicy(
        requires=frozenset({"https://ns.local.test/group-only/1"}),
        epoch=17,
        digest=None,
        reach=("h.example", "b.example"),
    )


def test_capabilities_of_an_instance_actor(reference: Path) -> None:
    document = load(reference, "fep/844e_capability_1.json")
    rfc = "https://datatracker.ietf.org/doc/html/rfc9421"
    instance = {"inbox": "https://social.example/inbox", "preferredUsername": "social.example"}
    assert parse_actor(document | instance).implements == {rfc}
    person = load(reference, "fep/844e_capability_2.json") | {"preferredUsername": "anna"}
    assert parse_actor(person).implements == {rfc}


@pytest.mark.parametrize(
    "implements",
    [GROUP_ONLY, [GROUP_ONLY], {"href": GROUP_ONLY}, [{"id": GROUP_ONLY}], [{"href": GROUP_ONLY}, 3, "x", {}]],
)
def test_capabilities_in_any_shape(implements: object) -> None:
    assert parse_actor(actor(generator={"implements": implements})).implements == {GROUP_ONLY}
    assert parse_actor(actor(implements=implements, generator="https://b.example/")).implements == {GROUP_ONLY}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, None),
        ("x", None),
        ({}, GroupPolicy(frozenset(), None, None, ())),
        (
            {"requires": GROUP_ONLY, "epoch": -1, "digest": 3, "reach": "Chu-B.example"},
            GroupPolicy(frozenset({GROUP_ONLY}), None, None, ("chu-b.example",)),
        ),
        (
            {
                "epoch": 2**63 - 1,
                "digest": "uEi",
                "reach": ["localhost:8001", "https://a.example/x", "a b", "https://", 3, ""],
            },
            GroupPolicy(frozenset(), 2**63 - 1, "uEi", ("localhost:8001", "a.example")),
        ),
    ],
)
def test_group_policies(policy: object, expected: GroupPolicy | None) -> None:
    assert parse_actor(actor(type="Group", groupPolicy=policy)).group_policy == expected


@pytest.mark.parametrize("name", ["inbox", "outbox", "followers", "following"])
def test_what_an_actor_owns_is_on_its_origin(name: str) -> None:
    assert getattr(parse_actor(actor(**{name: ANNA + "/x"})), name) == ANNA + "/x"
    for foreign in ("https://a.example/x", "http://b.example/x", "https://b.example:8443/x"):
        with refused(Fault.ORIGIN_MISMATCH):
            parse_actor(actor(**{name: foreign}))
    with refused(Fault.URI_REFUSED):
        parse_actor(actor(**{name: ANNA + "#x"}))


def test_an_actor_needs_an_inbox() -> None:
    with refused(Fault.SHAPE):
        parse_actor(actor(inbox=None))


def test_foreign_pages_and_shared_inboxes_are_left_out() -> None:
    foreign = parse_actor(actor(url="https://a.example/@anna", endpoints={"sharedInbox": "https://a.example/inbox"}))
    assert foreign.url is foreign.shared_inbox is None
    own = parse_actor(actor(url="https://b.example/@anna", endpoints={"sharedInbox": "https://b.example/inbox"}))
    assert (own.url, own.shared_inbox) == ("https://b.example/@anna", "https://b.example/inbox")
    assert parse_actor(actor(endpoints="x")).shared_inbox is None


@pytest.mark.parametrize("username", ["", "an na", "a@b.example", "<b>", "x" * 201, None, 3])
def test_usernames(username: object) -> None:
    with refused(Fault.HANDLE_REFUSED):
        parse_actor(actor(preferredUsername=username))


@pytest.mark.parametrize(
    ("webfinger", "expected"),
    [
        ("anna@chu-b.example", Handle("anna", "chu-b.example")),
        ("acct:anna@chu-b.example", Handle("anna", "chu-b.example")),
        ("anna", None),
        ("anna@", None),
        (None, None),
    ],
)
def test_webfinger(webfinger: object, expected: Handle | None) -> None:
    assert parse_actor(actor(webfinger=webfinger)).webfinger == expected


def test_names_are_text() -> None:
    assert parse_actor(actor(name="Anna\u202e <script>x</script>\n M.")).name == "Anna x M."
    assert len(parse_actor(actor(name="x" * 9999)).name) == actors.MAX_NAME


def test_fields() -> None:
    rows = [
        {"type": "PropertyValue", "name": "<b>Site</b>", "value": '<a href="https://b.example">b</a>'},
        {"type": "PropertyValue", "name": "", "value": "x"},
        {"type": "Image", "name": "x", "value": "x"},
        {"type": "PropertyValue", "name": "long", "value": "x" * 9999},
    ]
    site, long = parse_actor(actor(attachment=rows)).fields
    assert site == Field("Site", '<a href="https://b.example">b</a>')
    assert len(long.value) == actors.MAX_FIELD_VALUE
    many = [{"type": "PropertyValue", "name": f"n{number}"} for number in range(999)]
    assert len(parse_actor(actor(attachment=many)).fields) == actors.MAX_FIELDS


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"rel": [actors.CREDENTIAL_REL]}, "https://b.example/c/1"),
        ({"rel": actors.CREDENTIAL_REL}, "https://b.example/c/1"),
        ({"rel": "me"}, None),
        ({"rel": actors.CREDENTIAL_REL, "mediaType": "text/html"}, None),
        ({"rel": actors.CREDENTIAL_REL, "href": "javascript:x"}, None),
    ],
)
def test_the_link_to_an_attestation(link: Document, expected: str | None) -> None:
    document = {"type": "Link", "mediaType": "application/vc", "href": "https://b.example/c/1", **link}
    assert parse_actor(actor(attachment=["x", {"type": "PropertyValue", "name": "x"}, document])).credential == expected


def test_moves(reference: Path) -> None:
    moved = parse_actor(load(reference, "bookwyrm/actor_aliased.json"))
    assert moved.also_known_as
    aliases = ["https://a.example/1", "did:key:z6Mk", 3, *[f"https://a.example/{number}" for number in range(999)]]
    parsed = parse_actor(actor(alsoKnownAs=aliases, movedTo="https://a.example/1"))
    assert parsed.moved_to == "https://a.example/1"
    assert parsed.also_known_as[0] == "https://a.example/1"
    assert "did:key:z6Mk" not in parsed.also_known_as
    assert len(parsed.also_known_as) < actors.MAX_ALIASES


def test_a_biography_is_refused_rather_than_shortened() -> None:
    with refused(Fault.TOO_LARGE):
        parse_actor(actor(summary="x" * (actors.MAX_SUMMARY + 1)))


@pytest.mark.parametrize("kind", ["Note", "", None])
def test_other_types_are_refused(kind: object) -> None:
    with refused(Fault.TYPE_UNSUPPORTED):
        parse_actor(actor(type=kind))


@pytest.mark.parametrize("uri", [ANNA + "#me", "did:key:z6Mk", "", None])
def test_ids_are_http_uris_without_fragment(uri: object) -> None:
    with refused(Fault.URI_REFUSED):
        parse_actor(actor(id=uri))


@fuzz
@given(documents, values)
def test_any_document_is_an_actor_or_refused(document: Document, value: object) -> None:
    for candidate in (
        document,
        actor(**document),
        actor(groupPolicy=value, generator=value, attachment=value, icon=value),
    ):
        try:
            parse_actor(candidate)
        except ProtocolError:
            continue
