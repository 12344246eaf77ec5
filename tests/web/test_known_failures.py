"""What broke elsewhere (advisories and changelogs of other servers, 2022-2026), at the doors for people.

One test for each failure, numbered as in docs/checks.md; the first line of each says which guard it holds. The others are
in tests/wire and tests/federation, in files of the same name. On one engine: what differs between engines has tests of
its own.
"""

from pathlib import Path

import pytest

from federation.wire.open_graph import parse_page
from storage import members
from tests.conftest import Addresses
from tests.web.api_world import World
from tests.web.live import found, live
from tests.web.serving import Clock
from tests.web.streams import socket
from tests.web.test_media_images import DICOM
from web.decoder import RefusedError, convert
from web.images import Shape
from web.render import people
from web.streams.outlets import End


@pytest.fixture
def engine() -> str:
    return "sqlite"


async def test_17_a_stream_ends_with_the_rights_it_came_from(addresses: Addresses, tmp_path: Path) -> None:
    """Guard: web/streams/hub.py, web/streams/messages.py: rights are asked anew for each event. Mastodon
    GHSA-r2fh-jr9c-9pxh, GHSA-7gwh-mw97-qjgp: streams stayed open after a suspension, and were open without a scope.
    """
    address = await addresses.new()
    await found(address)
    async with live(address, tmp_path, Clock()) as world:
        anna, ben = await world.person("anna"), await world.person("ben")
        group = await world.group("cardiologie", [anna, ben])
        async with socket(world, anna) as stream:
            await world.join(group, anna.actor, state="ended")
            await world.status(ben.actor, "<p>secret</p>", group=group, homes=[anna.actor])
            public = await world.status(ben.actor, homes=[anna.actor])
            assert (await stream.event())[2]["id"] == str(public.id)
            await world.write(lambda tx: members.update_member(tx, anna.actor.id, disabled_at=1))
            assert await stream.closed() == End.REVOKED.value[0]


@pytest.mark.parametrize(
    "data",
    [b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", b"<!doctype html>", b"%PDF-1.7", DICOM],
)
def test_25_a_file_is_what_its_bytes_are(data: bytes) -> None:
    """Guard: web/decoder.py `open_image`; the decoder is a child process without rights (`give_up_rights`, held in
    tests/web/test_media_images.py). Mastodon CVE-2023-36460: media processing wrote any file.
    """
    with pytest.raises(RefusedError, match=r"^type$"):
        convert(data, Shape.ATTACHMENT)


def test_26_a_preview_is_text_and_addresses() -> None:
    """Guard: federation/wire/open_graph.py `parse_page`. Mastodon CVE-2023-36459: HTML of another site in the page."""
    page = (
        b'<title>x</title><meta property="og:title" content="&lt;script&gt;alert(1)&lt;/script&gt;Un cas">'
        b'<meta property="og:description" content="<img src=x onerror=1>text\xe2\x80\xae">'
        b'<meta property="og:image" content="javascript:alert(1)"><meta property="article:author" content="data:,x">'
    )
    preview = parse_page("https://b.example/1", "text/html; charset=utf-8", page)
    assert preview is not None
    assert (preview.title, preview.description) == ("alert(1)Un cas", "text")
    assert (preview.image, preview.author_url) == (None, "")


async def test_26_no_link_of_a_profile_calls_itself_verified(world: World) -> None:
    """Guard: web/render/people.py `fields`. Mastodon CVE-2023-36462: a verified link hid where it led."""
    anna = await world.person("anna")
    hiding = (
        '[["Web", "<a href=\\"https://evil.example\\"><span class=\\"invisible\\">https://evil.example</span>chu</a>"]]'
    )
    actor = await world.stranger("eve", fields=hiding)
    assert [field["verified_at"] for field in people.fields(actor)] == [None]
    answer = await world.get(f"/api/v1/accounts/{actor.id}", anna)
    assert [field["verified_at"] for field in answer.body["fields"]] == [None]
