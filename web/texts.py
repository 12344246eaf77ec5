"""The admin's long texts, from files in Markdown or HTML: what is promised to people, and what is asked of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import nh3
from markdown_it import MarkdownIt

# `html` is off: markup within Markdown is shown as it was typed.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAG_NAMES = (
    "a abbr b blockquote br code dd del dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s strong sub sup "
    "table tbody td tfoot th thead tr u ul"
)
_TAGS = set(_TAG_NAMES.split())


@dataclass(frozen=True, slots=True)
class Text:
    """Harmless HTML. `changed_at`: when its file was last written, unix ms."""

    html: str
    changed_at: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds between members and institution from a day on."""

    since: date
    text: Text


def terms_on(versions: Sequence[Terms], today: date) -> Terms | None:
    """Those that hold today; before any do, the first to come. `versions` are in the order of their days."""
    return next((one for one in reversed(versions) if one.since <= today), versions[0] if versions else None)


def terms_since(versions: Sequence[Terms], day: str) -> Terms | None:
    """Those that began on a day, as ISO 8601 writes it."""
    return next((one for one in versions if one.since.isoformat() == day), None)


def terms_after(versions: Sequence[Terms], terms: Terms) -> Terms | None:
    """Those that take the place of these."""
    return next((one for one in versions if one.since > terms.since), None)


def read_text(path: Path) -> Text:
    """A file as it is now: HTML when its name says so, Markdown otherwise. OSError or UnicodeDecodeError if unreadable."""
    written = path.read_text("utf-8")
    html = written if path.suffix.lower() in {".html", ".htm"} else str(_MARKDOWN.render(written))
    cleaned = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"})
    return Text(cleaned, int(path.stat().st_mtime * 1000))
