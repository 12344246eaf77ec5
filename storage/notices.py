"""What waits to be told to members by the instance, as rows. Must not know why, or how it is sent."""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Notice:
    """Words in the language of their reader, whose name here is `username`."""

    id: int
    username: str
    words: str


async def insert_notice(tx: Transaction, owner_id: int, words: str, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO notices (id, owner_id, words, created_at) VALUES (:id, :owner, :words, :now)",
        id=new_id(now),
        owner=owner_id,
        words=words,
        now=now,
    )


async def list_notices(tx: Reader, *, limit: int) -> list[Notice]:
    """Those that wait, the oldest first."""
    found = await tx.rows(
        "SELECT n.id, a.username, n.words FROM notices n JOIN actors a ON a.id = n.owner_id ORDER BY n.id LIMIT :limit",
        limit=limit,
    )
    return [Notice(*row) for row in found]


async def delete_notice(tx: Transaction, notice_id: int) -> bool:
    """False when another process has it."""
    return bool(await tx.execute("DELETE FROM notices WHERE id = :id", id=notice_id))
