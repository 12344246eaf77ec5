"""Every command explains itself: help with an example, in the language of the console."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from server.cli import COMMANDS, main
from tests.server.command_tree import list_commands

ALL = sorted(list_commands(main))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_has_an_example_and_the_common_options(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    result = CliRunner().invoke(main, [*path, "--help"], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"confrere {' '.join(path)}" in result.output
    assert "--config" in result.output
    assert "--json" in result.output


def test_every_command_of_the_table_exists() -> None:
    assert {path[0] for path in ALL} == set(COMMANDS)


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["mebmer"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_help_is_french_where_the_console_is() -> None:
    environ = {**os.environ, "LC_ALL": "fr_FR.UTF-8"}
    answer = subprocess.run(
        [sys.executable, "-m", "server", "member", "add", "--help"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Ajouter un compte" in answer.stdout
    assert "Exemple :" in answer.stdout
