"""Previews of links: for public posts alone, looked at once, by our own client; and the posts that share a link."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from federation.previews import look_at_due
from storage.cards import STALE
from storage.members import Person
from tests.conftest import Addresses
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.live import Gallery, found, gallery, live, picture
from tests.web.people import ORIGIN
from tests.web.serving import Clock

PAGE = (
    "<title>Dix ECG</title><meta property='og:description' content='Pièges'><meta property='og:site_name' content='Site'>"
    "<meta property='og:image' content='/image.png'>"
)


@pytest.fixture
async def there() -> AsyncIterator[Gallery]:
    async with gallery() as made:
        made.body, made.content_type = PAGE.encode(), "text/html"
        yield made


@pytest.fixture
async def here(addresses: Addresses, tmp_path: Path) -> AsyncIterator[World]:
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path / "media", Clock()) as world:
        yield world


async def write(here: World, who: Person, text: str, visibility: str = "public", **more: Any) -> dict[str, Any]:
    here.tick()
    data = {"status": text, "visibility": visibility, **more}
    answer = await here.post("/api/v1/statuses", who, json=data)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def card(here: World, status: dict[str, Any], who: Person | None = None) -> Any:
    return (await here.get(f"/api/v1/statuses/{status['id']}", who)).body["card"]


async def look(here: World) -> None:
    await look_at_due(here.ctx, "test")


async def test_a_public_post_gets_the_preview_of_its_link(here: World, there: Gallery, checker: EntityChecker) -> None:
    anna = await here.person("anna")
    status = await write(here, anna, f"À lire : {there.url('/ecg')} #ecg")
    assert await card(here, status) is None
    await look(here)
    shown = await card(here, status)
    checker.check("PreviewCard", shown)
    assert (shown["url"], shown["title"], shown["description"]) == (there.url("/ecg"), "Dix ECG", "Pièges")
    assert (shown["provider_name"], shown["type"], shown["html"]) == ("Site", "link", "")
    assert "Authorization" not in there.requests[0].headers
    assert "Signature" not in there.requests[0].headers

    there.body, there.content_type = picture(1600, 900), "image/png"
    async with here.browser.get(shown["image"].removeprefix(ORIGIN.base)) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
    async with here.browser.get(shown["image"].removeprefix(ORIGIN.base).replace("/cards/", "/cards/x")) as response:
        assert response.status == 404


async def test_a_link_is_looked_at_for_public_posts_only(here: World, there: Gallery) -> None:
    """A look would tell the site that somebody here wrote of it."""
    anna, ben = await here.person("anna"), await here.person("ben")
    await here.group("cardiologie", [anna])
    await here.attest(anna.actor)
    for text, visibility in (
        (f"@cardiologie {there.url()}", "private"),
        (there.url(), "private"),
        (there.url(), "unlisted"),
        (f"@ben {there.url()}", "direct"),
    ):
        status = await write(here, anna, text, visibility)
        await look(here)
        assert there.requests == []
        assert await card(here, status, anna) is None
    # Nor does the look that a public post caused serve another.
    await write(here, ben, there.url())
    await look(here)
    assert len(there.requests) == 1
    assert await card(here, status, anna) is None


async def test_a_page_is_looked_at_once_in_a_while(here: World, there: Gallery) -> None:
    anna = await here.person("anna")
    one, two = await write(here, anna, there.url()), await write(here, anna, f"{there.url()} encore")
    await look(here)
    assert (await card(here, one)) == (await card(here, two))
    await write(here, anna, f"{there.url()} toujours")
    await look(here)
    assert len(there.requests) == 1
    here.tick(STALE + 1)
    there.body = b"<title>Nouveau</title>"
    late = await write(here, anna, f"{there.url()} plus tard")
    await look(here)
    assert (await card(here, late))["title"] == "Nouveau"


async def test_an_edit_changes_what_is_shown(here: World, there: Gallery) -> None:
    anna = await here.person("anna")
    status = await write(here, anna, there.url("/a"))
    await look(here)
    await here.call("PUT", f"/api/v1/statuses/{status['id']}", anna, json={"status": "sans lien"})
    assert await card(here, status) is None
    await here.call("PUT", f"/api/v1/statuses/{status['id']}", anna, json={"status": there.url("/b")})
    await look(here)
    assert (await card(here, status))["url"] == there.url("/b")


@pytest.mark.parametrize(
    ("status", "content_type", "body", "again"),
    [
        (404, "text/html", PAGE, False),
        (200, "application/pdf", PAGE, False),
        (200, "text/html", "<p>sans titre</p>", False),
        (503, "text/html", PAGE, True),
    ],
)
async def test_what_cannot_be_had(
    here: World, there: Gallery, status: int, content_type: str, body: str, *, again: bool
) -> None:
    anna = await here.person("anna")
    there.status, there.content_type, there.body = status, content_type, body.encode()
    written = await write(here, anna, there.url())
    await look(here)
    assert await card(here, written) is None
    here.tick(30_000)
    there.status, there.content_type, there.body = 200, "text/html", PAGE.encode()
    for _ in range(4):
        here.tick(600_000)
        await look(here)
    assert (await card(here, written) is not None) == again


async def test_the_posts_that_share_a_link(here: World, there: Gallery, checker: EntityChecker) -> None:
    anna, ben = await here.person("anna"), await here.person("ben")
    first = await write(here, anna, there.url("/a"))
    await write(here, anna, there.url("/b"))
    await write(here, anna, there.url("/a"), "private")
    second = await write(here, ben, there.url("/a#part"))
    await look(here)
    path = f"/api/v1/timelines/link?url={there.url('/a')}"
    answer = await here.get(path)
    checker.check_all("Status", answer.body)
    assert [one["id"] for one in answer.body] == [second["id"], first["id"]]
    page = await here.get(f"{path}&limit=1", anna)
    assert [one["id"] for one in (await here.get(page.next_url or "", anna)).body] == [first["id"]]
    await here.post(f"/api/v1/accounts/{ben.actor.id}/mute", anna)
    assert [one["id"] for one in (await here.get(path, anna)).body] == [first["id"]]
    for wrong, expected in (("?url=https://nowhere.example/", 404), ("", 422), ("?url=%00", 400)):
        assert (await here.get(f"/api/v1/timelines/link{wrong}")).status == expected
