"""Followers of one host, as both homes have them (FEP-8fcf): told to that host alone, believed within bounds."""

from typing import Any

import orjson
import pytest

from federation import reading, synchronizing
from federation.readers import read_due
from federation.wire.digests import (
    CollectionSynchronization,
    followers_digest,
    parse_collection_synchronization,
    render_collection_synchronization,
)
from federation.wire.messages import Scheme
from policies.terms import Audience
from storage import follows, groups
from storage.ids import new_id
from storage.records import Actor, Follow
from tests.federation.home import Home
from tests.federation.peer import Asked, Peer, Someone

NOTHING = 404, b'{"error": "Record not found"}'
HEADER = "Collection-Synchronization"
LIST = "/users/ben/followers_synchronization"
HOUR = 3_600_000


async def follow(home: Home, follower: Actor, followee: Actor, state: str = "accepted") -> None:
    now = home.clock()
    made = Follow(new_id(now), follower.id, followee.id, f"{follower.uri}/follows/{now}", state, 1, 0, now)
    await home.db.transact(lambda tx: follows.insert_follow(tx, made))


async def followed(home: Home, follower: Actor, followee: Actor) -> str:
    known = await home.db.read(lambda tx: follows.get_follow(tx, follower.id, followee.id))
    return known.state if known else ""


# --- what we tell ------------------------------------------------------------------------------------------------


async def sent(home: Home, peer: Peer) -> Asked:
    await home.deliver()
    (one,) = peer.posted
    peer.asked.clear()
    return one


async def speak(home: Home, scheme: Scheme) -> None:
    """As if every host had understood one scheme last."""
    await home.db.transact(lambda tx: tx.execute("UPDATE hosts SET scheme = :scheme", scheme=scheme))


async def test_a_post_for_followers_says_whom_we_take_for_one_there(home: Home, peer: Peer, stranger: Peer) -> None:
    """Signed with the rest, by either scheme; other posts say nothing."""
    await home.rule(peer.host, stranger.host)
    anna = await home.member("anna")
    ben, carl = await home.know(peer.actor("ben")), await home.know(stranger.actor("carl"))
    asking = await home.know(peer.actor("asking"))
    for follower, state in ((ben, "accepted"), (carl, "accepted"), (asking, "pending")):
        await follow(home, follower, anna, state)
    for scheme in Scheme:
        await speak(home, scheme)
        await home.publish(anna, "pour vous", Audience.FOLLOWERS)
        one = await sent(home, peer)
        told = parse_collection_synchronization(one.headers[HEADER])
        expected = CollectionSynchronization(
            f"{anna.uri}/followers", f"{anna.uri}/followers?host=me", followers_digest([ben.uri])
        )
        assert (told, one.scheme) == (expected, scheme)
        assert HEADER.lower() in one.headers["Signature-Input" if scheme is Scheme.RFC9421 else "Signature"]
    await home.publish(anna, "à tous")
    assert HEADER not in (await sent(home, peer)).headers
    status, body = await home.fetch(told.url, peer.instance)
    assert (status, orjson.loads(body)["orderedItems"]) == (200, [ben.uri])


async def test_a_named_reader_whose_host_has_no_follower_is_told_nothing(home: Home, peer: Peer) -> None:
    anna = await home.member("anna")
    await home.know(peer.actor("ben"))
    await home.publish(anna, f"pour @ben@{peer.host}", Audience.FOLLOWERS)
    assert HEADER not in (await sent(home, peer)).headers


async def test_a_host_sees_its_own_share_and_nobody_else_any(
    home: Home, peer: Peer, stranger: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others get the answer for unknown ids; a person is not their host."""
    await home.rule(peer.host, stranger.host)
    anna, ben = await home.member("anna"), peer.actor("ben")
    await follow(home, await home.know(ben), anna)
    path = f"{anna.uri}/followers?host=me"
    assert (await home.fetch(path))[0] == 401
    assert (await home.fetch(path, peer.instance))[0] == 200
    for someone, asked in (
        (stranger.instance, path),
        (ben, path),
        (peer.instance, f"{anna.uri}/followers?host={peer.host}"),
        (peer.instance, f"{home.base}/ap/actors/77/followers?host=me"),
    ):
        assert await home.fetch(asked, someone) == NOTHING, asked
    monkeypatch.setattr("federation.followers.MOST", 0)
    monkeypatch.setattr("federation.serving.MOST", 0)
    assert await home.fetch(path, peer.instance) == NOTHING, "more than fit into a document"
    monkeypatch.undo()
    for state, status in (("quarantined", 403), ("suspended", 403)):
        await home.rule(peer.host, state=state)
        assert (await home.fetch(path, peer.instance))[0] == status


async def test_a_groups_posts_tell_each_host_its_slice(home: Home, peer: Peer) -> None:
    anna = await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    await home.know(peer.instance)
    ben, left = await home.know(peer.actor("ben")), await home.know(peer.actor("left"))
    await home.enroll(group, ben)
    await home.enroll(group, left, state="ended")
    await home.publish(anna, "@cardiologie un cas")
    told = parse_collection_synchronization((await sent(home, peer)).headers[HEADER])
    assert (told.url, told.digest) == (f"{group.uri}/followers?host=me", followers_digest([ben.uri]))


# --- what we are told --------------------------------------------------------------------------------------------


class Told:
    """Ben of the peer, whom Anna follows; Olga has asked to, Nina does not."""

    home: Home
    peer: Peer
    ben: Someone
    stored: Actor
    anna: Actor
    olga: Actor
    nina: Actor

    @classmethod
    async def open(cls, home: Home, peer: Peer) -> "Told":
        told = cls()
        told.home, told.peer, told.ben = home, peer, peer.actor("ben")
        told.stored = await home.know(told.ben)
        told.anna, told.olga, told.nina = [await home.member(name) for name in ("anna", "olga", "nina")]
        await follow(home, told.anna, told.stored)
        await follow(home, told.olga, told.stored, "pending")
        return told

    def lists(self, *members: Actor | str, **changes: Any) -> str:
        """Serve who follows Ben here; the digest of that."""
        uris = [one if isinstance(one, str) else one.uri for one in members]
        document = {"id": f"{self.peer.base}{LIST}", "type": "OrderedCollection", "orderedItems": uris, **changes}
        self.peer.serve(LIST, {name: value for name, value in document.items() if value is not None})
        return followers_digest(uris)

    async def says(self, digest: str, *, url: str = "", collection: str = "", header: str = "") -> None:
        """Send a post of Ben's with the header."""
        told = CollectionSynchronization(collection or self.ben.followers, url or f"{self.peer.base}{LIST}", digest)
        activity = self.peer.create(self.ben, to=[self.ben.followers], cc=[])
        headers = {HEADER: header or render_collection_synchronization(told)}
        assert await self.home.send(self.ben, activity, also=headers) == 202
        assert await self.home.process() == ["done"], "the post itself is none the worse"

    async def read(self) -> int:
        """A minute later; how often the list was asked for in all."""
        self.home.clock.pass_by(reading.MINUTE)
        await read_due(self.home.ctx, "test")
        return self.peer.fetched(LIST)

    async def states(self) -> tuple[str, str, str]:
        anna, olga, nina = [await followed(self.home, one, self.stored) for one in (self.anna, self.olga, self.nina)]
        return anna, olga, nina


AS_BEFORE = ("accepted", "pending", "")


async def test_what_differs_is_put_right(home: Home, peer: Peer) -> None:
    """A lost Reject, a lost Accept, a lost Undo; and nobody of another host is any of our business."""
    told = await Told.open(home, peer)
    eve = await home.know(peer.actor("eve"))
    await told.says(told.lists(told.olga, told.nina, eve, "https://elsewhere.example/a"))
    assert await told.read() == 1
    assert await told.states() == ("", "accepted", "")
    await home.deliver()
    (undone,) = peer.posted
    assert undone.path == "/users/ben/inbox"
    assert (undone.document["type"], undone.document["actor"]) == ("Undo", told.nina.uri)
    embedded = undone.document["object"]
    assert (embedded["type"], embedded["actor"], embedded["object"]) == ("Follow", told.nina.uri, told.ben.uri)
    assert (await home.stored(told.ben.uri)).followers_count == 1


async def test_where_nothing_differs_nothing_is_asked(home: Home, peer: Peer) -> None:
    told = await Told.open(home, peer)
    await told.says(told.lists(told.anna))
    assert await told.read() == 0
    assert await home.count("readings") == 0


async def test_a_wrong_digest_has_us_read_once_an_hour(home: Home, peer: Peer) -> None:
    """The list itself is what counts."""
    told = await Told.open(home, peer)
    told.lists(told.anna)
    for minutes, expected in ((0, 1), (1, 1), (30, 1), (30, 2)):
        home.clock.pass_by(minutes * reading.MINUTE)
        await told.says("ab" * 32)
        await told.says("cd" * 32)
        assert await told.read() == expected
    assert await told.states() == AS_BEFORE


async def test_one_host_does_not_have_us_read_all_the_time(
    home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await Told.open(home, peer)
    monkeypatch.setattr(reading, "MOST_AN_HOUR", 0)
    await told.says(told.lists())
    assert await told.read() == 0
    assert await told.states() == AS_BEFORE


async def test_nothing_is_read_of_who_was_suspended_meanwhile(home: Home, peer: Peer) -> None:
    told = await Told.open(home, peer)
    await told.says(told.lists())
    await home.update(told.stored, disabled_at=1)
    assert await told.read() == 0


async def test_the_list_is_the_actors_own_at_its_own_home(home: Home, peer: Peer, stranger: Peer) -> None:
    """Neither another host's, nor another actor's, nor where a redirect leads; and a header that is none is no harm."""
    await home.rule(peer.host, stranger.host)
    told = await Told.open(home, peer)
    digest = told.lists()
    stranger.serve(LIST, {"type": "OrderedCollection", "orderedItems": []})
    await told.says(digest, url=f"{stranger.base}{LIST}")
    await told.says(digest, url="not an address")
    await told.says(digest, collection=peer.actor("eve").followers)
    await told.says(digest, header='collectionId="a')
    assert await told.read() == 0
    peer.respond(LIST, 302, Location=f"{stranger.base}{LIST}")
    await told.says(digest)
    assert await told.read() == 1
    assert stranger.fetched(LIST) == 1
    assert await told.states() == AS_BEFORE


async def test_a_list_that_is_not_whole_ends_nothing(home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden, in pages, too long, or no collection at all: what is missing there is not absent."""
    told = await Told.open(home, peer)
    monkeypatch.setattr(synchronizing, "MOST", 3)
    strangers = [f"https://elsewhere.example/{number}" for number in range(4)]
    spoilt: dict[str, dict[str, Any]] = {
        "hidden": {"orderedItems": None},
        "counted only": {"orderedItems": None, "totalItems": 3},
        "empty but for a number": {"totalItems": 3},
        "in pages": {"first": f"{peer.base}{LIST}?page=1"},
        "one page of it": {"type": "OrderedCollectionPage"},
        "a note": {"type": "Note"},
        "one, not a list": {"orderedItems": strangers[0]},
        "huge": {"orderedItems": strangers, "items": []},
    }
    for expected, (name, changes) in enumerate(spoilt.items(), start=1):
        told.lists(**changes)
        await told.says("ab" * 32)
        assert await told.read() == expected, name
        assert await told.states() == AS_BEFORE, name
        home.clock.pass_by(HOUR)
    for status in (404, 500, 410):
        peer.respond(LIST, status)
        await told.says("ab" * 32)
        await told.read()
        assert await told.states() == AS_BEFORE, status
        home.clock.pass_by(HOUR)


async def test_who_follows_while_the_list_is_read_goes_on_following(home: Home, peer: Peer) -> None:
    told = await Told.open(home, peer)
    document = {"type": "OrderedCollection", "orderedItems": [told.anna.uri]}

    async def answer(_request: Any) -> Any:
        await follow(home, told.nina, told.stored)
        return await peer.answers["/list"](_request)

    peer.serve("/list", document)
    peer.answers[LIST] = answer
    await told.says("ab" * 32)
    await told.read()
    assert await told.states() == ("accepted", "pending", "accepted")


async def test_no_list_makes_us_send_without_end(home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor speak for who is suspended, or is no account."""
    told = await Told.open(home, peer)
    monkeypatch.setattr(synchronizing, "MOST_UNDONE", 1)
    gone = await home.member("gone")
    await home.update(gone, disabled_at=1)
    group = await home.group("cardiologie", told.anna)
    await told.says(told.lists(told.anna, gone, group, home.ctx.origin.instance_actor))
    await told.read()
    assert await home.count("deliveries") == 0
    home.clock.pass_by(HOUR)
    await told.says(told.lists(told.anna, told.nina, await home.member("emma"), await home.member("lea")))
    await told.read()
    assert await home.count("deliveries") == 1


async def test_a_group_whose_home_has_others_is_asked_soon_and_once(home: Home, peer: Peer) -> None:
    anna, group = await home.member("anna", verified=True), peer.group("cardiologie")
    stored = await home.join(group, anna)
    await home.db.transact(lambda tx: groups.update_group(tx, stored.id, pull_due_at=home.clock() + HOUR))

    async def due_in(digest: str) -> int:
        told = CollectionSynchronization(group.followers, f"{group.followers}?host=me", digest)
        header = {HEADER: render_collection_synchronization(told)}
        assert await home.send(group, peer.announce(group, "https://elsewhere.example/1"), also=header) == 202
        ((due,),) = await home.rows("SELECT pull_due_at FROM groups WHERE actor_id = :id", id=stored.id)
        return int(due) - home.clock.time

    assert await due_in(followers_digest([anna.uri])) > HOUR // 2
    assert await due_in(followers_digest([])) <= reading.MINUTE
    home.clock.pass_by(reading.MINUTE // 2)
    assert await due_in(followers_digest([])) <= reading.MINUTE // 2, "not put off again and again"
    assert await home.count("readings") == 0
