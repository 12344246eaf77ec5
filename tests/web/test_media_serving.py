"""Who gets a file of ours, at the moment of each GET, and what everybody else gets."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from policies.terms import Audience
from storage import actors, follows, groups, members, statuses
from storage.database import Transaction
from storage.media_store import MediaStore
from storage.members import Person
from storage.oauth import delete_tokens_of
from storage.records import Actor, Media, Status
from tests.web.api_world import World
from tests.web.live import picture
from tests.web.people import ORIGIN
from web.links import DAY

# What differs between two requests of any kind.
OWN_HEADERS = {"date", "x-request-id"}


async def keep(world: World, folder: Path, owner: Actor, status: Status | None = None) -> Media:
    """An attachment whose files are there."""
    store = MediaStore(folder / "media")
    whole, small = picture(100, 80, "red"), picture(50, 40, "blue", "JPEG")
    return await world.attach(owner, status, file=await store.put(whole, "png"), preview=await store.put(small, "jpg"))


async def fetch(world: World, url: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    async with world.browser.request(method, url.removeprefix(ORIGIN.base), headers=headers) as response:
        shown = {name: value for name, value in response.headers.items() if name.lower() not in OWN_HEADERS}
        return response.status, await response.read(), shown


async def status_of(world: World, url: str) -> int:
    return (await fetch(world, url))[0]


async def link(world: World, status: Status, who: Person | None) -> str:
    """The address of a post's file, as its reader's app is given it."""
    answer = await world.get(f"/api/v1/statuses/{status.id}", who)
    assert answer.status == 200
    return str(answer.body["media_attachments"][0]["url"])


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.UNLISTED])
async def test_files_of_public_posts_are_everybodys(world: World, tmp_path: Path, audience: Audience) -> None:
    anne = await world.person("anne")
    status = await world.status(anne.actor, audience=audience)
    media = await keep(world, tmp_path, anne.actor, status)
    url = await link(world, status, None)
    assert url == f"{ORIGIN.base}/media/{media.id}/original.png" == await link(world, status, anne)
    found, body, headers = await fetch(world, url)
    assert (found, body) == (200, picture(100, 80, "red"))
    assert headers["Content-Type"] == "image/png"
    assert headers["Cache-Control"] == "public, max-age=604800"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in headers
    found, body, headers = await fetch(world, url.replace("original.png", "small.jpg"))
    assert (found, headers["Content-Type"], body) == (200, "image/jpeg", picture(50, 40, "blue", "JPEG"))
    found, body, headers = await fetch(world, url, "HEAD")
    assert (found, body, headers["Content-Type"]) == (200, b"", "image/png")


@pytest.mark.parametrize(
    "accept",
    ["application/activity+json", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"', "*/*"],
)
async def test_a_file_is_never_a_document(world: World, tmp_path: Path, accept: str) -> None:
    """The extension in the address is a courtesy to apps: the type is that of the file (CVE-2024-25623)."""
    anne = await world.person("anne")
    media = await keep(world, tmp_path, anne.actor, await world.status(anne.actor))
    for name in ("original", "original.json", "original.svg", "original.html"):
        found, _, headers = await fetch(world, f"/media/{media.id}/{name}", Accept=accept)
        assert (found, headers["Content-Type"]) == (200, "image/png")


async def followers_post(world: World, folder: Path) -> tuple[Person, Person, Status]:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    await world.follow(bruno.actor, anne.actor)
    status = await world.status(anne.actor, audience=Audience.FOLLOWERS)
    await keep(world, folder, anne.actor, status)
    return anne, bruno, status


async def test_private_files_are_for_whom_the_link_was_made(world: World, tmp_path: Path) -> None:
    anne, bruno, status = await followers_post(world, tmp_path)
    for who in (anne, bruno):
        url = await link(world, status, who)
        found, body, headers = await fetch(world, url)
        assert (found, body) == (200, picture(100, 80, "red"))
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Content-Type"] == "image/png"
        assert await status_of(world, url.partition("?")[0]) == 404
        assert await status_of(world, url.replace("mac=", "mac=x")) == 404
        assert await status_of(world, url.replace("viewer=", "viewer=1")) == 404


async def test_a_link_is_good_to_the_end_of_the_next_day(world: World, tmp_path: Path) -> None:
    _, bruno, status = await followers_post(world, tmp_path)
    url = await link(world, status, bruno)
    world.clock.now = (world.clock.now // DAY + 2) * DAY - 1
    assert await status_of(world, url) == 200
    world.clock.now += 1
    assert await status_of(world, url) == 404


Ending = Callable[[World, Person, Person, Status], Awaitable[None]]


async def _unfollow(world: World, anne: Person, bruno: Person, status: Status) -> None:
    async def unit(tx: Transaction) -> None:
        follow = await follows.get_follow(tx, bruno.actor.id, anne.actor.id)
        assert follow is not None
        await follows.delete_follow(tx, follow)

    await world.write(unit)


async def _revoke(world: World, anne: Person, bruno: Person, status: Status) -> None:
    await world.write(lambda tx: delete_tokens_of(tx, bruno.actor.id))


async def _disable_member(world: World, anne: Person, bruno: Person, status: Status) -> None:
    await world.write(lambda tx: members.update_member(tx, bruno.actor.id, disabled_at=world.clock.now))


async def _disable_author(world: World, anne: Person, bruno: Person, status: Status) -> None:
    await world.write(lambda tx: actors.update_actor(tx, anne.actor.id, disabled_at=world.clock.now))


async def _delete(world: World, anne: Person, bruno: Person, status: Status) -> None:
    await world.write(lambda tx: statuses.delete_status(tx, status, actor_uri=anne.actor.uri, now=world.clock.now))


@pytest.mark.parametrize("end", [_unfollow, _revoke, _disable_member, _disable_author, _delete])
async def test_rights_end_with_what_they_come_from(world: World, tmp_path: Path, end: Ending) -> None:
    anne, bruno, status = await followers_post(world, tmp_path)
    url = await link(world, status, bruno)
    assert await status_of(world, url) == 200
    await end(world, anne, bruno, status)
    assert await status_of(world, url) == 404


async def test_a_groups_files_are_its_present_members(world: World, tmp_path: Path) -> None:
    """And after that, the answer is the one for what never was."""
    anne, bruno, clara = [await world.person(name) for name in ("anne", "bruno", "clara")]
    group = await world.group("cardiologie", [anne, bruno])
    status = await world.status(anne.actor, group=group)
    media = await keep(world, tmp_path, anne.actor, status)
    url = await link(world, status, bruno)
    assert await status_of(world, url) == 200
    assert (await world.get(f"/api/v1/statuses/{status.id}", clara)).status == 404
    absent = await fetch(world, url.replace(f"/{media.id}/", f"/{media.id + 1}/"))
    assert absent[0] == 404
    assert await fetch(world, url.partition("?")[0]) == absent
    membership = await world.db.read(lambda tx: groups.get_membership(tx, group.id, bruno.actor.id))
    assert membership is not None
    await world.write(lambda tx: groups.update_membership(tx, membership.id, state="ended"))
    assert await fetch(world, url) == absent


async def test_a_lease_that_lapses_ends_links_too(world: World, tmp_path: Path) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    group = await world.group("cardiologie", [anne])
    await world.join(group, bruno.actor, lease_until=world.clock.now + 60_000)
    status = await world.status(anne.actor, group=group)
    await keep(world, tmp_path, anne.actor, status)
    url = await link(world, status, bruno)
    assert await status_of(world, url) == 200
    world.tick(60_000)
    assert await status_of(world, url) == 404


async def test_an_upload_in_no_post_is_its_owners_alone(world: World, tmp_path: Path) -> None:
    anne, bruno = await world.person("anne"), await world.person("bruno")
    media = await keep(world, tmp_path, anne.actor)
    own = (await world.get(f"/api/v1/media/{media.id}", anne)).body
    assert await status_of(world, own["url"]) == 200
    assert await status_of(world, own["preview_url"]) == 200
    assert await status_of(world, own["url"].partition("?")[0]) == 404
    other = (await world.get(f"/api/v1/media/{(await keep(world, tmp_path, bruno.actor)).id}", bruno)).body["url"]
    assert await status_of(world, other) == 200
    forged = own["url"].partition("?")[0] + "?" + other.partition("?")[2]
    assert await status_of(world, forged) == 404


async def test_a_row_without_its_file_is_a_404(world: World) -> None:
    anne = await world.person("anne")
    status = await world.status(anne.actor)
    media = await world.attach(anne.actor, status)
    assert await status_of(world, f"/media/{media.id}/original.png") == 404


@pytest.mark.parametrize("kind", ["avatars", "headers"])
async def test_portraits(world: World, tmp_path: Path, kind: str) -> None:
    anne = await world.person("anne")
    shape = kind[:-1]
    account = (await world.get(f"/api/v1/accounts/{anne.actor.id}", anne)).body
    assert account[shape] == f"{ORIGIN.base}/static/{shape}.png"
    found, body, headers = await fetch(world, account[shape])
    assert (found, headers["Content-Type"]) == (200, "image/png")
    assert Image.open(BytesIO(body)).size == {"avatar": (400, 400), "header": (1500, 500)}[shape]

    name = await MediaStore(tmp_path / "media").put(picture(format_="WEBP"), "webp")
    await world.write(lambda tx: actors.update_actor(tx, anne.actor.id, **{shape: name}))
    account = (await world.get(f"/api/v1/accounts/{anne.actor.id}", anne)).body
    found, body, headers = await fetch(world, account[shape])
    assert (found, body, headers["Content-Type"]) == (200, picture(format_="WEBP"), "image/webp")
    assert headers["Cache-Control"] == "public, max-age=604800"

    await world.write(lambda tx: actors.update_actor(tx, anne.actor.id, disabled_at=world.clock.now))
    found, body, headers = await fetch(world, account[shape])
    assert (found, headers["Content-Type"], headers["Cache-Control"]) == (200, "image/png", "public, max-age=300")
    assert body == (await fetch(world, f"/media/{kind}/7/x.webp"))[1]
