"""The first address that a post sends its readers to. Must not know what stands there."""

from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import urlsplit

MOST_ADDRESS = 2_048


class _Anchors(HTMLParser):
    """Of cleaned HTML, which has few tags (`federation.wire.sanitize`)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_quote = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "p":
            self._in_quote = said.get("class") == "quote-inline"
        words = {*(said.get("class") or "").split(), *(said.get("rel") or "").split()}
        if tag == "a" and not self._in_quote and not words & {"mention", "hashtag", "u-url", "tag"}:
            self.found.append(said.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_quote = self._in_quote and tag != "p"


def first_link(html: str) -> str | None:
    """The first link that names no person, no hashtag and no quoted post, without its fragment; None when there is none
    to fetch.
    """
    anchors = _Anchors()
    anchors.feed(html)
    anchors.close()
    return next((url for url in map(_fetchable, anchors.found) if url), None)


def _fetchable(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"https", "http"} or not parts.hostname or len(address) > MOST_ADDRESS:
        return None
    return parts._replace(fragment="").geturl()
