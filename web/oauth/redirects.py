"""Where apps want their person sent back to. Pure.

Apps of phones have schemes of their own (`icecubesapp://`, `com.tapbots.Ivory.10217:/request_token`), so an address
is kept, compared and used byte for byte, and never parsed into parts and put together again.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"

# Schemes that run in the page they are followed from (Mastodon 4.5, config/initializers/doorkeeper.rb).
_FORBIDDEN = frozenset({"data", "javascript", "vbscript"})
# RFC 3986, and no fragment (RFC 6749 §3.1.2).
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[!$-;=?-Z\[\]_a-z~]*")
_MOST = 20
_LONGEST = 2_000
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def parse_redirects(text: str) -> tuple[str, ...] | None:
    """The addresses in a text, one a line; None when there is none, too many, or one that we do not send to."""
    uris = tuple(dict.fromkeys(text.split()))
    return uris if 0 < len(uris) <= _MOST and all(map(_allowed, uris)) else None


def _allowed(uri: str) -> bool:
    match = _URI.fullmatch(uri)
    return match is not None and match[1].lower() not in _FORBIDDEN and len(uri) <= _LONGEST


def add_answer(uri: str, answer: Mapping[str, str]) -> str:
    """The address with our answer in its query, all before it as it was."""
    separator = "&" if "?" in uri else "?"
    return f"{uri}{separator}{urlencode(answer)}"


def form_target(uri: str) -> str | None:
    """What a Content-Security-Policy must allow for a form to end there; None when that is our own page."""
    if uri == OUT_OF_BAND:
        return None
    origin = _WEB.match(uri)
    if origin and uri[origin.end() : origin.end() + 1] in {"", "/", "?"}:
        return origin[0]
    return f"{urlsplit(uri).scheme}:"
