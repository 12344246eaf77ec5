"""Changes of the ruleset: in force at the next decision of every process, and not without a second admin where one is asked for."""

import pytest

from federation.outbox import notes, peers
from federation.outbox.hosts import allow
from federation.outbox.notes import Draft
from federation.outbox.peers import ApprovalNeededError, StaleDraftError
from federation.rules import get_rules
from policies.decision import Deny, Reason
from policies.edits import add_peer, closed_network
from policies.terms import Audience, PeerState
from storage import rules
from storage.database import Transaction
from storage.engines import connect
from tests.conftest import Addresses
from tests.federation.home import Home, ruleset
from tests.federation.peer import Peer

DAY = 24 * 3_600_000
TWO = closed_network("CHU A").replace("[instance]", "[instance]\ntwo_person = true")
WIDER = add_peer(TWO, "b.example", organisation="B", state=PeerState.ACTIVE)
NARROWER = TWO.replace('public = "allow"', 'public = "deny"')


async def test_a_version_counts_at_the_next_decision_of_every_process(addresses: Addresses) -> None:
    address = await addresses.new()
    one, other = await connect(address), await connect(address)

    async def put(text: str) -> None:
        await one.transact(lambda tx: rules.insert_version(tx, body=text, author="console", reason="test", now=1))

    await put(TWO)
    assert (await other.read(get_rules)).ruleset.peers == {}
    await put(WIDER)
    found = await other.read(get_rules)
    assert (found.version, set(found.ruleset.peers)) == (2, {"b.example"})
    await put(TWO)
    assert (await other.transact(get_rules)).ruleset.peers == {}
    await one.close()
    await other.close()


async def admin(home: Home, name: str) -> None:
    person = await home.member(name)

    async def unit(tx: Transaction) -> None:
        await tx.execute("UPDATE members SET role = 'admin' WHERE actor_id = :id", id=person.id)

    await home.db.transact(unit)


async def propose(home: Home, text: str, by: str) -> int:
    with pytest.raises(ApprovalNeededError) as caught:
        await peers.save_rules(home.ctx, text, by=by, reason="test")
    assert caught.value.draft_id is not None
    return caught.value.draft_id


async def listed(home: Home) -> set[str]:
    return set((await home.db.read(get_rules)).ruleset.peers)


async def test_what_widens_waits_for_a_second_admin(home: Home) -> None:
    await admin(home, "anna")
    await admin(home, "ben")
    await peers.save_rules(home.ctx, TWO, by="anna", reason="test")
    draft = await propose(home, WIDER, "anna")
    assert await listed(home) == set()
    for nobody_else in ("anna", ""):
        with pytest.raises(ApprovalNeededError):
            await peers.approve_draft(home.ctx, draft, by=nobody_else)
    home.clock.pass_by(2 * DAY)
    with pytest.raises(ApprovalNeededError):
        await peers.approve_draft(home.ctx, draft, by="")
    await peers.approve_draft(home.ctx, draft, by="ben")
    assert await listed(home) == {"b.example"}
    version = (await home.db.read(rules.list_versions))[0]
    assert (version.author, version.reason, version.body) == ("anna", "test", WIDER)
    with pytest.raises(StaleDraftError):
        await peers.approve_draft(home.ctx, draft, by="ben")
    acts = await home.rows("SELECT actor, act FROM audit WHERE act LIKE 'policy.%'")
    assert {("anna", "policy.propose"), ("ben", "policy.approve"), ("anna", "policy.apply")} <= set(acts)


async def test_what_narrows_waits_for_nobody_and_outdates_drafts(home: Home) -> None:
    """A draft that was written against older rules would undo what has changed since."""
    await admin(home, "anna")
    await peers.save_rules(home.ctx, TWO, by="anna", reason="test")
    draft = await propose(home, WIDER, "anna")
    await peers.save_rules(home.ctx, NARROWER, by="anna", reason="test")
    with pytest.raises(StaleDraftError):
        await peers.approve_draft(home.ctx, draft, by="ben")
    await peers.drop_draft(home.ctx, draft, by="anna")
    assert await home.db.read(rules.list_drafts) == []
    with pytest.raises(StaleDraftError):
        await peers.drop_draft(home.ctx, draft, by="anna")


async def test_who_is_the_only_admin_waits_a_day(home: Home) -> None:
    await admin(home, "anna")
    await peers.save_rules(home.ctx, TWO, by="anna", reason="test")
    draft = await propose(home, WIDER, "anna")
    with pytest.raises(ApprovalNeededError):
        await peers.approve_draft(home.ctx, draft, by="")
    home.clock.pass_by(DAY)
    await peers.approve_draft(home.ctx, draft, by="")
    assert await listed(home) == {"b.example"}


async def test_taking_the_second_admin_out_is_itself_a_widening(home: Home) -> None:
    await peers.save_rules(home.ctx, TWO, by="anna", reason="test")
    await propose(home, closed_network("CHU A"), "anna")


async def test_no_other_way_leads_around_it(home: Home) -> None:
    """Hosts allowed by the admin API are changes of the ruleset, too."""
    await peers.save_rules(home.ctx, TWO, by="anna", reason="test")
    with pytest.raises(ApprovalNeededError):
        await allow(home.ctx, "b.example", by="anna")
    assert await listed(home) == set()
    assert await home.count("listed_hosts") == 0


async def test_criteria_that_the_ruleset_adds_to_a_group_hold_for_who_is_in_it(home: Home, peer: Peer) -> None:
    anna = await home.member("anna", verified=True)
    await home.group("cardiologie", anna)
    draft = Draft(text="@cardiologie un cas", audience=Audience.GROUP)
    await peers.save_rules(
        home.ctx,
        ruleset(peer.host, more='[groups.cardiologie]\nspecialties = ["neurology"]\n'),
        by="anna",
        reason="test",
    )
    refused = await notes.publish(home.ctx, anna.id, draft)
    assert isinstance(refused, Deny)
    assert refused.reason is Reason.WRONG_SPECIALTY
