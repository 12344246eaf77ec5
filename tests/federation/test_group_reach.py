"""A whole host is taken out of a private group of ours: at once here, told there, and nothing comes or goes any more."""

import pytest

from federation.outbox import notes
from federation.outbox.group_reach import expel_host
from federation.outbox.notes import Draft
from policies.decision import Reason
from policies.terms import Audience
from storage import groups, purges
from storage.records import listed
from tests.federation.home import Home
from tests.federation.peer import Peer
from tests.federation.test_inbox_group_home import Ward


async def test_a_host_is_taken_out_with_everybody_from_there(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await home.enroll(ward.group, await home.stored(ward.eve.uri), state="pending")
    before = await home.db.read(lambda tx: groups.get_group(tx, ward.group.id))
    assert await expel_host(home.ctx, ward.group.id, peer.host, by="anna", reason="agreement breached") == 2
    told = sorted(await ward.announced(), key=lambda one: one["epoch"])
    assert [(one["type"], one["object"]["actor"], one["summary"]) for one in told] == [
        ("Reject", ward.ben.uri, "agreement breached"),
        ("Reject", ward.eve.uri, "agreement breached"),
    ]
    after = await home.db.read(lambda tx: groups.get_group(tx, ward.group.id))
    assert before is not None
    assert after is not None
    assert (listed(before.reach), listed(after.reach)) == ([peer.host], [])
    assert before.epoch < told[0]["epoch"] < told[1]["epoch"] == after.epoch
    [(by, detail)] = await home.rows("SELECT actor, detail FROM audit WHERE act = 'group.expel'")
    assert (by, peer.host in detail) == ("anna", True)
    anna = await home.membership(ward.group, ward.anna)
    assert anna is not None
    assert anna.state == "active"


async def test_nothing_comes_from_there_or_goes_there_any_more(home: Home, peer: Peer) -> None:
    """Not what was waiting to be sent either; what the host keeps is known until it says that it deleted it."""
    ward = await Ward.open(home, peer)
    _, stored = await ward.post()
    await ward.announced()
    await notes.publish(home.ctx, ward.anna.id, Draft(f"@{ward.group.username} secret", Audience.FOLLOWERS))
    await expel_host(home.ctx, ward.group.id, peer.host, by="anna")
    assert [one["type"] for one in await ward.announced()].count("Announce") == 0
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: out_of_reach"
    follow = peer.activity("Follow", ward.ben, ward.group.uri)
    assert await ward.take(ward.ben, follow) == "refused: out_of_reach"
    said = [one["summary"] for one in await ward.announced() if one["object"]["id"] == follow["id"]]
    assert said == [Reason.OUT_OF_REACH]
    assert await home.find(stored.uri) is not None
    assert await home.db.read(lambda tx: purges.list_unsaid(tx, ward.group.id)) == [peer.host]


async def test_only_a_host_of_the_group_is_taken_out(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await expel_host(home.ctx, ward.group.id, peer.host, by="anna")
    for host in (peer.host, "", "elsewhere.example"):
        with pytest.raises(LookupError):
            await expel_host(home.ctx, ward.group.id, host, by="anna")


async def test_other_hosts_stay_where_every_active_peer_is_in_reach(home: Home, peer: Peer) -> None:
    """What said "every active peer" becomes their names: who comes later is not let in by it."""
    ward = await Ward.open(home, peer)
    await home.rule(peer.host, "chu-c.example")
    await home.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach='"active"'))
    await expel_host(home.ctx, ward.group.id, peer.host, by="anna")
    group = await home.db.read(lambda tx: groups.get_group(tx, ward.group.id))
    assert group is not None
    assert listed(group.reach) == ["chu-c.example"]
