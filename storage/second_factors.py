"""What members show besides their password: an app with one-time codes, security keys, recovery codes; and challenges
not yet answered.

Each code and each challenge is good once. Must not know how codes are computed or what a challenge asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.records import Authenticator, Challenge, SecurityKey, columns, make, placeholders, values

MOST_ATTEMPTS = 5

_AUTHENTICATOR = columns(Authenticator, "f")
_INSERT_AUTHENTICATOR = "INSERT INTO authenticators ({}) VALUES ({})".format(*placeholders(Authenticator))
_KEY = columns(SecurityKey, "k")
_INSERT_KEY = "INSERT INTO security_keys ({}) VALUES ({})".format(*placeholders(SecurityKey))
_CHALLENGE, _CHALLENGE_VALUES = placeholders(Challenge)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a member has set up. `recovery_codes`: how many are left."""

    authenticator: Authenticator | None
    keys: tuple[SecurityKey, ...]
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether the password alone does not sign in."""
        return self.authenticator is not None or bool(self.keys)


async def get_factors(tx: Reader, actor_id: int) -> Factors:
    found = await tx.row(f"SELECT {_AUTHENTICATOR} FROM authenticators f WHERE f.actor_id = :actor", actor=actor_id)
    keys = await tx.rows(f"SELECT {_KEY} FROM security_keys k WHERE k.actor_id = :actor ORDER BY k.id", actor=actor_id)
    codes = await tx.value("SELECT count(*) FROM recovery_codes WHERE actor_id = :actor", actor=actor_id)
    return Factors(make(Authenticator, found), tuple(SecurityKey(*key) for key in keys), codes)


async def replace_authenticator(tx: Transaction, made: Authenticator) -> None:
    """Set up an app; the codes of the one before are good no more."""
    await delete_authenticator(tx, made.actor_id)
    await tx.execute(_INSERT_AUTHENTICATOR, **values(made))


async def claim_step(tx: Transaction, actor_id: int, step: int) -> bool:
    """Take a code by its step; False when it or a newer one was taken before (RFC 6238 §5.2)."""
    return (
        await tx.execute(
            "UPDATE authenticators SET last_step = :step WHERE actor_id = :actor AND last_step < :step",
            actor=actor_id,
            step=step,
        )
        > 0
    )


async def delete_authenticator(tx: Transaction, actor_id: int) -> None:
    await tx.execute("DELETE FROM authenticators WHERE actor_id = :actor", actor=actor_id)


async def insert_key(tx: Transaction, key: SecurityKey) -> bool:
    """False when somebody has this key already."""
    known = await tx.value("SELECT 1 FROM security_keys WHERE credential = :credential", credential=key.credential)
    if known is None:
        await tx.execute(_INSERT_KEY, **values(key))
    return known is None


async def update_sign_count(tx: Transaction, key_id: int, sign_count: int) -> None:
    """Keep how often a key has signed: a copy of it would fall behind (Web Authentication §6.1.1)."""
    await tx.execute("UPDATE security_keys SET sign_count = :count WHERE id = :id", id=key_id, count=sign_count)


async def delete_key(tx: Transaction, actor_id: int, key_id: int) -> None:
    await tx.execute("DELETE FROM security_keys WHERE id = :id AND actor_id = :actor", id=key_id, actor=actor_id)


async def replace_recovery_codes(tx: Transaction, actor_id: int, hashes: Iterable[str]) -> None:
    """New codes; the ones before are good no more."""
    await tx.execute("DELETE FROM recovery_codes WHERE actor_id = :actor", actor=actor_id)
    await tx.execute_many(
        "INSERT INTO recovery_codes (hash, actor_id) VALUES (:hash, :actor)",
        [{"hash": hashed, "actor": actor_id} for hashed in hashes],
    )


async def claim_recovery_code(tx: Transaction, actor_id: int, hashed: str) -> bool:
    """Use a code up; False when this member has no such code."""
    return (
        await tx.execute(
            "DELETE FROM recovery_codes WHERE hash = :hash AND actor_id = :actor", hash=hashed, actor=actor_id
        )
        > 0
    )


async def delete_factors(tx: Transaction, actor_id: int) -> None:
    """Take everything off: the password alone signs in again. What was begun cannot be ended any more."""
    for table in ("authenticators", "security_keys", "recovery_codes", "challenges"):
        await tx.execute(f"DELETE FROM {table} WHERE actor_id = :actor", actor=actor_id)


async def insert_challenge(tx: Transaction, made: Challenge, *, now: int) -> None:
    """Record a challenge, and forget all that have expired."""
    await tx.execute("DELETE FROM challenges WHERE expires_at <= :now", now=now)
    await tx.execute(f"INSERT INTO challenges ({_CHALLENGE}) VALUES ({_CHALLENGE_VALUES})", **values(made))


async def claim_attempt(tx: Transaction, hashed: str, purpose: str, *, now: int) -> Challenge | None:
    """The challenge, with one attempt more counted; None for one that nobody has, expired, or tried too often."""
    found = await tx.rows(
        "UPDATE challenges SET attempts = attempts + 1 WHERE hash = :hash AND purpose = :purpose "
        f"AND expires_at > :now AND attempts < :most RETURNING {_CHALLENGE}",
        hash=hashed,
        purpose=purpose,
        now=now,
        most=MOST_ATTEMPTS,
    )
    return Challenge(*found[0]) if found else None


async def delete_challenge(tx: Transaction, hashed: str) -> None:
    """The challenge was met."""
    await tx.execute("DELETE FROM challenges WHERE hash = :hash", hash=hashed)
