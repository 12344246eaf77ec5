"""Boosts and likes from other hosts: of what may be boosted and seen, and taken back by whom they are."""

from policies.terms import Audience
from storage.records import Actor, Status
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone


async def posts(home: Home, anna: Actor, peer: Peer, ben: Someone) -> dict[Audience, Status]:
    """One of Anna's posts for each audience; the direct one is for Ben."""
    return {
        Audience.PUBLIC: await home.publish(anna, "public"),
        Audience.UNLISTED: await home.publish(anna, "unlisted", Audience.UNLISTED),
        Audience.FOLLOWERS: await home.publish(anna, "followers", Audience.FOLLOWERS),
        Audience.DIRECT: await home.publish(anna, f"@ben@{peer.host} direct", Audience.DIRECT),
    }


async def test_only_what_is_public_is_boosted(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    await home.know(ben)
    for audience, post in (await posts(home, anna, peer, ben)).items():
        ended = await home.take(ben, peer.activity("Announce", ben, post.uri))
        assert ended == ("done" if audience in {Audience.PUBLIC, Audience.UNLISTED} else "refused: not_shareable")
    assert await home.count("statuses", "boost_of_id IS NOT NULL") == 2
    assert await home.rows("SELECT boosts_count FROM statuses WHERE text = 'followers'") == [(0,)]


async def test_a_boost_counts_once_and_is_undone_by_its_maker(home: Home, peer: Peer) -> None:
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    post = await home.publish(anna, "public")
    boost = peer.activity("Announce", ben, post.uri)
    assert await home.take(ben, boost) == "done"
    assert await home.take(ben, {**boost, "id": peer.new_id()}) == "refused: known already"
    for undone in (boost, boost["id"], {**boost, "actor": eve.uri}):
        await home.take(eve, peer.activity("Undo", eve, undone))
    assert await home.rows("SELECT boosts_count FROM statuses WHERE id = :id", id=post.id) == [(1,)]
    assert await home.take(ben, peer.activity("Undo", ben, boost)) == "done"
    assert await home.rows("SELECT boosts_count FROM statuses WHERE id = :id", id=post.id) == [(0,)]
    assert (
        await home.take(ben, boost | {"id": boost["id"], "published": "2026-11-17T00:00:00Z"})
        == "refused: undone already"
    )
    assert await home.count("notifications", "type = 'reblog'") == 0


async def test_an_undo_that_comes_first_keeps_its_boost_out(home: Home, peer: Peer) -> None:
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    post = await home.publish(anna, "public")
    boost = peer.activity("Announce", ben, post.uri)
    await home.take(eve, peer.activity("Undo", eve, boost["id"]))
    await home.take(ben, peer.activity("Undo", ben, boost["id"]))
    assert await home.take(ben, boost) == "refused: undone already"


async def test_what_is_boosted_is_fetched_from_its_origin_not_believed(home: Home, peer: Peer, stranger: Peer) -> None:
    """An embedded copy of another host's post is a hint where to look."""
    await home.rule(peer.host, stranger.host)
    ben, carl = peer.actor("ben"), stranger.actor("carl")
    note = stranger.note(carl)
    stranger.serve(note["id"].removeprefix(stranger.base), note)
    lie = {**note, "content": "<p>forged</p>"}
    assert await home.take(ben, peer.activity("Announce", ben, lie)) == "done"
    found = await home.find(note["id"])
    assert found is not None
    assert found.content == "<p>Bonjour</p>"
    assert (await home.take(ben, peer.activity("Announce", ben, {**lie, "id": stranger.new_id()}))).startswith(
        "refused"
    )


async def test_a_like_needs_the_right_to_see(home: Home, peer: Peer) -> None:
    """Otherwise its answer, or its count, would tell that the post exists."""
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    await home.know(ben)
    await home.know(eve)
    made = await posts(home, anna, peer, ben)
    for audience, post in made.items():
        expected = "done" if audience in {Audience.PUBLIC, Audience.UNLISTED} else "refused: not_found"
        assert await home.take(eve, peer.activity("Like", eve, post.uri)) == expected, audience
    assert await home.take(eve, peer.activity("Like", eve, home.ctx.origin.object(7))) == "refused: not_found"
    assert await home.take(ben, peer.activity("Like", ben, made[Audience.DIRECT].uri)) == "done"
    await home.rule(peer.host, more='[peers."x.example"]\norganisation = "X"\nstate = "active"\n')
    await home.take(ben, peer.activity("Follow", ben, anna.uri))
    assert await home.take(ben, peer.activity("Like", ben, made[Audience.FOLLOWERS].uri)) == "done"


async def test_a_like_counts_once_and_is_undone_by_its_maker(home: Home, peer: Peer) -> None:
    """By its id, by what is embedded, and never by somebody else."""
    ben, eve, anna = peer.actor("ben"), peer.actor("eve"), await home.member("anna")
    post = await home.publish(anna, "public")
    for by_id in (False, True):
        like = peer.activity("Like", ben, post.uri)
        assert await home.take(ben, like) == "done"
        assert await home.take(ben, {**like, "id": peer.new_id()}) == "refused: known already"
        for undone in (like, like["id"], {**like, "actor": eve.uri}):
            assert await home.take(eve, peer.activity("Undo", eve, undone)) == "refused: nothing to undo"
        assert await home.rows("SELECT favourites_count FROM statuses WHERE id = :id", id=post.id) == [(1,)]
        assert await home.count("notifications", "type = 'favourite'") == 1
        assert await home.take(ben, peer.activity("Undo", ben, like["id"] if by_id else like)) == "done"
        assert await home.rows("SELECT favourites_count FROM statuses WHERE id = :id", id=post.id) == [(0,)]
        assert await home.count("notifications", "type = 'favourite'") == 0


async def test_an_undo_of_what_we_do_not_know(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    for undone in (
        peer.new_id(),
        peer.activity("Like", ben, peer.new_id()),
        peer.activity("Announce", ben, peer.new_id()),
    ):
        assert await home.take(ben, peer.activity("Undo", ben, undone)) == "refused: nothing to undo"
    for undone in (peer.activity("Flag", ben, ben.uri), {"type": "Delete", "id": peer.new_id()}):
        assert (await home.take(ben, peer.activity("Undo", ben, undone))).startswith("refused: type-unsupported")
