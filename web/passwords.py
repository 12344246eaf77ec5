"""Argon2id. Hashing takes tens of milliseconds on purpose, so it happens in a thread."""

import asyncio
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_PASSWORD = 8
MOST_PASSWORD = 1000

# OWASP's recommendation (Password Storage Cheat Sheet, 2025): 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


async def hash_password(password: str) -> str:
    """What to store of a password. RFC 8265: the same characters typed on another keyboard are the same password."""
    return await asyncio.to_thread(_HASHER.hash, _normal(password))


async def password_fits(password: str, hashed: str | None) -> bool:
    """Whether this is the password. For an account without one, or none at all, it takes as long and is never so."""
    return await asyncio.to_thread(_verify, _normal(password), hashed or "")


def _verify(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed or _nobody(), password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)
