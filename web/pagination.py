"""Pages of lists: the parameters that ask for one, and the Link header to its neighbours.

Cursors are decimal ids. IceCubes takes the first `max_id=[0-9]+` it finds in the header, so `next` stands first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from web.bodies import parse_pairs, query_text
from web.errors import ApiError
from web.forms import MOST, Form
from web.keys import CONTEXT

_CURSORS = ("max_id", "since_id", "min_id")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: ids below `max_id`, and above `since_id` (newest first) or `min_id` (the next ones up)."""

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None


def parse_page(query: Form, *, default: int = 20, most: int = 40) -> Page:
    """Raises ApiError 400 for what is no number; too large a limit is made smaller, as clients ask 50 and 80."""
    return Page(parse_limit(query, default=default, most=most), *(_cursor(query, name) for name in _CURSORS))


def parse_limit(query: Form, *, default: int = 20, most: int = 40) -> int:
    return min(_number(query, "limit", default), most)


def parse_offset(query: Form) -> int:
    return _number(query, "offset", 0)


def links(request: web.Request, page: Page, ids: Sequence[int]) -> dict[str, str]:
    """The Link header for a page whose cursors were `ids`, newest first; nothing for an empty page.

    `next` is left out when the page was not full: there is nothing further down.
    """
    if not ids:
        return {}
    neighbours = [("next", "max_id", min(ids))] if len(ids) >= page.limit else []
    neighbours.append(("prev", "min_id", max(ids)))
    return {"Link": _link(request, neighbours)}


def offset_links(request: web.Request, *, offset: int, limit: int, count: int) -> dict[str, str]:
    """The Link header for a page of `count` items found at `offset`."""
    neighbours = [("next", "offset", offset + limit)] if count >= limit else []
    if offset > 0:
        neighbours.append(("prev", "offset", max(0, offset - limit)))
    return {"Link": _link(request, neighbours)} if neighbours else {}


def _link(request: web.Request, neighbours: Iterable[tuple[str, str, int]]) -> str:
    """This address on our own origin, with other cursors and all other parameters as they were."""
    kept = [pair for pair in parse_pairs(query_text(request)) if pair[0] not in (*_CURSORS, "offset")]
    before = f"{urlencode(kept)}&" if kept else ""
    address = f"{request.app[CONTEXT].origin.base}{request.rel_url.raw_path}?{before}"
    return ", ".join(f'<{address}{name}={value}>; rel="{rel}"' for rel, name, value in neighbours)


def _number(query: Form, name: str, default: int) -> int:
    text = query.text(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ApiError(400, f"{name} must be a number that is not negative")
    return int(text)


def _cursor(query: Form, name: str) -> int | None:
    """Larger than any id is as good as the largest: clients make cursors up from dates."""
    text = query.text(name)
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,30}", text):
        raise ApiError(400, f"{name} must be an id")
    return min(int(text), MOST)
