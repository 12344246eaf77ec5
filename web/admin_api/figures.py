"""Numbers for a dashboard: measures by day, dimensions by kind, and how many of those who joined are still there."""

import asyncio
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from aiohttp import web

from policies.moderation import Act
from storage import figures, tags
from storage.database import Reader
from storage.figures import DIMENSIONS, MEASURES, Span
from storage.tags import DAY
from web.admin_api.staff import chosen, invalid, staff
from web.answers import answer
from web.auth import Viewer
from web.bodies import read_form
from web.forms import Form
from web.keys import CONTEXT, VERSION
from web.media_files import LIBRARY
from web.pages.translation import LANGUAGES
from web.render import Entity, cohort, dimension, measure

routes = web.RouteTableDef()

LONGEST_DAYS = 366
MOST_KINDS = 100
ROUGH_BYTES = 100_000_000
# Of the instance itself, not counted in the database.
_OWN_DIMENSIONS = ("space_usage", "software_versions")


@dataclass(frozen=True, slots=True)
class _Days:
    """The first and the last day, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def span(self, now: int, *, back: int = 0) -> Span:
        """In unix ms; `back`: as many times earlier."""
        since = _moment(self.first) - back * self.count * DAY
        return Span(since, since + self.count * DAY, now)


@routes.post("/api/v1/admin/measures")
@staff(Act.READ_FIGURES, "admin:read")
async def list_measures(request: web.Request, _: Viewer) -> web.StreamResponse:
    form, ctx = await read_form(request), request.app[CONTEXT]
    days = _parse_days(form)
    keys = [chosen(key, MEASURES, "keys") for key in dict.fromkeys(form.texts("keys"))]

    async def unit(tx: Reader) -> list[Entity]:
        return [await _measure(tx, form, key, days, ctx.now()) for key in keys]

    return answer(await ctx.db.read(unit))


async def _measure(tx: Reader, form: Form, key: str, days: _Days, now: int) -> Entity:
    subject = await _subject(tx, form, key, now)
    span, before = days.span(now), days.span(now, back=1)
    counts = await figures.count_by_day(tx, key, subject, span)
    total = await figures.count_in_all(tx, key, subject, span)
    previous = await figures.count_in_all(tx, key, subject, before)
    first = span.since // DAY
    return measure(key, total, previous, {day: counts.get(day, 0) for day in range(first, first + days.count)})


@routes.post("/api/v1/admin/dimensions")
@staff(Act.READ_FIGURES, "admin:read")
async def list_dimensions(request: web.Request, _: Viewer) -> web.StreamResponse:
    form, ctx = await read_form(request), request.app[CONTEXT]
    days, limit = _parse_days(form), _parse_limit(form)
    keys = [chosen(key, (*DIMENSIONS, *_OWN_DIMENSIONS), "keys") for key in dict.fromkeys(form.texts("keys"))]
    stored = await asyncio.to_thread(request.app[LIBRARY].store.count_bytes) if "space_usage" in keys else 0

    async def unit(tx: Reader) -> list[Entity]:
        return [await _dimension(tx, request, form, key, days, limit, stored) for key in keys]

    return answer(await ctx.db.read(unit))


async def _dimension(
    tx: Reader, request: web.Request, form: Form, key: str, days: _Days, limit: int, stored: int
) -> Entity:
    ctx = request.app[CONTEXT]
    if key in _OWN_DIMENSIONS:
        software, size = await figures.get_database(tx)
        if key == "space_usage":
            kinds = [("database", software, _roughly(size)), ("media", "Media", _roughly(stored))]
            return dimension(key, kinds, unit="bytes")
        python = platform.python_version()
        return dimension(
            key, [("confrere", "Confrère", VERSION), ("database", "Database", software), ("python", "Python", python)]
        )
    subject = await _subject(tx, form, key, ctx.now())
    found = await figures.list_largest(tx, key, subject, days.span(ctx.now()), limit=limit)
    ours = ctx.origin.handle_domain
    return dimension(key, [(each or ours, LANGUAGES.get(name, name) or ours, count) for each, name, count in found])


def _roughly(size: int) -> int:
    """Rounded up, so that nobody can tell from it that a file was added, which may be a group's."""
    return -(-size // ROUGH_BYTES) * ROUGH_BYTES


async def _subject(tx: Reader, form: Form, key: str, now: int) -> str:
    """The tag or host that a measure is about; "" for one that no post shows."""
    about = form.child(key)
    if key.startswith("tag_"):
        found = await tags.get_reviewed(tx, (about.identifier("id") if about else 0) or 0, now=now)
        return found.tag if found else ""
    return ((about.text("domain") if about else "") or "").lower() if key.startswith("instance_") else ""


@routes.post("/api/v1/admin/retention")
@staff(Act.READ_FIGURES, "admin:read")
async def list_cohorts(request: web.Request, _: Viewer) -> web.StreamResponse:
    """Who was last there in a later period was there in all before it: no more than that is stored."""
    form, ctx = await read_form(request), request.app[CONTEXT]
    days, frequency = _parse_days(form), chosen(form.text("frequency") or "day", ("day", "month"), "frequency")
    lives = await ctx.db.read(lambda tx: figures.list_lives(tx, days.span(ctx.now())))
    periods = _list_periods(days, frequency)
    return answer([_cohort(start, periods[place:], frequency, lives) for place, start in enumerate(periods)])


def _cohort(start: date, periods: Sequence[date], frequency: str, lives: Sequence[tuple[int, int]]) -> Entity:
    end = _next(start, frequency)
    theirs = [seen for joined, seen in lives if _moment(start) <= joined < _moment(end)]
    counts = [(_moment(period), sum(seen >= _moment(period) for seen in theirs)) for period in periods]
    return cohort(_moment(start), frequency, [(at, count, count / max(len(theirs), 1)) for at, count in counts])


def _list_periods(days: _Days, frequency: str) -> list[date]:
    first = days.first.replace(day=1) if frequency == "month" else days.first
    periods = [first]
    while (following := _next(periods[-1], frequency)) <= days.last:
        periods.append(following)
    return periods


def _next(day: date, frequency: str) -> date:
    if frequency == "day":
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _parse_limit(form: Form) -> int:
    """Mastodon.py says a number, others a text."""
    limit = form.integer("limit")
    return 10 if limit is None else min(max(limit, 0), MOST_KINDS)


def _parse_days(form: Form) -> _Days:
    """By their dates in UTC."""
    first, last = (_parse_day(form, name) for name in ("start_at", "end_at"))
    if last < first:
        raise invalid("end_at must not be before start_at")
    return _Days(max(first, last - timedelta(days=LONGEST_DAYS - 1)), last)


def _parse_day(form: Form, name: str) -> date:
    text = form.required(name).strip()
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[\d-]{10}", text) else _day_of(datetime.fromisoformat(text))
    except ValueError as error:
        raise invalid(f"{name} is not a date") from error


def _day_of(moment: datetime) -> date:
    try:
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    except OverflowError as error:
        raise ValueError(str(moment)) from error


def _moment(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY
