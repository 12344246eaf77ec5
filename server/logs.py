"""Structured logs on standard error: JSON lines, or readable ones on a terminal.

No content is ever logged: no bodies, no query strings, no tokens, and of an exception only its type and place, because
messages of exceptions quote values. Must not know what is logged.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from web.errors import REQUEST_ID

# Parts of paths that open something to whoever knows them.
_SECRET_PARTS = frozenset({"token", "signature", "mac", "key"})

_access = logging.getLogger("confrere.access")


def set_up_logs(*, terminal: bool | None = None) -> None:
    """Send everything from INFO on to standard error; `terminal` says whether people read it there."""
    readable = sys.stderr.isatty() if terminal is None else terminal
    handler = logging.StreamHandler()
    handler.setFormatter(ReadableFormatter() if readable else JsonFormatter())
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = (
        False  # looked up for each line, shown in none
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(_entry(record), default=str).decode()


class ReadableFormatter(logging.Formatter):
    """The same for people: time, level, message, then `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        head = f"{entry.pop('at')[11:19]} {entry.pop('level'):<7} {entry.pop('message')}"
        where = entry.pop("where", [])
        rest = " ".join(f"{name}={value}" for name, value in entry.items() if name != "logger")
        return "\n".join([f"{head} {rest}".rstrip(), *(f"    {place}" for place in where)])


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    entry = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
        **getattr(record, "fields", {}),
    }
    if record.exc_info and record.exc_info[1]:
        entry |= _failure(record.exc_info[1])
    return entry


def _failure(error: BaseException) -> dict[str, Any]:
    """What failed and where, without a word of what it was working on."""
    return {"error": _kind(error), "where": list(_places(error))}


def _places(error: BaseException) -> Iterator[str]:
    """Where it was raised, then what it came from: its cause, or each member of a group."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} {frame.name}"
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (*members, *filter(None, (error.__cause__,))):
        yield f"from {_kind(each)}"
        yield from _places(each)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def log_loop_error(_: object, context: dict[str, Any]) -> None:
    """An event loop's exception handler; the default one prints objects with their content."""
    logging.getLogger("confrere.loop").error(context.get("message", "unhandled"), exc_info=context.get("exception"))


class AccessLogger(AbstractAccessLogger):
    """One line a request."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        fields = {
            "method": request.method,
            "path": _path(request),
            "status": response.status,
            "ms": round(time * 1000, 1),
            "request": request.get(REQUEST_ID, ""),
        }
        _access.info("request", extra={"fields": fields})

    @property
    def enabled(self) -> bool:
        return _access.isEnabledFor(logging.INFO)


def _path(request: web.BaseRequest) -> str:
    path = request.rel_url.raw_path
    if isinstance(request, web.Request):
        for name, value in request.match_info.items():
            if name in _SECRET_PARTS and value:
                path = path.replace(value, "…")
    return path
