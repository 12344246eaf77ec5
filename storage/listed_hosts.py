"""Hosts as the admin API shows them: a row for each that the ruleset allows or blocks, with what admins noted. The ruleset
decides; nothing here does, but whose reports are wanted.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import ListedHost, columns, make, placeholders, values

_COLUMNS = columns(ListedHost, "h")
_INSERT = "INSERT INTO listed_hosts ({}) VALUES ({})".format(*placeholders(ListedHost))


async def list_hosts(tx: Reader) -> dict[str, ListedHost]:
    """All of them, by host."""
    found = await tx.rows(f"SELECT {_COLUMNS} FROM listed_hosts h")
    return {one.host: one for one in (ListedHost(*row) for row in found)}


async def list_page(tx: Reader, severities: Collection[str], page: Page) -> list[ListedHost]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM listed_hosts h WHERE h.severity IN :severities AND h.id > :after AND h.id < :before "
        f"ORDER BY h.id {order} LIMIT :limit",
        severities=severities,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [ListedHost(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def get_host(tx: Reader, host_id: int, severities: Collection[str]) -> ListedHost | None:
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM listed_hosts h WHERE h.id = :id AND h.severity IN :severities",
        id=host_id,
        severities=severities,
    )
    return make(ListedHost, row)


async def rejects_reports(tx: Reader, host: str) -> bool:
    """Whether reports that come from a host are not wanted."""
    found = await tx.value(
        "SELECT count(*) FROM listed_hosts WHERE host = :host AND reject_reports = 1 AND severity <> 'allow'", host=host
    )
    return bool(found)


async def insert_host(tx: Transaction, listed: ListedHost) -> None:
    await tx.execute(_INSERT, **values(listed))


async def update_host(tx: Transaction, listed: ListedHost, **changes: Any) -> ListedHost:
    """Set named columns; answers the row as it is then."""
    changed = replace(listed, **changes)
    await delete_host(tx, listed.id)
    await insert_host(tx, changed)
    return changed


async def delete_host(tx: Transaction, host_id: int) -> None:
    await tx.execute("DELETE FROM listed_hosts WHERE id = :id", id=host_id)
