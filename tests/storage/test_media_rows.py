"""Whose an upload is, what may be attached, and which files nobody needs any more."""

from dataclasses import replace

import pytest

from federation.context import Origin
from federation.local_actors import new_actor
from storage import actors, media, statuses
from storage.database import Database, Reader, Transaction
from storage.ids import new_id
from storage.records import Media, Status

NOW = 1_795_000_000_000
ORIGIN = Origin("chu-a.example", "chu-a.example")
ANNE, BRUNO = 11, 12


def upload(owner: int = ANNE, *, file: str = "a.png", preview: str = "p.jpg", now: int = NOW) -> Media:
    return Media(
        id=new_id(now),
        actor_id=owner,
        status_id=None,
        position=0,
        type="image",
        mime="image/png",
        file=file,
        preview=preview,
        remote_url=None,
        description="",
        blurhash=None,
        width=1,
        height=1,
        preview_width=1,
        preview_height=1,
        focus_x=0.0,
        focus_y=0.0,
        created_at=now,
    )


def post(author: int = ANNE) -> Status:
    status_id = new_id(NOW)
    return Status(
        id=status_id,
        uri=ORIGIN.object(status_id),
        actor_id=author,
        audience="followers",
        group_id=None,
        distributed=1,
        boost_of_id=None,
        in_reply_to_id=None,
        in_reply_to_actor_id=None,
        in_reply_to_uri=None,
        thread_id=status_id,
        content="",
        text="",
        summary="",
        sensitive=0,
        language=None,
        url="",
        replies_count=0,
        boosts_count=0,
        favourites_count=0,
        app_id=None,
        emojis="[]",
        created_at=NOW,
        edited_at=None,
    )


@pytest.fixture
async def people(db: Database) -> Database:
    async def unit(tx: Transaction) -> None:
        for actor_id, name in ((ANNE, "anne"), (BRUNO, "bruno")):
            await actors.insert_actor(tx, new_actor(ORIGIN, actor_id, "Person", name, name, NOW))

    await db.transact(unit)
    return db


async def insert(db: Database, *rows: Media | Status) -> None:
    async def unit(tx: Transaction) -> None:
        for row in rows:
            await (media.insert_media(tx, row) if isinstance(row, Media) else statuses.insert_status(tx, row))

    await db.transact(unit)


async def get(db: Database, media_id: int) -> Media | None:
    return await db.read(lambda tx: media.get_media(tx, media_id))


async def attached(db: Database, status: Status) -> list[int]:
    async def unit(tx: Reader) -> list[int]:
        return [one.id for one in (await media.list_media(tx, [status.id])).get(status.id, [])]

    return await db.read(unit)


async def test_attach_keeps_the_order_given(people: Database) -> None:
    files, status = [upload() for _ in range(3)], post()
    await insert(people, *files, status)
    ids = [files[2].id, files[0].id, files[1].id]
    found = await people.transact(lambda tx: media.attach_media(tx, ids, status_id=status.id, actor_id=ANNE))
    assert [one.id for one in found] == ids == await attached(people, status)
    assert [one.position for one in found] == [0, 1, 2]


@pytest.mark.parametrize("case", ["another's", "another post's", "another instance's", "unknown"])
async def test_only_own_and_free_uploads_can_be_attached(people: Database, case: str) -> None:
    mine, other_post, status = upload(), post(), post()
    wrong = {
        "another's": upload(BRUNO),
        "another post's": replace(upload(), status_id=other_post.id),
        "another instance's": replace(upload(), remote_url="https://chu-b.example/a.png"),
        "unknown": upload(),
    }[case]
    await insert(people, other_post, status, mine, *([] if case == "unknown" else [wrong]))
    ids = [wrong.id, mine.id]
    free = await people.read(lambda tx: media.list_attachable(tx, ids, actor_id=ANNE))
    assert [one.id for one in free] == [mine.id]
    await people.transact(lambda tx: media.attach_media(tx, ids, status_id=status.id, actor_id=ANNE))
    assert await attached(people, status) == [mine.id]
    assert await attached(people, other_post) == ([wrong.id] if case == "another post's" else [])


async def test_replace_attached(people: Database) -> None:
    files, status = [upload() for _ in range(3)], post()
    await insert(people, *files, status)
    one, two, three = (file.id for file in files)
    await people.transact(lambda tx: media.attach_media(tx, [one, two], status_id=status.id, actor_id=ANNE))
    await people.transact(lambda tx: media.replace_attached(tx, [three, two], status_id=status.id, actor_id=ANNE))
    assert await attached(people, status) == [three, two]
    lost = await get(people, one)
    assert lost is not None
    assert lost.status_id is None
    await people.transact(lambda tx: media.replace_attached(tx, [], status_id=status.id, actor_id=ANNE))
    assert await attached(people, status) == []


async def test_only_what_is_ready_is_attached(people: Database) -> None:
    states = ("ready", "waiting", "failed", "gone")
    files, status = [replace(upload(), state=state) for state in states], post()
    ids = [file.id for file in files]
    await insert(people, *files, status)
    assert await people.read(lambda tx: media.count_unfinished(tx, ids, actor_id=ANNE)) == 2
    assert await people.read(lambda tx: media.count_unfinished(tx, ids, actor_id=BRUNO)) == 0
    await people.transact(lambda tx: media.attach_media(tx, ids, status_id=status.id, actor_id=ANNE))
    assert await attached(people, status) == ids[:1]
    owned = [await people.read(lambda tx, one=one: media.get_own_media(tx, one, actor_id=ANNE)) for one in ids]  # type: ignore[misc]
    assert [one is not None for one in owned] == [True, True, True, False]


async def test_a_deleted_upload_stays_so(people: Database) -> None:
    mine, waiting = upload(), replace(upload(), state="waiting", file=None)
    theirs, remote = upload(BRUNO), replace(upload(), remote_url="https://chu-b.example/a.png")
    await insert(people, mine, waiting, theirs, remote)

    async def delete(media_id: int) -> bool:
        return await people.transact(lambda tx: media.delete_upload(tx, media_id, actor_id=ANNE))

    assert [await delete(one.id) for one in (mine, waiting, theirs, remote)] == [True, True, False, False]
    assert not await delete(mine.id)
    await people.transact(lambda tx: media.finish_media(tx, waiting.id, "ready", file="late.mp3"))
    assert await get(people, waiting.id) == replace(waiting, state="gone", file="late.mp3")


async def test_descriptions_are_their_owners(people: Database) -> None:
    mine, remote = upload(), replace(upload(), remote_url="https://chu-b.example/a.png")
    await insert(people, mine, remote)

    async def describe(media_id: int, owner: int) -> bool:
        return await people.transact(
            lambda tx: media.update_description(tx, media_id, actor_id=owner, description="Radiographie")
        )

    assert not await describe(mine.id, BRUNO)
    assert not await describe(remote.id, ANNE)
    assert await describe(mine.id, ANNE)
    assert await people.read(lambda tx: media.get_own_media(tx, mine.id, actor_id=BRUNO)) is None
    assert await people.read(lambda tx: media.get_own_media(tx, remote.id, actor_id=ANNE)) is None
    found = await people.read(lambda tx: media.get_own_media(tx, mine.id, actor_id=ANNE))
    assert found == replace(mine, description="Radiographie")


async def test_what_no_post_has_is_forgotten_and_its_files_are_named(people: Database) -> None:
    status, later = post(), NOW + 1000
    kept = replace(upload(file="shared.png", preview="q.jpg"), status_id=status.id)
    orphans = [
        upload(file="shared.png", preview="q.jpg"),
        upload(file="lost.png", preview="lost.jpg"),
        upload(file="other.png", preview="q.jpg"),
        upload(file="face.webp", preview="r.jpg"),
    ]
    fresh = upload(file="fresh.png", preview="fresh.jpg", now=later)
    await insert(people, status, kept, *orphans, fresh)
    await people.transact(lambda tx: actors.update_actor(tx, BRUNO, avatar="face.webp"))
    unused = await people.transact(lambda tx: media.delete_unattached_before(tx, later))
    assert unused == ["lost.jpg", "lost.png", "other.png", "r.jpg"]
    remaining = [one for one in (kept, *orphans, fresh) if await get(people, one.id) is not None]
    assert remaining == [kept, fresh]


async def test_files_of_a_deleted_post_are_its_authors_until_they_are_forgotten(people: Database) -> None:
    status = post()
    file = replace(upload(file="x.png"), status_id=status.id)
    await insert(people, status, file)
    await people.transact(lambda tx: statuses.delete_status(tx, status, actor_uri=ORIGIN.actor(ANNE), now=NOW))
    assert [one.id for one in await people.read(lambda tx: media.list_attachable(tx, [file.id], actor_id=ANNE))] == [
        file.id
    ]
    assert "x.png" in await people.transact(lambda tx: media.delete_unattached_before(tx, NOW + 1))
