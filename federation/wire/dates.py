"""Dates as they stand on the wire, to and from unix milliseconds. Must not know which field they came from.

Every parser raises ValueError; callers name the fault.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) ([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}}) GMT"
)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


def parse_http_date(text: str) -> int:
    """`Sun, 22 Nov 2026 12:00:00 GMT` (RFC 9110 §5.6.7, IMF-fixdate only) to unix milliseconds."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"not an HTTP date: {text[:40]!r}")
    day, month, year, *clock = found.groups()
    hour, minute, second = map(int, clock)
    moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def render_http_date(moment: int) -> str:
    """Unix milliseconds to IMF-fixdate; the milliseconds are lost."""
    return formatdate(moment // 1000, usegmt=True)


def parse_datetime(text: str) -> int:
    """An XML Schema dateTimeStamp (zone required, as in Data Integrity §2.1) to unix milliseconds."""
    if _DATETIME.fullmatch(text) is None:
        raise ValueError(f"not a date and time with a zone: {text[:40]!r}")
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND


def render_datetime(moment: int) -> str:
    """Unix milliseconds to `2026-11-22T12:00:00Z`; the milliseconds are lost."""
    return (_EPOCH + timedelta(seconds=moment // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_moment(moment: int) -> str:
    """Unix milliseconds to `2026-11-22T12:00:00.123Z`: two edits within a second keep their order."""
    return f"{render_datetime(moment)[:-1]}.{moment % 1000:03d}Z"
