"""Block and Undo(Block) both ways: what was between two people ends, and comes back by nobody else's word."""

from federation.outbox import blocks as acts
from federation.outbox.follows import follow
from federation.outbox.reactions import boost, favourite
from policies.decision import Allow, Deny
from policies.terms import Audience
from storage import blocks, follows
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone


async def blocked(home: Home, owner: Actor, target: Actor) -> bool:
    return await home.db.read(lambda tx: blocks.get_block(tx, owner.id, target.id)) is not None


async def followed(home: Home, follower: Actor, followee: Actor) -> bool:
    return await home.db.read(lambda tx: follows.get_follow(tx, follower.id, followee.id)) is not None


async def friends(home: Home, peer: Peer) -> tuple[Actor, Actor, Someone]:
    """A member and somebody elsewhere who follow each other."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    remote = await home.stored(ben.uri)
    await follow(home.ctx, anna.id, remote.id)
    return anna, remote, ben


async def test_our_members_block_ends_everything_and_is_told_once(home: Home, peer: Peer) -> None:
    anna, remote, ben = await friends(home, peer)
    for _ in range(2):
        assert isinstance(await acts.block(home.ctx, anna.id, remote.id), Allow)
    assert await blocked(home, anna, remote)
    assert not await followed(home, anna, remote)
    assert not await followed(home, remote, anna)
    while await home.deliver():
        pass
    sent = [one.document for one in peer.posted if one.document["type"] not in {"Follow", "Accept"}]
    assert sorted(one["type"] for one in sent) == ["Block", "Reject", "Undo"]
    told = next(one for one in sent if one["type"] == "Block")
    assert (told["actor"], told["object"]) == (anna.uri, ben.uri)
    await acts.unblock(home.ctx, anna.id, remote.id)
    await acts.unblock(home.ctx, anna.id, remote.id)
    assert not await blocked(home, anna, remote)
    while await home.deliver():
        pass
    undone = [one.document for one in peer.posted if one.document["type"] == "Undo"][-1]
    assert undone["object"] == {"id": told["id"], "type": "Block", "actor": anna.uri, "object": ben.uri}


async def test_whom_nobody_can_block(home: Home) -> None:
    anna = await home.member("anna")
    group = await home.group("cardiologie", anna)
    for target in (anna.id, group.id, 7):
        assert isinstance(await acts.block(home.ctx, anna.id, target), Deny)
    assert await home.count("blocks") == 0


async def test_somebody_elsewhere_blocks_our_member(home: Home, peer: Peer) -> None:
    anna, remote, ben = await friends(home, peer)
    post = peer.activity("Block", ben, anna.uri)
    assert await home.take(ben, post) == "done"
    assert await home.take(ben, peer.activity("Block", ben, anna.uri)) == "done"
    assert await home.count("blocks") == 1
    assert not await followed(home, anna, remote)
    assert not await followed(home, remote, anna)
    assert await follow(home.ctx, anna.id, remote.id) is None
    eve = peer.actor("eve")
    assert await home.take(eve, peer.activity("Undo", eve, post["id"])) == "refused: nothing to undo"
    assert await blocked(home, remote, anna)
    assert await home.take(ben, peer.activity("Undo", ben, post["id"])) == "done"
    assert not await blocked(home, remote, anna)
    again = peer.activity("Block", ben, anna.uri)
    await home.take(ben, again)
    assert await home.take(ben, peer.activity("Undo", ben, {**again, "id": f"{ben.uri}/lost"})) == "done"
    assert not await blocked(home, remote, anna)
    assert await home.take(ben, peer.activity("Block", ben, ben.uri)) == "refused: nobody here is blocked"


async def test_whom_a_member_blocks_cannot_come_back_by_another_door(home: Home, peer: Peer) -> None:
    anna, remote, ben = await friends(home, peer)
    post = await home.publish(anna, "Bonjour")
    await acts.block(home.ctx, anna.id, remote.id)
    before = await home.count("notifications")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "refused: blocked by whom it follows"
    assert await home.take(ben, peer.activity("Announce", ben, post.uri)) == "refused: blocked by whom it boosts"
    assert await home.take(ben, peer.activity("Like", ben, post.uri)) != "done"
    note = peer.note(
        ben, f"@anna {post.uri}", inReplyTo=post.uri, tag=[{"type": "Mention", "href": anna.uri, "name": "@anna"}]
    )
    await home.take(ben, peer.activity("Create", ben, note))
    assert await home.count("notifications") == before
    assert await home.count("favourites") == 0
    assert await home.count("home_entries", "owner_id = :id AND status_id <> :post", id=anna.id, post=post.id) == 0


async def test_a_blocked_member_of_ours_cannot_act_on_the_blockers_posts(home: Home) -> None:
    anna, ben = await home.member("anna"), await home.member("ben")
    post = await home.publish(anna, "Bonjour")
    await acts.block(home.ctx, anna.id, ben.id)
    assert await favourite(home.ctx, ben.id, post.id) is None
    assert not isinstance(await boost(home.ctx, ben.id, post.id, Audience.PUBLIC), Allow)
    assert await follow(home.ctx, ben.id, anna.id) is None
    assert await follow(home.ctx, anna.id, ben.id) is None


async def test_a_host_is_blocked_with_all_who_were_followed_there(home: Home, peer: Peer) -> None:
    anna, remote, _ = await friends(home, peer)
    olga = await home.member("olga")
    await follow(home.ctx, olga.id, remote.id)
    await acts.block_host(home.ctx, anna.id, peer.host)
    assert not await followed(home, anna, remote)
    assert not await followed(home, remote, anna)
    assert await followed(home, olga, remote)
    for text, host in {"Exemple.ORG": "exemple.org", "clinïque.example": "xn--clinque-rza.example"}.items():
        assert acts.parse_domain(text) == host
    for text in ("", "a b", "http://x", "..", "[::"):
        assert acts.parse_domain(text) is None
