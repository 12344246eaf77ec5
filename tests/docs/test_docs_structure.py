"""What stands where: a README for each package, decision records in one form, and documents that keep up with the code."""

import re
from pathlib import Path

import pytest

from federation.endpoints import GET, POST
from federation.inbox.process import HANDLERS, UNDOERS
from policies.terms import GROUP_ONLY, NS

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "web", "federation", "storage", "policies", "tests")
RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
HEADINGS = ["Context", "Choice", "Given up", "Look again"]


def read(*names: str) -> str:
    return ROOT.joinpath(*names).read_text("utf-8")


FEDERATION = read("FEDERATION.md")


def table(document: str, heading: str) -> list[list[str]]:
    """The rows, cell by cell, of the first table under a heading."""
    section = document.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_a_readme(package: str) -> None:
    assert read(package, "README.md").startswith(f"# {package}")


@pytest.mark.parametrize("package", PACKAGES[:-1])
def test_a_readme_says_how_to_add_one_more(package: str) -> None:
    assert "To add " in read(package, "README.md")


@pytest.mark.parametrize("package", PACKAGES[:-1])
def test_a_readme_names_no_module_that_is_not_there(package: str) -> None:
    """And no file but one that exists: a table of files is the first thing to grow old."""
    cells = re.findall(r"^\| (`[^|]*`) \|", read(package, "README.md"), re.MULTILINE)
    named = re.findall(r"`([\w/]+(?:\.py|/))`", " ".join(cells))
    assert named
    assert [name for name in named if not (ROOT / package / name).exists()] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.glob("test_*"))))
def test_every_folder_of_tests_is_described(folder: str) -> None:
    assert f"\n| `{folder}/` | " in read("tests", "README.md")


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem[:4])
def test_a_decision_record_has_the_four_parts(record: Path) -> None:
    text = record.read_text("utf-8")
    assert text.startswith(f"# {record.name[:4]}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts)


def test_decision_records_are_numbered_without_gaps_and_all_listed() -> None:
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
    index = read("docs", "README.md")
    titles = [
        f"- [{path.name[:4]}](decisions/{path.name}): {path.read_text('utf-8')[8:].split(chr(10))[0]}"
        for path in RECORDS
    ]
    assert [line for line in index.splitlines() if line.startswith("- [")] == titles


def test_code_points_to_records_that_exist() -> None:
    known = {record.name[:4] for record in RECORDS}
    sources = [path for package in PACKAGES[:-1] for path in (ROOT / package).rglob("*.py")]
    cited = {number for path in sources for number in re.findall(r"\bdecision (\d{4})", path.read_text("utf-8"))}
    assert cited
    assert cited <= known


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "tests/README.md"])
def test_make_targets_that_are_named_exist(document: str) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE)
    assert phony is not None
    named = set(re.findall(r"(?:`|^)make (\w+)", read(document), re.MULTILINE))
    assert named
    assert named <= set(phony[1].split())


def test_the_readme_names_the_three_commands() -> None:
    assert set(re.findall(r"^make (\w+)", read("README.md"), re.MULTILINE)) == {"run", "demo", "test"}


def test_every_page_of_documentation_is_in_the_index() -> None:
    index = read("docs", "README.md")
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"]
    assert [name for name in pages if f"]({name})" not in index] == []


def test_every_address_for_other_servers_is_described() -> None:
    described = {path for row in table(FEDERATION, "## Addresses") for path in re.findall(r"`(/[^`]+)`", row[0])}
    assert described == set(GET) | set(POST)


def test_every_activity_that_is_handled_is_described() -> None:
    rows = {name: row[2] for row in table(FEDERATION, "## Activities") for name in re.findall(r"`(\w+)`", row[0])}
    assert set(rows) == {*HANDLERS, "Undo"}
    assert set(UNDOERS) == set(re.findall(r"`(\w+)`", rows["Undo"]))


def test_the_profile_is_named_as_the_code_has_it() -> None:
    assert f"`NS` stands for `{NS}`" in FEDERATION
    assert f"`NS` + `{GROUP_ONLY.removeprefix(NS)}`" in FEDERATION


def test_the_licence_is_there_word_for_word() -> None:
    licence = read("LICENSE")
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in licence.splitlines()[0]
    assert len(licence.encode()) == 34_523  # of the text that the Free Software Foundation publishes
