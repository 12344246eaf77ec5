"""Whom members want nothing to do with: people, and whole hosts. Others' blocks of our members are here too: they hide
(`storage.visibility`). What a block ends, and who is told, is for `federation.outbox.blocks`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.actors import list_uris
from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import Block, columns, make, placeholders, values

_COLUMNS = columns(Block, "b")
_INSERT = "INSERT INTO blocks ({}) VALUES ({})".format(*placeholders(Block))


async def get_block(tx: Reader, owner_id: int, target_id: int) -> Block | None:
    return make(
        Block,
        await tx.row(
            f"SELECT {_COLUMNS} FROM blocks b WHERE b.owner_id = :owner AND b.target_id = :target",
            owner=owner_id,
            target=target_id,
        ),
    )


async def get_block_by_uri(tx: Reader, uri: str) -> Block | None:
    return make(Block, await tx.row(f"SELECT {_COLUMNS} FROM blocks b WHERE b.uri = :uri", uri=uri))


async def list_blocks_between(tx: Reader, actor_id: int, others: Iterable[int]) -> list[Block]:
    """Blocks in either direction between one actor and several others."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM blocks b WHERE (b.owner_id = :id AND b.target_id IN :others) "
        "OR (b.target_id = :id AND b.owner_id IN :others)",
        id=actor_id,
        others=list(others),
    )
    return [Block(*row) for row in found]


async def list_local_owners(tx: Reader, target_id: int) -> list[int]:
    """Our members who have blocked somebody."""
    found = await tx.rows(
        "SELECT b.owner_id FROM blocks b JOIN members m ON m.actor_id = b.owner_id WHERE b.target_id = :id",
        id=target_id,
    )
    return [row[0] for row in found]


async def insert_block(tx: Transaction, block: Block) -> None:
    await tx.execute(f"{_INSERT} ON CONFLICT (owner_id, target_id) DO NOTHING", **values(block))
    await _note(tx, block, held=1)


async def delete_block(tx: Transaction, block: Block) -> None:
    await tx.execute("DELETE FROM blocks WHERE id = :id", id=block.id)
    await _note(tx, block, held=0)


async def _note(tx: Transaction, block: Block, *, held: int) -> None:
    """A block hides: the journal knows it, and that it was taken back."""
    owner, target = await list_uris(tx, block.owner_id, block.target_id)
    tx.retracted("block", owner=owner, target=target, uri=block.uri, held=held)


@dataclass(frozen=True, slots=True)
class BlockedHost:
    """A host whose people a member wants to see nothing of; pages are by `id`."""

    id: int
    host: str


async def list_blocked_hosts(tx: Reader, owner_id: int, page: Page) -> list[BlockedHost]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        "SELECT h.id, h.host FROM blocked_hosts h WHERE h.owner_id = :owner AND h.id > :after AND h.id < :before "
        f"ORDER BY h.id {order} LIMIT :limit",
        owner=owner_id,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [BlockedHost(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def are_hosts_blocked(tx: Reader, owner_id: int, hosts: Iterable[str]) -> set[str]:
    """Those of these hosts that a member has blocked."""
    found = await tx.rows(
        "SELECT h.host FROM blocked_hosts h WHERE h.owner_id = :owner AND h.host IN :hosts",
        owner=owner_id,
        hosts=list(hosts),
    )
    return {row[0] for row in found}


async def insert_blocked_host(tx: Transaction, block_id: int, owner_id: int, host: str) -> None:
    """Blocking twice is blocking."""
    await tx.execute(
        "INSERT INTO blocked_hosts (id, owner_id, host) VALUES (:id, :owner, :host) ON CONFLICT (owner_id, host) DO NOTHING",
        id=block_id,
        owner=owner_id,
        host=host,
    )


async def delete_blocked_host(tx: Transaction, owner_id: int, host: str) -> None:
    await tx.execute("DELETE FROM blocked_hosts WHERE owner_id = :owner AND host = :host", owner=owner_id, host=host)
