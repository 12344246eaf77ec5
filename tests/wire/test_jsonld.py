import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld as pyld_jsonld

from federation.wire import jsonld
from federation.wire.activities import Activity, parse_activity
from federation.wire.actors import RemoteActor, parse_actor
from federation.wire.addressing import PUBLIC_ALIASES
from federation.wire.bounded import Document
from federation.wire.contexts import BUNDLED, VOCABULARY, find_context
from federation.wire.errors import Fault, ProtocolError
from federation.wire.objects import RemoteNote, parse_note
from federation.wire.render import _ACTOR_TERMS, ACTIVITY_CONTEXT, CONTROL_CONTEXT
from federation.wire.values import type_of
from policies.terms import ACTORS
from tests.wire.documents import fuzz, load, load_all, refused, values

AS = "https://www.w3.org/ns/activitystreams"
NOTE: Document = {"id": "https://a.example/1", "type": "Note", "attributedTo": "https://a.example/2", "content": "x"}
Typed = RemoteActor | RemoteNote | Activity | Fault


def test_a_plain_document_is_returned_itself() -> None:
    document = {"@context": [AS, {"toot": "http://joinmastodon.org/ns#", "Emoji": "toot:Emoji"}], **NOTE}
    assert jsonld.plain(document) is document
    assert jsonld.plain(NOTE) is NOTE


def test_nearly_all_reference_documents_are_plain(reference: Path) -> None:
    documents = load_all(reference)
    plain = [name for name, document in documents.items() if jsonld.plain(document) is document]
    assert len(documents) == 229
    assert len(plain) >= 200


def _typed(document: Document) -> Typed | None:
    try:
        if type_of(document) in ACTORS:
            return parse_actor(document)
        if "actor" in document:
            return parse_activity(document)
        return parse_note(document)
    except ProtocolError as error:
        return error.reason


def _comparable(value: Typed | None) -> Any:
    """Without what may differ: the document itself, the spelling of Public, Lemmy's language."""
    match value:
        case Activity():
            objects = tuple(_comparable(_typed(one)) if isinstance(one, dict) else one for one in value.objects)
            return replace(_public(value), raw={}, objects=()), objects
        case RemoteNote():
            return replace(_public(value), language=None)
        case _:
            return value


def _public(value: Any) -> Any:
    return replace(value, cc=tuple("Public" if uri in PUBLIC_ALIASES else uri for uri in value.cc))


def test_the_short_way_and_the_long_way_read_the_same(reference: Path) -> None:
    compared = 0
    for name, document in load_all(reference).items():
        if "@context" not in document or name == "bookwyrm/article.json":  # pyld refuses its `id: null`
            continue
        if jsonld.plain(document) is document:
            assert _comparable(_typed(document)) == _comparable(_typed(jsonld._processed(document))), name
            compared += 1
    assert compared >= 150


def test_an_alias_for_a_term_is_read() -> None:
    document = {
        "@context": [AS, {"uri": "@id", "kind": "@type", "text": "as:content", "by": {"@id": "as:attributedTo"}}],
        "uri": "https://a.example/1",
        "kind": "as:Note",
        "text": "x",
        "by": {"uri": "https://a.example/2"},
    }
    assert jsonld.plain(document) == {"@context": AS, **NOTE}


def test_a_term_with_another_meaning_is_not_read() -> None:
    document = {"@context": [AS, {"content": "https://evil.example/ns#content"}], **NOTE}
    assert "content" not in jsonld.plain(document)


def test_a_term_without_meaning_is_not_read() -> None:
    assert "content" not in jsonld.plain({"@context": [AS, {"content": None}], **NOTE})


def test_a_term_whose_meaning_was_taken_away_is_not_read() -> None:
    read = jsonld.plain({"@context": [None, {"@vocab": "_:"}], "content": "x", "y": "z"})
    assert read == {"@context": AS, "y": "z"}


def test_our_own_documents_are_plain() -> None:
    for context in (ACTIVITY_CONTEXT, CONTROL_CONTEXT, [AS, _ACTOR_TERMS]):
        assert jsonld._judge(context) == (True, ())


def test_full_names_are_read() -> None:
    document = {
        "@id": "https://a.example/1",
        "@type": [f"{AS}#Note"],
        f"{AS}#content": [{"@value": "x"}],
        f"{AS}#attributedTo": [{"@id": "https://a.example/2"}],
    }
    assert jsonld.plain(document) == {"@context": AS, **NOTE}


@pytest.mark.parametrize(
    ("context", "is_plain"),
    [
        (AS, True),
        ([AS, {"@language": "und"}], True),
        ([AS, {"schema": "http://schema.org#", "value": "schema:value"}], True),
        ([AS, {"schema": "http://schema.org/", "value": "schema:value"}], True),
        ([AS, {"x": "https://x.example/#", "y": "x:y"}], True),
        ([AS, {"vcard": "http://www.w3.org/2006/vcard/ns#", "z": 3}], True),
        ([AS, {"x": None}], True),
        ("https://any.example/schemas/litepub-0.1.jsonld", True),
        ([AS, "https://unknown.example/context"], False),
        ([AS, None], False),
        ([AS, 3], False),
        ([AS, {"@vocab": "https://x.example/"}], False),
        ([AS, {"@base": "https://x.example/"}], False),
        ([AS, {"value": "https://x.example/value"}], False),
        ([AS, {"content": {"@id": "as:content", "@container": "@language"}}], False),
        ([AS, {"content": {"@id": "as:content", "@context": {}}}], False),
        ([AS, {"content": {"@reverse": "as:content"}}], False),
        ([AS, {"body": "as:content"}], False),
        ([AS, {"uri": "@id"}], False),
        ([AS, {"type": "https://x.example/type"}], False),
    ],
)
def test_which_contexts_are_plain(context: object, is_plain: bool) -> None:  # noqa: FBT001  a table's cell
    assert jsonld._judge(context).plain is is_plain


@pytest.mark.parametrize(
    "document",
    [
        {"@type": "Note"},
        {"as:content": "x"},
        {f"{AS}#content": "x"},
        {"type": "as:Note"},
        {"type": ["x", "toot:Emoji"]},
    ],
)
def test_terms_in_disguise_are_not_plain(document: Document) -> None:
    assert not jsonld._is_plain(document)
    assert not all(map(jsonld._is_plain, jsonld._levels({"type": "Create", "object": document})))


def test_a_context_deeper_in_counts() -> None:
    inner = {"@context": [AS, {"body": "as:content"}], "id": "https://a.example/1", "type": "Note", "body": "x"}
    activity = {"@context": AS, "id": "https://a.example/3", "type": "Create", "object": inner}
    read = jsonld.plain(activity)
    assert read["object"] == {"id": "https://a.example/1", "type": "Note", "content": "x"}
    too_deep: Document = {"object": {"object": {"object": {"object": inner}}}}
    assert jsonld.plain(too_deep) is too_deep


def test_arrays_stay_as_mastodon_writes_them() -> None:
    document = {
        "@context": [AS, "https://unknown.example/x"],
        **NOTE,
        "to": "as:Public",
        "tag": {"type": "Hashtag", "name": "#cas"},
        "summary": None,
        "stickied": False,
        "likes": {"type": "OrderedCollection", "totalItems": 1, "orderedItems": ["https://a.example/9"]},
        "replies": {"type": "Collection", "items": []},
    }
    read = jsonld.plain(document)
    assert read["to"] == [f"{AS}#Public"]
    assert read["tag"] == [{"type": "Hashtag", "name": "#cas"}]
    assert read["likes"]["orderedItems"] == ["https://a.example/9"]
    assert read["replies"] == {"type": "Collection", "items": []}
    assert read["stickied"] is False
    assert read["attributedTo"] == "https://a.example/2"
    assert "summary" not in read


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"content": "x", "contentMap": {"fr": "x"}}, {"content": "x", "contentMap": {"fr": "x"}}),
        ({"contentMap": {"fr": "x", "en": "y"}}, {"content": "y", "contentMap": {"en": "y", "fr": "x"}}),
        ({"content": "x", "@context": [AS, {"@language": "und"}, "https://u.example/"]}, {"content": "x"}),
        ({"content": []}, {"content": None}),
    ],
)
def test_texts_by_language(texts: Document, expected: Document) -> None:
    read = jsonld.plain({"@context": [AS, "https://u.example/"], "id": "https://a.example/1", **texts})
    assert read["content"] == expected["content"]
    assert expected.items() <= read.items()


def test_unknown_contexts_are_recorded_and_empty() -> None:
    document = {
        "@context": [AS, "https://unknown.example/1"],
        "type": "Create",
        "object": {"@context": ["https://unknown.example/1", "https://unknown.example/2"]},
    }
    assert jsonld.unknown_contexts(document) == ("https://unknown.example/1", "https://unknown.example/2")
    assert jsonld.unknown_contexts(NOTE) == ()


def test_what_mbin_writes_under_its_own_context_is_read(reference: Path) -> None:
    document = load(reference, "mbin/objects__instance.json")
    assert jsonld.unknown_contexts(document) == ("https://fedia.io/contexts",)
    assert parse_actor(jsonld.plain(document)).inbox == document["inbox"]


def test_no_context_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, _options: object) -> object:
        raise AssertionError(url)

    monkeypatch.setattr(pyld_jsonld, "_default_document_loader", fetch)
    scoped = {"x": {"@id": "https://x.example/", "@context": "https://unknown.example/scoped"}}
    document = {"@context": ["https://unknown.example/1", scoped], **NOTE, "x": {"content": "y"}}
    assert jsonld.plain(document)["content"] == "x"


def test_a_context_may_look_odd() -> None:
    document = {"@context": [AS, {"@odd": "https://x.example/", "x": "@odd"}], **NOTE}
    assert jsonld.plain(document)["content"] == "x"


def test_relative_ids_belong_to_nobody() -> None:
    document = jsonld.plain({"@context": [AS, "https://u.example/"], "id": "1", "type": "Note", "attributedTo": "2"})
    with refused(Fault.URI_REFUSED):
        parse_note(document)


@pytest.mark.parametrize(
    "document",
    [
        {"@context": 3, "id": "x"},
        {"@context": [AS, {"content": {"@id": 3}}]},
        {"@context": [AS, {"@base": "@id"}, {"@base": "@id"}]},
        {"@context": [AS, {"content": {"@id": {}}}], "content": 1},
        {"@context": [AS, "https://u.example/"], "id": None},
        {"@context": [AS, {"@vocab": 3}]},
        {"@context": [AS, "https://u.example/"]},
        {
            "@graph": [
                {"@id": "https://a.example/1", f"{AS}#content": "x"},
                {"@id": "https://a.example/2", "@type": "x:y"},
            ]
        },
    ],
)
def test_what_is_no_json_ld_is_refused(document: Document) -> None:
    with refused(Fault.JSONLD_INVALID):
        jsonld.plain(document)


@pytest.mark.parametrize("url", [AS, "urn:confrere:vocabulary", "https://w3id.org/security/v1"])
def test_no_document_changes_how_the_next_is_read(url: str) -> None:
    hostile = {"@context": {"@import": url, "content": "https://evil.example/#", "x": {"@context": 3}}, **NOTE}
    for document in (hostile, {"@context": [AS, "https://u.example/"], **NOTE, "tag": [hostile]}):
        with refused(Fault.JSONLD_INVALID):
            jsonld.plain(document)
    assert jsonld.plain({"@context": [AS, "https://u.example/"], **NOTE}) == {"@context": AS, **NOTE}


def test_processing_is_bounded() -> None:
    unknown = {"@context": [AS, "https://u.example/"]}
    with refused(Fault.TOO_COMPLEX):
        jsonld.plain({**unknown, **NOTE, "tag": [{}] * jsonld.MAX_PROCESSED_VALUES})
    with refused(Fault.TOO_COMPLEX):
        jsonld.plain({**unknown, **NOTE, "content": "x" * jsonld.MAX_PROCESSED_BYTES})
    with refused(Fault.TOO_COMPLEX):
        jsonld.plain({"@context": [AS, {f"x{number}": "y" for number in range(3_000)}], **NOTE})


def test_bundled_contexts_are_contexts() -> None:
    for url, terms in BUNDLED.items():
        document = {"@context": terms, "@id": "https://a.example/1", "@type": "https://x.example/T"}
        assert pyld_jsonld.expand(document)[0]["@id"] == "https://a.example/1"
        assert find_context(url) is terms
    assert find_context("https://unknown.example/") is None
    assert VOCABULARY["inbox"]["@id"] == "http://www.w3.org/ns/ldp#inbox"


_terms = st.sampled_from(["content", "as", "x", "uri", "type", "to", "@vocab", "@language", "@base", "@import", "tag"])
_KEYS = ["@id", "@type", "@container", "@context", "@reverse", "@nest", "@prefix"]
_words = st.sampled_from([f"{AS}#content", "as:to", "@id", "@type", "@list", "x:y", "https://x.example/#", "_:b"])
_definitions = values | _words | st.dictionaries(st.sampled_from(_KEYS), values | _words, max_size=3)
_contexts = st.lists(
    st.sampled_from([AS, "https://unknown.example/"]) | st.dictionaries(_terms, _definitions, max_size=3), max_size=3
)


@fuzz
@given(_contexts, st.dictionaries(_terms | st.sampled_from(["id", "object", "@graph", "@reverse"]), values, max_size=6))
def test_any_document_is_plain_or_refused(context: list[Any], document: dict[str, Any]) -> None:
    try:
        read = jsonld.plain(json.loads(json.dumps({"@context": context, **document})))
    except ProtocolError:
        read = {}
    assert isinstance(read, dict)
    assert jsonld.plain({"@context": [AS, "https://u.example/"], **NOTE}) == {"@context": AS, **NOTE}
