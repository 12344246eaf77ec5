"""Claiming work from a queue table, fairly between hosts. Used by `deliveries` and `inbox`; knows no activity.

A row that is claimed is due again when its lease ends, so work whose process was killed comes back by itself. Each
claim takes a few rows of every host that has some due, so one host's backlog never delays the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from storage.database import Reader, Transaction

# The recursion steps through the index from host to host; counting distinct hosts would read every waiting row.
_WAITING = """
WITH RECURSIVE waiting (host) AS (
  SELECT min(host) FROM {table} WHERE state = 'due'
  UNION ALL
  SELECT (SELECT min(q.host) FROM {table} q WHERE q.state = 'due' AND q.host > waiting.host)
  FROM waiting WHERE waiting.host IS NOT NULL
)"""
# Each host's first due rows are asked for one by one, so that no planner can come to compare every row with every host.
_ONE_OF_EACH = """
SELECT (SELECT x.id FROM {table} x WHERE x.state = 'due' AND x.host = waiting.host AND x.due_at <= :now
        ORDER BY x.due_at, x.id LIMIT 1 OFFSET {place}) AS id
FROM waiting WHERE waiting.host IS NOT NULL AND waiting.host NOT IN :busy {condition}"""
# Asked again whether it is due: what another process claims between our reading and our locking is none of ours.
_LOCK = """
SELECT q.id FROM {table} q WHERE q.id IN :ids AND q.state = 'due' AND q.due_at <= :now
ORDER BY q.due_at, q.id LIMIT :limit /*pg FOR UPDATE SKIP LOCKED*/"""
_NEXT = (
    _WAITING
    + """
SELECT min(CASE WHEN t.retry_at > w.due_at THEN t.retry_at ELSE w.due_at END) FROM (
  SELECT waiting.host AS host,
    (SELECT min(x.due_at) FROM {table} x WHERE x.state = 'due' AND x.host = waiting.host) AS due_at
  FROM waiting WHERE waiting.host IS NOT NULL AND waiting.host NOT IN :busy
) w LEFT JOIN hosts t ON t.host = w.host AND :rests = 1"""
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a claimed row, from when, and until when (unix ms) it is theirs."""

    owner: str
    now: int
    until: int


async def claim(
    tx: Transaction,
    table: str,
    lease: Lease,
    *,
    limit: int,
    share: int,
    busy: Iterable[str] = (),
    condition: str = "",
) -> list[int]:
    """Lease up to `limit` due rows, at most `share` of one host; answers their ids.

    `busy` names hosts that get no more now; `condition` is more SQL about `waiting.host`,
    in which `{place}` is how many rows of that host come before this one.
    """
    first = await tx.rows(_first(table, share, condition), now=lease.now, busy=list(busy))
    candidates = [row[0] for row in first if row[0] is not None]
    if not candidates:
        return []
    found = await tx.rows(_LOCK.format(table=table), ids=candidates, now=lease.now, limit=limit)
    ids = [row[0] for row in found]
    if ids:
        await tx.execute(
            f"UPDATE {table} SET due_at = :until, lease_owner = :owner, attempts = attempts + 1 WHERE id IN :ids",
            until=lease.until,
            owner=lease.owner,
            ids=ids,
        )
    return ids


@cache
def _first(table: str, share: int, condition: str) -> str:
    """The ids of the first `share` due rows of each host that may be served; NULL where there are fewer."""
    places = (
        _ONE_OF_EACH.format(table=table, place=place, condition=condition.format(place=place)) for place in range(share)
    )
    return _WAITING.format(table=table) + " UNION ALL ".join(places)


async def next_due(tx: Reader, table: str, *, busy: Iterable[str] = (), rests: bool = False) -> int | None:
    """When the next row may be claimed (unix ms), leaving out `busy` hosts; with `rests` a host that rests waits for its end."""
    found: int | None = await tx.value(_NEXT.format(table=table), busy=list(busy), rests=int(rests))
    return found


async def release(tx: Transaction, table: str, *, owner: str, now: int) -> int:
    """Give back what this owner holds (a graceful stop): it is due again at once."""
    return await tx.execute(
        f"UPDATE {table} SET due_at = :now, lease_owner = '', attempts = attempts - 1 "
        "WHERE state = 'due' AND lease_owner = :owner",
        owner=owner,
        now=now,
    )
