"""`confrere group break-glass`: an administrator reads a private group, for a reason and an hour."""

from typing import Any

import click

from federation.context import Context
from federation.outbox import looking
from policies.decision import Deny, Hold
from server.cli.console import Command, Console, Refused, moment, told
from server.cli.people import get_group, get_member, refuse
from server.speech import say
from storage import actors
from storage.database import Reader
from storage.records import Status
from storage.words import plain_text


@click.command(
    "break-glass",
    cls=Command,
    **told(
        "Read a private group as an administrator, for an hour. The group is told by whom and why. Where two_person is set, "
        "another admin must --approve first. Within the hour, the same command without --reason reads again.",
        "Lire un groupe privé comme administrateur, pendant une heure. Le groupe sait par qui et pourquoi. Avec two_person, "
        "un autre administrateur doit d'abord faire --approve. Dans l'heure, la même commande sans --reason relit.",
        "confrere group break-glass cardiologie --by claire --reason 'complaint 2026-31'",
    ),
)
@click.argument("group")
@click.option("--by", required=True, metavar="ADMIN")
@click.option("--reason", metavar="R")
@click.option("--approve", is_flag=True, help=say("Agree with who asked.", "Donner son accord."))
@click.option("--limit", type=int, default=40, show_default=True, metavar="N")
@click.pass_obj
def break_glass(console: Console, group: str, by: str, reason: str | None, *, approve: bool, limit: int) -> None:
    async def act(ctx: Context) -> list[dict[str, Any]]:
        found, _ = await ctx.db.read(lambda tx: get_group(tx, group))
        person = await ctx.db.read(lambda tx: get_member(tx, by))
        decision: Deny | Hold | None = None
        try:
            if approve:
                decision = await looking.agree(ctx, found.actor_id, person)
            elif reason is not None:
                decision = await looking.ask(ctx, found.actor_id, person, reason=reason)
        except LookupError as error:
            raise Refused(say(f"nobody asks to look into {group}", f"personne ne demande à lire {group}")) from error
        except ValueError as error:
            raise Refused(say("say why", "dites pourquoi")) from error
        if decision is not None:
            raise refuse(decision)
        posts = await looking.read(ctx, found.actor_id, person, most=limit)
        if isinstance(posts, Deny):
            raise refuse(posts)
        return await ctx.db.read(lambda tx: _texts(tx, posts))

    console.show_rows(console.run(act), say("No posts.", "Pas de message."))


async def _texts(tx: Reader, posts: list[Status]) -> list[dict[str, Any]]:
    authors = await actors.list_actors(tx, [one.actor_id for one in posts])
    return [
        {"at": moment(one.created_at), "author": f"@{authors[one.actor_id].acct}", "text": plain_text(one.content)}
        for one in posts
    ]
