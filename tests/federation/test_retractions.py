"""First rule: what takes something back passes, in every state of a peer, in every direction, and both ways."""

from typing import Any

import pytest

from federation.outbox import follows, notes, reactions
from federation.outbox.follows import follow
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

HOUR = 3_600_000
STATES = ("unknown", "proposed", "trial", "active", "quarantined", "suspended", "expired")


async def become(home: Home, peer: Peer, state: str, direction: str) -> None:
    """The ruleset says so of the peer, and refuses it every audience."""
    if state == "unknown":
        await home.rule()
        return
    ended = 'agreement = { reference = "1", from = 2020-01-01, until = 2020-12-31 }\n' if state == "expired" else ""
    denied = 'audiences = { public = "deny", unlisted = "deny", followers = "deny", direct = "deny", group = "deny" }\n'
    more = f'direction = "{direction}"\n{denied}{ended}'
    await home.rule(peer.host, state="active" if state == "expired" else state, more=more)


async def meet(home: Home, anna: Actor, ben: Someone, peer: Peer) -> dict[str, Any]:
    """What there is to take back: posts, a favourite, a boost, and follows both ways."""
    stored = await home.stored(ben.uri)
    ours = await home.publish(anna, "Bonjour")
    follow_ = peer.activity("Follow", ben, anna.uri)
    note = peer.note(ben)
    like, announce = peer.activity("Like", ben, ours.uri), peer.activity("Announce", ben, ours.uri)
    for one in (follow_, peer.activity("Create", ben, note), like, announce):
        assert await home.take(ben, one) == "done", one["type"]
    theirs = await home.find(note["id"])
    assert theirs is not None
    await follow(home.ctx, anna.id, stored.id)
    await home.db.transact(lambda tx: tx.execute("UPDATE follows SET state = 'accepted'"))
    await reactions.favourite(home.ctx, anna.id, theirs.id)
    await reactions.boost(home.ctx, anna.id, theirs.id, None)
    sent = await home.publish(anna, "Bonsoir")
    await settle(home)
    return {
        "follow": follow_,
        "like": like,
        "announce": announce,
        "theirs": theirs,
        "ours": ours,
        "sent": sent,
        "ben": stored,
    }


async def settle(home: Home) -> None:
    """Everything that may go out goes, whatever it waited for."""
    for _ in range(3):
        home.clock.pass_by(HOUR)
        while await home.deliver():
            pass


@pytest.mark.parametrize("direction", ["both", "in", "out"])
async def test_what_is_taken_back_is_gone_whatever_the_peer_is(home: Home, peer: Peer, direction: str) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    for state in STATES:
        await home.rule(peer.host)
        met = await meet(home, anna, ben, peer)
        await become(home, peer, state, direction)

        taken: list[Document] = [
            peer.activity("Undo", ben, met["like"]),
            peer.activity("Undo", ben, met["announce"]),
            peer.activity("Undo", ben, met["follow"]),
            peer.activity("Delete", ben, met["theirs"].uri),
        ]
        shown = {
            await reactions.unfavourite(home.ctx, anna.id, met["theirs"].id) is not None,
            await reactions.unboost(home.ctx, anna.id, met["theirs"].id) is not None,
        }
        assert shown == {state != "suspended"}, "what is hidden is not shown for being taken back"
        await follows.unfollow(home.ctx, anna.id, met["ben"].id)
        for one in taken:
            assert await home.send(ben, one) == 202, (state, one["object"])
        await home.process()
        assert await home.find(met["theirs"].uri) is None, state
        assert await home.count("favourites") == 0, state
        assert await home.count("statuses", "boost_of_id IS NOT NULL") == 0, state
        assert await home.count("follows") == 0, state

        peer.asked.clear()
        await notes.delete(home.ctx, anna.id, met["sent"].id)
        await settle(home)
        told = [(one.document["type"], object_type(one.document)) for one in peer.posted]
        assert ("Delete", "Tombstone") in told, state
        assert {("Undo", "Like"), ("Undo", "Announce"), ("Undo", "Follow"), ("Accept", "Delete")} <= set(told), (
            state,
            told,
        )
        assert await home.count("deliveries", "kind = 'retraction' AND state <> 'done'") == 0, state


def object_type(document: Document) -> str:
    held = document["object"]
    return str(held.get("type", "")) if isinstance(held, dict) else ""
