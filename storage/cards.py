"""What stands at addresses that public posts link to: a row for each address, which waits in a queue until it was looked at.

Must not know what a page is. That only public posts get here is `federation.fanout`'s rule.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from storage import queues
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.queues import Lease
from storage.records import Card, columns, make, placeholders, values

_COLUMNS = columns(Card, "c")
_INSERT = "INSERT INTO cards ({}) VALUES ({}) ON CONFLICT (url) DO NOTHING".format(*placeholders(Card))
# What was looked at this long ago is looked at again when somebody links to it.
STALE = 14 * 24 * 3_600_000


async def attach_card(tx: Transaction, status_id: int, url: str, *, now: int, wait: int) -> None:
    """Say that a post links to an address, and have that looked at after `wait` ms, unless it was lately."""
    host = urlsplit(url).netloc
    new = await tx.execute(_INSERT, **values(Card(id=new_id(now), url=url, host=host, state="due", due_at=now + wait)))
    if not new:
        await tx.execute(
            "UPDATE cards SET state = 'due', attempts = 0, due_at = :due WHERE url = :url AND state <> 'due' "
            "AND fetched_at < :stale",
            url=url,
            due=now + wait,
            stale=now - STALE,
        )
    await tx.execute(
        "INSERT INTO status_cards (status_id, card_id) SELECT :status, c.id FROM cards c WHERE c.url = :url "
        "ON CONFLICT (status_id) DO UPDATE SET card_id = excluded.card_id",
        status=status_id,
        url=url,
    )


async def detach_card(tx: Transaction, status_id: int) -> None:
    await tx.execute("DELETE FROM status_cards WHERE status_id = :status", status=status_id)


async def list_cards(tx: Reader, status_ids: Iterable[int]) -> dict[int, Card]:
    """What is shown with posts, by post."""
    found = await tx.rows(
        f"SELECT k.status_id, {_COLUMNS} FROM status_cards k JOIN cards c ON c.id = k.card_id "
        "WHERE k.status_id IN :ids AND c.title <> ''",
        ids=list(status_ids),
    )
    return {status_id: Card(*rest) for status_id, *rest in found}


async def get_card(tx: Reader, url: str) -> Card | None:
    return make(Card, await tx.row(f"SELECT {_COLUMNS} FROM cards c WHERE c.url = :url", url=url))


async def claim_due(tx: Transaction, lease: Lease, *, limit: int) -> list[Card]:
    """Lease what is to be looked at, one of each host at a time."""
    ids = await queues.claim(tx, "cards", lease, limit=limit, share=1)
    if not ids:
        return []
    return [Card(*row) for row in await tx.rows(f"SELECT {_COLUMNS} FROM cards c WHERE c.id IN :ids", ids=ids)]


async def update_card(tx: Transaction, card_id: int, facts: Mapping[str, Any] | None, *, now: int) -> None:
    """Write down what a look brought; None: nothing to show."""
    named = {"state": "shown" if facts else "empty", "fetched_at": now, "lease_owner": "", **(facts or {"title": ""})}
    assignments = ", ".join(f"{name} = :{name}" for name in named)
    await tx.execute(f"UPDATE cards SET {assignments} WHERE id = :id", id=card_id, **named)


async def reschedule(tx: Transaction, card_id: int, *, due_at: int) -> None:
    await tx.execute("UPDATE cards SET due_at = :due, lease_owner = '' WHERE id = :id", due=due_at, id=card_id)


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "cards", owner=owner, now=now)


async def delete_unused_before(tx: Transaction, moment: int) -> None:
    """Forget what no post links to any more (unix ms)."""
    await tx.execute(
        "DELETE FROM cards WHERE due_at < :moment AND NOT EXISTS "
        "(SELECT 1 FROM status_cards k WHERE k.card_id = cards.id)",
        moment=moment,
    )
