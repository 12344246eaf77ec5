"""People who asked for an account and are not in yet, and the links that show whose an e-mail address is.

Until they are let in their actor is disabled, so that nothing shows that they are here but the name, which is taken.
Links come as hashes only. Must not know who lets them in.
"""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.members import PEOPLE, Person, joined
from storage.records import make, placeholders, values

_WAITING = "(m.confirmed_at IS NULL OR m.approved_at IS NULL)"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A link that was mailed to one address. `back`: where in the browser they came from; '' for nowhere."""

    actor_id: int
    hash: str
    email: str
    back: str
    expires_at: int


_CONFIRMATION, _CONFIRMATION_VALUES = placeholders(Confirmation)


async def lock_names(tx: Transaction) -> None:
    """Until the transaction ends nobody else takes a name by signing up: two that look alike are different values, which no
    constraint keeps apart. The row of the instance's own actor stands for all names.
    """
    await tx.row("SELECT id FROM actors WHERE id = 1 /*pg FOR NO KEY UPDATE*/")


async def list_waiting(tx: Reader) -> list[Person]:
    """Who is not in yet, those who came first first."""
    return [joined(row) for row in await tx.rows(f"{PEOPLE} WHERE {_WAITING} ORDER BY m.actor_id")]


async def delete_waiting(tx: Transaction, actor_id: int) -> None:
    """Forget somebody who is not in yet, whole: account, name, address, tokens. Nobody who ever was in."""
    await tx.execute(
        "DELETE FROM actors WHERE id = :id AND EXISTS "
        f"(SELECT 1 FROM members m WHERE m.actor_id = actors.id AND {_WAITING})",
        id=actor_id,
    )


async def delete_unconfirmed(tx: Transaction, *, before: int) -> int:
    """Forget whoever signed up before a moment (unix ms) and never confirmed: the address may be somebody else's."""
    return await tx.execute(
        "DELETE FROM actors WHERE id IN "
        "(SELECT m.actor_id FROM members m WHERE m.confirmed_at IS NULL AND m.created_at < :before)",
        before=before,
    )


async def list_names(tx: Reader) -> list[str]:
    """Every name that is taken here: of members, groups, the instance, and of who waits."""
    return [row[0] for row in await tx.rows("SELECT username FROM actors WHERE host = ''")]


async def is_email_taken(tx: Reader, email: str) -> bool:
    return bool(await tx.value("SELECT count(*) FROM members WHERE email = :email", email=email))


async def upsert_confirmation(tx: Transaction, made: Confirmation) -> None:
    """Record a link; the one before it is good no more."""
    await tx.execute(
        f"INSERT INTO email_confirmations ({_CONFIRMATION}) VALUES ({_CONFIRMATION_VALUES}) ON CONFLICT (actor_id) "
        "DO UPDATE SET hash = excluded.hash, email = excluded.email, back = excluded.back, expires_at = excluded.expires_at",
        **values(made),
    )


async def get_confirmation(tx: Reader, hashed: str, *, now: int) -> Confirmation | None:
    """What a live link confirms; it stays good."""
    return make(
        Confirmation,
        await tx.row(
            f"SELECT {_CONFIRMATION} FROM email_confirmations WHERE hash = :hash AND expires_at > :now",
            hash=hashed,
            now=now,
        ),
    )


async def get_back(tx: Reader, actor_id: int) -> str:
    """Where somebody who has not confirmed came from."""
    return str(await tx.value("SELECT back FROM email_confirmations WHERE actor_id = :id", id=actor_id) or "")


async def claim_confirmation(tx: Transaction, hashed: str, *, now: int) -> Confirmation | None:
    """The same, once: of two who claim it, one gets None."""
    found = await tx.rows(
        f"DELETE FROM email_confirmations WHERE hash = :hash AND expires_at > :now RETURNING {_CONFIRMATION}",
        hash=hashed,
        now=now,
    )
    return Confirmation(*found[0]) if found else None
