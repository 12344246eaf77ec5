"""How a group of ours ends, who is told what, and who may look into it although they are not in it."""

import pytest

from federation import memberships
from federation.act import perform
from federation.ending import empty_purged_groups
from federation.outbox import closing, looking, notes, peers
from federation.outbox import groups as acts
from federation.outbox.notes import Draft, Edit, Published
from federation.telling import send_notices
from policies.decision import Deny, Hold, Reason
from policies.looking import ASKED_FOR, OPEN_FOR
from policies.terms import Audience
from storage.database import Transaction
from storage.members import Person, get_person
from storage.records import Actor, Status
from tests.federation.home import Home, ruleset
from tests.federation.peer import Peer
from tests.federation.test_inbox_group_home import Ward


async def posting(ward: Ward, text: str = "bonjour") -> object:
    draft = Draft(f"@{ward.group.username} {text}", Audience.FOLLOWERS)
    return await notes.publish(ward.home.ctx, ward.anna.id, draft)


async def told(home: Home, who: Actor) -> list[str]:
    """What the instance wrote to somebody here, and to nobody else, oldest first."""
    await send_notices(home.ctx)
    return [
        row[0]
        for row in await home.rows(
            "SELECT s.text FROM statuses s JOIN mentions m ON m.status_id = s.id WHERE s.actor_id = 1 AND s.audience = 'direct' "
            "AND m.actor_id = :id AND (SELECT count(*) FROM mentions n WHERE n.status_id = s.id) = 1 ORDER BY s.id",
            id=who.id,
        )
    ]


async def said(home: Home, group: Actor) -> list[str]:
    """What the group itself posted, for its members and nobody else."""
    query = "SELECT content FROM statuses WHERE actor_id = :id AND group_id = :id AND audience = 'group' ORDER BY id"
    return [row[0] for row in await home.rows(query, id=group.id)]


async def admin(home: Home, name: str, role: str = "admin") -> Person:
    actor = await home.member(name)

    async def unit(tx: Transaction) -> Person | None:
        await tx.execute("UPDATE members SET role = :role WHERE actor_id = :id", id=actor.id, role=role)
        return await get_person(tx, actor.id)

    person = await home.db.transact(unit)
    assert person is not None
    return person


def reason_of(outcome: object) -> Reason | None:
    return outcome.reason if isinstance(outcome, Deny | Hold) else None


async def test_an_archived_group_is_read_and_takes_nothing(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    published = await posting(ward)
    assert isinstance(published, Published)
    await home.enroll(ward.group, await home.stored(ward.eve.uri), state="pending")
    assert await closing.archive(home.ctx, ward.group.id, by="anna") is None
    assert await closing.archive(home.ctx, ward.group.id, by="anna") is None
    assert len(await said(home, ward.group)) == 1
    announced = [one["object"] for one in await ward.announced() if one["type"] == "Announce"]
    assert [one["actor"] for one in announced] == [ward.anna.uri, ward.group.uri]
    assert reason_of(await posting(ward)) is Reason.GROUP_CLOSED
    edited = await notes.edit(home.ctx, ward.anna.id, published.status.id, Edit("@cardiologie autre chose"))
    assert reason_of(edited) is Reason.GROUP_CLOSED
    assert await ward.take(ward.ben, ward.create(ward.ben)) == f"refused: {Reason.GROUP_CLOSED}"
    eve, ben = await home.stored(ward.eve.uri), await home.stored(ward.ben.uri)
    assert [(one.state if one else "") for one in [await home.membership(ward.group, who) for who in (eve, ben)]] == [
        "ended",
        "active",
    ]
    assert await closing.reopen(home.ctx, ward.group.id, by="anna") is None
    assert isinstance(await posting(ward), Published)


async def test_a_purged_group_is_gone_everywhere_and_hosts_confirm_it(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    await ward.post()
    assert isinstance(await posting(ward), Published)
    await ward.announced()
    assert await closing.purge(home.ctx, ward.group.id, by="console") is None
    for who in (ward.anna, await home.stored(ward.ben.uri)):
        ended = await home.membership(ward.group, who)
        assert ended is not None
        assert ended.state == "ended"
    await empty_purged_groups(home.ctx)
    assert await home.count("statuses", "group_id = :id", id=ward.group.id) == 0
    assert await home.rows("SELECT closed, listed FROM groups") == [("purged", 0)]
    sent = await ward.announced()
    assert sorted(one["type"] for one in sent) == ["Delete", "Delete", "Reject"]
    asked = await home.rows("SELECT count(*) FROM receipts WHERE group_id = :id AND retracted_at > 0", id=ward.group.id)
    assert asked == [(2,)]
    for again in (closing.reopen, closing.archive, closing.purge):
        assert reason_of(await again(home.ctx, ward.group.id, by="anna")) is Reason.GROUP_CLOSED


async def test_the_last_moderator_may_go_and_the_group_waits_for_another(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    david, chief = await home.member("david", verified=True), await admin(home, "chief")
    await home.enroll(ward.group, david)
    await perform(home.ctx, lambda act: memberships.leave(act, ward.group, ward.anna))
    assert ["cardiologie" in one for one in await told(home, chief.actor)] == [True]
    draft = Draft("@cardiologie bonjour", Audience.FOLLOWERS)
    assert reason_of(await notes.publish(home.ctx, david.id, draft)) is Reason.GROUP_UNMODERATED
    assert await ward.take(ward.ben, ward.create(ward.ben)) == f"refused: {Reason.GROUP_UNMODERATED}"
    await acts.set_moderator(home.ctx, ward.group.id, david.id, by="console", moderator=True)
    assert isinstance(await notes.publish(home.ctx, david.id, draft), Published)


async def test_who_hands_over_first_leaves_a_group_that_goes_on(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    david, chief = await home.member("david", verified=True), await admin(home, "chief")
    await home.enroll(ward.group, david)
    await acts.set_moderator(home.ctx, ward.group.id, david.id, by="anna", moderator=True)
    await perform(home.ctx, lambda act: memberships.leave(act, ward.group, ward.anna))
    assert await told(home, chief.actor) == []
    assert await ward.take(ward.ben, ward.create(ward.ben)) == "done"


async def test_moderators_learn_of_the_first_member_of_a_host(home: Home, peer: Peer) -> None:
    anna = await home.member("anna", verified=True)
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    for name in ("ben", "carl"):
        someone = peer.actor(name)
        peer.attest(someone, now=home.clock())
        assert await home.take(someone, peer.activity("Follow", someone, group.uri)) == "done"
        assert await acts.accept(home.ctx, group.id, (await home.stored(someone.uri)).id, by="anna") is None
    assert [peer.host in one for one in await told(home, anna)] == [True]


async def test_the_glass_is_broken_for_an_hour_and_the_group_knows(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    chief, other = await admin(home, "chief"), await admin(home, "auditor", "auditor")
    assert isinstance(await posting(ward, "le secret"), Published)

    async def read() -> list[Status] | Deny:
        return await looking.read(home.ctx, ward.group.id, chief, most=20)

    assert reason_of(await read()) is Reason.LOOK_OVER
    assert reason_of(await looking.ask(home.ctx, ward.group.id, other, reason="x")) is Reason.ROLE
    assert await looking.ask(home.ctx, ward.group.id, chief, reason="plainte @eve") is None
    posts = await read()
    assert isinstance(posts, list)
    assert any("le secret" in one.text for one in posts)
    (notice,) = await said(home, ward.group)
    assert "chief" in notice
    assert "plainte" in notice
    assert await home.count("mentions", "status_id = (SELECT max(id) FROM statuses)") == 0
    assert reason_of(await looking.read(home.ctx, ward.group.id, other, most=20)) is Reason.ROLE
    home.clock.pass_by(OPEN_FOR)
    assert reason_of(await read()) is Reason.LOOK_OVER
    named = "SELECT act FROM audit WHERE act IN ('group.break_glass', 'group.read') ORDER BY id"
    assert await home.rows(named) == [("group.break_glass",), ("group.read",)]


async def test_two_people_break_the_glass_where_two_are_asked(home: Home, peer: Peer) -> None:
    ward = await Ward.open(home, peer)
    chief, other = await admin(home, "chief"), await admin(home, "ines")
    two = ruleset(peer.host).replace("[instance]", "[instance]\ntwo_person = true")

    await peers.save_rules(home.ctx, two, by="console", reason="test")
    assert reason_of(await looking.ask(home.ctx, ward.group.id, chief, reason="plainte")) is Reason.AWAITS_SECOND
    assert await said(home, ward.group) == []
    assert reason_of(await looking.read(home.ctx, ward.group.id, chief, most=20)) is Reason.LOOK_OVER
    assert ["plainte" in one for one in await told(home, other.actor)] == [True]
    assert reason_of(await looking.agree(home.ctx, ward.group.id, chief)) is Reason.OWN_DRAFT
    assert await looking.agree(home.ctx, ward.group.id, other) is None
    assert isinstance(await looking.read(home.ctx, ward.group.id, chief, most=20), list)
    assert len(await said(home, ward.group)) == 1
    await looking.ask(home.ctx, ward.group.id, chief, reason="encore")
    home.clock.pass_by(ASKED_FOR + 1)
    with pytest.raises(LookupError):
        await looking.agree(home.ctx, ward.group.id, other)
