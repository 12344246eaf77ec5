"""`confrere queue`: what waits to be sent or applied, per host, and pushing, releasing or dropping it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import click

from federation.context import Context
from server.cli.console import CONSOLE, Console, Group, moment, told
from server.speech import say
from storage import audit, deliveries, inbox
from storage.database import Reader, Transaction


@click.group("queue", cls=Group, **told("Queues.", "Files d'attente.", "confrere queue show"))
def queue_command() -> None:
    pass


@queue_command.command(
    "show",
    **told(
        "What is due, held, refused or given up, per host.",
        "Ce qui est dû, retenu, refusé ou abandonné, par hôte.",
        "confrere queue show --json",
    ),
)
@click.pass_obj
def show(console: Console) -> None:
    async def rows(tx: Reader) -> list[dict[str, Any]]:
        due = await inbox.count_due(tx)
        received = [_row("inbox", "", "due", due, None, "")] if due else []
        return received + [_row("deliveries", *row) for row in await deliveries.count_by_state(tx)]

    console.show_rows(console.run(lambda ctx: ctx.db.read(rows)), say("Nothing waits.", "Rien n'attend."))


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
    async def change(tx: Transaction, now: int) -> int:
        if host:
            await deliveries.upsert_host(tx, replace(await deliveries.get_host(tx, host), failures=0, retry_at=0))
        return await deliveries.requeue(tx, states=("dead",), host=host, now=now)

    count = _audited(console, "queue.retry", host or "*", change)
    console.tell({"deliveries": count}, say(f"{count} to be tried again.", f"{count} à réessayer."))


@queue_command.command(
    "release",
    **told(
        "Try again what is held for a host; all rules are asked again.",
        "Réessayer ce qui est retenu pour un hôte ; toutes les règles sont consultées à nouveau.",
        "confrere queue release chu-b.example",
    ),
)
@click.argument("host")
@click.pass_obj
def release(console: Console, host: str) -> None:
    async def change(tx: Transaction, now: int) -> int:
        return await deliveries.requeue(tx, states=("held",), host=host, now=now)

    count = _audited(console, "queue.release", host, change)
    console.tell({"deliveries": count}, say(f"{count} released.", f"{count} libérés."))


@queue_command.command(
    "drop",
    **told(
        "Forget what is held for a host.",
        "Oublier ce qui est retenu pour un hôte.",
        "confrere queue drop chu-b.example",
    ),
)
@click.argument("host")
@click.pass_obj
def drop(console: Console, host: str) -> None:
    async def change(tx: Transaction, _now: int) -> int:
        return await deliveries.drop_held(tx, host=host)

    count = _audited(console, "queue.drop", host, change)
    console.tell({"deliveries": count}, say(f"{count} dropped.", f"{count} abandonnés."))


def _audited(console: Console, name: str, host: str, change: Callable[[Transaction, int], Awaitable[int]]) -> int:
    """A change of the queues with its audit record, in one transaction; answers how many it concerned."""

    async def act(ctx: Context) -> int:
        now = ctx.now()

        async def unit(tx: Transaction) -> int:
            count = await change(tx, now)
            await audit.append(tx, actor=CONSOLE, act=name, subject=host, now=now, deliveries=count)
            return count

        return await ctx.db.transact(unit)

    return console.run(act)


def _row(queue: str, host: str, state: str, count: int, oldest: int | None, reason: str) -> dict[str, Any]:
    return {
        "queue": queue,
        "host": host,
        "state": state,
        "waiting": count,
        "oldest": moment(oldest),
        "reason": reason,
    }
