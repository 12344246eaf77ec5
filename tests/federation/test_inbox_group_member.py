"""A private group of another host that somebody here has joined: what its announcements bring, and what they do not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from federation.explaining import explain
from federation.outbox import follows as outbox_follows
from federation.outbox import notes as outbox_notes
from federation.wire.values import PUBLIC
from policies.decision import Reason
from policies.sentences import WORDS
from policies.terms import Audience
from storage.pages import Page
from storage.records import Actor, Status
from storage.timelines import list_home
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, proven

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass
class Guest:
    """Anna belongs to `cardiologie` at the peer, Nina does not; Ben at the peer writes there."""

    home: Home
    peer: Peer
    group: Someone
    stored: Actor
    anna: Actor
    nina: Actor
    ben: Someone

    @classmethod
    async def open(cls, home: Home, peer: Peer) -> "Guest":
        anna, nina = await home.member("anna", verified=True), await home.member("nina")
        group = peer.group("cardiologie", reach=(home.ctx.origin.host,))
        stored = await home.join(group, anna)
        return cls(home, peer, group, stored, anna, nina, peer.actor("ben"))

    def create(self, author: Someone, **note: Any) -> Document:
        return self.peer.group_activity(author, self.peer.group_note(author, self.group, **note))

    async def hear(self, inner: Any, *, group: Someone | None = None, **more: Any) -> str:
        """The group announces something; how that ended."""
        said_by = group or self.group
        return await self.home.take(said_by, self.peer.announce(said_by, inner, **more))

    async def post(self) -> tuple[Document, Status]:
        activity = self.create(self.ben)
        assert await self.hear(activity) == "done"
        found = await self.home.find(activity["object"]["id"])
        assert found is not None
        return activity, found

    async def sees(self, member: Actor) -> list[str]:
        """The home timeline of a member, as uris."""
        found = await self.home.db.read(lambda tx: list_home(tx, member.id, Page(limit=20), now=self.home.clock()))
        return [status.uri for status in found]

    async def state(self) -> str:
        known = await self.home.membership(self.stored, self.anna)
        return known.state if known else ""


async def test_an_announced_post_is_seen_by_members_alone(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    _, found = await guest.post()
    assert (found.audience, found.group_id) == ("group", guest.stored.id)
    assert await guest.sees(guest.anna) == [found.uri]
    assert await guest.sees(guest.nina) == []
    assert await home.count("group_activities") == 0, "a member's home keeps neither the activity nor its proof"


async def test_nothing_of_a_group_is_read_without_a_live_membership_here(home: Home, peer: Peer) -> None:
    """Lapsed, ended, only asked for, or never; no author is even asked for."""
    guest = await Guest.open(home, peer)
    stranger = peer.group("neurologie")
    await home.know(stranger)
    peer.asked.clear()
    assert await guest.hear(peer.group_activity(guest.ben, peer.group_note(guest.ben, stranger)), group=stranger) == (
        "refused: group_not_joined"
    )
    for state in ("pending", "invited", "ended", "banned"):
        await home.enroll(guest.stored, guest.anna, until=home.clock() + DAY, state=state)
        assert await guest.hear(guest.create(guest.ben)) == "refused: group_not_joined", state
    await home.enroll(guest.stored, guest.anna, until=home.clock() + HOUR)
    home.clock.pass_by(2 * HOUR)
    assert await guest.hear(guest.create(guest.ben)) == "refused: group_not_joined"
    assert await home.count("statuses") == 0
    assert peer.fetched("/users/ben") == 0


async def test_a_disabled_member_is_no_reason_to_read_a_group(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.db.transact(
        lambda tx: tx.execute("UPDATE members SET disabled_at = 1 WHERE actor_id = :id", id=guest.anna.id)
    )
    assert await guest.hear(guest.create(guest.ben)) == "refused: group_not_joined"


async def test_only_the_group_itself_brings_its_posts(home: Home, peer: Peer) -> None:
    """Not its author, not another member, not another group that is joined here as well."""
    guest = await Guest.open(home, peer)
    eve, other = peer.actor("eve"), peer.group("neurologie")
    await home.join(other, guest.anna)
    activity = guest.create(guest.ben)
    assert (await home.take(guest.ben, activity)).startswith("refused: a group-only post")
    assert (await home.take(eve, peer.announce(eve, activity))).startswith("refused")
    assert (await guest.hear(activity, group=other)).startswith("refused: a group-only post")
    assert await home.send(eve, peer.announce(guest.group, activity)) == 401
    assert await home.count("statuses") == 0
    assert await guest.hear(activity) == "done"


async def test_an_author_on_its_own_page_or_by_id_brings_no_group_post(home: Home, peer: Peer) -> None:
    """Neither by looking it up nor by an announcement that only names it: both would come without proof."""
    guest = await Guest.open(home, peer)
    activity = guest.create(guest.ben)
    note = activity["object"]
    peer.serve(note["id"].removeprefix(peer.base), note)
    peer.serve(activity["id"].removeprefix(peer.base), activity)
    for inner in (activity["id"], note["id"], note):
        assert (await guest.hear(inner)).startswith("refused")
    assert (await home.take(guest.ben, peer.activity("Create", guest.ben, note["id"]))).startswith("refused")
    assert (await home.take(guest.ben, peer.activity("Announce", guest.ben, note["id"]))).startswith("refused")
    assert await home.count("statuses") == 0


Spoil = Callable[[Document], Document]


def without_proof(activity: Document) -> Document:
    return {name: value for name, value in activity.items() if name != "proof"}


async def test_the_inner_activity_is_believed_for_its_own_proof_only(home: Home, peer: Peer) -> None:
    """FEP-171b: who relays proves nothing, not even the group."""
    guest = await Guest.open(home, peer)
    eve = peer.actor("eve")
    spoils: dict[str, tuple[Spoil, str]] = {
        "none": (without_proof, "proof-missing"),
        "of another text": (lambda one: {**one, "object": {**one["object"], "content": "x"}}, "signature-invalid"),
        "of another id": (lambda one: {**one, "id": peer.new_id()}, "signature-invalid"),
        "by another": (lambda one: proven(eve, without_proof(one)), "actor-mismatch"),
        "by the group": (lambda one: proven(guest.group, without_proof(one)), "actor-mismatch"),
        "by a key of nobody": (
            lambda one: {**one, "proof": {**one["proof"], "verificationMethod": f"{guest.ben.uri}#no-key"}},
            "key-mismatch",
        ),
        "that is a list of rubbish": (lambda one: {**one, "proof": [5, {}]}, "proof-unsupported"),
    }
    for name, (spoil, reason) in spoils.items():
        assert (await guest.hear(spoil(guest.create(guest.ben)))).startswith(f"refused: {reason}"), name
    for other in (peer.note(eve), peer.group_note(eve, guest.group)):
        foreign = peer.group_activity(guest.ben, other)
        assert (await guest.hear(foreign)).startswith("refused"), "somebody else's post, proven by its sender"
    assert await home.count("statuses") == 0


async def test_only_the_profiles_exact_addressing_is_stored(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    uri, followers = guest.group.uri, guest.group.followers
    spoilt: tuple[dict[str, Any], ...] = (
        {"to": [uri, followers, PUBLIC]},
        {"to": [uri, followers], "cc": [PUBLIC]},
        {"to": [uri, followers, guest.nina.uri]},
        {"to": [uri, followers], "cc": [guest.nina.uri]},
        {"to": [guest.nina.uri], "cc": []},
        {"to": [PUBLIC], "audience": []},
        {"to": [uri, followers], "audience": None},
        {"audience": f"{peer.base}/groups/neurologie"},
        {"audience": [uri, f"{peer.base}/groups/neurologie"]},
    )
    for addressing in spoilt:
        assert (await guest.hear(guest.create(guest.ben, **addressing))).startswith("refused"), addressing
    assert await home.count("statuses") == 0
    assert await guest.sees(guest.nina) == []


async def test_the_authors_host_is_judged_as_well(home: Home, peer: Peer, stranger: Peer) -> None:
    """Unknown or suspended: dropped and nothing fetched. Quarantined: kept for later. A group cannot carry it past us."""
    guest = await Guest.open(home, peer)
    carl = stranger.actor("carl")
    activity = stranger.group_activity(carl, stranger.group_note(carl, guest.group.uri))
    assert (await guest.hear(activity)).startswith("refused")
    listed = '[peers."{}"]\norganisation = "Other"\nstate = "{}"\n'
    await home.rule(peer.host, more=listed.format(stranger.host, "suspended"))
    assert (await guest.hear(activity)).startswith("refused")
    assert stranger.asked == []
    await home.rule(peer.host, more=listed.format(stranger.host, "quarantined"))
    assert await guest.hear(activity) == "held: peer_quarantined"
    assert await home.count("statuses") == 0
    await home.rule(peer.host, stranger.host)
    assert await guest.hear(activity) == "done"


async def test_a_group_of_a_quarantined_host_is_kept_for_later(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.rule(peer.host, state="quarantined")
    assert await guest.hear(guest.create(guest.ben)) == "held: peer_quarantined"
    assert await home.count("statuses") == 0


async def test_an_author_of_a_host_without_the_profile_is_not_read(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    stock = peer.actor("stock", capable=False)
    assert await guest.hear(guest.create(stock)) == "refused: not_capable"


async def test_an_author_who_cannot_be_asked_for_now_is_asked_for_later(home: Home, peer: Peer, stranger: Peer) -> None:
    """There is no back-fill: what is dropped while the author's home is down would be lost to this one for ever."""
    await home.rule(peer.host, stranger.host)
    guest = await Guest.open(home, peer)
    carl = stranger.actor("carl")
    served = stranger.answers.pop("/users/carl")
    activity = stranger.group_activity(carl, stranger.group_note(carl, guest.group.uri))
    stranger.respond("/users/carl", 503)
    assert await home.send(guest.group, peer.announce(guest.group, activity)) == 202
    (ended,) = await home.process()
    assert ended.startswith("due: http_status: 503")
    stranger.answers["/users/carl"] = served
    home.clock.pass_by(HOUR)
    assert await home.process() == ["done"]
    assert len(await guest.sees(guest.anna)) == 1


async def test_an_author_with_new_keys_is_believed_after_one_look(home: Home, peer: Peer) -> None:
    """And one with wrong proofs is not looked up again and again."""
    guest = await Guest.open(home, peer)
    await guest.post()
    home.clock.pass_by(10 * 60_000)
    before = peer.fetched("/users/ben")
    renewed = guest.ben.rotated()
    assert await guest.hear(guest.create(renewed)) == "done"
    assert peer.fetched("/users/ben") == before + 1
    for _ in range(3):
        assert (await guest.hear(guest.create(guest.ben))).startswith("refused: signature-invalid")
    assert peer.fetched("/users/ben") == before + 1


async def test_our_own_members_post_is_seen_when_it_comes_back(home: Home, peer: Peer) -> None:
    """Until its group has announced it, its author alone sees it."""
    guest = await Guest.open(home, peer)
    olga = await home.member("olga")
    await home.enroll(guest.stored, olga, until=home.clock() + DAY)
    post = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    assert (post.audience, post.distributed) == ("group", 0)
    assert await guest.sees(olga) == []
    while await home.deliver():
        pass
    (sent,) = peer.posted
    assert sent.path == "/groups/cardiologie/inbox"
    assert (await home.take(guest.ben, peer.announce(guest.ben, sent.document))).startswith("refused")
    assert await guest.sees(olga) == []
    assert await guest.hear(sent.document) == "done"
    assert await guest.sees(olga) == [post.uri]
    forged = {**sent.document, "object": {**sent.document["object"], "content": "x"}}
    assert (await guest.hear(forged)).startswith("refused: signature-invalid")


async def refused(guest: Guest, post: Status, *, by: Someone | None = None, summary: str = "not_a_member") -> str:
    """The group (or somebody else) says that it did not take a post; how that ended."""
    said_by = by or guest.group
    create = {"id": f"{post.uri}#create", "type": "Create", "actor": guest.anna.uri, "object": post.uri}
    return await guest.home.take(said_by, guest.peer.activity("Reject", said_by, create, summary=summary))


async def letters(home: Home) -> list[tuple[str, str]]:
    """Direct messages of the instance: to whom, and what."""
    query = (
        "SELECT a.username, s.text FROM statuses s JOIN mentions m ON m.status_id = s.id JOIN actors a ON a.id = m.actor_id "
        "WHERE s.actor_id = 1 AND s.audience = 'direct'"
    )
    return [(row[0], row[1]) for row in await home.rows(query)]


@pytest.mark.parametrize(
    ("locale", "summary", "expected"),
    [
        ("fr", "not_a_member", WORDS[Reason.NOT_A_MEMBER].member_fr),
        ("en", "not_a_member", WORDS[Reason.NOT_A_MEMBER].member_en),
        ("fr", "Idiots", "Le motif n’a pas été compris."),
        ("en", "Idiots", "Why was not understood."),
    ],
)
async def test_an_author_learns_that_the_group_did_not_take_a_post(
    home: Home, peer: Peer, locale: str, summary: str, expected: str
) -> None:
    """In their language, once; nothing of the post but its address is repeated."""
    guest = await Guest.open(home, peer)
    await home.db.transact(
        lambda tx: tx.execute("UPDATE members SET locale = :to WHERE actor_id = :id", to=locale, id=guest.anna.id)
    )
    post = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    assert await refused(guest, post, summary=summary) == "done"
    assert await refused(guest, post, summary=summary) == "refused: refused already"
    ((name, text),) = await letters(home)
    assert (name, text.endswith(expected), post.url in text) == ("anna", True, True)
    assert "un cas" not in text
    assert "Idiots" not in text
    assert await guest.sees(guest.anna) != []


async def test_only_the_group_refuses_and_only_what_waits_for_it(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    other = peer.group("neurologie")
    await home.know(other)
    waiting = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    public = await home.publish(guest.anna, "à tous")
    for someone, post in ((guest.ben, waiting), (other, waiting), (peer.instance, waiting), (guest.group, public)):
        assert (await refused(guest, post, by=someone)).startswith("refused: refuses nothing")
    while await home.deliver():
        pass
    sent = next(one.document for one in peer.posted if one.path == "/groups/cardiologie/inbox")
    assert await guest.hear(sent) == "done"
    assert (await refused(guest, waiting)).startswith("refused: refuses nothing"), "it came back"
    _, theirs = await guest.post()
    assert (await refused(guest, theirs)).startswith("refused: refuses nothing")
    assert await letters(home) == []


async def test_an_author_learns_that_the_group_did_not_take_an_edit(home: Home, peer: Peer) -> None:
    """Of a post that it took before."""
    guest = await Guest.open(home, peer)
    post = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    edit = {"id": f"{post.uri}#update", "type": "Update", "actor": guest.anna.uri, "object": post.uri}
    refusal = peer.activity("Reject", guest.group, edit, summary="not_a_member")
    assert (await home.take(guest.group, refusal)).startswith("refused: refuses nothing")
    await home.db.transact(lambda tx: tx.execute("UPDATE statuses SET distributed = 1 WHERE id = :id", id=post.id))
    assert await home.take(guest.group, peer.activity("Reject", guest.group, edit, summary="not_a_member")) == "done"
    ((_, text),) = await letters(home)
    assert "La modification" in text
    assert text.endswith(WORDS[Reason.NOT_A_MEMBER].member_fr)


async def test_only_the_group_says_where_a_post_of_ours_went(home: Home, peer: Peer) -> None:
    """Its author can read it; what is no host, and we ourselves, are left out."""
    guest = await Guest.open(home, peer)
    post = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    public = await home.publish(guest.anna, "à tous")
    _, theirs = await guest.post()

    async def said(by: Someone, about: Status, *served: Any) -> str:
        create = {"id": f"{about.uri}#create", "type": "Create", "actor": guest.anna.uri, "object": about.uri}
        return await home.take(by, peer.activity("Accept", by, create, served=list(served)))

    for by, about in ((guest.ben, post), (peer.instance, post), (guest.group, public), (guest.group, theirs)):
        assert (await said(by, about, "c.example")).startswith("refused: passes on nothing")
    assert (
        await said(guest.group, post, "c.example", "https://d.example/", 4, home.ctx.origin.host, "c.example") == "done"
    )
    known = {one.host: one.fate for one in await home.db.read(lambda tx: explain(tx, post.uri))}
    assert known["c.example"] == "sent"
    assert set(known) == {"c.example", peer.host}


# --- edits, deletions, likes -------------------------------------------------------------------------------------


async def test_edits_come_announced_and_are_the_authors(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    activity, found = await guest.post()
    eve = peer.actor("eve")
    note = {**activity["object"], "content": "<p>2</p>"}
    edit = peer.group_activity(guest.ben, note, kind="Update")
    assert (await home.take(guest.ben, edit)).startswith("refused: a group-only edit")
    stolen = {**note, "attributedTo": eve.uri}
    assert await guest.hear(peer.group_activity(eve, stolen, kind="Update")) == "refused: not_author"
    wider: tuple[dict[str, Any], ...] = ({"to": [PUBLIC]}, {"cc": [guest.nina.uri]}, {"audience": None})
    for addressing in wider:
        widened = peer.group_activity(guest.ben, {**note, **addressing}, kind="Update")
        assert (await guest.hear(widened)).startswith("refused"), addressing
    assert await home.count("status_edits") == 0
    assert await guest.hear(edit) == "done"
    edited = await home.find(found.uri)
    assert edited is not None
    assert (edited.content, edited.audience, edited.group_id) == ("<p>2</p>", "group", guest.stored.id)


@pytest.mark.parametrize("lapsed", [False, True])
async def test_a_deletion_by_the_group_or_the_author_is_always_taken(home: Home, peer: Peer, *, lapsed: bool) -> None:
    """Lease or not: what is taken back must go. By nobody else, another group included."""
    guest = await Guest.open(home, peer)
    other, eve = peer.group("neurologie"), peer.actor("eve")
    await home.join(other, guest.anna)
    (_, one), (_, two) = await guest.post(), await guest.post()
    if lapsed:
        home.clock.pass_by(2 * DAY)
    for stranger in (other, eve):
        assert await home.take(stranger, peer.activity("Delete", stranger, one.uri)) == "refused: not_author"
    assert await home.take(guest.group, peer.activity("Delete", guest.group, one.uri)) == "done"
    assert await home.take(guest.ben, peer.activity("Delete", guest.ben, two.uri)) == "done"
    assert await home.count("statuses") == 0


async def test_a_group_deletes_its_own_posts_only(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    note = peer.note(guest.ben)
    await home.take(guest.ben, peer.activity("Create", guest.ben, note))
    ours = await home.publish(guest.anna, "bonjour")
    for uri in (note["id"], ours.uri):
        assert await home.take(guest.group, peer.activity("Delete", guest.group, uri)) == "refused: not_author"
    assert await home.count("statuses") == 2


async def test_a_post_that_its_group_took_back_does_not_come_late(home: Home, peer: Peer, stranger: Peer) -> None:
    """The deletion may overtake the announcement, when an author had to be asked for again."""
    await home.rule(peer.host, stranger.host)
    guest = await Guest.open(home, peer)
    carl = stranger.actor("carl")
    activity = stranger.group_activity(carl, stranger.group_note(carl, guest.group.uri))
    uri = activity["object"]["id"]
    assert await home.take(guest.group, peer.activity("Delete", guest.group, uri)) == "done"
    assert await guest.hear(activity) == "refused: deleted already"
    assert await home.count("statuses") == 0


async def test_likes_of_a_groups_post_come_announced(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    _, found = await guest.post()
    like = proven(guest.ben, peer.activity("Like", guest.ben, found.uri, audience=guest.group.uri))
    assert await home.take(guest.ben, like) == "refused: not_found"
    assert (await guest.hear(without_proof(like))).startswith("refused: proof-missing")
    assert await guest.hear(like) == "done"
    assert await home.count("favourites") == 1
    undo = proven(guest.ben, peer.activity("Undo", guest.ben, like, audience=guest.group.uri))
    assert await guest.hear(undo) == "done"
    assert await home.count("favourites") == 0


async def test_other_things_that_a_group_may_wrap_are_left_alone(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    _, found = await guest.post()
    for kind, object_ in (
        ("Delete", found.uri), ("Announce", found.uri), ("Follow", guest.anna.uri), ("Accept", {}), ("Travel", {}),
        ("Update", guest.ben.document),
    ):  # fmt: skip
        inner = proven(guest.ben, peer.activity(kind, guest.ben, object_))
        assert (await guest.hear(inner)).startswith("refused"), kind
    assert await home.find(found.uri) is not None
    assert await home.count("follows") == 0


# --- membership, told by the group's home --------------------------------------------------------------------------


async def ask(guest: Guest, member: Actor) -> Document:
    """A member here asks to join; the Follow as sent."""
    await outbox_follows.follow(guest.home.ctx, member.id, guest.stored.id)
    known = await guest.home.membership(guest.stored, member)
    assert known is not None
    assert known.state == "pending"
    return {"id": known.follow_uri, "type": "Follow", "actor": member.uri, "object": guest.group.uri}


async def test_an_accept_counts_from_the_group_that_was_asked(home: Home, peer: Peer) -> None:
    """For who has asked, with an epoch; anything else makes nobody a member."""
    guest = await Guest.open(home, peer)
    other, eve, olga = peer.group("neurologie"), peer.actor("eve"), await home.member("olga")
    await home.know(other)
    join = await ask(guest, olga)
    for someone in (other, eve):
        for asked in (join, join["id"], {**join, "object": someone.uri}):
            accept = peer.activity("Accept", someone, asked, epoch=5)
            assert (await home.take(someone, accept)).startswith("refused"), someone.name
    unasked = {**join, "actor": guest.nina.uri, "id": peer.new_id()}
    assert (
        await home.take(guest.group, peer.activity("Accept", guest.group, unasked, epoch=5))
        == "refused: group_not_joined"
    )
    for epoch in (None, "5", -1, True, 1.5):
        accept = peer.activity("Accept", guest.group, join, epoch=epoch)
        assert (await home.take(guest.group, accept)).startswith("refused: shape"), epoch
    assert await home.count("memberships", "state = 'active'") == 1
    assert await home.take(guest.group, peer.activity("Accept", guest.group, join, epoch=5)) == "done"
    known = await home.membership(guest.stored, olga)
    assert known is not None
    assert (known.state, known.epoch) == ("active", 5)


async def test_a_lease_is_never_longer_than_a_week_nor_shorter_than_an_hour(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    join = {"type": "Follow", "actor": guest.anna.uri, "object": guest.group.uri}
    told: list[tuple[Any, int]] = [(None, 24), (0, 1), (-5, 1), (10**9, 168), ("x", 24), (12, 12), (True, 1), ([], 24)]
    for epoch, (lease, hours) in enumerate(told, start=10):
        accept = peer.activity("Accept", guest.group, join, epoch=epoch, lease=lease)
        assert await home.take(guest.group, accept) == "done"
        known = await home.membership(guest.stored, guest.anna)
        assert known is not None
        assert abs(known.lease_until - home.clock() - hours * HOUR) < 1000, lease


async def test_an_act_of_membership_that_is_older_than_the_last_is_ignored(home: Home, peer: Peer) -> None:
    """A late Accept revives nobody, a late Reject expels nobody; also after asking again."""
    guest = await Guest.open(home, peer)
    join = {"type": "Follow", "actor": guest.anna.uri, "object": guest.group.uri}

    async def told(kind: str, epoch: int) -> str:
        return await home.take(guest.group, peer.activity(kind, guest.group, join, epoch=epoch))

    assert await told("Accept", 50) == "done"
    assert await told("Reject", 40) == "refused: epoch_old"
    assert await guest.state() == "active"
    assert await told("Reject", 60) == "done"
    assert await guest.state() == "ended"
    assert await told("Accept", 55) == "refused: group_not_joined"
    assert await told("Accept", 70) == "refused: group_not_joined", "nobody has asked again"
    await ask(guest, guest.anna)
    assert await told("Accept", 55) == "refused: epoch_old"
    assert await guest.state() == "pending"
    assert await told("Accept", 71) == "done"
    assert await guest.state() == "active"


async def test_a_removal_hides_at_once_what_was_seen(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    _, found = await guest.post()
    assert await guest.sees(guest.anna) == [found.uri]
    join = {"type": "Follow", "actor": guest.anna.uri, "object": guest.group.uri}
    eve = peer.actor("eve")
    assert (await home.take(eve, peer.activity("Reject", eve, join, epoch=9))).startswith("refused")
    assert await guest.sees(guest.anna) == [found.uri]
    assert await home.take(guest.group, peer.activity("Reject", guest.group, join, epoch=9)) == "done"
    assert await guest.sees(guest.anna) == []
    assert await guest.hear(guest.create(guest.ben)) == "refused: group_not_joined"


async def test_a_removal_passes_from_a_suspended_host(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    await home.rule(peer.host, state="suspended")
    join = {"type": "Follow", "actor": guest.anna.uri, "object": guest.group.uri}
    assert await home.send(guest.group, peer.activity("Reject", guest.group, join, epoch=9)) == 202
    await home.process()
    assert await guest.state() == "ended"


async def test_a_group_that_is_gone_has_no_members_here(home: Home, peer: Peer) -> None:
    guest = await Guest.open(home, peer)
    _, found = await guest.post()
    assert await guest.sees(guest.anna) == [found.uri]
    assert await home.take(guest.group, peer.activity("Delete", guest.group, guest.group.uri)) == "done"
    assert await guest.state() == "ended"
    assert await guest.sees(guest.anna) == []


async def test_a_higher_epoch_makes_the_slice_due(home: Home, peer: Peer) -> None:
    """There may have been acts in between that never came."""
    guest = await Guest.open(home, peer)
    await home.db.transact(lambda tx: tx.execute("UPDATE groups SET pull_due_at = :far", far=2**60))
    await guest.hear(guest.create(guest.ben), epoch=1)
    first = await home.rows("SELECT epoch, pull_due_at FROM groups WHERE local = 0")
    await guest.hear(guest.create(guest.ben), epoch=7)
    (then,) = await home.rows("SELECT epoch, pull_due_at FROM groups WHERE local = 0")
    assert first[0][0] == 1
    assert then[0] == 7
    assert then[1] <= home.clock()


# --- a group's home that is gone ---------------------------------------------------------------------------------


async def test_a_post_is_taken_back_where_its_group_passed_it_on(home: Home, peer: Peer, stranger: Peer) -> None:
    """By its author's home itself, and confirmed to it: the group's home may be gone. Nobody who is not admitted is asked."""
    await home.rule(peer.host, stranger.host)
    guest = await Guest.open(home, peer)
    links = [
        {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{stranger.base}/nodeinfo/2.0"},
        {"rel": "https://www.w3.org/ns/activitystreams#Application", "href": stranger.instance.uri},
    ]
    stranger.serve("/.well-known/nodeinfo", {"links": links}, content_type="application/json")
    post = await home.publish(guest.anna, f"@cardiologie@{peer.host} un cas", Audience.FOLLOWERS)
    create = {"id": f"{post.uri}#create", "type": "Create", "actor": guest.anna.uri, "object": post.uri}
    async with Peer() as unlisted:
        served = [peer.host, stranger.host, unlisted.host]
        assert await home.take(guest.group, peer.activity("Accept", guest.group, create, served=served)) == "done"
        assert unlisted.asked == []
    while await home.deliver():
        pass
    peer.respond("/groups/cardiologie/inbox", 503)
    stranger.asked.clear()
    await outbox_notes.delete(home.ctx, guest.anna.id, post.id)
    await home.deliver()
    (told,) = stranger.posted
    assert (told.path, told.document["type"], told.document["object"]["id"]) == ("/inbox", "Delete", post.uri)
    confirmation = {"id": told.document["id"], "type": "Delete", "actor": guest.anna.uri, "object": post.uri}
    answer = stranger.activity("Accept", stranger.instance, confirmation)
    assert await home.take(stranger.instance, answer) == "done"
    known = {one.host: one.fate for one in await home.db.read(lambda tx: explain(tx, post.uri))}
    assert (known[stranger.host], known[peer.host]) == ("deleted", "asked_to_delete")
