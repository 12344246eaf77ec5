"""`confrere group unconfirmed | confirm | give-up`: after a restore, whose members nobody has confirmed yet."""

import click

from federation import reconciling
from federation.context import Context
from server.cli.console import CONSOLE, Command, Console, Refused, told
from server.cli.people import get_anyone, get_group
from server.speech import say
from storage import groups


@click.command(
    "unconfirmed",
    cls=Command,
    **told(
        "After a restore: members whom nobody has confirmed. They see nothing of the group until then.",
        "Après une restauration : les membres que rien ne confirme encore. Ils ne voient rien du groupe.",
        "confrere group unconfirmed",
    ),
)
@click.pass_obj
def unconfirmed(console: Console) -> None:
    rows = [
        {
            "group": f"@{actor.acct}",
            "name": f"@{member.actor.acct}",
            "host": member.actor.host,
            "waits_for": _waits_for(local=bool(group.local), by_hand=bool(group.unconfirmed), host=member.actor.host),
        }
        for actor, group, members in console.run(reconciling.list_waiting)
        for member in members
    ]
    console.show_rows(rows, say("Everybody is confirmed.", "Tous sont confirmés."))


def _waits_for(*, local: bool, by_hand: bool, host: str) -> str:
    if not local:
        return say("the group's home", "l'instance du groupe")
    return say("`group confirm`", "`group confirm`") if by_hand or not host else say("its host", "son instance")


@click.command(
    "confirm",
    cls=Command,
    **told(
        "After a restore without a whole journal: these are the members of a group here. Remove the others first.",
        "Après une restauration sans journal complet : ce sont bien les membres. Retirez d'abord les autres.",
        "confrere group confirm cardiologie",
    ),
)
@click.argument("group")
@click.pass_obj
def confirm(console: Console, group: str) -> None:
    async def act(ctx: Context) -> None:
        found, _ = await ctx.db.read(lambda tx: get_group(tx, group))
        if not await reconciling.confirm_group(ctx, found.actor_id, by=CONSOLE):
            raise Refused(say("nobody asked for that", "rien ne le demande"))

    console.run(act)
    sentence = say(f"The members of {group} are confirmed.", f"Les membres de {group} sont confirmés.")
    console.tell({"group": group, "confirmed": True}, sentence)


@click.command(
    "give-up",
    cls=Command,
    **told(
        "After a restore: the home of a group, or the host of members of ours, is gone; end what it will not confirm.",
        "Après une restauration : l'instance du groupe, ou celle de membres, a disparu ; mettre fin à ce qui reste.",
        "confrere group give-up cardiologie chu-b.example",
    ),
)
@click.argument("group")
@click.argument("host", default="")
@click.pass_obj
def give_up(console: Console, group: str, host: str) -> None:
    async def act(ctx: Context) -> int:
        actor = await ctx.db.read(lambda tx: get_anyone(tx, group))
        known = await ctx.db.read(lambda tx: groups.get_group(tx, actor.id))
        if known is None or bool(known.local) != bool(host):
            raise Refused(
                say(
                    "name a group elsewhere, or one of ours and a host",
                    "nommez un groupe d'ailleurs, ou l'un des nôtres et un hôte",
                )
            )
        return await reconciling.give_up(ctx, actor.id, host, by=CONSOLE)

    ended = console.run(act)
    sentence = say(f"{ended} memberships ended.", f"{ended} appartenances terminées.")
    console.tell({"group": group, "host": host, "ended": ended}, sentence)
