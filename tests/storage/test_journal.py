"""What is taken back is on the disk, outside the database, before it is committed: chained lines, days, several writers,
killed processes.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from storage import statuses
from storage.database import Database, Transaction
from storage.engines import connect
from storage.journal import BEGUN, OVERLAP_MS, Entry, Journal, Line, Mark, parse_line, render_line, since
from tests.conftest import Addresses

DAY = 24 * 3_600_000
NOON = 1_796_126_400_000  # 2026-12-01 12:00 UTC
Parsed = Line | None


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Journal:
    made = Journal(tmp_path / "journal", clock, days=30)
    made.begin()
    return made


def entry(name: str) -> Entry:
    return "delete", {"uri": name}


def names(lines: Sequence[Parsed]) -> list[Any]:
    return [line.facts.get("uri") for line in lines if line is not None and line.kind != BEGUN]


def chain(*moments: int) -> list[Line]:
    lines, before = [], ""
    for at in moments:
        data, before = render_line(at, entry(f"post {at}"), before)
        line = parse_line(data)
        assert line is not None
        lines.append(line)
    return lines


# --- lines --------------------------------------------------------------------------------------------------------


def test_a_line_is_read_as_it_was_written_and_in_no_other_way() -> None:
    data, seal = render_line(5, entry("a"), "before")
    assert parse_line(data) == Line(5, "delete", {"uri": "a"}, "before", seal)
    for other in (data.replace(b'"a"', b'"b"'), data.replace(b":5,", b":6,"), data[:-9], b"{}", b"[]", b"null", b""):
        assert parse_line(other) is None


def test_what_was_written_since_a_mark_and_shortly_before_it_is_told() -> None:
    lines = chain(0, OVERLAP_MS, 2 * OVERLAP_MS, 3 * OVERLAP_MS)
    account = since(lines, Mark(lines[2].at, lines[2].seal))
    assert account.whole
    assert [line.at for line in account.lines] == [OVERLAP_MS, 2 * OVERLAP_MS, 3 * OVERLAP_MS]


def test_what_is_missing_or_spoilt_after_the_mark_is_noticed() -> None:
    lines: list[Parsed] = [*chain(1, 2, 3, 4)]
    first = lines[0]
    assert first is not None
    mark = Mark(first.at, first.seal)
    assert since(lines, mark).whole
    assert since(lines[:1], mark).whole
    assert not since([*lines[:2], lines[3]], mark).whole  # a line was taken out
    assert not since([*lines[:2], None, lines[3]], mark).whole
    assert not since([*lines[:3], None], mark).whole
    assert names(since([*lines[:2], None, lines[3]], mark).lines) == ["post 1", "post 2", "post 4"]


def test_a_journal_without_the_mark_tells_all_that_it_has() -> None:
    lines = chain(1, 2)
    for mark in (None, Mark(1, "elsewhere")):
        account = since(lines, mark)
        assert not account.whole
        assert list(account.lines) == lines


# --- the folder ---------------------------------------------------------------------------------------------------


def test_lines_of_several_days_follow_each_other_and_old_days_go(journal: Journal, clock: Clock) -> None:
    start = journal.mark()
    for day in range(4):
        clock.time = NOON + day * DAY
        journal.append([entry(f"{day}a"), entry(f"{day}b")])
    assert since(journal.read(), start).whole
    assert names(journal.read()) == [f"{day}{part}" for day in range(4) for part in "ab"]
    clock.time = NOON + 32 * DAY
    journal.append([entry("late")])
    assert names(journal.read()) == ["2a", "2b", "3a", "3b", "late"]
    assert not since(journal.read(), start).whole


def test_a_clock_set_back_keeps_the_order(journal: Journal, clock: Clock) -> None:
    start = journal.mark()
    clock.time += DAY
    journal.append([entry("first")])
    clock.time -= 5 * DAY
    journal.append([entry("second")])
    assert names(journal.read()) == ["first", "second"]
    assert since(journal.read(), start).whole


def test_half_a_line_of_a_killed_process_goes(journal: Journal, tmp_path: Path, clock: Clock) -> None:
    journal.append([entry("whole")])
    start = journal.mark()
    (path,) = (tmp_path / "journal").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"at":1,"kind":"del')
    Journal(tmp_path / "journal", clock).append([entry("next")])
    assert names(journal.read()) == ["whole", "next"]
    assert since(journal.read(), start).whole


def test_half_a_first_line_of_a_day_goes_with_its_file(journal: Journal, tmp_path: Path, clock: Clock) -> None:
    start = journal.mark()
    (tmp_path / "journal" / "2026-12-02.jsonl").write_bytes(b'{"at":1,"ki')
    journal.append([entry("next")])
    assert names(journal.read()) == ["next"]
    assert since(journal.read(), start).whole


def test_a_journal_is_begun_once_and_no_two_alike(journal: Journal, tmp_path: Path, clock: Clock) -> None:
    mark = journal.mark()
    Journal(tmp_path / "journal", clock).begin()
    assert journal.mark() == mark
    other = Journal(tmp_path / "other", clock)
    other.begin()
    assert other.mark() != mark


def _append_many(folder: Path, name: str) -> None:
    journal = Journal(folder, Clock())
    for n in range(25):
        journal.append([entry(f"{name}{n}")])


def test_processes_write_in_turn(journal: Journal, tmp_path: Path) -> None:
    start = journal.mark()
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        pool.starmap(_append_many, [(tmp_path / "journal", name) for name in "abc"])
    assert sorted(names(journal.read())) == sorted(f"{name}{n}" for name in "abc" for n in range(25))
    assert since(journal.read(), start).whole


# --- with a database ----------------------------------------------------------------------------------------------


async def delete(tx: Transaction, uri: str) -> None:
    await statuses.insert_tombstone(tx, uri=uri, actor_uri="https://a.example/1", hidden=True, now=1)


async def is_deleted(db: Database, uri: str) -> bool:
    return await db.read(lambda tx: statuses.is_deleted(tx, uri, actor_uri="https://a.example/1"))


async def test_what_commits_is_in_the_journal_and_what_is_rolled_back_is_not(
    addresses: Addresses, journal: Journal
) -> None:
    db = await connect(await addresses.new(), journal)

    async def fails(tx: Transaction) -> None:
        await delete(tx, "lost")
        raise LookupError("on purpose")

    outcomes = await asyncio.gather(db.transact(lambda tx: delete(tx, "a")), db.transact(fails), return_exceptions=True)
    await db.close()
    assert isinstance(outcomes[1], LookupError)
    assert names(journal.read()) == ["a"]


async def test_nothing_is_taken_back_that_cannot_be_written_down(
    addresses: Addresses, journal: Journal, tmp_path: Path
) -> None:
    db = await connect(await addresses.new(), journal)
    (tmp_path / "journal" / "lock").unlink()
    (tmp_path / "journal" / "lock").mkdir()
    with pytest.raises(OSError, match="lock"):
        await db.transact(lambda tx: delete(tx, "a"))
    assert not await is_deleted(db, "a")
    await db.close()


class Killed(Journal):
    """Kills its process when the lines are written, or just before."""

    def __init__(self, folder: Path, *, written: bool) -> None:
        super().__init__(folder, Clock())
        self._written = written

    def append(self, entries: Sequence[Entry]) -> None:
        if self._written:
            super().append(entries)
        os.kill(os.getpid(), signal.SIGKILL)


def _delete_and_die(address: str, folder: Path, written: bool) -> None:  # noqa: FBT001  # handed to a process
    async def run() -> None:
        db = await connect(address, Killed(folder, written=written))
        await db.transact(lambda tx: delete(tx, "a"))

    asyncio.run(run())


def _run_apart(target: Callable[..., None], *args: object) -> int | None:
    process = multiprocessing.get_context("spawn").Process(target=target, args=args)
    process.start()
    process.join(30)
    return process.exitcode


@pytest.mark.parametrize("written", [True, False])
async def test_killed_before_the_commit_nothing_is_committed(
    addresses: Addresses, journal: Journal, tmp_path: Path, *, written: bool
) -> None:
    """A line too many asks for what somebody had asked for; a line too few cannot be."""
    address = await addresses.new()
    code = await asyncio.to_thread(_run_apart, _delete_and_die, address, tmp_path / "journal", written)
    assert code == -signal.SIGKILL
    db = await connect(address, journal)
    assert not await is_deleted(db, "a")
    assert names(journal.read()) == (["a"] if written else [])
    await db.transact(lambda tx: delete(tx, "b"))
    assert names(journal.read())[-1] == "b"
    await db.close()
