"""Move: who becomes somebody else when both sides say so, who goes along, and that groups never do."""

from federation.outbox import moves as acts
from federation.outbox.blocks import block
from federation.outbox.moves import MOST_ALIASES, REST_MS, Obstacle
from federation.wire.actors import parse_actor
from storage import blocks, follows, lists, moves, mutes
from storage.mutes import FOR_EVER
from storage.records import Actor, Mute, PeopleList
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone
from tests.federation.test_inbox_follows import asked

UNCONFIRMED = "refused: the two do not say that they are one"


async def follows_of(home: Home, member: Actor, someone: Someone) -> str:
    target = await home.know(someone)
    known = await home.db.read(lambda tx: follows.get_follow(tx, member.id, target.id))
    return known.state if known else ""


async def following(home: Home, peer: Peer, member: Actor, someone: Someone) -> Actor:
    """Our member follows somebody, who has accepted."""
    target, request = await asked(home, member, someone)
    assert await home.take(someone, peer.activity("Accept", someone, request)) == "done"
    return target


async def become(home: Home, someone: Someone) -> Actor | None:
    """Who somebody has become, as far as we know."""
    actor = await home.stored(someone.uri)
    return (await home.db.read(lambda tx: moves.list_moves(tx, [actor]))).get(actor.id)


def moving(peer: Peer, old: Someone, new_uri: str, **more: object) -> Document:
    return peer.activity("Move", old, old.uri, **{"target": new_uri, **more})


def agree(old: Someone, new: Someone) -> None:
    old.document["movedTo"] = new.uri
    new.document["alsoKnownAs"] = [old.uri]


async def sent(home: Home, peer: Peer, kind: str) -> list[Document]:
    while await home.deliver():
        pass
    return [one.document for one in peer.posted if one.document["type"] == kind]


async def test_who_follows_the_old_one_follows_the_new_one(home: Home, peer: Peer) -> None:
    anna, old, new = await home.member("anna"), peer.actor("old"), peer.actor("new")
    former = await following(home, peer, anna, old)
    people = PeopleList(7, anna.id, "Confrères", "list", 0, 1)
    await home.db.transact(lambda tx: lists.insert_list(tx, people))
    await home.db.transact(lambda tx: lists.insert_people(tx, 7, [former.id], now=home.clock()))
    agree(old, new)
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    assert await follows_of(home, anna, old) == ""
    assert await follows_of(home, anna, new) == "pending"
    assert [one["object"] for one in await sent(home, peer, "Follow")][-1] == new.uri
    assert [one["object"]["object"] for one in await sent(home, peer, "Undo")] == [old.uri]
    now = await home.stored(new.uri)
    assert await home.rows("SELECT list_id, actor_id FROM list_people") == [(7, now.id)]
    assert await become(home, old) == now


async def test_both_sides_must_say_so(home: Home, peer: Peer, stranger: Peer) -> None:
    anna, old, new = await home.member("anna"), peer.actor("old"), peer.actor("new")
    other = peer.actor("other")
    await following(home, peer, anna, old)
    assert await home.take(old, moving(peer, old, new.uri)) == UNCONFIRMED
    old.document["movedTo"] = new.uri
    assert await home.take(old, moving(peer, old, new.uri)) == UNCONFIRMED
    del old.document["movedTo"]
    new.document["alsoKnownAs"] = [old.uri]
    assert await home.take(old, moving(peer, old, new.uri)) == UNCONFIRMED
    agree(old, new)
    assert await home.take(old, moving(peer, old, other.uri)) == UNCONFIRMED
    for odd in (old.uri, None, 5, "x"):
        assert (await home.take(old, moving(peer, old, odd))).startswith("refused")  # type: ignore[arg-type]
    assert await home.take(other, peer.activity("Move", other, old.uri, target=new.uri)) == "refused: actor-mismatch"
    hidden = stranger.actor("hidden", alsoKnownAs=[old.uri])
    old.document["movedTo"] = hidden.uri
    assert (await home.take(old, moving(peer, old, hidden.uri))).startswith("refused")
    assert stranger.asked == []
    assert await follows_of(home, anna, old) == "accepted"
    assert await home.count("actors", "moved_at IS NOT NULL") == 0


async def test_groups_and_memberships_never_move(home: Home, peer: Peer) -> None:
    """A group does not become another, nobody becomes a group, and who was a member stays one as who they were."""
    anna, old, new = await home.member("anna"), peer.actor("old"), peer.actor("new")
    group, other = peer.group("cardio"), peer.group("other")
    stored = await home.join(group, anna)
    ours = await home.group("urgences", anna, reach=(peer.host,))
    former = await home.know(old)
    await home.enroll(ours, former)
    for source, target in ((group, other), (group, new), (old, group)):
        agree(source, target)
        assert (await home.take(source, moving(peer, source, target.uri))).startswith("refused")
    agree(old, new)
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    now = await home.stored(new.uri)
    held, gained = await home.membership(ours, former), await home.membership(ours, now)
    assert held is not None
    assert held.state == "active"
    assert gained is None
    kept = await home.membership(stored, anna)
    assert kept is not None
    assert kept.state == "active"


async def test_once_in_seven_days(home: Home, peer: Peer) -> None:
    """Also for who says in between that nothing happened."""
    old, new, third = peer.actor("old"), peer.actor("new"), peer.actor("third")
    agree(old, new)
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    agree(old, third)
    assert await home.take(old, moving(peer, old, third.uri)) == "refused: moved a short while ago"
    home.clock.pass_by(REST_MS)
    assert await home.take(old, moving(peer, old, third.uri)) == "done"
    assert await become(home, old) == await home.stored(third.uri)


async def test_who_takes_it_back_is_shown_as_themselves(home: Home, peer: Peer) -> None:
    old, new = peer.actor("old"), peer.actor("new")
    agree(old, new)
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    del old.document["movedTo"]
    await home.know(old)
    assert await become(home, old) is None


async def test_blocks_and_mutes_come_along(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), await home.member("ben")
    olga = await home.member("olga")
    old, new = peer.actor("old"), peer.actor("new")
    await following(home, peer, ben, old)
    await following(home, peer, olga, old)
    former, later = await home.know(old), await home.know(new)
    await block(home.ctx, anna.id, former.id)
    await home.db.transact(lambda tx: mutes.upsert_mute(tx, Mute(5, ben.id, former.id, 1, FOR_EVER, 1)))
    await block(home.ctx, olga.id, later.id)
    agree(old, new)
    assert await home.take(old, moving(peer, old, new.uri)) == "done"
    assert await home.db.read(lambda tx: blocks.get_block(tx, anna.id, later.id)) is not None
    assert later.id in await home.db.read(lambda tx: mutes.list_mutes(tx, ben.id, [later.id], now=1))
    assert await follows_of(home, olga, new) == ""
    assert await follows_of(home, olga, old) == ""


async def test_to_a_member_of_ours_who_is_known_as_the_old_one(home: Home, peer: Peer) -> None:
    anna, ben, old = await home.member("anna"), await home.member("ben"), peer.actor("old")
    await following(home, peer, ben, old)
    await following(home, peer, anna, old)
    old.document["movedTo"] = anna.uri
    assert await home.take(old, moving(peer, old, anna.uri)) == UNCONFIRMED
    assert await acts.add_alias(home.ctx, anna.id, f"@old@{peer.host}") is None
    assert await home.take(old, moving(peer, old, anna.uri)) == "done"
    known = await home.db.read(lambda tx: follows.get_follow(tx, ben.id, anna.id))
    assert known is not None
    assert await home.count("follows", "follower_id = followee_id") == 0


async def test_a_member_moves_out(home: Home, peer: Peer) -> None:
    anna, ola = await home.member("anna"), await home.member("ola")
    ben, new = peer.actor("ben"), peer.actor("new")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    await acts.add_alias(home.ctx, ola.id, "https://far.example/users/ola")
    handle = f"@new@{peer.host}"
    assert await acts.move(home.ctx, anna.id, f"@nobody@{peer.host}") is Obstacle.UNKNOWN
    assert await acts.move(home.ctx, anna.id, "anna") is Obstacle.UNFIT
    assert await acts.move(home.ctx, anna.id, handle) is Obstacle.NOT_NAMED
    assert await sent(home, peer, "Move") == []
    new.document["alsoKnownAs"] = [anna.uri]
    assert await acts.move(home.ctx, anna.id, handle) is None
    (told,) = await sent(home, peer, "Move")
    assert (told["actor"], told["object"], told["target"]) == (anna.uri, anna.uri, new.uri)
    assert told["to"] == [anna.followers]
    assert told["proof"]
    update = (await sent(home, peer, "Update"))[-1]["object"]
    assert parse_actor(update | {"@context": []}).moved_to == new.uri
    third = peer.actor("third", alsoKnownAs=[anna.uri])
    assert await acts.move(home.ctx, anna.id, f"@{third.name}@{peer.host}") is Obstacle.TOO_SOON
    await acts.stay(home.ctx, anna.id)
    update = (await sent(home, peer, "Update"))[-1]["object"]
    assert "movedTo" not in update
    assert await home.rows("SELECT act FROM audit WHERE act LIKE 'member.%' ORDER BY id") == [
        ("member.move",),
        ("member.stay",),
    ]


async def test_what_a_member_is_called_elsewhere(home: Home, peer: Peer) -> None:
    anna, ben, old = await home.member("anna"), peer.actor("ben"), peer.actor("old")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    assert await acts.add_alias(home.ctx, anna.id, f"old@{peer.host}") is None
    assert await acts.add_alias(home.ctx, anna.id, "anna") is Obstacle.UNFIT
    assert await acts.add_alias(home.ctx, anna.id, "nobody@nowhere.example") is Obstacle.UNKNOWN
    assert await acts.add_alias(home.ctx, anna.id, peer.group("cardio").uri) is Obstacle.UNFIT
    update = (await sent(home, peer, "Update"))[-1]["object"]
    assert parse_actor(update | {"@context": []}).also_known_as == (old.uri,)
    await acts.remove_alias(home.ctx, anna.id, old.uri)
    assert "alsoKnownAs" not in (await sent(home, peer, "Update"))[-1]["object"]
    for number in range(MOST_ALIASES):
        assert await acts.add_alias(home.ctx, anna.id, f"https://far.example/{number}") is None
    assert await acts.add_alias(home.ctx, anna.id, "https://far.example/x") is Obstacle.TOO_MANY
