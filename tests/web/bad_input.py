"""Requests that no app sends: strategies over the table of routes. Knows no feature, only names and values that hurt."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import FormData
from hypothesis import strategies as st

# What routes read, in any place.
NAMES = (
    "id", "id[]", "limit", "offset", "max_id", "min_id", "since_id", "q", "type", "types[]", "resolve", "acct", "status",
    "visibility", "media_ids[]", "media_ids", "in_reply_to_id", "poll", "poll[options][]", "poll[expires_in]",
    "scheduled_at", "language", "title", "context", "context[]", "keywords_attributes", "keywords_attributes[0][id]",
    "keyword", "phrase", "expires_in", "account_ids[]", "account_ids", "account_id", "choices", "choices[]", "comment",
    "category", "domain", "name", "home", "home[last_read_id]", "timeline[]", "url", "any[]", "data", "data[alerts]",
    "subscription", "subscription[keys]", "policy", "duration", "notifications", "note", "fields_attributes",
    "fields_attributes[0][name]", "source", "focus", "description", "order", "local", "only_media", "pinned", "tagged",
    "group_key", "grouped_types[]", "for_bots", "filter_action", "replies_policy", "quote_approval_policy",
    "quoted_status_id", "keys[]", "start_at", "end_at", "frequency", "severity", "ip", "email", "username", "password",
    "scopes", "redirect_uris", "client_name", "grant_type", "code", "scope", "client_id", "token", "locale", "lang",
)  # fmt: skip
TEXTS = (
    "", " ", "x", "1", "-1", "0", "1.5", "true", "null", str(2**31), str(2**63 - 1), str(2**63), str(2**200), "\x00",
    "a\x00b", "é\u0301🩺", "@", "@@@", "@anna", "#", "%", "%00", "../..", "<script>", "' OR 1=1 --", "a" * 700,
    "2028-01-01", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00Z", "+999999-01-01", "public", "direct", "private", "home",
    "0,0", "9,9", "nan", "inf", "statuses", "::1", "10.0.0.0/99", "day", "\u202e\ufeff",
)  # fmt: skip
DEEP: Any = "deep"
for _ in range(200):
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (True, False, None, -1, 0, 1.5, 10**30, 2**63, "\ud800", [], {}, [None], [[]], {"": ""}, DEEP)
PATHS = (
    "0",
    "1",
    "-1",
    "x",
    str(2**63 - 1),
    str(2**63),
    str(2**200),
    "%00",
    "a%2Fb",
    "%F0%9F%A9%BA",
    "%ff",
    "%5B%5D",
    "a" * 300,
)
RAW = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"a":',
    b"\xff\xfe",
    b"a=%ff",
    b"a[b]=1&a=2",
    b"a[=1&]=2",
    b"=&=&",
    b'{"status":NaN}',
    b"--x--",
)
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "x",
    "",
)
HEADERS = (
    ("Idempotency-Key", "x" * 4_000), ("Idempotency-Key", "é"), ("Accept-Language", ";q=,,*;q=x"), ("Range", "bytes=-1"),
    ("If-None-Match", '"'), ("If-Modified-Since", "never"), ("X-Forwarded-For", "::,x"), ("Cookie", "session==;;"),
    ("Authorization", "Bearer"), ("Authorization", "Basic ///"), ("Authorization", "Bearer a b c"),
    ("Accept", "text/html"), ("Upgrade", "websocket"), ("Origin", "null"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bad:
    """One request. `who` names a token; `path` may hold names of ids in braces."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    who: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: tuple[tuple[str, str], ...] = ()

    def sent(self) -> dict[str, Any]:
        """The body as aiohttp takes it: multipart when there is a form."""
        if not self.form:
            return {"data": self.body} if self.body else {}
        form = FormData(default_to_multipart=True)
        for name, value in self.form:
            form.add_field(name, value, filename="x.png" if name == "file" else None)
        return {"data": form}


_pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(TEXTS)), max_size=4).map(tuple)
_values = st.sampled_from((*TEXTS, *ODD))
_trees = st.dictionaries(
    st.sampled_from(NAMES),
    _values | st.lists(_values, max_size=3) | st.dictionaries(st.sampled_from(NAMES), _values, max_size=3),
    max_size=4,
)
_files = st.tuples(st.sampled_from(("file", "avatar", "header", "thumbnail")), st.sampled_from(TEXTS))


def bad_requests(routes: list[tuple[str, str]], names: list[str], tokens: list[str]) -> st.SearchStrategy[Bad]:
    """Requests to these routes, with these names of ids in their paths, under these tokens."""
    holes = st.sampled_from(("", *(f"{{{name}}}" for name in names), *PATHS))

    @st.composite
    def build(draw: st.DrawFn) -> Bad:
        method, shape = draw(st.sampled_from(routes))
        path = re.sub(r"\{[^}]*\}", lambda _: draw(holes), shape)
        headers = dict(draw(st.lists(st.sampled_from(HEADERS), max_size=1)))
        made = Bad(method, path, draw(_pairs), draw(st.sampled_from(tokens)), headers)
        return made if method == "GET" else draw(_with_body(made))

    return build()


def _with_body(bad: Bad) -> st.SearchStrategy[Bad]:
    def typed(kind: str, body: bytes) -> Bad:
        return Bad(
            bad.method, bad.path, bad.query, bad.who, bad.headers | ({"Content-Type": kind} if kind else {}), body
        )

    def formed(form: tuple[tuple[str, str], ...]) -> Bad:
        return Bad(bad.method, bad.path, bad.query, bad.who, bad.headers, form=form)

    return st.one_of(
        st.builds(lambda tree: typed("application/json", json.dumps(tree).encode()), _trees),
        st.builds(typed, st.sampled_from(TYPES), st.sampled_from(RAW)),
        st.lists(_files | st.tuples(st.sampled_from(NAMES), st.sampled_from(TEXTS)), min_size=1, max_size=3)
        .map(tuple)
        .map(formed),
    )
