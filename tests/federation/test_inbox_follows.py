"""Follow, Accept, Reject and their Undo between people: who asked whom, and who may answer."""

from typing import Any

import pytest

from federation.outbox.follows import follow
from storage import follows
from storage.records import Actor, Follow
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone


async def between(home: Home, follower: Actor, followee: Actor) -> Follow | None:
    return await home.db.read(lambda tx: follows.get_follow(tx, follower.id, followee.id))


async def state(home: Home, follower: Actor, followee: Actor) -> str:
    known = await between(home, follower, followee)
    return known.state if known else ""


async def asked(home: Home, member: Actor, someone: Someone) -> tuple[Actor, Document]:
    """Our member has asked to follow somebody; that one as stored here, and the Follow as sent."""
    target = await home.know(someone)
    await follow(home.ctx, member.id, target.id)
    known = await between(home, member, target)
    assert known is not None
    assert known.state == "pending"
    return target, {"id": known.uri, "type": "Follow", "actor": member.uri, "object": someone.uri}


async def test_a_follow_is_accepted_or_asked_about(home: Home, peer: Peer) -> None:
    """By the member's own choice; the same request twice changes nothing."""
    ben, anna, olga = peer.actor("ben"), await home.member("anna"), await home.member("olga")
    await home.update(olga, locked=1)
    for target in (anna, olga):
        for _ in range(2):
            assert await home.take(ben, peer.activity("Follow", ben, target.uri)) == "done"
    remote = await home.stored(ben.uri)
    assert await state(home, remote, anna) == "accepted"
    assert await state(home, remote, olga) == "pending"
    assert await home.count("follows") == 2
    while await home.deliver():
        pass
    assert {one.document["type"] for one in peer.posted} == {"Accept"}
    assert all(one.document["actor"] == anna.uri for one in peer.posted)


@pytest.mark.parametrize("strangers", ["hold", "deny"])
async def test_a_strangers_follow_is_asked_about_or_refused(home: Home, peer: Peer, strangers: str) -> None:
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    peer.attest(ben, now=home.clock())
    await home.rule(peer.host, strangers=strangers)
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    ended = await home.take(eve, peer.activity("Follow", eve, anna.uri))
    assert await state(home, await home.stored(ben.uri), anna) == "accepted"
    assert await state(home, await home.stored(eve.uri), anna) == {"hold": "pending", "deny": ""}[strangers]
    assert ended == {"hold": "done", "deny": "refused: stranger"}[strangers]


async def test_who_cannot_be_followed(home: Home, peer: Peer) -> None:
    """Nobody, the instance itself, somebody elsewhere, a disabled member."""
    ben, gone = peer.actor("ben"), await home.member("gone")
    await home.update(gone, disabled_at=home.clock())
    targets: list[Any] = [home.ctx.origin.actor(7), home.ctx.origin.instance_actor, ben.uri, gone.uri, None, {}, 5]
    for target in targets:
        ended = await home.take(ben, peer.activity("Follow", ben, target))
        assert ended == "refused: no such actor here", target
    assert await home.count("follows") == 0


async def test_an_accept_counts_from_whom_was_asked_alone(home: Home, peer: Peer, stranger: Peer) -> None:
    """By the Follow's id or by what is embedded, and for a request that is pending."""
    await home.rule(peer.host, stranger.host)
    anna, ben, eve, carl = await home.member("anna"), peer.actor("ben"), peer.actor("eve"), stranger.actor("carl")
    target, request = await asked(home, anna, ben)
    nothing = "refused: answers nothing that a member here asked"
    forged = {**request, "object": eve.uri}
    for other, host in ((eve, peer), (carl, stranger)):
        for object_ in (request, request["id"], {**request, "object": other.uri}, forged, {"type": "Follow"}, 5, None):
            assert await home.take(other, host.activity("Accept", other, object_)) == nothing
            assert await home.take(other, host.activity("Reject", other, object_)) == nothing
    assert await state(home, anna, target) == "pending"
    assert await home.count("follows") == 1
    assert await home.take(ben, peer.activity("Accept", ben, request["id"])) == "done"
    assert await state(home, anna, target) == "accepted"


async def test_an_accept_that_nobody_asked_for_makes_no_follow(home: Home, peer: Peer) -> None:
    """A list of followers must not be filled from outside; nor may a withdrawn request be accepted."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    claimed = {"id": f"{home.base}/ap/activities/5", "type": "Follow", "actor": anna.uri, "object": ben.uri}
    assert (await home.take(ben, peer.activity("Accept", ben, claimed))).startswith("refused")
    assert (await home.take(ben, peer.activity("Accept", ben, claimed["id"]))).startswith("refused")
    assert await home.count("follows") == 0


async def test_a_reject_ends_a_request_and_a_follow(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    target, request = await asked(home, anna, ben)
    assert await home.take(ben, peer.activity("Reject", ben, request)) == "done"
    assert await state(home, anna, target) == ""
    target, request = await asked(home, anna, ben)
    assert await home.take(ben, peer.activity("Accept", ben, {**request, "id": "http://lost.example/"})) == "done"
    assert await home.take(ben, peer.activity("Reject", ben, request["id"])) == "done"
    assert await state(home, anna, target) == ""
    assert (await home.stored(ben.uri)).followers_count == 0


async def test_an_undo_ends_only_ones_own_follow(home: Home, peer: Peer) -> None:
    """Embedded, or by the Follow's id alone; somebody else's is not one's own however it is named."""
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    for by_id in (False, True):
        request = peer.activity("Follow", ben, anna.uri)
        await home.take(ben, request)
        remote = await home.stored(ben.uri)
        assert await state(home, remote, anna) == "accepted"
        for forged in (request, request["id"], {**request, "actor": eve.uri}):
            await home.take(eve, peer.activity("Undo", eve, forged))
        assert await state(home, remote, anna) == "accepted"
        undone = request["id"] if by_id else request
        assert await home.take(ben, peer.activity("Undo", ben, undone)) == "done"
        assert await state(home, remote, anna) == ""
    assert (await home.stored(anna.uri)).followers_count == 0


async def test_an_accept_of_a_quarantined_peer_waits(home: Home, peer: Peer) -> None:
    """Acts of control follow the state of the peer; a Reject takes back, and passes."""
    anna, ben, carl = await home.member("anna"), peer.actor("ben"), peer.actor("carl")
    target, request = await asked(home, anna, ben)
    other, refused = await asked(home, anna, carl)
    await home.rule(peer.host, state="quarantined")
    assert await home.take(ben, peer.activity("Accept", ben, request)) == "held: peer_quarantined"
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "held: peer_quarantined"
    assert await home.take(carl, peer.activity("Reject", carl, refused)) == "done"
    assert await state(home, anna, target) == "pending"
    assert await state(home, anna, other) == ""


async def test_an_account_that_ends_follows_nobody_and_likes_stay_countable(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    await home.take(ben, peer.activity("Follow", ben, anna.uri))
    assert (await home.stored(anna.uri)).followers_count == 1
    assert await home.take(ben, peer.activity("Delete", ben, ben.uri)) == "done"
    assert await home.count("follows") == 0
    assert (await home.stored(anna.uri)).followers_count == 0


async def test_an_update_of_an_actor_is_a_hint_only(home: Home, peer: Peer) -> None:
    """What is embedded is not believed: the actor is fetched; another's is not even that."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    await home.know(ben)
    await home.know(eve)
    peer.asked.clear()
    lie = {**ben.document, "name": "Not served"}
    assert (await home.take(eve, peer.activity("Update", eve, lie))).startswith("refused")
    assert peer.fetched("/users/ben") == 0
    ben.document["name"] = "Served"
    assert await home.take(ben, peer.activity("Update", ben, lie)) == "done"
    assert (await home.stored(ben.uri)).name == "Served"
