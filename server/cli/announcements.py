"""`confrere announcement`: what all members are told by their apps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from federation.context import Context
from federation.outbox import announcements as acts
from federation.outbox.announcements import Notice
from server.cli.console import CONSOLE, Console, Group, Refused, moment, told
from server.speech import say
from storage import announcements
from storage.records import Announcement

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


@click.group(
    "announcement",
    cls=Group,
    **told("What all members are told.", "Ce qui est dit à tous les membres.", "confrere announcement list"),
)
def announcement_command() -> None:
    pass


def _described(command: Any) -> Any:
    """The options that say what and when."""
    for option in (
        click.option("--all-day", is_flag=True, help=say("The times are days.", "Les dates sont des jours.")),
        click.option(
            "--until", type=click.DateTime(_FORMATS), metavar="T", help=say("Its end, in UTC.", "Sa fin, en UTC.")
        ),
        click.option("--from", "start", type=click.DateTime(_FORMATS), metavar="T", help=say("UTC.", "En UTC.")),
        click.option("--en", "english", default="", metavar="TEXT", help=say("In English.", "En anglais.")),
        click.option("--fr", "french", default="", metavar="TEXT", help=say("In French.", "En français.")),
    ):
        command = option(command)
    return command


@announcement_command.command(
    "add",
    **told(
        "Tell all members something. Apps show it until it ends, or until it is removed.",
        "Dire quelque chose à tous les membres. Les applications le montrent jusqu'à sa fin ou son retrait.",
        "confrere announcement add --fr 'Maintenance dimanche' --en 'Maintenance on Sunday' --until 2027-01-31T12:00",
    ),
)
@_described
@click.pass_obj
def add(console: Console, /, **said: Any) -> None:
    made = console.run(lambda ctx: acts.publish_notice(ctx, _read(**said), by=CONSOLE))
    console.tell({"id": str(made)}, say(f"Announced ({made}).", f"Annoncé ({made})."))


@announcement_command.command(
    "update",
    **told(
        "Say it anew: text and times are those given now.",
        "Le redire : texte et dates sont ceux donnés ici.",
        "confrere announcement update 115 --fr 'Maintenance lundi' --until 2027-02-01T12:00",
    ),
)
@click.argument("number", type=int, metavar="ID")
@_described
@click.pass_obj
def update(console: Console, /, number: int, **said: Any) -> None:
    made = console.run(lambda ctx: acts.publish_notice(ctx, _read(**said), by=CONSOLE, announcement_id=number))
    if made is None:
        raise _none(number)
    console.tell({"id": str(made)}, say(f"Announced anew ({made}).", f"Annoncé à nouveau ({made})."))


def _read(french: str, english: str, start: datetime | None, until: datetime | None, *, all_day: bool) -> Notice:
    notice = Notice(french.strip(), english.strip(), _unix(start), _unix(until), all_day)
    if not notice.french and not notice.english:
        raise Refused(say("say something: --fr, --en or both", "dites quelque chose : --fr, --en ou les deux"))
    if all_day and not (start and until):
        raise Refused(say("--all-day needs --from and --until", "--all-day demande --from et --until"))
    if all_day and until:
        notice = replace(notice, ends_at=_unix(until + timedelta(days=1) - timedelta(milliseconds=1)))
    if notice.starts_at and notice.ends_at and notice.starts_at >= notice.ends_at:
        raise Refused(say("it ends before it begins", "la fin précède le début"))
    return notice


def _unix(given: datetime | None) -> int | None:
    return None if given is None else int(given.replace(tzinfo=UTC).timestamp() * 1000)


@announcement_command.command(
    "list", **told("All announcements.", "Toutes les annonces.", "confrere announcement list --json")
)
@click.pass_obj
def list_(console: Console) -> None:
    async def act(ctx: Context) -> list[dict[str, Any]]:
        return [_row(one) for one in await ctx.db.read(announcements.list_announcements)]

    console.show_rows(console.run(act), say("No announcements.", "Pas d'annonce."))


def _row(one: Announcement) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "at": moment(one.published_at),
        "since": moment(one.starts_at),
        "until": moment(one.ends_at),
        "french": one.french,
        "english": one.english,
    }


@announcement_command.command(
    "remove", **told("Take an announcement back.", "Retirer une annonce.", "confrere announcement remove 115")
)
@click.argument("number", type=int, metavar="ID")
@click.pass_obj
def remove(console: Console, number: int) -> None:
    if not console.run(lambda ctx: acts.remove_notice(ctx, number, by=CONSOLE)):
        raise _none(number)
    console.tell({"id": str(number)}, say("Removed.", "Retirée."))


def _none(number: int) -> Refused:
    return Refused(say(f"there is no announcement {number}", f"pas d'annonce {number}"))
