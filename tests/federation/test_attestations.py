"""Other institutions' attestations: what is believed, what ends it, and what a silent issuer changes."""

from dataclasses import replace
from typing import Any

import orjson

from federation.attesting import attest
from federation.facts import get_attestation_facts
from federation.readers import read_due
from federation.resolve import resolve_actor
from federation.rules import get_rules
from federation.upkeep import go_round
from federation.verifying import get_stored_key
from federation.wire.attestations import LIFETIME, check_credential, parse_credential
from federation.wire.proofs import verify_proof
from policies.decision import Reason
from policies.terms import Level
from policies.verification import Purpose, Unverified, Verified, standing, verified_here
from storage import attestations
from storage.database import Reader
from storage.records import Actor, Attestation
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


async def kept(home: Home, someone: Someone) -> Attestation | None:
    actor = await home.stored(someone.uri)
    return await home.db.read(lambda tx: attestations.get_attestation(tx, actor.id))


async def reason(home: Home, someone: Someone, purpose: Purpose = Purpose.READ) -> Reason | None:
    """Why somebody does not count as verified here; None when they do."""
    actor = await home.stored(someone.uri)

    async def unit(tx: Reader) -> Verified | Unverified:
        rules = (await get_rules(tx)).ruleset
        return standing(await get_attestation_facts(tx, actor), verified_here(rules), rules, home.clock(), purpose)

    answer = await home.db.read(unit)
    return answer.reason if isinstance(answer, Unverified) else None


async def renew(home: Home, someone: Someone) -> Actor:
    """Fetch the actor and its attestation now, as after an Update."""
    actor = await home.know(someone)
    await attest(home.ctx, actor, now_or_never=True)
    return actor


async def test_a_good_attestation_is_kept_and_believed(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    found = await kept(home, ben)
    assert found is not None
    assert (found.profession, found.level, found.issuer) == ("physician", Level.CHECKED, peer.instance.uri)
    assert await reason(home, ben) is None


async def test_one_that_comes_later_is_found(home: Home, peer: Peer) -> None:
    """Known here before they were verified at home: the Update brings the link, and a link that goes takes it back."""
    ben = peer.actor("ben")
    await home.know(ben)
    assert await reason(home, ben) is Reason.NOT_ATTESTED
    peer.attest(ben, now=home.clock())
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
    assert await reason(home, ben) is None
    del ben.document["attachment"]
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
    assert await reason(home, ben) is Reason.ATTESTATION_REVOKED


async def test_what_is_not_stated_by_the_persons_own_instance_about_them_now_is_not_kept(
    home: Home, peer: Peer, stranger: Peer
) -> None:
    await home.rule(peer.host, stranger.host)
    now = home.clock()
    eve, channel = peer.actor("eve"), peer.actor("bot", kind="Service")
    spoilt: dict[str, dict[str, Any]] = {
        "another issuer": {"issuer": f"{peer.base}/users/eve"},
        "an issuer elsewhere": {"issuer": stranger.instance.uri},
        "about somebody else": {"subject": eve.uri},
        "with another address": {"uri": f"{peer.base}/credentials/other"},
        "over": {"valid_from": now - 8 * DAY, "valid_until": now - DAY},
        "not begun": {"valid_from": now + DAY, "valid_until": now + 2 * DAY},
    }
    for name, changes in spoilt.items():
        ben = peer.actor("ben")
        peer.attest(ben, now=now, **changes)
        await home.know(ben)
        assert await kept(home, ben) is None, name
    for name, signer, issuer in (
        ("proven by herself", eve, eve.uri),
        ("proven by herself as the instance", eve, peer.instance.uri),
        ("proven by another actor", channel, channel.uri),
        ("proven by another instance", stranger.instance, stranger.instance.uri),
        ("proven by another instance as theirs", stranger.instance, peer.instance.uri),
    ):
        peer.attest(eve, now=now, signer=signer, issuer=issuer)
        await home.know(eve)
        assert await kept(home, eve) is None, name
    assert await home.count("attestations") == 0


async def test_another_hosts_instance_cannot_attest(home: Home, peer: Peer, stranger: Peer) -> None:
    """An active peer attests its own members; a link to somebody else's credential is not even followed."""
    await home.rule(peer.host, stranger.host)
    ben = peer.actor("ben")
    credential = stranger.attest(ben, now=home.clock())
    stranger.asked.clear()
    assert str(credential["id"]).startswith(stranger.base)
    await home.know(ben)
    assert await kept(home, ben) is None
    assert stranger.asked == []


async def test_a_spoilt_credential_is_not_kept(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    good = peer.attest(ben, now=home.clock())
    subject = good["credentialSubject"]
    spoilt: dict[str, Document] = {
        "a better level": {**good, "credentialSubject": {**subject, "evidenceLevel": "strong"}},
        "another profession": {**good, "credentialSubject": {**subject, "profession": "nurse"}},
        "no proof": {name: value for name, value in good.items() if name != "proof"},
        "a longer life": {**good, "validUntil": "2099-01-01T00:00:00Z"},
        "another context": {**good, "@context": good["@context"][:1]},
        "no credential": {"id": good["id"], "type": "Note"},
    }
    for name, document in spoilt.items():
        peer.serve("/credentials/ben", document, content_type="application/vc")
        await renew(home, ben)
        assert await kept(home, ben) is None, name
    for kind in ("text/html", "image/png"):
        peer.serve("/credentials/ben", good, content_type=kind)
        await renew(home, ben)
        assert await kept(home, ben) is None, kind
    peer.serve("/credentials/ben", good, content_type="application/vc")
    await renew(home, ben)
    assert await kept(home, ben) is not None


async def test_one_credential_is_one_persons(home: Home, peer: Peer) -> None:
    """A host that answers whoever asks with their own name attests the first, and troubles nobody."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    second = peer.attest(eve, now=home.clock(), uri=f"{peer.base}/credentials/ben")
    peer.serve("/credentials/ben", second, content_type="application/vc")
    eve.document["attachment"] = ben.document["attachment"]
    await home.know(eve)
    assert await kept(home, eve) is None
    assert await kept(home, ben) is not None


async def test_a_level_below_what_we_accept_of_a_peer_counts_for_nothing(home: Home, peer: Peer) -> None:
    """And neither does that of a peer which is not active, at once and with what is stored already."""
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    listed = '[peers."{}"]\norganisation = "Peer"\nstate = "{}"\naccept_levels_from = "{}"\n'
    await home.rule(more=listed.format(peer.host, "active", "register"))
    assert await reason(home, ben) is Reason.LEVEL_NOT_ACCEPTED
    for state in ("trial", "quarantined", "proposed", "suspended"):
        await home.rule(more=listed.format(peer.host, state, "checked"))
        assert await reason(home, ben) is Reason.ISSUER_NOT_TRUSTED, state
    await home.rule(network="open")
    assert await reason(home, ben) is Reason.ISSUER_NOT_TRUSTED, "unknown"


async def test_a_silent_issuer_changes_nothing_but_the_age(home: Home, peer: Peer) -> None:
    """Stale is not revoked: acting wants an answer of the last quarter of an hour, reading one of the last day."""
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    before = await kept(home, ben)
    for status in (500, 503, 403, 401, 429, 302):
        peer.respond("/credentials/ben", status)
        await renew(home, ben)
        assert await kept(home, ben) == before, status
    home.clock.pass_by(16 * MINUTE)
    assert await reason(home, ben, Purpose.ACT) is Reason.ATTESTATION_STALE
    assert await reason(home, ben) is None
    home.clock.pass_by(DAY)
    assert await reason(home, ben) is Reason.ATTESTATION_STALE


async def test_an_answer_is_asked_for_again_when_it_is_too_old_for_its_purpose(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    actor = await home.know(ben)
    asked = peer.fetched("/credentials/ben")
    await attest(home.ctx, actor, Purpose.ACT)
    assert peer.fetched("/credentials/ben") == asked
    home.clock.pass_by(11 * MINUTE)
    await attest(home.ctx, actor, Purpose.READ)
    assert peer.fetched("/credentials/ben") == asked
    await attest(home.ctx, actor, Purpose.ACT)
    assert peer.fetched("/credentials/ben") == asked + 1
    await attest(home.ctx, actor, now_or_never=True)
    assert peer.fetched("/credentials/ben") == asked + 2


async def test_a_revocation_ends_the_membership_when_the_update_comes(home: Home, peer: Peer) -> None:
    """404 at the credential's address. The person's home is told; posts by them are refused from then on."""
    for gone in (404, 410):
        ben = peer.actor(f"ben{gone}")
        peer.attest(ben, now=home.clock())
        remote = await home.know(ben)
        anna = await home.member(f"anna{gone}", verified=True)
        group = await home.group(f"cardiologie{gone}", anna, reach=(peer.host,))
        await home.enroll(group, remote)
        peer.respond(f"/credentials/{ben.name}", gone)
        assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
        assert await reason(home, ben) is Reason.ATTESTATION_REVOKED
        known = await home.membership(group, remote)
        assert known is not None
        assert known.state == "ended"
        peer.asked.clear()
        home.clock.pass_by(HOUR)
        while await home.deliver():
            pass
        assert [one.document["type"] for one in peer.posted] == ["Reject"]


async def test_a_404_of_the_issuers_key_revokes_nobody(home: Home, peer: Peer) -> None:
    """Only the credential's own address speaks of the credential."""
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    await home.know(ben)
    renewed = peer.instance.rotated()
    peer.attest(ben, now=home.clock(), signer=renewed)
    peer.respond("/actor", 404)
    home.clock.pass_by(10 * MINUTE)
    await renew(home, ben)
    assert await reason(home, ben) is None


async def test_an_attestation_that_no_longer_meets_the_criteria_ends_the_membership(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    remote = await home.know(ben)
    group = await home.group("cardiologie", await home.member("anna", verified=True), reach=(peer.host,))
    await home.enroll(group, remote)
    peer.attest(ben, now=home.clock(), level=Level.VOUCHED)
    assert await home.take(ben, peer.activity("Update", ben, ben.document)) == "done"
    known = await home.membership(group, remote)
    assert known is not None
    assert known.state == "ended"


async def test_one_that_ends_is_renewed_in_time_and_otherwise_ends_the_membership(home: Home, peer: Peer) -> None:
    """Credentials live a week: the round asks again twice a day, and ends what nobody renewed."""
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock(), valid_until=home.clock() + 2 * DAY)
    remote = await home.know(ben)
    group = await home.group("cardiologie", await home.member("anna", verified=True), reach=(peer.host,))
    await home.enroll(group, remote)
    home.clock.pass_by(DAY)
    peer.attest(ben, now=home.clock(), valid_until=home.clock() + LIFETIME)
    await go_round(home.ctx)
    renewed = await kept(home, ben)
    assert renewed is not None
    assert renewed.valid_until > home.clock() + 6 * DAY
    peer.respond("/credentials/ben", 503)
    home.clock.pass_by(LIFETIME + DAY)
    await go_round(home.ctx)
    known = await home.membership(group, remote)
    assert known is not None
    assert known.state == "ended"


async def test_whoever_was_seen_is_asked_for_again_member_or_not(home: Home, peer: Peer) -> None:
    """Were only members asked for, a badge that stays would tell who is in a private group."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    for someone in (ben, eve):
        peer.attest(someone, now=home.clock())
        await home.know(someone)
    group = await home.group("cardiologie", await home.member("anna", verified=True), reach=(peer.host,))
    await home.enroll(group, await home.stored(ben.uri))
    del peer.answers["/credentials/ben"]
    peer.respond("/credentials/ben", 503)  # one that does not answer keeps nobody waiting
    home.clock.pass_by(DAY * 3 // 4)
    await go_round(home.ctx)
    renewed, silent = await kept(home, eve), await kept(home, ben)
    assert renewed is not None
    assert silent is not None
    assert renewed.fetched_at > home.clock() - DAY // 2 > silent.fetched_at


async def test_whoever_is_met_is_asked_for_before_they_do_anything(home: Home, peer: Peer) -> None:
    """Or the badge would tell of whom this instance got anything, a wish to join a private group for example."""
    ben = peer.actor("ben")
    peer.attest(ben, now=home.clock())
    assert await resolve_actor(home.ctx, ben.uri) is not None
    await read_due(home.ctx, "test")
    assert await reason(home, ben) is None


async def test_who_is_found_to_have_lost_it_is_read_again(home: Home, peer: Peer) -> None:
    """Whether or not the Update reached us, which goes to followers and homes of groups alone."""
    ben = peer.actor("ben", summary="<p>Cardiologue</p>")
    peer.attest(ben, now=home.clock())
    actor = await home.know(ben)
    del peer.answers["/credentials/ben"]
    ben.document.update(attachment=[], summary="<p>Parti</p>")
    home.clock.pass_by(DAY)
    await attest(home.ctx, actor)
    assert await reason(home, ben) is Reason.ATTESTATION_REVOKED
    assert "Parti" in (await home.stored(ben.uri)).summary


async def test_the_credential_that_we_give_is_one_that_we_would_take(home: Home, peer: Peer) -> None:
    """Ours, as a peer of the same kind reads it: by the instance actor, about the member, for a week at most."""
    anna, ben = await home.member("anna", verified=True), peer.actor("ben")
    ((uri,),) = await home.rows("SELECT uri FROM attestations")
    document = orjson.loads((await home.fetch(uri, ben))[1])
    instance = home.ctx.origin.instance_actor
    key = await home.db.read(lambda tx: get_stored_key(tx, f"{instance}#ed25519-key"))
    assert key is not None
    proven = verify_proof(document, key, now=home.clock())
    credential = parse_credential(dict(proven.document))
    check_credential(credential, link_uri=uri, subject_uri=anna.uri, issuer_uri=instance, now=home.clock())
    assert credential.valid_until - credential.valid_from <= LIFETIME
    assert replace(credential, profession="physician") == credential
