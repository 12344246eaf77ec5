"""`confrere backup` and `confrere restore`: an instance in one file, and back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from server.archive import ArchiveError, Manifest, is_sealed, read_manifest
from server.cli.console import CONSOLE, Command, Console, Refused, moment, told
from server.config import Config
from server.context import NotReadyError, newest_schema
from server.restoring import (
    NewerJournalError,
    Restored,
    back_up,
    engine_of,
    is_taken,
    read_account,
    restore,
    write_settings,
)
from server.speech import say
from storage.copies import CopyError, InUseError, MissingToolError
from storage.journal import Account, Line

_PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.File(encoding="utf-8"),
    metavar="F",
    help=say(
        "A file with the passphrase, - for standard input.", "Un fichier avec la phrase secrète, - pour l'entrée."
    ),
)


@click.command(
    "backup",
    cls=Command,
    **told(
        "Write database, media and settings to one file, while the servers run.",
        "Écrire base, médias et réglages dans un fichier, serveurs en marche.",
        "confrere backup /backups --passphrase-file /etc/confrere/backup.key",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@_PASSPHRASE
@click.pass_obj
def backup_command(console: Console, folder: Path, passphrase_file: IO[str] | None) -> None:
    console.require_ready()

    def watch(files: list[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
        if console.as_json:
            yield from files
            return
        with click.progressbar(files, label=say("Copying", "Copie")) as shown:
            yield from shown

    try:
        path, manifest = back_up(console.config(), console.path, folder, _passphrase(passphrase_file), watch)
    except (CopyError, NotReadyError, OSError) as error:
        raise _refusal(error) from error
    sealed = is_sealed(path)
    sentence = say(f"{path}: {len(manifest.files)} files", f"{path} : {len(manifest.files)} fichiers")
    if not sealed:
        clear = ("not encrypted, and it holds private keys", "non chiffré, avec des clés privées")
        sentence += f" ({say(*clear)})"
    console.tell({"file": str(path), "files": len(manifest.files), "sealed": sealed}, sentence)


@click.command(
    "restore",
    cls=Command,
    **told(
        "Make the instance of a backup, and tell it what was taken back since. Stop the servers first.",
        "Refaire l'instance d'une sauvegarde, avec les retraits survenus depuis. Arrêtez d'abord les serveurs.",
        "confrere restore /backups --passphrase-file /etc/confrere/backup.key",
    ),
)
@click.argument("source", metavar="DIR|FILE", type=click.Path(path_type=Path, exists=True))
@_PASSPHRASE
@click.option(
    "--overwrite", is_flag=True, help=say("Replace the instance that is there.", "Remplacer l'instance en place.")
)
@click.option(
    "--incomplete-journal",
    is_flag=True,
    help=say(
        "The journal may lack its last lines: members are confirmed by hand.",
        "Le journal peut être incomplet : les membres sont confirmés à la main.",
    ),
)
@click.pass_obj
def restore_command(
    console: Console, source: Path, passphrase_file: IO[str] | None, overwrite: bool, incomplete_journal: bool
) -> None:
    archive, passphrase = _newest(source), _passphrase(passphrase_file)
    try:
        manifest = read_manifest(archive, passphrase)
        if not console.path.exists():
            write_settings(console.path, archive, passphrase)
        config = console.config()
        _require_fit(config, manifest)
        if not overwrite and asyncio.run(is_taken(config)):
            raise Refused(say("there is an instance: --overwrite", "il y a déjà une instance : --overwrite"))
        account = read_account(config, manifest)
        account = Account(account.lines, whole=account.whole and not incomplete_journal)
        restored = asyncio.run(restore(config, archive, passphrase, account, by=CONSOLE))
    except (ArchiveError, CopyError, NewerJournalError, NotReadyError, OSError) as error:
        raise _refusal(error) from error
    told_of = {"file": str(archive), "whole": restored.whole, "replayed": restored.told}
    console.tell(
        {**told_of, "missed": [{"kind": line.kind, **_named(line)} for line in restored.missed]},
        _report(archive, manifest, restored),
    )


def _newest(source: Path) -> Path:
    if source.is_file():
        return source
    found = sorted(path for path in source.glob("confrere-*") if path.suffix in {".tar", ".sealed"})
    if not found:
        raise Refused(say(f"no backup in {source}", f"pas de sauvegarde dans {source}"))
    return max(found, key=lambda path: path.stem.rpartition("-")[2])


def _passphrase(file: IO[str] | None) -> str:
    if file is None:
        return ""
    found = file.read().strip()
    if not found:
        raise Refused(say("the passphrase is empty", "la phrase secrète est vide"))
    return found


def _require_fit(config: Config, manifest: Manifest) -> None:
    for name, here, there in (
        ("host", config.host, manifest.host),
        ("database", engine_of(config), manifest.engine),
    ):
        if here != there:
            raise Refused(
                say(
                    f"{name}: the settings say {here}, the backup is of {there}",
                    f"{name} : les réglages disent {here}, la sauvegarde est de {there}",
                )
            )
    if manifest.schema > newest_schema():
        newer = say("the backup is of a newer version", "la sauvegarde est d'une version plus récente")
        raise Refused(f"{newer}: {manifest.program}")


def _refusal(error: Exception) -> Refused:
    match error:
        case MissingToolError():
            tool = str(error)
            return Refused(
                say(
                    f"{tool} is not installed: PostgreSQL's own client programs are needed",
                    f"{tool} n'est pas installé : il faut les programmes clients de PostgreSQL",
                )
            )
        case InUseError():
            return Refused(say("stop the servers first", "arrêtez d'abord les serveurs"))
        case ArchiveError(sealed=True):
            wrong = say("the passphrase is wrong, or the file was changed", "phrase secrète fausse, ou fichier modifié")
            return Refused(wrong)
        case ArchiveError():
            return Refused(say(f"no whole backup: {error}", f"sauvegarde incomplète : {error}"))
        case NewerJournalError():
            return Refused(
                say(f"the journal is of a newer version: {error}", f"journal d'une version plus récente : {error}")
            )
        case _:
            return Refused(str(error))


def _named(line: Line) -> dict[str, str]:
    """Who is concerned, without the text of a ruleset."""
    return {key: value for key, value in line.facts.items() if isinstance(value, str) and key != "body"}


def _report(archive: Path, manifest: Manifest, restored: Restored) -> str:
    lines = [
        say(
            f"Restored {archive} of {moment(manifest.made_at)}; {restored.told} retractions told again.",
            f"{archive} du {moment(manifest.made_at)} restauré ; {restored.told} retraits appliqués de nouveau.",
        ),
        *(
            [
                say(
                    "The journal does not go on from it: look at `confrere group unconfirmed`, remove who was removed "
                    "since, then `confrere group confirm`.",
                    "Le journal ne le prolonge pas : voyez `confrere group unconfirmed`, retirez qui l'avait été, "
                    "puis `confrere group confirm`.",
                )
            ]
            if not restored.whole
            else []
        ),
        *(
            say(f"Unknown here, to be done again: {line.kind}", f"Inconnu ici, à refaire : {line.kind}")
            + f" {', '.join(_named(line).values())}"
            for line in restored.missed
        ),
        say("Everybody signs in again.", "Chacun se reconnecte."),
    ]
    return "\n".join(lines)
