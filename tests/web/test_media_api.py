"""Uploading and describing images, as apps do it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st

from storage.members import Person
from tests.web.api_world import Answer, World
from tests.web.entity_checker import EntityChecker
from tests.web.live import picture
from tests.web.people import add_token
from web.api.media import MOST_DESCRIPTION, parse_focus
from web.errors import ApiError
from web.forms import Form
from web.images import LARGEST_FILE
from web.recordings import LARGEST_RECORDING


def form_of(data: bytes = b"", *, name: str = "file", filename: str = "scan.png", **texts: str) -> FormData:
    form = FormData(default_to_multipart=True)
    if data:
        form.add_field(name, BytesIO(data), filename=filename, content_type="application/octet-stream")
    for key, text in texts.items():
        form.add_field(key, text)
    return form


async def upload(
    world: World, who: Person, data: bytes | None = None, path: str = "/api/v2/media", **how: Any
) -> Answer:
    return await world.post(path, who, data=form_of(picture() if data is None else data, **how))


def stored_in(folder: Path) -> list[Path]:
    return list(folder.glob("media/*/*/*"))


def incoming(folder: Path) -> list[Path]:
    return list(folder.glob("media/incoming/*"))


@pytest.mark.parametrize("path", ["/api/v1/media", "/api/v2/media"])
async def test_an_upload_is_ready_at_once(world: World, checker: EntityChecker, path: str) -> None:
    anne = await world.person("anne")
    answer = await upload(world, anne, picture(1280, 960), path, description=" Radio du thorax ", focus="0.5,-0.25")
    assert answer.status == 200
    assert checker.problems("MediaAttachment", answer.body) == []
    body = answer.body
    assert body["type"] == "image"
    assert body["description"] == "Radio du thorax"
    assert body["meta"] == {
        "original": {"width": 1280, "height": 960, "size": "1280x960", "aspect": 1280 / 960},
        "small": {"width": 640, "height": 480, "size": "640x480", "aspect": 640 / 480},
        "focus": {"x": 0.5, "y": -0.25},
    }
    assert body["blurhash"]
    assert body["url"].startswith("https://chu-a.example/media/")
    again = await world.get(f"/api/v1/media/{body['id']}", anne)
    assert again.status == 200
    assert again.body == body


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("kind", ["json", "data"])
async def test_describing(world: World, method: str, kind: str) -> None:
    anne = await world.person("anne")
    made = (await upload(world, anne, description="Avant", focus="0.5,0.5")).body
    path = f"/api/v1/media/{made['id']}"
    changed = await world.call(method, path, anne, **{kind: {"description": "Après"}})
    assert changed.body == {**made, "description": "Après"}
    changed = await world.call(method, path, anne, **{kind: {"focus": "-1,2"}})
    assert changed.body["meta"]["focus"] == {"x": -1.0, "y": 1.0}
    assert changed.body["description"] == "Après"
    cleared = await world.call(method, path, anne, **{kind: {"description": ""}})
    assert cleared.body["description"] is None
    assert (await world.get(path, anne)).body == cleared.body


async def test_uploads_are_their_owners_and_only_until_posted(world: World) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    status = await world.status(anne.actor)
    posted = await world.attach(anne.actor, status)
    free = await world.attach(anne.actor)
    for media_id, who in ((posted.id, anne), (free.id, bruno), (7, anne)):
        for method in ("GET", "PUT", "PATCH"):
            answer = await world.call(method, f"/api/v1/media/{media_id}", who)
            assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    assert (await world.get(f"/api/v1/media/{free.id}", anne)).status == 200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Validation failed: File content type is invalid"),
        (b"\0" * 128 + b"DICM" + b"\x02\x00", "Validation failed: File content type is invalid"),
        (b"%PDF-1.7", "Validation failed: File content type is invalid"),
        (picture(600, 600)[:-100], "File type of uploaded media could not be verified"),
        (b"", "Validation failed: File can't be blank"),
        (b"x" * (LARGEST_FILE + 1), "Validation failed: File file size must be less than 16 MB"),
    ],
    ids=["svg", "dicom", "pdf", "half", "none", "large"],
)
async def test_what_cannot_be_uploaded(world: World, tmp_path: Path, data: bytes, sentence: str) -> None:
    anne = await world.person("anne")
    answer = await upload(world, anne, data)
    assert (answer.status, answer.body) == (422, {"error": sentence})
    assert stored_in(tmp_path) == []
    assert incoming(tmp_path) == []


async def test_far_too_large_is_not_read_to_its_end(world: World, tmp_path: Path) -> None:
    anne = await world.person("anne")
    answer = await upload(world, anne, b"x" * (LARGEST_RECORDING + (4 << 20)))
    assert (answer.status, answer.body) == (413, {"error": "The request is too large"})
    assert incoming(tmp_path) == []


async def test_the_name_of_a_file_says_nothing(world: World) -> None:
    anne = await world.person("anne")
    answer = await upload(world, anne, picture(format_="GIF"), filename="../../etc/passwd.svg")
    assert answer.status == 200
    assert answer.body["url"].partition("?")[0].endswith("/original.png")


@pytest.mark.parametrize("focus", ["1", "a,b", "1,2,3", "nan,0", "0,inf"])
async def test_a_wrong_focus(world: World, focus: str) -> None:
    answer = await upload(world, await world.person("anne"), focus=focus)
    assert (answer.status, answer.body) == (422, {"error": "Validation failed: Focus is invalid"})


async def test_a_long_description(world: World) -> None:
    anne = await world.person("anne")
    assert (await upload(world, anne, description="x" * MOST_DESCRIPTION)).status == 200
    assert (await upload(world, anne, description="x" * (MOST_DESCRIPTION + 1))).status == 422


async def test_scope(world: World) -> None:
    anne = await world.person("anne")
    headers = await add_token(world.db, anne, ("read", "write:statuses"))
    assert (await world.post("/api/v2/media", headers=headers, data=form_of(picture()))).status == 403
    assert (await world.post("/api/v2/media", data=form_of(picture()))).status == 401


@given(st.text())
def test_any_focus_is_two_numbers_or_refused(text: str) -> None:
    try:
        focus = parse_focus(Form({"focus": text}))
    except ApiError as error:
        assert error.status in {400, 422}  # noqa: PT017  # either way is right
    else:
        assert focus is None or all(-1 <= number <= 1 for number in focus)
