"""What became of deletions: which hosts that held an object accepted its Delete, and which confirmed that it is gone.

Where an object was sent is written by `deliveries.insert_receipts`. Nothing here says what the object was.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Row, Transaction
from storage.follows import Inbox

# Of one object at one host, which may have been sent it at several inboxes.
_STATE = (
    "CASE WHEN max(r.confirmed_at) IS NOT NULL THEN 'confirmed' "
    "WHEN count(r.accepted_at) = count(*) THEN 'accepted' ELSE 'sent' END"
)


@dataclass(frozen=True, slots=True)
class Deletion:
    """One deleted object at one host. `state`: its Delete is `sent`, was `accepted` (any 2xx), or `confirmed`."""

    object_uri: str
    deleted_at: int
    host: str
    state: str
    confirmed_by: str


async def mark_retracted(tx: Transaction, object_uri: str, *, now: int, group_id: int | None = None) -> None:
    """From now on every host that was sent the object owes a confirmation; `group_id`: of ours, that takes it back."""
    await tx.execute(
        "UPDATE receipts SET retracted_at = :now, group_id = :group WHERE object_uri = :uri AND retracted_at IS NULL",
        uri=object_uri,
        now=now,
        group=group_id,
    )


async def list_of_group(tx: Reader, group_id: int) -> list[tuple[str, int, int]]:
    """(host, posts it was asked to delete, those it has confirmed) of what a group of ours took back."""
    found = await tx.rows(
        "SELECT d.host, count(*), count(d.confirmed) FROM (SELECT r.host, r.object_uri, max(r.confirmed_at) AS confirmed "
        "FROM receipts r WHERE r.group_id = :group GROUP BY r.host, r.object_uri) d GROUP BY d.host ORDER BY d.host",
        group=group_id,
    )
    return [(row[0], row[1], row[2]) for row in found]


async def accept(tx: Transaction, taken: Iterable[tuple[str, str]], *, now: int) -> None:
    """These (object, inbox) answered the Delete well."""
    await tx.execute_many(
        "UPDATE receipts SET accepted_at = :now "
        "WHERE object_uri = :uri AND inbox = :inbox AND retracted_at IS NOT NULL AND accepted_at IS NULL",
        [{"uri": uri, "inbox": inbox, "now": now} for uri, inbox in taken],
    )


async def confirm(tx: Transaction, object_uri: str, *, host: str, by: str, now: int) -> int:
    """A host says that the object is gone there; 0 when it was never sent it, or not asked, or has said so before."""
    return await tx.execute(
        "UPDATE receipts SET confirmed_at = :now, confirmed_by = :by "
        "WHERE object_uri = :uri AND host = :host AND retracted_at IS NOT NULL AND confirmed_at IS NULL",
        uri=object_uri,
        host=host,
        by=by,
        now=now,
    )


async def list_of_author(tx: Reader, actor_uri: str, *, limit: int) -> list[Deletion]:
    """The latest deleted posts of one author that had gone elsewhere, each with every host that was sent it."""
    found = await tx.rows(
        f"SELECT t.uri, t.deleted_at, r.host, {_STATE}, max(r.confirmed_by) FROM tombstones t "
        "JOIN receipts r ON r.object_uri = t.uri AND r.retracted_at IS NOT NULL "
        "WHERE t.actor_uri = :actor AND t.uri IN ("
        "  SELECT x.uri FROM tombstones x WHERE x.actor_uri = :actor"
        "  AND EXISTS (SELECT 1 FROM receipts y WHERE y.object_uri = x.uri AND y.retracted_at IS NOT NULL)"
        "  ORDER BY x.deleted_at DESC, x.uri LIMIT :limit) "
        "GROUP BY t.uri, t.deleted_at, r.host ORDER BY t.deleted_at DESC, t.uri, r.host",
        actor=actor_uri,
        limit=limit,
    )
    return [Deletion(*row) for row in found]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One host that was sent an object, at one inbox of its or several. `retracted_at`: since when it is asked to delete it;
    `confirmed_at`: when it said that it has.
    """

    host: str
    sent_at: int
    retracted_at: int | None
    confirmed_at: int | None


async def list_about(tx: Reader, object_uri: str) -> list[Receipt]:
    """Every host that was sent an object."""
    found = await tx.rows(
        "SELECT host, min(sent_at), max(retracted_at), max(confirmed_at) FROM receipts WHERE object_uri = :uri "
        "GROUP BY host ORDER BY host",
        uri=object_uri,
    )
    return [Receipt(*row) for row in found]


async def list_unconfirmed(tx: Reader, host: str, *, limit: int) -> list[Deletion]:
    """What one host has not confirmed, the oldest first."""
    found = await tx.rows(
        f"SELECT r.object_uri, min(r.retracted_at), r.host, {_STATE}, max(r.confirmed_by) FROM receipts r "
        "WHERE r.retracted_at IS NOT NULL AND r.confirmed_at IS NULL AND r.host = :host "
        "GROUP BY r.object_uri, r.host ORDER BY min(r.retracted_at), r.object_uri LIMIT :limit",
        host=host,
        limit=limit,
    )
    return [Deletion(*row) for row in found]


async def count_unconfirmed(tx: Reader) -> list[Row]:
    """(host, `sent` or `accepted`, count of objects, oldest, "") of deletions that hosts have not confirmed."""
    return await tx.rows(
        "SELECT d.host, d.state, count(*), min(d.since), '' FROM ("
        f"  SELECT r.host AS host, {_STATE} AS state, min(r.retracted_at) AS since FROM receipts r"
        "  WHERE r.retracted_at IS NOT NULL AND r.confirmed_at IS NULL GROUP BY r.host, r.object_uri"
        ") d GROUP BY d.host, d.state ORDER BY d.host, d.state"
    )


async def insert_served(tx: Transaction, object_uri: str, hosts: Iterable[str], *, now: int) -> None:
    """A group's home elsewhere says that it passed a post of ours on to these hosts."""
    await tx.execute_many(
        "INSERT INTO served (object_uri, host, served_at) VALUES (:uri, :host, :now) ON CONFLICT DO NOTHING",
        [{"uri": object_uri, "host": host, "now": now} for host in hosts],
    )


async def list_served_inboxes(tx: Reader, object_uri: str) -> list[Inbox]:
    """Where those hosts are written to, as far as anybody there is known; not where the object was sent from here."""
    found = await tx.rows(
        "SELECT v.host, min(coalesce(a.shared_inbox, a.inbox)) FROM served v JOIN actors a ON a.host = v.host "
        "WHERE v.object_uri = :uri AND NOT EXISTS "
        "(SELECT 1 FROM receipts r WHERE r.object_uri = v.object_uri AND r.host = v.host) GROUP BY v.host ORDER BY v.host",
        uri=object_uri,
    )
    return [Inbox(row[0], row[1]) for row in found]


async def list_strange(tx: Reader, hosts: Iterable[str]) -> list[str]:
    """Those of some hosts where nobody is known."""
    wanted = sorted(hosts)
    found = await tx.rows("SELECT DISTINCT a.host FROM actors a WHERE a.host IN :hosts", hosts=wanted)
    return sorted(set(wanted) - {row[0] for row in found})


async def list_served(tx: Reader, object_uri: str) -> list[tuple[str, int]]:
    """(host, since when) that the home of a post's group says it passed it on to."""
    found = await tx.rows("SELECT host, served_at FROM served WHERE object_uri = :uri ORDER BY host", uri=object_uri)
    return [(row[0], row[1]) for row in found]
