"""Mail that waits to be sent: written with the act that it tells of, so that neither comes without the other.

Must not know what it says, nor how it is sent.
"""

from storage import queues
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.queues import Lease
from storage.records import Mail, columns, placeholders, values

_COLUMNS = columns(Mail, "m")
_INSERT = "INSERT INTO mails ({}) VALUES ({})".format(*placeholders(Mail))


async def insert_mail(tx: Transaction, *, recipient: str, subject: str, body: str, now: int) -> None:
    host = recipient.rpartition("@")[2].lower()
    await tx.execute(_INSERT, **values(Mail(new_id(now), host, recipient, subject, body, "due", 0, now)))


async def claim_due(tx: Transaction, lease: Lease, *, limit: int, share: int) -> list[Mail]:
    """Lease what is due, fairly between mail hosts."""
    ids = await queues.claim(tx, "mails", lease, limit=limit, share=share)
    if not ids:
        return []
    return [Mail(*row) for row in await tx.rows(f"SELECT {_COLUMNS} FROM mails m WHERE m.id IN :ids", ids=ids)]


async def delete_mail(tx: Transaction, mail_id: int) -> None:
    """It was sent, or never will be."""
    await tx.execute("DELETE FROM mails WHERE id = :id", id=mail_id)


async def delete_mails_to(tx: Transaction, recipient: str) -> None:
    """Nothing more is to be said there."""
    await tx.execute("DELETE FROM mails WHERE recipient = :recipient", recipient=recipient)


async def reschedule(tx: Transaction, mail_id: int, *, due_at: int) -> None:
    await tx.execute("UPDATE mails SET due_at = :due, lease_owner = '' WHERE id = :id", due=due_at, id=mail_id)


async def count_waiting(tx: Reader) -> int:
    return int(await tx.value("SELECT count(*) FROM mails"))


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "mails", owner=owner, now=now)
