"""Collections: people of this instance whom a member shows together. Everybody may see one, so no group is ever in it.

Who stands in a collection is asked when it is read: who no longer wants to be found, was disabled, or stands on either
side of a block with its owner or with who looks, is not there. Decides nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.records import CollectionItem, FeaturedCollection, columns, make, placeholders, values

# Mastodon's.
MOST_COLLECTIONS = 10
MOST_ITEMS = 25
MOST_NAME = 40
MOST_DESCRIPTION = 100

_COLUMNS = columns(FeaturedCollection, "c")
_ITEM = columns(CollectionItem, "i")
_INSERT = "INSERT INTO collections ({}) VALUES ({})".format(*placeholders(FeaturedCollection))
_INSERT_ITEM = "INSERT INTO collection_items ({}) VALUES ({})".format(*placeholders(CollectionItem))


def _apart(other: str) -> str:
    """Whether an actor `a` and `other` block each other, one way or the other."""
    return (
        f"EXISTS (SELECT 1 FROM blocks ab WHERE (ab.owner_id = a.id AND ab.target_id = {other}) "
        f"OR (ab.target_id = a.id AND ab.owner_id = {other}))"
    )


# Whether an actor `a` may stand in collections: a member of ours who wants to be found.
_WILLING = "(a.host = '' AND a.type = 'Person' AND a.discoverable = 1 AND a.disabled_at IS NULL)"
# Whether `viewer` is shown an item `i` of a collection `c`, with `a` for who is in it.
_ITEM_SHOWN = f"(i.revoked_at IS NULL AND {_WILLING} AND NOT {_apart('c.owner_id')} AND NOT {_apart(':viewer')})"
# Whether `viewer` is shown a collection `c` at all, with `o` for its owner.
_SHOWN = """(o.disabled_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM blocks ob WHERE ob.owner_id = c.owner_id AND ob.target_id = :viewer))"""
_OF_OWNERS = "collections c JOIN actors o ON o.id = c.owner_id"
_HOLDS_VIEWER = f"""EXISTS (
  SELECT 1 FROM collection_items i JOIN actors a ON a.id = i.actor_id
  WHERE i.collection_id = c.id AND i.actor_id = :viewer AND {_ITEM_SHOWN})"""
# Whether a notification `n` may tell `viewer` of its collection: as long as they are in it.
TELLABLE = f"EXISTS (SELECT 1 FROM {_OF_OWNERS} WHERE c.id = n.collection_id AND {_SHOWN} AND {_HOLDS_VIEWER})"


@dataclass(frozen=True, slots=True)
class Shown:
    """A collection and who is in it, as one viewer is shown it."""

    collection: FeaturedCollection
    items: list[CollectionItem]


async def list_of(tx: Reader, owner_id: int, *, viewer: int, limit: int, offset: int) -> list[Shown]:
    """A member's collections, newest first; to others those that are meant to be come upon."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM {_OF_OWNERS} WHERE c.owner_id = :owner AND (c.discoverable = 1 OR c.owner_id = :viewer) "
        f"AND {_SHOWN} ORDER BY c.id DESC LIMIT :limit OFFSET :offset",
        owner=owner_id,
        viewer=viewer,
        limit=limit,
        offset=offset,
    )
    return await _with_items(tx, [FeaturedCollection(*row) for row in found], viewer=viewer)


async def list_holding(tx: Reader, actor_id: int, *, limit: int, offset: int) -> list[Shown]:
    """The collections that somebody is in, newest first: for themselves."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM {_OF_OWNERS} WHERE {_SHOWN} AND {_HOLDS_VIEWER} "
        "ORDER BY c.id DESC LIMIT :limit OFFSET :offset",
        viewer=actor_id,
        limit=limit,
        offset=offset,
    )
    return await _with_items(tx, [FeaturedCollection(*row) for row in found], viewer=actor_id)


async def list_shown(tx: Reader, ids: Iterable[int], *, viewer: int) -> dict[int, Shown]:
    """Those of these collections that the viewer (0 for nobody) is shown."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM {_OF_OWNERS} WHERE c.id IN :ids AND {_SHOWN}", ids=wanted, viewer=viewer
    )
    shown = await _with_items(tx, [FeaturedCollection(*row) for row in found], viewer=viewer)
    return {one.collection.id: one for one in shown}


async def get_shown(tx: Reader, collection_id: int, *, viewer: int) -> Shown | None:
    return (await list_shown(tx, [collection_id], viewer=viewer)).get(collection_id)


async def _with_items(tx: Reader, found: Sequence[FeaturedCollection], *, viewer: int) -> list[Shown]:
    """In the order in which people were put in."""
    if not found:
        return []
    rows = await tx.rows(
        f"SELECT {_ITEM} FROM collection_items i JOIN collections c ON c.id = i.collection_id "
        f"JOIN actors a ON a.id = i.actor_id WHERE c.id IN :ids AND {_ITEM_SHOWN} ORDER BY i.id",
        ids=[one.id for one in found],
        viewer=viewer,
    )
    items: dict[int, list[CollectionItem]] = {}
    for item in (CollectionItem(*row) for row in rows):
        items.setdefault(item.collection_id, []).append(item)
    return [Shown(one, items.get(one.id, [])) for one in found]


async def count_collections(tx: Reader, owner_id: int) -> int:
    return int(await tx.value("SELECT count(*) FROM collections WHERE owner_id = :owner", owner=owner_id))


async def insert_collection(tx: Transaction, made: FeaturedCollection) -> None:
    await tx.execute(_INSERT, **values(made))


async def update_collection(tx: Transaction, changed: FeaturedCollection) -> None:
    """Write all that its owner may change."""
    await tx.execute(
        "UPDATE collections SET name = :name, description = :description, language = :language, "
        "sensitive = :sensitive, discoverable = :discoverable, tag = :tag, updated_at = :updated_at "
        "WHERE id = :id",
        **values(changed),
    )


async def delete_collection(tx: Transaction, collection_id: int) -> None:
    await tx.execute("DELETE FROM collections WHERE id = :id", id=collection_id)


async def list_willing(tx: Reader, owner_id: int, actor_ids: Iterable[int]) -> set[int]:
    """Those of these actors whom a member may put into a collection."""
    found = await tx.rows(
        f"SELECT a.id FROM actors a WHERE a.id IN :ids AND {_WILLING} AND NOT {_apart(':owner')}",
        ids=list(actor_ids),
        owner=owner_id,
    )
    return {row[0] for row in found}


async def count_items(tx: Reader, collection_id: int) -> int:
    """How many places are taken, by those who are not shown at the moment too."""
    return int(
        await tx.value(
            "SELECT count(*) FROM collection_items WHERE collection_id = :id AND revoked_at IS NULL", id=collection_id
        )
    )


async def insert_item(tx: Transaction, made: CollectionItem) -> bool:
    """Put somebody in; False for who is in it, or has taken themselves out."""
    done = await tx.execute(f"{_INSERT_ITEM} ON CONFLICT (collection_id, actor_id) DO NOTHING", **values(made))
    return done > 0


async def get_item(tx: Reader, item_id: int, *, collection_id: int) -> CollectionItem | None:
    """A place that is taken, be its holder shown or not."""
    return make(
        CollectionItem,
        await tx.row(
            f"SELECT {_ITEM} FROM collection_items i WHERE i.id = :id AND i.collection_id = :collection "
            "AND i.revoked_at IS NULL",
            id=item_id,
            collection=collection_id,
        ),
    )


async def delete_item(tx: Transaction, item_id: int) -> None:
    await tx.execute("DELETE FROM collection_items WHERE id = :id", id=item_id)


async def revoke_item(tx: Transaction, item_id: int, *, now: int) -> None:
    """Somebody takes themselves out, for good."""
    await tx.execute("UPDATE collection_items SET revoked_at = :now WHERE id = :id", id=item_id, now=now)
