"""Which of a member's filters a post falls under. Pure.

Words are looked for as they are, by plain search; an expression is tried only where that found something, so that
nobody's keywords make a page slow.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from storage.filters import Active
from storage.records import Filter, Media, Poll, Status, listed

_APART = re.compile(r"<br\s*/?>|</(?:p|li|h[1-6]|blockquote|pre)>")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Match:
    """A filter, and why a post falls under it."""

    filter: Filter
    keywords: list[str]
    status_ids: list[int]


def list_matches(filters: Iterable[Active], status_ids: Iterable[int], text: str) -> list[Match]:
    """`status_ids`: the post's own and, of a boost, its original's. `text`: what `searchable` gave."""
    ids = list(status_ids)
    found = [
        Match(
            one.filter,
            [keyword for keyword, whole in one.keywords if _is_in(text, keyword, whole=whole)],
            [status_id for status_id in ids if status_id in one.status_ids],
        )
        for one in filters
    ]
    return [match for match in found if match.keywords or match.status_ids]


def searchable(status: Status, media: Iterable[Media], poll: Poll | None = None) -> str:
    """All words of a post, its warning, its pictures' descriptions and its poll, without regard to case."""
    options = listed(poll.options) if poll else []
    return _folded("\n".join([status.summary, *(one.description for one in media), *options]), status.content)


@lru_cache(maxsize=256)  # one post is told to many
def _folded(beside: str, content: str) -> str:
    text = unescape(_TAG.sub("", _APART.sub("\n", content)))
    return f"{beside}\n{text}".casefold()


def _is_in(text: str, keyword: str, *, whole: bool) -> bool:
    wanted = keyword.casefold()
    return wanted in text and (not whole or _whole_word(wanted).search(text) is not None)


@lru_cache(maxsize=4096)
def _whole_word(wanted: str) -> re.Pattern[str]:
    """Not within a word; a keyword that begins or ends with something else (`#ecg`) has no such bound there."""
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", wanted) else ""
    return re.compile(before + re.escape(wanted) + after)
