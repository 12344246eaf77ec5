"""Retractions, written down outside the database before they are committed: what a restored copy has to be told.

A folder with one file for each day, one JSON line for each retraction: its moment (unix ms), its kind, ids and addresses,
and no content. Each line carries a checksum over itself and the checksum of the line before it, so that a missing or
changed line is noticed. A line is on the disk before its transaction commits; one whose transaction failed after all asks
for what somebody had asked for, and does no harm. Processes that share the folder write in turn. Must not know what is
done with a line (`federation.replaying`).
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

BEGUN = "begun"  # the kind of the first line of a journal: no two journals begin alike
# What was written so long before a copy was begun may still have been uncommitted then: it is told again.
OVERLAP_MS = 10 * 60_000
DAYS = 90
Entry = tuple[str, Mapping[str, Any]]  # kind, facts


@dataclass(frozen=True, slots=True)
class Line:
    """One retraction as it was written. `seal` is its checksum, `before` that of the line before it."""

    at: int
    kind: str
    facts: Mapping[str, Any]
    before: str
    seal: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a journal stood: its last line."""

    at: int
    seal: str


@dataclass(frozen=True, slots=True)
class Account:
    """What was written since a mark. `whole`: the mark is there, and no line after it is missing or spoilt."""

    lines: Sequence[Line]
    whole: bool


def render_line(at: int, entry: Entry, before: str) -> tuple[bytes, str]:
    """A line, and its checksum."""
    kind, facts = entry
    seal = _seal(at, kind, facts, before)
    return orjson.dumps({"at": at, "kind": kind, "facts": facts, "before": before, "seal": seal}) + b"\n", seal


def parse_line(data: bytes) -> Line | None:
    """None for what nobody wrote like this."""
    try:
        line = Line(**orjson.loads(data))
        return line if line.seal == _seal(line.at, line.kind, line.facts, line.before) else None
    except (orjson.JSONDecodeError, TypeError):
        return None


def since(lines: Sequence[Line | None], mark: Mark | None) -> Account:
    """The lines that a copy made at a mark may lack, some of them perhaps not; without a mark all that there are."""
    found = next((n for n, line in enumerate(lines) if line and mark and line.seal == mark.seal), None)
    if mark is None or found is None:
        return Account([line for line in lines if line is not None], whole=False)
    after = lines[found:]
    linked = all(
        one is not None and (n == 0 or ((last := after[n - 1]) is not None and one.before == last.seal))
        for n, one in enumerate(after)
    )
    return Account([line for line in lines if line and line.at >= mark.at - OVERLAP_MS], whole=linked)


def _seal(at: int, kind: str, facts: Mapping[str, Any], before: str) -> str:
    said = orjson.dumps([before, at, kind, facts], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:32]


class Journal:
    """One folder. Its methods wait for the disk and for other processes: not for the event loop."""

    def __init__(self, folder: Path, now: Callable[[], int], *, days: int = DAYS) -> None:
        self._folder = folder
        self._now = now
        self._days = days
        self._last: tuple[Path, int, str] | None = None  # the file last written, its size then, its last checksum

    def begin(self) -> None:
        """Make the folder and its first line, unless they are there. OSError when that cannot be."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if not self._files():
                self._write([(BEGUN, {"id": secrets.token_hex(16)})])

    def append(self, entries: Sequence[Entry]) -> None:
        """Write lines that are on the disk when this returns. OSError when they are not: then nothing may be committed."""
        with self._alone():
            self._write(entries)

    def mark(self) -> Mark:
        """Where the journal stands."""
        last = self.read()[-1]
        if last is None:
            raise OSError(f"the last line of the journal in {self._folder} is spoilt")
        return Mark(last.at, last.seal)

    def read(self) -> list[Line | None]:
        """Every line that is kept, oldest first; None for each that is spoilt. OSError when there is no journal."""
        with self._alone():
            self._mend()
            return [parse_line(line) for path in self._files() for line in path.read_bytes().splitlines()]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes or reads until the end of the block."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("????-??-??.jsonl"))

    def _write(self, entries: Sequence[Entry]) -> None:
        self._mend()
        at, before = self._now(), self._last_seal()
        files = self._files()
        # A clock that was set back must not put lines before earlier ones.
        path = max([self._folder / f"{_day(at)}.jsonl", *files[-1:]])
        data = b""
        for entry in entries:
            line, before = render_line(at, entry, before)
            data += line
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            self._last = path, os.fstat(file.fileno()).st_size, before
        if path not in files:
            self._drop_old(_day(at))

    def _mend(self) -> None:
        """A process that was killed while it wrote leaves half a line, of what was never committed: it goes."""
        for path in self._files()[-1:]:
            size = path.stat().st_size
            if self._last is not None and self._last[:2] == (path, size):
                return
            whole = path.read_bytes().rfind(b"\n") + 1
            if whole == 0:
                path.unlink()
                self._mend()
            elif whole < size:
                os.truncate(path, whole)

    def _last_seal(self) -> str:
        """The checksum that the next line carries on from; '' for the first line of all."""
        files = self._files()
        if not files:
            return ""
        if self._last is not None and self._last[:2] == (files[-1], files[-1].stat().st_size):
            return self._last[2]
        line = parse_line(files[-1].read_bytes().splitlines()[-1])
        return line.seal if line is not None else ""

    def _drop_old(self, today: date) -> None:
        """A new day: its file is made durable, and what is older than is kept goes."""
        oldest = today - timedelta(days=self._days)
        for path in self._files()[:-1]:
            if path.stem < oldest.isoformat():
                path.unlink()
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _day(at: int) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).date()
