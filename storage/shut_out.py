"""Whose e-mail providers, e-mail addresses and network addresses are shut out. Must not know what a request is, nor how an
address is hashed.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import EmailBlock, EmailDomainBlock, IpBlock, columns, make, placeholders, values
from storage.tags import Use

B = TypeVar("B", EmailBlock, EmailDomainBlock, IpBlock)
_TABLES: dict[type[Any], str] = {
    EmailBlock: "email_blocks",
    EmailDomainBlock: "email_domain_blocks",
    IpBlock: "ip_blocks",
}
_COLUMNS: dict[type[Any], str] = {
    EmailBlock: columns(EmailBlock, "b"),
    EmailDomainBlock: columns(EmailDomainBlock, "b"),
    IpBlock: columns(IpBlock, "b"),
}
_KEYS: dict[type[Any], str] = {EmailBlock: "hash", EmailDomainBlock: "domain", IpBlock: "network"}


async def list_blocks(tx: Reader, kind: type[B], page: Page) -> list[B]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_COLUMNS[kind]} FROM {_TABLES[kind]} b WHERE b.id > :after AND b.id < :before "
        f"ORDER BY b.id {order} LIMIT :limit",
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [kind(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def get_block(tx: Reader, kind: type[B], block_id: int) -> B | None:
    row = await tx.row(f"SELECT {_COLUMNS[kind]} FROM {_TABLES[kind]} b WHERE b.id = :id", id=block_id)
    return make(kind, row)


async def list_named(tx: Reader, kind: type[B], keys: Collection[str]) -> list[B]:
    """The blocks of these domains, hashes or networks."""
    found = await tx.rows(
        f"SELECT {_COLUMNS[kind]} FROM {_TABLES[kind]} b WHERE b.{_KEYS[kind]} IN :keys", keys=list(keys)
    )
    return [kind(*row) for row in found]


async def insert_block(tx: Transaction, block: EmailBlock | EmailDomainBlock | IpBlock) -> bool:
    """False when there is one already."""
    names, parameters = placeholders(type(block))
    table, key = _TABLES[type(block)], _KEYS[type(block)]
    sql = f"INSERT INTO {table} ({names}) VALUES ({parameters}) ON CONFLICT ({key}) DO NOTHING"
    return await tx.execute(sql, **values(block)) > 0


async def update_ip_block(tx: Transaction, block_id: int, **changes: Any) -> None:
    """Set named columns of one."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE ip_blocks SET {assignments} WHERE id = :id", id=block_id, **changes)


async def delete_block(tx: Transaction, kind: type[B], block_id: int) -> None:
    await tx.execute(f"DELETE FROM {_TABLES[kind]} WHERE id = :id", id=block_id)


async def list_ip_blocks(tx: Reader, *, now: int) -> list[IpBlock]:
    """All that hold now."""
    found = await tx.rows(
        f"SELECT {_COLUMNS[IpBlock]} FROM ip_blocks b WHERE b.expires_at IS NULL OR b.expires_at > :now", now=now
    )
    return [IpBlock(*row) for row in found]


async def delete_expired(tx: Transaction, *, now: int) -> None:
    await tx.execute("DELETE FROM ip_blocks WHERE expires_at <= :now", now=now)


async def count_use(tx: Transaction, block_id: int, *, day: int) -> None:
    """Somebody was turned away by the block of an e-mail provider."""
    await tx.execute(
        "INSERT INTO email_domain_uses (block_id, day, uses) VALUES (:block, :day, 1) "
        "ON CONFLICT (block_id, day) DO UPDATE SET uses = email_domain_uses.uses + 1",
        block=block_id,
        day=day,
    )


async def list_block_uses(tx: Reader, block_ids: Collection[int], *, since: int) -> dict[int, list[Use]]:
    """For each of these blocks, how many were turned away on each day: one person in each case, for all that is known."""
    found = await tx.rows(
        "SELECT block_id, day, uses FROM email_domain_uses WHERE block_id IN :ids AND day >= :since",
        ids=list(block_ids),
        since=since,
    )
    uses: dict[int, list[Use]] = {}
    for block_id, day, count in found:
        uses.setdefault(block_id, []).append(Use(day, count, count))
    return uses
