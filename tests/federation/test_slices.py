"""Slices: what a group's home says of one host's members, given to that host alone, and believed with its proof alone."""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import orjson

from federation.slices import pull, pull_due
from federation.verifying import get_stored_key
from federation.wire.dates import render_datetime
from federation.wire.keys import PrivateKey
from federation.wire.proofs import sign_document, verify_proof
from federation.wire.render import CONTROL_CONTEXT
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

HOUR = 3_600_000
DAY = 24 * HOUR
NOTHING = 404, b'{"error": "Record not found"}'


@dataclass
class Guest:
    """Anna and Olga belong to a group at the peer; their leases end in an hour."""

    home: Home
    peer: Peer
    group: Someone
    stored: Actor
    anna: Actor
    olga: Actor

    @classmethod
    async def open(cls, home: Home, peer: Peer) -> "Guest":
        anna, olga = await home.member("anna", verified=True), await home.member("olga")
        group = peer.group("cardiologie")
        stored = await home.join(group, anna, hours=1, epoch=5)
        await home.join(group, olga, hours=1, epoch=5)
        return cls(home, peer, group, stored, anna, olga)

    def slice(self, *members: Actor, signer: PrivateKey | None = None, **changes: Any) -> None:
        """Serve a slice with these members; `changes` spoil it before it is proven."""
        document: Document = {
            "@context": CONTROL_CONTEXT,
            "id": f"{self.group.followers}?host=me",
            "type": "OrderedCollection",
            "attributedTo": self.group.uri,
            "audience": self.home.ctx.origin.instance_actor,
            "published": render_datetime(self.home.clock()),
            "epoch": 10,
            "lease": 24,
            "orderedItems": [member.uri for member in members],
        } | changes
        made = {name: value for name, value in document.items() if value is not None}
        self.peer.serve(
            "/groups/cardiologie/followers",
            sign_document(made, signer or self.group.keys.ed25519, created=self.home.clock()),
        )

    async def pull(self) -> bool:
        return await pull(self.home.ctx, self.stored)

    async def live(self, member: Actor) -> bool:
        """A present member a day's lease from now on, or so."""
        known = await self.home.membership(self.stored, member)
        assert known is not None
        return known.state == "active" and known.lease_until > self.home.clock() + 12 * HOUR

    async def state(self, member: Actor) -> str:
        known = await self.home.membership(self.stored, member)
        return known.state if known else ""


async def test_a_slice_renews_whom_it_names_and_ends_whom_it_does_not(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    guest.slice(guest.anna)
    assert await guest.pull()
    assert await guest.live(guest.anna)
    assert await guest.state(guest.olga) == "ended"
    asked = [one for one in peer.asked if one.path.endswith("?host=me")]
    assert [one.scheme for one in asked] == ["rfc9421"]
    assert "nonce" in asked[0].headers["Signature-Input"]


async def test_a_slice_heals_a_lost_acceptance_but_revives_nobody_who_left(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.enroll(guest.stored, guest.anna, state="pending", until=0)
    await home.enroll(guest.stored, guest.olga, state="ended", until=0)
    guest.slice(guest.anna, guest.olga, await home.member("nina"))
    assert await guest.pull()
    assert await guest.live(guest.anna)
    assert await guest.state(guest.olga) == "ended"
    assert await home.count("memberships") == 2


async def test_a_lost_acceptance_of_the_only_one_who_asked_is_found(home: Home, peer: Peer) -> None:
    """A week offline: the home has given up telling, and nobody else here is a member whose lease is renewed."""
    guest = await Guest.open(home, peer)
    await home.enroll(guest.stored, guest.anna, state="pending", until=0)
    await home.enroll(guest.stored, guest.olga, state="ended", until=0)
    home.clock.pass_by(8 * DAY)
    guest.slice(guest.anna)
    assert await pull_due(home.ctx)
    assert await guest.live(guest.anna)


async def test_who_left_while_nobody_listened_leaves_again(home: Home, peer: Peer) -> None:
    """Once for each slice that still names them; an older slice than their end proves nothing."""
    guest = await Guest.open(home, peer)
    await home.enroll(guest.stored, guest.olga, state="ended", until=0, epoch=5)
    guest.slice(guest.anna, guest.olga, epoch=4)
    await guest.pull()
    guest.slice(guest.anna)
    assert await guest.pull()
    assert await home.count("deliveries") == 0
    guest.slice(guest.anna, guest.olga)
    assert await guest.pull()
    peer.asked.clear()
    await home.deliver()
    (told,) = peer.posted
    assert (told.path, told.document["type"], told.document["actor"]) == (
        "/groups/cardiologie/inbox",
        "Undo",
        guest.olga.uri,
    )
    assert told.document["object"]["object"] == guest.group.uri
    assert await guest.state(guest.olga) == "ended"


async def test_messages_twice_and_in_any_order_end_where_the_home_is(home: Home, peer: Peer) -> None:
    """Accept, Reject and Accept again, each twice, in every order: the last word counts, and an old one never lets in."""
    guest = await Guest.open(home, peer)
    for order in permutations([("Accept", 20), ("Reject", 30)] * 2):
        follow = f"{guest.anna.uri}/joins/{guest.stored.id}"
        await home.enroll(guest.stored, guest.anna, state="pending", until=0, epoch=0)
        for kind, epoch in order:
            asked = {"id": follow, "type": "Follow", "actor": guest.anna.uri, "object": guest.group.uri}
            await home.take(guest.group, peer.activity(kind, guest.group, asked, epoch=epoch, lease=24))
        assert await guest.state(guest.anna) == "ended", order


async def test_a_slice_is_the_groups_own_word_to_us_and_not_an_old_one(home: Home, peer: Peer) -> None:
    """Anything else neither renews nor ends."""
    guest = await Guest.open(home, peer)
    eve = peer.actor("eve")
    await home.know(eve)
    lent = PrivateKey(
        guest.group.keys.ed25519.id, guest.group.uri, eve.keys.ed25519.algorithm, eve.keys.ed25519.material
    )
    spoilt: dict[str, dict[str, Any]] = {
        "by another": {"signer": eve.keys.ed25519},
        "by another under the group's name": {"signer": lent},
        "by the instance": {"signer": peer.instance.keys.ed25519},
        "of another group": {"attributedTo": f"{peer.base}/groups/neurologie"},
        "for another host": {"audience": "https://elsewhere.example/ap/actor"},
        "for nobody": {"audience": None},
        "without epoch": {"epoch": None},
        "with half an epoch": {"epoch": 10.5},
        "with an epoch of before": {"epoch": 4},
        "without date": {"published": None},
        "with a date that is none": {"published": "yesterday"},
    }
    await home.db.transact(lambda tx: tx.execute("UPDATE groups SET epoch = 5 WHERE local = 0"))
    for name, changes in spoilt.items():
        guest.slice(**changes)
        await guest.pull()
        assert await guest.state(guest.anna) == "active", name
        guest.slice(guest.anna, guest.olga, **changes)
        await guest.pull()
        assert not await guest.live(guest.anna), name
    unproven = orjson.loads(orjson.dumps({"attributedTo": guest.group.uri, "orderedItems": []}))
    peer.serve("/groups/cardiologie/followers", unproven)
    assert not await guest.pull()
    assert await guest.state(guest.anna) == "active"


async def test_an_old_slice_gives_an_old_lease_and_a_future_one_no_longer_one(home: Home, peer: Peer) -> None:
    """The lease counts from when the group's home said so, at the latest from now."""
    guest = await Guest.open(home, peer)
    guest.slice(guest.anna, guest.olga, published=render_datetime(home.clock() - 2 * DAY))
    assert await guest.pull()
    assert not await guest.live(guest.anna)
    guest.slice(guest.anna, guest.olga, epoch=11, published=render_datetime(home.clock() + 30 * DAY), lease=10_000)
    assert await guest.pull()
    known = await home.membership(guest.stored, guest.anna)
    assert known is not None
    assert known.lease_until <= home.clock() + 168 * HOUR


async def test_a_home_that_does_not_answer_lets_leases_run_out(home: Home, peer: Peer) -> None:
    """It ends nobody by itself, and is asked again soon; one that was suspended is not asked at all."""
    guest = await Guest.open(home, peer)
    path = "/groups/cardiologie/followers"
    for status in (404, 403, 500, 410):
        peer.respond(path, status)
        assert not await guest.pull(), status
        home.clock.pass_by(60_000)
    assert await guest.state(guest.anna) == "active"
    await home.rule(peer.host, state="suspended")
    peer.asked.clear()
    guest.slice(guest.anna)
    assert not await guest.pull()
    assert peer.asked == []


async def test_a_group_with_new_keys_is_believed(home: Home, peer: Peer) -> None:
    """Otherwise every lease of its members here would lapse."""
    guest = await Guest.open(home, peer)
    home.clock.pass_by(10 * 60_000)
    guest.group = guest.group.rotated()
    guest.slice(guest.anna)
    assert await guest.pull()
    assert await guest.live(guest.anna)


async def test_a_slice_is_pulled_every_hour_by_one_process(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    guest.slice(guest.anna, guest.olga)
    assert await pull_due(home.ctx)
    assert not await pull_due(home.ctx)
    home.clock.pass_by(HOUR + 1000)
    assert await pull_due(home.ctx)
    peer.respond("/groups/cardiologie/followers", 503)
    home.clock.pass_by(HOUR + 1000)
    assert await pull_due(home.ctx)
    assert not await pull_due(home.ctx)
    home.clock.pass_by(11 * 60_000)
    assert await pull_due(home.ctx), "again soon after a failure"


# --- ours, for other hosts ---------------------------------------------------------------------------------------


async def test_each_host_gets_its_own_members_and_nobody_elses(home: Home, peer: Peer, stranger: Peer) -> None:
    """With epoch, date, lease and the group's proof; to the instance actor alone."""
    await home.rule(peer.host, stranger.host)
    anna = await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna, reach=(peer.host, stranger.host), lease_hours=12)
    ben, left, carl = peer.actor("ben"), peer.actor("left"), stranger.actor("carl")
    for someone, state in ((ben, "active"), (left, "ended"), (carl, "active")):
        await home.enroll(group, await home.know(someone), state=state)
    path = f"{group.uri}/followers?host=me"
    for asker, members in ((peer.instance, [ben.uri]), (stranger.instance, [carl.uri])):
        status, body = await home.fetch(path, asker, nonce="n")
        assert status == 200
        document = orjson.loads(body)
        key = await home.db.read(lambda tx: get_stored_key(tx, f"{group.uri}#ed25519-key"))
        assert key is not None
        assert verify_proof(document, key, now=home.clock()).owner == group.uri
        assert document["orderedItems"] == members
        assert (document["audience"], document["lease"]) == (asker.uri, 12)
        assert document["epoch"] > 0
    assert await home.fetch(path, ben, nonce="m") == NOTHING, "a member is not its host"
    assert await home.fetch(f"{group.uri}/followers?host={stranger.host}", peer.instance, nonce="o") == NOTHING


async def test_a_host_whose_last_member_went_is_told_so_until_it_forgets(home: Home, peer: Peer) -> None:
    """Nothing: it learns the end from the Reject, or from its lease."""
    anna = await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    remote = await home.know(peer.actor("ben"))
    await home.enroll(group, remote)
    path = f"{group.uri}/followers?host=me"
    assert (await home.fetch(path, peer.instance, nonce="a"))[0] == 200
    await home.enroll(group, remote, state="ended")
    assert await home.fetch(path, peer.instance, nonce="b") == NOTHING
    await home.enroll(group, remote)
    for state, status in (("quarantined", 403), ("suspended", 403)):
        await home.rule(peer.host, state=state)
        assert (await home.fetch(path, peer.instance, nonce=state))[0] == status
