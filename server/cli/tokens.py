"""`confrere token`: access tokens for scripts. A token for somebody else's account is for development only."""

import sys

import click

from federation.context import Context
from server.cli.console import CONSOLE, Console, Group, Refused, told
from server.cli.people import get_member, tell_member
from server.speech import say
from storage import audit
from storage.members import Person
from web.oauth.scopes import parse_scopes
from web.oauth.tokens import issue_console_token
from web.passwords import password_fits


@click.group("token", cls=Group, **told("Access tokens.", "Jetons d'accès.", "confrere token create claire"))
def token_command() -> None:
    pass


@token_command.command(
    "create",
    **told(
        "Print a new access token for an account. Outside development its owner types the password; they are told.",
        "Afficher un nouveau jeton d'accès. Hors développement, le titulaire tape son mot de passe ; il est prévenu.",
        "confrere token create claire --scopes 'read write follow push'",
    ),
)
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, metavar="'read write follow push'")
@click.option("--password-stdin", is_flag=True, help=say("Read it from standard input.", "Lu sur l'entrée standard."))
@click.pass_obj
def create(console: Console, name: str, scopes: str, password_stdin: bool) -> None:
    wanted = parse_scopes(scopes)
    if not wanted:
        raise Refused(say(f"unknown scopes: {scopes}", f"portées inconnues : {scopes}"))
    password = None if console.config().development else _read_password(from_stdin=password_stdin)

    async def act(ctx: Context) -> str:
        person = await ctx.db.read(lambda tx: get_member(tx, name))
        if password is not None:
            await _require_owner(person, password)
        if not person.enabled:
            raise Refused(say(f"{name} is closed", f"{name} est fermé"))
        await _announce(ctx, person, wanted)
        return await issue_console_token(ctx.db, person.actor.id, wanted, now=ctx.now())

    token = console.run(act)
    console.tell({"token": token, "scopes": list(wanted)}, token)


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt(say("Password", "Mot de passe"), hide_input=True, err=True))


async def _require_owner(person: Person, password: str) -> None:
    if not await password_fits(password, person.member.password_hash):
        raise Refused(
            say(
                "not the password of this account: outside development a token is made by its owner only",
                "ce n'est pas le mot de passe : hors développement, seul le titulaire crée un jeton",
            )
        )


async def _announce(ctx: Context, person: Person, scopes: tuple[str, ...]) -> None:
    """Before the token exists: none is made without a trace."""
    now = ctx.now()
    await ctx.db.transact(
        lambda tx: audit.append(
            tx, actor=CONSOLE, act="token.create", subject=person.actor.username, now=now, scopes=list(scopes)
        )
    )
    listed = " ".join(scopes)
    await tell_member(
        ctx,
        person,
        french=f"Un jeton d'accès à votre compte a été créé sur le serveur (portées : {listed}).",
        english=f"An access token for your account was created on the server (scopes: {listed}).",
    )
