"""What a server forwards on behalf of others is a hint: what the origin of the post says counts, and it is asked only about
public posts that have to do with ours.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from policies.terms import Audience
from storage.records import Status
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, proven

NOTHING = "refused: forwarded, and nothing to us"


@dataclass
class Post:
    """Anna's public post here, Eve's server that forwards, and Carl elsewhere, who answers Anna."""

    home: Home
    peer: Peer
    stranger: Peer
    eve: Someone
    carl: Someone
    status: Status

    def answer(self, **more: Any) -> Document:
        note = self.stranger.note(self.carl, **{"inReplyTo": self.status.uri, **more})
        self.stranger.serve(note["id"].removeprefix(self.stranger.base), note)
        return note

    def said(self, kind: str, about: Any) -> Document:
        return self.stranger.activity(kind, self.carl, about)

    async def forward(self, activity: Document) -> str:
        return await self.home.take(self.eve, activity)

    async def known(self) -> Document:
        note = self.answer()
        assert await self.forward(self.said("Create", note)) == "done"
        self.home.clock.pass_by(60_000)
        self.stranger.asked.clear()
        return note


@pytest.fixture
async def post(home: Home, peer: Peer, stranger: Peer) -> Post:
    await home.rule(peer.host, stranger.host)
    anna = await home.member("anna")
    status = await home.publish(anna, "Un cas")
    return Post(home, peer, stranger, peer.actor("eve"), stranger.actor("carl"), status)


async def test_a_forwarded_answer_is_read_at_its_origin(post: Post) -> None:
    note = post.answer()
    lie = {**note, "content": "<p>forged</p>", "attributedTo": post.carl.uri}
    signature = {"type": "RsaSignature2017", "creator": f"{post.carl.uri}#main-key", "signatureValue": "AAAA"}
    assert await post.forward({**post.said("Create", lie), "signature": signature}) == "done"
    found = await post.home.find(note["id"])
    assert found is not None
    assert (found.content, found.in_reply_to_id) == ("<p>Bonjour</p>", post.status.id)


async def test_a_proof_of_its_author_makes_no_difference(post: Post) -> None:
    note = post.answer()
    lie = {**note, "content": "<p>former</p>"}
    assert await post.forward(proven(post.carl, post.said("Create", lie))) == "done"
    found = await post.home.find(note["id"])
    assert found is not None
    assert found.content == "<p>Bonjour</p>"


async def test_what_answers_nothing_here_is_not_even_asked_for(post: Post) -> None:
    for parent in (None, f"{post.peer.base}/notes/unknown"):
        assert await post.forward(post.said("Create", post.answer(inReplyTo=parent))) == NOTHING
    for kind in ("Update", "Delete"):
        assert await post.forward(post.said(kind, post.answer()["id"])) == NOTHING
    assert post.stranger.asked == []


@pytest.mark.parametrize("audience", [Audience.FOLLOWERS, Audience.DIRECT, Audience.GROUP])
async def test_an_answer_to_what_is_not_public_is_not_asked_for(post: Post, audience: Audience) -> None:
    """The question alone would tell the origin that there is such a post."""
    await post.home.db.transact(
        lambda tx: tx.execute(
            "UPDATE statuses SET audience = :audience WHERE id = :id", audience=audience, id=post.status.id
        )
    )
    assert await post.forward(post.said("Create", post.answer())) == NOTHING
    assert post.stranger.asked == []


async def test_a_forwarded_edit_is_read_at_its_origin(post: Post) -> None:
    note = await post.known()
    note |= {"content": "<p>Bonsoir</p>", "updated": "2026-11-18T12:00:00Z"}
    assert await post.forward(post.said("Update", {**note, "content": "<p>forged</p>"})) == "done"
    found = await post.home.find(note["id"])
    assert found is not None
    assert found.content == "<p>Bonsoir</p>"


async def test_a_forwarded_deletion_counts_when_the_post_is_gone(post: Post) -> None:
    note = await post.known()
    assert await post.forward(post.said("Delete", note["id"])) == "refused: still at its origin"
    assert await post.home.find(note["id"]) is not None
    post.home.clock.pass_by(60_000)
    post.stranger.respond(note["id"].removeprefix(post.stranger.base), 410)
    assert await post.forward(post.said("Delete", {"type": "Tombstone", "id": note["id"]})) == "done"
    assert await post.home.find(note["id"]) is None


async def test_one_origin_is_not_asked_the_same_twice_at_once(post: Post) -> None:
    note = await post.known()
    await post.forward(post.said("Delete", note["id"]))
    asked = len(post.stranger.asked)
    assert await post.forward(post.said("Delete", note["id"])) == "refused: forwarded a moment ago"
    assert len(post.stranger.asked) == asked


@pytest.mark.parametrize("kind", ["Update", "Delete"])
async def test_of_what_is_not_public_no_origin_is_asked(post: Post, kind: str) -> None:
    note = await post.known()
    await post.home.db.transact(
        lambda tx: tx.execute("UPDATE statuses SET audience = 'followers' WHERE uri = :uri", uri=note["id"])
    )
    assert (await post.forward(post.said(kind, note["id"]))).startswith("refused")
    assert post.stranger.asked == []


async def test_nothing_else_is_taken_from_a_forwarder(post: Post) -> None:
    """Neither what cannot be looked up, nor what is of the forwarder's own host or of a third one."""
    carl, note = post.carl, post.answer()
    for refused in (
        post.said("Follow", post.eve.uri),
        post.said("Like", post.status.uri),
        post.said("Delete", carl.uri),
        post.said("Update", post.peer.new_id("notes")),
        {**post.said("Create", note), "object": {**note, "id": post.peer.new_id("notes")}},
        post.peer.create(post.peer.actor("ben")),
    ):
        assert await post.home.send(post.eve, refused) == 401, refused
    assert await post.home.count("inbox") == 0
