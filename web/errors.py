"""The one place where trouble becomes an answer: JSON for apps, a page for people.

A log line of an accident names the route and the lines of our code, never what was sent: bodies hold patients' data,
and so may the text of an exception.
"""

import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from web.answers import answer
from web.pages.render import render_error

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)

_API = ("/api/", "/oauth/", "/.well-known/", "/nodeinfo", "/ap/")
_PHRASES = {
    400: "Bad request",
    404: "Record not found",
    413: "The request is too large",
    500: "Internal server error",
}

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """A refusal that the app is told: a status and a sentence, and what else its body says."""

    def __init__(
        self,
        status: int,
        text: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers or {}
        self.details = details or {}


def is_api(path: str) -> bool:
    """Whether an app asks here, and no browser shows the answer."""
    return path.startswith(_API) and not path.startswith("/oauth/authorize")


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware: gives the request its id and turns every exception into an answer."""
    request[REQUEST_ID] = secrets.token_hex(8)
    try:
        return await handler(request)
    except ApiError as error:
        return _answer(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _answer(request, _from_http(request, error))
    except ConnectionError:  # the other end went away: nobody to answer
        raise
    except Exception as error:  # noqa: BLE001  # our bug, whatever it is; this is where it ends
        _log_accident(request, error)
        return _answer(request, ApiError(500, _PHRASES[500]))


def _answer(request: web.Request, error: ApiError) -> web.StreamResponse:
    if is_api(request.path):
        return answer({"error": error.text, **error.details}, status=error.status, headers=error.headers)
    return render_error(request, error.status, error.headers)


def _from_http(request: web.Request, error: web.HTTPException) -> ApiError:
    """In Mastodon a known path with another method is an unknown route, and clients rely on the 404."""
    status = 404 if error.status == 405 and is_api(request.path) else error.status
    allow = {"Allow": error.headers["Allow"]} if status == 405 else {}
    return ApiError(status, _PHRASES.get(status, error.reason), headers=allow)


def _log_accident(request: web.Request, error: Exception) -> None:
    resource = request.match_info.route.resource
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "request %s failed: %s %s: %s at %s",
        request[REQUEST_ID],
        request.method,
        resource.canonical if resource else "unknown route",
        type(error).__qualname__,
        " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames)),
    )
