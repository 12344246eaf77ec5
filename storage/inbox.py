"""The queue of verified activities that wait to be applied. Whether one is verified is settled before it gets here."""

from collections.abc import Collection, Iterable

from storage import queues
from storage.database import Reader, Row, Transaction
from storage.queues import Lease
from storage.records import InboxItem, columns, placeholders, values

_COLUMNS = columns(InboxItem, "i")
_INSERT = "INSERT INTO inbox ({}) VALUES ({}) ON CONFLICT (signer, activity_uri, digest) DO NOTHING".format(
    *placeholders(InboxItem)
)


async def insert_item(tx: Transaction, item: InboxItem) -> bool:
    """False when the same bytes of the same activity came before: a replay is acknowledged and dropped."""
    return await tx.execute(_INSERT, **values(item)) > 0


async def claim_due(
    tx: Transaction, lease: Lease, *, limit: int, share: int, busy: Iterable[str] = ()
) -> list[InboxItem]:
    """Lease due items, fairly between the hosts that signed them, oldest first."""
    ids = await queues.claim(tx, "inbox", lease, limit=limit, share=share, busy=busy)
    found = await tx.rows(f"SELECT {_COLUMNS} FROM inbox i WHERE i.id IN :ids ORDER BY i.id", ids=ids)
    return [InboxItem(*row) for row in found]


async def finish(tx: Transaction, item_id: int, *, state: str, reason: str = "") -> None:
    """`refused`, `dead` or `held`: what happened is kept; the body only of what is held."""
    await tx.execute(
        "UPDATE inbox SET state = :state, reason = :reason, body = CASE WHEN :held = 1 THEN body END, lease_owner = '' "
        "WHERE id = :id",
        id=item_id,
        state=state,
        reason=reason,
        held=int(state == "held"),
    )


async def finish_all(tx: Transaction, item_ids: Collection[int]) -> None:
    """`done`, for many at once."""
    await tx.execute(
        "UPDATE inbox SET state = 'done', reason = '', body = NULL, lease_owner = '' WHERE id IN :ids", ids=item_ids
    )


async def requeue_held(tx: Transaction, *, host: str | None, now: int, item_id: int | None = None) -> int:
    """Make held items due again, or one of them: all rules run again. Answers how many."""
    return await tx.execute(
        "UPDATE inbox SET state = 'due', due_at = :now, attempts = 0 WHERE state = 'held' "
        "AND (:host = '*' OR host = :host) AND id = coalesce(:item, id)",
        now=now,
        host="*" if host is None else host,
        item=item_id,
    )


async def list_unfinished(tx: Reader, host: str, *, limit: int) -> list[Row]:
    """(id, type, activity, state, attempts, received_at, reason, bytes) of what a host sent and is not applied: no content."""
    return await tx.rows(
        "SELECT id, type, activity_uri, state, attempts, received_at, reason, coalesce(length(body), 0) FROM inbox "
        "WHERE host = :host AND state <> 'done' ORDER BY id DESC LIMIT :limit",
        host=host,
        limit=limit,
    )


async def count_held(tx: Reader, host: str) -> tuple[int, int]:
    """How many items of a host are held, and their bytes."""
    row = await tx.row(
        "SELECT count(*), coalesce(sum(length(body)), 0) FROM inbox WHERE state = 'held' AND host = :host", host=host
    )
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


async def list_held_hosts(tx: Reader) -> list[str]:
    """The hosts of which something is held."""
    return [row[0] for row in await tx.rows("SELECT DISTINCT host FROM inbox WHERE state = 'held'")]


async def give_up_held(tx: Transaction, host: str, *, before: int, reason: str) -> None:
    """Refuse what was received of a host before a moment (unix ms) and is still held."""
    await tx.execute(
        "UPDATE inbox SET state = 'refused', reason = :reason, body = NULL "
        "WHERE state = 'held' AND host = :host AND received_at < :before",
        host=host,
        before=before,
        reason=reason,
    )


async def drop_held(tx: Transaction, *, host: str, item_id: int | None = None) -> int:
    """Forget what is held of a host, or one item of it."""
    return await tx.execute(
        "DELETE FROM inbox WHERE state = 'held' AND host = :host AND id = coalesce(:item, id)", host=host, item=item_id
    )


async def count_by_state(tx: Reader) -> list[Row]:
    """(host, state, count, oldest received_at, last reason) for everything that is not finished well."""
    return await tx.rows(
        "SELECT host, state, count(*), min(received_at), max(reason) FROM inbox "
        "WHERE state NOT IN ('done', 'refused') GROUP BY host, state ORDER BY host, state"
    )


async def reschedule(tx: Transaction, item_id: int, *, due_at: int, reason: str) -> None:
    await tx.execute(
        "UPDATE inbox SET due_at = :due, reason = :reason, lease_owner = '' WHERE id = :id",
        id=item_id,
        due=due_at,
        reason=reason,
    )


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "inbox", owner=owner, now=now)


async def count_due(tx: Reader) -> int:
    return int(await tx.value("SELECT count(*) FROM inbox WHERE state = 'due'"))


async def get_next_due(tx: Reader) -> int | None:
    """When the next waiting item is due (unix ms)."""
    return await queues.next_due(tx, "inbox")


async def delete_finished_before(tx: Transaction, moment: int) -> None:
    """Forget processed items once their signatures are too old to be replayed (unix ms)."""
    await tx.execute("DELETE FROM inbox WHERE state NOT IN ('due', 'held') AND received_at < :moment", moment=moment)


async def insert_nonce(tx: Transaction, *, key_uri: str, nonce: str, now: int) -> bool:
    """False when this key has used this nonce before."""
    return (
        await tx.execute(
            "INSERT INTO nonces (key_uri, nonce, seen_at) VALUES (:key, :nonce, :now) ON CONFLICT DO NOTHING",
            key=key_uri,
            nonce=nonce,
            now=now,
        )
        > 0
    )


async def delete_nonces_before(tx: Transaction, moment: int) -> None:
    await tx.execute("DELETE FROM nonces WHERE seen_at < :moment", moment=moment)


async def count_unknown_host(tx: Transaction, host: str, *, now: int) -> None:
    """One more request of a host that nobody listed; at most 1,000 hosts are counted."""
    await tx.execute(
        "INSERT INTO unknown_hosts (host, requests, last_at) SELECT :host, 1, :now "
        "WHERE (SELECT count(*) FROM unknown_hosts) < 1000 OR EXISTS (SELECT 1 FROM unknown_hosts WHERE host = :host) "
        "ON CONFLICT (host) DO UPDATE SET requests = unknown_hosts.requests + 1, last_at = excluded.last_at",
        host=host,
        now=now,
    )
