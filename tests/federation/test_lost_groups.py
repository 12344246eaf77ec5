"""A group elsewhere whose home is gone: when that may be said, who reads on, what ends, and what when it comes back."""

import pytest

from federation.leftovers import purge_left_groups
from federation.outbox.losing import DAY, declare_lost, end_lost_groups
from federation.outbox.notes import Draft, publish
from federation.slices import pull
from policies.decision import Deny, Reason
from policies.terms import Audience
from storage import groups
from storage.records import Actor, Group, Status
from storage.visibility import get_visible
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone

WEEK = 7 * DAY


class Lost:
    """Anna and Bob are in a peer's group, which has one post of Ben's and one of Anna's."""

    home: Home
    peer: Peer
    group: Someone
    stored: Actor
    anna: Actor
    theirs: str
    hers: Status

    @classmethod
    async def open(cls, home: Home, peer: Peer) -> "Lost":
        one = cls()
        one.home, one.peer = home, peer
        one.anna = await home.member("anna", verified=True)
        one.group, ben = peer.group("neuro"), peer.actor("ben")
        peer.attest(ben, now=home.clock())
        one.stored = await home.join(one.group, one.anna)
        activity = peer.group_activity(ben, peer.group_note(ben, one.group.uri))
        assert await home.take(one.group, peer.announce(one.group, activity)) == "done"
        one.theirs = activity["object"]["id"]
        one.hers = await home.publish(one.anna, f"@neuro@{peer.host} un avis")
        while await home.deliver():
            pass
        return one

    async def silence(self, days: float) -> None:
        """The home gives no answer, now and after so many days."""
        self.answer(503)
        assert not await pull(self.home.ctx, self.stored)
        self.home.clock.pass_by(int(days * DAY))
        assert not await pull(self.home.ctx, self.stored)

    def answer(self, status: int) -> None:
        """What the home says when it is asked for our members."""
        self.peer.respond(self.group.document["followers"].removeprefix(self.peer.base), status)

    async def declare(self, days: int = 30) -> Reason | None:
        decision = await declare_lost(self.home.ctx, self.stored.id, days=days, by="chief")
        return decision.reason if isinstance(decision, Deny) else None

    async def known(self) -> Group:
        found = await self.home.db.read(lambda tx: groups.get_group(tx, self.stored.id))
        assert found is not None
        return found

    async def reads(self, uri: str) -> bool:
        return await self.sees(self.anna, uri)

    async def sees(self, viewer: Actor, uri: str) -> bool:
        status, now = await self.home.find(uri), self.home.clock()
        if status is None:
            return False
        return await self.home.db.read(lambda tx: get_visible(tx, status.id, viewer=viewer.id, now=now)) is not None


async def test_a_home_that_answers_is_not_lost(home: Home, peer: Peer) -> None:
    """Nor one that refuses us, nor one that was silent for less than a week, nor a group of ours."""
    lost = await Lost.open(home, peer)
    assert await lost.declare() is Reason.HOME_ANSWERS
    lost.answer(404)
    for _ in range(2):
        assert not await pull(home.ctx, lost.stored)
        home.clock.pass_by(WEEK)
    assert await lost.declare() is Reason.HOME_ANSWERS
    await lost.silence(6.9)
    assert await lost.declare() is Reason.HOME_ANSWERS
    lost.answer(404)
    assert not await pull(home.ctx, lost.stored)
    home.clock.pass_by(DAY)
    assert await lost.declare() is Reason.HOME_ANSWERS
    own = await home.group("cardiologie", lost.anna)
    decision = await declare_lost(home.ctx, own.id, days=30, by="chief")
    assert isinstance(decision, Deny)
    assert decision.reason is Reason.HOME_ANSWERS
    with pytest.raises(LookupError):
        await declare_lost(home.ctx, lost.anna.id, days=30, by="chief")


async def test_members_read_on_for_so_many_days_and_post_no_more(home: Home, peer: Peer) -> None:
    lost = await Lost.open(home, peer)
    gone = await home.member("bob", verified=True)
    await home.enroll(lost.stored, gone, state="ended")
    await lost.silence(7)
    assert not await lost.reads(lost.theirs)
    assert await lost.declare(30) is None
    assert await lost.reads(lost.theirs)
    assert not await lost.sees(gone, lost.theirs)
    refused = await publish(home.ctx, lost.anna.id, Draft(f"@neuro@{peer.host} encore", Audience.FOLLOWERS))
    assert isinstance(refused, Deny)
    assert refused.reason is Reason.GROUP_CLOSED
    waiting = await home.rows("SELECT owner_id, words FROM notices")
    assert [row[0] for row in waiting] == [lost.anna.id]
    assert f"neuro@{peer.host}" in waiting[0][1]
    home.clock.pass_by(30 * DAY)
    assert not await lost.reads(lost.theirs)


async def test_afterwards_others_posts_go_and_ones_own_are_taken_back_elsewhere(home: Home, peer: Peer) -> None:
    lost = await Lost.open(home, peer)
    await lost.silence(7)
    assert await lost.declare(3) is None
    await end_lost_groups(home.ctx)
    await purge_left_groups(home.ctx)
    assert await lost.reads(lost.theirs)
    home.clock.pass_by(3 * DAY)
    for _ in range(2):
        await end_lost_groups(home.ctx)
        await purge_left_groups(home.ctx)
    assert await home.find(lost.theirs) is None
    assert await lost.reads(lost.hers.uri)
    peer.asked.clear()
    home.clock.pass_by(7 * DAY)
    while await home.deliver():
        pass
    deleted = [one.document["object"]["id"] for one in peer.posted if one.document["type"] == "Delete"]
    assert deleted == [lost.hers.uri]


async def test_a_home_that_speaks_again_is_not_lost_any_more(home: Home, peer: Peer) -> None:
    lost = await Lost.open(home, peer)
    await lost.silence(7)
    assert await lost.declare() is None
    known = await lost.known()
    follow = {"type": "Follow", "actor": lost.anna.uri, "object": lost.group.uri}
    assert await home.take(lost.group, peer.activity("Accept", lost.group, follow, epoch=known.epoch + 5)) == "done"
    found = await lost.known()
    assert (found.closed, found.lost_until) == ("", 0)
    membership = await home.membership(lost.stored, lost.anna)
    assert membership is not None
    assert membership.state == "active"
    home.clock.pass_by(31 * DAY)
    await end_lost_groups(home.ctx)
    assert await home.membership(lost.stored, lost.anna) == membership
