"""Deletions with receipts: who was sent a post is told, who confirms is believed about itself, and we confirm to others."""

from typing import Any

import pytest

from federation.outbox import notes
from federation.outbox.sanctions import Officer, Sanction, erase, punish
from storage import receipts
from storage.receipts import Deletion
from storage.records import Actor, Status
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone

BY = Officer(1, "admin")


async def drained(home: Home) -> None:
    while await home.deliver():
        pass


async def sent_to(home: Home, *peers: Peer) -> tuple[Actor, Status]:
    """A post of Anna's, whom somebody at each of these peers follows."""
    anna = await home.member("anna")
    for peer in peers:
        ben = peer.actor("ben")
        await home.take(ben, peer.activity("Follow", ben, anna.uri))
    post = await home.publish(anna, "bonjour")
    await drained(home)
    return anna, post


async def deletions(home: Home, anna: Actor) -> list[Deletion]:
    return await home.db.read(lambda tx: receipts.list_of_author(tx, anna.uri, limit=10))


async def confirm(home: Home, peer: Peer, who: Someone, uri: str) -> str:
    delete = {
        "id": f"{home.base}/ap/activities/1",
        "type": "Delete",
        "actor": f"{home.base}/ap/actors/1",
        "object": uri,
    }
    return await home.take(who, peer.activity("Accept", who, delete))


async def test_a_host_is_believed_about_itself_and_after_it_was_asked(home: Home, peer: Peer, stranger: Peer) -> None:
    await home.rule(peer.host, stranger.host)
    anna, post = await sent_to(home, peer)
    unasked = "refused: confirms nothing that was asked"
    assert await confirm(home, peer, peer.instance, post.uri) == unasked, "nothing was deleted yet"
    peer.respond("/inbox", 503)
    await notes.delete(home.ctx, anna.id, post.id)
    await drained(home)
    assert [(one.object_uri, one.host, one.state) for one in await deletions(home, anna)] == [
        (post.uri, peer.host, "sent")
    ]
    peer.respond("/inbox", 202)
    home.clock.pass_by(60_000)
    await drained(home)
    assert [one.state for one in await deletions(home, anna)] == ["accepted"]
    assert await confirm(home, stranger, stranger.instance, post.uri) == unasked, "it was never sent the post"
    assert await confirm(home, peer, peer.actor("eve"), post.uri) == "refused: only an instance actor confirms"
    assert await confirm(home, peer, peer.instance, f"{post.uri}0") == unasked
    assert [one.state for one in await deletions(home, anna)] == ["accepted"]
    assert await home.db.read(receipts.count_unconfirmed) != []
    assert await confirm(home, peer, peer.instance, post.uri) == "done"
    assert [(one.state, one.confirmed_by) for one in await deletions(home, anna)] == [("confirmed", peer.instance.uri)]
    assert await confirm(home, peer, peer.instance, post.uri) == unasked, "once"
    assert await home.db.read(receipts.count_unconfirmed) == []


async def test_a_confirmation_passes_every_boundary(home: Home, peer: Peer) -> None:
    anna, post = await sent_to(home, peer)
    await home.know(peer.instance)
    await home.rule(peer.host, state="suspended")
    await notes.delete(home.ctx, anna.id, post.id)
    await drained(home)
    assert await confirm(home, peer, peer.instance, post.uri) == "done"
    assert [one.state for one in await deletions(home, anna)] == ["confirmed"]


async def test_the_deletion_of_an_account_is_confirmed_alike(home: Home, peer: Peer) -> None:
    anna, _ = await sent_to(home, peer)
    await punish(home.ctx, anna.id, Sanction.SUSPEND, by=BY)
    await erase(home.ctx, anna.id, by=BY)
    await drained(home)
    assert await confirm(home, peer, peer.instance, anna.uri) == "done"


def accepts(peer: Peer) -> list[Any]:
    return [one.document for one in peer.posted if one.document["type"] == "Accept"]


@pytest.mark.parametrize("state", ["active", "suspended"])
async def test_we_confirm_to_who_deleted_whether_we_had_it_or_not(home: Home, peer: Peer, state: str) -> None:
    ben = peer.actor("ben")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    await home.rule(peer.host, state=state)
    for uri in (note["id"], f"{note['id']}0"):
        peer.asked.clear()
        delete = peer.activity("Delete", ben, uri)
        assert await home.take(ben, delete) == "done"
        await drained(home)
        (told,) = accepts(peer)
        assert told["actor"] == home.ctx.origin.instance_actor
        assert told["object"] == {"id": delete["id"], "type": "Delete", "actor": ben.uri, "object": uri}
    gone = peer.activity("Delete", ben, ben.uri)
    peer.asked.clear()
    assert await home.take(ben, gone) == "done"
    await drained(home)
    assert [one["object"]["object"] for one in accepts(peer)] == [ben.uri]


async def test_we_confirm_nothing_to_others_and_nothing_that_was_refused(home: Home, peer: Peer) -> None:
    """Other software would not know what to do with it; and of somebody else's post nothing is said."""
    old, ben = peer.actor("old", capable=False), peer.actor("ben", capable=False)
    note = peer.note(old)
    await home.take(old, peer.activity("Create", old, note))
    assert await home.take(old, peer.activity("Delete", old, note["id"])) == "done"
    eve = peer.actor("eve")
    theirs = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, theirs))
    assert await home.take(eve, peer.activity("Delete", eve, theirs["id"])) == "refused: not_author"
    await drained(home)
    assert accepts(peer) == []


async def test_one_deletion_said_in_two_ways_is_confirmed_once(home: Home, peer: Peer) -> None:
    """The second is no accident of ours: what was confirmed is confirmed."""
    ben = peer.actor("ben")
    await home.know(peer.instance)
    delete = peer.activity("Delete", ben, f"{peer.base}/notes/1")
    for said in (delete, {**delete, "to": []}):
        assert await home.take(ben, said) == "done"
    await drained(home)
    assert [one.document["type"] for one in peer.posted] == ["Accept"]
