"""One delivery and one host: signatures and which of them a host understands, answers and what follows from each."""

from dataclasses import replace
from itertools import pairwise

import pytest
from aiohttp import web

from federation.delivery import claim, deliver
from federation.outbox import groups as group_acts
from federation.outbox import notes
from federation.verifying import get_stored_key
from federation.wire.messages import Request, Scheme
from federation.wire.render import RFC_9421
from federation.wire.signatures import parse, verify
from policies.delivery import RETRY_AFTER
from policies.terms import Audience
from storage import actors, deliveries
from storage.records import Actor, Delivery, HostState
from tests.federation.home import Home
from tests.federation.peer import Answer, Peer, Someone

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
INBOX = "/inbox"


async def followed(home: Home, *peers: Peer) -> Actor:
    """Anna, whom one person at each of these peers follows."""
    anna = await home.member("anna", verified=True)
    for peer in peers:
        ben = peer.actor("ben")
        await home.take(ben, peer.activity("Follow", ben, anna.uri))
    while await home.deliver():
        pass
    for peer in peers:
        peer.asked.clear()
    await home.db.transact(lambda tx: tx.execute("DELETE FROM hosts"))
    await home.db.transact(lambda tx: tx.execute("DELETE FROM deliveries"))
    return anna


async def only(home: Home) -> Delivery:
    """The delivery that there is."""
    (row,) = await home.rows("SELECT id FROM deliveries")
    columns = "id, activity_id, sender_id, host, inbox, kind, audience, object_uri, group_id, state, attempts, due_at, "
    columns += "lease_owner, reason, created_at, finished_at"
    (found,) = await home.rows(f"SELECT {columns} FROM deliveries WHERE id = :id", id=row[0])
    return Delivery(*found)


async def host(home: Home, peer: Peer) -> HostState:
    return await home.db.read(lambda tx: deliveries.get_host(tx, peer.host))


async def test_what_is_sent_is_signed_well_for_its_very_target(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    post = await home.publish(anna, "bonjour")
    assert await home.deliver() == 1
    (sent,) = peer.posted
    assert (sent.path, sent.headers["Content-Type"]) == (INBOX, "application/activity+json")
    assert sent.document["object"]["id"] == post.uri
    request = Request("POST", peer.shared_inbox, tuple(sent.headers.items()), sent.body)
    stored = await home.db.read(lambda tx: get_stored_key(tx, f"{anna.uri}#main-key"))
    assert stored is not None
    assert verify(request, parse(request), stored, now=home.clock()).owner == anna.uri
    assert (await only(home)).state == "done"


def speaking(scheme: Scheme, refusal: int = 401) -> Answer:
    """An inbox that understands one scheme only."""

    async def answer(request: web.Request) -> web.Response:
        spoken = Scheme.RFC9421 if "Signature-Input" in request.headers else Scheme.CAVAGE
        return web.Response(status=202 if spoken is scheme else refusal)

    return answer


@pytest.mark.parametrize("refusal", [400, 401])
async def test_a_host_is_spoken_to_in_the_scheme_that_it_took_last(home: Home, peer: Peer, refusal: int) -> None:
    """Cavage at first; after 400 or 401 the other one, once; and so on when a host changes its mind."""
    anna = await followed(home, peer)
    tried: list[list[Scheme]] = []
    for scheme in (Scheme.RFC9421, Scheme.RFC9421, Scheme.CAVAGE, Scheme.CAVAGE):
        peer.answers[INBOX] = speaking(scheme, refusal)
        peer.asked.clear()
        await home.publish(anna, "bonjour")
        assert await home.deliver() == 1
        tried.append([one.scheme for one in peer.posted])
        assert (await host(home, peer)).scheme == scheme
    cavage, rfc9421 = Scheme.CAVAGE, Scheme.RFC9421
    assert tried == [[cavage, rfc9421], [rfc9421], [rfc9421, cavage], [cavage]]
    assert await home.count("deliveries", "state = 'done'") == 4


async def test_a_host_that_advertises_rfc9421_is_spoken_to_so_from_the_beginning(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    await home.db.transact(
        lambda tx: tx.execute(
            "UPDATE actors SET capabilities = :all WHERE host = :host", all=f'["{RFC_9421}"]', host=peer.host
        )
    )
    await home.publish(anna, "bonjour")
    await home.deliver()
    assert [one.scheme for one in peer.posted] == [Scheme.RFC9421]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_is_success(home: Home, peer: Peer, status: int) -> None:
    anna = await followed(home, peer)
    peer.respond(INBOX, status)
    await home.publish(anna, "bonjour")
    await home.deliver()
    assert (await only(home)).state == "done"


async def test_what_will_not_get_better_is_not_tried_again(home: Home, peer: Peer) -> None:
    """And says nothing against the host: the next delivery goes out at once."""
    anna = await followed(home, peer)
    for status in (400, 405, 406, 410, 413, 422):
        peer.respond(INBOX, status)
        await home.publish(anna, "bonjour")
        assert await home.deliver() == 1
        found = await only(home)
        assert (found.state, found.reason) == ("dead", f"answered {status}")
        assert (await host(home, peer)).failures == 0
        await home.db.transact(lambda tx: tx.execute("DELETE FROM deliveries"))


async def test_what_may_get_better_is_tried_again_later(home: Home, peer: Peer) -> None:
    """Also a redirect: a signature is for its target alone, so that it is not followed."""
    anna = await followed(home, peer)
    for status in (401, 403, 404, 408, 500, 502, 503, 504, 301, 302, 307):
        peer.respond(INBOX, status, Location=f"{peer.base}/elsewhere")
        await home.publish(anna, "bonjour")
        assert await home.deliver() == 1, status
        found = await only(home)
        assert (found.state, found.attempts) == ("due", 1), status
        assert RETRY_AFTER[0] <= found.due_at - home.clock() + 50 <= RETRY_AFTER[0] * 1.3 + 100
        assert (await host(home, peer)).failures == int(status >= 500)
        await home.db.transact(lambda tx: tx.execute("DELETE FROM deliveries"))
        await home.db.transact(lambda tx: tx.execute("DELETE FROM hosts"))
    assert not [one for one in peer.asked if one.path == "/elsewhere"]


async def test_a_host_that_fails_rests_longer_each_time_and_is_forgiven_at_once(home: Home, peer: Peer) -> None:
    """Nothing is even tried while it rests, whatever waits for it; every attempt is signed afresh."""
    anna = await followed(home, peer)
    peer.respond(INBOX, 503)
    await home.publish(anna, "un")
    rests = []
    for _ in range(4):
        assert await home.deliver() == 1
        await home.publish(anna, "encore")
        assert await home.deliver() == 0
        await home.db.transact(lambda tx: tx.execute("DELETE FROM deliveries WHERE attempts = 0"))
        state = await host(home, peer)
        rests.append(state.retry_at - home.clock())
        home.clock.pass_by(max(state.retry_at, (await only(home)).due_at) - home.clock.time)
    assert [2 * before <= after * 1.3 for before, after in pairwise(rests)] == [True] * 3
    assert len({one.headers["Date"] for one in peer.posted}) == 4
    peer.respond(INBOX, 202)
    assert await home.deliver() == 1
    state = await host(home, peer)
    assert (state.failures, state.retry_at, state.last_error) == (0, 0, "")


async def test_a_host_that_is_dead_for_days_is_parked_and_is_back_when_it_talks_to_us(home: Home, peer: Peer) -> None:
    """Tried once a day meanwhile; old posts are given up, and what it should forget is not."""
    anna = await followed(home, peer)
    sent = await home.publish(anna, "un")
    await home.deliver()
    peer.respond(INBOX, 503)
    await home.publish(anna, "deux")
    await notes.delete(home.ctx, anna.id, sent.id)
    for _ in range(7):
        await home.deliver()
        home.clock.pass_by(DAY + 7 * HOUR)
    peer.asked.clear()
    await home.deliver()
    assert len(peer.posted) == 1, "one at a time"
    assert (await host(home, peer)).retry_at > home.clock() + 23 * HOUR
    left = await home.rows("SELECT kind, state FROM deliveries WHERE state <> 'done' ORDER BY kind")
    assert left == [("content", "dead"), ("retraction", "due")]

    peer.respond(INBOX, 202)
    home.clock.pass_by(2 * HOUR)
    assert await home.deliver() == 0, "it rests"
    await home.db.transact(lambda tx: tx.execute("UPDATE deliveries SET state = 'dead' WHERE kind = 'retraction'"))
    eve = peer.actor("eve")
    assert await home.send(replace(eve, keys=peer.actor("mallory").keys), peer.activity("Like", eve, sent.uri)) == 401
    assert await home.deliver() == 0, "anybody can say that they are a host"
    await home.take(eve, peer.activity("Like", eve, f"{sent.uri}0"))
    peer.asked.clear()
    assert await home.deliver() == 1
    assert [one.document["type"] for one in peer.posted] == ["Delete"]
    state = await host(home, peer)
    assert (state.failures, state.failing_since, state.retry_at) == (0, 0, 0)


async def test_attempts_under_way_together_are_one_failure_of_their_host(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    peer.respond(INBOX, 500)
    for _ in range(4):
        await home.publish(anna, "bonjour")
    assert await home.deliver() == 4
    assert (await host(home, peer)).failures == 1


@pytest.mark.parametrize(("status", "seconds"), [(503, 600), (429, 600), (503, 10**8), (429, 0)])
async def test_a_host_may_ask_for_time_but_not_for_ever(home: Home, peer: Peer, status: int, seconds: int) -> None:
    anna = await followed(home, peer)
    peer.respond(INBOX, status, Retry_After=str(seconds))
    await home.publish(anna, "bonjour")
    await home.deliver()
    waits = (await only(home)).due_at - home.clock()
    rests = (await host(home, peer)).retry_at - home.clock()
    for wait in (waits, rests):
        assert min(seconds * SECOND, DAY) - 100 <= wait <= DAY
    assert (await only(home)).state == "due"


async def test_after_days_of_failures_a_delivery_is_dead(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    peer.respond(INBOX, 500)
    await home.publish(anna, "bonjour")
    began, attempts = home.clock(), 0
    while (await only(home)).state == "due":
        attempts += await home.deliver()
        home.clock.pass_by(HOUR)
    # The last one is left out when chance has made the waits so long that the host counts as dead before.
    assert len(RETRY_AFTER) <= attempts <= len(RETRY_AFTER) + 1
    assert 5 * DAY < home.clock() - began < 8 * DAY
    assert (await only(home)).reason == "answered 500"


async def test_a_host_that_is_not_there_is_tried_again(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    name = peer.host
    await peer.server.close()
    await home.publish(anna, "bonjour")
    assert await home.deliver() == 1
    found = await only(home)
    assert (found.state, found.attempts) == ("due", 1)
    assert found.reason.startswith("connect")
    assert (await home.db.read(lambda tx: deliveries.get_host(tx, name))).failures == 1


# --- the rules are asked again at every attempt --------------------------------------------------------------------

EXPIRED = 'agreement = { reference = "2026-014", from = 2026-01-01, until = 2026-11-01 }\n'


async def test_an_agreement_that_ends_after_queueing_holds(home: Home, peer: Peer) -> None:
    """And what was held goes out when it is released under a new agreement; a suspended host gets a refusal."""
    anna = await followed(home, peer)
    await home.publish(anna, "bonjour")
    await home.rule(peer.host, more=EXPIRED)
    await home.deliver()
    found = await only(home)
    assert (found.state, found.reason) == ("held", "agreement_expired")
    assert peer.posted == []
    await home.rule(peer.host)
    await home.db.transact(lambda tx: deliveries.requeue(tx, states=["held"], host=None, now=home.clock()))
    await home.deliver()
    assert (await only(home)).state == "done"


async def test_what_a_rule_refuses_meanwhile_is_not_sent(home: Home, peer: Peer) -> None:
    anna = await followed(home, peer)
    for narrowed, reason in (
        ('audiences = { public = "deny" }\n', "audience_refused"),
        ('direction = "in"\n', "direction"),
    ):
        await home.publish(anna, "bonjour")
        await home.rule(more=f'[peers."{peer.host}"]\norganisation = "Peer"\nstate = "active"\n{narrowed}')
        await home.deliver()
        found = await only(home)
        assert (found.state, found.reason) == ("refused", reason)
        await home.db.transact(lambda tx: tx.execute("DELETE FROM deliveries"))
        await home.rule(peer.host)
    assert peer.posted == []


async def test_a_suspended_host_gets_its_retractions(home: Home, peer: Peer) -> None:
    """What it has been sent, and nothing else; in whatever state it is."""
    anna = await followed(home, peer)
    sent = await home.publish(anna, "un")
    await home.deliver()
    unsent = await home.publish(anna, "deux")
    await home.rule(peer.host, state="suspended")
    peer.asked.clear()
    await notes.delete(home.ctx, anna.id, sent.id)
    await notes.delete(home.ctx, anna.id, unsent.id)
    while await home.deliver():
        pass
    kinds = [(one.document["type"], one.document["object"]) for one in peer.posted]
    assert [kind for kind, _ in kinds if kind != "Reject"] == ["Delete"]
    assert next(gone["id"] for kind, gone in kinds if kind == "Delete") == sent.uri


async def in_group(home: Home, peer: Peer) -> tuple[Actor, Actor, Someone]:
    """A group of ours with Anna, and Ben at the peer."""
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    peer.attest(ben, now=home.clock())
    group = await home.group("cardiologie", anna, reach=(peer.host,))
    await home.enroll(group, await home.know(ben))
    return anna, group, ben


async def test_a_group_post_waits_for_nobody_who_was_removed_meanwhile(home: Home, peer: Peer) -> None:
    """Between the post and the attempt the last member there went: their home gets the Reject, and not the post."""
    anna, group, ben = await in_group(home, peer)
    await home.publish(anna, "@cardiologie un cas", Audience.FOLLOWERS)
    remote = await home.stored(ben.uri)
    await group_acts.remove(home.ctx, group.id, remote.id, by="anna")
    while await home.deliver():
        pass
    assert [one.document["type"] for one in peer.posted] == ["Reject"]
    assert await home.rows("SELECT state, reason FROM deliveries WHERE kind = 'content'") == [
        ("refused", "no_member_there")
    ]


async def test_a_group_post_does_not_go_where_the_profile_was_given_up(home: Home, peer: Peer) -> None:
    anna, _, _ = await in_group(home, peer)
    await home.publish(anna, "@cardiologie un cas", Audience.FOLLOWERS)
    await home.db.transact(lambda tx: tx.execute("UPDATE actors SET capabilities = '[]' WHERE host = :h", h=peer.host))
    await home.deliver()
    assert peer.posted == []
    assert await home.rows("SELECT state, reason FROM deliveries") == [("refused", "not_capable")]


async def test_a_post_that_was_deleted_before_it_went_does_not_go(home: Home, peer: Peer) -> None:
    """Nor its deletion: nobody there has heard of it."""
    anna, _, _ = await in_group(home, peer)
    post = await home.publish(anna, "@cardiologie un cas", Audience.FOLLOWERS)
    await notes.delete(home.ctx, anna.id, post.id)
    while await home.deliver():
        pass
    assert peer.posted == []


async def test_where_a_post_may_have_gone_is_written_down_before_the_first_byte(home: Home, peer: Peer) -> None:
    """A process that is killed while it sends must not forget whom to send the deletion."""
    anna = await followed(home, peer)
    post = await home.publish(anna, "bonjour")
    jobs, _ = await claim(home.ctx, "killed", limit=10, busy=frozenset())
    assert len(jobs) == 1
    assert peer.posted == []
    assert await home.rows("SELECT object_uri, host FROM receipts") == [(post.uri, peer.host)]


async def test_a_deleted_key_or_account_stops_no_other_delivery(home: Home, peer: Peer) -> None:
    """A member who was disabled while posts waited: what was published goes, by the key it has."""
    anna = await followed(home, peer)
    await home.publish(anna, "bonjour")
    await home.update(anna, disabled_at=home.clock())
    assert await home.deliver() == 1
    assert (await only(home)).state == "done"


async def test_a_fault_of_ours_costs_one_delivery_its_turn(
    home: Home, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    """An inbox that cannot even be parsed, in the row of one: the others go."""
    anna = await followed(home, peer)
    await home.publish(anna, "un")
    await home.publish(anna, "deux")
    ((first,), _) = await home.rows("SELECT id FROM deliveries ORDER BY id")
    await home.db.transact(lambda tx: tx.execute("UPDATE deliveries SET inbox = 'nowhere' WHERE id = :id", id=first))
    jobs, _ = await claim(home.ctx, "test", limit=10, busy=frozenset())
    for job in jobs:
        await deliver(home.ctx, job)
    assert await home.rows("SELECT state FROM deliveries ORDER BY state") == [("done",), ("due",)]
    assert len(peer.posted) == 1
    assert await home.db.read(lambda tx: actors.get_actor(tx, anna.id)) is not None
