"""Dates on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire import dates

NOON = 1_795_348_800_000
SECONDS = st.integers(0, 253_402_300_799).map(lambda seconds: seconds * 1000)


@given(SECONDS)
def test_both_forms_come_back(moment: int) -> None:
    assert dates.parse_http_date(dates.render_http_date(moment)) == moment
    assert dates.parse_datetime(dates.render_datetime(moment)) == moment


def test_how_they_look() -> None:
    assert dates.render_http_date(NOON + 999) == "Sun, 22 Nov 2026 12:00:00 GMT"
    assert dates.render_datetime(NOON + 999) == "2026-11-22T12:00:00Z"
    assert dates.render_moment(NOON + 9) == "2026-11-22T12:00:00.009Z"


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("2026-11-22T12:00:00Z", 0),
        ("2026-11-22T13:00:00+01:00", 0),
        ("2026-11-22T12:00:00.5Z", 500),
        ("2026-11-22T12:00:00.560996451Z", 560),
    ],
)
def test_datetimes(text: str, later: int) -> None:
    assert dates.parse_datetime(text) == NOON + later


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "20261122T120000Z"),
        *("2026-13-22T12:00:00Z", "2026-11-22T24:00:01Z", "2026-11-22T12:00:00z", "2026-11-22T12:00:00Z "),
        *("٢٠٢٦-11-22T12:00:00Z", "2026-11-22T12:00:00+99:00"),
    ],
)
def test_what_is_no_datetime(text: str) -> None:
    with pytest.raises(ValueError):
        dates.parse_datetime(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Sunday, 22-Nov-26 12:00:00 GMT", "Sun Nov 22 12:00:00 2026", "Sun, 22 Nov 2026 12:00:00 +0000"),
        *("Sun, 31 Feb 2026 12:00:00 GMT", "Sun, 22 Nov 2026 25:00:00 GMT", "sun, 22 nov 2026 12:00:00 gmt"),
        *("Sun, 22 Nov 2026 12:00:60 GMT", "Sun, 22 Nov 0000 12:00:00 GMT"),
    ],
)
def test_what_is_no_http_date(text: str) -> None:
    with pytest.raises(ValueError):
        dates.parse_http_date(text)
