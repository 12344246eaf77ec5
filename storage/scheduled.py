"""Posts that wait for their time. One that was refused then stays, with the reason, until its author does something."""

from collections.abc import Iterable, Sequence

from storage.database import Reader, Transaction
from storage.media import COLUMNS as MEDIA_COLUMNS
from storage.pages import Page
from storage.records import Media, Scheduled, columns, make, placeholders, values

_COLUMNS = columns(Scheduled, "p")
_INSERT = "INSERT INTO scheduled_statuses ({}) VALUES ({})".format(*placeholders(Scheduled))


async def insert_scheduled(tx: Transaction, scheduled: Scheduled, media_ids: Sequence[int]) -> None:
    """Keep a post and its files, which belong to it from now on."""
    await tx.execute(_INSERT, **values(scheduled))
    await tx.execute_many(
        "INSERT INTO scheduled_media (media_id, scheduled_id, position) VALUES (:media, :id, :position)",
        [{"media": media_id, "id": scheduled.id, "position": n} for n, media_id in enumerate(media_ids)],
    )


async def get_scheduled(tx: Reader, scheduled_id: int, *, actor_id: int) -> Scheduled | None:
    """One of a member's own."""
    return make(
        Scheduled,
        await tx.row(
            f"SELECT {_COLUMNS} FROM scheduled_statuses p WHERE p.id = :id AND p.actor_id = :actor",
            id=scheduled_id,
            actor=actor_id,
        ),
    )


async def list_scheduled(tx: Reader, actor_id: int, page: Page) -> list[Scheduled]:
    """A member's own, newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM scheduled_statuses p WHERE p.actor_id = :actor AND p.id > :after AND p.id < :before "
        f"ORDER BY p.id {order} LIMIT :limit",
        actor=actor_id,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    scheduled = [Scheduled(*row) for row in found]
    return scheduled[::-1] if page.oldest_first else scheduled


async def count_scheduled(tx: Reader, actor_id: int) -> int:
    return int(await tx.value("SELECT count(*) FROM scheduled_statuses WHERE actor_id = :actor", actor=actor_id))


async def list_files(tx: Reader, scheduled_ids: Iterable[int]) -> dict[int, list[Media]]:
    """The files of posts that wait, in the order their authors gave."""
    found = await tx.rows(
        f"SELECT f.scheduled_id, {MEDIA_COLUMNS} FROM scheduled_media f JOIN media x ON x.id = f.media_id "
        "WHERE f.scheduled_id IN :ids ORDER BY f.scheduled_id, f.position",
        ids=list(scheduled_ids),
    )
    files: dict[int, list[Media]] = {}
    for scheduled_id, *media in found:
        files.setdefault(scheduled_id, []).append(Media(*media))
    return files


async def list_due(tx: Reader, *, now: int, limit: int) -> list[Scheduled]:
    """Those whose time has come, oldest first. Nothing of a disabled member's is published."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM scheduled_statuses p JOIN actors a ON a.id = p.actor_id "
        "JOIN members m ON m.actor_id = p.actor_id WHERE p.reason = '' AND p.due_at <= :now "
        "AND a.disabled_at IS NULL AND m.disabled_at IS NULL ORDER BY p.due_at, p.id LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [Scheduled(*row) for row in found]


async def claim_due(tx: Transaction, scheduled_id: int, *, now: int) -> bool:
    """Take one away to publish it in the same transaction; False when another process did, or its author moved it."""
    claimed = await tx.execute(
        "DELETE FROM scheduled_statuses WHERE id = :id AND reason = '' AND due_at <= :now", id=scheduled_id, now=now
    )
    return claimed > 0


async def update_due(tx: Transaction, scheduled_id: int, *, actor_id: int, due_at: int) -> bool:
    """Give a post another time; one that was refused is tried again then. False when the member has no such post."""
    changed = await tx.execute(
        "UPDATE scheduled_statuses SET due_at = :due, reason = '', about = '' WHERE id = :id AND actor_id = :actor",
        due=due_at,
        id=scheduled_id,
        actor=actor_id,
    )
    return changed > 0


async def delete_scheduled(tx: Transaction, scheduled_id: int, *, actor_id: int) -> bool:
    """Its files are the author's alone again. False when the member has no such post."""
    deleted = await tx.execute(
        "DELETE FROM scheduled_statuses WHERE id = :id AND actor_id = :actor", id=scheduled_id, actor=actor_id
    )
    return deleted > 0
