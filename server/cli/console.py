"""What every command shares: where the settings are, how acts are run, how answers and refusals are shown.

Must not know any command.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from federation.context import Context
from server.config import Config, ConfigError, load_config
from server.context import NotReadyError, open_context, require_ready
from server.speech import say

T = TypeVar("T")
Act = Callable[[Context], Awaitable[T]]

# Whom the audit log names for an act on the command line.
CONSOLE = "console"

_HEADINGS = {
    "name": "nom",
    "title": "titre",
    "display_name": "nom affiché",
    "created": "créé",
    "verified": "vérifié",
    "groups": "groupes",
    "profession": "profession",
    "specialties": "spécialités",
    "register": "registre",
    "until": "jusqu'au",
    "revoked": "retiré",
    "email": "courriel",
    "confirmed": "adresse confirmée",
    "approved": "accepté",
    "direction": "sens",
    "onward": "au-delà",
    "software": "logiciel",
    "actor": "acteur",
    "group_only": "messages de groupe",
    "identifier": "identifiant",
    "contacts": "contacts",
    "days": "jours",
    "audiences": "audiences",
    "accept_levels_from": "niveaux acceptés dès",
    "draft": "projet",
    "becomes": "serait",
    "count": "nombre",
    "group": "groupe",
    "kind": "nature",
    "examples": "exemples",
    "allows": "permet",
    "on_expiry": "à l'échéance",
    "retention_days": "conservation (jours)",
    "kinds": "contenus",
    "role": "rôle",
    "level": "niveau",
    "members": "membres",
    "joining": "entrée",
    "reach": "portée",
    "state": "état",
    "since": "depuis",
    "host": "hôte",
    "organisation": "établissement",
    "agreement": "convention",
    "waiting": "en attente",
    "oldest": "plus ancien",
    "reason": "motif",
    "at": "quand",
    "by": "par",
    "act": "acte",
    "subject": "objet",
    "version": "version",
    "outcome": "issue",
    "rule": "règle",
    "about": "vers",
    "check": "contrôle",
    "finding": "constat",
    "detail": "détail",
    "disabled": "désactivé",
    "moderator": "modérateur",
    "queue": "file",
    "item": "élément",
    "bytes": "octets",
    "french": "français",
    "english": "anglais",
    "shortcode": "nom court",
    "category": "catégorie",
    "waits_for": "attend",
}


class Refused(click.ClickException):
    """The command was not carried out; the message says why. Exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"{say('Error', 'Erreur')}: {self.format_message()}", file=file or sys.stderr)


@dataclass(frozen=True, slots=True)
class Console:
    """Where the settings are, and whether a machine reads the answer."""

    path: Path
    as_json: bool

    def config(self, **overrides: object) -> Config:
        """The settings; what is given here wins over file and environment."""
        given = {f"CONFRERE_{name.upper()}": str(value) for name, value in overrides.items() if value is not None}
        try:
            return load_config(self.path, {**os.environ, **given})
        except ConfigError as error:
            raise Refused(str(error)) from error

    def run(self, act: Act[T]) -> T:
        """Run an act on the instance, when it is ready."""

        async def inside() -> T:
            async with open_context(config) as ctx:
                await require_ready(ctx)
                return await act(ctx)

        config = self.config()
        try:
            return asyncio.run(inside())
        except NotReadyError as error:
            raise Refused(str(error)) from error

    def require_ready(self) -> None:
        """Refuse unless the instance can work."""

        async def nothing(_: Context) -> None:
            """`run` checks."""

        self.run(nothing)

    def tell(self, data: Mapping[str, Any], sentence: str) -> None:
        """The answer: `data` for a machine, `sentence` for a person."""
        click.echo(json.dumps(data, ensure_ascii=False) if self.as_json else sentence)

    def show_rows(self, rows: Sequence[Mapping[str, Any]], nothing: str) -> None:
        """Rows with the same keys: a JSON list, or a table; `nothing` is what a person is told when there are none."""
        if self.as_json:
            click.echo(json.dumps(rows, ensure_ascii=False))
        else:
            click.echo(_table(rows) if rows else nothing)

    def show_record(self, record: Mapping[str, Any]) -> None:
        """One thing with everything known of it."""
        click.echo(json.dumps(record, ensure_ascii=False) if self.as_json else "\n".join(_lines(record, "")))


class Command(click.Command):
    """A command that takes --config and --json, and hands them over as a Console."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.params.extend(_common_options())

    def invoke(self, ctx: click.Context) -> Any:
        ctx.obj = Console(Path(ctx.params.pop("config_path")), ctx.params.pop("as_json"))
        return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


def told(english: str, french: str, example: str) -> dict[str, Any]:
    """The help of a command, with an example that can be pasted."""
    sentence = say(english, french)
    heading = say("Example:", "Exemple :")
    return {"help": f"{sentence}\n\n\b\n{heading}\n  {example}", "short_help": sentence}


def moment(milliseconds: int | None) -> str:
    """A time (unix ms) as both people and machines read it; '' for none."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config", "config_path"],
            envvar="CONFRERE_CONFIG",
            default="confrere.toml",
            show_default=True,
            metavar="F",
            help=say("The settings file.", "Le fichier de réglages."),
        ),
        click.Option(["--json", "as_json"], is_flag=True, help=say("Answer in JSON.", "Répondre en JSON.")),
    ]


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [[say(name, _HEADINGS.get(name, name)) for name in rows[0]]]
    cells += [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def _lines(record: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in record.items():
        heading = say(name, _HEADINGS.get(name, name))
        if isinstance(value, Mapping):
            yield f"{indent}{heading}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{heading}: {_cell(value)}".rstrip()


def _cell(value: Any) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return say("yes", "oui")
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
