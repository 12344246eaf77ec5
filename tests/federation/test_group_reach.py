"""Where a private group's posts may go: hosts are let in, and members' hosts agree first; one is taken out, at once."""

from typing import Any

import pytest

from federation.offering import offer_policies
from federation.outbox import notes
from federation.outbox.group_reach import expel_host, widen
from federation.outbox.notes import Draft
from policies.decision import Reason
from policies.terms import Audience
from storage import groups, policy_offers, purges
from storage.records import listed
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, proven
from tests.federation.test_inbox_group_home import Ward
from tests.federation.test_inbox_group_member import Guest


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


# --- the group's home -------------------------------------------------------------------------------------------


async def widened(home: Home, peer: Peer, stranger: Peer) -> tuple[Ward, Someone]:
    """The group of the ward, widened to the stranger's host, at which Carl is a member now."""
    ward = await Ward.open(home, peer)
    await home.rule(peer.host, stranger.host)
    for one in (peer, stranger):
        await home.know(one.instance)
    carl = stranger.actor("carl")
    stranger.attest(carl, now=home.clock())
    await home.know(carl)
    await widen(home.ctx, ward.group.id, [stranger.host], by="anna")
    await home.enroll(ward.group, await home.stored(carl.uri))
    return ward, carl


async def offers(ward: Ward) -> list[Document]:
    return [one for one in await ward.announced() if one["type"] == "Offer"]


def answer(ward: Ward, offer: Document, kind: str = "Accept", by: Someone | None = None, **told: Any) -> Document:
    """What an instance says of an offer; `told` changes what it repeats of the policy."""
    asked = {name: offer[name] for name in ("id", "type", "actor")} | {"object": {**offer["object"], **told}}
    signer = by or ward.peer.instance
    document = ward.peer.activity(kind, signer, asked, to=[ward.group.uri])
    document["@context"] = offer["@context"]
    return proven(signer, document)


async def reached(ward: Ward, other: Peer) -> list[str]:
    """Where a new post of Ben's is announced to, by the group."""
    activity, _ = await ward.post()
    await ward.announced()
    uri = activity["object"]["id"]
    return [
        one.host
        for one in (ward.peer, other)
        if any(
            said.document["type"] == "Announce" and said.document["object"]["object"]["id"] == uri
            for said in one.posted
        )
    ]


async def test_posts_go_on_to_a_new_host_once_their_own_has_agreed(home: Home, peer: Peer, stranger: Peer) -> None:
    ward, _carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    assert (offer["actor"], offer["object"]["reach"]) == (ward.group.uri, sorted([peer.host, stranger.host]))
    assert await reached(ward, stranger) == [peer.host]
    assert await ward.take(peer.instance, answer(ward, offer)) == "done"
    assert await reached(ward, stranger) == [peer.host, stranger.host]
    kept = await home.db.read(lambda tx: policy_offers.get_offer(tx, ward.group.id, peer.host))
    assert kept is not None
    assert kept.agreed_digest == offer["object"]["digest"]
    assert '"proof"' in kept.evidence
    assert await ward.take(peer.instance, answer(ward, offer)) == "done"  # once more changes nothing


async def test_posts_of_others_go_there_at_once(home: Home, peer: Peer, stranger: Peer) -> None:
    """Our own members', and those of the new host itself, whose people came in under the wider reach."""
    ward, carl = await widened(home, peer, stranger)
    await offers(ward)
    posted = await notes.publish(home.ctx, ward.anna.id, Draft(f"@{ward.group.username} bonjour", Audience.FOLLOWERS))
    assert isinstance(posted, notes.Published)
    await ward.announced()
    assert [one.document["type"] for one in stranger.posted] == ["Announce"]
    theirs = stranger.group_activity(carl, stranger.group_note(carl, ward.group.uri))
    assert await ward.take(carl, theirs) == "done"
    assert "Announce" in [one["type"] for one in await ward.announced()]


async def test_nobody_fetches_at_a_host_what_its_authors_host_has_not_agreed_to(
    home: Home, peer: Peer, stranger: Peer
) -> None:
    ward, carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    _, stored = await ward.post()
    path = f"/ap/actors/{ward.group.id}/objects?uri={stored.uri}"

    async def fetched(number: int) -> int:
        return (await home.fetch(path, carl, nonce=f"n{number}"))[0]

    assert await fetched(1) == 404
    assert await ward.take(peer.instance, answer(ward, offer)) == "done"
    assert await fetched(2) == 200


async def test_a_like_goes_no_further_than_its_own_host_agreed(home: Home, peer: Peer, stranger: Peer) -> None:
    ward, _carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    posted = await notes.publish(home.ctx, ward.anna.id, Draft(f"@{ward.group.username} bonjour", Audience.FOLLOWERS))
    assert isinstance(posted, notes.Published)
    for number, kinds in enumerate((["Create"], ["Like"])):
        like = peer.activity("Like", ward.ben, posted.status.uri, audience=ward.group.uri)
        await ward.announced()
        stranger.asked.clear()
        assert await ward.take(ward.ben, proven(ward.ben, like)) == "done", kinds
        await ward.announced()
        said = [one.document["object"]["type"] for one in stranger.posted]
        assert said == ([] if number == 0 else ["Like"])
        undo = peer.activity(
            "Undo",
            ward.ben,
            {"id": like["id"], "type": "Like", "actor": ward.ben.uri, "object": posted.status.uri},
            audience=ward.group.uri,
        )
        assert await ward.take(ward.ben, proven(ward.ben, undo)) == "done"
        if number == 0:
            assert await ward.take(peer.instance, answer(ward, offer)) == "done"


async def test_only_the_hosts_own_word_on_the_last_offer_counts(home: Home, peer: Peer, stranger: Peer) -> None:
    """Not a person's, not another host's, not one without proof, not one to an older offer or another policy."""
    ward, _carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    assert await ward.take(ward.ben, answer(ward, offer, by=ward.ben)) == "refused: only an instance actor agrees"
    bare = {name: value for name, value in answer(ward, offer).items() if name != "proof"}
    assert (await ward.take(peer.instance, bare)).startswith("refused: proof")
    other = answer(ward, offer, by=stranger.instance)
    other["id"] = stranger.new_id()
    other = proven(stranger.instance, {name: value for name, value in other.items() if name != "proof"})
    assert await ward.take(stranger.instance, other) == "refused: epoch_old"
    for told in ({"epoch": offer["object"]["epoch"] - 1}, {"digest": "0" * 64}):
        assert await ward.take(peer.instance, answer(ward, offer, **told)) == "refused: epoch_old"
    assert await reached(ward, stranger) == [peer.host]
    await widen(home.ctx, ward.group.id, ["chu-d.example"], by="anna")
    (later,) = [one for one in await offers(ward) if one["object"]["epoch"] > offer["object"]["epoch"]]
    assert await ward.take(peer.instance, answer(ward, offer)) == "refused: epoch_old"
    assert await reached(ward, stranger) == [peer.host]
    assert await ward.take(peer.instance, answer(ward, later)) == "done"
    assert await reached(ward, stranger) == [peer.host, stranger.host]


async def test_a_host_without_members_agrees_to_nothing(home: Home, peer: Peer, stranger: Peer) -> None:
    ward, _carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    await home.enroll(ward.group, await home.stored(ward.ben.uri), state="ended")
    assert await ward.take(peer.instance, answer(ward, offer)) == "refused: no_member_there"


async def test_an_offer_that_is_lost_or_refused_is_made_again(home: Home, peer: Peer, stranger: Peer) -> None:
    ward, _carl = await widened(home, peer, stranger)
    await offer_policies(home.ctx)  # within the hour nobody is asked again
    (offer,) = await offers(ward)
    await offer_policies(home.ctx)
    (again,) = await offers(ward)
    assert again["object"]["digest"] == offer["object"]["digest"]
    no = answer(ward, again, "Reject") | {"summary": "onward_refused"}
    assert await ward.take(peer.instance, no) == "done"
    kept = await home.db.read(lambda tx: policy_offers.get_offer(tx, ward.group.id, peer.host))
    assert kept is not None
    assert (kept.refusal, kept.agreed_digest) == ("onward_refused", "")
    assert await reached(ward, stranger) == [peer.host]


async def test_a_host_that_comes_back_is_agreed_to_anew(home: Home, peer: Peer, stranger: Peer) -> None:
    ward, carl = await widened(home, peer, stranger)
    (offer,) = await offers(ward)
    assert await ward.take(peer.instance, answer(ward, offer)) == "done"
    await expel_host(home.ctx, ward.group.id, stranger.host, by="anna")
    await widen(home.ctx, ward.group.id, [stranger.host], by="anna")
    await home.enroll(ward.group, await home.stored(carl.uri))
    assert await ward.take(peer.instance, answer(ward, offer)) == "refused: epoch_old"
    assert await reached(ward, stranger) == [peer.host]


async def test_what_is_no_host_or_no_open_group_is_not_widened(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    for hosts in ([], ["https://chu-c.example"]):
        with pytest.raises(ValueError, match="host"):
            await widen(home.ctx, ward.group.id, hosts, by="anna")
    await home.db.transact(lambda tx: groups.update_group(tx, ward.group.id, closed="archived"))
    with pytest.raises(LookupError):
        await widen(home.ctx, ward.group.id, ["chu-c.example"], by="anna")


# --- a member's home --------------------------------------------------------------------------------------------


async def offered(guest: Guest, *reach: str, epoch: int = 7) -> list[Document]:
    """What our instance answers to an offer that names these hosts beside ours."""
    ours = guest.home.ctx.origin.host
    policy = {
        "id": f"{guest.group.uri}#policy-{epoch}",
        "attributedTo": guest.group.uri,
        "epoch": epoch,
        "digest": "ab" * 32,
        "reach": [ours, *reach],
    }
    offer = guest.peer.activity("Offer", guest.group, policy)
    await guest.home.take(guest.group, offer)
    guest.peer.asked.clear()
    while await guest.home.deliver():
        pass
    return [one.document for one in guest.peer.posted]


async def test_our_instance_agrees_by_its_own_policy(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.rule(peer.host, "chu-c.example")
    (said,) = await offered(guest, peer.host, "chu-c.example")
    assert (said["type"], said["actor"]) == ("Accept", home.ctx.origin.instance_actor)
    assert said["object"]["object"]["digest"] == "ab" * 32
    assert "proof" in said
    (said,) = await offered(guest, peer.host, "unknown.example", epoch=8)
    assert (said["type"], said["summary"]) == ("Reject", Reason.ONWARD_REFUSED)


async def test_our_instance_answers_only_for_groups_that_somebody_here_is_in(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.enroll(guest.stored, guest.anna, state="ended")
    assert await offered(guest, peer.host) == []
