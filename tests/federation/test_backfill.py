"""Replies that a peer knows of: looked for when a thread is opened, within bounds, and only those that belong there."""

from typing import Any

import pytest

from federation import backfill
from policies.terms import Audience
from storage import refreshes
from storage.records import Status
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

MINUTE = 60_000


def serve(peer: Peer, document: Document) -> str:
    peer.serve(document["id"].removeprefix(peer.base), document)
    return str(document["id"])


def collection(peer: Peer, *pages: list[Any], start: str = "") -> Document:
    """A collection whose pages stand each at an address of its own."""
    names = [peer.new_id("pages") for _ in pages]
    for place, (name, items) in enumerate(zip(names, pages, strict=True)):
        following = {"next": names[place + 1]} if place + 1 < len(names) else {}
        serve(peer, {"id": name, "type": "CollectionPage", "items": items, **following})
    return {"id": peer.new_id("lists"), "type": "Collection", "first": start or names[0]}


async def opened(home: Home, peer: Peer, ben: Someone, **note: Any) -> Status:
    """A post of the peer's that is stored here and served there."""
    activity = peer.create(ben, **note)
    assert await home.take(ben, activity) == "done"
    serve(peer, activity["object"])
    status = await home.find(activity["object"]["id"])
    assert status is not None
    return status


def replies(peer: Peer, ben: Someone, parent: str, count: int = 1, **more: Any) -> list[str]:
    return [serve(peer, peer.note(ben, inReplyTo=parent, **more)) for _ in range(count)]


def tell(peer: Peer, status: Status, **lists: Document) -> None:
    """The post's own document says where its replies are."""
    note = {"id": status.uri, "type": "Note", "attributedTo": f"{peer.base}/users/ben", "content": "x"}
    serve(peer, note | lists)


async def test_a_thread_is_filled_from_all_pages_of_its_lists(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    post = await opened(home, peer, ben)
    first, second, third = replies(peer, ben, post.uri, 3)
    (nested,) = replies(peer, ben, first)
    (quiet,) = replies(peer, ben, post.uri, to=[ben.followers], cc=[])
    (elsewhere,) = replies(peer, ben, f"{peer.base}/notes/other")
    lists = collection(peer, [first, post.uri], [second, quiet, elsewhere, f"{home.base}/ap/objects/1"])
    tell(peer, post, replies=lists, context=collection(peer, [third, nested, second]))
    begun = await backfill.ask(home.ctx, post)
    assert begun is not None
    assert begun.state == "due"
    await backfill.look_for_due(home.ctx, "test")
    assert {uri for uri in (first, second, third, nested) if await home.find(uri)} == {first, second, third, nested}
    assert [await home.find(uri) for uri in (quiet, elsewhere)] == [None, None]
    found = await home.find(nested)
    assert found is not None
    assert found.thread_id == post.id
    done = await home.db.read(lambda tx: refreshes.get_refresh(tx, post.id))
    assert done is not None
    assert (done.state, done.found) == ("done", 4)
    assert await home.count("notifications") == 0
    assert await home.count("home_entries") == 0


async def test_it_is_asked_seldom_and_of_no_host_too_often(
    home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = peer.actor("ben")
    post, other = await opened(home, peer, ben), await opened(home, peer, ben)
    path = post.uri.removeprefix(peer.base)
    for minutes, expected in ((0, 1), (5, 1), (11, 2)):
        home.clock.pass_by(minutes * MINUTE)
        await backfill.ask(home.ctx, post)
        await backfill.look_for_due(home.ctx, "test")
        assert peer.fetched(path) == expected
    monkeypatch.setattr(backfill, "MOST_AN_HOUR", 1)
    assert await backfill.ask(home.ctx, other) is None
    home.clock.pass_by(backfill.HOUR)
    assert await backfill.ask(home.ctx, other) is not None


async def test_bounds_hold_against_a_host_that_never_ends(home: Home, peer: Peer, stranger: Peer) -> None:
    """Pages on other origins are not asked for, nor replies on hosts that are not admitted."""
    ben, eve = peer.actor("ben"), stranger.actor("eve")
    post = await opened(home, peer, ben)
    known = replies(peer, ben, post.uri, backfill.MOST_REPLIES + 5)
    strange = replies(stranger, eve, post.uri)
    endless = peer.new_id("pages")
    serve(peer, {"id": endless, "type": "CollectionPage", "items": strange, "next": endless})
    away = collection(stranger, known)["first"]
    tell(peer, post, replies=collection(peer, known), context={"type": "Collection", "first": endless})
    assert await backfill.ask(home.ctx, post) is not None
    await backfill.look_for_due(home.ctx, "test")
    assert sum([await home.find(uri) is not None for uri in known]) == backfill.MOST_REPLIES
    assert peer.fetched(endless.removeprefix(peer.base)) == backfill.MOST_PAGES - 1, "the list is the first"
    later = await opened(home, peer, ben)
    tell(peer, later, replies={"type": "Collection", "first": away}, context={"type": "Collection", "items": strange})
    assert await backfill.ask(home.ctx, later) is not None
    await backfill.look_for_due(home.ctx, "test")
    assert stranger.asked == []


async def test_nothing_is_asked_about_posts_for_fewer_people_nor_about_ours(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna", verified=True)
    group = peer.group("cardiologie")
    await home.join(group, anna)
    ours = await home.publish(anna, "un cas")
    secret = await home.publish(anna, f"@cardiologie@{peer.host} un cas", Audience.GROUP)
    quiet = await opened(home, peer, ben, to=[anna.uri], cc=[])
    for status in (ours, secret, quiet):
        assert await backfill.ask(home.ctx, status) is None
    public = await opened(home, peer, ben)
    await home.rule()
    assert await backfill.ask(home.ctx, public) is None
    assert await home.count("refreshes") == 0
