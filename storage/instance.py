"""Values that belong to the instance as a whole: secrets made at `init`, the moment it was created."""

from storage.database import Reader, Transaction


async def get_value(tx: Reader, key: str) -> str | None:
    found: str | None = await tx.value("SELECT value FROM instance WHERE key = :key", key=key)
    return found


async def insert_value(tx: Transaction, key: str, value: str) -> None:
    """Record a value that must not exist yet: secrets are never replaced in passing."""
    await tx.execute("INSERT INTO instance (key, value) VALUES (:key, :value)", key=key, value=value)


async def delete_value(tx: Transaction, key: str) -> None:
    await tx.execute("DELETE FROM instance WHERE key = :key", key=key)
