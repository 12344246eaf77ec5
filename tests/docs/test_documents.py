"""The documents say what there is: every setting, every command, links that lead somewhere. And what no file may hold."""

import re
import subprocess
from pathlib import Path

import pytest

from server.cli import main
from server.config import SETTINGS
from tests.server.command_tree import list_commands

ROOT = Path(__file__).parents[2]
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")


def project_files(*suffixes: str) -> list[Path]:
    """What belongs to the project: everything git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


PAGES = project_files(".md")


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_setting_is_documented(setting: str) -> None:
    assert f"### `{setting}`" in SETTINGS_PAGE
    assert f"`CONFRERE_{setting.upper()}`" in SETTINGS_PAGE


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert sorted(re.findall(r"^### `(\w+)`$", SETTINGS_PAGE, re.MULTILINE)) == sorted(SETTINGS)


@pytest.mark.parametrize("words", sorted(list_commands(main)), ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    assert f"`confrere {' '.join(words)}" in COMMANDS_PAGE


def test_no_command_is_documented_that_does_not_exist() -> None:
    known = {" ".join(words) for words in list_commands(main)}
    for written in re.findall(r"^\| (`confrere .*?) \|", COMMANDS_PAGE, re.MULTILINE):
        for command in re.findall(r"`confrere ([^`]+)`", written):
            assert any(f"{command} ".startswith(f"{each} ") for each in known), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_nothing_is_left_to_do_in_the_sources() -> None:
    marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    assert [path for path in project_files(".py", ".sql", ".html") if marks.search(path.read_text("utf-8"))] == []


def test_no_file_names_where_packages_come_from() -> None:
    """Whoever installs has settings of their own; a pinned address would send them elsewhere."""
    address = re.compile(r"--(?:extra-)?index-url|--find-links|^\S+ @ (?:file|https?):", re.MULTILINE)
    files = [path for path in project_files() if path.suffix in {".txt", ".toml", ".md", ".yaml"} or not path.suffix]
    assert [path for path in files if address.search(path.read_text("utf-8"))] == []
    locked = project_files(".json")
    assert locked
    assert [path for path in locked if '"resolved"' in path.read_text("utf-8")] == []
