"""What peers' agreements say of their content, carried out: parts left out, bounds of what waits, days that end."""

from datetime import UTC, datetime, timedelta

import orjson

from federation import memberships
from federation.act import perform
from federation.keeping import drop_overdue, forget_old_posts
from federation.leftovers import purge_left_groups
from federation.outbox import groups as acts
from federation.outbox.polls import PollDraft
from federation.upkeep import go_round
from policies.ruleset import day_of
from policies.terms import Audience
from storage import purges
from storage.media_store import MediaStore
from storage.records import Actor
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone
from tests.federation.test_doors import attached
from tests.federation.test_inbox_group_home import Ward

DAY = 24 * 3_600_000
IMAGE = {"type": "Document", "mediaType": "image/png", "url": "https://b.example/1.png"}


async def agree(home: Home, peer: Peer, **settings: str) -> None:
    """The peer is active, with these settings."""
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    await home.rule(peer.host, more=lines)


async def followed(home: Home, peer: Peer) -> tuple[Someone, str]:
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    assert await home.take(ben, peer.activity("Follow", ben, anna.uri)) == "done"
    await home.deliver()
    return ben, anna.uri


async def test_files_that_are_not_wanted_neither_come_nor_go(home: Home, peer: Peer, files: MediaStore) -> None:
    ben, anna_uri = await followed(home, peer)
    await agree(home, peer, kinds='{ media = "strip", profiles = "strip" }')
    anna = await home.stored(anna_uri)
    theirs = peer.create(ben, attachment=[IMAGE])
    assert await home.take(ben, theirs) == "done"
    assert await home.count("media") == 0
    post = await home.publish(anna, "bonjour", Audience.FOLLOWERS)
    await attached(home, files, post)
    status, body = await home.fetch(post.uri, ben)
    assert (status, "attachment" in orjson.loads(body)) == (200, False)
    (file,) = await home.rows("SELECT id FROM media")
    assert (await home.fetch(f"/ap/media/{file[0]}", ben))[0] == 404
    actor = orjson.loads((await home.fetch(anna.uri, ben))[1])
    assert "summary" not in actor
    assert actor["publicKey"]
    carl = peer.actor("carl", summary="<p>Cardiologue</p>")
    known = await home.know(carl)
    assert (known.username, known.summary) == ("carl", "")
    await home.rule(peer.host)
    assert (await home.know(carl)).summary == "<p>Cardiologue</p>"
    status, body = await home.fetch(post.uri, ben)
    assert len(orjson.loads(body)["attachment"]) == 1
    assert (await home.fetch(f"/ap/media/{file[0]}", ben))[0] == 200


async def test_a_delivery_goes_out_as_the_rules_want_it_when_it_goes(home: Home, peer: Peer) -> None:
    """Queued before the rule was made, sent after it."""
    ben, anna_uri = await followed(home, peer)
    anna = await home.stored(anna_uri)
    await home.publish(anna, "sondage", poll=PollDraft(("a", "b"), 3600_000))
    await agree(home, peer, kinds='{ polls = "strip" }')
    await home.deliver()
    (sent,) = [one.document for one in peer.posted if one.document["type"] == "Create"]
    assert (sent["object"]["type"], "oneOf" in sent["object"], "proof" in sent) == ("Note", False, False)
    await agree(home, peer, kinds='{ posts = "deny" }')
    await home.publish(anna, "bonjour")
    assert await home.deliver() == 0
    assert await home.rows("SELECT reason FROM decisions WHERE outcome = 'deny'") == [("kind_refused",)]
    assert await home.take(ben, peer.create(ben)) == "refused: kind_refused"
    assert await home.take(ben, peer.create(ben, inReplyTo=f"{anna_uri}/nothing")) == "done"


async def test_what_waits_is_bounded_and_goes_some_day(home: Home, peer: Peer) -> None:
    ben, anna_uri = await followed(home, peer)
    await home.rule(peer.host, state="quarantined", more="limits = { held = 2, held_days = 3 }\n")
    ended = [await home.take(ben, peer.create(ben)) for _ in range(3)]
    assert ended == ["held: peer_quarantined", "held: peer_quarantined", "refused: held_full"]
    admitted = await home.rows("SELECT outcome, reason, host FROM decisions WHERE point = 'admit'")
    assert admitted == [("hold", "peer_quarantined", peer.host)] * 3
    (facts,) = await home.rows("SELECT body FROM decision_facts f JOIN decisions d ON d.facts = f.digest LIMIT 1")
    assert "Bonjour" not in facts[0]
    anna = await home.stored(anna_uri)
    for _ in range(3):
        await home.publish(anna, "bonjour")
    assert await home.count("deliveries", "state = 'held'") == 2
    assert await home.count("decisions", "reason = 'held_full'") == 1
    home.clock.pass_by(4 * DAY)
    await perform(home.ctx, drop_overdue)
    assert await home.count("deliveries", "state = 'held'") == 0
    assert await home.rows("SELECT DISTINCT reason FROM deliveries WHERE state = 'refused'") == [("held_too_long",)]
    assert await home.count("inbox", "state = 'refused' AND reason = 'held_too_long' AND body IS NULL") == 2


async def test_posts_of_a_peer_are_kept_for_as_long_as_agreed(home: Home, peer: Peer) -> None:
    ben, anna_uri = await followed(home, peer)
    await agree(home, peer, retention_days="10")
    anna = await home.stored(anna_uri)
    ours = await home.publish(anna, "bonjour")
    theirs = peer.create(ben)
    assert await home.take(ben, theirs) == "done"
    home.clock.pass_by(9 * DAY)
    await forget_old_posts(home.ctx)
    assert await home.find(theirs["object"]["id"]) is not None
    home.clock.pass_by(2 * DAY)
    await forget_old_posts(home.ctx)
    assert await home.find(theirs["object"]["id"]) is None
    assert await home.find(ours.uri) is not None
    assert (
        await home.take(ben, peer.create(ben, published="2026-01-01T00:00:00Z")) == "refused: known or deleted already"
    )


async def test_the_end_of_an_agreement_may_suspend_and_its_renewal_undoes_it(home: Home, peer: Peer) -> None:
    await followed(home, peer)
    last = day_of(home.clock())

    async def until(day: str) -> None:
        agreement = f"{{ reference = '1', from = 2020-01-01, until = {day} }}"
        await agree(home, peer, agreement=agreement, on_expiry='"suspend"')

    await until(last.isoformat())
    await go_round(home.ctx)
    assert await home.count("follows") == 1
    home.clock.pass_by(DAY)
    await go_round(home.ctx)
    assert await home.count("follows") == 0
    assert await home.count("actors", "host = :host AND host_suspended = 1", host=peer.host) > 0
    await until((last + timedelta(days=30)).isoformat())
    assert await home.count("actors", "host_suspended = 1") == 0


async def test_posts_of_a_group_go_with_its_last_member_here(home: Home, peer: Peer) -> None:
    """Not with the last but one; and what a member of ours wrote stays."""
    anna, bob = await home.member("anna", verified=True), await home.member("bob", verified=True)
    group, ben = peer.group("neuro"), peer.actor("ben")
    peer.attest(ben, now=home.clock())
    stored = await home.join(group, anna)
    await home.join(group, bob)
    theirs = peer.group_activity(ben, peer.group_note(ben, group.uri))
    assert await home.take(group, peer.announce(group, theirs)) == "done"
    await home.publish(anna, f"@neuro@{peer.host} un avis")
    await expel(home, peer, group, anna, epoch=2)
    await purge_left_groups(home.ctx)
    assert await home.find(theirs["object"]["id"]) is not None
    await expel(home, peer, group, bob, epoch=3)
    await purge_left_groups(home.ctx)
    assert await home.find(theirs["object"]["id"]) is None
    assert await home.count("statuses", "group_id = :group", group=stored.id) == 1


async def said_purged(home: Home, peer: Peer, group: Someone) -> list[tuple[str, int]]:
    """What the group's home has been told since the last time: by whom, up to which epoch."""
    await purge_left_groups(home.ctx)
    peer.asked.clear()
    while await home.deliver():
        pass
    about = {"type": "Delete", "actor": group.uri, "object": group.uri}
    said = [one.document for one in peer.posted]
    return [(one["actor"], one["epoch"]) for one in said if one["object"] == about]


async def test_a_host_without_members_says_that_it_keeps_nothing(home: Home, peer: Peer) -> None:
    """Once; again when the home's word on a leaving comes later; and again after somebody has come and gone."""
    anna = await home.member("anna", verified=True)
    group = peer.group("neuro")
    stored = await home.join(group, anna)
    assert await said_purged(home, peer, group) == []
    await perform(home.ctx, lambda act: memberships.leave(act, stored, anna))
    known = await home.membership(stored, anna)
    assert known is not None
    us = home.ctx.origin.instance_actor
    assert await said_purged(home, peer, group) == [(us, known.epoch)]
    assert await said_purged(home, peer, group) == []
    await expel(home, peer, group, anna, epoch=known.epoch + 1)
    assert await said_purged(home, peer, group) == [(us, known.epoch + 1)]
    await home.join(group, anna, epoch=known.epoch + 2)
    assert await said_purged(home, peer, group) == []
    again = await home.membership(stored, anna)
    assert again is not None
    await expel(home, peer, group, anna, epoch=again.epoch + 1)
    assert await said_purged(home, peer, group) == [(us, again.epoch + 1)]


async def test_hosts_that_have_not_said_that_they_purged_are_listed(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await ward.post()
    await ward.announced()
    ben = await home.stored(ward.ben.uri)
    await home.enroll(ward.group, ben, epoch=7)
    known = await home.membership(ward.group, ben)
    assert known is not None

    def purged(epoch: int, group: str = ward.group.uri) -> Document:
        gone = {"type": "Delete", "actor": group, "object": group}
        return peer.activity("Accept", peer.instance, gone, epoch=epoch)

    async def unsaid() -> list[str]:
        return await home.db.read(lambda tx: purges.list_unsaid(tx, ward.group.id))

    assert await home.take(peer.instance, purged(known.epoch)) == "done"  # the word comes before the leaving is known
    assert await unsaid() == []
    assert await acts.remove(home.ctx, ward.group.id, known.actor_id, by="anna") is True
    assert await unsaid() == [peer.host]
    ended = await home.membership(ward.group, ben)
    assert ended is not None
    assert (await home.take(ward.ben, {**purged(ended.epoch), "actor": ward.ben.uri})).startswith("refused")
    assert (await home.take(peer.instance, purged(ended.epoch, ward.anna.uri))).startswith("refused")
    assert (await home.take(peer.instance, {**purged(ended.epoch), "epoch": "soon"})).startswith("refused")
    assert await home.take(peer.instance, purged(known.epoch + 1)) == "done"
    assert await unsaid() == [peer.host]
    assert await home.take(peer.instance, purged(ended.epoch)) == "done"
    assert await unsaid() == []
    assert (await home.take(peer.instance, purged(ended.epoch + 1))).startswith("refused")


async def expel(home: Home, peer: Peer, group: Someone, member: Actor, *, epoch: int) -> None:
    follow = {"type": "Follow", "actor": member.uri, "object": group.uri}
    assert await home.take(group, peer.activity("Reject", group, follow, epoch=epoch)) == "done"


async def test_an_old_follow_lets_nobody_in_again(home: Home, peer: Peer) -> None:
    """It was answered, and what it began has ended since: it comes again after a crash, or from a backup of its sender."""
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    peer.attest(ben, now=home.clock())
    await home.know(peer.instance)
    follow = peer.activity("Follow", ben, group.uri)
    assert await home.take(ben, follow) == "done"
    member = await home.stored(ben.uri)
    await perform(home.ctx, lambda act: memberships.end(act, group.id, member))
    await home.put(ben, follow)
    assert await home.process() == ["refused: epoch_old"]
    assert await home.take(ben, peer.activity("Follow", ben, group.uri)) == "done"


async def test_a_lease_runs_from_when_it_was_given(home: Home, peer: Peer) -> None:
    """However late the word of it comes; and a refusal that comes late keeps an older word out."""
    anna, group = await home.member("anna", verified=True), peer.group("neuro")
    stored = await home.know(group)
    membership = await home.enroll(stored, anna, state="pending", until=0)
    follow = {"id": membership.follow_uri, "type": "Follow", "actor": anna.uri, "object": group.uri}
    given = home.clock()
    published = datetime.fromtimestamp((given - DAY // 2) / 1000, UTC).isoformat()
    accept = peer.activity("Accept", group, follow, epoch=5, lease=24, published=published)
    assert await home.take(group, accept) == "done"
    found = await home.membership(stored, anna)
    assert found is not None
    assert abs(found.lease_until - (given + DAY // 2)) < 2000
    for epoch, ended in ((7, "done"), (9, "done"), (8, "refused: epoch_old")):
        assert await home.take(group, peer.activity("Reject", group, follow, epoch=epoch)) == ended
    found = await home.membership(stored, anna)
    assert found is not None
    assert (found.state, found.epoch) == ("ended", 9)
