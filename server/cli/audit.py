"""`confrere audit`: who did what on this instance."""

import json
from typing import Any

import click

from server.cli.console import Console, Group, moment, told
from server.speech import say
from storage.audit import list_latest
from storage.database import Row


@click.group("audit", cls=Group, **told("The audit log.", "Le journal d'audit.", "confrere audit show"))
def audit_command() -> None:
    pass


@audit_command.command(
    "show", **told("The latest acts, newest first.", "Les derniers actes.", "confrere audit show --limit 20 --json")
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, metavar="N")
@click.pass_obj
def show(console: Console, limit: int) -> None:
    found = console.run(lambda ctx: ctx.db.read(lambda tx: list_latest(tx, limit=limit)))
    console.show_rows([_row(row, as_json=console.as_json) for row in found], say("Nothing yet.", "Rien encore."))


def _row(row: Row, *, as_json: bool) -> dict[str, Any]:
    at, actor, act, subject, detail = row
    facts = json.loads(detail)
    words = ", ".join(f"{name}={value}" for name, value in facts.items() if value)
    return {"at": moment(at), "by": actor, "act": act, "subject": subject, "detail": facts if as_json else words}
