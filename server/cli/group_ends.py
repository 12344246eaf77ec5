"""`confrere group close | purge | lost`: how a group ends, here or because its home is gone."""

from collections.abc import Awaitable, Callable

import click

from federation.context import Context
from federation.outbox.closing import archive, purge, reopen
from federation.outbox.losing import MOST_DAYS, READ_DAYS, declare_lost
from policies.decision import Deny
from server.cli.console import CONSOLE, Command, Console, Refused, told
from server.cli.people import get_anyone, get_group, refuse
from server.speech import say


@click.command(
    "close",
    cls=Command,
    **told(
        "Archive a private group: it is read, and nobody posts or comes in any more. --undo: open it again.",
        "Archiver un groupe privé : on le lit, plus personne n'y publie ni n'y entre. --undo : le rouvrir.",
        "confrere group close cardiologie",
    ),
)
@click.argument("group")
@click.option("--undo", is_flag=True)
@click.pass_obj
def close(console: Console, group: str, *, undo: bool) -> None:
    _close(console, group, reopen if undo else archive)
    sentence = (
        say(f"{group} is open.", f"{group} est ouvert.")
        if undo
        else say(f"{group} is archived.", f"{group} est archivé.")
    )
    console.tell({"group": group, "closed": "" if undo else "archived"}, sentence)


@click.command(
    "purge",
    cls=Command,
    **told(
        "Close a private group for ever: memberships end now, and all posts are deleted soon, here and everywhere. "
        "`group show` says which hosts have confirmed it.",
        "Fermer un groupe privé pour toujours : les appartenances cessent, et tous les messages sont bientôt supprimés, ici "
        "et partout. `group show` dit quels hôtes l'ont confirmé.",
        "confrere group purge cardiologie --yes",
    ),
)
@click.argument("group")
@click.option("--yes", is_flag=True, help=say("There is no way back.", "Il n'y a pas de retour."))
@click.pass_obj
def purge_(console: Console, group: str, *, yes: bool) -> None:
    if not yes:
        raise Refused(say("this cannot be undone: add --yes", "c'est sans retour : ajoutez --yes"))
    _close(console, group, purge)
    console.tell(
        {"group": group, "closed": "purging"},
        say(f"{group} is being deleted everywhere.", f"{group} est supprimé partout."),
    )


@click.command(
    "lost",
    cls=Command,
    **told(
        "Say that the home of a group elsewhere is gone, once it has been silent for seven days. Members here read on for "
        "some days; then what others wrote is deleted here, and what they wrote is taken back everywhere else.",
        "Dire que l'établissement d'un groupe a disparu, après sept jours de silence. Les membres d'ici le lisent encore "
        "quelques jours ; ensuite, les messages des autres sont supprimés ici, et les leurs retirés partout ailleurs.",
        "confrere group lost cardiologie@chu-b.example --yes",
    ),
)
@click.argument("group")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=READ_DAYS, show_default=True, metavar="N")
@click.option("--yes", is_flag=True, help=say("There is no way back.", "Il n'y a pas de retour."))
@click.pass_obj
def lost(console: Console, group: str, days: int, *, yes: bool) -> None:
    if not yes:
        raise Refused(say("this cannot be undone: add --yes", "c'est sans retour : ajoutez --yes"))

    async def act(ctx: Context) -> None:
        actor = await ctx.db.read(lambda tx: get_anyone(tx, group))
        try:
            decision = await declare_lost(ctx, actor.id, days=days, by=CONSOLE)
        except LookupError as error:
            raise Refused(say(f"{group} is no private group", f"{group} n'est pas un groupe privé")) from error
        if decision is not None:
            raise refuse(decision)

    console.run(act)
    console.tell(
        {"group": group, "closed": "lost", "days": days},
        say(f"{group} is lost; it can be read for {days} days.", f"{group} est perdu ; lisible encore {days} jours."),
    )


def _close(console: Console, group: str, how: Callable[..., Awaitable[Deny | None]]) -> None:
    async def act(ctx: Context) -> None:
        found, _ = await ctx.db.read(lambda tx: get_group(tx, group))
        decision = await how(ctx, found.actor_id, by=CONSOLE)
        if decision is not None:
            raise refuse(decision)

    console.run(act)
