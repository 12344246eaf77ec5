"""Files on an origin of their own: all addresses lead there, nothing else answers there, and no file here."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from federation.documents import media_url
from policies.terms import Audience
from storage.database import Database
from storage.media_store import MediaStore
from storage.records import Actor, Media, Status
from tests.web.api_world import World, api_world
from tests.web.live import picture
from tests.web.people import ORIGIN
from web.links import Links

FILES = "files.example"
APART = replace(ORIGIN, media_host=FILES)
NOTHING = 404, b'{"error": "Record not found"}'


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.fixture
async def apart(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with api_world(db, tmp_path / "media", origin=APART) as world:
        yield world


async def keep(world: World, folder: Path, owner: Actor, status: Status, **more: Any) -> Media:
    store = MediaStore(folder / "media")
    file = await store.put(picture(10, 8, "red"), "png")
    return await world.attach(owner, status, file=file, preview=file, **more)


async def fetch(world: World, path: str, host: str = FILES) -> tuple[int, bytes, dict[str, str]]:
    headers = {"Host": host}
    async with world.browser.get(path, headers=headers, allow_redirects=False) as response:
        return response.status, await response.read(), dict(response.headers)


async def test_every_address_of_a_file_is_there(apart: World, tmp_path: Path) -> None:
    anne = await apart.person("anne")
    status = await apart.status(anne.actor)
    media = await keep(apart, tmp_path, anne.actor, status)
    body = (await apart.get(f"/api/v1/statuses/{status.id}", anne)).body
    (shown,) = body["media_attachments"]
    assert {shown[name].split("/")[2] for name in ("url", "preview_url")} == {FILES}
    links = Links(APART, b"key", 0)
    portrayed = replace(anne.actor, avatar="a.webp", header="b.webp")
    old, new = (f"https://{host}/media/custom_emojis/1/x.webp" for host in (ORIGIN.host, FILES))
    assert (links.emoji(old), links.emoji(new)) == (old, new)
    made = [
        links.avatar(portrayed),
        links.header(portrayed),
        links.emoji("https://elsewhere.example/e.png"),
        links.card("https://elsewhere.example/c.png"),
        media_url(APART, media, Audience.PUBLIC),
    ]
    assert {address.split("/")[2] for address in made} == {FILES}
    assert links.avatar(anne.actor).startswith(ORIGIN.base), "a picture of our own is no file of anybody's"
    private = media_url(APART, media, Audience.FOLLOWERS)
    assert private.startswith(f"{ORIGIN.base}/ap/media/"), "it is fetched with a signature for the host of its post"


async def test_a_file_is_given_there_and_elsewhere_its_new_address(apart: World, tmp_path: Path) -> None:
    """Whether or not there is one."""
    anne = await apart.person("anne")
    media = await keep(apart, tmp_path, anne.actor, await apart.status(anne.actor))
    path = f"/media/{media.id}/original.png?a=b"
    status, body, headers = await fetch(apart, path)
    assert (status, body) == (200, picture(10, 8, "red"))
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in headers
    for asked in (path, "/media/77/original.png", "/media/whatever"):
        status, body, headers = await fetch(apart, asked, ORIGIN.host)
        assert (status, body, headers["Location"]) == (308, b"", f"https://{FILES}{asked}")


async def test_nothing_else_answers_there(apart: World) -> None:
    anne = await apart.person("anne")
    for path in ("/", "/auth/sign_in", "/api/v1/instance", "/static/avatar.png", f"/@{anne.actor.username}", "/media"):
        assert (await fetch(apart, path))[:2] == NOTHING, path
        assert (await fetch(apart, path, FILES.upper()))[:2] == NOTHING, path
        assert (await fetch(apart, path, ORIGIN.host))[0] != 308, path


async def test_pages_may_show_pictures_from_there(apart: World) -> None:
    _, _, headers = await fetch(apart, "/auth/sign_in", ORIGIN.host)
    assert f"img-src 'self' https://{FILES};" in headers["Content-Security-Policy"]


async def test_what_is_no_image_is_to_be_saved(apart: World, tmp_path: Path) -> None:
    """Players do not mind."""
    anne = await apart.person("anne")
    status = await apart.status(anne.actor)
    film = await keep(apart, tmp_path, anne.actor, status, type="video", mime="video/mp4")
    _, _, headers = await fetch(apart, f"/media/{film.id}/original.mp4")
    assert (headers["Content-Type"], headers["Content-Disposition"]) == ("video/mp4", "attachment")
