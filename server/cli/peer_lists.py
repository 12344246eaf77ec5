"""`confrere peer import-list` and its like: peers from files, and ours for others."""

import json
from datetime import datetime
from pathlib import Path

import click

from federation.context import Context
from federation.outbox.peer_lists import (
    ListRefusedError,
    Outcome,
    OwnList,
    Taken,
    export_csv,
    export_list,
    import_allows,
    import_blocks,
    take_list,
)
from federation.outbox.peers import ApprovalNeededError
from federation.wire.errors import ProtocolError
from policies.rules import RulesetError
from server.cli.console import CONSOLE, Console, Refused, told
from server.cli.peers import peer_command
from server.cli.people import refuse
from server.cli.policy import refuse_mistakes
from server.speech import say

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KIND = click.Choice(["blocks", "allows"])
_ENDED = {"done": "fait", "known": "déjà connu", "approval": "attend un second administrateur", "bad": "incorrect"}


@peer_command.command(
    "import-list",
    **told(
        "Take a signed list of peers from a body that the rules trust (`[lists.NAME]`).",
        "Reprendre une liste de pairs signée par un organisme de confiance (`[lists.NOM]`).",
        "confrere peer import-list regional list.json",
    ),
)
@click.argument("name")
@click.argument("file", type=_FILE)
@click.pass_obj
def import_list(console: Console, name: str, file: Path) -> None:
    body = file.read_bytes()

    async def act(ctx: Context) -> Taken:
        try:
            return await take_list(ctx, name, body, by=CONSOLE)
        except ListRefusedError as error:
            raise refuse(error.decision) from error
        except ApprovalNeededError as error:
            raise refuse(error.decision) from error
        except ProtocolError as error:
            raise Refused(f"{file}: {error}") from error
        except RulesetError as error:
            raise refuse_mistakes(error) from error

    taken = console.run(act)
    waits = say(
        f" It differs from our own rules about {', '.join(taken.conflicts)}: see draft {taken.draft_id}.",
        f" Elle diffère de nos règles pour {', '.join(taken.conflicts)} : voir le projet {taken.draft_id}.",
    )
    data = {"version": taken.version, "draft": taken.draft_id, "conflicts": list(taken.conflicts)}
    done = say(f"Version {taken.version} is in force.", f"La version {taken.version} est en vigueur.")
    console.tell(data, done + (waits if taken.draft_id else ""))


@peer_command.command(
    "export-list",
    **told(
        "Our active peers as a signed list, for others to take.",
        "Nos pairs actifs en une liste signée, pour d'autres.",
        "confrere peer export-list regional --number 3 --until 2027-01-01 > list.json",
    ),
)
@click.argument("name")
@click.option("--number", type=click.IntRange(1, 10**6), required=True, metavar="N")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="D")
@click.pass_obj
def export_own(console: Console, name: str, number: int, until: datetime) -> None:
    async def act(ctx: Context) -> OwnList:
        return await export_list(ctx, name, number, until.date())

    found = console.run(act)
    click.echo(json.dumps(found.document, ensure_ascii=False, indent=2))
    click.echo(say(f"Signed by {found.key}", f"Signée par {found.key}"), err=True)


@peer_command.command(
    "import-csv",
    **told(
        "Block or allow the domains of a file that Mastodon has exported.",
        "Bloquer ou autoriser les domaines d'un fichier exporté par Mastodon.",
        "confrere peer import-csv blocks domain_blocks.csv",
    ),
)
@click.argument("kind", type=_KIND)
@click.argument("file", type=_FILE)
@click.pass_obj
def import_csv(console: Console, kind: str, file: Path) -> None:
    text = file.read_text("utf-8", errors="replace")

    async def act(ctx: Context) -> list[Outcome]:
        take = import_blocks if kind == "blocks" else import_allows
        return await take(ctx, text, by=CONSOLE)

    rows = [{"host": each.host, "outcome": say(each.ended, _ENDED[each.ended])} for each in console.run(act)]
    console.show_rows(rows, say("No domains in it.", "Aucun domaine."))


@peer_command.command(
    "export-csv",
    **told(
        "Blocked or allowed domains, as Mastodon reads them.",
        "Les domaines bloqués ou autorisés, comme Mastodon les lit.",
        "confrere peer export-csv blocks > domain_blocks.csv",
    ),
)
@click.argument("kind", type=_KIND)
@click.pass_obj
def export_file(console: Console, kind: str) -> None:
    click.echo(console.run(lambda ctx: export_csv(ctx, blocks=kind == "blocks")), nl=False)
