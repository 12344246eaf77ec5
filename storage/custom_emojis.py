"""Emoji of our own: pictures with a short name, which members put into posts and names. Decides nothing."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.records import CustomEmoji, columns, make, values

_COLUMNS = columns(CustomEmoji, "e")
_INSERT = (
    "INSERT INTO custom_emojis (id, shortcode, file, category, created_at) "
    "VALUES (:id, :shortcode, :file, :category, :created_at)"
)


async def insert_emoji(tx: Transaction, emoji: CustomEmoji) -> None:
    await tx.execute(_INSERT, **values(emoji))


async def delete_emoji(tx: Transaction, emoji_id: int) -> None:
    await tx.execute("DELETE FROM custom_emojis WHERE id = :id", id=emoji_id)


async def get_emoji(tx: Reader, emoji_id: int) -> CustomEmoji | None:
    return make(CustomEmoji, await tx.row(f"SELECT {_COLUMNS} FROM custom_emojis e WHERE e.id = :id", id=emoji_id))


async def list_emojis(tx: Reader) -> list[CustomEmoji]:
    """All of them, by category and name."""
    found = await tx.rows(f"SELECT {_COLUMNS} FROM custom_emojis e ORDER BY e.category, e.shortcode")
    return [CustomEmoji(*row) for row in found]


async def list_named(tx: Reader, shortcodes: Iterable[str]) -> list[CustomEmoji]:
    """Those with these names, by name."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM custom_emojis e WHERE e.shortcode IN :names ORDER BY e.shortcode",
        names=list(shortcodes),
    )
    return [CustomEmoji(*row) for row in found]
