"""docs/checks.md says what there is: each guard and test that it names, and a named test for each known failure."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "checks.md").read_text("utf-8")
FAILURES = [ROOT / "tests" / folder / "test_known_failures.py" for folder in ("wire", "federation", "web")]
_TESTS = re.compile(r'^(?:async )?def (test_(\d\d)_\w+)\([^)]*\) -> None:\n    """(.+?)"""', re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return lines[1:]


def named(text: str) -> list[tuple[str, list[str]]]:
    """Files with what is named of each, as `path.py` `name`, `name`."""
    pieces = re.split(r"`([\w/]+\.py)`", text)[1:]
    return [(file, re.findall(r"`(\w+)`", names)) for file, names in zip(pieces[::2], pieces[1::2], strict=True)]


def missing(text: str) -> list[str]:
    found = named(text)
    assert found, text
    sources = {file: (ROOT / file).read_text("utf-8") if (ROOT / file).exists() else "" for file, _ in found}
    known = r"^(?:\s*(?:async )?def |class |)%s\b(?:\(|:| = |: )"
    return [
        f"{file} {name}"
        for file, names in found
        for name in names or ["import"]
        if not re.search(known % name if names else ".", sources[file], re.MULTILINE)
    ]


@pytest.mark.parametrize("row", rows("Checks"), ids=lambda row: row[0])
def test_each_check_has_a_guard_and_a_test(row: list[str]) -> None:
    check, guard, tests = row
    assert check
    assert missing(guard) == []
    assert all(file.startswith("tests/") and names for file, names in named(tests))
    assert missing(tests) == []


def test_all_checks_are_there() -> None:
    assert len(rows("Checks")) == 35


def test_each_known_failure_has_a_test_that_names_its_guard() -> None:
    tests = [found for path in FAILURES for found in _TESTS.findall(path.read_text("utf-8"))]
    numbered = {int(number) for _, number, _ in tests}
    assert numbered == {int(row[0]) for row in rows("Known failures")} == set(range(1, 30))
    guards = {int(number): docs for _, number, docs in tests if docs.startswith("Guard: ")}
    assert set(guards) == numbered
    for _, _, docs in tests:
        for file in re.findall(r"(?<![/\w])(?:federation|web|storage|policies)/[\w/]+\.py\b", docs):
            assert (ROOT / file).exists(), docs
