"""What actors of a peer show first: read when they are met, in its turn, at their own home, within bounds."""

import pytest

from federation import featuring, reading
from federation.readers import read_due
from federation.resolve import resolve_object
from storage import featured
from storage.pages import Page
from storage.records import Actor
from storage.timelines import list_pinned
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

HOUR = 3_600_000


def path_of(peer: Peer, uri: str) -> str:
    return uri.removeprefix(peer.base)


def shows(peer: Peer, ben: Someone, *tags: str, pins: int = 0) -> list[str]:
    """Serve Ben's pins and hashtags; the ids of the pinned posts."""
    notes = [peer.note(ben) for _ in range(pins)]
    for note in notes:
        peer.serve(path_of(peer, note["id"]), note)
    uris = [note["id"] for note in notes]
    items = [{"type": "Hashtag", "name": tag, "href": f"{peer.base}/tags/x"} for tag in tags]
    for name, held in (("featured", uris), ("featuredTags", items)):
        uri = ben.document[name]
        peer.serve(path_of(peer, uri), {"id": uri, "type": "OrderedCollection", "orderedItems": held})
    return uris


def met(peer: Peer, name: str = "ben", *, kind: str = "Person") -> Someone:
    base = f"{peer.base}/shown/{name}"
    return peer.actor(name, kind=kind, featured=f"{base}/pins", featuredTags=f"{base}/tags")


async def pinned(home: Home, actor: Actor) -> list[str]:
    found = await home.db.read(lambda tx: list_pinned(tx, 0, actor.id, Page(limit=9), now=home.clock()))
    return sorted(status.uri for status in found)


async def tags(home: Home, actor: Actor) -> list[str]:
    return sorted(tag.name for tag in await home.db.read(lambda tx: featured.list_tags(tx, actor.id)))


async def test_what_a_profile_shows_is_read_after_it_was_met(home: Home, peer: Peer) -> None:
    """Not while somebody waits for the profile; and again when it is met again, half a day later."""
    ben = met(peer)
    posts = shows(peer, ben, "#ECG", "cardio", "ecg", "no tag", pins=2)
    stored = await home.know(ben)
    assert peer.fetched("/shown/ben/pins") == peer.fetched("/shown/ben/tags") == 0
    await read_due(home.ctx, "test")
    assert (await pinned(home, stored), await tags(home, stored)) == (posts, ["ECG", "cardio"])
    kept = shows(peer, ben, "cardio", "Douleur", pins=1)
    await home.know(ben)
    await read_due(home.ctx, "test")
    assert await pinned(home, stored) == posts, "not so often"
    home.clock.pass_by(13 * HOUR)
    await home.know(ben)
    await read_due(home.ctx, "test")
    assert (await pinned(home, stored), await tags(home, stored)) == (kept, ["Douleur", "cardio"])


async def test_lists_are_bounded_and_those_that_cannot_be_had_change_nothing(home: Home, peer: Peer) -> None:
    ben = met(peer)
    many = [f"tag{number}" for number in range(featuring.MOST_TAGS + 5)]
    shows(peer, ben, *many, pins=featuring.MOST_PINS + 3)
    stored = await home.know(ben)
    await read_due(home.ctx, "test")
    assert len(await pinned(home, stored)) == featuring.MOST_PINS
    assert len(await tags(home, stored)) == featuring.MOST_TAGS
    for path in ("/shown/ben/pins", "/shown/ben/tags"):
        peer.respond(path, 500)
    home.clock.pass_by(13 * HOUR)
    await home.know(ben)
    await read_due(home.ctx, "test")
    assert len(await pinned(home, stored)) == featuring.MOST_PINS
    assert len(await tags(home, stored)) == featuring.MOST_TAGS
    assert await home.count("readings", "state = 'due'") == 0


async def test_only_lists_at_the_actors_own_home_are_read(home: Home, peer: Peer, stranger: Peer) -> None:
    """Lists elsewhere make nobody unreadable: they are left alone. Private groups show nothing."""
    await home.rule(peer.host, stranger.host)
    ben: Document = {"featured": f"{stranger.base}/pins", "featuredTags": "no address"}
    await home.know(peer.actor("ben", **ben))
    await home.know(peer.group("cardiologie", featured=f"{peer.base}/pins"))
    assert await home.count("readings") == 0


async def test_nothing_of_a_host_that_is_watched_is_shown(home: Home, peer: Peer) -> None:
    """It may send nothing either, and what it sent before is not shown first."""
    ben = met(peer)
    (post,) = shows(peer, ben, "ECG", pins=1)
    stored = await home.know(ben)
    assert await resolve_object(home.ctx, post) is not None
    await home.rule(peer.host, state="quarantined")
    await read_due(home.ctx, "test")
    assert (await pinned(home, stored), await tags(home, stored)) == ([], [])


async def test_many_new_people_of_one_host_do_not_make_us_ask_without_end(
    home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_AN_HOUR", 2)
    for number in range(4):
        await home.know(met(peer, f"ben{number}"))
    assert await home.count("readings", "kind = 'pins'") == await home.count("readings", "kind = 'tags'") == 2
