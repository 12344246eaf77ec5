"""What a page of the web says of itself: Open Graph, Twitter's names for the same, plain HTML. Pure.

Only the beginning of a page is looked at: that is where it speaks of itself, and it bounds what parsing may cost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import nh3

from federation.wire.dates import parse_datetime
from federation.wire.sanitize import clean_text

LOOKED_AT = 128 * 1024
MOST_TAGS = 2_000
MOST_ENTITIES = 10_000
MOST_TITLE = 300
MOST_TEXT = 1_000
MOST_NAME = 120
MOST_SIDE = 10_000

# Written anew by a parser that takes bounded time, the page can be read by one that does not.
_CLEANER = nh3.Cleaner(
    tags={"meta", "title"}, attributes={"meta": {"name", "property", "content"}, "*": set()}, link_rel=None
)
_BODY = re.compile(r"<body[\s>]", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a page. Texts are clean, addresses http(s); `published_at` in unix ms."""

    title: str
    description: str
    provider: str
    author: str
    author_url: str
    image: str | None
    image_description: str
    width: int
    height: int
    published_at: int | None


class _Head(HTMLParser):
    """Collects what `<meta>` and `<title>` say; the first word on each subject holds."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "meta":
            named = dict(attrs)
            name = (named.get("property") or named.get("name") or "").strip().lower()
            self.said.setdefault(name, named.get("content") or "")

    def handle_endtag(self, _: str, /) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.said.setdefault("<title>", data)

    def first(self, *names: str) -> str:
        return next((self.said[name] for name in names if self.said.get(name, "").strip()), "")


def parse_page(url: str, content_type: str, body: bytes) -> Preview | None:
    """The preview of a page that came from `url`; None when it has no title."""
    head = _Head()
    head.feed(_CLEANER.clean(_beginning(_decode(content_type, body[:LOOKED_AT]))))
    head.close()
    title = clean_text(head.first("og:title", "twitter:title", "<title>"), MOST_TITLE)
    if not title:
        return None
    author = head.first("author", "article:author", "twitter:creator")
    image = _address(url, head.first("og:image:secure_url", "og:image", "twitter:image"))
    return Preview(
        title=title,
        description=clean_text(head.first("og:description", "twitter:description", "description"), MOST_TEXT),
        provider=clean_text(head.first("og:site_name"), MOST_NAME),
        author="" if _address("", author) else clean_text(author, MOST_NAME),
        author_url=_address("", head.first("article:author")) or "",
        image=image,
        image_description=clean_text(head.first("og:image:alt", "twitter:image:alt"), MOST_TEXT) if image else "",
        width=_side(head.first("og:image:width")) if image else 0,
        height=_side(head.first("og:image:height")) if image else 0,
        published_at=_moment(head.first("article:published_time")),
    )


def _beginning(html: str) -> str:
    """Up to the body, and no more tags and entities than a parser reads in no time, however they are nested."""
    head = _BODY.split(html, maxsplit=1)[0]
    for mark, most in (("<", MOST_TAGS), ("&", MOST_ENTITIES)):
        head = mark.join(head.split(mark, most + 1)[: most + 1])
    return head


def _decode(content_type: str, data: bytes) -> str:
    """As the answer says or, failing that, the page itself, or UTF-8; what does not decode is replaced."""
    found = _CHARSET.search(content_type) or _CHARSET.search(data[:1024].decode("latin-1"))
    try:
        return data.decode(found[1] if found else "utf-8", "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


def _address(base: str, text: str) -> str | None:
    try:
        address = urljoin(base, text.strip()) if text.strip() else ""
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"https", "http"} and parts.hostname and len(address) <= 2_048 else None


def _side(text: str) -> int:
    number = int(text) if _NUMBER.fullmatch(text.strip()) else 0
    return number if number <= MOST_SIDE else 0


def _moment(text: str) -> int | None:
    try:
        return parse_datetime(text.strip()) if text.strip() else None
    except ValueError:
        return None
