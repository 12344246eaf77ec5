"""Public groups of ours (FEP-1b12): who follows them, what they show and pass on, and what never gets there."""

from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from federation.outbox import follows, notes, peers, reactions
from federation.outbox import public_groups as acts
from federation.outbox.notes import Edit
from federation.outbox.pins import MOST_PINS, Unpinnable
from federation.public_groups import OpenPost
from federation.wire.values import PUBLIC
from policies.decision import Allow, Deny, Reason
from policies.terms import Audience
from storage import public_groups
from storage.pages import Page
from storage.records import Actor, PublicGroup, Status
from storage.timelines import list_home
from tests.federation.home import Home, ruleset
from tests.federation.peer import Document, Peer, Someone, proven


@dataclass
class Forum:
    """A public group of ours; Ben of a peer follows it, Anna moderates it."""

    home: Home
    peer: Peer
    anna: Actor
    group: Actor
    ben: Someone

    def follow(self, who: Someone) -> Document:
        return self.peer.activity("Follow", who, self.group.uri)

    async def gets(self) -> list[Document]:
        """What the peer is sent, by type, without what is not the group's."""
        while await self.home.deliver():
            pass
        posted = [one.document for one in self.peer.posted if one.body]
        self.peer.asked.clear()
        return [one for one in posted if one["actor"] == self.group.uri]

    async def announced(self) -> list[tuple[str, str]]:
        """What the group announced: the type of what is in it ("" for a plain boost), and whose it is."""
        found = []
        for one in await self.gets():
            inner = one["object"]
            found.append((inner["type"], inner["actor"]) if isinstance(inner, dict) else (one["type"], inner))
        return sorted(found)

    def create(self, by: Someone, **more: Any) -> Document:
        return self.peer.create(by, cc=[by.followers, self.group.uri], **more)

    async def shown(self) -> int:
        return await self.home.count("statuses", "boost_of_id IS NOT NULL AND actor_id = :id", id=self.group.id)


@pytest.fixture
async def forum(home: Home, peer: Peer) -> Forum:
    await home.rule(peer.host)
    anna = await home.member("anna", verified=True)
    group, ben = await home.public_group("ecg", anna), peer.actor("ben")
    made = Forum(home, peer, anna, group, ben)
    assert await home.take(ben, made.follow(ben)) == "done"
    [accepted] = await made.gets()
    assert accepted["type"] == "Accept"
    assert accepted["object"]["actor"] == ben.uri
    return made


# --- who follows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("joining", "ended", "answer", "state"),
    [
        ("automatic", "done", ["Accept"], "accepted"),
        ("request", "done", [], "pending"),
        ("invite", "refused: invitation_needed", ["Reject"], None),
    ],
)
async def test_a_stranger_asks_to_follow(
    forum: Forum, joining: str, ended: str, answer: list[str], state: str | None
) -> None:
    group = await forum.home.public_group("suivi", forum.anna, joining=joining)
    assert await forum.home.take(forum.ben, forum.peer.activity("Follow", forum.ben, group.uri)) == ended
    while await forum.home.deliver():
        pass
    assert [one.document["type"] for one in forum.peer.posted if one.body] == answer
    rows = await forum.home.rows("SELECT state FROM follows WHERE followee_id = :id", id=group.id)
    assert [row[0] for row in rows] == ([state] if state else [])


async def test_an_invitation_is_good_once(forum: Forum) -> None:
    home = forum.home
    david = await home.member("david")
    group = await home.public_group("suivi", forum.anna, joining="invite")
    refused = await follows.follow(home.ctx, david.id, group.id)
    assert isinstance(refused, Deny)
    assert refused.reason is Reason.INVITATION_NEEDED
    await home.db.transact(
        lambda tx: public_groups.upsert_role(tx, group.id, david.id, public_groups.INVITED, now=home.clock())
    )
    assert isinstance(await follows.follow(home.ctx, david.id, group.id), Allow)
    await follows.unfollow(home.ctx, david.id, group.id)
    assert isinstance(await follows.follow(home.ctx, david.id, group.id), Deny)


# --- what is posted ----------------------------------------------------------------------------------------------


async def test_a_members_post_goes_to_all_followers(forum: Forum) -> None:
    """Once whole within an Announce, once as a plain boost; here it is in the home timeline of who follows."""
    home, david = forum.home, await forum.home.member("david")
    assert isinstance(await follows.follow(home.ctx, david.id, forum.group.id), Allow)
    post = await home.publish(forum.anna, "@ecg Un article")
    plain, whole = sorted(await forum.gets(), key=lambda one: isinstance(one["object"], dict))
    assert plain["object"] == post.uri
    created = whole["object"]
    assert created["type"] == "Create"
    assert created["object"]["id"] == post.uri
    assert created["object"]["audience"] == created["audience"] == forum.group.uri
    assert "proof" in created
    for one in (plain, whole):
        assert (one["to"], one["cc"], one["audience"]) == ([PUBLIC], [forum.group.followers], forum.group.uri)
    found = await home.db.read(lambda tx: list_home(tx, david.id, Page(limit=20), now=home.clock()))
    assert [one.boost_of_id for one in found] == [post.id]


async def test_a_followers_post_from_elsewhere_goes_on_as_it_came(forum: Forum) -> None:
    activity = proven(forum.ben, forum.create(forum.ben))
    assert await forum.home.take(forum.ben, activity) == "done"
    plain, whole = sorted(await forum.gets(), key=lambda one: isinstance(one["object"], dict))
    assert whole["object"] == activity
    assert plain["object"] == activity["object"]["id"]
    assert await forum.shown() == 1


async def test_an_answer_goes_where_its_parent_went(forum: Forum) -> None:
    """Apps leave out of the text whom the parent did not name."""
    activity = forum.create(forum.ben)
    assert await forum.home.take(forum.ben, activity) == "done"
    await forum.gets()
    parent = await forum.home.find(activity["object"]["id"])
    assert parent is not None
    answer = await forum.home.publish(forum.anna, "Merci", in_reply_to=parent.id)
    assert (("Announce", answer.uri)) in await forum.announced()


async def test_who_does_not_follow_is_not_passed_on(forum: Forum) -> None:
    eve, david = forum.peer.actor("eve"), await forum.home.member("david")
    assert await forum.home.take(eve, forum.create(eve)) == "done"
    await forum.home.publish(david, "@ecg Bonjour")
    assert await forum.announced() == []
    assert await forum.shown() == 0
    rows = await forum.home.rows("SELECT DISTINCT reason FROM decisions WHERE point = 'pass'")
    assert rows == [("not_a_member",)]


async def test_an_impostor_posts_nothing(forum: Forum) -> None:
    """Neither in the name of who follows, nor by saying that the group announced it."""
    eve = forum.peer.actor("eve")
    forged = forum.peer.activity("Create", eve, forum.peer.note(forum.ben, cc=[forum.group.uri]))
    assert (await forum.home.take(eve, forged)).startswith("refused: actor-mismatch")
    claimed = forum.peer.activity("Announce", eve, {**forum.create(forum.ben), "actor": forum.group.uri})
    assert (await forum.home.take(eve, claimed)).startswith("refused")
    assert await forum.shown() == 0
    assert await forum.announced() == []


@pytest.mark.parametrize("audience", [Audience.FOLLOWERS, Audience.DIRECT])
async def test_what_is_for_fewer_is_not_passed_on(forum: Forum, audience: Audience) -> None:
    to = [forum.ben.followers] if audience is Audience.FOLLOWERS else [forum.anna.uri]
    restricted = forum.peer.create(forum.ben, to=to, cc=[forum.group.uri])
    assert (await forum.home.take(forum.ben, restricted)) in {"done", "held: recipient_unverified"}
    await forum.home.publish(forum.anna, "@ecg Entre nous", audience)
    assert await forum.announced() == []
    assert await forum.shown() == 0


async def test_a_private_groups_post_never_goes_this_way(forum: Forum) -> None:
    """Not by naming both, not by adding the public one later, and not by any function that is given one."""
    home = forum.home
    private = await home.group("cardiologie", forum.anna)
    post = await home.publish(forum.anna, "@cardiologie @ecg Un cas")
    assert post.audience == Audience.GROUP
    assert isinstance(await notes.edit(home.ctx, forum.anna.id, post.id, Edit("@cardiologie @ecg Un cas")), type(post))
    await reactions.favourite(home.ctx, forum.anna.id, post.id)
    await notes.delete(home.ctx, forum.anna.id, post.id)
    assert await forum.announced() == []
    assert await forum.shown() == 0
    with pytest.raises(ValueError, match="not for everybody"):
        OpenPost(post)
    with pytest.raises(ValueError, match="private group"):
        await home.db.transact(
            lambda tx: public_groups.insert_public_group(tx, PublicGroup(private.id, "automatic", "members", 1))
        )


async def test_only_what_everybody_sees_is_an_open_post(forum: Forum) -> None:
    post = await forum.home.publish(forum.anna, "Un article")
    assert OpenPost(post).status is post
    for change in ({"audience": "followers"}, {"audience": "direct"}, {"group_id": 7}, {"boost_of_id": 7}):
        with pytest.raises(ValueError, match="not for everybody"):
            OpenPost(replace(post, **change))


async def test_where_only_moderators_post(forum: Forum) -> None:
    david = await forum.home.member("david")
    group = await forum.home.public_group("annonces", forum.anna, posting="moderators")
    assert isinstance(await follows.follow(forum.home.ctx, david.id, group.id), Allow)
    await forum.home.publish(david, "@annonces Bonjour")
    assert await forum.home.count("statuses", "boost_of_id IS NOT NULL") == 0
    await forum.home.publish(forum.anna, "@annonces Bonjour")
    assert await forum.home.count("statuses", "boost_of_id IS NOT NULL") == 1


# --- what becomes of it ------------------------------------------------------------------------------------------


async def test_a_members_acts_about_a_post_are_passed_on(forum: Forum) -> None:
    home, anna = forum.home, forum.anna
    post = await home.publish(anna, "@ecg Un article")
    await forum.gets()
    await reactions.favourite(home.ctx, anna.id, post.id)
    assert await forum.announced() == [("Like", anna.uri)]
    await reactions.unfavourite(home.ctx, anna.id, post.id)
    assert await forum.announced() == [("Undo", anna.uri)]
    await notes.edit(home.ctx, anna.id, post.id, Edit("@ecg Un meilleur article"))
    assert await forum.announced() == [("Update", anna.uri)]
    await notes.delete(home.ctx, anna.id, post.id)
    assert await forum.announced() == [("Announce", forum.group.uri), ("Delete", anna.uri)]
    assert await forum.shown() == 0


async def test_acts_from_elsewhere_are_passed_on_as_they_came(forum: Forum) -> None:
    home, ben = forum.home, forum.ben
    activity = forum.create(ben)
    note = activity["object"]
    assert await home.take(ben, activity) == "done"
    await forum.gets()
    like = forum.peer.activity("Like", ben, note["id"])
    edited = note | {"content": "<p>Bonsoir</p>", "updated": "2026-11-18T12:00:00Z"}
    for one in (
        like,
        forum.peer.activity("Undo", ben, like),
        forum.peer.activity("Update", ben, edited),
    ):
        assert await home.take(ben, one) == "done"
        [announced] = await forum.gets()
        assert announced["object"] == one
    deleted = forum.peer.activity("Delete", ben, note["id"])
    assert await home.take(ben, deleted) == "done"
    undone, announced = sorted(await forum.gets(), key=lambda one: one["type"] == "Announce")[:2]
    assert undone["object"]["object"] == note["id"]
    assert announced["object"] == deleted
    assert await forum.shown() == 0


async def test_a_like_of_who_does_not_follow_is_kept_here_alone(forum: Forum) -> None:
    post = await forum.home.publish(forum.anna, "@ecg Un article")
    await forum.gets()
    eve = forum.peer.actor("eve")
    like = forum.peer.activity("Like", eve, post.uri)
    assert await forum.home.take(eve, like) == "done"
    assert await forum.home.count("favourites") == 1
    assert await forum.announced() == []


# --- what moderators do ------------------------------------------------------------------------------------------


async def theirs(forum: Forum) -> Status:
    """Ben's post in the group."""
    activity = forum.create(forum.ben)
    assert await forum.home.take(forum.ben, activity) == "done"
    await forum.gets()
    found = await forum.home.find(activity["object"]["id"])
    assert found is not None
    return found


async def test_a_moderator_takes_a_post_out_of_the_group(forum: Forum) -> None:
    """Everywhere it was sent; it stays its author's. In Lemmy's shape the word is the moderator's own."""
    home, post = forum.home, await theirs(forum)
    assert not await acts.remove_post(home.ctx, forum.group.id, post.id, by="nobody")
    assert await acts.remove_post(home.ctx, forum.group.id, post.id, by="anna")
    undone, announced = sorted(await forum.gets(), key=lambda one: one["type"] == "Announce")
    assert undone["object"]["object"] == post.uri
    assert (announced["object"]["type"], announced["object"]["actor"]) == ("Delete", forum.anna.uri)
    assert announced["object"]["object"] == post.uri
    assert await home.find(post.uri) is not None
    assert await forum.shown() == 0
    assert not await acts.remove_post(home.ctx, forum.group.id, post.id, by="anna")
    assert await home.count("audit", "act = 'group.delete_post' AND actor = 'anna'") == 1


async def test_a_post_is_pinned_and_taken_down(forum: Forum) -> None:
    home, post = forum.home, await theirs(forum)
    ours = await home.publish(forum.anna, "@ecg Un article")
    await forum.gets()
    featured = f"{forum.group.uri}/featured"
    for one in (post, ours):
        assert await acts.pin(home.ctx, forum.group.id, one.id, by="eve") is None
        assert isinstance(await acts.pin(home.ctx, forum.group.id, one.id, by="anna"), Status)
        [announced] = await forum.gets()
        inner = announced["object"]
        assert (inner["type"], inner["actor"], inner["object"], inner["target"]) == (
            "Add",
            forum.anna.uri,
            one.uri,
            featured,
        )
    assert isinstance(await acts.pin(home.ctx, forum.group.id, post.id, by="anna"), Status)
    assert await forum.gets() == []
    _, body = await home.fetch(featured, forum.ben)
    pinned = orjson.loads(body)["orderedItems"]
    assert {one if isinstance(one, str) else one["id"] for one in pinned} == {post.uri, ours.uri}
    await acts.unpin(home.ctx, forum.group.id, post.id, by="anna")
    assert await forum.announced() == [("Remove", forum.anna.uri)]


async def test_not_more_than_five_are_pinned(forum: Forum) -> None:
    for number in range(MOST_PINS + 1):
        post = await forum.home.publish(forum.anna, f"@ecg {number}")
        outcome = await acts.pin(forum.home.ctx, forum.group.id, post.id, by="anna")
        assert (outcome is Unpinnable.TOO_MANY) == (number == MOST_PINS)


async def test_nobody_but_moderators_adds_to_a_closed_thread(forum: Forum) -> None:
    home, post = forum.home, await theirs(forum)
    assert not await acts.lock(home.ctx, forum.group.id, post.id, moderator="ben", by="console")
    assert await acts.lock(home.ctx, forum.group.id, post.id, moderator="anna", by="console")
    assert await forum.announced() == [("Lock", forum.anna.uri)]
    assert await home.take(forum.ben, forum.create(forum.ben, inReplyTo=post.uri)) == "done"
    assert await forum.announced() == []
    answer = await home.publish(forum.anna, "Fermé", in_reply_to=post.id)
    assert ("Announce", answer.uri) in await forum.announced()
    assert await acts.lock(home.ctx, forum.group.id, post.id, moderator="anna", by="console", locked=False)
    [announced] = await forum.gets()
    assert (announced["object"]["type"], announced["object"]["object"]["type"]) == ("Undo", "Lock")
    assert await home.take(forum.ben, forum.create(forum.ben, inReplyTo=post.uri)) == "done"
    assert len(await forum.announced()) == 2


async def test_who_is_banned_is_out(forum: Forum) -> None:
    """Their home alone is told; they come back when they are let, not by themselves."""
    home, ben = forum.home, await forum.home.stored(forum.ben.uri)
    post = await theirs(forum)
    assert await acts.ban(home.ctx, forum.group.id, ben.id, by="anna") is None
    assert sorted(one["type"] for one in await forum.gets()) == ["Block", "Reject"]
    assert await home.take(forum.ben, forum.follow(forum.ben)) == "refused: blocked by whom it follows"
    await forum.gets()
    assert await home.take(forum.ben, forum.create(forum.ben)) == "done"
    edited = forum.peer.note(forum.ben, id=post.uri, content="<p>Bonsoir</p>", updated="2026-11-18T12:00:00Z")
    assert await home.take(forum.ben, forum.peer.activity("Update", forum.ben, edited)) == "done"
    assert await forum.announced() == []
    await acts.unban(home.ctx, forum.group.id, ben.id, by="anna")
    assert [one["type"] for one in await forum.gets()] == ["Undo"]
    assert await home.take(forum.ben, forum.follow(forum.ben)) == "done"


async def test_a_request_is_answered(forum: Forum) -> None:
    home, ben = forum.home, await forum.home.stored(forum.ben.uri)
    group = await home.public_group("suivi", forum.anna, joining="request")
    with pytest.raises(LookupError):
        await acts.accept(home.ctx, group.id, ben.id, by="anna")
    assert await home.take(forum.ben, forum.peer.activity("Follow", forum.ben, group.uri)) == "done"
    assert not await acts.remove(home.ctx, group.id, ben.id, by="anna", state="active")
    await acts.accept(home.ctx, group.id, ben.id, by="anna")
    assert await acts.remove(home.ctx, group.id, ben.id, by="anna", state="active")
    while await home.deliver():
        pass
    told = [one.document["type"] for one in forum.peer.posted if one.body]
    assert sorted(told) == ["Accept", "Reject"]


async def test_a_group_keeps_a_moderator(forum: Forum) -> None:
    home, david = forum.home, await forum.home.member("david")
    outcome = await acts.set_moderator(home.ctx, forum.group.id, forum.anna.id, by="console", moderator=False)
    assert isinstance(outcome, Deny)
    assert isinstance(await acts.ban(home.ctx, forum.group.id, forum.anna.id, by="console"), Deny)
    assert await acts.set_moderator(home.ctx, forum.group.id, david.id, by="console", moderator=True) is None
    assert await acts.set_moderator(home.ctx, forum.group.id, forum.anna.id, by="console", moderator=False) is None
    ben = await home.stored(forum.ben.uri)
    with pytest.raises(LookupError):  # nobody elsewhere moderates
        await acts.set_moderator(home.ctx, forum.group.id, ben.id, by="console", moderator=True)
    people = await home.db.read(lambda tx: public_groups.list_people(tx, forum.group.id))
    assert {(one.actor.username, one.state, one.moderator) for one in people} == {
        ("ben", "active", False),
        ("david", "active", True),
    }


async def test_a_member_who_does_not_moderate_takes_nothing_out(forum: Forum) -> None:
    home, david, post = forum.home, await forum.home.member("david"), await theirs(forum)
    assert isinstance(await follows.follow(home.ctx, david.id, forum.group.id), Allow)
    assert not await acts.remove_post(home.ctx, forum.group.id, post.id, by="david")
    assert await acts.pin(home.ctx, forum.group.id, post.id, by="david") is None
    assert not await acts.lock(home.ctx, forum.group.id, post.id, moderator="david", by="console")
    assert await forum.shown() == 1


async def test_what_is_kept_from_us_is_given_to_nobody(forum: Forum) -> None:
    """Where an agreement takes the pictures out of what comes in, they do not go out again by the group."""
    post = await theirs(forum)
    terms = 'organisation = "Peer"\nstate = "active"\nkinds = { media = "strip" }\n'
    text = ruleset(more=f'[peers."{forum.peer.host}"]\n{terms}')
    await peers.save_rules(forum.home.ctx, text, by="console", reason="test")
    picture = {"type": "Document", "mediaType": "image/png", "url": f"{forum.peer.base}/x.png"}
    assert await forum.home.take(forum.ben, forum.create(forum.ben, attachment=[picture])) == "done"
    edited = forum.peer.note(forum.ben, id=post.uri, attachment=[picture], updated="2026-11-18T12:00:00Z")
    assert await forum.home.take(forum.ben, forum.peer.activity("Update", forum.ben, edited)) == "done"
    assert await forum.announced() == []
    assert await forum.shown() == 1


@pytest.mark.parametrize("kind", ["Delete", "Lock", "Add", "Remove", "Block", "Undo"])
async def test_nobody_elsewhere_moderates(forum: Forum, kind: str) -> None:
    """Whoever claims to, and whatever they address it to: nothing changes and nothing is passed on."""
    post = await forum.home.publish(forum.anna, "@ecg Un article")
    await forum.gets()
    eve = forum.peer.actor("eve", featured=f"{forum.group.uri}/featured")
    target = {"Block": forum.group.uri}.get(kind, f"{forum.group.uri}/featured")
    object_ = forum.ben.uri if kind == "Block" else post.uri
    said = forum.peer.activity(kind, eve, object_, target=target, to=[PUBLIC], cc=[forum.group.uri])
    assert (await forum.home.take(eve, said)).startswith("refused")
    assert await forum.announced() == []
    assert await forum.shown() == 1
    assert [await forum.home.count(table) for table in ("pins", "blocks", "public_group_locks")] == [0, 0, 0]


# --- what is served ----------------------------------------------------------------------------------------------


async def test_what_the_group_says_of_itself(forum: Forum) -> None:
    status, body = await forum.home.fetch(forum.group.uri, forum.ben)
    actor = orjson.loads(body)
    assert status == 200
    assert actor["type"] == "Group"
    assert actor["attributedTo"] == actor["moderators"] == f"{forum.group.uri}/moderators"
    assert not actor["manuallyApprovesFollowers"]
    assert not actor["postingRestrictedToMods"]
    assert "accessType" not in actor
    _, body = await forum.home.fetch(actor["moderators"], forum.ben)
    assert orjson.loads(body)["orderedItems"] == [forum.anna.uri]


async def test_its_outbox_shows_what_it_announced(forum: Forum) -> None:
    theirs, post = forum.create(forum.ben), await forum.home.publish(forum.anna, "@ecg Un article")
    assert await forum.home.take(forum.ben, theirs) == "done"
    _, body = await forum.home.fetch(f"{forum.group.uri}/outbox", forum.ben)
    outbox = orjson.loads(body)
    assert outbox["totalItems"] == 2
    whole = {one["object"]["object"]["id"] for one in outbox["orderedItems"] if isinstance(one["object"], dict)}
    plain = {one["object"] for one in outbox["orderedItems"] if isinstance(one["object"], str)}
    assert (whole, plain) == ({post.uri}, {theirs["object"]["id"]})


async def test_a_private_group_has_none_of_these_collections(forum: Forum) -> None:
    private = await forum.home.group("cardiologie", forum.anna)
    for name in ("moderators", "outbox", "featured"):
        assert (await forum.home.fetch(f"{private.uri}/{name}", forum.ben))[0] == 404
        assert (await forum.home.fetch(f"{forum.group.uri}/{name}"))[0] == 401
    assert (await forum.home.fetch(f"{forum.anna.uri}/moderators", forum.ben))[0] == 404
