"""`confrere queue`: what waits to be sent or applied, per host, and pushing, releasing or dropping it."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import click

from federation.context import Context
from server.cli.console import CONSOLE, Console, Group, moment, told
from server.speech import say
from storage import audit, deliveries, inbox, receipts
from storage.database import Reader, Transaction

MOST = 40


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of each queue a command concerned."""

    deliveries: int = 0
    inbox: int = 0

    @property
    def total(self) -> int:
        return self.deliveries + self.inbox


_item = click.option(
    "--item",
    type=click.IntRange(min=1),
    metavar="ID",
    help=say(
        "Only this one, of those received (queue show HOST).", "Seulement celui-ci, parmi ceux reçus (queue show HOST)."
    ),
)


@click.group("queue", cls=Group, **told("Queues.", "Files d'attente.", "confrere queue show"))
def queue_command() -> None:
    pass


@queue_command.command(
    "show",
    **told(
        "What is due, held, refused or given up, per host, and deletions not confirmed; of one HOST, each of them: no content.",
        "Ce qui est dû, retenu, refusé ou abandonné, par hôte, et les suppressions non confirmées ; pour un HOST, "
        "le détail, sans les contenus.",
        "confrere queue show --json",
    ),
)
@click.argument("host", required=False)
@click.pass_obj
def show(console: Console, host: str | None) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        if host:
            return await _history(tx, host)
        received = [_row("inbox", *row) for row in await inbox.count_by_state(tx)]
        sent = [_row("deliveries", *row) for row in await deliveries.count_by_state(tx)]
        return received + sent + [_row("deletions", *row) for row in await receipts.count_unconfirmed(tx)]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("Nothing waits.", "Rien n'attend."))


async def _history(tx: Reader, host: str) -> list[dict[str, Any]]:
    """What came from one host and is not applied, the latest deliveries to it, and the deletions that it has not confirmed."""
    received = [
        _event("received", f"{type_} {uri}", state, attempts, at, reason, item=str(item_id), size=size)
        for item_id, type_, uri, state, attempts, at, reason, size in await inbox.list_unfinished(tx, host, limit=MOST)
    ]
    sent = [
        _event("delivery", f"{type_} {uri}".strip(), state, attempts, at, reason)
        for type_, uri, state, attempts, at, reason in await deliveries.list_latest(tx, host, limit=MOST)
    ]
    return [
        *received,
        *sent,
        *(
            _event("deletion", one.object_uri, one.state, 0, one.deleted_at, "")
            for one in await receipts.list_unconfirmed(tx, host, limit=MOST)
        ),
    ]


def _event(
    what: str, about: str, state: str, attempts: int, at: int, reason: str, *, item: str = "", size: int = 0
) -> dict[str, Any]:
    """`item`: by which it is released or dropped alone."""
    return {
        "item": item,
        "what": what,
        "about": about,
        "state": state,
        "attempts": attempts,
        "bytes": size,
        "at": moment(at),
        "reason": reason,
    }


@queue_command.command(
    "retry",
    **told(
        "Try again what was given up, and do not wait any longer for a host that rests.",
        "Réessayer ce qui a été abandonné, sans attendre plus longtemps un hôte au repos.",
        "confrere queue retry chu-b.example",
    ),
)
@click.argument("host", required=False)
@click.pass_obj
def retry(console: Console, host: str | None) -> None:
    async def change(tx: Transaction, now: int) -> Moved:
        if host:
            await deliveries.upsert_host(tx, replace(await deliveries.get_host(tx, host), failures=0, retry_at=0))
        return Moved(await deliveries.requeue(tx, states=("dead",), host=host, now=now))

    moved = _audited(console, "queue.retry", host or "*", change)
    console.tell(asdict(moved), say(f"{moved.deliveries} to be tried again.", f"{moved.deliveries} à réessayer."))


@queue_command.command(
    "release",
    **told(
        "Try again what is held for a host, or from it; all rules are asked again.",
        "Réessayer ce qui est retenu pour un hôte, ou venant de lui ; toutes les règles sont consultées à nouveau.",
        "confrere queue release chu-b.example",
    ),
)
@click.argument("host")
@_item
@click.pass_obj
def release(console: Console, host: str, item: int | None) -> None:
    async def change(tx: Transaction, now: int) -> Moved:
        sent = 0 if item else await deliveries.requeue(tx, states=("held",), host=host, now=now)
        return Moved(sent, await inbox.requeue_held(tx, host=host, now=now, item_id=item))

    moved = _audited(console, "queue.release", host, change)
    console.tell(asdict(moved), say(f"{moved.total} released.", f"{moved.total} libérés."))


@queue_command.command(
    "drop",
    **told(
        "Forget what is held for a host, or from it.",
        "Oublier ce qui est retenu pour un hôte, ou venant de lui.",
        "confrere queue drop chu-b.example",
    ),
)
@click.argument("host")
@_item
@click.pass_obj
def drop(console: Console, host: str, item: int | None) -> None:
    async def change(tx: Transaction, _now: int) -> Moved:
        sent = 0 if item else await deliveries.drop_held(tx, host=host)
        return Moved(sent, await inbox.drop_held(tx, host=host, item_id=item))

    moved = _audited(console, "queue.drop", host, change)
    console.tell(asdict(moved), say(f"{moved.total} dropped.", f"{moved.total} abandonnés."))


def _audited(console: Console, name: str, host: str, change: Callable[[Transaction, int], Awaitable[Moved]]) -> Moved:
    """A change of the queues with its audit record, in one transaction."""

    async def act(ctx: Context) -> Moved:
        now = ctx.now()

        async def unit(tx: Transaction) -> Moved:
            moved = await change(tx, now)
            await audit.append(tx, actor=CONSOLE, act=name, subject=host, now=now, **asdict(moved))
            return moved

        return await ctx.db.transact(unit)

    return console.run(act)


def _row(queue: str, host: str, state: str, count: int, oldest: int, reason: str) -> dict[str, Any]:
    return {
        "queue": queue,
        "host": host,
        "state": state,
        "waiting": count,
        "oldest": moment(oldest),
        "reason": reason,
    }
