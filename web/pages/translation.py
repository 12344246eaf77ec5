"""The languages of the pages. English is what the templates say; other languages are gettext catalogues beside them.

The .po files are read as they are: a compiled copy could only be forgotten.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po

SOURCE = "en"
_FOLDER = Path(__file__).parent / "locales"

LANGUAGES = {"en": "English", "fr": "Français"}


@cache
def load_catalogue(locale: str) -> Mapping[str, str]:
    """English text to text in this language; nothing for English itself, whose text stands."""
    if locale == SOURCE:
        return {}
    with (_FOLDER / f"{locale}.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


def translator(locale: str) -> Callable[..., str]:
    """`_` for one language: the text, with `%(name)s` filled in from keywords."""
    catalogue = load_catalogue(locale)

    def translate(text: str, **values: object) -> str:
        return catalogue.get(text, text) % values if values else catalogue.get(text, text)

    return translate


def format_day(milliseconds: int, locale: str) -> str:
    """The day of a moment in unix ms, as people write it."""
    return format_calendar_day(_moment(milliseconds).date(), locale)


def format_calendar_day(day: date, locale: str) -> str:
    return format_date(day, "medium", locale=locale)


def format_moment(milliseconds: int, locale: str) -> str:
    """Day, hour and minute of a moment in unix ms. Where its reader is nobody knows, so that the zone is said."""
    return f"{format_datetime(_moment(milliseconds), 'd MMM y HH:mm', locale=locale)} UTC"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@lru_cache(maxsize=256)
def choose_locale(accepted: str, offered: tuple[str, ...]) -> str:
    """The language of `offered` that an Accept-Language header likes most (RFC 9110 §12.5.4); else the first."""
    known = [locale for locale in offered if locale in LANGUAGES] or [SOURCE]
    wishes = sorted(_parse_wishes(accepted), key=lambda wish: -wish[1])
    for language, quality in wishes:
        if language == "*" and quality > 0:
            return known[0]
        if language in known and quality > 0:
            return language
    return known[0]


def _parse_wishes(accepted: str) -> list[tuple[str, float]]:
    wishes = []
    for item in accepted[:1000].lower().split(","):
        tag, _, parameter = item.partition(";")
        wishes.append((tag.strip().split("-")[0], _parse_quality(parameter)))
    return wishes


def _parse_quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
