"""`confrere group`: private groups and public ones, and what their moderators do."""

from collections.abc import Awaitable, Callable
from typing import Any

import click

from federation.context import Context
from federation.notices import Words, tell
from federation.outbox import groups as private_acts
from federation.outbox import public_groups as public_acts
from federation.outbox.group_acts import GroupActs, acts_of
from federation.outbox.group_settings import Private, SettingError, Settings, change
from federation.outbox.groups import NewGroup
from federation.outbox.profiles import NAME
from federation.outbox.public_groups import NewPublicGroup
from policies.decision import Deny
from policies.membership import Joining
from policies.rules import HOST
from policies.terms import Level
from server.cli.confirming import confirm, give_up, unconfirmed
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.cli.group_ends import close, lost, purge_
from server.cli.group_hosts import expel, widen_
from server.cli.group_looking import break_glass
from server.cli.group_record import describe_group
from server.cli.people import get_any_group, get_anyone, get_member, refuse, tell_member
from server.speech import say
from storage import groups, public_groups, statuses
from storage.database import Reader, Transaction
from storage.members import Person
from storage.records import Actor, PublicGroup

Act = Callable[[Context, GroupActs, int, int], Awaitable[None]]
WHO = ("members", "moderators")
LISTS = ("rules", "professions", "specialties", "countries")
PLAIN = (
    "files",
    "members_shown",
    "listed",
    "retention_days",
    "case_days",
    "lease_hours",
    "question_tag",
    "questions_of",
)


@click.group("group", cls=Group, **told("Groups.", "Groupes.", "confrere group list"))
def group_command() -> None:
    pass


@group_command.command(
    "add",
    **told(
        "Create a group with its first moderator: private, or --public for everybody to read.",
        "Créer un groupe avec son premier modérateur : privé, ou --public pour que tout le monde le lise.",
        "confrere group add cardiologie --title Cardiologie --joining request --reach chu-b.example --moderator claire",
    ),
)
@click.argument("name")
@click.option("--title", required=True, metavar="T")
@click.option("--joining", required=True, type=click.Choice([joining.value for joining in Joining]))
@click.option("--reach", multiple=True, metavar="HOST", help=say("A peer its posts may go to.", "Un pair autorisé."))
@click.option("--moderator", required=True, metavar="NAME")
@click.option("--public", is_flag=True, help=say("Everybody reads its posts.", "Tout le monde lit ses messages."))
@click.option(
    "--moderators-only",
    is_flag=True,
    help=say("Of a public group: only moderators post.", "D'un groupe public : seuls les modérateurs publient."),
)
@click.pass_obj
def add(
    console: Console,
    name: str,
    title: str,
    joining: str,
    reach: tuple[str, ...],
    moderator: str,
    *,
    public: bool,
    moderators_only: bool,
) -> None:
    if not NAME.fullmatch(name.lower()):
        raise Refused(say("a name has letters, digits and _ only", "un nom n'a que des lettres, chiffres et _"))
    if wrong := [host for host in reach if not HOST.fullmatch(host)]:
        raise Refused(say(f"not a host name: {wrong[0]}", f"pas un nom d'hôte : {wrong[0]}"))

    if public and reach:
        raise Refused(say("a public group reaches everybody", "un groupe public s'adresse à tout le monde"))
    if moderators_only and not public:
        raise Refused(say("--moderators-only is for public groups", "--moderators-only est pour les groupes publics"))

    async def act(ctx: Context) -> str:
        person = await ctx.db.read(lambda tx: get_member(tx, moderator))
        try:
            made = await _create(ctx, person)
        except ValueError as error:
            raise Refused(say(f"the name {name} is taken", f"le nom {name} est pris")) from error
        await _tell_moderator(ctx, name, person)
        return made.uri

    async def _create(ctx: Context, person: Person) -> Actor:
        way = Joining(joining)
        if public:
            new = NewPublicGroup(name, title, way, person.actor.id, moderators_only)
            return await public_acts.create(ctx, new, by=CONSOLE)
        return await private_acts.create(ctx, NewGroup(name, title, way, reach, person.actor.id), by=CONSOLE)

    uri = console.run(act)
    sentence = say(f"Created group {name}; {moderator} moderates it.", f"Groupe {name} créé ; {moderator} le modère.")
    console.tell({"name": name, "uri": uri, "public": public}, sentence)


@group_command.command(
    "set",
    **told(
        "Change how a group is: what is named is changed, and nothing else. An empty value takes a list away.",
        "Changer un groupe : ce qui est nommé change, rien d'autre. Une valeur vide efface une liste.",
        "confrere group set cardiologie --profession physician --country FR --retention-days 730",
    ),
)
@click.argument("group")
@click.option("--title", metavar="T")
@click.option("--description", metavar="D")
@click.option("--rule", "rules", multiple=True, metavar="R", help=say("All of them anew.", "Toutes à nouveau."))
@click.option("--joining", type=click.Choice([joining.value for joining in Joining]))
@click.option("--posting", type=click.Choice(WHO), help=say("Who posts.", "Qui publie."))
@click.option("--level", type=click.Choice([level.name.lower() for level in Level]))
@click.option("--profession", "professions", multiple=True, metavar="P")
@click.option("--specialty", "specialties", multiple=True, metavar="S")
@click.option("--country", "countries", multiple=True, metavar="FR", help=say("Of practice.", "D'exercice."))
@click.option("--files/--no-files", default=None, help=say("Posts may have some.", "Les messages peuvent en avoir."))
@click.option("--members-shown", type=click.Choice(WHO), help=say("Who reads who is in it.", "Qui lit la liste."))
@click.option("--listed/--hidden", default=None, help=say("Whether it is found.", "S'il se trouve."))
@click.option("--retention-days", type=int, metavar="N", help=say("Posts go after; 0: never.", "Durée ; 0 : toujours."))
@click.option("--case-days", type=int, metavar="N", help=say("The same with #cas.", "De même avec #cas."))
@click.option(
    "--lease-hours", type=int, metavar="H", help=say("Of memberships elsewhere.", "Des appartenances ailleurs.")
)
@click.option(
    "--question-tag", metavar="TAG", help=say("What makes a post a question.", "Ce qui en fait une question.")
)
@click.option("--questions-of", metavar="S", help=say("Whose it is offered.", "Dont il reçoit les questions."))
@click.pass_obj
def set_(console: Console, /, group: str, **said: Any) -> None:
    async def act(ctx: Context) -> dict[str, Any]:
        found, _ = await ctx.db.read(lambda tx: get_any_group(tx, group))
        try:
            await change(ctx, found.actor_id, _settings(said), by=CONSOLE)
        except SettingError as error:
            raise Refused(f"{error.name}: {say(error.english, error.french)}") from error
        except LookupError as error:
            raise Refused(say(f"{group} is closed", f"{group} est fermé")) from error
        return await ctx.db.read(lambda tx: describe_group(tx, group))

    console.show_record(console.run(act))


def _settings(said: dict[str, Any]) -> Settings:
    """As the command line says them: a list that is not named is left, one empty value is an empty list."""
    lists = {name: tuple(filter(None, said[name])) if said[name] else None for name in LISTS}
    private = Private(
        level=None if said["level"] is None else Level[said["level"].upper()],
        professions=lists["professions"],
        specialties=lists["specialties"],
        countries=lists["countries"],
        **{name: said[name] for name in PLAIN},
    )
    joining = None if said["joining"] is None else Joining(said["joining"])
    return Settings(said["title"], said["description"], lists["rules"], joining, said["posting"], private)


@group_command.command("list", **told("Groups of this instance.", "Les groupes d'ici.", "confrere group list"))
@click.pass_obj
def list_(console: Console) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        found = [*await groups.list_local_groups(tx), *await public_groups.list_public_groups(tx)]
        return [await describe_group(tx, name) for name in sorted(actor.username for _, actor in found)]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("No groups yet.", "Pas encore de groupe."))


@group_command.command("show", **told("One group.", "Un groupe.", "confrere group show cardiologie"))
@click.argument("group")
@click.pass_obj
def show(console: Console, group: str) -> None:
    console.show_record(console.run(lambda ctx: ctx.db.read(lambda tx: describe_group(tx, group))))


@group_command.command(
    "members",
    **told(
        "Who belongs to a group, who asks to, who is invited.",
        "Qui appartient à un groupe, qui le demande, qui est invité.",
        "confrere group members cardiologie",
    ),
)
@click.argument("group")
@click.pass_obj
def members(console: Console, group: str) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        found, _ = await get_any_group(tx, group)
        if isinstance(found, PublicGroup):
            return [
                _row(one.actor, one.state, one.moderator, one.since)
                for one in await public_groups.list_people(tx, found.actor_id)
            ]
        people = await groups.list_members(
            tx, found.actor_id, states=("active", "unconfirmed", "pending", "invited", "banned")
        )
        return [
            _row(one.actor, one.membership.state, one.membership.moderator, one.membership.changed_at) for one in people
        ]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("No members.", "Pas de membre."))


def _row(actor: Actor, state: str, moderator: int, since: int) -> dict[str, Any]:
    return {"name": f"@{actor.acct}", "state": state, "moderator": bool(moderator), "since": moment(since)}


@group_command.command(
    "accept",
    **told(
        "Accept a request to join.",
        "Accepter une demande d'adhésion.",
        "confrere group accept cardiologie bob@chu-b.example",
    ),
)
@click.argument("group")
@click.argument("member")
@click.pass_obj
def accept(console: Console, group: str, member: str) -> None:
    async def act(ctx: Context, acts: GroupActs, group_id: int, actor_id: int) -> None:
        decision = await acts.accept(ctx, group_id, actor_id, by=CONSOLE)
        if decision is not None:
            raise refuse(decision)
        await ctx.db.transact(lambda tx: _tell_of_access(tx, group, member, group_id, actor_id, ctx.now()))

    _act_on(console, group, member, act)
    sentence = say(f"{member} is a member of {group}.", f"{member} est membre de {group}.")
    console.tell({"group": group, "member": member, "state": "active"}, sentence)


async def _tell_of_access(tx: Transaction, group: str, member: str, group_id: int, actor_id: int, now: int) -> None:
    """Who was let in on the command line, and who looks after the group: access is given behind nobody's back."""
    people = await groups.list_members(tx, group_id)
    words = Words(
        f"{member} est entré dans le groupe {group}, par la ligne de commande du serveur.",
        f"{member} was let into the group {group} on the server’s command line.",
    )
    for told_id in {actor_id, *(one.actor.id for one in people if one.membership.moderator)}:
        await tell(tx, told_id, words, now=now)


@group_command.command(
    "remove",
    **told(
        "End a membership, or refuse a request.",
        "Mettre fin à une appartenance, ou refuser une demande.",
        "confrere group remove cardiologie bob@chu-b.example --reason 'left the service'",
    ),
)
@click.argument("group")
@click.argument("member")
@click.option("--reason", default="", metavar="R")
@click.pass_obj
def remove(console: Console, group: str, member: str, reason: str) -> None:
    async def act(ctx: Context, acts: GroupActs, group_id: int, actor_id: int) -> None:
        outcome = await acts.remove(ctx, group_id, actor_id, by=CONSOLE, reason=reason)
        if isinstance(outcome, Deny):
            raise refuse(outcome)
        if not outcome:
            raise LookupError

    _act_on(console, group, member, act)
    sentence = say(f"{member} is no longer in {group}.", f"{member} n'est plus dans {group}.")
    console.tell({"group": group, "member": member, "state": "ended"}, sentence)


@group_command.command(
    "ban",
    **told(
        "Keep somebody out for good, member or not.",
        "Exclure quelqu'un pour de bon, membre ou non.",
        "confrere group ban cardiologie mallory@chu-b.example --reason 'copied a case elsewhere'",
    ),
)
@click.argument("group")
@click.argument("member")
@click.option("--reason", default="", metavar="R")
@click.pass_obj
def ban(console: Console, group: str, member: str, reason: str) -> None:
    async def act(ctx: Context, acts: GroupActs, group_id: int, actor_id: int) -> None:
        decision = await acts.ban(ctx, group_id, actor_id, by=CONSOLE, reason=reason)
        if decision is not None:
            raise refuse(decision)

    _act_on(console, group, member, act)
    sentence = say(f"{member} may not come back to {group}.", f"{member} ne peut plus revenir dans {group}.")
    console.tell({"group": group, "member": member, "state": "banned"}, sentence)


@group_command.command(
    "moderator",
    **told(
        "Let a member of this instance moderate a group; they are told. --undo: no more.",
        "Laisser un membre d'ici modérer un groupe ; il est prévenu. --undo : plus maintenant.",
        "confrere group moderator cardiologie david",
    ),
)
@click.argument("group")
@click.argument("member")
@click.option("--undo", is_flag=True)
@click.pass_obj
def moderator(console: Console, group: str, member: str, undo: bool) -> None:
    async def act(ctx: Context, acts: GroupActs, group_id: int, actor_id: int) -> None:
        decision = await acts.set_moderator(ctx, group_id, actor_id, by=CONSOLE, moderator=not undo)
        if decision is not None:
            raise refuse(decision)
        if not undo:
            await _tell_moderator(ctx, group, await ctx.db.read(lambda tx: get_member(tx, member)))

    _act_on(console, group, member, act)
    sentence = (
        say(f"{member} no longer moderates {group}.", f"{member} ne modère plus {group}.")
        if undo
        else say(f"{member} moderates {group}.", f"{member} modère {group}.")
    )
    console.tell({"group": group, "member": member, "moderator": not undo}, sentence)


async def _tell_moderator(ctx: Context, group: str, person: Person) -> None:
    await tell_member(
        ctx,
        person,
        french=f"Vous modérez désormais le groupe {group} : connectez une application et choisissez « Continuer en tant que ».",
        english=f"You now moderate the group {group}: sign an app in and choose “Continue as”.",
    )


@group_command.command(
    "invite",
    **told("Invite a member of this instance.", "Inviter un membre d'ici.", "confrere group invite cardiologie david"),
)
@click.argument("group")
@click.argument("member")
@click.pass_obj
def invite(console: Console, group: str, member: str) -> None:
    async def act(ctx: Context, acts: GroupActs, group_id: int, actor_id: int) -> None:
        await acts.invite(ctx, group_id, actor_id, by=CONSOLE)

    _act_on(console, group, member, act)
    sentence = say(f"{member} is invited to {group}.", f"{member} est invité dans {group}.")
    console.tell({"group": group, "member": member, "state": "invited"}, sentence)


@group_command.command(
    "lock",
    **told(
        "Close a thread of a public group to answers of all but moderators. --undo: open it again. POST is an id or an address.",
        "Fermer une discussion d'un groupe public aux réponses, sauf des modérateurs. --undo : la rouvrir. POST est un identifiant ou une adresse.",
        "confrere group lock ecg https://social.chu-a.example/@claire/114000000000000000 --as claire",
    ),
)
@click.argument("group")
@click.argument("post")
@click.option("--as", "moderator", required=True, metavar="NAME", help=say("A moderator of it.", "Un modérateur."))
@click.option("--undo", is_flag=True)
@click.pass_obj
def lock(console: Console, group: str, post: str, moderator: str, *, undo: bool) -> None:
    async def act(ctx: Context) -> bool:
        async def find(tx: Reader) -> tuple[int, int]:
            found, _ = await get_any_group(tx, group)
            status = await statuses.get_status(tx, int(post)) if post.isdecimal() else None
            status = status or await statuses.get_status_by_address(tx, post)
            return (found.actor_id, status.id) if status is not None and isinstance(found, PublicGroup) else (0, 0)

        group_id, status_id = await ctx.db.read(find)
        return await public_acts.lock(ctx, group_id, status_id, moderator=moderator, by=CONSOLE, locked=not undo)

    if not console.run(act):
        raise Refused(
            say(
                f"{group} is no public group that shows this post, or {moderator} does not moderate it",
                f"{group} n'est pas un groupe public qui montre ce message, ou {moderator} ne le modère pas",
            )
        )
    sentence = (
        say("The thread is open.", "La discussion est ouverte.")
        if undo
        else say("Only moderators may answer now.", "Seuls les modérateurs peuvent encore répondre.")
    )
    console.tell({"group": group, "post": post, "locked": not undo}, sentence)


def _act_on(console: Console, group: str, member: str, act: Act) -> None:
    """Do something about one person in one group; what is not there to be done is refused with a sentence."""

    async def find(tx: Reader) -> tuple[GroupActs, int, int]:
        found, _ = await get_any_group(tx, group)
        return acts_of(found), found.actor_id, (await get_anyone(tx, member)).id

    async def run(ctx: Context) -> None:
        try:
            await act(ctx, *await ctx.db.read(find))
        except LookupError as error:
            raise Refused(
                say(
                    f"nothing to do about {member} in {group}: see `confrere group members {group}`",
                    f"rien à faire pour {member} dans {group} : voir `confrere group members {group}`",
                )
            ) from error

    console.run(run)


for _command in (widen_, expel, close, purge_, lost, break_glass, unconfirmed, confirm, give_up):
    group_command.add_command(_command)
