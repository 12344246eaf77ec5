"""What members note about others for themselves: shown to nobody else, told to nobody. Must not know who may know of whom."""

from collections.abc import Iterable

from storage.database import Reader, Transaction


async def upsert_remark(tx: Transaction, owner_id: int, actor_id: int, text: str) -> None:
    """Keep a member's note about somebody, in place of the former one; an empty one is none."""
    if not text:
        await tx.execute(
            "DELETE FROM remarks WHERE owner_id = :owner AND actor_id = :actor", owner=owner_id, actor=actor_id
        )
        return
    await tx.execute(
        "INSERT INTO remarks (owner_id, actor_id, text) VALUES (:owner, :actor, :text) "
        "ON CONFLICT (owner_id, actor_id) DO UPDATE SET text = excluded.text",
        owner=owner_id,
        actor=actor_id,
        text=text,
    )


async def list_remarks(tx: Reader, owner_id: int, actor_ids: Iterable[int]) -> dict[int, str]:
    """What a member noted about these actors."""
    found = await tx.rows(
        "SELECT actor_id, text FROM remarks WHERE owner_id = :owner AND actor_id IN :ids",
        owner=owner_id,
        ids=list(actor_ids),
    )
    return {row[0]: row[1] for row in found}
