"""Bodies over the wire: every way clients have of saying the same, and bounds on what they may cost."""

import gzip
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.database import Database
from tests.web.serving import Browser, serving
from web.answers import answer
from web.auth import anyone
from web.bodies import MOST_PAIRS, MOST_TEXT, path_id, read_form, read_query

# No row is read here: one engine says it all.
pytestmark = pytest.mark.parametrize("engine", ["sqlite"])

FILE_LIMIT = 1000


@anyone
async def echo(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, files=FILE_LIMIT)
    file = form.upload("file")
    return answer(
        {
            "status": form.text("status"),
            "ids": form.texts("ids"),
            "file": [file.filename, file.content_type, file.data.decode()] if file else None,
        }
    )


@anyone
async def no_files(request: web.Request) -> web.StreamResponse:
    return answer((await read_form(request)).text("status"))


@anyone
async def query(request: web.Request) -> web.StreamResponse:
    return answer([read_query(request).text("q"), path_id(request)])


ROUTES = [web.post("/api/echo", echo), web.post("/api/plain", no_files), web.get("/api/query/{id}", query)]
GIVEN = {"status": "café", "ids": ["1", "2"], "file": None}


@pytest.fixture
async def bodies(db: Database) -> AsyncIterator[Browser]:
    async with serving(db, routes=ROUTES) as served:
        yield served.browser


async def post(browser: Browser, path: str = "/api/echo", **given: Any) -> Any:
    response = await browser.post(path, **given)
    return (await response.json()) if response.status == 200 else response.status


async def test_every_kind_of_body_says_the_same(db: Database) -> None:
    encoded = b"status=caf%C3%A9&ids[]=1&ids[]=2"
    raw = '{"status": "café", "ids": ["1", "2"]}'.encode()
    multipart = FormData({"status": "café"}, default_to_multipart=True)
    multipart.add_field("ids[]", "1")
    multipart.add_field("ids[]", "2")
    async with serving(db, routes=ROUTES) as served:
        for body, content_type in (
            (encoded, "application/x-www-form-urlencoded"),
            (encoded, "text/plain"),
            ("status=café&ids=1&ids=2".encode(), "application/x-www-form-urlencoded"),
            (raw, "application/json"),
            (raw, "application/json; charset=utf-8"),
            (raw, "application/octet-stream"),  # an old IceCubes, wildebeest#35
        ):
            assert await post(served.browser, data=body, headers={"Content-Type": content_type}) == GIVEN
        assert await post(served.browser, data=multipart) == GIVEN
        assert await post(served.browser, f"/api/echo?{encoded.decode()}") == GIVEN


async def test_the_body_counts_before_the_query(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        assert await post(served.browser, "/api/plain?status=query", data={"status": "body"}) == "body"


async def test_a_file_keeps_its_bytes(db: Database) -> None:
    body = FormData()
    body.add_field("file", b"x" * FILE_LIMIT, filename="f.png", content_type="image/png")
    async with serving(db, routes=ROUTES) as served:
        echoed = await post(served.browser, data=body)
        assert echoed["file"] == ["f.png", "image/png", "x" * FILE_LIMIT]


@pytest.mark.parametrize(("path", "size"), [("/api/echo", FILE_LIMIT + 1), ("/api/plain", 1), ("/api/echo", 3_000_000)])
async def test_a_file_beyond_what_the_route_takes_is_refused(db: Database, path: str, size: int) -> None:
    body = FormData()
    body.add_field("file", BytesIO(b"x" * size), filename="f.png", content_type="image/png")
    async with serving(db, routes=ROUTES) as served:
        assert await post(served.browser, path, data=body) == 413


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("squeezed", [False, True])
async def test_text_is_bounded_also_when_it_comes_squeezed(db: Database, content_type: str, *, squeezed: bool) -> None:
    long = b"a" * (MOST_TEXT + 1)
    headers = {"Content-Type": content_type} | ({"Content-Encoding": "gzip"} if squeezed else {})
    async with serving(db, routes=ROUTES) as served:
        body = BytesIO(gzip.compress(long) if squeezed else long)
        assert await post(served.browser, data=body, headers=headers) == 413


async def test_files_are_bounded_together(db: Database) -> None:
    body = FormData()
    for name in ("file", "thumbnail"):
        body.add_field(name, b"x" * (FILE_LIMIT // 2 + 1), filename="f.png")
    async with serving(db, routes=ROUTES) as served:
        assert await post(served.browser, data=body) == 413


async def test_parts_are_counted(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        for count, answered in ((MOST_PAIRS, dict), (MOST_PAIRS + 1, int)):
            body = FormData([("ids[]", "1")] * count, default_to_multipart=True)
            assert isinstance(await post(served.browser, data=body), answered)


async def test_text_in_parts_is_bounded_together(db: Database) -> None:
    body = FormData(default_to_multipart=True)
    for name in ("status", "ids"):
        body.add_field(name, "a" * (MOST_TEXT // 2 + 1))
    async with serving(db, routes=ROUTES) as served:
        assert await post(served.browser, data=body) == 413


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{"),
        ({"Content-Type": "application/json"}, b"status=1"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"status=\xff"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"status=%FF"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"status=%00"),
        ({"Content-Type": "multipart/form-data"}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b""),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\nno name\r\n--b--\r\n"),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="status"\r\n\r\n\xff\r\n--b--\r\n',
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + b"u" * 40 + b"\r\n--b--\r\n",
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n',
        ),
    ],
)
async def test_what_cannot_be_read_is_400(db: Database, headers: dict[str, str], body: bytes) -> None:
    async with serving(db, routes=ROUTES) as served:
        assert await post(served.browser, data=body, headers=headers) == 400


async def test_no_body_says_nothing(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        for headers in ({}, {"Content-Type": "application/json"}):
            assert await post(served.browser, data=b"", headers=headers) == {"status": None, "ids": [], "file": None}


async def test_queries_and_ids_in_paths(db: Database) -> None:
    async with serving(db, routes=ROUTES) as served:
        for path, expected in (
            ("42?q=caf%C3%A9", ["café", 42]),
            ("x?q=a&q=b", ["b", 0]),
            ("99999999999999999999", [None, 0]),
            ("1?q=%FF", 400),
            ("1?q=%00", 400),
            ("1?q[a]=1", 422),
        ):
            response = await served.browser.get(f"/api/query/{path}")
            assert (await response.json() if response.status == 200 else response.status) == expected


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # aiohttp warns of every odd Content-Disposition
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(parts=st.lists(st.sampled_from([
    b"--b\r\n", b"--b--\r\n", b"--b", b"\r\n", b"\r\n\r\n", b'Content-Disposition: form-data; name="status"\r\n\r\n',
    b"Content-Disposition: form-data; filename=x; name=file\r\n", b"Content-Length: 5\r\n", b"Content-Disposition: ;;=\r\n",
    b"Content-Type: multipart/mixed\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"text", b"\xff\x00", b":", b"--",
    b'Content-Disposition: form-data; name="_charset_"\r\n\r\n' + b"u" * 40,
]), max_size=12))  # fmt: skip
async def test_no_multipart_body_is_an_accident(bodies: Browser, parts: list[bytes]) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with bodies.post("/api/echo", data=b"".join(parts), headers=headers) as response:
        assert response.status in {200, 400, 413, 422}
