"""Which answers scripts of other sites may read: all that need no cookie (Mastodon 4.5, config/initializers/cors.rb).

No credentials are ever allowed: a token travels in a header that the script itself sets.
"""

import re
from collections.abc import MutableMapping

from aiohttp import web

_EXPOSED = "Link, Mastodon-Async-Refresh, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id"

# The first that fits counts. Media is here because Phanpy and Elk draw it on a canvas.
_METHODS = (
    (re.compile(r"/api/"), "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (re.compile(r"/oauth/(token|revoke)$"), "POST"),
    (re.compile(r"/oauth/userinfo$"), "GET, POST"),
    (re.compile(r"/\.well-known/|/nodeinfo/|/media/|/@[^/]+$|/users/[^/]+$"), "GET"),
)
_HEADER_NAMES = re.compile(r"[A-Za-z0-9_, -]{0,1000}")


def methods_for(path: str) -> str | None:
    """What scripts of other sites may do here; None: nothing."""
    return next((methods for pattern, methods in _METHODS if pattern.match(path)), None)


def add_headers(path: str, headers: MutableMapping[str, str]) -> None:
    """Let scripts read the answer. Exactly one Allow-Origin, whatever a handler set (pinafore#394)."""
    if methods_for(path):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = _EXPOSED


def answer_preflight(request: web.Request) -> web.Response | None:
    """The answer to OPTIONS, which browsers send without a token; None when this is no such request."""
    methods = methods_for(request.path) if request.method == "OPTIONS" else None
    if methods is None:
        return None
    headers = {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "7200"}
    asked = request.headers.get("Access-Control-Request-Headers", "")
    if asked and _HEADER_NAMES.fullmatch(asked):  # `*` would not allow Authorization
        headers["Access-Control-Allow-Headers"] = asked
    return web.Response(headers=headers)
