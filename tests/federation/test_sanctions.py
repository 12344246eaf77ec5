"""What other hosts hear of an account that is suspended, is back, or is erased; and what their suspensions do here."""

import orjson

from federation.outbox.sanctions import Officer, Sanction, erase, erase_some, lift, punish
from tests.federation.home import Home
from tests.federation.peer import Document, Peer
from tests.federation.test_profiles import followed, told

BY = Officer(1, "admin")


def by_type(documents: list[Document]) -> dict[str, list[Document]]:
    sorted_out: dict[str, list[Document]] = {}
    for one in documents:
        sorted_out.setdefault(one["type"], []).append(one["object"])
    return sorted_out


async def test_hosts_are_told_what_became_of_somebody(home: Home, peer: Peer) -> None:
    anna, ben = await followed(home, peer)
    group = await home.group("cardiologie", anna)
    post = await home.publish(anna, "Bonjour")
    await told(home, peer)

    await punish(home.ctx, anna.id, Sanction.SUSPEND, by=BY)
    heard = by_type(await told(home, peer))
    assert heard.keys() == {"Update", "Reject"}
    assert heard["Update"][0]["id"] == anna.uri
    assert heard["Update"][0]["suspended"] is True
    assert "name" not in heard["Update"][0]
    for asker in (ben, None):
        status, body = await home.fetch(f"/ap/actors/{anna.id}", asker)
        assert (status, orjson.loads(body)["suspended"]) == (200, True)
        assert "name" not in orjson.loads(body)
    assert (await home.fetch(post.uri, ben))[0] == 404
    membership = await home.membership(group, anna)
    assert membership is not None
    assert membership.state == "ended"

    await lift(home.ctx, anna.id, Sanction.SUSPEND, by=BY)
    heard = by_type(await told(home, peer))
    assert heard["Update"][0]["id"] == anna.uri
    assert "suspended" not in heard["Update"][0]
    assert (await home.fetch(post.uri, ben))[0] == 200

    await punish(home.ctx, anna.id, Sanction.SUSPEND, by=BY)
    await told(home, peer)
    await erase(home.ctx, anna.id, by=BY)
    assert [(one["type"], one["object"]) for one in await told(home, peer)] == [("Delete", anna.uri)]
    await erase_some(home.ctx)
    assert [one["id"] for one in by_type(await told(home, peer))["Delete"]] == [post.uri]
    assert await home.find(post.uri) is None
    assert await home.count("members", "actor_id = :id", id=anna.id) == 0
    assert (await home.fetch(f"/ap/actors/{anna.id}", ben))[0] == 404
    assert (await home.stored(anna.uri)).name == ""


async def test_who_is_suspended_at_home_is_shown_to_nobody_here(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    note = peer.note(ben)
    assert await home.take(ben, peer.activity("Create", ben, note, to=note["to"], cc=note["cc"])) == "done"
    peer.serve("/users/ben", {**ben.document, "suspended": True})
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
    hidden = await home.stored(ben.uri)
    assert hidden.disabled_at is not None
    assert hidden.disabled_by == "home"
    assert await home.take(ben, peer.activity("Create", ben, peer.note(ben))) != "done"
    peer.serve("/users/ben", ben.document)
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
    assert (await home.stored(ben.uri)).disabled_at is None

    await punish(home.ctx, hidden.id, Sanction.SUSPEND, by=BY)
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) != "done"
    assert (await home.stored(ben.uri)).disabled_by == "here"
    await erase(home.ctx, hidden.id, by=BY)
    await erase_some(home.ctx)
    assert await home.find(note["id"]) is None
    assert (await home.stored(ben.uri)).disabled_at is not None
