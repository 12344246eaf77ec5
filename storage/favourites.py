"""Likes. Keeps each post's count in step."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.records import Favourite, columns, make, placeholders, values

_COLUMNS = columns(Favourite, "f")
_INSERT = "INSERT INTO favourites ({}) VALUES ({}) ON CONFLICT (status_id, actor_id) DO NOTHING".format(
    *placeholders(Favourite)
)


async def get_favourite(tx: Reader, actor_id: int, status_id: int) -> Favourite | None:
    return make(
        Favourite,
        await tx.row(
            f"SELECT {_COLUMNS} FROM favourites f WHERE f.actor_id = :actor AND f.status_id = :status",
            actor=actor_id,
            status=status_id,
        ),
    )


async def get_favourite_by_uri(tx: Reader, uri: str) -> Favourite | None:
    return make(Favourite, await tx.row(f"SELECT {_COLUMNS} FROM favourites f WHERE f.uri = :uri", uri=uri))


async def insert_favourite(tx: Transaction, favourite: Favourite) -> bool:
    """True when it was not there before."""
    inserted = await tx.execute(_INSERT, **values(favourite)) > 0
    if inserted:
        await _count(tx, favourite.status_id, 1)
    return inserted


async def delete_favourite(tx: Transaction, favourite: Favourite) -> bool:
    deleted = await tx.execute("DELETE FROM favourites WHERE id = :id", id=favourite.id) > 0
    if deleted:
        await _count(tx, favourite.status_id, -1)
    return deleted


async def _count(tx: Transaction, status_id: int, change: int) -> None:
    await tx.execute(
        "UPDATE statuses SET favourites_count = favourites_count + :change WHERE id = :id", change=change, id=status_id
    )


async def list_favourited(tx: Reader, actor_id: int, status_ids: Iterable[int]) -> set[int]:
    """Which of these posts the actor likes."""
    found = await tx.rows(
        "SELECT status_id FROM favourites WHERE actor_id = :actor AND status_id IN :ids",
        actor=actor_id,
        ids=list(status_ids),
    )
    return {row[0] for row in found}
