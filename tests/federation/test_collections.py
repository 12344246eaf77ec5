"""Lists that other servers may read: replies, threads, numbers, hashtags, whom one follows. No group is in any of them."""

from typing import Any

import orjson
import pytest

from federation.outbox import pins, profiles, reactions
from federation.outbox.profiles import Profile
from policies.terms import Audience
from storage import featured, follows
from storage.ids import new_id
from storage.records import Actor, Follow, Status
from tests.federation.home import Home
from tests.federation.peer import Peer, Someone
from tests.federation.test_doors import NOTHING, UNSIGNED

HIDDEN = (Audience.FOLLOWERS, Audience.DIRECT, Audience.GROUP)


async def read(home: Home, address: str, someone: Someone) -> dict[str, Any]:
    status, body = await home.fetch(address, someone)
    assert status == 200, address
    return dict(orjson.loads(body))


async def followed(home: Home, anna: Actor, ben: Someone) -> Actor:
    known, now = await home.know(ben), home.clock()
    follow = Follow(new_id(now), known.id, anna.id, f"{ben.uri}/follows/1", "accepted", 1, 0, now)
    await home.db.transact(lambda tx: follows.insert_follow(tx, follow))
    return known


async def replied(home: Home, peer: Peer, ben: Someone, post: Status, **note: Any) -> str:
    activity = peer.create(ben, inReplyTo=post.uri, **note)
    assert await home.take(ben, activity) == "done"
    return str(activity["object"]["id"])


async def test_replies_for_everybody_are_listed_and_no_others(home: Home, peer: Peer) -> None:
    """The author's own stand in the post, those of others on the pages after them; so does the whole thread."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    await followed(home, anna, ben)
    post = await home.publish(anna, "un cas")
    own = [
        (await home.publish(anna, f"@ben@{peer.host} suite", audience, in_reply_to=post.id)).uri
        for audience in (Audience.PUBLIC, Audience.UNLISTED, Audience.FOLLOWERS, Audience.DIRECT)
    ]
    theirs = await replied(home, peer, ben, post)
    quiet = await replied(home, peer, ben, post, to=[ben.followers], cc=[anna.uri])
    assert await home.find(quiet) is not None
    note = await read(home, post.uri, ben)
    first = note["replies"]["first"]
    assert first["items"] == own[:2]
    assert await read(home, first["next"], ben) == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": first["next"],
        "type": "CollectionPage",
        "partOf": note["replies"]["id"],
        "items": [theirs],
    }
    whole = await read(home, note["replies"]["id"], ben)
    assert (whole["type"], whole["first"]["items"]) == ("Collection", own[:2])
    thread = await read(home, note["context"], ben)
    assert note["context"] == note["conversation"] == f"{home.base}/ap/contexts/{post.id}"
    assert (thread["attributedTo"], set(thread["first"]["items"])) == (anna.uri, {post.uri, *own[:2], theirs})
    answer = await read(home, own[0], ben)
    assert answer["context"] == note["context"], "a thread has one address, where it began"
    assert await home.fetch(f"{home.base}/ap/contexts/{own[0].rpartition('/')[2]}", ben) == NOTHING


async def test_long_lists_come_in_pages(home: Home, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("federation.collections.PAGE", 2)
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "un cas")
    own = [(await home.publish(anna, "suite", in_reply_to=post.id)).uri for _ in range(3)]
    theirs = [await replied(home, peer, ben, post) for _ in range(3)]
    note = await read(home, post.uri, ben)
    for start, expected in (
        (f"{note['replies']['id']}?page=true", own + theirs),
        (f"{note['context']}?page=true", [post.uri, *own, *theirs]),
    ):
        found: list[str] = []
        address = start
        while address:
            page = await read(home, address, ben)
            assert page["id"] == address
            assert len(page["items"]) <= 2
            found, address = [*found, *page["items"]], page.get("next", "")
        assert sorted(found) == sorted(expected)


async def test_likes_and_boosts_are_told_as_numbers(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "un cas")
    boosted = await reactions.boost(home.ctx, anna.id, post.id, None)
    assert isinstance(boosted, Status)
    assert await home.take(ben, peer.activity("Like", ben, post.uri)) == "done"
    note = await read(home, post.uri, ben)
    for name in ("likes", "shares"):
        counted = await read(home, note[name]["id"], ben)
        assert (counted["type"], counted["totalItems"], note[name]["totalItems"]) == ("Collection", 1, 1)
        assert set(counted) == {"@context", "id", "type", "totalItems"}
        assert await home.fetch(note[name]["id"]) == UNSIGNED
        assert await home.fetch(f"{home.base}/ap/objects/{boosted.id}/{name}", ben) == NOTHING


@pytest.mark.parametrize("audience", HIDDEN)
async def test_of_a_post_for_fewer_people_nothing_is_listed(home: Home, peer: Peer, audience: Audience) -> None:
    """Not even for those who may fetch the post itself."""
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    peer.attest(ben, now=home.clock())
    known = await followed(home, anna, ben)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    await home.enroll(group, known)
    named = f"@cardiologie @ben@{peer.host}" if audience is Audience.GROUP else f"@ben@{peer.host}"
    post = await home.publish(anna, f"{named} un cas", audience)
    number = post.uri.rpartition("/")[2]
    paths = [f"/ap/contexts/{number}"] + [
        f"/ap/objects/{number}/{name}{query}" for name in ("replies", "likes", "shares") for query in ("", "?page=true")
    ]
    for number_of_nonce, path in enumerate(paths):
        assert await home.fetch(path) == UNSIGNED
        assert await home.fetch(path, ben) == NOTHING
        assert await home.fetch(path, peer.instance, nonce=f"n{number_of_nonce}") == NOTHING
    if audience is not Audience.GROUP:
        assert not {"replies", "likes", "shares", "context", "conversation"} & set(await read(home, post.uri, ben))


async def test_what_a_host_is_kept_from_is_in_no_list_for_it(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "un cas")
    await home.publish(anna, "suite", Audience.UNLISTED, in_reply_to=post.id)
    note = await read(home, post.uri, ben)
    assert len((await read(home, note["replies"]["id"], ben))["first"]["items"]) == 1
    narrowed = 'audiences = { unlisted = "deny" }'
    await home.rule(more=f'[peers."{peer.host}"]\norganisation = "Peer"\nstate = "active"\n{narrowed}\n')
    assert (await read(home, note["replies"]["id"], ben))["first"]["items"] == []
    assert (await read(home, note["context"], ben))["first"]["items"] == [post.uri]


async def test_featured_hashtags_are_told(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    await home.db.transact(lambda tx: featured.insert_tag(tx, anna.id, "ECG", most=10, now=home.clock()))
    address = (await read(home, anna.uri, ben))["featuredTags"]
    assert await home.fetch(address) == UNSIGNED
    tags = await read(home, address, ben)
    assert tags["orderedItems"] == [{"type": "Hashtag", "href": f"{home.base}/tags/ecg", "name": "#ECG"}]
    group = await home.group("cardiologie", anna)
    assert await home.fetch(f"{group.uri}/tags", ben) == NOTHING


async def test_followers_hosts_are_told_of_pins_for_everybody(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    known = await followed(home, anna, ben)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    await home.enroll(group, known)
    public = await home.publish(anna, "un cas")
    restricted = await home.publish(anna, "entre nous", Audience.FOLLOWERS)
    while await home.deliver():
        pass
    peer.asked.clear()
    for post in (public, restricted):
        for act in (pins.pin, pins.pin, pins.unpin, pins.unpin):
            assert isinstance(await act(home.ctx, anna.id, post.id), Status)
    while await home.deliver():
        pass
    told = [one.document for one in peer.posted]
    assert [(one["type"], one["object"], one["target"]) for one in told] == [
        ("Add", public.uri, f"{anna.uri}/featured"),
        ("Remove", public.uri, f"{anna.uri}/featured"),
    ]


async def test_a_member_may_hide_how_many_they_follow_and_are_followed_by(home: Home, peer: Peer) -> None:
    anna, ben = await home.member("anna"), peer.actor("ben")
    await followed(home, anna, ben)
    before = [await read(home, f"{anna.uri}/{name}", ben) for name in ("followers", "following")]
    assert [one["totalItems"] for one in before] == [1, 0]
    await profiles.update_profile(home.ctx, anna.id, Profile(hide_collections=True))
    for name in ("followers", "following"):
        assert set(await read(home, f"{anna.uri}/{name}", ben)) == {"@context", "id", "type"}
