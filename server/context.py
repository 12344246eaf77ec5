"""The `Context` of a real instance, made from its settings, and whether that instance can work.

Must not know doors, jobs or commands.
"""

import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from federation.addresses import Guard
from federation.client import Client
from federation.context import Context, Origin
from federation.local_actors import INSTANCE_ACTOR_ID
from server.config import Config
from server.speech import say
from storage import actors, instance
from storage.copies import RESTORING
from storage.database import Database, Reader
from storage.engines import connect
from storage.journal import Journal
from storage.migrate import get_version, list_migrations

HANDLE_DOMAIN = "handle_domain"


class NotReadyError(RuntimeError):
    """This instance cannot work yet; the text says, to an admin, what to do."""


@asynccontextmanager
async def open_context(config: Config, *, journalled: bool = True) -> AsyncIterator[Context]:
    """The database and the client of an instance, closed at the end. NotReadyError when the database does not open.
    `journalled`: what is taken back is written to the journal; not where it comes from there.
    """
    db = await _open_database(config, make_journal(config) if journalled else None)
    try:
        async with _make_client(config) as client:
            yield Context(
                db,
                client,
                Origin(config.host, config.handle_domain, config.scheme, config.media_host),
                now_ms,
                mail=config.mail is not None,
                joinable=config.registrations != "closed",
            )
    finally:
        await db.close()


def now_ms() -> int:
    """The clock of production, in unix ms."""
    return time.time_ns() // 1_000_000


async def require_ready(ctx: Context) -> None:
    """NotReadyError unless the schema is this version's and the instance was created under these names."""
    found, wanted = await get_version(ctx.db), newest_schema()
    if found == 0:
        raise NotReadyError(say("the database is empty: run `confrere init`", "base vide : lancez `confrere init`"))
    if found != wanted:
        raise NotReadyError(
            say(
                f"the schema is version {found}, this program wants {wanted}: run `confrere migrate`",
                f"schéma en version {found}, ce programme veut la {wanted} : lancez `confrere migrate`",
            )
        )
    await ctx.db.read(lambda tx: _require_identity(tx, ctx.origin))


def newest_schema() -> int:
    """The version of the schema that this program works with."""
    return max(number for number, _ in list_migrations())


async def _require_identity(tx: Reader, origin: Origin) -> None:
    """Ids and names are for ever: other servers know us by them."""
    if await instance.get_value(tx, RESTORING) is not None:
        unfinished = "a restore was not finished: run `confrere restore` again"
        raise NotReadyError(say(unfinished, "une restauration n'est pas terminée : relancez `confrere restore`"))
    actor = await actors.get_actor(tx, INSTANCE_ACTOR_ID)
    if actor is None:
        raise NotReadyError(say("no instance here: run `confrere init`", "pas d'instance ici : lancez `confrere init`"))
    domain = await instance.get_value(tx, HANDLE_DOMAIN)
    for setting, stored, configured in (
        ("host", actor.uri, origin.instance_actor),
        ("handle_domain", domain, origin.handle_domain),
    ):
        if stored != configured:
            raise NotReadyError(
                say(
                    f"{setting} cannot change: this database was created for {stored}, the settings say {configured}",
                    f"{setting} ne peut pas changer : base créée pour {stored}, les réglages disent {configured}",
                )
            )


def make_journal(config: Config) -> Journal:
    """Where retractions are written down outside the database. NotReadyError when that cannot be done."""
    journal = Journal(config.journal, now_ms, days=config.journal_days)
    try:
        journal.begin()
    except OSError as error:
        raise NotReadyError(
            say(
                f"the journal of retractions cannot be written: {error}",
                f"le journal des retraits ne peut être écrit : {error}",
            )
        ) from error
    return journal


async def _open_database(config: Config, journal: Journal | None) -> Database:
    address = config.database
    folder = Path(address.removeprefix("sqlite:///")).parent
    if address.startswith("sqlite:") and not os.access(folder, os.W_OK):
        raise NotReadyError(
            say(
                f"the database does not open: {folder} is not a folder we may write to",
                f"la base ne s'ouvre pas : {folder} n'est pas un dossier accessible en écriture",
            )
        )
    try:
        return await connect(address, journal)
    except Exception as error:  # each driver has its own kinds; none quotes more than the admin's own address
        raise NotReadyError(say(f"the database does not open: {error}", f"la base ne s'ouvre pas : {error}")) from error


def make_guard(config: Config) -> Guard:
    """Where connections may go that others, or the admin, name."""
    return Guard(config.trusted_addresses, config.trusted_hosts, development=config.development)


def _make_client(config: Config) -> Client:
    return Client(
        make_guard(config),
        user_agent=f"Confrere/{version('confrere')} (+{config.scheme}://{config.host}/)",
        now=now_ms,
        tls=make_tls(config),
    )


def make_tls(config: Config) -> ssl.SSLContext | None:
    """The authorities to trust; None for the system's. NotReadyError when they cannot be read."""
    if config.ca_bundle is None:
        return None
    try:
        return ssl.create_default_context(cafile=config.ca_bundle)
    except OSError as error:  # ssl.SSLError is one
        raise NotReadyError(
            say(
                f"ca_bundle {config.ca_bundle} cannot be used: {error}",
                f"ca_bundle {config.ca_bundle} inutilisable : {error}",
            )
        ) from error
