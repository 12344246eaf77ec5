"""Pages: cursors in decimal digits, limits made small, Link headers as clients read them (client_behaviour §4)."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from storage.database import Database
from tests.web.serving import serving
from web.answers import answer
from web.auth import anyone
from web.bodies import read_query
from web.errors import ApiError
from web.forms import MOST, Form
from web.pagination import Page, links, offset_links, parse_limit, parse_offset, parse_page

IDS = [30, 29, 25]


@anyone
async def listing(request: web.Request) -> web.StreamResponse:
    page = parse_page(read_query(request))
    return answer(IDS, headers=links(request, page, IDS[: int(request.match_info["count"])]))


@anyone
async def numbered(request: web.Request) -> web.StreamResponse:
    query = read_query(request)
    headers = offset_links(request, offset=parse_offset(query), limit=parse_limit(query), count=2)
    return answer([], headers=headers)


ROUTES = [web.get("/api/v1/listing/{count}", listing), web.get("/api/v1/numbered", numbered)]


def parse_links(text: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', text)
    return {rel: (url.split("?")[0], parse_qsl(urlsplit(url).query)) for url, rel in found}


class TestParameters:
    def test_nothing_asked_is_the_first_page(self) -> None:
        assert parse_page(Form({})) == Page(20, None, None, None)
        assert parse_page(Form({"limit": "", "max_id": ""})) == Page(20)

    def test_cursors_may_come_together(self) -> None:
        assert parse_page(Form({"max_id": "9", "since_id": "8", "min_id": "7", "limit": "5"})) == Page(5, 9, 8, 7)

    @pytest.mark.parametrize(("limit", "expected"), [("1", 1), ("40", 40), ("80", 40), ("999999999999999999", 40)])
    def test_too_large_a_limit_is_made_smaller(self, limit: str, expected: int) -> None:
        assert parse_page(Form({"limit": limit})).limit == expected

    def test_a_route_has_limits_of_its_own(self) -> None:
        assert parse_limit(Form({}), default=40, most=80) == 40
        assert parse_limit(Form({"limit": "100"}), default=40, most=80) == 80

    @pytest.mark.parametrize("name", ["limit", "max_id", "since_id", "min_id"])
    @pytest.mark.parametrize("value", ["-1", "x", "1.5", "1 ", "１", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "9" * 31])
    def test_what_is_no_number_is_400(self, name: str, value: str) -> None:
        with pytest.raises(ApiError) as caught:
            parse_page(Form({name: value}))
        assert caught.value.status == 400

    def test_an_offset_is_not_negative(self) -> None:
        assert parse_offset(Form({"offset": "40"})) == 40
        with pytest.raises(ApiError):
            parse_offset(Form({"offset": "-40"}))

    def test_a_cursor_beyond_all_ids_is_the_last(self) -> None:
        assert parse_page(Form({"max_id": "99999999999999999999"})).max_id == MOST

    @given(st.dictionaries(st.sampled_from(["limit", "max_id", "since_id", "min_id", "offset"]), st.text()))
    def test_no_parameter_is_an_accident(self, tree: dict[str, Any]) -> None:
        for parse in (parse_page, parse_offset):
            try:
                parse(Form(tree))
            except ApiError as error:
                assert error.status == 400  # noqa: PT017 - either way is right, anything else escapes


# No row is read from here on: one engine says it all.
@pytest.mark.parametrize("engine", ["sqlite"])
class TestLinks:
    async def link(self, db: Database, path: str) -> str:
        async with serving(db, routes=ROUTES) as served:
            response = await served.browser.get(path)
            assert response.status == 200
            return response.headers.get("Link", "")

    async def test_next_stands_first_and_all_else_is_kept(self, db: Database) -> None:
        text = await self.link(db, "/api/v1/listing/3?limit=3&max_id=99&any[]=a%26b&any[]=c&q=%C3%A9")
        base = "https://chu-a.example/api/v1/listing/3"
        kept = [("limit", "3"), ("any[]", "a&b"), ("any[]", "c"), ("q", "é")]
        assert parse_links(text) == {
            "next": (base, [*kept, ("max_id", "25")]),
            "prev": (base, [*kept, ("min_id", "30")]),
        }
        assert text.index('rel="next"') < text.index('rel="prev"')
        first = re.search(r"max_id=[0-9]+", text)  # what IceCubes reads
        assert first is not None
        assert first[0] == "max_id=25"

    async def test_the_last_page_has_no_next(self, db: Database) -> None:
        assert list(parse_links(await self.link(db, "/api/v1/listing/2?limit=3"))) == ["prev"]

    async def test_an_empty_page_has_no_links(self, db: Database) -> None:
        assert await self.link(db, "/api/v1/listing/0?max_id=1") == ""

    async def test_a_parameter_cannot_break_out(self, db: Database) -> None:
        text = await self.link(db, '/api/v1/listing/3?limit=3&q=%3E;%20rel=%22next%22,%3Chttps://evil.example&"')
        assert list(parse_links(text)) == ["next", "prev"]
        assert "evil.example>" not in text

    async def test_numbered_pages(self, db: Database) -> None:
        assert await self.link(db, "/api/v1/numbered?limit=3") == ""
        text = await self.link(db, "/api/v1/numbered?limit=2&offset=2")
        base = "https://chu-a.example/api/v1/numbered"
        assert parse_links(text) == {
            "next": (base, [("limit", "2"), ("offset", "4")]),
            "prev": (base, [("limit", "2"), ("offset", "0")]),
        }
