"""Uploads of sound and film that wait to be written anew, as a queue in which members take turns. Must not know how."""

from collections.abc import Iterable

from storage import queues
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.queues import Lease
from storage.records import Media, MediaJob, columns, placeholders, values

_COLUMNS = columns(MediaJob, "j")
_INSERT = "INSERT INTO media_jobs ({}) VALUES ({})".format(*placeholders(MediaJob))


async def insert_job(tx: Transaction, media: Media, folder: str, *, now: int) -> None:
    """Queue an upload that lies in a folder of the store."""
    made = MediaJob(new_id(now), media.id, str(media.actor_id), folder, "due", 0, now, "")
    await tx.execute(_INSERT, **values(made))


async def claim_due(tx: Transaction, lease: Lease) -> MediaJob | None:
    """Lease one upload."""
    ids = await queues.claim(tx, "media_jobs", lease, limit=1, share=1)
    found = await tx.row(f"SELECT {_COLUMNS} FROM media_jobs j WHERE j.id IN :ids", ids=ids) if ids else None
    return MediaJob(*found) if found else None


async def extend(tx: Transaction, job_id: int, lease: Lease) -> bool:
    """Hold it for longer; False when it is this owner's no more."""
    changed = await tx.execute(
        "UPDATE media_jobs SET due_at = :until WHERE id = :id AND lease_owner = :owner",
        until=lease.until,
        id=job_id,
        owner=lease.owner,
    )
    return changed > 0


async def reschedule(tx: Transaction, job_id: int, *, due_at: int) -> None:
    await tx.execute("UPDATE media_jobs SET due_at = :due, lease_owner = '' WHERE id = :id", due=due_at, id=job_id)


async def delete_job(tx: Transaction, media_id: int) -> str | None:
    """Its upload is done, or wanted no more; answers the folder that nobody needs now."""
    folder: str | None = await tx.value("SELECT folder FROM media_jobs WHERE media_id = :id", id=media_id)
    await tx.execute("DELETE FROM media_jobs WHERE media_id = :id", id=media_id)
    return folder


async def list_folders(tx: Reader, names: Iterable[str]) -> set[str]:
    """Those of these folders in which an upload waits."""
    found = await tx.rows("SELECT folder FROM media_jobs WHERE folder IN :names", names=list(names))
    return {row[0] for row in found}


async def release(tx: Transaction, *, owner: str, now: int) -> int:
    """Give back what a worker that stops holds."""
    return await queues.release(tx, "media_jobs", owner=owner, now=now)
