"""Questions in private groups, as rows: which are answered, and to which groups they were offered. Who may is asked elsewhere."""

from collections.abc import Iterable

from storage.database import Reader, Transaction
from storage.pages import Page
from storage.records import Status
from storage.statuses import COLUMNS
from storage.visibility import VISIBLE

OFFERED, BROUGHT = "offered", "brought"

# A post of a group that is asked of it, with `s` for the post and `q` for its group.
_QUESTION = (
    "s.group_id = q.actor_id AND s.in_reply_to_id IS NULL AND s.in_reply_to_uri IS NULL "
    "AND EXISTS (SELECT 1 FROM status_tags t WHERE t.status_id = s.id AND t.tag = q.question_tag)"
)
_ANSWERED = "EXISTS (SELECT 1 FROM answered_questions k WHERE k.status_id = s.id)"


async def list_questions(
    tx: Reader, viewer: int, group_id: int, page: Page, *, now: int, answered: bool = False
) -> list[Status]:
    """The questions in a group that nobody has said are answered, or those that somebody has; newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id JOIN groups q ON q.actor_id = :group "
        f"WHERE {_QUESTION} AND {'' if answered else 'NOT '}{_ANSWERED} AND s.id > :after AND s.id < :before "
        f"AND {VISIBLE} ORDER BY s.id {order} LIMIT :limit",
        viewer=viewer,
        now=now,
        group=group_id,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [Status(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def list_asking(tx: Reader, group_ids: Iterable[int], *, viewer: int, now: int) -> set[int]:
    """Those of these groups in which the viewer sees a question that nobody has said is answered."""
    found = await tx.rows(
        "SELECT q.actor_id FROM groups q WHERE q.actor_id IN :ids AND EXISTS (SELECT 1 FROM statuses s "
        f"JOIN actors a ON a.id = s.actor_id WHERE {_QUESTION} AND NOT {_ANSWERED} AND {VISIBLE})",
        ids=list(group_ids),
        viewer=viewer,
        now=now,
    )
    return {row[0] for row in found}


async def insert_answered(tx: Transaction, status_id: int, *, by: str, now: int) -> None:
    """Saying it again changes nothing."""
    await tx.execute(
        "INSERT INTO answered_questions (status_id, said_by, created_at) VALUES (:id, :by, :now) ON CONFLICT DO NOTHING",
        id=status_id,
        by=by,
        now=now,
    )


async def delete_answered(tx: Transaction, status_id: int) -> None:
    await tx.execute("DELETE FROM answered_questions WHERE status_id = :id", id=status_id)


async def list_taking(tx: Reader, specialties: Iterable[str]) -> list[int]:
    """The private groups of ours that take questions of one of these specialties."""
    found = await tx.rows(
        "SELECT g.actor_id FROM groups g WHERE g.local = 1 AND g.questions_of IN :codes ORDER BY g.actor_id",
        codes=list(specialties),
    )
    return [row[0] for row in found]


async def insert_offer(tx: Transaction, status_id: int, group_id: int, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO question_offers (status_id, group_id, state, created_at) VALUES (:id, :group, :state, :now) "
        "ON CONFLICT DO NOTHING",
        id=status_id,
        group=group_id,
        state=OFFERED,
        now=now,
    )


async def take_offer(tx: Transaction, status_id: int, group_id: int) -> bool:
    """The question is brought there; False when it was not offered, or was brought before."""
    return bool(
        await tx.execute(
            "UPDATE question_offers SET state = :brought WHERE status_id = :id AND group_id = :group AND state = :offered",
            id=status_id,
            group=group_id,
            brought=BROUGHT,
            offered=OFFERED,
        )
    )
