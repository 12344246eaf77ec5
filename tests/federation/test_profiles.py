"""A member's profile as other servers come to know it: told to followers' hosts, and read from the actor."""

import orjson

from federation.outbox.follows import remove_follower
from federation.outbox.profiles import Profile, update_profile
from federation.wire.actors import parse_actor
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

PICTURE = f"{'a' * 64}.webp"


async def followed(home: Home, peer: Peer) -> tuple[Actor, Someone]:
    """A member of ours with a follower at the peer, who has been accepted."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    await home.deliver()
    peer.asked.clear()
    return anna, ben


async def told(home: Home, peer: Peer) -> list[Document]:
    """What the peer was sent since the last look."""
    while await home.deliver():
        pass
    sent = [one.document for one in peer.posted]
    peer.asked.clear()
    return sent


async def test_followers_hosts_are_told_the_whole_actor(home: Home, peer: Peer) -> None:
    anna, ben = await followed(home, peer)
    profile = Profile(name="Anna", note="Cardiologue", fields=(("Service", "Cardiologie"),), avatar=PICTURE, header="")
    await update_profile(home.ctx, anna.id, profile)
    (update,) = await told(home, peer)
    assert (update["type"], update["actor"], update["object"]["id"]) == ("Update", anna.uri, anna.uri)
    assert update["proof"]
    row = await home.rows("SELECT kind FROM deliveries WHERE activity_id = (SELECT max(id) FROM activities)")
    assert row == [("control",)]
    status, body = await home.fetch(f"/ap/actors/{anna.id}", ben)
    assert status == 200
    for document in (update["object"], orjson.loads(body)):
        found = parse_actor(document | {"@context": []})
        assert (found.name, found.summary, found.image) == ("Anna", "<p>Cardiologue</p>", None)
        assert [(field.name, field.value) for field in found.fields] == [("Service", "Cardiologie")]
        assert found.icon is not None
        assert found.icon.startswith(f"{home.base}/media/avatars/{anna.id}/")
        assert document["icon"]["mediaType"] == "image/webp"
        assert PICTURE not in str(document)


async def test_nobody_is_told_what_concerns_nobody(home: Home, peer: Peer) -> None:
    """Saving a profile unchanged, or how one's own posts begin."""
    anna, _ = await followed(home, peer)
    profile = Profile(name="Anna", note="Cardiologue", locked=True)
    await update_profile(home.ctx, anna.id, profile)
    assert len(await told(home, peer)) == 1
    await update_profile(home.ctx, anna.id, profile)
    await update_profile(home.ctx, anna.id, Profile(settings={"default_sensitive": 1}))
    assert await told(home, peer) == []
    await update_profile(home.ctx, anna.id, Profile(locked=False))
    (update,) = await told(home, peer)
    assert update["object"]["manuallyApprovesFollowers"] is False


async def test_a_follower_who_is_removed_is_told_at_home(home: Home, peer: Peer) -> None:
    """A Reject of the very Follow; it travels as a retraction, whatever the state of the host."""
    anna, ben = await followed(home, peer)
    follower = await home.stored(ben.uri)
    await home.rule(peer.host, state="quarantined")
    assert await remove_follower(home.ctx, anna.id, follower.id)
    (reject,) = await told(home, peer)
    assert (reject["type"], reject["actor"]) == ("Reject", anna.uri)
    assert (reject["object"]["type"], reject["object"]["actor"], reject["object"]["object"]) == (
        "Follow",
        ben.uri,
        anna.uri,
    )
    assert await home.count("follows") == 0
    assert not await remove_follower(home.ctx, anna.id, follower.id)
    assert await told(home, peer) == []
