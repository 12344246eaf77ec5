"""`confrere doctor`: what is wrong around this instance: schema, names, TLS, clock, peers, agreements, queues, disk."""

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import click

from federation.context import Context
from federation.failures import FetchError, FetchFault
from policies.agreements import days_left, warning_due
from policies.rules import parse
from policies.ruleset import Agreement, Peer, day_of
from policies.terms import PeerState
from server.cli.console import Command, Console, told
from server.cli.policy import current_text
from server.config import Config
from server.speech import say
from storage import deliveries, inbox
from storage.database import Reader

LEAST_FREE_BYTES = 1 << 30
LATE_MS = 10 * 60 * 1000
CERTIFICATE_DAYS = 14
CLOCK_SECONDS = 30  # signatures are good for minutes, group-only requests for one
_CONNECT_SECONDS = 5


class Health(StrEnum):
    """How a check went; only `wrong` makes the command fail."""

    OK = "ok"
    WATCH = "watch"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check."""

    check: str
    state: Health
    finding: str


@click.command(
    "doctor",
    cls=Command,
    **told(
        "Look at names, TLS, clock, peers, queues and disk. Exit status 1 when something is wrong.",
        "Examiner noms, TLS, horloge, pairs, files et disque. Statut 1 si quelque chose ne va pas.",
        "confrere doctor --json",
    ),
)
@click.pass_obj
@click.pass_context
def doctor_command(ctx: click.Context, console: Console) -> None:
    config = console.config()

    async def act(context: Context) -> list[Finding]:
        return [finding async for finding in _examine(config, context)]

    findings = console.run(act)
    console.show_rows([asdict(finding) for finding in findings], "")
    ctx.exit(int(any(finding.state is Health.WRONG for finding in findings)))


async def _examine(config: Config, ctx: Context) -> AsyncIterator[Finding]:
    yield Finding("database", Health.OK, say("schema is current", "schéma à jour"))
    if not config.development:
        yield await _check_name(config.host)
        yield await _check_certificate(config)
    for peer in parse((await ctx.db.read(current_text)).body).peers.values():
        if peer.state in {PeerState.ACTIVE, PeerState.TRIAL}:
            yield await _check_peer(ctx, peer)
            if peer.agreement is not None:
                yield _judge_agreement(peer, peer.agreement, day_of(ctx.now()))
    for finding in await ctx.db.read(lambda tx: _check_queues(tx, ctx.now())):
        yield finding
    yield _check_disk(config)


async def _check_name(host: str) -> Finding:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError as error:
        return Finding("name", Health.WRONG, f"{host}: {error.strerror}")
    return Finding("name", Health.OK, ", ".join(sorted({str(address[0]) for *_, address in found})))


async def _check_certificate(config: Config) -> Finding:
    """What others see when they connect to us: whatever proxy has the certificate."""
    context = ssl.create_default_context(cafile=config.ca_bundle)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(config.host, 443, ssl=context)
    except (OSError, TimeoutError) as error:
        return Finding("tls", Health.WRONG, f"{config.host}:443: {error or type(error).__name__}")
    certificate = writer.get_extra_info("peercert")
    writer.close()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    soon = (ends - datetime.now(UTC)).days < CERTIFICATE_DAYS
    return Finding(
        "tls", Health.WATCH if soon else Health.OK, say(f"good until {ends:%Y-%m-%d}", f"bon jusqu'au {ends:%Y-%m-%d}")
    )


async def _check_peer(ctx: Context, peer: Peer) -> Finding:
    """Whether it answers, and whether its clock agrees with ours: signatures carry dates."""
    url = f"{ctx.origin.scheme}://{peer.host}/.well-known/nodeinfo"
    name = f"peer {peer.host}"
    try:
        fetched = await ctx.client.fetch_document(url, sign=None, accept=("application/json",))
    except FetchError as error:
        state = Health.WRONG if error.kind is FetchFault.REFUSED_ADDRESS else Health.WATCH
        return Finding(name, state, str(error))
    try:
        theirs = parsedate_to_datetime(fetched.headers.get("Date", ""))
    except ValueError:
        return Finding(name, Health.OK, say("answers", "répond"))
    apart = round(abs(theirs.timestamp() - ctx.now() / 1000))
    state = Health.WATCH if apart > CLOCK_SECONDS else Health.OK
    return Finding(name, state, say(f"answers; clocks {apart} s apart", f"répond ; horloges à {apart} s d'écart"))


def _judge_agreement(peer: Peer, agreement: Agreement, today: date) -> Finding:
    left, name = days_left(peer, today), f"agreement {peer.host}"
    dates = f"{agreement.starts} – {agreement.until}"
    if left is None:
        return Finding(name, Health.WRONG, say(f"not in force: {dates}", f"pas en vigueur : {dates}"))
    state = Health.OK if warning_due(peer, today) is None else Health.WATCH
    return Finding(name, state, say(f"{left} days left: {dates}", f"encore {left} jours : {dates}"))


async def _check_queues(tx: Reader, now: int) -> list[Finding]:
    waiting = {"inbox": await inbox.get_next_due(tx), "deliveries": await deliveries.get_next_due(tx)}
    counts = {"inbox": await inbox.count_due(tx), "deliveries": await deliveries.count_due(tx)}
    return [_judge_queue(name, counts[name], due, now) for name, due in waiting.items()]


def _judge_queue(name: str, count: int, due: int | None, now: int) -> Finding:
    late = due is not None and now - due > LATE_MS
    words = say(f"{count} waiting", f"{count} en attente")
    if late:
        words += say("; is `confrere serve` or `work` running?", " ; `confrere serve` ou `work` tourne-t-il ?")
    return Finding(f"queue {name}", Health.WRONG if late else Health.OK, words)


def _check_disk(config: Config) -> Finding:
    folder = config.media_folder if config.media_folder.is_dir() else config.media_folder.parent
    free = shutil.disk_usage(folder).free
    writable = os.access(folder, os.W_OK)
    words = say(f"{free >> 20} MiB free at {folder}", f"{free >> 20} Mio libres dans {folder}")
    if not writable:
        return Finding(
            "disk", Health.WRONG, say(f"{folder} cannot be written", f"{folder} n'est pas accessible en écriture")
        )
    return Finding("disk", Health.OK if free > LEAST_FREE_BYTES else Health.WRONG, words)
