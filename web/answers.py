"""JSON answers of the client API. Must not know what is in them."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

# Elk fails on any other content type (elk#2174).
CONTENT_TYPE = "application/json; charset=utf-8"


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """`data` as JSON."""
    return web.Response(
        body=orjson.dumps(data), status=status, headers={**(headers or {}), "Content-Type": CONTENT_TYPE}
    )


def empty() -> web.Response:
    """Success with nothing to say: `{}` and 200, because several clients decode the body of every answer."""
    return answer({})
