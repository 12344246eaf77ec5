"""`confrere channel`: accounts of the institution, and the members who run them."""

from typing import Any

import click

from federation.context import Context
from federation.outbox import channels as acts
from federation.outbox.profiles import NAME
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.cli.people import get_channel, get_member, tell_member
from server.speech import say
from storage import channels
from storage.database import Reader
from storage.members import Person
from storage.records import Actor


@click.group(
    "channel", cls=Group, **told("Accounts of the institution.", "Comptes de l'établissement.", "confrere channel list")
)
def channel_command() -> None:
    pass


@channel_command.command(
    "add",
    **told(
        "Create a channel with the first member who runs it; they are told.",
        "Créer une chaîne avec le premier membre qui l'anime ; il est prévenu.",
        "confrere channel add actualites --title 'CHU A, actualités' --operator claire",
    ),
)
@click.argument("name")
@click.option("--title", required=True, metavar="T")
@click.option("--operator", required=True, metavar="NAME")
@click.pass_obj
def add(console: Console, name: str, title: str, operator: str) -> None:
    if not NAME.fullmatch(name.lower()):
        raise Refused(say("a name has letters, digits and _ only", "un nom n'a que des lettres, chiffres et _"))

    async def act(ctx: Context) -> str:
        person = await ctx.db.read(lambda tx: get_member(tx, operator))
        try:
            channel = await acts.create(ctx, name, title, person.actor.id, by=CONSOLE)
        except ValueError as error:
            raise Refused(say(f"the name {name} is taken", f"le nom {name} est pris")) from error
        await _tell_operator(ctx, person, channel)
        return channel.uri

    uri = console.run(act)
    sentence = say(f"Created channel {name}; {operator} runs it.", f"Chaîne {name} créée ; {operator} l'anime.")
    console.tell({"name": name, "uri": uri}, sentence)


@channel_command.command("list", **told("Channels of this instance.", "Les chaînes d'ici.", "confrere channel list"))
@click.pass_obj
def list_(console: Console) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        return [await _describe(tx, channel) for channel in await channels.list_channels(tx)]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("No channels yet.", "Pas encore de chaîne."))


@channel_command.command("show", **told("One channel.", "Une chaîne.", "confrere channel show actualites"))
@click.argument("channel")
@click.pass_obj
def show(console: Console, channel: str) -> None:
    async def record(tx: Reader) -> dict[str, Any]:
        return await _describe(tx, await get_channel(tx, channel))

    console.show_record(console.run(lambda ctx: ctx.db.read(record)))


@channel_command.command(
    "operators",
    **told(
        "The members who run a channel.", "Les membres qui animent une chaîne.", "confrere channel operators actualites"
    ),
)
@click.argument("channel")
@click.pass_obj
def operators(console: Console, channel: str) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        found = await channels.list_operators(tx, (await get_channel(tx, channel)).id)
        return [{"name": each.actor.username, "since": moment(each.since)} for each in found]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("Nobody runs it.", "Personne ne l'anime."))


@channel_command.command(
    "add-operator",
    **told(
        "Let a member run a channel; they are told.",
        "Laisser un membre animer une chaîne ; il est prévenu.",
        "confrere channel add-operator actualites david",
    ),
)
@click.argument("channel")
@click.argument("member")
@click.pass_obj
def add_operator(console: Console, channel: str, member: str) -> None:
    async def act(ctx: Context) -> None:
        found, person = await ctx.db.read(lambda tx: _find(tx, channel, member))
        if not await acts.add_operator(ctx, found, person.actor.id, by=CONSOLE):
            raise Refused(say(f"{member} runs {channel} already", f"{member} anime déjà {channel}"))
        await _tell_operator(ctx, person, found)

    console.run(act)
    console.tell({"channel": channel, "member": member}, say(f"{member} runs {channel}.", f"{member} anime {channel}."))


@channel_command.command(
    "remove-operator",
    **told(
        "A member runs a channel no more: the apps by which they did are shut out.",
        "Un membre n'anime plus une chaîne : ses applications n'agissent plus en son nom.",
        "confrere channel remove-operator actualites david",
    ),
)
@click.argument("channel")
@click.argument("member")
@click.pass_obj
def remove_operator(console: Console, channel: str, member: str) -> None:
    async def act(ctx: Context) -> None:
        found, person = await ctx.db.read(lambda tx: _find(tx, channel, member))
        if not await acts.remove_operator(ctx, found, person.actor.id, by=CONSOLE):
            raise Refused(say(f"{member} does not run {channel}", f"{member} n'anime pas {channel}"))

    console.run(act)
    sentence = say(f"{member} no longer runs {channel}.", f"{member} n'anime plus {channel}.")
    console.tell({"channel": channel, "member": member}, sentence)


async def _find(tx: Reader, channel: str, member: str) -> tuple[Actor, Person]:
    return await get_channel(tx, channel), await get_member(tx, member)


async def _tell_operator(ctx: Context, person: Person, channel: Actor) -> None:
    await tell_member(
        ctx,
        person,
        french=f"Vous animez désormais la chaîne {channel.username} : connectez une application et choisissez « Continuer en tant que ».",
        english=f"You now run the channel {channel.username}: sign an app in and choose “Continue as”.",
    )


async def _describe(tx: Reader, channel: Actor) -> dict[str, Any]:
    found = await channels.list_operators(tx, channel.id)
    return {
        "name": channel.username,
        "title": channel.name,
        "uri": channel.uri,
        "operators": [each.actor.username for each in found],
    }
