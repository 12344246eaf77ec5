"""`confrere member`: the accounts of people here, and what is verified about them."""

import difflib
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from federation.context import Context
from federation.outbox import attestations as acts
from federation.outbox import sign_ups as acts_on_requests
from federation.outbox.attestations import Evidence
from federation.outbox.profiles import NAME, NewMember, create_member, require_free
from federation.outbox.sanctions import close_account, open_account
from policies.terms import PROFESSIONS, SPECIALTIES, Level, Role
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.cli.people import get_member, tell_member
from server.speech import say
from storage import attestations, audit, groups, members, second_factors, sign_ups
from storage.database import Reader, Transaction
from storage.members import Person
from storage.records import Attestation, listed
from web.pages.sign_in import LINK_MS, issue_link
from web.passwords import LEAST_PASSWORD, hash_password

LEVELS = [level.name.lower() for level in Level]


@click.group(
    "member",
    cls=Group,
    **told("Accounts and verification.", "Comptes et vérification.", "confrere member list"),
)
def member_command() -> None:
    pass


@member_command.command(
    "add",
    **told(
        "Add an account. Without a password, a sign-in link that is good once is printed.",
        "Ajouter un compte. Sans mot de passe, un lien de connexion valable une fois est affiché.",
        "confrere member add claire --email claire@chu-a.example --name 'Claire Martin' --password-stdin",
    ),
)
@click.argument("name")
@click.option("--email", required=True, metavar="E")
@click.option("--password", metavar="P", help=say("Seen by other users of this machine.", "Visible sur la machine."))
@click.option("--password-stdin", is_flag=True, help=say("Read it from standard input.", "Lu sur l'entrée standard."))
@click.option("--name", "display_name", default="", metavar="N", help=say("The displayed name.", "Le nom affiché."))
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.MEMBER.value)
@click.pass_obj
def add(
    console: Console,
    name: str,
    email: str,
    password: str | None,
    password_stdin: bool,
    display_name: str,
    role: str,
) -> None:
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    _check_account(name, email, password)

    async def act(ctx: Context) -> str:
        await ctx.db.read(lambda tx: _require_new(tx, name, email))
        hashed = "" if password is None else await hash_password(password)
        new = NewMember(name, email.lower(), hashed, display_name=display_name, role=role)
        actor = await create_member(ctx, new, by=CONSOLE)
        if role != Role.MEMBER:
            person = await ctx.db.read(lambda tx: get_member(tx, name))
            await tell_member(
                ctx,
                person,
                french=f"Votre compte a le rôle {role}, donné sur le serveur.",
                english=f"Your account has the role {role}, given on the server.",
            )
        return "" if hashed else await issue_link(ctx.db, ctx.origin, actor.id, now=ctx.now())

    link = console.run(act)
    told_link = (
        f"\n{say('Sign-in link, good once', 'Lien de connexion, valable une fois')} ({LINK_MS // 3_600_000} h): {link}"
    )
    sentence = say(f"Added {name} ({role}).", f"{name} ajouté ({role}).")
    console.tell({"name": name, "role": role, "link": link or None}, sentence + (told_link if link else ""))


@member_command.command(
    "verify",
    **told(
        "Record what was checked about a member, and attest it to other institutions.",
        "Enregistrer ce qui a été vérifié d'un membre, et l'attester aux autres établissements.",
        "confrere member verify claire --profession physician --specialty cardiology --level register --until 2027-06-30",
    ),
)
@click.argument("name")
@click.option("--profession", required=True, metavar="P", help="physician, nurse, pharmacist ...")
@click.option("--specialty", "specialties", multiple=True, metavar="S", help="cardiology, geriatrics ...")
@click.option("--level", required=True, type=click.Choice(LEVELS))
@click.option("--register", default="", metavar="FR/RPPS:NUMBER", help=say("Where it was found.", "Où c'est inscrit."))
@click.option("--country", default="", metavar="FR", help=say("Of practice.", "D'exercice."))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help=say("Last day.", "Dernier jour."))
@click.pass_obj
def verify(
    console: Console,
    name: str,
    profession: str,
    specialties: tuple[str, ...],
    level: str,
    register: str,
    country: str,
    until: datetime | None,
) -> None:
    _require_code(profession, PROFESSIONS)
    where = country.upper() or (register.partition("/")[0] if "/" in register else "")
    for specialty in specialties:
        _require_code(specialty, SPECIALTIES)
    last = None if until is None else _end_of(until)
    evidence = Evidence(profession, Level[level.upper()], specialties, where, register, last)

    async def act(ctx: Context) -> None:
        person = await ctx.db.read(lambda tx: get_member(tx, name))
        try:
            await acts.verify(ctx, person.actor.id, evidence, by=CONSOLE)
        except ValueError as error:
            raise Refused(str(error)) from error
        shown = PROFESSIONS[profession]
        french = f"Votre profession a été vérifiée : {shown.fr} (niveau {level})."
        english = f"Your profession was verified: {shown.en} (level {level})."
        await tell_member(ctx, person, french=french, english=english)

    console.run(act)
    sentence = say(f"{name} is verified: {profession}, {level}.", f"{name} est vérifié : {profession}, {level}.")
    console.tell({"name": name, "profession": profession, "level": level}, sentence)


@member_command.command(
    "revoke",
    **told(
        "Take a verification back. Memberships that need it end.",
        "Retirer une vérification. Les appartenances qui la demandent prennent fin.",
        "confrere member revoke claire --reason 'left the institution'",
    ),
)
@click.argument("name")
@click.option("--reason", required=True, metavar="R")
@click.pass_obj
def revoke(console: Console, name: str, reason: str) -> None:
    async def act(ctx: Context) -> None:
        person = await ctx.db.read(lambda tx: get_member(tx, name))
        if not await acts.revoke(ctx, person.actor.id, reason=reason, by=CONSOLE):
            raise Refused(say(f"{name} is not verified", f"{name} n'est pas vérifié"))

    console.run(act)
    console.tell({"name": name}, say(f"{name} is no longer verified.", f"{name} n'est plus vérifié."))


@member_command.command(
    "list",
    **told(
        "All accounts; --pending: who asked for one and is not in yet.",
        "Tous les comptes ; --pending : qui en demande un et attend.",
        "confrere member list --pending",
    ),
)
@click.option("--pending", is_flag=True)
@click.pass_obj
def list_(console: Console, pending: bool) -> None:
    if pending:
        waiting = console.run(lambda ctx: ctx.db.read(sign_ups.list_waiting))
        console.show_rows([_request(person) for person in waiting], say("Nobody waits.", "Personne n'attend."))
        return

    async def rows(tx: Reader) -> list[dict[str, Any]]:
        people = await members.list_people(tx)
        known = await attestations.list_attestations(tx, [person.actor.id for person in people])
        return [_row(person, known.get(person.actor.id)) for person in people]

    async def act(ctx: Context) -> list[dict[str, Any]]:
        return await ctx.db.read(rows)

    console.show_rows(console.run(act), say("No members yet.", "Pas encore de membre."))


@member_command.command(
    "approve",
    **told(
        "Let somebody in who asked for an account. They are told by mail.",
        "Ouvrir le compte de quelqu'un qui l'a demandé. Un courriel l'en avertit.",
        "confrere member approve nina",
    ),
)
@click.argument("name")
@click.pass_obj
def approve(console: Console, name: str) -> None:
    console.run(lambda ctx: _decide(ctx, name, acts_on_requests.approve))
    console.tell({"name": name}, say(f"{name} is let in.", f"Le compte de {name} est accepté."))


@member_command.command(
    "reject",
    **told(
        "Turn somebody away who asked for an account: all they said is erased, and the name is free again.",
        "Refuser un compte demandé : tout ce qui a été dit est effacé, et le nom redevient libre.",
        "confrere member reject nina",
    ),
)
@click.argument("name")
@click.pass_obj
def reject(console: Console, name: str) -> None:
    console.run(lambda ctx: _decide(ctx, name, acts_on_requests.reject))
    console.tell({"name": name}, say(f"{name} is turned away.", f"La demande de {name} est refusée."))


async def _decide(ctx: Context, name: str, act: Callable[..., Awaitable[Person]]) -> None:
    person = await ctx.db.read(lambda tx: get_member(tx, name))
    try:
        await act(ctx, person.actor.id, by=CONSOLE)
    except acts_on_requests.NotWaitingError as error:
        raise Refused(say(f"{name} does not wait to be let in", f"{name} n'attend pas d'approbation")) from error


@member_command.command("show", **told("One account.", "Un compte.", "confrere member show claire"))
@click.argument("name")
@click.pass_obj
def show(console: Console, name: str) -> None:
    async def act(ctx: Context) -> dict[str, Any]:
        return await ctx.db.read(lambda tx: _describe(tx, name, ctx.now()))

    console.show_record(console.run(act))


@member_command.command(
    "disable",
    **told(
        "Close an account: nobody signs in to it, its sessions and tokens end. --undo opens it again.",
        "Fermer un compte : plus de connexion, sessions et jetons prennent fin. --undo le rouvre.",
        "confrere member disable claire",
    ),
)
@click.argument("name")
@click.option("--undo", is_flag=True)
@click.pass_obj
def disable(console: Console, name: str, undo: bool) -> None:
    async def act(ctx: Context) -> None:
        now = ctx.now()

        async def unit(tx: Transaction) -> None:
            person = await get_member(tx, name)
            if undo:
                await open_account(tx, person.actor.id)
            else:
                await close_account(tx, person.actor.id, now=now)
            act_name = "member.enable" if undo else "member.disable"
            await audit.append(tx, actor=CONSOLE, act=act_name, subject=person.actor.username, now=now)

        await ctx.db.transact(unit)

    console.run(act)
    sentence = (
        say(f"{name} is open again.", f"{name} est rouvert.")
        if undo
        else say(f"{name} is closed.", f"{name} est fermé.")
    )
    console.tell({"name": name, "disabled": not undo}, sentence)


@member_command.command(
    "reset-2fa",
    **told(
        "Take all second factors off an account, for a member who lost theirs. Be sure who asks.",
        "Retirer tous les seconds facteurs d'un compte, pour un membre qui a perdu les siens. Soyez sûr de qui demande.",
        "confrere member reset-2fa claire",
    ),
)
@click.argument("name")
@click.pass_obj
def reset_second_factors(console: Console, name: str) -> None:
    async def act(ctx: Context) -> None:
        now = ctx.now()

        async def unit(tx: Transaction) -> Person:
            person = await get_member(tx, name)
            if not (await second_factors.get_factors(tx, person.actor.id)).any:
                raise Refused(say(f"{name} has no second factor", f"{name} n'a pas de second facteur"))
            await second_factors.delete_factors(tx, person.actor.id)
            subject = person.actor.username
            await audit.append(tx, actor=CONSOLE, act="member.reset_second_factors", subject=subject, now=now)
            return person

        french = "Vos seconds facteurs ont été retirés par un administrateur : votre mot de passe suffit de nouveau."
        english = "Your second factors were taken off by an administrator: your password alone signs you in again."
        await tell_member(ctx, await ctx.db.transact(unit), french=french, english=english)

    console.run(act)
    sentence = say(f"{name} signs in by password alone.", f"{name} se connecte avec le seul mot de passe.")
    console.tell({"name": name}, sentence)


def _check_account(name: str, email: str, password: str | None) -> None:
    if not NAME.fullmatch(name.lower()):
        raise Refused(
            say(
                "a name has 1 to 30 characters: letters without accents, digits and _",
                "un nom a de 1 à 30 caractères : lettres sans accent, chiffres et _",
            )
        )
    if not all(email.partition("@")) or any(character.isspace() for character in email):
        raise Refused(say(f"{email} is not an e-mail address", f"{email} n'est pas une adresse électronique"))
    if password is not None and len(password) < LEAST_PASSWORD:
        raise Refused(
            say(
                f"a password has at least {LEAST_PASSWORD} characters",
                f"un mot de passe a au moins {LEAST_PASSWORD} caractères",
            )
        )


async def _require_new(tx: Reader, name: str, email: str) -> None:
    try:
        await require_free(tx, name.lower())
    except ValueError as error:
        raise Refused(say(f"the name {name} is taken", f"le nom {name} est pris")) from error
    if await members.get_person_by_login(tx, email):
        raise Refused(say(f"{email} has an account already", f"{email} a déjà un compte"))


def _require_code(code: str, table: Mapping[str, object]) -> None:
    if code in table:
        return
    close = difflib.get_close_matches(code, table, n=1)
    meant = say(f"; did you mean {close[0]}?", f" ; vouliez-vous dire {close[0]} ?") if close else ""
    raise Refused(say(f"no such code: {code}", f"code inconnu : {code}") + meant)


def _end_of(day: datetime) -> int:
    """Unix ms of the end of a day (UTC): the last day counts."""
    return int((day.replace(tzinfo=UTC) + timedelta(days=1)).timestamp() * 1000)


def _request(person: Person) -> dict[str, Any]:
    return {
        "name": person.actor.username,
        "email": person.member.email,
        "confirmed": person.member.confirmed_at is not None,
        "approved": person.member.approved_at is not None,
        "reason": person.member.reason,
        "since": moment(person.member.created_at),
    }


def _row(person: Person, attestation: Attestation | None) -> dict[str, Any]:
    return {
        "name": person.actor.username,
        "display_name": person.actor.name,
        "role": person.member.role,
        "level": Level(attestation.level).name.lower() if attestation and attestation.revoked_at is None else None,
        "disabled": not person.enabled,
    }


async def _describe(tx: Reader, name: str, now: int) -> dict[str, Any]:
    person = await get_member(tx, name)
    attestation = await attestations.get_attestation(tx, person.actor.id)
    joined = await groups.list_groups_of(tx, person.actor.id, now=now)
    return {
        "name": person.actor.username,
        "display_name": person.actor.name,
        "uri": person.actor.uri,
        "email": person.member.email,
        "role": person.member.role,
        "created": moment(person.member.created_at),
        "disabled": moment(person.member.disabled_at) or None,
        "verified": _describe_attestation(attestation) if attestation else None,
        "groups": [actor.acct for _, actor in joined],
    }


def _describe_attestation(attestation: Attestation) -> dict[str, Any]:
    return {
        "profession": attestation.profession,
        "specialties": listed(attestation.specialties),
        "level": Level(attestation.level).name.lower(),
        "register": attestation.register,
        "until": moment(attestation.valid_until),
        "revoked": moment(attestation.revoked_at) or None,
    }
