"""Single values out of a peer's document: one or many, id or object, text, number, date. Must not know any field.

Everything here is lenient: what has the wrong shape is absent (None or empty), because peers disagree about shapes.
What must not be absent is refused by the caller.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from federation.wire import origins
from federation.wire.bounded import Document

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def many(value: Any) -> list[Any]:
    """A property that may be absent, single or an array, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def documents(value: Any, limit: int) -> list[Document]:
    """The objects among the first `limit` values of a property."""
    return [item for item in many(value)[:limit] if isinstance(item, dict)]


def text(value: Any) -> str:
    """A string, or nothing."""
    return value if isinstance(value, str) else ""


def type_of(document: Document) -> str:
    """The first type that a document names."""
    return next((item for item in many(document.get("type")) if isinstance(item, str)), "")


def id_of(value: Any) -> str | None:
    """The id of a reference: a string, or an object with an id. Of an array the first."""
    first = next(iter(many(value)), None)
    found = first.get("id") if isinstance(first, dict) else first
    return found if isinstance(found, str) and 0 < len(found) <= origins.MAX_ID else None


def ids_of(value: Any) -> tuple[str, ...]:
    """The ids of all references of a property, each once, in order."""
    return tuple(dict.fromkeys(filter(None, map(id_of, many(value)))))


def uri_of(value: Any) -> str | None:
    """The id of a reference if it is an http(s) URI."""
    found = id_of(value)
    return found if origins.is_http_uri(found) else None


def href_of(value: Any) -> str | None:
    """The address that a Link, an Image or a string gives; of several the page for people, else the first."""
    links = [link for link in many(value) if isinstance(link, dict | str)]
    pages = [link for link in links if isinstance(link, dict) and link.get("mediaType") == "text/html"]
    first = next(iter(pages or links), None)
    if isinstance(first, dict):
        nested = first.get("href") or first.get("url")
        return href_of(nested) if isinstance(nested, list | dict) else _http(nested)
    return _http(first)


def moment(value: Any) -> int | None:
    """A date in any ISO 8601 form, to unix milliseconds; without a zone UTC is meant. Before 1970 counts as absent."""
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    milliseconds = (aware - _EPOCH) // _MILLISECOND
    return milliseconds if milliseconds >= 0 else None


def integer(value: Any, low: int, high: int) -> int | None:
    """A whole number within bounds; true and false are not numbers."""
    return value if type(value) is int and low <= value <= high else None


def _http(value: Any) -> str | None:
    return value if origins.is_http_uri(value) else None
