"""What is known of each actor's profession: our own officers' records, and other institutions' attestations."""

from collections.abc import Iterable

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.database import Reader, Transaction
from storage.records import Actor, Attestation, columns, make, placeholders, values

_COLUMNS = columns(Attestation, "t")
_CHANGED = [
    "uri",
    "issuer",
    "level",
    "profession",
    "specialties",
    "jurisdiction",
    "register",
    "checked_at",
    "valid_until",
    "revoked_at",
    "fetched_at",
]
_UPSERT = "INSERT INTO attestations ({}) VALUES ({}) ON CONFLICT (actor_id) DO UPDATE SET {}".format(
    *placeholders(Attestation), ", ".join(f"{name} = excluded.{name}" for name in _CHANGED)
)


async def get_attestation(tx: Reader, actor_id: int) -> Attestation | None:
    return make(Attestation, await tx.row(f"SELECT {_COLUMNS} FROM attestations t WHERE t.actor_id = :id", id=actor_id))


async def get_attestation_by_uri(tx: Reader, uri: str) -> Attestation | None:
    return make(Attestation, await tx.row(f"SELECT {_COLUMNS} FROM attestations t WHERE t.uri = :uri", uri=uri))


async def list_attestations(tx: Reader, actor_ids: Iterable[int]) -> dict[int, Attestation]:
    found = await tx.rows(f"SELECT {_COLUMNS} FROM attestations t WHERE t.actor_id IN :ids", ids=list(actor_ids))
    return {row[0]: Attestation(*row) for row in found}


async def upsert_attestation(tx: Transaction, attestation: Attestation) -> None:
    await tx.execute(_UPSERT, **values(attestation))


async def revoke_attestation(tx: Transaction, actor_id: int, *, now: int) -> bool:
    """True when there was one in force."""
    known = await get_attestation(tx, actor_id)
    if known is None or known.revoked_at is not None:
        return False
    tx.retracted("attestation", uri=known.uri)
    return bool(
        await tx.execute(
            "UPDATE attestations SET revoked_at = :now WHERE actor_id = :id AND revoked_at IS NULL",
            id=actor_id,
            now=now,
        )
    )


async def list_remote_attested_before(tx: Reader, *, moment: int, now: int, limit: int) -> list[Actor]:
    """Remote people whose attestation is in force and was last confirmed before a moment (unix ms), the latest first: an
    issuer that does not answer keeps nobody else waiting.
    """
    found = await tx.rows(
        f"SELECT {ACTOR_COLUMNS} FROM attestations t JOIN actors a ON a.id = t.actor_id AND a.host <> '' "
        "WHERE t.fetched_at < :moment AND t.revoked_at IS NULL AND t.valid_until > :now "
        "ORDER BY t.fetched_at DESC LIMIT :limit",
        moment=moment,
        now=now,
        limit=limit,
    )
    return [Actor(*row) for row in found]


async def forget_answers(tx: Transaction) -> None:
    """Of others' attestations nobody knows any more when they were last confirmed: they are stale until asked for again."""
    await tx.execute(
        "UPDATE attestations SET fetched_at = 0 WHERE actor_id IN (SELECT id FROM actors WHERE host <> '')"
    )


async def list_lapsed_members(tx: Reader, *, now: int) -> list[tuple[int, int]]:
    """(group, actor) of every present membership here whose attestation has ended."""
    found = await tx.rows(
        "SELECT m.group_id, m.actor_id FROM memberships m JOIN groups g ON g.actor_id = m.group_id AND g.local = 1 "
        "JOIN attestations t ON t.actor_id = m.actor_id "
        "WHERE m.state = 'active' AND (t.revoked_at IS NOT NULL OR t.valid_until <= :now)",
        now=now,
    )
    return [(row[0], row[1]) for row in found]
