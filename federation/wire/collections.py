"""Collections of others, one page at a time. Must not know what they collect, nor how many pages anybody wants to read."""

from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import is_http_uri
from federation.wire.values import id_of, ids_of, many, type_of, uri_of

COLLECTIONS = frozenset({"Collection", "OrderedCollection"})
PAGES = frozenset({"CollectionPage", "OrderedCollectionPage"})


def parse_items(document: Document, limit: int) -> tuple[str, ...]:
    """The http(s) ids of the first `limit` items, however they are given: an embedded copy is no more than its id.

    ProtocolError for what is no collection.
    """
    if type_of(document) not in COLLECTIONS | PAGES:
        raise ProtocolError(Fault.TYPE_UNSUPPORTED, type_of(document)[:100])
    items = many(document.get("orderedItems")) or many(document.get("items"))
    return tuple(filter(is_http_uri, ids_of(items[:limit])))


def parse_whole(document: Document, limit: int) -> tuple[str, ...]:
    """The http(s) ids of all items of a collection that holds them itself. ProtocolError for one that is none, has more than
    `limit`, or says that there are more: what is missing there would be taken for absent.
    """
    named = document.get("orderedItems", document.get("items"))
    if type_of(document) not in COLLECTIONS or not isinstance(named, list) or "first" in document or "next" in document:
        raise ProtocolError(Fault.SHAPE, "a collection that is not given whole")
    said = document.get("totalItems", len(named))
    if len(named) > limit or said != len(named):
        raise ProtocolError(Fault.TOO_LARGE, f"{len(named)} items of {said}")
    return parse_items(document, limit)


def first_page(document: Document) -> Document | str | None:
    """Where the items are that a collection does not hold itself: its first page, or that page's id."""
    first = next(iter(many(document.get("first"))), None)
    if isinstance(first, dict) and type_of(first) in PAGES:
        return first
    return id_of(first)


def following_page(document: Document) -> Document | str | None:
    """Where a collection begins, or a page goes on."""
    return first_page(document) if type_of(document) in COLLECTIONS else _place(document.get("next"))


def replies_of(note: Document) -> list[Document | str]:
    """Where a post says that replies to it, and its thread, are listed."""
    return [place for name in ("replies", "context") if (place := _place(note.get(name))) is not None]


def _place(value: object) -> Document | str | None:
    return value if isinstance(value, dict) else uri_of(value)
