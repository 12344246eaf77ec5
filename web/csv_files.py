"""Files that members carry from one server to another, with the columns of Mastodon's settings pages. Pure.

Mastodon writes some kinds with a line of titles and some without; either is read.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from federation.outbox.imports import Kind

MOST_LINES = 5_000
MOST_CELL = 2_000


class FileError(ValueError):
    """This is no such file."""


@dataclass(frozen=True, slots=True)
class Column:
    """`title` as Mastodon has it; what stands where the file has no such column; `flag`: true or false."""

    title: str
    default: str = ""
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """`titled`: whether Mastodon writes the titles. `written` are titles that are written and not read."""

    name: str
    columns: tuple[Column, ...]
    titled: bool = False
    written: tuple[str, ...] = ()


_ADDRESS = Column("Account address")
FORMATS = {
    Kind.FOLLOWS: Format(
        "following_accounts",
        (_ADDRESS, Column("Show boosts", "true", flag=True), Column("Notify on new posts", "false", flag=True)),
        titled=True,
        written=("Languages",),
    ),
    Kind.BLOCKS: Format("blocked_accounts", (_ADDRESS,)),
    Kind.MUTES: Format("muted_accounts", (_ADDRESS, Column("Hide notifications", "true", flag=True)), titled=True),
    Kind.HOSTS: Format("blocked_domains", (Column("#domain"),)),
    Kind.LISTS: Format("lists", (Column("List name"), _ADDRESS)),
    Kind.BOOKMARKS: Format("bookmarks", (Column("#uri"),)),
}


def render_file(kind: Kind, lines: Iterable[Sequence[str]]) -> str:
    """A file as Mastodon would write it."""
    made, text = FORMATS[kind], StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if made.titled:
        writer.writerow([*(column.title for column in made.columns), *made.written])
    writer.writerows([*line, *("" for _ in made.written)] for line in lines)
    return text.getvalue()


def parse_file(kind: Kind, data: bytes) -> list[list[str]]:
    """The lines of a file, each with all columns of its kind; each line once. FileError for what is none."""
    lines = _read(data)
    made = FORMATS[kind]
    places = _places(made, lines[0]) if lines else {}
    titled = places is not None
    if places is None:
        places = {column.title: place for place, column in enumerate(made.columns)}
    cells = [[_cell(column, places, line) for column in made.columns] for line in lines[int(titled) :]]
    found = [list(line) for line in dict.fromkeys(tuple(line) for line in cells if all(line))]
    if len(found) > MOST_LINES:
        raise FileError("too many lines")
    return found


def _read(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
        lines = [[cell.strip() for cell in line] for line in csv.reader(StringIO(text, newline=""), strict=True)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError("not a CSV file") from error
    if "\0" in text or any(len(cell) > MOST_CELL for line in lines for cell in line):
        raise FileError("not a CSV file")
    return [line for line in lines if any(line)]


def _places(made: Format, first: list[str]) -> dict[str, int] | None:
    """Where each column stands, when the first line is one of titles."""
    known = {column.title.lower(): column.title for column in made.columns}
    places = {known[cell.lower()]: place for place, cell in enumerate(first) if cell.lower() in known}
    return places or None


def _cell(column: Column, places: dict[str, int], line: list[str]) -> str:
    place = places.get(column.title, len(line))
    text = line[place] if place < len(line) else ""
    if column is _ADDRESS:
        return text.removeprefix("@")
    if column.flag:
        return text.lower() if text.lower() in {"true", "false"} else column.default
    return text or column.default
