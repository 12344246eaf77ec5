"""Quotes on the wire: under all their names, who may quote, stamps, requests and their answers (FEP-044f)."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from federation.wire.activities import parse_activity
from federation.wire.compose import compose_quote
from federation.wire.errors import Fault, ProtocolError
from federation.wire.jsonld import plain
from federation.wire.links import first_link
from federation.wire.objects import parse_note
from federation.wire.quotes import (
    MISSKEY_QUOTE,
    CanQuote,
    QuoteRequest,
    RemoteQuote,
    Stamp,
    is_answer,
    parse_can_quote,
    parse_quote,
    parse_request,
    parse_stamp,
    read_can_quote,
    render_can_quote,
    render_quote,
    render_quote_link,
    render_request,
    render_stamp,
)
from federation.wire.sanitize import clean_html
from federation.wire.values import PUBLIC
from policies.quoting import CHOICES, NOBODY, Circle, QuotePolicy
from tests.wire.documents import documents, fuzz, load, refused

ALICE = "https://example.com/users/alice"
QUOTED = f"{ALICE}/statuses/1"
BOB = "https://example.com/users/bob"
STAMP = Stamp(f"{ALICE}/stamps/1", ALICE, "https://example.org/users/bob/statuses/1", QUOTED)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("fep/044f_quote_1", QUOTED),
        ("fep/044f_quote_2", QUOTED),
        ("misskey/note_quote", "https://example.com/objects/43479e20-c0f8-4f49-bf7f-13fab8234924"),
        ("misskey/note_quote_2", "https://misskey.io/notes/8vs6wxufd0"),
        ("fedibird/note_quoteUri", "https://example.com/objects/43479e20-c0f8-4f49-bf7f-13fab8234924"),
    ],
)
def test_quotes_of_other_programs(reference: Path, name: str, quoted: str) -> None:
    note = parse_note(plain(load(reference, f"{name}.json")))
    assert note.quote == RemoteQuote(quoted, None)
    assert note.can_quote == CanQuote()


def test_a_quote_of_mastodon_that_waits(reference: Path) -> None:
    note = parse_note(plain(load(reference, "mastodon/c46_create_quote_pending.json"))["object"])
    assert note.quote == RemoteQuote("https://local.test/notes/1", None)
    assert note.can_quote == CanQuote((PUBLIC,))
    assert 'class="quote-inline"' in note.content


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, None),
        ({"quote": {"type": "Tombstone"}}, None),
        ({"quote": "not an address"}, None),
        ({"quoteAuthorization": STAMP.uri}, None),
        ({"quote": QUOTED, "quoteAuthorization": STAMP.uri}, RemoteQuote(QUOTED, STAMP.uri)),
        ({"quote": QUOTED, "quoteUrl": BOB, "quoteAuthorization": 7}, RemoteQuote(QUOTED, None)),
        ({"quoteUrl": QUOTED}, RemoteQuote(QUOTED, None)),
        ({"tag": [{"type": "Link", "rel": "me", "href": BOB}]}, None),
        ({"tag": [{"type": "Mention", "rel": MISSKEY_QUOTE, "href": BOB}]}, None),
        ({"tag": [{"type": "Link", "rel": MISSKEY_QUOTE, "href": QUOTED}]}, RemoteQuote(QUOTED, None)),
        ({"tag": {"type": "Link", "rel": ["x", MISSKEY_QUOTE], "href": QUOTED}}, RemoteQuote(QUOTED, None)),
    ],
)
def test_what_a_post_quotes(document: dict[str, Any], expected: RemoteQuote | None) -> None:
    assert parse_quote(document) == expected


@pytest.mark.parametrize(
    ("policy", "automatic", "manual"),
    [
        (None, set(), set()),
        ("x", set(), set()),
        ({"canQuote": 3}, set(), set()),
        ({"canQuote": {}}, set(), set()),
        ({"canQuote": {"automaticApproval": ALICE}}, set(), set()),
        ({"canQuote": {"automaticApproval": "as:Public"}}, {Circle.PUBLIC}, set()),
        ({"canQuote": {"automaticApproval": [f"{ALICE}/followers"]}}, {Circle.FOLLOWERS}, set()),
        ({"canQuote": {"manualApproval": [f"{ALICE}/following", PUBLIC]}}, set(), {Circle.FOLLOWING, Circle.PUBLIC}),
        ({"canQuote": {"automaticApproval": [BOB, f"{BOB}/followers"]}}, {Circle.UNSUPPORTED}, set()),
    ],
)
def test_who_may_quote(policy: Any, automatic: set[Circle], manual: set[Circle]) -> None:
    said = parse_can_quote({"interactionPolicy": policy})
    read = read_can_quote(said, author=ALICE, followers=f"{ALICE}/followers", following=f"{ALICE}/following")
    assert read == QuotePolicy(frozenset(automatic), frozenset(manual))


def test_an_author_without_collections_lets_nobody_in_by_their_absence() -> None:
    said = CanQuote((f"{ALICE}/followers",))
    assert read_can_quote(said, author=ALICE, followers=None, following=None).automatic == {Circle.UNSUPPORTED}


@pytest.mark.parametrize("choice", CHOICES)
def test_what_members_choose_is_read_as_it_was_meant(choice: str) -> None:
    policy = CHOICES[choice]
    written = render_can_quote(policy, author=ALICE, followers=f"{ALICE}/followers")
    said = parse_can_quote({"interactionPolicy": written})
    assert said.automatic
    assert read_can_quote(said, author=ALICE, followers=f"{ALICE}/followers", following=None) == policy


def test_nobody_is_written_as_the_author() -> None:
    """An empty list would be no policy to some."""
    written = render_can_quote(NOBODY, author=ALICE, followers="x")
    assert written == {"canQuote": {"automaticApproval": [ALICE]}}


def test_a_quote_is_written_under_all_names() -> None:
    note = render_quote(QUOTED, "") | {"tag": [render_quote_link(QUOTED)]}
    assert "quoteAuthorization" not in note
    for name in ("quote", "_misskey_quote", "quoteUrl", "quoteUri", "tag"):
        assert parse_quote({name: note[name]}) == RemoteQuote(QUOTED, None)
    assert parse_quote(render_quote(QUOTED, STAMP.uri)) == RemoteQuote(QUOTED, STAMP.uri)


def test_stamps(reference: Path) -> None:
    published = plain(load(reference, "fep/044f_quoteauthorization_4.json"))
    assert parse_stamp(published) == STAMP
    written = render_stamp(STAMP)
    assert plain(written) is written, "peers need no JSON-LD to read it"
    assert parse_stamp(written) == STAMP
    assert {name: written[name] for name in published if name != "@context"} == {
        name: value for name, value in published.items() if name != "@context"
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"type": "Note"}, Fault.TYPE_UNSUPPORTED),
        ({"attributedTo": "https://evil.example/users/eve"}, Fault.ORIGIN_MISMATCH),
        ({"id": "https://evil.example/stamps/1"}, Fault.ORIGIN_MISMATCH),
        ({"attributedTo": None}, Fault.URI_REFUSED),
    ],
)
def test_a_stamp_is_its_authors(change: dict[str, Any], fault: Fault) -> None:
    with refused(fault):
        parse_stamp(render_stamp(STAMP) | change)


def test_requests(reference: Path) -> None:
    asked = parse_request(plain(load(reference, "fep/044f_quoterequest_5.json")))
    assert (asked.quoting, asked.quoted) == (f"{BOB}/statuses/1", QUOTED)
    assert parse_note(asked.embedded or {}).quote == RemoteQuote(QUOTED, None)
    by_id = parse_request(plain(load(reference, "mastodon/c46_quote_request.json")))
    assert by_id == QuoteRequest(
        "https://masto.example/ap/users/115000000000000001/statuses/6", "https://local.test/notes/1", None
    )
    written = render_request("https://a.example/1#quote", BOB, QUOTED, f"{BOB}/statuses/1")
    assert parse_request(written) == QuoteRequest(f"{BOB}/statuses/1", QUOTED, None)
    for missing in ("object", "instrument"):
        with refused(Fault.SHAPE):
            parse_request(written | {missing: None})


def test_answers(reference: Path) -> None:
    for name in ("fep/044f_accept_6", "fep/044f_reject_7"):
        assert is_answer(parse_activity(plain(load(reference, f"{name}.json"))))
    answer = {"id": f"{ALICE}/1", "type": "Accept", "actor": ALICE}
    assert is_answer(parse_activity(answer | {"object": "https://a.example/ap/objects/1#quote"}))
    for other in ("https://a.example/follows/1", {"type": "Follow", "id": "https://a.example/1"}, None):
        assert not is_answer(parse_activity(answer | {"object": other}))


@fuzz
@given(documents)
def test_whatever_comes_is_read_or_refused(document: dict[str, Any]) -> None:
    parse_quote(document)
    read_can_quote(parse_can_quote(document), author=ALICE, followers=None, following=None)
    for parse in (parse_stamp, parse_request):
        with suppress(ProtocolError):
            parse(document)


def test_the_quoted_post_is_no_link_to_look_at() -> None:
    inline = f'<p class="quote-inline">RE: <a href="{QUOTED}">x</a></p>'
    assert first_link(inline) is None
    assert first_link(f'{inline}<p><a href="https://c.example/">c</a></p>') == "https://c.example/"
    assert first_link(f'{inline}<a href="https://c.example/">c</a>') == "https://c.example/"
    assert first_link('<p><i>x</i><a href="https://c.example/">c</a></p>') == "https://c.example/"


def test_a_post_says_what_it_quotes_where_quotes_are_not_shown() -> None:
    html = compose_quote(QUOTED)
    assert html.startswith(f'<p class="quote-inline">RE: <a href="{QUOTED}" ')
    assert clean_html(html).startswith('<p class="quote-inline">RE: <a ')
