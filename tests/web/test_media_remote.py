"""Other instances' images: asked for once, by us, and only for who may see them."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from federation.local_actors import INSTANCE_ACTOR_ID, new_actor
from policies.terms import Audience
from storage import actors, media
from storage.database import Transaction
from storage.groups import insert_group
from storage.records import Group, Media, Status
from tests.conftest import Addresses
from tests.web.api_world import World, give_keys
from tests.web.entity_checker import EntityChecker
from tests.web.live import Gallery, found, gallery, live, picture
from tests.web.people import NOW, ORIGIN
from tests.web.serving import Clock
from web.links import Links
from web.remote_files import FORGET_FAILURE_MS


@pytest.fixture
async def there() -> AsyncIterator[Gallery]:
    async with gallery() as made:
        yield made


@pytest.fixture
async def here(addresses: Addresses, tmp_path: Path) -> AsyncIterator[World]:
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path / "media", Clock()) as world:
        yield world


async def attachment(here: World, there: Gallery, audience: Audience = Audience.PUBLIC) -> tuple[Status, Media]:
    author = await here.stranger("boris")
    status = await here.status(author, audience=audience)
    made = await here.attach(
        author, status, file=None, preview=None, remote_url=there.url(), width=None, height=None, mime="image/jpeg"
    )
    return status, made


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.glob("media/**/*") if path.is_file()]


async def fetch(here: World, path: str) -> tuple[int, bytes, str]:
    async with here.browser.get(path.removeprefix(ORIGIN.base)) as response:
        return response.status, await response.read(), response.headers["Content-Type"]


async def test_an_attachment_is_fetched_once_and_written_anew(here: World, there: Gallery) -> None:
    there.body = picture(1000, 500) + b"SECRET"
    status, made = await attachment(here, there)
    answer = await here.get(f"/api/v1/statuses/{status.id}")
    shown = answer.body["media_attachments"][0]
    assert shown["url"] == f"{ORIGIN.base}/media/{made.id}/original"
    assert shown["remote_url"] == there.url()
    everybody = await asyncio.gather(*(fetch(here, shown[key]) for key in ("url", "preview_url") for _ in range(3)))
    assert [status for status, _, _ in everybody] == [200] * 6
    sizes = [Image.open(BytesIO(body)).size for _, body, _ in everybody]
    assert sizes == [(1000, 500)] * 3 + [(640, 320)] * 3
    assert not any(b"SECRET" in body for _, body, _ in everybody)
    assert everybody[0][2] == "image/png"
    assert [request.path for request in there.requests] == ["/a.png"]
    assert "Signature" not in there.requests[0].headers
    assert await fetch(here, shown["url"]) == everybody[0]
    assert len(there.requests) == 1
    kept = await here.db.read(lambda tx: media.get_media(tx, made.id))
    assert kept is not None
    assert (kept.mime, kept.width, kept.preview_width) == ("image/png", 1000, 640)


async def test_nothing_is_fetched_for_who_may_not_see_it(here: World, there: Gallery) -> None:
    _, made = await attachment(here, there, Audience.FOLLOWERS)
    assert (await fetch(here, f"/media/{made.id}/original"))[0] == 404
    assert there.requests == []


@pytest.mark.parametrize("wrong", ["status", "svg", "type", "size", "deaf"])
async def test_what_cannot_be_had_is_not_asked_for_again_and_again(here: World, there: Gallery, wrong: str) -> None:
    match wrong:
        case "status":
            there.status = 404
        case "svg":
            there.body = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        case "type":
            there.content_type = "text/html"
        case "size":
            there.body = b"x" * (17 << 20)
        case _:
            there.port = 1
    _, made = await attachment(here, there)
    url = f"/media/{made.id}/original"
    for _ in range(3):
        assert (await fetch(here, url))[0] == 404
    asked = 0 if wrong == "deaf" else 1
    assert len(there.requests) == asked
    here.tick(FORGET_FAILURE_MS)
    assert (await fetch(here, url))[0] == 404
    assert len(there.requests) == 2 * asked


async def test_large_images_are_taken_too(here: World, there: Gallery) -> None:
    """An image may be larger than a document may."""
    there.body = picture() + b"\0" * (8 << 20)
    _, made = await attachment(here, there)
    assert (await fetch(here, f"/media/{made.id}/original"))[0] == 200


async def with_keys(here: World) -> None:
    instance = new_actor(ORIGIN, INSTANCE_ACTOR_ID, "Application", ORIGIN.host, "", NOW)

    async def unit(tx: Transaction) -> None:
        await actors.insert_actor(tx, instance)
        await give_keys(tx, instance)

    await here.write(unit)


async def test_private_files_are_asked_for_with_a_signature(here: World, there: Gallery) -> None:
    await with_keys(here)
    status, made = await attachment(here, there, Audience.FOLLOWERS)
    anne = await here.person("anne")
    author = await here.db.read(lambda tx: actors.get_actor(tx, status.actor_id))
    assert author is not None
    await here.follow(anne.actor, author)
    shown = (await here.get(f"/api/v1/statuses/{status.id}", anne)).body["media_attachments"][0]
    assert (await fetch(here, shown["url"]))[0] == 200
    assert there.requests[0].path == "/a.png"
    assert "nonce=" in there.requests[0].headers["Signature-Input"]
    assert (await fetch(here, f"/media/{made.id}/original"))[0] == 404


async def test_a_groups_files_are_asked_for_at_its_home_alone(here: World, there: Gallery) -> None:
    await with_keys(here)
    anne = await here.person("anne")
    group = await here.stranger("cardiologie", type="Group", uri=there.url("/groups/1"))
    await here.write(
        lambda tx: insert_group(tx, Group(group.id, 0, "request", "members", "[]", 1, 24, 0, 0, here.clock.now))
    )
    await here.join(group, anne.actor)
    author = await here.stranger("boris", host="chu-c.example")
    status = await here.status(author, group=group)
    made = await here.attach(author, status, file=None, preview=None, remote_url="https://chu-c.example/ap/media/9?a=b")
    shown = (await here.get(f"/api/v1/statuses/{status.id}", anne)).body["media_attachments"][0]
    assert (await fetch(here, shown["url"]))[0] == 200
    assert [request.raw_path for request in there.requests] == [
        "/groups/1/media?uri=https%3A%2F%2Fchu-c.example%2Fap%2Fmedia%2F9%3Fa%3Db"
    ]
    assert "nonce=" in there.requests[0].headers["Signature-Input"]
    assert (await fetch(here, f"/media/{made.id}/original"))[0] == 404


async def recording(here: World, there: Gallery, kind: str, audience: Audience = Audience.PUBLIC) -> dict[str, Any]:
    """A recording of somebody elsewhere, as an app is shown it."""
    author = await here.stranger("boris")
    status = await here.status(author, audience=audience)
    await here.attach(
        author, status, file=None, preview=None, remote_url=there.url(), type=kind, mime=f"{kind}/mp4",
        details='{"duration": 2.5}',
    )  # fmt: skip
    shown: dict[str, Any] = (await here.get(f"/api/v1/statuses/{status.id}")).body["media_attachments"][0]
    return shown


OGG, MP4, WEBM = b"OggS" + b"\0" * 300, b"\0\0\0\x18ftypmp42" + b"\0" * 300, b"\x1a\x45\xdf\xa3" + b"\0" * 300


@pytest.mark.parametrize(
    ("kind", "body", "type_"),
    [
        ("audio", OGG, "audio/ogg"),
        ("video", MP4, "video/mp4"),
        ("video", WEBM, "video/webm"),
        ("audio", MP4, "audio/mp4"),
    ],
)
async def test_recordings_come_by_us_as_they_are(
    here: World, there: Gallery, checker: EntityChecker, kind: str, body: bytes, type_: str
) -> None:
    """Told by their bytes, in parts where a player asks for parts; nothing is fetched for a picture of them."""
    there.body, there.content_type = body, "application/octet-stream"
    shown = await recording(here, there, kind)
    assert checker.problems("MediaAttachment", shown) == []
    assert (shown["type"], shown["preview_url"], shown["remote_url"]) == (kind, None, there.url())
    assert shown["meta"]["original"]["duration"] == 2.5
    assert (await fetch(here, shown["url"].replace("original", "small")))[0] == 404
    assert there.requests == []
    assert await fetch(here, shown["url"]) == (200, body, type_)
    async with here.browser.get(shown["url"].removeprefix(ORIGIN.base), headers={"Range": "bytes=1-3"}) as response:
        assert (response.status, await response.read()) == (206, body[1:4])
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert len(there.requests) == 1


@pytest.mark.parametrize("wrong", ["page", "svg", "dicom", "sound", "size"])
async def test_what_is_no_recording_is_not_given(
    here: World, there: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    there.content_type, there.body = "video/mp4", MP4
    match wrong:
        case "page":
            there.content_type = "text/html"
        case "svg":
            there.body = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        case "dicom":
            there.body = MP4[:128].ljust(128, b"\0") + b"DICM"
        case "sound":
            there.body = b"ID3\x03" + b"\0" * 300
        case _:
            monkeypatch.setattr("federation.media.MAX_RECORDING", len(MP4) - 1)
    shown = await recording(here, there, "video")
    for _ in range(2):
        assert (await fetch(here, shown["url"]))[0] == 404
    assert len(there.requests) == 1
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(("kind", "size"), [("avatar", (400, 400)), ("header", (1500, 500))])
async def test_portraits_come_by_us(here: World, there: Gallery, kind: str, size: tuple[int, int]) -> None:
    anne = await here.person("anne")
    author = await here.stranger("boris", **{kind: there.url()})
    shown = (await here.get(f"/api/v1/accounts/{author.id}", anne)).body[kind]
    assert shown.startswith(f"{ORIGIN.base}/media/{kind}s/{author.id}/")
    answers = await asyncio.gather(*(fetch(here, shown) for _ in range(3)))
    assert {(status, type_) for status, _, type_ in answers} == {(200, "image/webp")}
    assert Image.open(BytesIO(answers[0][1])).size == size
    assert len(there.requests) == 1
    assert (await fetch(here, shown))[0] == 200
    assert len(there.requests) == 1


async def test_a_portrait_that_cannot_be_had_is_ours(here: World, there: Gallery) -> None:
    there.status = 404
    author = await here.stranger("boris", avatar=there.url())
    url = f"/media/avatars/{author.id}/x.webp"
    assert (await fetch(here, url))[2] == "image/png"
    assert await fetch(here, url) == await fetch(here, "/media/avatars/7/x.webp")
    assert len(there.requests) == 1


async def test_nothing_is_fetched_from_a_suspended_host(here: World, there: Gallery) -> None:
    author = await here.stranger("boris", avatar=there.url(), host_suspended=1)
    assert (await fetch(here, f"/media/avatars/{author.id}/x.webp"))[2] == "image/png"
    assert there.requests == []


async def test_emoji_come_by_us_and_only_those_we_have_shown(here: World, there: Gallery) -> None:
    there.body = picture(300, 300)
    url = Links(ORIGIN, b"\0" * 32, here.clock.now).emoji(there.url("/emoji.png"))
    status, body, type_ = await fetch(here, url)
    assert (status, type_) == (200, "image/webp")
    assert Image.open(BytesIO(body)).size == (128, 128)
    other = Links(ORIGIN, b"\1" * 32, here.clock.now).emoji(there.url("/other.png"))
    assert (await fetch(here, other))[0] == 404
    assert [request.path for request in there.requests] == ["/emoji.png"]


async def test_fetching_ends_with_the_application(addresses: Addresses, tmp_path: Path, there: Gallery) -> None:
    """Somebody who goes away leaves the fetch to the others; the application takes it along."""
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path / "media", Clock()) as here:
        _, made = await attachment(here, there)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fetch(here, f"/media/{made.id}/original")
