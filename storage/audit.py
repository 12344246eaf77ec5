"""Who did what here: appended in the same transaction as the act, never changed."""

from typing import Any

from storage.database import Reader, Row, Transaction
from storage.ids import new_id
from storage.records import as_json


async def append(tx: Transaction, *, actor: str, act: str, subject: str, now: int, **detail: Any) -> None:
    """Record an act. `actor` is a member's name or `console`; details never hold a post's content."""
    await tx.execute(
        "INSERT INTO audit (id, actor, act, subject, detail, created_at) VALUES (:id, :actor, :act, :subject, :detail, :now)",
        id=new_id(now),
        actor=actor,
        act=act,
        subject=subject,
        detail=as_json(detail),
        now=now,
    )


async def list_latest(tx: Reader, *, limit: int) -> list[Row]:
    """(created_at, actor, act, subject, detail), newest first."""
    return await tx.rows(
        "SELECT created_at, actor, act, subject, detail FROM audit ORDER BY id DESC LIMIT :limit", limit=limit
    )
