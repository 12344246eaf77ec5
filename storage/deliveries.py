"""Our activities and the queue of their deliveries. What may be sent is asked of `policies.delivery` by the callers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from storage import queues
from storage.database import Reader, Row, Transaction
from storage.follows import Inbox
from storage.queues import Lease
from storage.records import Activity, Delivery, HostState, columns, make, placeholders, values

_COLUMNS = columns(Delivery, "d")
_WIDTH = _COLUMNS.count(",") + 1
_HOST_COLUMNS = columns(HostState, "h")
_ACTIVITY_COLUMNS = columns(Activity, "y")
_INSERT = "INSERT INTO deliveries ({}) VALUES ({})".format(*placeholders(Delivery))
_INSERT_ACTIVITY = "INSERT INTO activities ({}) VALUES ({})".format(*placeholders(Activity))
_UPSERT_HOST = (
    "INSERT INTO hosts ({}) VALUES ({}) ON CONFLICT (host) DO UPDATE SET scheme = excluded.scheme, "
    "failures = excluded.failures, retry_at = excluded.retry_at, last_success_at = excluded.last_success_at, "
    "last_error = excluded.last_error, failing_since = excluded.failing_since"
).format(*placeholders(HostState))
# Whether a host rests, and whether its places are taken, by whichever process, stands in rows.
_HOST_MAY_BE_TRIED = """AND NOT EXISTS (SELECT 1 FROM hosts t WHERE t.host = waiting.host AND t.retry_at > :now)
AND {{place}} + (SELECT count(*) FROM deliveries l
  WHERE l.state = 'due' AND l.lease_owner <> '' AND l.host = waiting.host AND l.due_at > :now)
< CASE WHEN EXISTS (SELECT 1 FROM hosts b WHERE b.host = waiting.host AND b.failures >= {breaker}) THEN 1 ELSE {share} END"""


async def insert_activity(tx: Transaction, activity: Activity) -> None:
    await tx.execute(_INSERT_ACTIVITY, **values(activity))


async def get_activity(tx: Reader, activity_id: int) -> Activity | None:
    return make(
        Activity, await tx.row(f"SELECT {_ACTIVITY_COLUMNS} FROM activities y WHERE y.id = :id", id=activity_id)
    )


async def insert_deliveries(tx: Transaction, deliveries: Iterable[Delivery]) -> None:
    await tx.execute_many(_INSERT, [values(delivery) for delivery in deliveries])


async def claim_due(
    tx: Transaction, lease: Lease, *, limit: int, share: int, breaker: int, busy: Iterable[str] = ()
) -> list[tuple[Delivery, bytes]]:
    """Lease due deliveries, fairly between hosts, with the bytes to send. Hosts that rest are left alone.

    Never more than `share` of one host are leased at a time, to all owners together; one, after `breaker` failures.
    """
    ids = await queues.claim(
        tx,
        "deliveries",
        lease,
        limit=limit,
        share=share,
        busy=busy,
        condition=_HOST_MAY_BE_TRIED.format(breaker=breaker, share=share),
    )
    found = await tx.rows(
        f"SELECT {_COLUMNS}, y.body FROM deliveries d JOIN activities y ON y.id = d.activity_id WHERE d.id IN :ids ORDER BY d.id",
        ids=ids,
    )
    return [(Delivery(*tuple(row)[:_WIDTH]), row[_WIDTH]) for row in found]


async def finish(tx: Transaction, delivery_id: int, *, state: str, reason: str, now: int) -> None:
    """`done`, `refused`, `held` or `dead`, with the reason."""
    await tx.execute(
        "UPDATE deliveries SET state = :state, reason = :reason, finished_at = :now, lease_owner = '' WHERE id = :id",
        id=delivery_id,
        state=state,
        reason=reason,
        now=now,
    )


async def finish_all(tx: Transaction, delivery_ids: Collection[int], *, now: int) -> None:
    """`done`, for many at once."""
    if delivery_ids:
        await tx.execute(
            "UPDATE deliveries SET state = 'done', reason = '', finished_at = :now, lease_owner = '' WHERE id IN :ids",
            ids=delivery_ids,
            now=now,
        )


async def reschedule(tx: Transaction, delivery_id: int, *, due_at: int, reason: str) -> None:
    await tx.execute(
        "UPDATE deliveries SET due_at = :due, reason = :reason, lease_owner = '' WHERE id = :id AND state = 'due'",
        id=delivery_id,
        due=due_at,
        reason=reason,
    )


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    return await queues.release(tx, "deliveries", owner=owner, now=now)


async def requeue(tx: Transaction, *, states: Iterable[str], host: str | None, now: int) -> int:
    """Make held or dead deliveries due again (all rules run again at the attempt); answers how many."""
    return await tx.execute(
        "UPDATE deliveries SET state = 'due', due_at = :now, attempts = 0, finished_at = NULL "
        "WHERE state IN :states AND (:host = '*' OR host = :host)",
        states=list(states),
        host="*" if host is None else host,
        now=now,
    )


async def count_held(tx: Reader, host: str) -> int:
    """How much is held for a host."""
    return int(await tx.value("SELECT count(*) FROM deliveries WHERE state = 'held' AND host = :host", host=host))


async def list_held_hosts(tx: Reader) -> list[str]:
    """The hosts for which something is held."""
    return [row[0] for row in await tx.rows("SELECT DISTINCT host FROM deliveries WHERE state = 'held'")]


async def give_up_held(tx: Transaction, host: str, *, before: int, reason: str, now: int) -> None:
    """Refuse what was to go to a host since before a moment (unix ms) and is still held."""
    await tx.execute(
        "UPDATE deliveries SET state = 'refused', reason = :reason, finished_at = :now "
        "WHERE state = 'held' AND host = :host AND created_at < :before",
        host=host,
        before=before,
        reason=reason,
        now=now,
    )


async def drop_held(tx: Transaction, *, host: str) -> int:
    """Forget what is held for a host."""
    return await tx.execute("DELETE FROM deliveries WHERE state = 'held' AND host = :host", host=host)


async def count_by_state(tx: Reader) -> list[Row]:
    """(host, state, count, oldest created_at, last reason) for everything that is not finished well."""
    return await tx.rows(
        "SELECT host, state, count(*), min(created_at), max(reason) FROM deliveries "
        "WHERE state <> 'done' GROUP BY host, state ORDER BY host, state"
    )


async def list_latest(tx: Reader, host: str, *, limit: int) -> list[Row]:
    """(type, object, state, attempts, created_at, reason) of what was sent to a host or waits for it, the latest first."""
    return await tx.rows(
        "SELECT y.type, d.object_uri, d.state, d.attempts, d.created_at, d.reason FROM deliveries d "
        "JOIN activities y ON y.id = d.activity_id WHERE d.host = :host ORDER BY d.id DESC LIMIT :limit",
        host=host,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of one post has not arrived at a host: the latest delivery that is `due`, `held`, `refused` or `dead`."""

    host: str
    state: str
    reason: str


async def list_waiting(tx: Reader, status_id: int) -> list[Waiting]:
    """One for each host; of a post's content only, not of its retraction."""
    found = await tx.rows(
        "SELECT d.host, d.state, d.reason FROM activities y JOIN deliveries d ON d.activity_id = y.id "
        "WHERE y.status_id = :status AND d.kind = 'content' AND d.state <> 'done' ORDER BY d.id",
        status=status_id,
    )
    return list({row[0]: Waiting(*row) for row in found}.values())


async def count_due(tx: Reader) -> int:
    return int(await tx.value("SELECT count(*) FROM deliveries WHERE state = 'due'"))


async def get_next_due(tx: Reader, *, busy: Iterable[str] = ()) -> int | None:
    """When the next waiting delivery may be attempted (unix ms): it is due, and its host neither rests nor is `busy`."""
    return await queues.next_due(tx, "deliveries", busy=busy, rests=True)


async def get_host(tx: Reader, host: str) -> HostState:
    found = make(HostState, await tx.row(f"SELECT {_HOST_COLUMNS} FROM hosts h WHERE h.host = :host", host=host))
    return found or _new_host(host)


async def list_hosts(tx: Reader, hosts: Iterable[str]) -> dict[str, HostState]:
    """What is remembered of each of these hosts; a new one begins with nothing."""
    wanted = list(hosts)
    found = await tx.rows(f"SELECT {_HOST_COLUMNS} FROM hosts h WHERE h.host IN :hosts", hosts=wanted)
    known = {row[0]: HostState(*row) for row in found}
    return {host: known.get(host) or _new_host(host) for host in wanted}


def _new_host(host: str) -> HostState:
    return HostState(host=host, scheme="", failures=0, retry_at=0, last_success_at=0, last_error="")


async def revive(tx: Transaction, host: str, *, parked_before: int, now: int) -> bool:
    """A host that failed since before a moment is tried again now, and with it the retractions that were given up."""
    revived = await tx.execute(
        "UPDATE hosts SET retry_at = 0 WHERE host = :host AND retry_at > :now AND failing_since BETWEEN 1 AND :before",
        host=host,
        before=parked_before,
        now=now,
    )
    if revived:
        await tx.execute(
            "UPDATE deliveries SET state = 'due', due_at = :now, attempts = 0, finished_at = NULL "
            "WHERE state = 'dead' AND kind = 'retraction' AND host = :host",
            host=host,
            now=now,
        )
    return revived > 0


async def give_up_content(tx: Transaction, host: str, *, before: int, reason: str, now: int) -> int:
    """Old posts have nothing to say to a host that comes back after many days; what was taken back still has."""
    return await tx.execute(
        "UPDATE deliveries SET state = 'dead', reason = :reason, finished_at = :now, lease_owner = '' "
        "WHERE state = 'due' AND kind = 'content' AND host = :host AND created_at < :before",
        host=host,
        before=before,
        reason=reason,
        now=now,
    )


async def upsert_host(tx: Transaction, state: HostState) -> None:
    await tx.execute(_UPSERT_HOST, **values(state))


async def insert_receipts(tx: Transaction, sent: Iterable[tuple[str, str, str]], *, now: int) -> None:
    """Remember which (object, host, inbox) are about to be sent: the object's retraction must go there too."""
    await tx.execute_many(
        "INSERT INTO receipts (object_uri, host, inbox, sent_at) VALUES (:uri, :host, :inbox, :now) ON CONFLICT DO NOTHING",
        [{"uri": uri, "host": host, "inbox": inbox, "now": now} for uri, host, inbox in sent],
    )


async def list_inboxes_of_author(tx: Reader, actor_id: int) -> list[Inbox]:
    """Wherever something that an actor of ours wrote was sent."""
    found = await tx.rows(
        "SELECT DISTINCT r.host, r.inbox FROM statuses s JOIN receipts r ON r.object_uri = s.uri "
        "WHERE s.actor_id = :actor ORDER BY r.host, r.inbox",
        actor=actor_id,
    )
    return [Inbox(*row) for row in found]


async def list_receipts(tx: Reader, object_uri: str) -> list[Row]:
    """(host, inbox, sent_at) of every host that was sent an object."""
    return await tx.rows(
        "SELECT host, inbox, sent_at FROM receipts WHERE object_uri = :uri ORDER BY host", uri=object_uri
    )


async def delete_finished_before(tx: Transaction, moment: int) -> None:
    """Thin the history of deliveries that went well, and drop activities nothing refers to any more."""
    await tx.execute("DELETE FROM deliveries WHERE state = 'done' AND finished_at < :moment", moment=moment)
    await tx.execute(
        "DELETE FROM activities WHERE status_id IS NULL AND created_at < :moment "
        "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.activity_id = activities.id)",
        moment=moment,
    )
