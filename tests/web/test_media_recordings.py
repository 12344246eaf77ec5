"""Sound and film as apps upload them: taken in, worked on by whoever is there, posted, played by who may."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from server.jobs import clean_up
from storage import media, media_jobs
from storage.database import Database
from storage.media_store import MediaStore
from storage.members import Person
from storage.queues import Lease
from storage.records import Media
from tests.web.api_world import SITE_HERE, Answer, World, api_world
from tests.web.clips import SECRET, clip, needs_ffmpeg, transcoder
from tests.web.entity_checker import EntityChecker
from tests.web.live import picture
from tests.web.people import ORIGIN
from tests.web.test_media_api import form_of, incoming, upload
from web.images import Decoder
from web.processing import LEASE_MS, MOST_ATTEMPTS, Studio, process_due, run_processing
from web.recordings import Tools, Transcoder

DAY = 24 * 3_600_000
NOT_FINISHED = "Cannot attach files that have not finished processing. Try again in a moment!"
FAILED = "Error processing thumbnail for uploaded media"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(MediaStore(tmp_path / "media"), Decoder(), transcoder())


async def process(world: World, studio: Studio, owner: str = "worker") -> None:
    await process_due(world.ctx, studio, asyncio.Event(), owner)


async def get(world: World, made: dict[str, Any], who: Person) -> Answer:
    return await world.get(f"/api/v1/media/{made['id']}", who)


async def play(world: World, url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    async with world.browser.get(url.removeprefix(ORIGIN.base), headers=headers) as response:
        return response.status, await response.read(), dict(response.headers)


async def post(world: World, who: Person, *made: dict[str, Any], **said: Any) -> Answer:
    return await world.post("/api/v1/statuses", who, json={"media_ids": [one["id"] for one in made], **said})


@needs_ffmpeg
async def test_a_film_from_upload_to_post(world: World, studio: Studio, tmp_path: Path, checker: EntityChecker) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    answer = await upload(world, anne, clip("mov"), description="Une écho", filename="scan.png")
    made = answer.body
    assert (answer.status, made["url"], made["preview_url"], made["type"]) == (202, None, None, "video")
    assert checker.problems("MediaAttachment", made) == []
    assert len(incoming(tmp_path)) == 1
    waiting = await get(world, made, anne)
    assert (waiting.status, waiting.body) == (206, made)
    refused = await post(world, anne, made)
    assert (refused.status, refused.body) == (422, {"error": NOT_FINISHED})
    assert (await play(world, f"/media/{made['id']}/original"))[0] == 404

    await process(world, studio)
    assert incoming(tmp_path) == []
    ready = await get(world, made, anne)
    assert ready.status == 200
    assert checker.problems("MediaAttachment", ready.body) == []
    assert ready.body["description"] == "Une écho"
    assert len(ready.body["blurhash"]) == 28
    meta = ready.body["meta"]
    assert meta["original"].items() >= {"width": 64, "height": 48, "frame_rate": "10/1"}.items()
    assert meta["original"]["duration"] == meta["duration"] == pytest.approx(0.5, abs=0.1)
    assert meta["original"]["bitrate"] > 0
    assert meta["small"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 64 / 48}
    assert (meta["fps"], meta["audio_encode"], meta["audio_channels"]) == (10, "aac", "stereo")
    assert meta["length"].startswith("0:00:00.")

    both = await post(world, anne, made, (await upload(world, anne)).body)
    assert (both.status, both.body["error"]) == (422, "Cannot attach a video to a post that already contains images")
    posted = await post(world, anne, made, visibility="private")
    assert posted.status == 200
    shown = posted.body["media_attachments"][0]
    found, body, headers = await play(world, shown["url"])
    assert (found, headers["Content-Type"], headers["Accept-Ranges"]) == (200, "video/mp4", "bytes")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, no-store"
    assert SECRET.encode() not in body
    for asked, start, end in (
        ("bytes=0-1", 0, 2),
        ("bytes=10-", 10, len(body)),
        ("bytes=-5", len(body) - 5, len(body)),
    ):
        part = await play(world, shown["url"], Range=asked)
        assert (part[0], part[1]) == (206, body[start:end])
        assert part[2]["Content-Range"] == f"bytes {start}-{end - 1}/{len(body)}"
    assert (await play(world, shown["url"], Range=f"bytes={len(body)}-"))[0] == 416
    found, poster, headers = await play(world, shown["preview_url"])
    assert (found, headers["Content-Type"]) == (200, "image/jpeg")
    with Image.open(BytesIO(poster)) as image:
        assert image.size == (64, 48)
    for url in (shown["url"], shown["preview_url"]):
        for forged in (url.partition("?")[0], url.replace(f"viewer={anne.actor.id}", f"viewer={bruno.actor.id}")):
            assert (await play(world, forged, Range="bytes=0-1"))[0] == 404


@needs_ffmpeg
async def test_sound_and_its_cover(world: World, studio: Studio, checker: EntityChecker) -> None:
    anne = await world.person("anne")
    form = form_of(clip("opus"), filename="voice.ogg")
    form.add_field("thumbnail", BytesIO(picture(1280, 640)), filename="t.png", content_type="image/png")
    covered = (await world.post("/api/v2/media", anne, data=form)).body
    plain = (await upload(world, anne, clip("wav"))).body
    late = (await upload(world, anne, clip("mp3"))).body
    assert {one["type"] for one in (covered, plain, late)} == {"audio"}
    await process(world, studio)
    covered, plain = (await get(world, covered, anne)).body, (await get(world, plain, anne)).body
    assert checker.problems("MediaAttachment", covered) == checker.problems("MediaAttachment", plain) == []
    assert (plain["preview_url"], plain["blurhash"]) == (None, None)
    assert covered["meta"]["small"]["size"] == "640x320"
    assert len(covered["blurhash"]) == 28
    assert set(covered["meta"]["original"]) == {"duration", "bitrate"}
    found, body, headers = await play(world, covered["url"], Range="bytes=0-3")
    assert (found, len(body), headers["Content-Type"]) == (206, 4, "audio/mpeg")
    with Image.open(BytesIO((await play(world, covered["preview_url"]))[1])) as image:
        assert image.size == (640, 320)

    changed = await world.call(
        "PUT", f"/api/v1/media/{late['id']}", anne, data=form_of(picture(100, 50), name="thumbnail", description="Voix")
    )
    assert (changed.body["description"], changed.body["meta"]["small"]["size"]) == ("Voix", "100x50")
    assert (await play(world, changed.body["preview_url"]))[0] == 200


@needs_ffmpeg
async def test_a_cover_given_while_its_film_waits_is_kept(world: World, studio: Studio) -> None:
    anne = await world.person("anne")
    made = (await upload(world, anne, clip("silent"))).body
    path = f"/api/v1/media/{made['id']}"
    cover = form_of(picture(100, 50), name="thumbnail", description="Boucle")
    changed = await world.call("PUT", path, anne, data=cover)
    assert (changed.status, changed.body["description"], changed.body["url"]) == (206, "Boucle", None)
    await process(world, studio)
    ready = (await get(world, made, anne)).body
    assert (ready["type"], ready["description"], ready["meta"]["small"]["size"]) == ("video", "Boucle", "100x50")
    assert "audio_encode" not in ready["meta"]


def animation() -> bytes:
    frames, buffer = [Image.new("RGB", (33, 21), colour) for colour in ("red", "green", "blue")], BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100, comment=SECRET.encode())
    return buffer.getvalue()


@needs_ffmpeg
async def test_what_moves_becomes_a_film(world: World, tmp_path: Path, checker: EntityChecker) -> None:
    anne = await world.person("anne")
    answer = await upload(world, anne, animation())
    assert (answer.status, answer.body["type"]) == (200, "gifv")
    assert checker.problems("MediaAttachment", answer.body) == []
    assert answer.body["meta"]["original"].items() >= {"width": 32, "height": 20}.items()
    found, body, headers = await play(world, answer.body["url"])
    assert (found, headers["Content-Type"], SECRET.encode() in body) == (200, "video/mp4", False)
    assert incoming(tmp_path) == []
    assert (await post(world, anne, answer.body, (await upload(world, anne)).body)).status == 200


@needs_ffmpeg
async def test_old_apps_are_kept_waiting(world: World, studio: Studio) -> None:
    anne, stop = await world.person("anne"), asyncio.Event()
    worker = asyncio.create_task(run_processing(world.ctx, studio, stop, "worker"))
    answer = await upload(world, anne, clip("flac"), "/api/v1/media")
    assert (answer.status, answer.body["type"]) == (200, "audio")
    assert answer.body["url"]
    failed = await upload(world, anne, broken(), "/api/v1/media")
    assert (failed.status, failed.body) == (422, {"error": FAILED})
    stop.set()
    await worker


def broken() -> bytes:
    """A film whose head is whole and whose pictures are not."""
    film = clip("mp4")
    body = film.index(b"mdat") + 4
    return film[:body] + bytes(len(film) - body)


@needs_ffmpeg
async def test_what_nothing_can_be_made_of(world: World, studio: Studio, tmp_path: Path) -> None:
    anne = await world.person("anne")
    made = (await upload(world, anne, broken())).body
    await process(world, studio)
    path = f"/api/v1/media/{made['id']}"
    for method in ("GET", "PUT"):
        failed = await world.call(method, path, anne)
        assert (failed.status, failed.body) == (422, {"error": FAILED})
    assert (await post(world, anne, made)).body == {"error": NOT_FINISHED}
    assert incoming(tmp_path) == []
    assert (await world.call("DELETE", path, anne)).status == 200
    assert (await get(world, made, anne)).status == 404


@needs_ffmpeg
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Validation failed: File content type is invalid"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "Validation failed: File content type is invalid"),
        (b"ffconcat version 1.0\nfile source\n", "Validation failed: File content type is invalid"),
        (b"\0\0\0\x18ftypmp42".ljust(128, b"\0") + b"DICM", "Validation failed: File content type is invalid"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 200, "File type of uploaded media could not be verified"),
        (b"ID3\x03" + b"\0" * 200, "File type of uploaded media could not be verified"),
        (b"ID3\x03" + b"\0" * (40 << 20), "Validation failed: File file size must be less than 40 MB"),
    ],
    ids=["svg", "hls", "concat", "dicom", "mp4", "mp3", "large"],
)
async def test_what_is_refused_at_once(world: World, tmp_path: Path, data: bytes, sentence: str) -> None:
    """Whatever its name and its declared type say."""
    anne, form = await world.person("anne"), form_of()
    form.add_field("file", BytesIO(data), filename="film.mp4", content_type="video/mp4")
    answer = await world.post("/api/v2/media", anne, data=form)
    assert (answer.status, answer.body) == (422, {"error": sentence})
    assert incoming(tmp_path) == []


@needs_ffmpeg
async def test_a_cover_is_a_picture(world: World, tmp_path: Path) -> None:
    anne, form = await world.person("anne"), form_of(clip("mp3"))
    form.add_field("thumbnail", BytesIO(b"<svg/>"), filename="t.png", content_type="image/png")
    answer = await world.post("/api/v2/media", anne, data=form)
    assert (answer.status, answer.body["error"]) == (422, "Validation failed: Thumbnail content type is invalid")
    assert incoming(tmp_path) == []


@pytest.fixture
async def mute(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """An instance on a machine without ffmpeg."""
    async with api_world(db, tmp_path / "media", site=replace(SITE_HERE, ffmpeg=str(tmp_path / "ffmpeg"))) as made:
        yield made


async def test_without_ffmpeg(mute: World) -> None:
    anne = await mute.person("anne")
    for data in (b"ID3\x03" + b"\0" * 200, b"\0\0\0\x18ftypmp42" + b"\0" * 200):
        answer = await upload(mute, anne, data)
        assert answer.status == 422
        assert answer.body == {"error": "Validation failed: Audio and video are not available on this server"}
    moving = (await upload(mute, anne, animation())).body
    assert (moving["type"], moving["url"].partition("?")[0][-4:]) == ("image", ".gif")
    limits = (await mute.get("/api/v2/instance")).body["configuration"]["media_attachments"]
    assert (limits["video_size_limit"], limits["video_matrix_limit"], limits["video_frame_rate_limit"]) == (0, 0, 0)
    assert {kind.partition("/")[0] for kind in limits["supported_mime_types"]} == {"image"}


@needs_ffmpeg
async def test_limits_with_ffmpeg(world: World, checker: EntityChecker) -> None:
    for path, entity in (("/api/v1/instance", "V1::Instance"), ("/api/v2/instance", "Instance")):
        body = (await world.get(path)).body
        assert checker.problems(entity, body) == []
        limits = body["configuration"]["media_attachments"]
        assert limits["video_size_limit"] == 40 << 20
        assert {"image/png", "video/mp4", "audio/mpeg"} <= set(limits["supported_mime_types"])


@needs_ffmpeg
async def test_what_a_killed_process_held_is_taken_up_by_another(world: World, studio: Studio) -> None:
    anne = await world.person("anne")
    made = (await upload(world, anne, clip("mp3"))).body
    lease = Lease("killed", world.clock.now, world.clock.now + LEASE_MS)
    assert await world.write(lambda tx: media_jobs.claim_due(tx, lease))
    await process(world, studio)
    assert (await get(world, made, anne)).status == 206
    world.tick(LEASE_MS)
    await process(world, studio)
    assert (await get(world, made, anne)).status == 200


@needs_ffmpeg
async def test_what_kills_its_processes_does_so_a_few_times_only(world: World, studio: Studio) -> None:
    anne = await world.person("anne")
    made = (await upload(world, anne, clip("mp3"))).body
    for _ in range(MOST_ATTEMPTS):
        lease = Lease("killed", world.clock.now, world.clock.now + LEASE_MS)
        assert await world.write(lambda tx, lease=lease: media_jobs.claim_due(tx, lease))
        world.tick(LEASE_MS)
    await process(world, studio)
    assert (await get(world, made, anne)).status == 422


@needs_ffmpeg
async def test_who_stops_gives_back_what_they_hold(world: World, studio: Studio, tmp_path: Path) -> None:
    anne, stop = await world.person("anne"), asyncio.Event()
    made = (await upload(world, anne, clip("mp3"))).body
    slow, started = tmp_path / "slow", tmp_path / "started"
    os.mkfifo(started)
    slow.write_text(f"#!/bin/sh\necho > {started}\nsleep 600\n")
    slow.chmod(0o700)
    studio = replace(studio, transcoder=Transcoder(Tools(str(slow), str(slow))))
    worker = asyncio.create_task(run_processing(world.ctx, studio, stop, "slow"))
    await asyncio.to_thread(started.read_text)
    stop.set()
    await worker
    again = Lease("next", world.clock.now, world.clock.now + LEASE_MS)
    job = await world.write(lambda tx: media_jobs.claim_due(tx, again))
    assert job is not None
    assert (job.media_id, job.attempts) == (int(made["id"]), 1)


async def waiting(world: World, studio: Studio, who: Person) -> tuple[Media, str]:
    """An upload as it waits, whatever is in it."""
    async with studio.store.incoming() as made:
        (made.path / "source").write_bytes(b"x")
        folder = await made.keep()
    row = await world.attach(who.actor, None, file=None, preview=None, state="waiting", type="audio")
    await world.write(lambda tx: media_jobs.insert_job(tx, row, folder, now=world.clock.now))
    return row, folder


@needs_ffmpeg
async def test_deleting(world: World, studio: Studio, tmp_path: Path) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    row, folder = await waiting(world, studio, anne)
    path = f"/api/v1/media/{row.id}"
    for who, address in ((bruno, path), (anne, "/api/v1/media/7")):
        refused = await world.call("DELETE", address, who)
        assert (refused.status, refused.body) == (404, {"error": "Record not found"})
    deleted = await world.call("DELETE", path, anne)
    assert (deleted.status, deleted.body) == (200, {})
    assert not studio.store.folder(folder).exists()
    for method in ("GET", "PUT", "DELETE"):
        assert (await world.call(method, path, anne)).status == 404
    assert (await post(world, anne, {"id": str(row.id)})).body == {
        "error": "Validation failed: Media attachment not found"
    }
    await process(world, studio)
    assert await world.db.read(lambda tx: media.count_unfinished(tx, [row.id], actor_id=anne.actor.id)) == 0

    kept = (await upload(world, anne)).body
    assert (await play(world, kept["url"]))[0] == 200
    await world.call("DELETE", f"/api/v1/media/{kept['id']}", anne)
    assert (await play(world, kept["url"]))[0] == 404
    posted = (await upload(world, anne)).body
    await post(world, anne, posted)
    planned = (await upload(world, anne)).body
    await post(world, anne, planned, scheduled_at="2099-01-01T00:00:00Z")
    for used in (posted, planned):
        refused = await world.call("DELETE", f"/api/v1/media/{used['id']}", anne)
        assert (refused.status, refused.body["error"]) == (422, "Media attachment is currently used by a status")


@needs_ffmpeg
async def test_a_film_deleted_while_it_is_worked_on_names_its_files(world: World, studio: Studio) -> None:
    """So that they go in time with its row."""
    anne = await world.person("anne")
    row, _ = await waiting(world, studio, anne)
    await world.call("DELETE", f"/api/v1/media/{row.id}", anne)
    await world.write(lambda tx: media.finish_media(tx, row.id, "ready", file="0" * 64 + ".mp3"))
    found = await world.db.read(lambda tx: media.get_media(tx, row.id))
    assert found is not None
    assert (found.state, found.file) == ("gone", "0" * 64 + ".mp3")
    names = await world.write(lambda tx: media.delete_unattached_before(tx, world.clock.now + DAY))
    assert names == ["0" * 64 + ".mp3"]


async def test_a_lease_is_renewed_by_who_holds_it(world: World, tmp_path: Path) -> None:
    anne = await world.person("anne")
    studio = Studio(MediaStore(tmp_path / "media"), Decoder(), None)  # type: ignore[arg-type]  # nothing is written here
    await waiting(world, studio, anne)
    now = world.clock.now
    first, other = Lease("first", now, now + LEASE_MS), Lease("other", now, now + LEASE_MS)
    job = await world.write(lambda tx: media_jobs.claim_due(tx, first))
    assert job is not None
    later = now + LEASE_MS
    assert await world.write(lambda tx: media_jobs.extend(tx, job.id, Lease("first", later, later + LEASE_MS)))
    assert not await world.write(lambda tx: media_jobs.extend(tx, job.id, other))
    assert await world.write(lambda tx: media_jobs.claim_due(tx, replace(other, now=later, until=later + 1))) is None


async def test_what_came_in_and_waits_for_nothing_is_forgotten_after_a_day(world: World, tmp_path: Path) -> None:
    anne = await world.person("anne")
    store = MediaStore(tmp_path / "media")
    row, folder = await waiting(world, Studio(store, Decoder(), None), anne)  # type: ignore[arg-type]  # likewise
    async with store.incoming() as made:
        orphan = await made.keep()
    (tmp_path / "media" / "incoming" / "something else").mkdir()
    present = int(made.path.stat().st_mtime * 1000)
    await world.write(lambda tx: media.update_media(tx, row.id, created_at=present + DAY))
    world.clock.now = present + DAY - 1000
    await clean_up(world.ctx, store)
    assert store.folder(orphan).exists()
    world.clock.now = present + DAY + 1000
    await clean_up(world.ctx, store)
    assert (store.folder(orphan).exists(), store.folder(folder).exists()) == (False, True)
