"""The boundary log: what was decided at the boundary, under which rule and version. Never any content."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from storage.database import Reader, Row, Transaction
from storage.ids import new_id
from storage.records import RecordedDecision, columns

_COLUMNS = columns(RecordedDecision, "d")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision as plain words, with the version of the ruleset that produced it."""

    outcome: str
    rule: str
    reason: str
    version: int


async def record(
    tx: Transaction, *, point: str, object_uri: str, host: str, outcome: Outcome, facts: dict[str, Any], now: int
) -> None:
    """Keep the latest decision for one object and host at one decision point; equal facts are stored once."""
    body = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()
    digest = hashlib.sha256(body.encode()).hexdigest()
    await tx.execute(
        "INSERT INTO decision_facts (digest, body) VALUES (:digest, :body) ON CONFLICT DO NOTHING",
        digest=digest,
        body=body,
    )
    await tx.execute(
        "INSERT INTO decisions (id, point, object_uri, host, outcome, rule, reason, version, facts, decided_at) "
        "VALUES (:id, :point, :uri, :host, :outcome, :rule, :reason, :version, :facts, :now) "
        "ON CONFLICT (point, object_uri, host) DO UPDATE SET outcome = excluded.outcome, rule = excluded.rule, "
        "reason = excluded.reason, version = excluded.version, facts = excluded.facts, decided_at = excluded.decided_at",
        id=new_id(now),
        point=point,
        uri=object_uri,
        host=host,
        outcome=outcome.outcome,
        rule=outcome.rule,
        reason=outcome.reason,
        version=outcome.version,
        facts=digest,
        now=now,
    )


async def list_about(tx: Reader, object_uris: Iterable[str]) -> list[RecordedDecision]:
    """Every decision about some objects, oldest first."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM decisions d WHERE d.object_uri IN :uris ORDER BY d.decided_at, d.id",
        uris=list(object_uris),
    )
    return [RecordedDecision(*row) for row in found]


@dataclass(frozen=True, slots=True)
class Asked:
    """A post about which `hosts` other hosts were asked, and how many of them it was held from or refused."""

    status_id: int
    created_at: int
    hosts: int
    stopped: int


async def list_of_author(tx: Reader, actor_id: int, *, limit: int) -> list[Asked]:
    """Somebody's own posts about which something was decided, latest first."""
    found = await tx.rows(
        "SELECT s.id, s.created_at, count(*), sum(CASE WHEN d.outcome IN ('hold', 'deny') THEN 1 ELSE 0 END) "
        "FROM statuses s JOIN decisions d ON d.object_uri = s.uri AND d.host <> '' "
        "WHERE s.actor_id = :actor AND s.boost_of_id IS NULL GROUP BY s.id, s.created_at ORDER BY s.id DESC LIMIT :limit",
        actor=actor_id,
        limit=limit,
    )
    return [Asked(*row) for row in found]


async def count_since(tx: Reader, moment: int) -> int:
    """How many decisions of since a moment (unix ms) are kept."""
    return int(await tx.value("SELECT count(*) FROM decisions WHERE decided_at >= :moment", moment=moment))


async def list_since(tx: Reader, moment: int, *, after: int, limit: int) -> list[Row]:
    """(id, point, object_uri, host, digest of the facts, facts, decided_at) of some, in the order of their ids."""
    return await tx.rows(
        "SELECT d.id, d.point, d.object_uri, d.host, d.facts, f.body, d.decided_at FROM decisions d "
        "JOIN decision_facts f ON f.digest = d.facts WHERE d.decided_at >= :moment AND d.id > :after "
        "ORDER BY d.id LIMIT :limit",
        moment=moment,
        after=after,
        limit=limit,
    )


async def delete_before(tx: Transaction, moment: int) -> None:
    """Keep the log for as long as it is meant to be kept (unix ms)."""
    await tx.execute("DELETE FROM decisions WHERE decided_at < :moment", moment=moment)
    await tx.execute(
        "DELETE FROM decision_facts WHERE NOT EXISTS (SELECT 1 FROM decisions d WHERE d.facts = decision_facts.digest)"
    )
