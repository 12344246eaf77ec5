"""`confrere group widen | expel`: which hosts a private group lets in."""

from typing import Any

import click

from federation.context import Context
from federation.outbox.group_reach import expel_host, widen
from server.cli.console import CONSOLE, Command, Console, Refused, told
from server.cli.group_record import describe_group
from server.cli.people import get_group
from server.speech import say


@click.command(
    "widen",
    cls=Command,
    **told(
        "Let people of more hosts into a private group. What members elsewhere say goes there once their host has agreed: "
        "see `group show`.",
        "Ouvrir un groupe privé à d'autres hôtes. Ce que disent les membres d'ailleurs y va quand leur hôte a accepté : voir "
        "`group show`.",
        "confrere group widen cardiologie chu-c.example",
    ),
)
@click.argument("group")
@click.argument("hosts", nargs=-1, required=True, metavar="HOST...")
@click.pass_obj
def widen_(console: Console, group: str, hosts: tuple[str, ...]) -> None:
    async def act(ctx: Context) -> dict[str, Any]:
        found, _ = await ctx.db.read(lambda tx: get_group(tx, group))
        try:
            await widen(ctx, found.actor_id, [host.lower() for host in hosts], by=CONSOLE)
        except ValueError as error:
            raise Refused(say("not a host name", "pas un nom d'hôte")) from error
        except LookupError as error:
            raise Refused(say(f"{group} is closed", f"{group} est fermé")) from error
        return await ctx.db.read(lambda tx: describe_group(tx, group))

    console.show_record(console.run(act))


@click.command(
    "expel",
    cls=Command,
    **told(
        "Take a whole host out of a private group: its memberships and requests end, and nobody from there comes back.",
        "Exclure tout un hôte d'un groupe privé : ses appartenances et demandes cessent, et personne n'en revient.",
        "confrere group expel cardiologie chu-b.example --reason 'agreement breached'",
    ),
)
@click.argument("group")
@click.argument("host")
@click.option("--reason", default="", metavar="R")
@click.pass_obj
def expel(console: Console, group: str, host: str, reason: str) -> None:
    async def act(ctx: Context) -> int:
        found, _ = await ctx.db.read(lambda tx: get_group(tx, group))
        try:
            return await expel_host(ctx, found.actor_id, host.lower(), by=CONSOLE, reason=reason)
        except LookupError as error:
            raise Refused(say(f"{host} is not in {group}", f"{host} n'est pas dans {group}")) from error

    ended = console.run(act)
    sentence = say(
        f"{host} is out of {group}; memberships and requests ended: {ended}.",
        f"{host} est exclu de {group} ; appartenances et demandes terminées : {ended}.",
    )
    console.tell({"group": group, "host": host, "ended": ended}, sentence)
