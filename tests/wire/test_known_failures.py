"""What broke elsewhere (advisories and changelogs of other servers, 2022-2026) and is judged from bytes and values alone.

One test for each failure, numbered as in docs/checks.md; the first line of each says which guard it holds. The others are
in tests/federation and tests/web, in files of the same name.
"""

from dataclasses import replace
from typing import Any

import pytest

from federation.wire import signatures
from federation.wire.activities import parse_activity
from federation.wire.actors import MAX_SUMMARY, parse_actor
from federation.wire.bounded import Document, parse_json
from federation.wire.discovery import bound_handle, parse_jrd, parse_nodeinfo_links
from federation.wire.errors import Fault
from federation.wire.keys import generate_ed25519, parse_actor_keys, render_multikey, render_pem
from federation.wire.messages import Request
from federation.wire.objects import MAX_ATTACHMENTS, MAX_CONTENT, MAX_OPTIONS, MAX_TAGS, parse_note
from federation.wire.origins import parse_handle, parse_host
from federation.wire.proofs import sign_document, verify_activity_proof
from federation.wire.quotes import parse_stamp
from federation.wire.sanitize import clean_html
from tests.wire.documents import refused

BEN = "https://b.example/users/ben"
EVE = "https://e.example/users/eve"
NOW = 1_795_348_800_000
INBOX = "https://a.example/ap/inbox"
BEN_KEY = generate_ed25519(f"{BEN}#key", BEN)
EVE_KEY = generate_ed25519(f"{EVE}#key", EVE)


def post(key: Any, *, body: bytes = b"{}", now: int = NOW) -> Request:
    bare = Request("POST", INBOX, (("Content-Type", "application/activity+json"), ("Host", "a.example")), body)
    return replace(bare, headers=(*bare.headers, *signatures.sign_rfc9421(bare, key, now=now)))


def actor(**changes: Any) -> Document:
    return {"id": BEN, "type": "Person", "preferredUsername": "ben", "inbox": f"{BEN}/inbox", **changes}


def note(**changes: Any) -> Document:
    return {"id": f"{BEN}/1", "type": "Note", "attributedTo": BEN, "to": "as:Public", "content": "x", **changes}


def test_04_a_name_belongs_to_whom_its_own_domain_says_it_does() -> None:
    """Guard: federation/wire/discovery.py `bound_handle`. Akkoma 2024.04: WebFinger could be spoofed."""
    link = {"rel": "self", "type": "application/activity+json", "href": EVE}
    jrd = parse_jrd({"subject": "acct:ben@b.example", "links": [link]})
    with refused(Fault.DISCOVERY_MISMATCH):
        bound_handle(jrd, parse_handle("ben@b.example"), BEN)


def test_04_what_is_no_file_is_not_attached() -> None:
    """Guard: federation/wire/objects.py `_attachment`. Akkoma 2024.04: such attachments broke timelines."""
    odd = [{"type": kind, "url": "https://b.example/1"} for kind in ("Note", "Person", "Create", "Link")]
    assert parse_note(note(attachment=odd)).attachments == ()


@pytest.mark.parametrize("claim", ["controller", "owner"])
def test_05_a_key_is_its_owners_who_lists_it(claim: str) -> None:
    """Guard: federation/wire/keys.py `_parse_multikey_entry`, `_parse_pem_entry`. Fedify GHSA-q9f8-5hc7-898f: the key
    said itself whose it was.
    """
    key: Document = {"id": EVE_KEY.id, claim: BEN}
    if claim == "controller":
        given = {"assertionMethod": {**key, "type": "Multikey", "publicKeyMultibase": render_multikey(EVE_KEY.public)}}
    else:
        given = {"publicKey": {**key, "publicKeyPem": render_pem(EVE_KEY.public)}}
    assert parse_actor_keys({"id": EVE, **given}) == []


@pytest.mark.parametrize("key_id", ["acct:ben@b.example", "did:key:z6Mk", "ben", "#main-key"])
def test_06_a_key_id_is_an_address_with_an_origin(key_id: str) -> None:
    """Guard: federation/wire/signatures.py `parse`. Discourse PR 325 and 327: a key id bound any key to any actor."""
    signed = post(replace(BEN_KEY, id=key_id))
    with refused(Fault.URI_REFUSED):
        signatures.parse(signed)


def test_07_a_key_on_another_host_than_its_owner_signs_nothing() -> None:
    """Guard: federation/wire/signatures.py `_require_key`. Misskey issue 2546."""
    foreign = replace(EVE_KEY, owner=BEN)
    signed = post(foreign)
    with refused(Fault.KEY_MISMATCH):
        signatures.verify(signed, signatures.parse(signed), foreign.public, now=NOW)


def test_08_a_signature_is_checked_with_the_key() -> None:
    """Guard: federation/wire/signatures.py `verify` (its last step). Misskey CVE-2026-28432: it could be passed by."""
    forged = post(replace(EVE_KEY, id=BEN_KEY.id, owner=BEN))
    with refused(Fault.SIGNATURE_INVALID):
        signatures.verify(forged, signatures.parse(forged), BEN_KEY.public, now=NOW)


def test_10_an_activity_is_of_its_actors_origin_and_signed_by_its_actor() -> None:
    """Guard: federation/wire/activities.py `parse_activity`, federation/wire/signatures.py `require_actor`. Misskey and
    Mastodon: an id of another host than the signer's.
    """
    with refused(Fault.ORIGIN_MISMATCH):
        parse_activity({"id": "https://e.example/1", "type": "Create", "actor": BEN, "object": note()})
    signed = post(EVE_KEY)
    signer = signatures.verify(signed, signatures.parse(signed), EVE_KEY.public, now=NOW)
    with refused(Fault.ACTOR_MISMATCH):
        signatures.require_actor(signer, BEN)


def test_11_a_post_is_of_its_authors_origin() -> None:
    """Guard: federation/wire/objects.py `_identity`. Hollo 0.8.5: an Update created posts under another authority."""
    with refused(Fault.ORIGIN_MISMATCH):
        parse_note(note(attributedTo=EVE))


def test_13_a_stamp_is_on_the_host_of_whom_it_quotes() -> None:
    """Guard: federation/wire/quotes.py `parse_stamp`. Mastodon GHSA-8h43-rcqj-wpc6. That it names both posts is
    federation/quoting.py `_is_good`, held in tests/federation/test_quotes.py.
    """
    stamp = {"type": "QuoteAuthorization", "attributedTo": BEN, "interactingObject": EVE, "interactionTarget": BEN}
    with refused(Fault.ORIGIN_MISMATCH):
        parse_stamp({**stamp, "id": f"{EVE}/stamps/1"})


@pytest.mark.parametrize(
    "name", ["ben?x", "ben&resource=acct:eve", "ben#", "ben/..", "ben%23", "ben\r\nHost: x", "bén"]
)
def test_21_a_name_holds_nothing_that_an_address_is_made_of(name: str) -> None:
    """Guard: federation/wire/origins.py `_HANDLE`. Lemmy CVE-2026-29178: parameters injected into a service inside."""
    with refused(Fault.HANDLE_REFUSED):
        parse_handle(f"{name}@b.example")


def test_23_everything_that_others_fill_in_is_bounded() -> None:
    """Guard: federation/wire/objects.py and federation/wire/actors.py, `MAX_…`. Mastodon GHSA-gg8q-rcg7-p79g."""
    with refused(Fault.TOO_LARGE):
        parse_note(note(content="x" * (MAX_CONTENT + 1)))
    with refused(Fault.TOO_LARGE):
        parse_note(note(type="Question", oneOf=[{"name": str(n)} for n in range(MAX_OPTIONS + 1)]))
    with refused(Fault.TOO_LARGE):
        parse_actor(actor(summary="x" * (MAX_SUMMARY + 1)))
    with refused(Fault.TOO_COMPLEX):
        parse_note(note(to=[f"{BEN}/{n}" for n in range(1_001)]))
    file = {"type": "Image", "url": "https://b.example/1.png"}
    tags = [{"type": "Hashtag", "name": f"#t{n}"} for n in range(MAX_TAGS + 1)]
    read = parse_note(note(attachment=[file] * (MAX_ATTACHMENTS + 1), tag=tags))
    assert (len(read.attachments), len(read.hashtags)) == (MAX_ATTACHMENTS, MAX_TAGS)
    rows = [{"type": "PropertyValue", "name": "x", "value": "y" * 9_999} for _ in range(99)]
    fields = parse_actor(actor(attachment=rows)).fields
    assert (len(fields), len(fields[0].value)) == (50, 2_047)
    assert len(parse_actor(actor(alsoKnownAs=[f"{BEN}/{n}" for n in range(999)])).also_known_as) == 256


def test_24_no_markup_takes_long_and_xml_is_never_read() -> None:
    """Guard: federation/wire/sanitize.py `_refuse_costly`; and no XML parser anywhere. Mastodon GHSA-qrgq-9fx2-vf2r (deep
    HTML), Pleroma (entities in host-meta).
    """
    for html in ("<b x=1 >" * 65, "<div>" * 4_001):
        with refused(Fault.TOO_COMPLEX):
            clean_html(html)
    with refused(Fault.JSON_INVALID):
        parse_json(b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><XRD>&a;</XRD>')


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("Chu-B.Example", "chu-b.example"),
        ("\uff43hu-b.example", "chu-b.example"),
        ("chu-b\u3002example", "chu-b.example"),
        ("\u24d1.example", "b.example"),
        ("h\u00f4pital.example", "xn--hpital-ixa.example"),
    ],
)
def test_26_a_host_has_one_spelling(written: str, host: str) -> None:
    """Guard: federation/wire/origins.py `_host_name`. Mastodon CVE-2023-42451: a domain that was spelt otherwise."""
    assert parse_host(written) == host
    assert parse_handle(f"anna@{written}").key == f"anna@{host}"


@pytest.mark.parametrize(
    "host",
    [
        "\u0441hu-b.example",  # Cyrillic es
        "ch\u03c5-b.example",  # Greek upsilon
        "xn--hu-b-5cd.example",  # the first, encoded
        "xn--a.example",  # the encoding of nothing
        "a.\u0430b.example",
        "chu\u202eb.example",
    ],
)
def test_26_a_host_imitates_no_other(host: str) -> None:
    """Guard: federation/wire/origins.py `_mixes_alphabets` (and IDNA 2008 for controls). Apps show hosts decoded."""
    with refused(Fault.URI_REFUSED):
        parse_host(host)


@pytest.mark.parametrize("host", ["\u0431\u043e\u043b\u044c\u043d\u0438\u0446\u0430.example", "\u75c5\u9662a.example"])
def test_26_hosts_of_other_alphabets_are_hosts(host: str) -> None:
    """What is no imitation has a name: a label in Cyrillic alone, one in Chinese with a Latin letter."""
    assert parse_host(host).startswith("xn--")


def test_28_what_a_group_passes_on_is_proven_by_its_own_actor() -> None:
    """Guard: federation/wire/proofs.py `verify_activity_proof`. FEP-171b: a forged Update of an actor, wrapped."""
    forged = sign_document(
        {"id": f"{EVE}/1", "type": "Update", "actor": BEN, "object": {"id": BEN, "type": "Person"}},
        EVE_KEY,
        created=NOW,
    )
    with refused(Fault.ACTOR_MISMATCH):
        verify_activity_proof(forged, EVE_KEY.public, now=NOW)
    about_another = sign_document(
        {"id": f"{EVE}/1", "type": "Update", "actor": EVE, "object": {"id": BEN, "type": "Person"}},
        EVE_KEY,
        created=NOW,
    )
    with refused(Fault.ORIGIN_MISMATCH):
        verify_activity_proof(about_another, EVE_KEY.public, now=NOW)


def test_29_an_actor_names_no_inbox_but_its_hosts() -> None:
    """Guard: federation/wire/actors.py `_on_host`, `_own`. Fedify CVE-2026-69132: state for each advertised host:port."""
    for place in ("https://b.example:8443/inbox", "https://x.b.example/inbox", "https://e.example/inbox"):
        assert parse_actor(actor(endpoints={"sharedInbox": place})).shared_inbox is None
        with refused(Fault.ORIGIN_MISMATCH):
            parse_actor(actor(inbox=place))


def test_20_a_host_names_no_nodeinfo_but_its_own() -> None:
    """Guard: federation/wire/discovery.py `parse_nodeinfo_links`. Fedify CVE-2026-62857. Addresses: tests/federation."""
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    for href in ("https://e.example/nodeinfo", "http://169.254.169.254/", "https://b.example:8443/"):
        with refused(Fault.DISCOVERY_MISMATCH):
            parse_nodeinfo_links({"links": [{"rel": rel, "href": href}]}, "b.example")
