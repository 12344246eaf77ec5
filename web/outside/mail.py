"""Sending mail by the institution's own server, which the admin names: plain text, one message for one recipient.

Nothing that is said in a group is ever mailed. Must not know what a message says.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from pathlib import Path

import aiosmtplib

from federation.context import Context
from federation.rounds import go_rounds
from storage import mails
from storage.queues import Lease
from storage.records import Mail

log = logging.getLogger(__name__)

AT_ONCE = 8
PER_HOST = 4
LEASE_MS = 120_000
PATIENCE_SECONDS = 30
ROUND_SECONDS = 2.0
# A link that comes later than this has ended long ago.
RETRY_AFTER = (60_000, 300_000, 900_000, 3_600_000, 3 * 3_600_000)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `security`: `starttls`, `tls` (from the first byte) or `none` (a server beside us)."""

    host: str
    port: int
    sender: str
    security: str = "starttls"
    user: str = ""
    password: str = ""
    ca_bundle: Path | None = None


async def run_mail(ctx: Context, server: MailServer, stop: asyncio.Event, owner: str) -> None:
    """Send what waits until told to stop; any number of processes may do so at once."""
    await go_rounds(partial(send_due, ctx, server, owner), stop, seconds=ROUND_SECONDS, name="sending mail")
    await ctx.db.transact(lambda tx: mails.release(tx, owner=owner, now=ctx.now()))


async def send_due(ctx: Context, server: MailServer, owner: str) -> None:
    """Everything that is due."""
    while claimed := await ctx.db.transact(
        lambda tx: mails.claim_due(tx, Lease(owner, ctx.now(), ctx.now() + LEASE_MS), limit=AT_ONCE, share=PER_HOST)
    ):
        await asyncio.gather(*(send(ctx, server, mail) for mail in claimed))


async def send(ctx: Context, server: MailServer, mail: Mail) -> None:
    """One message. A refusal for good (5xx) ends it; anything else is tried again for some hours."""
    try:
        await _hand_over(server, make_message(server, mail, ctx.origin.host, ctx.now()))
    except (aiosmtplib.SMTPException, OSError) as error:
        code = _code(error)
        log.warning("mail %s could not be sent: %s", mail.id, code or type(error).__name__)
        if not 500 <= code < 600 and mail.attempts <= len(RETRY_AFTER):
            due = ctx.now() + RETRY_AFTER[mail.attempts - 1]  # claiming counted this attempt already
            await ctx.db.transact(lambda tx: mails.reschedule(tx, mail.id, due_at=due))
            return
    await ctx.db.transact(lambda tx: mails.delete_mail(tx, mail.id))


def _code(error: Exception) -> int:
    """The server's answer (RFC 5321 §4.2); 0 when there was none."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return max((refused.code for refused in error.recipients), default=0)
    # A wrong password is ours to mend: what waits must not be lost meanwhile.
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return 0
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0


def make_message(server: MailServer, mail: Mail, host: str, now: int) -> EmailMessage:
    """As RFC 5322 wants it, and marked as sent by a program (RFC 3834), so that no absence notice answers."""
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    message["Message-ID"] = make_msgid(str(mail.id), host)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


async def _hand_over(server: MailServer, message: EmailMessage) -> None:
    context = ssl.create_default_context(cafile=None if server.ca_bundle is None else str(server.ca_bundle))
    await aiosmtplib.send(
        message,
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=None if server.security == "none" else context,
        timeout=PATIENCE_SECONDS,
    )
