"""Files of posts, as rows: what they show, which post they belong to. The bytes are in `storage.media_store`.

An upload belongs to its owner alone until it is attached; a row of another instance's post names its `remote_url`
and has files of ours once somebody has looked at it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from storage.database import Reader, Transaction
from storage.records import Media, columns, make, placeholders, values

COLUMNS = columns(Media, "x")
_INSERT = "INSERT INTO media ({}) VALUES ({})".format(*placeholders(Media))


async def insert_media(tx: Transaction, media: Media) -> None:
    await tx.execute(_INSERT, **values(media))


def new_media(media_id: int, actor_id: int, now: int) -> Media:
    """An upload of which nothing is known yet."""
    return Media(
        id=media_id,
        actor_id=actor_id,
        status_id=None,
        position=0,
        type="image",
        mime="",
        file=None,
        preview=None,
        remote_url=None,
        description="",
        blurhash=None,
        width=None,
        height=None,
        preview_width=None,
        preview_height=None,
        focus_x=0.0,
        focus_y=0.0,
        created_at=now,
    )


async def insert_replaced(tx: Transaction, file: str, *, media_id: int, actor_id: int, now: int) -> None:
    """A portrait that its owner has no more, as an upload in no post: `delete_unattached_before` forgets it in time."""
    await insert_media(tx, replace(new_media(media_id, actor_id, now), mime="image/webp", file=file))


async def get_media(tx: Reader, media_id: int) -> Media | None:
    """By id, whoever asks: callers that answer a person must ask `storage.visibility` for its post."""
    return make(Media, await tx.row(f"SELECT {COLUMNS} FROM media x WHERE x.id = :id", id=media_id))


async def get_media_by_address(tx: Reader, address: str) -> Media | None:
    """Another instance's file by where it stands there."""
    return make(
        Media, await tx.row(f"SELECT {COLUMNS} FROM media x WHERE x.remote_url = :address LIMIT 1", address=address)
    )


async def get_own_media(tx: Reader, media_id: int, *, actor_id: int) -> Media | None:
    """An upload of one member, attached or not, unless they have deleted it."""
    media = await get_media(tx, media_id)
    if media is None or media.actor_id != actor_id or media.remote_url is not None or media.state == "gone":
        return None
    return media


async def list_media(tx: Reader, status_ids: Iterable[int]) -> dict[int, list[Media]]:
    """What is attached to posts, in the order their authors gave."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM media x WHERE x.status_id IN :ids ORDER BY x.status_id, x.position, x.id",
        ids=list(status_ids),
    )
    attached: dict[int, list[Media]] = {}
    for media in (Media(*row) for row in found):
        attached.setdefault(media.status_id or 0, []).append(media)
    return attached


async def list_attachable(tx: Reader, ids: Iterable[int], *, actor_id: int, status_id: int = 0) -> list[Media]:
    """Those of these uploads that a member may attach: their own, ready, in no post (or in `status_id`) and in none
    that waits for its time, in the order asked.
    """
    wanted = list(dict.fromkeys(ids))
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM media x WHERE x.id IN :ids AND x.actor_id = :actor AND x.remote_url IS NULL "
        "AND x.state = 'ready' AND (x.status_id IS NULL OR x.status_id = :status) "
        "AND NOT EXISTS (SELECT 1 FROM scheduled_media f WHERE f.media_id = x.id)",
        ids=wanted,
        actor=actor_id,
        status=status_id,
    )
    return sorted((Media(*row) for row in found), key=lambda media: wanted.index(media.id))


async def count_unfinished(tx: Reader, ids: Iterable[int], *, actor_id: int) -> int:
    """How many of these uploads of a member's wait for their job, or failed."""
    return int(
        await tx.value(
            "SELECT count(*) FROM media WHERE id IN :ids AND actor_id = :actor AND state IN ('waiting', 'failed')",
            ids=list(ids),
            actor=actor_id,
        )
    )


async def attach_media(tx: Transaction, ids: Sequence[int], *, status_id: int, actor_id: int) -> list[Media]:
    """Attach uploads to a post of the same member; answers those attached. Another's, or another post's, are left alone."""
    attachable = await list_attachable(tx, ids, actor_id=actor_id, status_id=status_id)
    await tx.execute_many(
        "UPDATE media SET status_id = :status, position = :position WHERE id = :id",
        [{"status": status_id, "position": n, "id": media.id} for n, media in enumerate(attachable)],
    )
    return (await list_media(tx, [status_id])).get(status_id, [])


async def replace_attached(tx: Transaction, ids: Sequence[int], *, status_id: int, actor_id: int) -> list[Media]:
    """The post has these uploads and no others from now on; what it loses is its owner's alone again."""
    await tx.execute(
        "UPDATE media SET status_id = NULL WHERE status_id = :status AND id NOT IN :ids",
        status=status_id,
        ids=list(ids),
    )
    return await attach_media(tx, ids, status_id=status_id, actor_id=actor_id)


async def update_media(tx: Transaction, media_id: int, **changes: Any) -> None:
    """Set named columns of one row."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE media SET {assignments} WHERE id = :id", id=media_id, **changes)


async def finish_media(tx: Transaction, media_id: int, state: str, **changes: Any) -> None:
    """Write down what became of an upload that waited. One that was deleted meanwhile stays so, but names its files."""
    assignments = "".join(f", {name} = :{name}" for name in changes)
    await tx.execute(
        f"UPDATE media SET state = CASE WHEN state = 'waiting' THEN :state ELSE state END{assignments} WHERE id = :id",
        id=media_id,
        state=state,
        **changes,
    )


async def delete_upload(tx: Transaction, media_id: int, *, actor_id: int) -> bool:
    """Take an upload from its owner, unless a post has it or waits to; False then, or when there is none.

    The row goes with its files in time (`delete_unattached_before`): an equal upload may be under way at this moment.
    """
    changed = await tx.execute(
        "UPDATE media SET state = 'gone' WHERE id = :id AND actor_id = :actor AND remote_url IS NULL "
        "AND state <> 'gone' AND status_id IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM scheduled_media f WHERE f.media_id = media.id)",
        id=media_id,
        actor=actor_id,
    )
    return changed > 0


async def update_description(tx: Transaction, media_id: int, *, actor_id: int, description: str) -> bool:
    """Write the text for who cannot see the image; False when the member has no such upload."""
    changed = await tx.execute(
        "UPDATE media SET description = :description WHERE id = :id AND actor_id = :actor AND remote_url IS NULL",
        description=description,
        id=media_id,
        actor=actor_id,
    )
    return changed > 0


async def delete_unattached_before(tx: Transaction, moment: int) -> list[str]:
    """Forget rows older than `moment` (unix ms) that no post has or waits to have: uploads never posted, files of
    deleted posts.

    Answers the names of files that no other row has; the caller deletes them from the store.
    """
    old = (
        "status_id IS NULL AND created_at < :moment "
        "AND NOT EXISTS (SELECT 1 FROM scheduled_media f WHERE f.media_id = media.id)"
    )
    found = await tx.rows(f"SELECT file, preview FROM media WHERE {old}", moment=moment)
    names = {name for row in found for name in row if name is not None}
    await tx.execute(f"DELETE FROM media WHERE {old}", moment=moment)
    return sorted(names - await _names_in_use(tx, names))


async def _names_in_use(tx: Reader, names: Iterable[str]) -> set[str]:
    """Equal images share a file, whoever uploaded them."""
    found = await tx.rows(
        "SELECT file, preview FROM media WHERE file IN :names OR preview IN :names "
        "UNION SELECT avatar, header FROM actors WHERE host = '' AND (avatar IN :names OR header IN :names) "
        "UNION SELECT file, NULL FROM custom_emojis WHERE file IN :names",
        names=list(names),
    )
    return {name for row in found for name in row if name is not None}


async def delete_of_status(tx: Transaction, status_id: int) -> None:
    """A remote post loses its files: an edit brings its own list. `delete_unattached_before` forgets rows and files."""
    await tx.execute("UPDATE media SET status_id = NULL WHERE status_id = :id", id=status_id)
