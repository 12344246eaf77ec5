"""Collections of others: a page at a time, and of every item the id alone."""

import pytest

from federation.wire.collections import first_page, parse_items
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


def test_where_the_items_are() -> None:
    page = {"type": "OrderedCollectionPage", "orderedItems": [NOTE]}
    assert first_page({"type": "Collection", "first": page}) == page
    assert first_page({"type": "Collection", "first": "https://b.example/page"}) == "https://b.example/page"
    assert first_page({"type": "Collection", "first": {"type": "Link", "id": "https://b.example/page"}}) == (
        "https://b.example/page"
    )
    assert first_page({"type": "Collection"}) is None
