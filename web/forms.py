"""Typed access to what a request says, whether it came in the query, a form or JSON. Pure.

A getter answers a value of its type or None, or raises ApiError; nothing an app sends makes it fail otherwise.
An id that is not a number of 64 bits is 0, which nothing has: malformed and unknown ids get the same answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.errors import ApiError

MOST = 2**63 - 1

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_INDEX = re.compile(r"[0-9]{1,9}")
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "1", "on", "yes"), True),
    **dict.fromkeys(("false", "f", "0", "off", "no"), False),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body, in memory or, where a route wants that, on disk at `path`. Name and content type are
    what the app says, nothing more.
    """

    filename: str
    content_type: str
    data: bytes
    path: Path | None = None


class Repeats(list[Any]):
    """The values of a plain name that was given several times: one value is the last, a list is all of them."""


class Form:
    """Names and values of one request, or of one part of it."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def __contains__(self, name: str) -> bool:
        """Whether anything was said about it, be it null or empty."""
        return name in self._tree

    def given(self, name: str) -> bool:
        """Whether a value was given, be it empty: null is how some apps leave things as they are."""
        return self._tree.get(name) is not None

    def text(self, name: str) -> str | None:
        """A text, which may be empty; None when it is missing or null."""
        value = self._last(name)
        if value is None or isinstance(value, str):
            return value if value is None else _clean(name, value)
        raise _wrong(name, "a text")

    def required(self, name: str) -> str:
        """A text that says something."""
        value = self.text(name)
        if value is None or not value.strip():
            raise ApiError(422, f"Validation failed: {name} can't be blank")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty when missing; one text alone is a list of one."""
        values = self._all(name)
        if not all(isinstance(value, str) for value in values):
            raise _wrong(name, "a list of texts")
        return [_clean(name, value) for value in values]

    def integer(self, name: str) -> int | None:
        """A whole number of 64 bits; None when missing, null or empty."""
        value = self._last(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not -MOST - 1 <= value <= MOST:
            raise _wrong(name, "a whole number")
        return value

    def boolean(self, name: str) -> bool | None:
        """True or False, in one of the spellings that clients use; None when missing, null or empty."""
        value = self._last(name)
        if value is None or value == "":
            return None
        known = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
        if known not in (True, False):  # 1 and 0 of JSON equal them
            raise _wrong(name, "true or false")
        return bool(known)

    def identifier(self, name: str) -> int | None:
        """An id; None when missing, null or empty."""
        value = self._last(name)
        return None if value is None or value == "" else parse_id(value)

    def identifiers(self, name: str) -> list[int]:
        """A list of ids, empty when missing."""
        return [parse_id(value) for value in self._all(name)]

    def choices(self, name: str) -> list[str]:
        """A list of numbers as texts, however they were given; empty when missing."""
        values = self._all(name)
        if not all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
            raise _wrong(name, "a list of numbers")
        return [str(value) for value in values]

    def child(self, name: str) -> "Form | None":
        """A part with names of its own, as `poll`; None when missing, null or empty."""
        value = self._tree.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise _wrong(name, "an object")
        return Form(value)

    def children(self, name: str) -> list["Form"]:
        """A list of such parts, as `fields_attributes`, whether numbered or in a row."""
        values = self._all(name)
        if not all(isinstance(value, dict) for value in values):
            raise _wrong(name, "a list of objects")
        return [Form(value) for value in values]

    def upload(self, name: str) -> Upload | None:
        """A file; None when there is none. An empty text is how some apps send no file."""
        value = self._last(name)
        if value is None or value == "":
            return None
        if not isinstance(value, Upload):
            raise _wrong(name, "a file")
        return value

    def _last(self, name: str) -> Any:
        value = self._tree.get(name)
        return value[-1] if isinstance(value, Repeats) else value

    def _all(self, name: str) -> list[Any]:
        value = self._tree.get(name)
        if isinstance(value, dict) and all(_INDEX.fullmatch(index) for index in value):
            return [value[index] for index in sorted(value, key=int)]
        if isinstance(value, list):
            return value
        return [] if value is None or value == "" else [value]


def parse_id(value: Any) -> int:
    """An id as we count them; 0 for what cannot be one."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST:
        return 0
    return value


def _clean(name: str, value: str) -> str:
    """PostgreSQL takes no U+0000 and UTF-8 no lone surrogates."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ApiError(400, f"{name} holds characters that no text may hold")
    return value


def _wrong(name: str, wanted: str) -> ApiError:
    return ApiError(422, f"Validation failed: {name} must be {wanted}")
