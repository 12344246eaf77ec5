"""An instance made into an archive, and an archive made into an instance again. Must not know the command line."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from federation import reconciling
from federation.act import Act, perform
from federation.context import Context
from federation.replaying import list_unknown, replay
from server.archive import DATABASE, MEDIA, SETTINGS, Manifest, extract, write_archive
from server.config import Config
from server.context import make_journal, newest_schema, now_ms, open_context
from storage import instance
from storage.copies import RESTORING, copy_database, folder_of, is_sqlite, is_there, load_database
from storage.engines import connect
from storage.journal import BEGUN, Account, Journal, Line, Mark, since
from storage.migrate import get_version, migrate

Files = Iterable[tuple[str, Path]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of an archive. `whole`: the journal lacks nothing since; `told`: how many of its lines were applied;
    `missed`: those that name somebody whom the copy does not know.
    """

    whole: bool
    told: int
    missed: list[Line]


class NewerJournalError(ValueError):
    """The journal has lines of a kind that this version does not know; the text names the kinds."""


def engine_of(config: Config) -> str:
    return "sqlite" if is_sqlite(config.database) else "postgresql"


def back_up(
    config: Config, settings: Path, folder: Path, passphrase: str, watch: Callable[[list[tuple[str, Path]]], Files]
) -> tuple[Path, Manifest]:
    """Write an archive to a folder; `watch` sees the files go by. CopyError, OSError.

    The journal's place is read first: what is taken back while the copy is made is told again.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark, made_at = make_journal(config).mark(), now_ms()
    copy = folder / f".{secrets.token_hex(8)}.copy"
    try:
        copy_database(config.database, copy)
        files = [(DATABASE, copy), (SETTINGS, settings), *_media(config.media_folder)]
        moment = datetime.fromtimestamp(made_at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"confrere-{config.host.replace(':', '-')}-{moment}.{'sealed' if passphrase else 'tar'}"

        def describe(found: dict[str, str]) -> Manifest:
            at = (mark.at, mark.seal)
            return Manifest(version("confrere"), newest_schema(), engine_of(config), config.host, made_at, at, found)

        path = folder / name
        return path, write_archive(path, watch(files), describe, passphrase)  # type: ignore[arg-type]  # a dict is a Mapping
    finally:
        copy.unlink(missing_ok=True)


def _media(root: Path) -> Iterator[tuple[str, Path]]:
    """What is complete: a file that is being written has a name with a dot before it."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield f"{MEDIA}/{path.relative_to(root).as_posix()}", path


def read_account(config: Config, manifest: Manifest) -> Account:
    """What the journal says has been taken back since the archive was made. NewerJournalError."""
    try:
        account = since(Journal(config.journal, now_ms).read(), Mark(*manifest.journal))
    except OSError:
        return Account([], whole=False)
    lines = [line for line in account.lines if line.kind != BEGUN]
    if unknown := list_unknown(lines):
        raise NewerJournalError(", ".join(sorted(unknown)))
    return Account(lines, whole=account.whole)


async def is_taken(config: Config) -> bool:
    """Whether there is an instance already, other than one whose restore was not finished."""
    if not is_there(config.database):
        return False
    db = await connect(config.database)
    try:
        if await get_version(db) == 0:
            return False
        return await db.read(lambda tx: instance.get_value(tx, RESTORING)) is None
    finally:
        await db.close()


async def restore(config: Config, archive: Path, passphrase: str, account: Account, *, by: str) -> Restored:
    """Put an archive in the place of the instance, and tell it what happened since. CopyError, OSError.

    Killed at any moment, it has to be run again: until the end no server starts with this database.
    """
    await asyncio.to_thread(_put_back, config, archive, passphrase)
    async with open_context(config, journalled=False) as ctx:
        await migrate(ctx.db)
        restored = await catch_up(ctx, account, by=by)
    make_journal(config)
    return restored


async def catch_up(ctx: Context, account: Account, *, by: str) -> Restored:
    """Tell a copy that was put back what happened since, and let it be served."""
    missed = await replay(ctx, account.lines)

    async def finish(act: Act) -> None:
        await reconciling.begin(act, whole=account.whole, by=by)
        await instance.delete_value(act.tx, RESTORING)

    await perform(ctx, finish)
    return Restored(account.whole, len(account.lines), missed)


def _put_back(config: Config, archive: Path, passphrase: str) -> None:
    folder = folder_of(config.database) or config.media_folder
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f".{secrets.token_hex(8)}.copy"
    try:
        extract(archive, passphrase, lambda name: copy if name == DATABASE else None)
        load_database(config.database, copy)
    finally:
        copy.unlink(missing_ok=True)
    media = config.media_folder
    extract(archive, passphrase, lambda name: media / name[len(MEDIA) + 1 :] if name.startswith(f"{MEDIA}/") else None)


def write_settings(path: Path, archive: Path, passphrase: str) -> None:
    """The settings of an archive, where there are none."""
    os.umask(0o077)
    extract(archive, passphrase, lambda name: path if name == SETTINGS else None)
