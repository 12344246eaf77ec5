"""A private group of ours: what a member elsewhere may bring to it, and that nothing else is stored or announced."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from federation.outbox import groups as group_acts
from federation.wire.values import PUBLIC
from policies.terms import Level
from storage import groups
from storage.records import Actor, Status, as_json
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, proven

HOUR = 3_600_000


@dataclass
class Ward:
    """The group `cardiologie` with Anna here and Ben at the peer; Eve at the peer is no member."""

    home: Home
    peer: Peer
    group: Actor
    anna: Actor
    ben: Someone
    eve: Someone

    @classmethod
    async def open(cls, home: Home, peer: Peer) -> "Ward":
        anna = await home.member("anna", verified=True)
        group = await home.group("cardiologie", anna, reach=(peer.host,))
        ben, eve = peer.actor("ben"), peer.actor("eve")
        for someone in (ben, eve):
            peer.attest(someone, now=home.clock())
            await home.know(someone)
        await home.enroll(group, await home.stored(ben.uri))
        return cls(home, peer, group, anna, ben, eve)

    def create(self, author: Someone, **note: Any) -> Document:
        """A proven post of somebody to the group."""
        return self.peer.group_activity(author, self.peer.group_note(author, self.group.uri, **note))

    async def take(self, sender: Someone, activity: Document) -> str:
        return await self.home.take(sender, activity)

    async def post(self) -> tuple[Document, Status]:
        """A good post of Ben's; its activity, and as stored."""
        activity = self.create(self.ben)
        assert await self.take(self.ben, activity) == "done"
        stored = await self.home.find(activity["object"]["id"])
        assert stored is not None
        return activity, stored

    async def announced(self) -> list[Document]:
        """What the group said to the peer, but for where posts went."""
        self.home.clock.pass_by(HOUR)
        self.peer.asked.clear()
        while await self.home.deliver():
            pass
        return [one.document for one in self.peer.posted if "served" not in one.document]

    async def untouched(self) -> bool:
        """Nothing is stored for the group, and nothing goes out but that it was not taken."""
        return await self.home.count("statuses") == 0 and await self.home.count("deliveries", "kind = 'content'") == 0


async def test_a_members_post_is_announced_byte_for_byte(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    activity, stored = await ward.post()
    assert (stored.audience, stored.group_id) == ("group", ward.group.id)
    assert await home.rows("SELECT owner_id FROM home_entries") == [(ward.anna.id,)]
    (announce,) = await ward.announced()
    assert announce["type"] == "Announce"
    assert announce["actor"] == ward.group.uri
    assert announce["object"] == activity
    assert "cc" not in announce
    assert announce["to"] == [ward.group.followers]


def tampered(activity: Document) -> Document:
    return {**activity, "object": {**activity["object"], "content": "<p>another</p>"}}


def by(someone: Someone) -> Callable[[Document], Document]:
    """The same with a proof by somebody else's key."""
    return lambda activity: proven(someone, without_proof(activity))


def under_the_name_of(owner: Someone, signer: Someone) -> Callable[[Document], Document]:
    """A proof by one key that says it is by another."""

    def spoil(activity: Document) -> Document:
        signed = by(signer)(activity)
        return {**signed, "proof": {**signed["proof"], "verificationMethod": owner.keys.ed25519.id}}

    return spoil


def without_proof(activity: Document) -> Document:
    return {name: value for name, value in activity.items() if name != "proof"}


async def test_a_post_without_a_good_proof_is_refused(home: Home, peer: Peer) -> None:
    """Members' homes could not check it: a group never passes on what it cannot prove."""
    ward = await Ward.open(home, peer)
    spoils: dict[str, tuple[Callable[[Document], Document], str]] = {
        "none": (without_proof, "proof-missing"),
        "of another text": (tampered, "signature-invalid"),
        "by another": (by(ward.eve), "actor-mismatch"),
        "by another under the author's name": (under_the_name_of(ward.ben, ward.eve), "signature-invalid"),
        "by the instance": (by(peer.instance), "actor-mismatch"),
        "of another kind": (lambda one: {**one, "proof": {**one["proof"], "cryptosuite": "x"}}, "proof-unsupported"),
        "that is none": (lambda one: {**one, "proof": {**one["proof"], "proofValue": "zzz"}}, "proof-malformed"),
        "by the key for requests": (
            lambda one: {**one, "proof": {**one["proof"], "verificationMethod": ward.ben.keys.rsa.id}},
            "key-mismatch",
        ),
    }
    for name, (spoil, reason) in spoils.items():
        ended = await ward.take(ward.ben, spoil(ward.create(ward.ben)))
        assert ended.startswith(f"refused: {reason}"), name
        assert await ward.untouched(), name
    await ward.post()


async def test_only_the_profiles_exact_addressing_is_taken(home: Home, peer: Peer) -> None:
    """Public or people added, followers left out, another group, or two: nobody guesses what was meant."""
    ward = await Ward.open(home, peer)
    other = await home.group("urgences", ward.anna, reach=(peer.host,))
    await home.enroll(other, await home.stored(ward.ben.uri))
    uri, followers = ward.group.uri, ward.group.followers
    spoilt: tuple[dict[str, Any], ...] = (
        {"to": [uri, followers, PUBLIC]},
        {"to": [uri, followers], "cc": [PUBLIC]},
        {"to": [uri, followers], "cc": ["as:Public"]},
        {"to": [uri, followers, ward.anna.uri]},
        {"to": [uri, followers], "cc": [ward.anna.uri]},
        {"to": [uri, followers], "cc": [ward.ben.followers]},
        {"to": [uri]},
        {"to": [followers]},
        {"to": []},
        {"to": [PUBLIC], "cc": []},
        {"audience": [uri, other.uri]},
        {"audience": other.uri},
        {"audience": [uri, f"{peer.base}/groups/unknown"]},
    )
    for addressing in spoilt:
        assert (await ward.take(ward.ben, ward.create(ward.ben, **addressing))).startswith("refused"), addressing
        assert await ward.untouched(), addressing


async def test_only_a_present_member_posts(home: Home, peer: Peer) -> None:
    """Not somebody who never joined, has only asked, is invited, was removed, or was banned."""
    ward = await Ward.open(home, peer)
    assert await ward.take(ward.eve, ward.create(ward.eve)) == "refused: not_a_member"
    remote = await home.stored(ward.ben.uri)
    for state in ("pending", "invited", "ended", "banned"):
        await home.enroll(ward.group, remote, state=state)
        assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: not_a_member", state
    await home.enroll(ward.group, remote, until=home.clock())
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: not_a_member", "lapsed"
    assert await ward.untouched()
    await home.enroll(ward.group, remote)
    await ward.post()


async def test_a_host_out_of_reach_brings_nothing(home: Home, peer: Peer) -> None:
    """By the group's own setting or by the ruleset's; what was a membership under a wider reach is none now."""
    ward = await Ward.open(home, peer)
    activity, stored = await ward.post()
    edit = ward.peer.group_activity(ward.ben, {**activity["object"], "content": "<p>2</p>"}, kind="Update")
    like = proven(ward.ben, peer.activity("Like", ward.ben, stored.uri, audience=ward.group.uri))
    await home.rule(peer.host, more='[groups.cardiologie]\nreach = "instance"\n')
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: out_of_reach"
    await home.rule(peer.host)
    await home.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach='["elsewhere.example"]'))
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: out_of_reach"
    assert await ward.take(ward.ben, edit) == "refused: out_of_reach"
    assert await ward.take(ward.ben, like) == "refused: not_found"
    assert await home.count("statuses") == 1
    assert await home.count("favourites") == 0


async def test_a_host_that_does_not_declare_the_profile_brings_nothing(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    del ward.ben.document["generator"]["implements"]
    await home.know(ward.ben)
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: not_capable"
    assert await ward.untouched()
    assert await home.count("deliveries") == 0, "nor is it told, for it would make nothing of it"


async def test_an_author_who_is_not_verified_any_more_brings_nothing(home: Home, peer: Peer) -> None:
    """Revoked ends the membership; a level that our ruleset does not accept refuses; no answer for a while holds back."""
    ward = await Ward.open(home, peer)
    strict = f'[peers."{peer.host}"]\norganisation = "Peer"\nstate = "active"\naccept_levels_from = "strong"\n'
    await home.rule(more=strict)
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: level_not_accepted"
    await home.rule(peer.host)
    peer.respond("/credentials/ben", 503)
    home.clock.pass_by(HOUR)
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "refused: attestation_stale"
    peer.respond("/credentials/ben", 404)
    assert (await ward.take(ward.ben, ward.create(ward.ben))).startswith("refused")
    known = await home.membership(ward.group, await home.stored(ward.ben.uri))
    assert known is not None
    assert known.state == "ended"
    assert await home.count("statuses") == 0


async def test_another_group_cannot_bring_a_post_to_ours(home: Home, peer: Peer) -> None:
    """A post comes from its author's home; a relay could bring back what was refused or taken back."""
    ward = await Ward.open(home, peer)
    theirs = peer.group("neurologie")
    await home.join(theirs, ward.anna)
    announced = peer.announce(theirs, ward.create(ward.ben))
    assert await home.take(theirs, announced) == "refused: a group-only post that its group did not announce"
    impostor = {**ward.create(ward.ben), "object": peer.group_note(ward.eve, ward.group.uri)}
    assert (await ward.take(ward.ben, impostor)).startswith("refused: actor-mismatch")
    assert await home.count("statuses") == 0


async def test_content_from_a_quarantined_host_waits(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await home.rule(peer.host, state="quarantined")
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "held: peer_quarantined"
    assert await ward.untouched()


# --- edits, deletions, likes -------------------------------------------------------------------------------------


async def test_an_edit_is_its_authors_while_a_member_and_widens_nothing(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    activity, stored = await ward.post()
    note = activity["object"]

    def edit(author: Someone, **changes: Any) -> Document:
        return peer.group_activity(author, {**note, "content": "<p>2</p>", **changes}, kind="Update")

    await home.enroll(ward.group, await home.stored(ward.eve.uri))
    assert (await ward.take(ward.eve, edit(ward.eve))).startswith("refused: actor-mismatch")
    assert await ward.take(ward.eve, edit(ward.eve, attributedTo=ward.eve.uri)) == "refused: not_author"
    assert (await ward.take(ward.ben, without_proof(edit(ward.ben)))).startswith("refused: proof-missing")
    assert (await ward.take(ward.ben, tampered(edit(ward.ben)))).startswith("refused: signature-invalid")
    for addressing in ({"to": [PUBLIC]}, {"cc": [PUBLIC]}, {"audience": None}, {"to": [ward.anna.uri], "audience": []}):
        assert (await ward.take(ward.ben, edit(ward.ben, **addressing))).startswith("refused"), addressing
    await home.enroll(ward.group, await home.stored(ward.ben.uri), state="ended")
    assert (await ward.take(ward.ben, edit(ward.ben))).startswith("refused: not_a_member")
    await home.enroll(ward.group, await home.stored(ward.ben.uri))
    assert await home.count("status_edits") == 0
    good = edit(ward.ben)
    assert await ward.take(ward.ben, good) == "done"
    edited = await home.find(stored.uri)
    assert edited is not None
    assert (edited.content, edited.audience, edited.group_id) == ("<p>2</p>", "group", ward.group.id)
    assert [one["object"] for one in await ward.announced()][-1] == good


async def test_a_post_elsewhere_never_becomes_the_groups(home: Home, peer: Peer) -> None:
    """An edit brings no post into a group, and none out of it."""
    ward = await Ward.open(home, peer)
    public = peer.note(ward.ben)
    await ward.take(ward.ben, peer.activity("Create", ward.ben, public))
    into = {**peer.group_note(ward.ben, ward.group.uri), "id": public["id"], "content": "<p>2</p>"}
    await ward.take(ward.ben, peer.group_activity(ward.ben, into, kind="Update"))
    found = await home.find(public["id"])
    assert found is not None
    assert (found.audience, found.group_id) == ("public", None)
    assert await home.count("group_activities") == 0


async def test_a_post_is_taken_back_by_its_author_for_ever(home: Home, peer: Peer) -> None:
    """By nobody else, member or not; by its author also as an ex-member of a suspended host. Everybody who had it is told."""
    ward = await Ward.open(home, peer)
    _, stored = await ward.post()
    assert [one["type"] for one in await ward.announced()] == ["Announce"]
    await home.enroll(ward.group, await home.stored(ward.eve.uri))
    assert await ward.take(ward.eve, peer.activity("Delete", ward.eve, stored.uri)) == "refused: not_author"
    await home.enroll(ward.group, await home.stored(ward.ben.uri), state="ended")
    await home.rule(peer.host, state="suspended")
    await ward.announced()
    assert await ward.take(ward.ben, peer.activity("Delete", ward.ben, stored.uri)) == "done"
    assert await home.find(stored.uri) is None
    told = sorted((one["type"], one["object"]["type"], one["object"]["id"]) for one in await ward.announced())
    assert [one[0] for one in told] == ["Accept", "Delete"], "confirmed to its author, and passed on"
    assert told[1][1:] == ("Tombstone", stored.uri)


async def test_a_like_is_a_members_and_passed_on_with_its_proof(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    _, stored = await ward.post()
    await ward.announced()
    strange = proven(ward.eve, peer.activity("Like", ward.eve, stored.uri, audience=ward.group.uri))
    assert await ward.take(ward.eve, strange) == "refused: not_found"
    like = proven(ward.ben, peer.activity("Like", ward.ben, stored.uri, audience=ward.group.uri))
    assert await ward.take(ward.ben, like) == "done"
    assert [one["object"] for one in await ward.announced()] == [like]
    assert (await ward.take(ward.ben, peer.activity("Announce", ward.ben, stored.uri))).startswith("refused")
    assert await home.count("statuses") == 1


async def test_a_reply_is_attached_within_the_group_only(home: Home, peer: Peer) -> None:
    """A public answer to a group's post does not hang on it, where it would show that there is one."""
    ward = await Ward.open(home, peer)
    _, stored = await ward.post()
    inside, outside = ward.create(ward.ben, inReplyTo=stored.uri), peer.note(ward.ben, inReplyTo=stored.uri)
    assert await ward.take(ward.ben, inside) == "done"
    assert await ward.take(ward.ben, peer.activity("Create", ward.ben, outside)) == "done"
    attached, apart = await home.find(inside["object"]["id"]), await home.find(outside["id"])
    assert attached is not None
    assert apart is not None
    assert attached.in_reply_to_id == stored.id
    assert apart.in_reply_to_id is None
    assert apart.thread_id == apart.id


# --- joining -----------------------------------------------------------------------------------------------------


async def test_joining_goes_by_the_rules_and_each_act_moves_the_epoch(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    follow = peer.activity("Follow", ward.eve, ward.group.uri)
    assert await ward.take(ward.eve, follow) == "done"
    remote = await home.stored(ward.eve.uri)
    wish = await home.membership(ward.group, remote)
    assert wish is not None
    assert wish.state == "pending"
    assert await ward.announced() == []
    assert await group_acts.accept(home.ctx, ward.group.id, remote.id, by="anna") is None
    (accept,) = await ward.announced()
    assert (accept["type"], accept["actor"], accept["object"]["id"]) == ("Accept", ward.group.uri, follow["id"])
    assert await group_acts.remove(home.ctx, ward.group.id, remote.id, by="anna")
    (reject,) = await ward.announced()
    assert (reject["type"], reject["object"]["id"]) == ("Reject", follow["id"])
    assert 0 < accept["epoch"] < reject["epoch"]


async def test_who_may_not_join_is_told_and_not_kept(home: Home, peer: Peer) -> None:
    """Not attested, out of reach, without the profile, of a level that we do not accept, banned."""
    ward = await Ward.open(home, peer)
    stock = peer.actor("stock", capable=False)
    plain = peer.actor("plain")
    peer.attest(stock, now=home.clock())
    low = peer.actor("low")
    peer.attest(low, now=home.clock(), level=Level.VOUCHED)
    nurse = peer.actor("nurse")
    peer.attest(nurse, now=home.clock(), profession="librarian_health", specialties=frozenset())
    for someone, reason in (
        (stock, "not_capable"),
        (plain, "not_attested"),
        (low, "level_not_accepted"),
        (nurse, "not_a_clinician"),
    ):
        assert await ward.take(someone, peer.activity("Follow", someone, ward.group.uri)) == f"refused: {reason}"
    await home.enroll(ward.group, await home.stored(ward.eve.uri), state="banned")
    assert await ward.take(ward.eve, peer.activity("Follow", ward.eve, ward.group.uri)) == "refused: banned"
    await home.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach="[]"))
    assert await ward.take(plain, peer.activity("Follow", plain, ward.group.uri)) == "refused: out_of_reach"
    said = await ward.announced()
    assert {one["type"] for one in said} == {"Reject"}
    assert len(said) == 6
    assert await home.count("memberships", "state IN ('pending', 'active')") == 2


async def test_leaving_ends_the_membership_and_is_answered(home: Home, peer: Peer) -> None:
    """By the Follow or by its id; also from a suspended host; somebody else's Undo ends nothing."""
    ward = await Ward.open(home, peer)
    remote = await home.stored(ward.ben.uri)
    for by_id in (False, True):
        known = await home.enroll(ward.group, remote)
        join = {"id": known.follow_uri, "type": "Follow", "actor": ward.ben.uri, "object": ward.group.uri}
        await ward.take(ward.eve, peer.activity("Undo", ward.eve, join))
        await ward.take(ward.eve, peer.activity("Undo", ward.eve, join["id"]))
        assert getattr(await home.membership(ward.group, remote), "state", "") == "active"
        assert await ward.take(ward.ben, peer.activity("Undo", ward.ben, join["id"] if by_id else join)) == "done"
        assert getattr(await home.membership(ward.group, remote), "state", "") == "ended"
        (answer,) = await ward.announced()
        assert (answer["type"], answer["object"]["id"]) == ("Reject", known.follow_uri)
        assert answer["epoch"] > 0


async def test_nobody_learns_who_joins_or_leaves_but_their_own_home(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    ward = await Ward.open(home, peer)
    carl = stranger.actor("carl")
    stranger.attest(carl, now=home.clock())
    await home.know(carl)
    await home.db.transact(
        lambda tx: groups.update_group(tx, ward.group.id, reach=orjson.dumps([peer.host, stranger.host]).decode())
    )
    await ward.take(carl, stranger.activity("Follow", carl, ward.group.uri))
    remote = await home.stored(carl.uri)
    await group_acts.accept(home.ctx, ward.group.id, remote.id, by="anna")
    await group_acts.remove(home.ctx, ward.group.id, remote.id, by="anna")
    assert await ward.announced() == []
    assert [one.document["type"] for one in stranger.posted] == ["Accept", "Reject"]


async def test_an_author_whose_post_is_not_taken_is_told_why(home: Home, peer: Peer) -> None:
    """By the group, to the author alone, without a word of the post."""
    ward = await Ward.open(home, peer)
    await home.enroll(ward.group, await home.stored(ward.ben.uri), state="ended")
    activity = ward.create(ward.ben)
    assert await ward.take(ward.ben, activity) == "refused: not_a_member"
    ward.peer.asked.clear()
    await home.deliver()
    (sent,) = peer.posted
    assert sent.path == "/users/ben/inbox"
    told = sent.document
    assert (told["type"], told["actor"], told["to"], told["summary"]) == (
        "Reject", ward.group.uri, [ward.ben.uri], "not_a_member",
    )  # fmt: skip
    assert told["object"] == {
        "id": activity["id"], "type": "Create", "actor": ward.ben.uri, "object": activity["object"]["id"],
    }  # fmt: skip


async def test_who_never_asked_to_join_is_told_nothing(home: Home, peer: Peer) -> None:
    """As if there were no such group."""
    ward = await Ward.open(home, peer)
    assert (await ward.take(ward.eve, ward.create(ward.eve))).startswith("refused")
    assert await home.count("deliveries") == 0


async def test_an_author_is_told_which_hosts_a_post_and_an_edit_went_to(home: Home, peer: Peer, stranger: Peer) -> None:
    """By the group, to the author's home alone: those that are served, not those in reach."""
    await home.rule(peer.host, stranger.host)
    ward = await Ward.open(home, peer)
    await home.db.transact(lambda tx: groups.update_group(tx, ward.group.id, reach=as_json([peer.host, stranger.host])))
    activity = ward.create(ward.ben)
    assert await ward.take(ward.ben, activity) == "done"
    edit = peer.group_activity(ward.ben, {**activity["object"], "content": "<p>2</p>"}, kind="Update")
    await home.enroll(ward.group, await home.know(stranger.actor("carl")))
    assert await ward.take(ward.ben, edit) == "done"
    await ward.announced()
    told = [one.document for one in peer.posted if one.document["type"] == "Accept"]
    assert [(one["actor"], one["to"], one["served"], one["object"]) for one in told] == [
        (ward.group.uri, [ward.ben.uri], hosts, {"id": sent["id"], "type": sent["type"], "actor": ward.ben.uri, "object": activity["object"]["id"]})
        for sent, hosts in ((activity, [peer.host]), (edit, sorted([peer.host, stranger.host])))
    ]  # fmt: skip
    assert [one.document["type"] for one in stranger.posted] == ["Announce"]


async def test_an_author_whose_edit_is_not_taken_is_told_why(home: Home, peer: Peer) -> None:
    """Of a post of their own; nobody learns by an edit what others wrote."""
    ward = await Ward.open(home, peer)
    activity, _ = await ward.post()
    await home.enroll(ward.group, await home.stored(ward.eve.uri))
    edit = peer.group_activity(ward.ben, {**activity["object"], "content": "<p>2</p>"}, kind="Update")
    strange = {**activity["object"], "attributedTo": ward.eve.uri}
    await ward.announced()
    await home.enroll(ward.group, await home.stored(ward.ben.uri), state="ended")
    assert await ward.take(ward.ben, edit) == "refused: not_a_member"
    assert await ward.take(ward.eve, peer.group_activity(ward.eve, strange, kind="Update")) == "refused: not_author"
    (told,) = await ward.announced()
    assert (told["type"], told["to"], told["summary"], told["object"]["type"]) == (
        "Reject", [ward.ben.uri], "not_a_member", "Update",
    )  # fmt: skip
