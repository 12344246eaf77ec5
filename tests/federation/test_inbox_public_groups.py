"""Public groups of others (FEP-1b12): what they announce is asked of its origin, whatever they embed; and what others pin."""

from dataclasses import dataclass
from typing import Any

import pytest

from federation.wire.values import PUBLIC
from policies.terms import Audience
from storage.pages import Page
from storage.timelines import list_pinned
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone


def path_of(peer: Peer, uri: str) -> str:
    return uri.removeprefix(peer.base)


@dataclass
class Forum:
    """A group at the peer, and Carl at another host, who writes there."""

    home: Home
    peer: Peer
    stranger: Peer
    group: Someone
    carl: Someone

    @classmethod
    async def open(cls, home: Home, peer: Peer, stranger: Peer) -> "Forum":
        await home.rule(peer.host, stranger.host)
        return cls(home, peer, stranger, peer.actor("forum", kind="Group"), stranger.actor("carl"))

    def note(self, **more: Any) -> Document:
        note = self.stranger.note(self.carl, **more)
        self.stranger.serve(path_of(self.stranger, note["id"]), note)
        return note

    def said(self, kind: str, about: Any, by: Someone | None = None) -> Document:
        return self.stranger.activity(kind, by or self.carl, about)

    async def announce(self, inner: Document) -> str:
        return await self.home.take(self.group, self.peer.activity("Announce", self.group, inner, to=[PUBLIC]))

    async def shown(self) -> Document:
        note = self.note()
        assert await self.announce(self.said("Create", note)) == "done"
        return note


@pytest.fixture
async def forum(home: Home, peer: Peer, stranger: Peer) -> Forum:
    return await Forum.open(home, peer, stranger)


async def test_a_post_and_its_edit_are_read_at_their_origin(forum: Forum) -> None:
    note = forum.note()
    lie = {**note, "content": "<p>forged</p>", "updated": "2026-11-18T12:00:00Z"}
    assert await forum.announce(forum.said("Create", lie)) == "done"
    assert await forum.home.count("statuses", "boost_of_id IS NOT NULL") == 1
    assert await forum.announce(forum.said("Update", lie)) == "refused: not edited at its origin"
    found = await forum.home.find(note["id"])
    assert found is not None
    assert found.content == "<p>Bonjour</p>"
    note |= {"content": "<p>Bonsoir</p>", "updated": "2026-11-18T12:00:00Z"}
    assert await forum.announce(forum.said("Update", lie)) == "done"
    found = await forum.home.find(note["id"])
    assert found is not None
    assert found.content == "<p>Bonsoir</p>"
    note["attributedTo"] = forum.stranger.actor("eve").uri
    assert await forum.announce(forum.said("Update", note)) == "refused: actor-mismatch"
    assert (await forum.announce(forum.said("Create", forum.stranger.note(forum.carl)))).startswith("refused: what is")


async def test_a_deletion_counts_when_the_post_is_gone(forum: Forum) -> None:
    """One that is still at its origin was only taken out of the group; an origin that does not answer is asked again."""
    note = await forum.shown()
    path = path_of(forum.stranger, note["id"])
    forum.stranger.respond(path, 503)
    assert (await forum.announce(forum.said("Delete", note["id"]))).startswith("due")
    assert await forum.home.find(note["id"]) is not None
    forum.stranger.serve(path, note)
    assert await forum.announce(forum.said("Delete", note["id"])) == "done"
    assert await forum.home.find(note["id"]) is not None
    assert await forum.home.count("statuses", "boost_of_id IS NOT NULL") == 0
    assert await forum.announce(forum.said("Delete", note["id"])) == "refused: nothing to undo"
    forum.stranger.serve(path, {"id": note["id"], "type": "Tombstone"})
    assert await forum.announce(forum.said("Delete", {"id": note["id"], "type": "Tombstone"})) == "done"
    assert await forum.home.find(note["id"]) is None
    assert await forum.announce(forum.said("Delete", note["id"])) == "refused: not stored here"


async def test_what_the_group_pins_is_read_from_its_collection(forum: Forum) -> None:
    """And is among what it shows: it pins no post that it never announced."""
    note, other = await forum.shown(), forum.note()
    featured = f"{forum.group.uri}/featured"
    forum.group.document["featured"] = featured
    collection = {"id": featured, "type": "OrderedCollection", "orderedItems": [note["id"], other["id"]]}
    forum.peer.serve(path_of(forum.peer, featured), collection)
    added = forum.said("Add", note["id"])
    assert (await forum.announce(added)).startswith("refused: no collection")
    assert await forum.announce({**added, "target": featured}) == "done"
    group = await forum.home.stored(forum.group.uri)
    pinned = await forum.home.db.read(lambda tx: list_pinned(tx, 0, group.id, Page(limit=20), now=forum.home.clock()))
    stored = await forum.home.find(note["id"])
    assert stored is not None
    assert [one.boost_of_id for one in pinned] == [stored.id]
    collection["orderedItems"] = []
    assert await forum.announce({**forum.said("Remove", note["id"]), "target": featured}) == "done"
    assert await forum.home.count("pins") == 0


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_what_the_origin_says_of_a_post(forum: Forum, status: int) -> None:
    note = await forum.shown()
    forum.stranger.respond(path_of(forum.stranger, note["id"]), status)
    await forum.announce(forum.said("Delete", note["id"]))
    assert (await forum.home.find(note["id"]) is None) == (status != 403)


async def test_what_is_not_for_everybody_or_is_ours_no_group_takes_away(forum: Forum) -> None:
    """Its origin answers 404 to whoever may not read it, and so would a group be able to delete it."""
    anna = await forum.home.member("anna", verified=True)
    direct = forum.stranger.note(forum.carl, to=[forum.carl.followers], cc=[])
    assert await forum.home.take(forum.carl, forum.said("Create", direct)) == "done"
    ours = await forum.home.publish(anna, "Un article")
    asked = len(forum.stranger.asked)
    for uri in (direct["id"], ours.uri):
        assert await forum.announce(forum.said("Delete", uri)) == "refused: nothing to undo"
        assert await forum.announce(forum.said("Update", {"id": uri, "type": "Note"})) == "refused: not_author"
        assert await forum.home.find(uri) is not None
    assert len(forum.stranger.asked) == asked


async def test_a_reaction_is_read_at_its_own_id(forum: Forum) -> None:
    anna = await forum.home.member("anna", verified=True)
    post = await forum.home.publish(anna, "Un article")
    like = forum.said("Like", post.uri)
    assert (await forum.announce(like)).startswith("refused: http_status")
    forum.stranger.serve(path_of(forum.stranger, like["id"]), like)
    assert await forum.announce({**like, "actor": forum.stranger.actor("eve").uri}) == "done"
    assert await forum.home.rows(
        "SELECT a.uri FROM favourites f JOIN actors a ON a.id = f.actor_id WHERE f.status_id = :id", id=post.id
    ) == [(forum.carl.uri,)]
    undone = forum.said("Undo", like)
    assert (await forum.announce(undone)).startswith("refused: http_status")
    assert await forum.home.count("favourites") == 1
    forum.stranger.serve(path_of(forum.stranger, undone["id"]), undone)
    assert await forum.announce(undone) == "done"
    assert await forum.home.count("favourites") == 0
    follow = forum.said("Undo", forum.said("Follow", anna.uri))
    forum.stranger.serve(path_of(forum.stranger, follow["id"]), follow)
    assert (await forum.announce(follow)).startswith("refused: type-unsupported")


async def test_a_public_group_brings_nothing_to_a_private_one(forum: Forum) -> None:
    anna = await forum.home.member("anna", verified=True)
    group = await forum.home.group("cardiologie", anna, reach=(forum.stranger.host,))
    await forum.home.enroll(group, await forum.home.know(forum.carl))
    post = await forum.home.publish(anna, "@cardiologie Un cas", Audience.GROUP)
    like = forum.said("Like", post.uri)
    forum.stranger.serve(path_of(forum.stranger, like["id"]), like)
    assert await forum.announce(like) == "refused: not_found"
    assert await forum.announce(forum.said("Delete", post.uri)) == "refused: nothing to undo"
    assert (
        await forum.announce(forum.said("Create", {"id": post.uri, "type": "Note"})) == "refused: group_not_shareable"
    )


async def test_pins_are_what_the_collection_says(home: Home, peer: Peer) -> None:
    """Its own public posts, each at its own id, however the activity or the collection describes them."""
    featured = f"{peer.base}/featured"
    ben, eve = peer.actor("ben", featured=featured), peer.actor("eve")
    notes = [peer.note(ben), peer.note(eve), peer.note(ben, to=[ben.followers], cc=[]), peer.note(ben)]
    for note in notes:
        peer.serve(path_of(peer, note["id"]), note)
    page: Document = {"id": f"{featured}?page=1", "type": "OrderedCollectionPage", "orderedItems": []}
    page["orderedItems"] = [{**notes[0], "content": "<p>forged</p>"}, *(note["id"] for note in notes[1:3])]
    peer.serve("/featured", {"id": featured, "type": "OrderedCollection", "first": page})

    async def pinned() -> list[tuple[str, str]]:
        actor = await home.stored(ben.uri)
        found = await home.db.read(lambda tx: list_pinned(tx, 0, actor.id, Page(limit=9), now=home.clock()))
        return [(status.uri, status.content) for status in found]

    adding = peer.activity("Add", ben, notes[3]["id"], target=featured)
    assert await home.take(ben, adding) == "done"
    assert await pinned() == [(notes[0]["id"], "<p>Bonjour</p>")]
    assert await home.count("pins") == 1  # nobody keeps others from pinning what is theirs
    for other in (
        peer.activity("Add", eve, notes[1]["id"], target=featured),
        peer.activity("Remove", ben, notes[0]["id"]),
    ):
        actor = eve if other["actor"] == eve.uri else ben
        assert (await home.take(actor, other)).startswith("refused: no collection")
    peer.serve("/featured", {"id": featured, "type": "OrderedCollection", "totalItems": 0})
    assert await home.take(ben, peer.activity("Remove", ben, notes[0]["id"], target=featured)) == "done"
    assert await pinned() == []


async def test_a_report_that_names_a_post_twice_and_a_ban(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    post = await home.publish(anna, "Un article")
    assert await home.take(ben, peer.activity("Flag", ben, [anna.uri, post.uri, post.uri])) == "done"
    assert await home.count("report_statuses") == 1
    banned = peer.activity("Block", ben, anna.uri, target=f"{peer.base}/c/main")
    assert (await home.take(ben, banned)).startswith("refused: bans")
    assert await home.count("blocks") == 0
