"""What a person types to search for posts, as a question: words, "phrases", and operators as Mastodon has them.

`from: has: is: language: before: after: during: in:`, each also with a minus before it. Days are days in UTC. Pure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from storage.search import Search, Trait, Within
from storage.words import list_words
from web.errors import ApiError

MOST_PARTS = 40  # of one question

_PART = re.compile(
    r'(?P<sign>[-+]?)(?:(?P<operator>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))', re.IGNORECASE
)
_HAS = {one.value: one for one in (Trait.MEDIA, Trait.IMAGE, Trait.VIDEO, Trait.AUDIO, Trait.POLL)}
_IS = {one.value: one for one in (Trait.REPLY, Trait.SENSITIVE)}


@dataclass(frozen=True, slots=True)
class Question:
    """`search` lacks those whom the question names: `author`, `not_authors` and `group` are handles without the first @."""

    search: Search = field(default_factory=Search)
    author: str = ""
    not_authors: tuple[str, ...] = ()
    group: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for."""
        return self == Question()


def parse_question(text: str) -> Question:
    """Raises ApiError 422 for a value that an operator does not know. What looks like an operator and is none is a word."""
    question = Question()
    for part in list(_PART.finditer(text))[:MOST_PARTS]:
        value = part["bare"] if part["quoted"] is None else part["quoted"]
        operator = _OPERATORS.get((part["operator"] or "").lower())
        negated = part["sign"] == "-"
        if operator is not None:
            question = operator(question, value.lower(), negated)
        else:
            question = _with_words(question, f"{part['operator'] or ''} {value}", negated)
    return question


def _with_words(question: Question, text: str, negated: bool) -> Question:  # noqa: FBT001  # all operators have one shape
    words = tuple(list_words(text))
    if not words:
        return question
    search = question.search
    if negated:
        return replace(question, search=replace(search, without=(*search.without, words)))
    return replace(question, search=replace(search, phrases=(*search.phrases, words)))


def _from(question: Question, value: str, negated: bool) -> Question:  # noqa: FBT001
    name = value.removeprefix("@")
    if negated:
        return replace(question, not_authors=(*question.not_authors, name))
    return replace(question, author=name)


def _trait(known: dict[str, Trait]) -> Callable[[Question, str, bool], Question]:
    def operator(question: Question, value: str, negated: bool) -> Question:  # noqa: FBT001
        if value not in known:
            raise _unknown(value, known)
        search = question.search
        if negated:
            return replace(question, search=replace(search, lacking=search.lacking | {known[value]}))
        return replace(question, search=replace(search, traits=search.traits | {known[value]}))

    return operator


def _language(question: Question, value: str, negated: bool) -> Question:  # noqa: FBT001
    search = question.search
    spoken = replace(search, not_language=value) if negated else replace(search, language=value)
    return replace(question, search=spoken)


def _days(*, begins: bool, ends: bool) -> Callable[[Question, str, bool], Question]:
    """`during:` begins and ends with its day, `after:` begins after it, `before:` ends before it."""

    def operator(question: Question, value: str, negated: bool) -> Question:  # noqa: FBT001
        if negated:
            raise ApiError(422, f"-{value}: a time cannot be excluded")
        day, search = _parse_day(value), question.search
        first, last = _moment(day), _moment(day + timedelta(days=1))
        since = first if begins and ends else last if begins else 0
        until = last if begins and ends else first if ends else search.until
        narrowed = replace(search, since=max(search.since, since), until=min(search.until, until))
        return replace(question, search=narrowed)

    return operator


def _parse_day(value: str) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ApiError(422, f"{value} is no day: write 2026-11-23") from None
    if not 1970 <= day.year <= 9998:
        raise ApiError(422, f"{value} is no day of this age")
    return day


def _moment(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _in(question: Question, value: str, negated: bool) -> Question:  # noqa: FBT001
    if negated:
        raise ApiError(422, f"-in:{value}: a place cannot be excluded")
    if value in set(Within):
        return replace(question, search=replace(question.search, within=Within(value)))
    return replace(question, group=value.removeprefix("@"))


def _unknown(value: str, known: dict[str, Trait]) -> ApiError:
    return ApiError(422, f"{value} is not one of {', '.join(known)}")


_OPERATORS: dict[str, Callable[[Question, str, bool], Question]] = {
    "from": _from,
    "has": _trait(_HAS),
    "is": _trait(_IS),
    "language": _language,
    "before": _days(begins=False, ends=True),
    "after": _days(begins=True, ends=False),
    "during": _days(begins=True, ends=True),
    "in": _in,
}
