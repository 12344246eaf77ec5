"""The checker itself: what it lets pass would pass everywhere."""

from typing import Any

import pytest

from tests.web.entity_checker import EntityChecker

TAG = {"name": "ecg", "url": "https://chu-a.example/tags/ecg"}
EMOJI = {
    "shortcode": "x",
    "url": "https://a.example/x.png",
    "static_url": "https://a.example/x.png",
    "visible_in_picker": True,
    "category": None,
}


def test_what_is_right_passes(checker: EntityChecker) -> None:
    assert checker.problems("Status::Tag", TAG) == []
    assert checker.problems("CustomEmoji", EMOJI) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": None}, "Status::Tag.name: null"),
        ({"name": 3}, "Status::Tag.name: 3 is no string"),
        ({"url": "/tags/ecg"}, "Status::Tag.url: '/tags/ecg' is no string(url)"),
        ({"color": "red"}, "Status::Tag.color: not in the table"),
    ],
)
def test_what_is_wrong_is_named(checker: EntityChecker, change: dict[str, Any], problem: str) -> None:
    assert checker.problems("Status::Tag", TAG | change) == [problem]


def test_what_is_missing_is_named(checker: EntityChecker) -> None:
    assert checker.problems("Status::Tag", {"name": "ecg"}) == ["Status::Tag.url: missing"]


def test_formats_and_closed_sets_are_held(checker: EntityChecker) -> None:
    source = {"id": "007", "text": "", "spoiler_text": ""}
    assert checker.problems("StatusSource", source) == ["StatusSource.id: '007' is no string(id)"]
    preferences = {"posting:default:visibility": "group"}
    assert any("none of" in problem for problem in checker.problems("Preferences", preferences))
    marker = {"last_read_id": "1", "version": True, "updated_at": "2026-11-22T10:00:00Z"}
    assert len(checker.problems("Marker", marker)) == 2


def test_it_looks_inside(checker: EntityChecker) -> None:
    context = {"ancestors": [None], "descendants": [{}]}
    problems = checker.problems("Context", context)
    assert "Context.ancestors[0]: None is no Status" in problems
    assert "Context.descendants[0].account: missing" in problems


def test_nothing_is_no_page(checker: EntityChecker) -> None:
    with pytest.raises(AssertionError, match="no Status to check"):
        checker.check_all("Status", [])
