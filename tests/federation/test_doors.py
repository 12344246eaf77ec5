"""What other servers may fetch: who gets an answer at all, and that whatever is hidden answers like what never was."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from federation.outbox import attestations, emojis, notes, pins
from federation.verifying import get_stored_key
from federation.wire.keys import PublicKey
from federation.wire.messages import Scheme
from federation.wire.proofs import verify_activity_proof
from policies.terms import Audience
from storage import follows, groups, media
from storage.ids import new_id
from storage.media_store import MediaStore
from storage.records import Actor, Follow, Media, Status
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, signed

NOTHING = 404, b'{"error": "Record not found"}'
UNSIGNED = 401, b'{"error": "Request not signed"}'
FORBIDDEN = 403, b'{"error": "Forbidden"}'
HOUR = 3_600_000
PNG = b"\x89PNG\r\n\x1a\n and so on"


@dataclass
class Doors:
    """A group of ours with a member at the peer, a post of ours and one of the peer's in it, and every address of theirs."""

    home: Home
    peer: Peer
    anna: Actor
    group: Actor
    ben: Someone
    post: Status
    theirs: Status
    file: Media
    numbers: int = 0

    @classmethod
    async def open(cls, home: Home, peer: Peer, files: MediaStore) -> "Doors":
        anna = await home.member("anna", verified=True)
        group = await home.group("cardiologie", anna, reach=(peer.host,))
        ben = peer.actor("ben")
        peer.attest(ben, now=home.clock())
        await home.know(peer.instance)
        await home.enroll(group, await home.know(ben))
        post = await home.publish(anna, "@cardiologie un cas")
        file = await attached(home, files, post)
        reply = peer.group_activity(ben, peer.group_note(ben, group.uri, inReplyTo=post.uri))
        assert await home.take(ben, reply) == "done"
        theirs = await home.find(reply["object"]["id"])
        assert theirs is not None
        return cls(home, peer, anna, group, ben, post, theirs, file)

    def at_group(self, uri: str, kind: str = "objects") -> str:
        return f"{self.group.uri}/{kind}?uri={quote(uri, safe='')}"

    async def addresses(self) -> list[str]:
        """Every alias under which the group's posts, their files and its members could be asked for."""
        told = await self.home.rows("SELECT uri FROM activities WHERE status_id IS NOT NULL")
        kept = await self.home.rows("SELECT activity_uri FROM group_activities")
        file = f"{self.home.base}/ap/media/{self.file.id}"
        return [
            self.post.uri,
            f"{self.post.uri}?a=b",
            f"{self.home.base}/ap/activities/{self.post.id}",
            *aliases(self.home, self.post),
            *(row[0] for row in told),
            file,
            self.at_group(file, "media"),
            *(self.at_group(row[0]) for row in kept),
            self.at_group(self.post.uri),
            self.at_group(f"{self.post.uri}#create"),
            self.at_group(self.theirs.uri),
            f"{self.group.uri}/followers?host=me",
            f"{self.group.uri}/followers",
            f"{self.group.uri}/outbox",
            f"{self.group.uri}/outbox?page=true",
            f"{self.group.uri}/following",
        ]

    def nonce(self) -> str:
        self.numbers += 1
        return f"nonce-{self.numbers}"

    async def fresh(self, path: str, someone: Someone | None = None) -> tuple[int, bytes]:
        """As group-only doors want it."""
        return await self.home.fetch(path, someone or self.peer.instance, nonce=self.nonce())

    async def hidden(self, someone: Someone) -> None:
        """Somebody gets the answer for unknown ids at every address, by either scheme."""
        for path in await self.addresses():
            assert await self.fresh(path, someone) == NOTHING, path
            assert await self.home.fetch(path, someone) == NOTHING, path


def aliases(home: Home, post: Status) -> list[str]:
    """What is asked for about a post under addresses of their own."""
    lists = [f"{post.uri}/{name}" for name in ("replies", "replies?page=true", "likes", "shares")]
    return [*lists, f"{home.base}/ap/contexts/{post.id}", f"{home.base}/ap/stamps/{post.id}"]


async def test_an_emoji_is_given_while_it_is_there(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    await home.know(ben)
    emoji = await emojis.add_emoji(home.ctx, "stethoscope", f"{'0' * 64}.webp", category="", by="console")
    uri = f"{home.base}/ap/emojis/stethoscope"
    assert (await home.fetch(uri))[0] == 401
    status, body = await home.fetch(uri, ben)
    document = orjson.loads(body)
    assert (status, document["id"], document["type"], document["name"]) == (200, uri, "Emoji", ":stethoscope:")
    assert document["icon"]["url"].startswith(f"{home.base}/media/custom_emojis/{emoji.id}/")
    assert await emojis.remove_emoji(home.ctx, "stethoscope", by="console")
    assert await home.fetch(uri, ben) == NOTHING


async def attached(home: Home, files: MediaStore, post: Status, **changes: Any) -> Media:
    name = await files.put(PNG, "png")
    made = Media(
        id=77, actor_id=post.actor_id, status_id=post.id, position=0, type="image", mime="image/png", file=name,
        preview=None, remote_url=None, description="", blurhash=None, width=None, height=None, preview_width=None,
        preview_height=None, focus_x=0.0, focus_y=0.0, created_at=home.clock(),
    )  # fmt: skip
    made = replace(made, **changes)
    await home.db.transact(lambda tx: media.insert_media(tx, made))
    return made


async def test_a_film_of_another_home_is_relayed_as_it_comes(home: Home, peer: Peer, files: MediaStore) -> None:
    doors = await Doors.open(home, peer, files)
    peer.serve("/film", {"any": "bytes"}, content_type="video/mp4")
    film = await attached(
        home, files, doors.theirs, id=78, type="video", mime="video/mp4", file=None, remote_url=f"{peer.base}/film"
    )
    assert film.remote_url
    path = doors.at_group(film.remote_url, "media")
    assert await doors.fresh(path) == (200, b'{"any":"bytes"}')
    assert await doors.fresh(path, peer.actor("eve")) == NOTHING
    peer.serve("/film", {"any": "bytes"}, content_type="text/html")
    assert await doors.fresh(path) == NOTHING


async def test_unsigned_is_401_before_anything_is_looked_up(home: Home, peer: Peer, files: MediaStore) -> None:
    """The same bytes for what is there, what is not, and what is no id."""
    doors = await Doors.open(home, peer, files)
    public = await home.publish(doors.anna, "public")
    absent = (
        "objects/1",
        "objects/x",
        "activities/1",
        "actors/9/objects?uri=x",
        "media/5",
        "credentials/x",
        "emojis/x",
        "objects/-1",
    )
    for path in (*await doors.addresses(), public.uri, f"{doors.anna.uri}/outbox", *(f"/ap/{name}" for name in absent)):
        assert await home.fetch(path) == UNSIGNED, path


async def test_a_spoilt_signature_is_401_and_a_strange_host_403(
    home: Home, peer: Peer, files: MediaStore, stranger: Peer
) -> None:
    """By hosts that are unknown, proposed, suspended or quarantined: whether or not there is anything."""
    doors = await Doors.open(home, peer, files)
    eve = stranger.actor("eve")
    paths = [*await doors.addresses(), "/ap/objects/1", "/ap/actors/9/objects?uri=x", "/ap/media/5"]
    for path in paths:
        foreign = doors.ben.rotated().keys.rsa
        assert await home.fetch(path, peer.instance, key=foreign) == UNSIGNED, path
        assert await doors.fresh(path, eve) == FORBIDDEN, path
    for state in ("proposed", "suspended", "quarantined"):
        await home.rule(peer.host, state=state)
        for path in paths:
            assert await doors.fresh(path) == FORBIDDEN, (state, path)
    assert stranger.asked == []


async def test_a_member_host_gets_the_announce_with_its_proof(home: Home, peer: Peer, files: MediaStore) -> None:
    """By the instance actor or the member, for posts of either side, by the post's or the activity's id."""
    doors = await Doors.open(home, peer, files)
    for asker in (peer.instance, doors.ben):
        for uri, author in ((doors.post.uri, doors.anna.uri), (doors.theirs.uri, doors.ben.uri)):
            status, body = await doors.fresh(doors.at_group(uri), asker)
            assert status == 200
            announce = orjson.loads(body)
            assert (announce["type"], announce["actor"]) == ("Announce", doors.group.uri)
            assert (
                verify_activity_proof(announce["object"], await ed25519(home, author), now=home.clock()).owner == author
            )
            again = await doors.fresh(doors.at_group(announce["object"]["id"]), asker)
            assert orjson.loads(again[1])["object"] == announce["object"]
    file = f"{home.base}/ap/media/{doors.file.id}"
    assert await doors.fresh(doors.at_group(file, "media")) == (200, PNG)


async def ed25519(home: Home, owner: str) -> PublicKey:

    key = await home.db.read(lambda tx: get_stored_key(tx, f"{owner}#ed25519-key"))
    assert key is not None
    return key


async def test_answers_are_for_nobodys_cache(home: Home, peer: Peer, files: MediaStore) -> None:
    doors = await Doors.open(home, peer, files)
    for path in await doors.addresses():
        async with home.session.get(path if path.startswith("http") else home.base + path) as response:
            assert response.headers["Cache-Control"] == "private, no-store"
            assert "Signature" in response.headers["Vary"]


async def test_everybody_elses_answer_is_that_of_an_unknown_id(
    home: Home, peer: Peer, files: MediaStore, stranger: Peer
) -> None:
    """An active, capable peer without members; a colleague of the member; the member's host at its author's door."""
    await home.rule(peer.host, stranger.host)
    doors = await Doors.open(home, peer, files)
    await home.know(stranger.instance)
    await doors.hidden(stranger.instance)
    await doors.hidden(stranger.actor("eve"))
    await doors.hidden(peer.actor("colleague"))
    for path in await doors.addresses():
        if not path.startswith(doors.group.uri):
            assert await doors.fresh(path) == NOTHING, path
            assert await doors.fresh(path, doors.ben) == NOTHING, path
    assert await doors.fresh("/ap/objects/1") == NOTHING
    assert await doors.fresh("/ap/objects/x") == NOTHING


async def test_a_group_door_wants_a_fresh_signature_with_a_new_nonce(home: Home, peer: Peer, files: MediaStore) -> None:
    """RFC 9421, of the last minute, by a nonce that this key has not used; else the answer of an unknown id."""
    doors = await Doors.open(home, peer, files)
    file = doors.at_group(f"{home.base}/ap/media/{doors.file.id}", "media")
    for path in (doors.at_group(doors.post.uri), file, f"{doors.group.uri}/followers?host=me"):
        assert (await doors.fresh(path))[0] == 200
        assert await home.fetch(path, peer.instance) == NOTHING, "cavage"
        assert await home.fetch(path, peer.instance, scheme=Scheme.RFC9421) == NOTHING, "no nonce"
        assert await home.fetch(path, peer.instance, nonce="") == NOTHING, "an empty nonce"
        assert await home.fetch(path, peer.instance, nonce="x" * 129) == NOTHING, "a long nonce"
        nonce = doors.nonce()
        for minutes in (-2, 2):
            moment = home.clock() + minutes * 60_000
            assert await home.fetch(path, peer.instance, nonce=nonce, now=moment) == NOTHING, minutes
        assert (await home.fetch(path, peer.instance, nonce=nonce))[0] == 200
        assert await home.fetch(path, peer.instance, nonce=nonce) == NOTHING, "a used nonce"
        if not path.endswith("host=me"):
            assert (await home.fetch(path, doors.ben, nonce=nonce))[0] == 200, "another key's nonce is its own"


async def test_a_signature_for_one_address_opens_no_other(home: Home, peer: Peer, files: MediaStore) -> None:
    doors = await Doors.open(home, peer, files)

    other = doors.at_group("https://x.example/1")
    headers = signed(peer.instance, "GET", other, now=home.clock(), scheme=Scheme.RFC9421, nonce="n")
    async with home.session.get(doors.at_group(doors.post.uri), headers=headers) as response:
        assert response.status == 401


async def test_after_a_removal_nothing_is_given(home: Home, peer: Peer, files: MediaStore) -> None:
    """Also after the reach was narrowed, after the profile was given up, and at another group's door."""
    doors = await Doors.open(home, peer, files)
    remote = await home.stored(doors.ben.uri)
    await home.db.transact(lambda tx: groups.update_group(tx, doors.group.id, reach="[]"))
    await doors.hidden(peer.instance)
    await home.db.transact(lambda tx: groups.update_group(tx, doors.group.id, reach=f'["{peer.host}"]'))
    await home.rule(peer.host, more='[groups.cardiologie]\nreach = "instance"\n')
    await doors.hidden(peer.instance)
    await home.rule(peer.host)
    assert (await doors.fresh(doors.at_group(doors.post.uri)))[0] == 200
    await home.db.transact(lambda tx: tx.execute("UPDATE actors SET capabilities = '[]' WHERE host = :h", h=peer.host))
    await doors.hidden(peer.instance)
    await home.know(doors.ben)
    for state in ("ended", "pending", "invited", "banned"):
        await home.enroll(doors.group, remote, state=state)
        assert await doors.fresh(doors.at_group(doors.post.uri)) == NOTHING, state
    await home.enroll(doors.group, remote, state="ended")
    await doors.hidden(peer.instance)
    await doors.hidden(doors.ben)


async def test_another_group_is_no_door_to_this_ones_posts(home: Home, peer: Peer, files: MediaStore) -> None:
    doors = await Doors.open(home, peer, files)
    other = await home.group("urgences", doors.anna, reach=(peer.host,))
    await home.enroll(other, await home.stored(doors.ben.uri))
    uri = quote(doors.post.uri, safe="")
    file = quote(f"{home.base}/ap/media/{doors.file.id}", safe="")
    for path in (
        f"{other.uri}/objects?uri={uri}",
        f"{other.uri}/media?uri={file}",
        f"{doors.anna.uri}/objects?uri={uri}",
    ):
        assert await doors.fresh(path) == NOTHING, path


async def test_the_authors_home_opens_to_the_groups_home_alone(home: Home, peer: Peer, files: MediaStore) -> None:
    """For a post of ours in a group of theirs, fresh; not for any other host with members in it."""
    anna = await home.member("anna", verified=True)
    theirs = peer.group("neurologie")
    stored = await home.join(theirs, anna)
    post = await home.publish(anna, f"@neurologie@{peer.host} un cas")
    file = await attached(home, files, post)
    await home.know(peer.instance)
    async with Peer() as other:
        await home.rule(peer.host, other.host)
        carl = await home.know(other.actor("carl"))
        await home.know(other.instance)
        await home.enroll(stored, carl)
        eve = other.actor("eve")
        for path in (post.uri, f"{home.base}/ap/media/{file.id}"):
            assert (await home.fetch(path, peer.instance, nonce=f"a{path}"))[0] == 200
            assert (await home.fetch(path, theirs, nonce=f"b{path}"))[0] == 200
            assert await home.fetch(path, peer.instance) == NOTHING
            assert await home.fetch(path, other.instance, nonce=f"c{path}") == NOTHING
            assert await home.fetch(path, eve, nonce=f"d{path}") == NOTHING


# --- posts that are not for everybody ----------------------------------------------------------------------------


async def test_followers_and_direct_posts_go_to_whom_they_are_for(home: Home, peer: Peer) -> None:
    """To a follower's or an addressee's host; to others the answer of an unknown id, at each address."""
    anna, ben, eve = await home.member("anna"), peer.actor("ben"), peer.actor("eve")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    async with Peer() as other:
        await home.rule(peer.host, other.host)
        followers = await home.publish(anna, "followers", Audience.FOLLOWERS)
        direct = await home.publish(anna, f"@ben@{peer.host} direct", Audience.DIRECT)
        aliases = [
            alias
            for post in (followers, direct)
            for alias in (
                post.uri,
                f"{home.base}/ap/activities/{post.id}",
                f"{anna.uri}/objects?uri={quote(post.uri, safe='')}",
            )
        ]
        aliases += [row[0] for row in await home.rows("SELECT uri FROM activities")]
        for path in aliases:
            for someone in (eve, other.instance):
                assert await home.fetch(path, someone) == NOTHING, path
        assert (await home.fetch(direct.uri, ben))[0] == 200
        assert (await home.fetch(direct.uri, peer.instance))[0] == 200
        assert await home.fetch(followers.uri, ben) == NOTHING
        await home.take(ben, peer.activity("Follow", ben, anna.uri))
        assert (await home.fetch(followers.uri, ben))[0] == 200
        assert (await home.fetch(followers.uri, peer.instance))[0] == 200
        assert await home.fetch(followers.uri, eve) == NOTHING


async def test_an_outbox_gives_each_host_what_it_may_fetch(home: Home, peer: Peer) -> None:
    """Public posts only, and none to a host that our ruleset keeps them from."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    public = await home.publish(anna, "public")
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        await home.publish(anna, f"@ben@{peer.host} secret", audience)
    status, body = await home.fetch(f"{anna.uri}/outbox?page=true", ben)
    assert status == 200
    assert [item["object"]["id"] for item in orjson.loads(body)["orderedItems"]] == [public.uri]
    assert orjson.loads((await home.fetch(f"{anna.uri}/outbox", ben))[1])["totalItems"] == 1
    for narrowed in ('audiences = { public = "deny" }', 'direction = "in"'):
        await home.rule(more=f'[peers."{peer.host}"]\norganisation = "Peer"\nstate = "active"\n{narrowed}\n')
        assert await home.fetch(public.uri, ben) == NOTHING
        status, body = await home.fetch(f"{anna.uri}/outbox?page=true", ben)
        assert orjson.loads(body)["orderedItems"] == []


async def test_pinned_posts_for_fewer_than_everybody_are_given_to_nobody(home: Home, peer: Peer) -> None:
    """Not even to a follower, nor public ones to a host that our ruleset keeps them from."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    known, now = await home.know(ben), home.clock()
    follow = Follow(new_id(now), known.id, anna.id, f"{ben.uri}/follows/1", "accepted", 1, 0, now)
    await home.db.transact(lambda tx: follows.insert_follow(tx, follow))
    public, unlisted, restricted = [
        await home.publish(anna, "un cas", audience)
        for audience in (Audience.PUBLIC, Audience.UNLISTED, Audience.FOLLOWERS)
    ]
    await home.publish(anna, "not pinned")
    for post in (public, unlisted, restricted):
        assert isinstance(await pins.pin(home.ctx, anna.id, post.id), Status)
    document = orjson.loads((await home.fetch(anna.uri, ben))[1])
    assert document["featured"] == f"{anna.uri}/featured"
    assert await home.fetch(document["featured"]) == UNSIGNED
    status, body = await home.fetch(document["featured"], ben)
    assert status == 200
    collection = orjson.loads(body)
    assert [item["id"] for item in collection["orderedItems"]] == [unlisted.uri, public.uri]
    assert (collection["type"], collection["totalItems"]) == ("OrderedCollection", 2)
    group = await home.group("cardiologie", anna)
    assert "featured" not in orjson.loads((await home.fetch(group.uri, ben))[1])
    assert await home.fetch(f"{group.uri}/featured", ben) == NOTHING
    await home.rule(more=f'[peers."{peer.host}"]\norganisation = "Peer"\nstate = "active"\ndirection = "in"\n')
    assert orjson.loads((await home.fetch(document["featured"], ben))[1])["orderedItems"] == []


async def test_only_deleted_public_posts_say_that_they_were_there(home: Home, peer: Peer, files: MediaStore) -> None:

    doors = await Doors.open(home, peer, files)
    posts = {
        audience: await home.publish(doors.anna, "x", audience) for audience in (Audience.PUBLIC, Audience.FOLLOWERS)
    }
    posts[Audience.DIRECT] = await home.publish(doors.anna, f"@ben@{peer.host} x", Audience.DIRECT)
    posts[Audience.UNLISTED] = await home.publish(doors.anna, "x", Audience.UNLISTED)
    posts[Audience.GROUP] = doors.post
    for audience, post in posts.items():
        await notes.delete(home.ctx, doors.anna.id, post.id)
        expected = 410 if audience in {Audience.PUBLIC, Audience.UNLISTED} else 404
        for someone in (doors.ben, peer.instance):
            assert (await doors.fresh(post.uri, someone))[0] == expected, audience
    assert (await home.fetch(posts[Audience.PUBLIC].uri))[0] == 401
    assert await doors.fresh(doors.at_group(doors.post.uri)) == NOTHING
    await home.take(doors.ben, peer.activity("Delete", doors.ben, f"{home.base}/ap/objects/123456"))
    assert await home.fetch("/ap/objects/123456", doors.ben) == NOTHING, "somebody else's word is no deletion of ours"


async def test_an_account_that_is_gone_asks_for_nothing(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    post = await home.publish(await home.member("anna"), "public")
    assert (await home.fetch(post.uri, ben))[0] == 200
    assert await home.take(ben, peer.activity("Delete", ben, ben.uri)) == "done"
    assert await home.fetch(post.uri, ben) == UNSIGNED


async def test_disabled_and_hidden_actors_are_not_there(home: Home, peer: Peer) -> None:
    """A member whose account is closed, and a group that is not listed, but for its members' hosts."""
    anna, gone, ben = await home.member("anna", verified=True), await home.member("gone"), peer.actor("ben")
    post = await home.publish(gone, "public")
    hidden = await home.group("cachee", anna, reach=(peer.host,))
    await home.db.transact(lambda tx: groups.update_group(tx, hidden.id, listed=0))
    await home.update(gone, disabled_at=home.clock())
    for actor in (gone, hidden):
        for path in (
            actor.uri,
            f"{actor.uri}/outbox",
            f"{actor.uri}/featured",
            f"{actor.uri}/followers",
            f"{actor.uri}/following",
        ):
            assert await home.fetch(path, ben) == NOTHING, path
        assert await home.fetch(actor.uri) == NOTHING
        for resource in (actor.uri, f"acct:{actor.username}@{home.ctx.origin.host}"):
            assert (await home.fetch(f"/.well-known/webfinger?resource={resource}"))[0] == 404
    assert await home.fetch(post.uri, ben) == NOTHING
    assert await home.fetch(home.ctx.origin.actor(5)) == NOTHING
    await home.enroll(hidden, await home.know(ben))
    assert (await home.fetch(hidden.uri, ben))[0] == 200


async def test_a_stub_is_all_that_an_unsigned_request_learns_of_an_actor(home: Home, peer: Peer) -> None:
    """Keys and inbox, so that two servers in secure mode can begin; nothing that a person wrote."""
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    stub: Document = orjson.loads((await home.fetch(anna.uri))[1])
    whole: Document = orjson.loads((await home.fetch(anna.uri, ben))[1])
    assert {"publicKey", "assertionMethod", "inbox"} <= stub.keys()
    assert not {"name", "summary", "followers", "attachment", "icon"} & stub.keys()
    assert {"name", "summary", "followers", "attachment"} <= whole.keys()
    assert (await home.fetch("/ap/actor"))[0] == 200


async def test_a_groups_epoch_and_reach_are_for_its_members_hosts(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    assert "groupPolicy" not in orjson.loads((await home.fetch(group.uri, ben))[1])
    await home.enroll(group, await home.know(ben))
    assert orjson.loads((await home.fetch(group.uri, ben))[1])["groupPolicy"]["reach"] == [peer.host]
    assert "groupPolicy" not in orjson.loads((await home.fetch(group.uri, stranger.instance))[1])
    assert "groupPolicy" not in orjson.loads((await home.fetch(group.uri))[1])


async def test_a_credential_is_given_while_it_is_in_force(home: Home, peer: Peer) -> None:

    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    ((uri,),) = await home.rows("SELECT uri FROM attestations")
    assert (await home.fetch(uri))[0] == 401
    status, body = await home.fetch(uri, ben)
    assert status == 200
    assert orjson.loads(body)["credentialSubject"]["id"] == anna.uri
    await attestations.revoke(home.ctx, anna.id, reason="left", by="console")
    assert await home.fetch(uri, ben) == NOTHING
    assert await home.fetch(f"{home.base}/ap/credentials/unknown", ben) == NOTHING


# --- odd addresses -----------------------------------------------------------------------------------------------

ODD = (
    "9223372036854775808", "9999999999999999999", "18446744073709551616", "-1", "0", "1e3", "%00", "1%00", "%F0%9F%A9%BA",
    "%D9%A1", "%ff", "%ED%A0%80", "..", "%2e%2e", "a" * 3000, "'", "%25",
)  # fmt: skip


@pytest.mark.parametrize("signed_by_peer", [False, True])
async def test_no_address_troubles_us(home: Home, peer: Peer, *, signed_by_peer: bool) -> None:
    """Ids beyond 64 bits, other digits, NUL, half characters: an error of the asker's, never of ours."""
    anna = await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    someone = peer.actor("ben") if signed_by_peer else None
    if someone:
        await home.enroll(group, await home.know(someone))
    at_path = ("objects/{}", "activities/{}", "actors/{}", "actors/{}/outbox", "actors/{}/followers", "media/{}", "credentials/{}",
               "actors/{}/objects?uri=x", "actors/{}/media?uri=x")  # fmt: skip
    in_query = (f"{group.uri}/objects?uri={{}}", f"{group.uri}/media?uri={{}}", f"{anna.uri}/outbox?page=true&max_id={{}}",
                f"{group.uri}/media?uri={home.base}/ap/media/{{}}", "/.well-known/webfinger?resource={}",
                "/.well-known/webfinger?resource=acct:{}@" + home.ctx.origin.host, "/nodeinfo/{}")  # fmt: skip
    number = 0
    for odd in ODD:
        for template in (*(f"/ap/{one}" for one in at_path), *in_query):
            number += 1
            nonce = f"n{number}" if someone else None
            status, body = await home.fetch(template.format(odd), someone, nonce=nonce)
            assert status < 500, (template, odd, body)
