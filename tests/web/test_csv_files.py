"""Files of Mastodon's settings pages: with titles and without, whatever is in them, and out again as they came."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.outbox.imports import Kind
from web.csv_files import FORMATS, MOST_CELL, MOST_LINES, FileError, parse_file, render_file


@pytest.mark.parametrize(
    ("kind", "text", "lines"),
    [
        (
            Kind.FOLLOWS,
            "Account address,Show boosts,Notify on new posts,Languages\n@a@b.example,false,true,fr\nc@d.example,x,,\n",
            [["a@b.example", "false", "true"], ["c@d.example", "true", "false"]],
        ),
        (Kind.FOLLOWS, "a@b.example\r\n\r\n a@b.example \r\n", [["a@b.example", "true", "false"]]),
        (Kind.FOLLOWS, "Notify on new posts,Account address\ntrue,a@b", [["a@b", "true", "true"]]),
        (Kind.BLOCKS, "\ufeffa@b.example\n", [["a@b.example"]]),
        (Kind.MUTES, "account address,hide notifications\na@b,FALSE\n", [["a@b", "false"]]),
        (Kind.HOSTS, "#domain,#severity\nbad.example,suspend\n", [["bad.example"]]),
        (Kind.HOSTS, "bad.example\n", [["bad.example"]]),
        (Kind.LISTS, '"Cardio, CHU",a@b\nUrgences,c@d\nalone\n', [["Cardio, CHU", "a@b"], ["Urgences", "c@d"]]),
        (Kind.BOOKMARKS, "https://b.example/1\n", [["https://b.example/1"]]),
        (Kind.BOOKMARKS, "", []),
        (Kind.MUTES, "Account address,Hide notifications\n", []),
    ],
)
def test_what_is_read(kind: Kind, text: str, lines: list[list[str]]) -> None:
    assert parse_file(kind, text.encode()) == lines


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b"a\0b",
        b'"a',
        b'"a"b',
        b"x" * (MOST_CELL + 1),
        b"\n".join(b"%d" % n for n in range(MOST_LINES + 1)),
    ],
)
def test_what_is_no_such_file(data: bytes) -> None:
    with pytest.raises(FileError):
        parse_file(Kind.BLOCKS, data)


def test_titles_are_mastodons() -> None:
    assert render_file(Kind.FOLLOWS, [("a@b", "true", "false")]).splitlines() == [
        "Account address,Show boosts,Notify on new posts,Languages",
        "a@b,true,false,",
    ]
    assert render_file(Kind.MUTES, [("a@b", "true")]) == "Account address,Hide notifications\na@b,true\n"
    for kind in (Kind.BLOCKS, Kind.HOSTS, Kind.LISTS, Kind.BOOKMARKS):
        assert render_file(kind, []) == ""


@given(st.sampled_from(Kind), st.binary() | st.text().map(str.encode))
def test_no_file_is_an_accident(kind: Kind, data: bytes) -> None:
    try:
        lines = parse_file(kind, data)
    except FileError:
        return
    assert all(len(line) == len(FORMATS[kind].columns) and all(line) for line in lines)


@given(st.lists(st.tuples(st.text("abc ,\"'\n;é", min_size=1).map(str.strip).filter(bool), st.just("x@y")), max_size=5))
def test_lists_come_back_as_they_went(lines: list[tuple[str, str]]) -> None:
    written = render_file(Kind.LISTS, lines)
    assert len(list(csv.reader(StringIO(written, newline="")))) == len(lines)
    assert parse_file(Kind.LISTS, written.encode()) == [list(line) for line in dict.fromkeys(lines)]
