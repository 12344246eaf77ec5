"""Collections of others: a page at a time, and of every item the id alone."""

import pytest

from federation.wire.collections import first_page, following_page, parse_items, parse_whole, replies_of
from federation.wire.errors import Fault, ProtocolError

NOTE = "https://b.example/notes/1"


@pytest.mark.parametrize("kind", ["Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"])
@pytest.mark.parametrize("name", ["items", "orderedItems"])
@pytest.mark.parametrize("items", [NOTE, [NOTE], [{"id": NOTE, "type": "Note", "content": "forged"}], [NOTE, NOTE]])
def test_an_item_is_its_id(kind: str, name: str, items: object) -> None:
    assert parse_items({"type": kind, name: items}, 5) == (NOTE,)


def test_no_more_than_asked_for_and_nothing_odd() -> None:
    items = [f"https://b.example/{n}" for n in range(9)]
    assert parse_items({"type": "Collection", "items": items}, 3) == tuple(items[:3])
    assert parse_items({"type": "Collection", "items": ["ap://did:key:z/1", {}, 4, None]}, 9) == ()
    assert parse_items({"type": "Collection", "totalItems": 4}, 9) == ()


def test_what_is_no_collection() -> None:
    with pytest.raises(ProtocolError, match=Fault.TYPE_UNSUPPORTED):
        parse_items({"type": "Note", "items": [NOTE]}, 1)


@pytest.mark.parametrize("name", ["items", "orderedItems"])
def test_a_list_that_is_given_whole(name: str) -> None:
    assert parse_whole({"type": "Collection", name: [NOTE, {"id": NOTE}]}, 2) == (NOTE,)
    assert parse_whole({"type": "OrderedCollection", name: [NOTE], "totalItems": 1}, 2) == (NOTE,)
    assert parse_whole({"type": "OrderedCollection", name: []}, 2) == ()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"type": "Collection"}, Fault.SHAPE),
        ({"type": "Note", "items": []}, Fault.SHAPE),
        ({"type": "CollectionPage", "items": []}, Fault.SHAPE),
        ({"type": "Collection", "items": NOTE}, Fault.SHAPE),
        ({"type": "Collection", "items": [], "first": "https://b.example/page"}, Fault.SHAPE),
        ({"type": "Collection", "items": [], "next": "https://b.example/page"}, Fault.SHAPE),
        ({"type": "Collection", "items": [], "totalItems": 2}, Fault.TOO_LARGE),
        ({"type": "Collection", "items": [NOTE, NOTE, NOTE]}, Fault.TOO_LARGE),
    ],
)
def test_a_list_of_which_something_may_be_missing(document: dict[str, object], reason: Fault) -> None:
    with pytest.raises(ProtocolError, match=reason):
        parse_whole(document, 2)


def test_where_the_items_are() -> None:
    page = {"type": "OrderedCollectionPage", "orderedItems": [NOTE]}
    assert first_page({"type": "Collection", "first": page}) == page
    assert first_page({"type": "Collection", "first": "https://b.example/page"}) == "https://b.example/page"
    assert first_page({"type": "Collection", "first": {"type": "Link", "id": "https://b.example/page"}}) == (
        "https://b.example/page"
    )
    assert first_page({"type": "Collection"}) is None


def test_a_list_leads_to_its_first_page_and_a_page_to_the_next() -> None:
    one, two = "https://a.example/1", "https://a.example/2"
    page = {"type": "CollectionPage", "items": [one]}
    assert following_page({"type": "Collection", "first": page, "next": two}) == page
    assert following_page({"type": "OrderedCollection", "first": one}) == one
    assert following_page({"type": "CollectionPage", "next": two, "first": one}) == two
    assert following_page({"type": "OrderedCollectionPage", "next": page}) == page
    assert following_page({"type": "CollectionPage", "next": "did:key:z"}) is None


def test_a_post_says_where_replies_and_thread_are_listed() -> None:
    one = "https://a.example/1"
    embedded = {"type": "Collection", "first": one}
    assert replies_of({"replies": embedded, "context": one}) == [embedded, one]
    assert replies_of({"replies": None, "context": "tag:a.example,2026:1"}) == []
