"""`confrere init`, `check` and `migrate`: from nothing to an instance that can serve, and from one version to the next."""

import asyncio
import json
import os
from pathlib import Path

import click

from federation.local_actors import INSTANCE_ACTOR_ID
from federation.setup import create_instance
from server.cli.console import Command, Console, Refused, told
from server.config import Config, ConfigError, parse_config
from server.context import HANDLE_DOMAIN, NotReadyError, newest_schema, open_context, require_ready
from server.speech import say
from storage import actors, instance
from storage.migrate import get_version, migrate

_SETTINGS = """\
# Confrère. All settings: docs/settings.md. `confrere check` reports every mistake at once.
# Confrère. Tous les réglages : docs/settings.md. `confrere check` signale toutes les erreurs d'un coup.

host = {host}
handle_domain = {handle_domain}   # @name@here: cannot change later / ne peut plus changer
title = {title}
database = "sqlite:///confrere.sqlite3"
media = "file:media"
"""
_FOR_DEVELOPMENT = """\

# Plain http and servers on this machine: never on a public host / jamais sur un hôte public
development = true
trusted_addresses = ["127.0.0.0/8", "::1/128"]
"""


@click.command(
    "init",
    cls=Command,
    **told(
        "Create an instance: settings file, keys, database. Nothing that exists is overwritten.",
        "Créer une instance : fichier de réglages, clés, base. Rien d'existant n'est écrasé.",
        "confrere init --host social.chu-a.example --organisation 'CHU A' --handle-domain chu-a.example",
    ),
)
@click.option("--host", required=True, metavar="H", help=say("The name others reach it by.", "Le nom public."))
@click.option("--organisation", required=True, metavar="NAME", help=say("The institution.", "L'établissement."))
@click.option("--handle-domain", metavar="D", help=say("What follows @name@.", "Ce qui suit @nom@."))
@click.option("--development", is_flag=True, help=say("Plain http, on this machine.", "En http, sur cette machine."))
@click.pass_obj
def init_command(console: Console, host: str, organisation: str, handle_domain: str | None, development: bool) -> None:
    text = _settings_text(host, handle_domain or host, organisation, development=development)
    if console.path.exists():
        raise Refused(say(f"{console.path} exists; it is left as it is", f"{console.path} existe ; rien n'est changé"))
    os.umask(0o077)  # the database holds private keys, the settings perhaps a password
    try:
        config = parse_config(text, os.environ, console.path.absolute().parent)
        console.path.parent.mkdir(parents=True, exist_ok=True)
        asyncio.run(_create(config, organisation))
        with console.path.open("x", encoding="utf-8") as file:
            file.write(text)
    except (ConfigError, NotReadyError, OSError) as error:
        raise Refused(str(error)) from error
    console.tell({"settings": str(console.path), "host": host}, _next_steps(console.path, config))


@click.command(
    "check",
    cls=Command,
    **told(
        "Check the settings, and that the database is ready for them.",
        "Vérifier les réglages, et que la base est prête.",
        "confrere check --config /etc/confrere/confrere.toml",
    ),
)
@click.pass_obj
def check_command(console: Console) -> None:
    console.require_ready()
    sentence = say(f"{console.path}: in order", f"{console.path} : en ordre")
    console.tell({"settings": str(console.path), "ok": True}, sentence)


@click.command(
    "migrate",
    cls=Command,
    **told(
        "Bring the database to the schema of this version. Stop the servers first.",
        "Amener la base au schéma de cette version. Arrêtez d'abord les serveurs.",
        "confrere migrate",
    ),
)
@click.pass_obj
def migrate_command(console: Console) -> None:
    async def run(config: Config) -> list[int]:
        async with open_context(config) as ctx:
            if await get_version(ctx.db) > newest_schema():
                newer = say("the database is of a newer version", "la base est d'une version plus récente")
                raise NotReadyError(newer)
            applied = await migrate(ctx.db)
            await require_ready(ctx)
            return applied

    try:
        applied = asyncio.run(run(console.config()))
    except NotReadyError as error:
        raise Refused(str(error)) from error
    done = ", ".join(map(str, applied)) or say("nothing to do", "rien à faire")
    console.tell({"applied": applied}, say(f"Migrations applied: {done}", f"Migrations appliquées : {done}"))


async def _create(config: Config, organisation: str) -> None:
    config.media_folder.mkdir(parents=True, exist_ok=True)
    async with open_context(config) as ctx:
        await migrate(ctx.db)
        if await ctx.db.read(lambda tx: actors.get_actor(tx, INSTANCE_ACTOR_ID)):
            raise NotReadyError(
                say("the database holds an instance already", "la base contient déjà une instance"),
            )
        await create_instance(ctx, organisation=organisation)
        await ctx.db.transact(lambda tx: instance.insert_value(tx, HANDLE_DOMAIN, config.handle_domain))


def _settings_text(host: str, handle_domain: str, organisation: str, *, development: bool) -> str:
    text = _SETTINGS.format(host=_quoted(host), handle_domain=_quoted(handle_domain), title=_quoted(organisation))
    if development:
        text += _FOR_DEVELOPMENT
        if port := host.partition(":")[2]:
            text += f'bind = "127.0.0.1:{port}"\n'
    return text


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _next_steps(path: Path, config: Config) -> str:
    return say(
        f"""Created {path} for {config.host}. Next:
  confrere member add NAME --email E --role admin    the first account; prints its sign-in link
  confrere peer add HOST --organisation O --state proposed    another institution
  confrere serve    then put a proxy with TLS before {config.bind} (deploy/)""",
        f"""{path} créé pour {config.host}. Ensuite :
  confrere member add NOM --email E --role admin    le premier compte ; affiche son lien de connexion
  confrere peer add HÔTE --organisation O --state proposed    un autre établissement
  confrere serve    puis un mandataire TLS devant {config.bind} (deploy/)""",
    )
