"""Who may talk to us: judged by host before anything is fetched. The peers' own records show what we asked of them."""

import orjson
import pytest
from aiohttp import web

from federation.failures import FetchError
from federation.resolve import fetch_actor, resolve_actor, resolve_handle, resolve_object, resolve_url
from federation.verifying import fetch_key
from federation.wire.messages import Scheme
from policies.terms import Audience
from tests.federation.home import Home
from tests.federation.peer import AS_TYPE, Peer, Someone, new_keys

DAY = 24 * 3_600_000
EXPIRED = 'agreement = { reference = "2026-014", from = 2026-01-01, until = 2026-11-01 }\n'


async def test_an_unknown_host_costs_us_nothing(home: Home, peer: Peer, stranger: Peer) -> None:
    """403 by any scheme and to every activity; nothing fetched; one row that counts."""
    eve = stranger.actor("eve")
    anna = await home.member("anna")
    for activity in (
        stranger.create(eve),
        stranger.activity("Follow", eve, anna.uri),
        stranger.activity("Delete", eve, eve.uri),
        stranger.activity("Undo", eve, stranger.new_id()),
        stranger.activity("Announce", eve, f"{peer.base}/notes/1"),
    ):
        for scheme in Scheme:
            assert await home.send(eve, activity, scheme=scheme) == 403
    assert await home.send(eve, b"no JSON, which is not even looked at") == 403
    assert stranger.asked == []
    assert await home.rows("SELECT host, requests FROM unknown_hosts") == [(stranger.host, 11)]
    assert await home.count("inbox") == 0


async def test_a_host_is_judged_by_its_key_not_by_its_actor(home: Home, peer: Peer, stranger: Peer) -> None:
    """A known actor's activity under a stranger's key is the stranger's; and the other way round it is a hint, of which a
    host that is not admitted is not even asked.
    """
    ben, eve = peer.actor("ben"), stranger.actor("eve")
    await home.know(ben)
    post = await home.publish(await home.member("anna"), "Un cas")
    assert await home.send(eve, peer.create(ben)) == 403
    note = stranger.note(eve, inReplyTo=post.uri)
    stranger.serve(note["id"].removeprefix(stranger.base), note)
    ended = await home.take(ben, stranger.activity("Create", eve, note))
    assert ended == "refused: what is forwarded cannot be had, or is not public"
    assert stranger.asked == []
    assert await home.find(note["id"]) is None


@pytest.mark.parametrize("state", ["proposed", "suspended"])
async def test_a_listed_host_that_is_not_admitted(home: Home, stranger: Peer, state: str) -> None:
    """403, nothing fetched, and no row among the unknown: the admin knows it."""
    await home.rule(stranger.host, state=state)
    eve = stranger.actor("eve")
    assert await home.send(eve, stranger.create(eve)) == 403
    assert stranger.asked == []
    assert await home.count("unknown_hosts") == 0


async def test_a_subdomain_of_a_suspended_host_is_suspended(home: Home) -> None:
    """In an open network too; nothing is fetched, or this would fail for want of such a host."""
    await home.rule("evil.example", state="suspended", network="open")
    for host in ("evil.example", "a.evil.example", "evil.example:8443"):
        eve = Someone(f"https://{host}/eve", "eve", new_keys(f"https://{host}/eve"), {})
        activity = {"id": f"https://{host}/1", "type": "Create", "actor": eve.uri, "object": {}}
        assert await home.send(eve, activity) == 403, host


async def test_an_open_network_listens_to_strangers_posts_for_everybody(home: Home, stranger: Peer) -> None:
    """And to no other of their posts."""
    await home.rule(network="open")
    eve, anna = stranger.actor("eve"), await home.member("anna")
    public = stranger.note(eve)
    followers = stranger.note(eve, to=[eve.followers], cc=[])
    direct = stranger.note(eve, to=[anna.uri], cc=[])
    assert await home.take(eve, stranger.activity("Create", eve, public)) == "done"
    assert await home.take(eve, stranger.activity("Create", eve, followers)) == "refused: public_only"
    assert await home.take(eve, stranger.activity("Create", eve, direct)) == "refused: public_only"
    assert await home.rows("SELECT uri FROM statuses") == [(public["id"],)]


@pytest.mark.parametrize("state", ["suspended", "proposed"])
async def test_a_retraction_passes_with_a_stored_key_and_nothing_is_fetched(home: Home, peer: Peer, state: str) -> None:
    """Patients' data stay retractable whatever has become of the peer."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    post = await home.publish(anna, "bonjour")
    like = peer.activity("Like", ben, post.uri)
    await home.take(ben, like)
    await home.rule(peer.host, state=state)
    peer.attest(ben, now=home.clock())
    await home.update(await home.stored(ben.uri), credential=f"{peer.base}/credentials/ben", fetched_at=0)
    peer.asked.clear()
    assert await home.send(ben, peer.create(ben)) == 403, "content does not"
    assert await home.take(ben, peer.activity("Undo", ben, like)) == "done"
    assert await home.take(ben, peer.activity("Delete", ben, note["id"])) == "done"
    assert await home.take(ben, peer.activity("Delete", ben, ben.uri)) == "done"
    assert await home.count("favourites") == 0
    assert await home.find(note["id"]) is None
    assert (await home.stored(ben.uri)).disabled_at is not None
    assert peer.asked == []


async def test_a_retraction_by_a_key_we_do_not_have_does_not_pass(home: Home, peer: Peer) -> None:
    """Neither by a new key of a known actor: fetching it would cost us something."""
    ben = peer.actor("ben")
    await home.know(ben)
    await home.rule(peer.host, state="suspended")
    peer.asked.clear()
    eve = peer.actor("eve")
    assert await home.send(eve, peer.activity("Delete", eve, eve.uri)) == 403
    home.clock.pass_by(DAY)
    renewed = ben.rotated()
    assert await home.send(renewed, peer.activity("Delete", renewed, peer.new_id("notes"))) == 401
    assert peer.asked == []
    assert await home.count("inbox") == 0


async def test_the_end_of_an_account_we_never_knew_is_acknowledged(home: Home, peer: Peer) -> None:
    """202 without fetching a key that is gone (Mastodon sends these to everybody)."""
    ben = peer.actor("ben")
    for kind in ("Delete", "Update"):
        assert await home.send(ben, peer.activity(kind, ben, ben.uri)) == 202
    assert peer.asked == []
    assert await home.count("inbox") == 0


async def test_content_of_a_quarantined_peer_is_held_with_its_body(home: Home, peer: Peer) -> None:
    """An expired agreement quarantines: what comes meanwhile waits, and all rules run again when it is released."""
    ben = peer.actor("ben")
    await home.know(ben)
    await home.rule(peer.host, more=EXPIRED)
    note = peer.note(ben)
    assert await home.take(ben, peer.activity("Create", ben, note)) == "held: agreement_expired"
    assert await home.find(note["id"]) is None
    assert await home.count("inbox", "state = 'held' AND body IS NOT NULL") == 1
    assert await home.take(ben, peer.activity("Delete", ben, note["id"])) == "done"


async def test_a_deleted_account_says_nothing_more(home: Home, peer: Peer) -> None:
    """Its key is still stored, for retractions; nothing else by it is taken."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    note = peer.note(ben)
    await home.take(ben, peer.activity("Create", ben, note))
    post = await home.publish(anna, "bonjour")
    assert await home.take(ben, peer.activity("Delete", ben, ben.uri)) == "done"
    for activity in (peer.create(ben), peer.activity("Follow", ben, anna.uri), peer.activity("Like", ben, post.uri)):
        assert (await home.take(ben, activity)).startswith("refused: tombstone")
    assert await home.count("follows") == await home.count("favourites") == 0
    assert await home.count("statuses", "actor_id <> :anna", anna=anna.id) == 1
    assert await home.take(ben, peer.activity("Delete", ben, note["id"])) == "done"


# --- nothing is fetched from a host that is not admitted -----------------------------------------------------------


async def test_addresses_on_other_hosts_are_not_asked_for(home: Home, stranger: Peer) -> None:
    """Whoever names them: a boost, an activity that only names its object, a search, a key."""
    eve = stranger.actor("eve")
    note = stranger.note(eve)
    stranger.serve("/notes/1", note)
    assert await resolve_actor(home.ctx, eve.uri) is None
    assert await resolve_object(home.ctx, note["id"]) is None
    with pytest.raises(FetchError, match="not admitted"):
        await fetch_key(home.ctx, eve.keys.rsa.id)
    assert await resolve_url(home.ctx, eve.uri) is None
    assert await resolve_handle(home.ctx, f"eve@{stranger.host}") is None
    assert stranger.asked == []


async def test_activities_do_not_make_us_ask_a_stranger(home: Home, peer: Peer, stranger: Peer) -> None:
    ben, eve = peer.actor("ben"), stranger.actor("eve")
    for activity in (
        peer.activity("Announce", ben, stranger.note(eve)["id"]),
        peer.activity("Announce", ben, stranger.note(eve)),
        peer.activity("Create", ben, stranger.note(eve)["id"]),
        peer.activity("Like", ben, stranger.note(eve)["id"]),
        peer.activity("Follow", ben, eve.uri),
        peer.activity("Accept", ben, {"type": "Follow", "actor": eve.uri, "object": ben.uri}),
        peer.create(ben, inReplyTo=stranger.note(eve)["id"], tag=[{"type": "Mention", "href": eve.uri}]),
    ):
        await home.take(ben, activity)
    assert stranger.asked == []
    assert await home.count("actors", "host = :host", host=stranger.host) == 0


async def test_a_redirect_does_not_lead_to_a_host_that_is_not_admitted(home: Home, peer: Peer, stranger: Peer) -> None:
    eve = stranger.actor("eve")
    peer.respond("/users/eve", 302, Location=eve.uri)
    assert await resolve_actor(home.ctx, f"{peer.base}/users/eve") is None
    assert await resolve_url(home.ctx, f"{peer.base}/users/eve") is None
    assert stranger.asked == []


async def test_a_redirect_to_us_does_not_make_our_actor_theirs(home: Home, peer: Peer) -> None:
    anna = await home.member("anna")
    peer.respond("/users/anna", 302, Location=anna.uri)
    peer.handles["anna"] = anna.uri
    assert await resolve_actor(home.ctx, f"{peer.base}/users/anna") is None
    assert await home.count("actor_keys", "actor_id = :id AND private IS NOT NULL", id=anna.id) == 2
    with pytest.raises(FetchError, match="not admitted"):
        await fetch_actor(home.ctx, anna.uri)


async def test_a_handle_on_a_host_that_is_not_admitted_is_not_asked_for(home: Home, peer: Peer, stranger: Peer) -> None:
    """Neither when the actor names it (FEP-2c59), nor when its own WebFinger points there, nor by a redirect."""
    await home.rule(peer.host)
    ben = peer.actor("ben", webfinger=f"ben@{stranger.host}")
    stranger.handles["ben"] = ben.uri
    assert await resolve_actor(home.ctx, ben.uri) is None
    del ben.document["webfinger"]

    async def elsewhere(_request: web.Request) -> web.Response:
        link = {"rel": "self", "type": AS_TYPE, "href": ben.uri}
        jrd = {"subject": f"acct:ben@{stranger.host}", "links": [link]}
        return web.Response(body=orjson.dumps(jrd), content_type="application/jrd+json")

    peer.answers["/.well-known/webfinger"] = elsewhere
    assert await resolve_actor(home.ctx, ben.uri) is None
    peer.respond("/.well-known/webfinger", 302, Location=f"{stranger.base}/.well-known/webfinger?resource=ben")
    assert await resolve_actor(home.ctx, ben.uri) is None
    assert stranger.asked == []


async def test_posts_of_a_quarantined_peer_do_not_come_in_by_looking_them_up(home: Home, peer: Peer) -> None:
    """What a host may not send it may not have fetched either: a boost by a good peer is no way round."""
    async with Peer() as other:
        await home.rule(peer.host, more=f'[peers."{other.host}"]\norganisation = "Other"\nstate = "active"\n{EXPIRED}')
        ben, carl = peer.actor("ben"), other.actor("carl")
        note = other.note(carl)
        other.serve(note["id"].removeprefix(other.base), note)
        assert (await home.take(ben, peer.activity("Announce", ben, note["id"]))).startswith("refused")
        assert (await home.take(ben, peer.activity("Create", ben, note["id"]))).startswith("refused")
        assert await home.count("statuses") == 0
        await home.rule(peer.host, other.host)
        await home.take(carl, other.activity("Create", carl, note))
        await home.rule(peer.host, more=f'[peers."{other.host}"]\norganisation = "Other"\nstate = "active"\n{EXPIRED}')
        assert await home.take(ben, peer.activity("Announce", ben, note["id"])) == "held: agreement_expired"


async def test_what_is_fetched_counts_for_its_own_origin_only(home: Home, peer: Peer, stranger: Peer) -> None:
    """CVE-2024-23832: a document that says it is another's, from a good host, of an admitted type."""
    await home.rule(peer.host, stranger.host)
    ben, eve = peer.actor("ben"), stranger.actor("eve")
    victim = peer.note(ben)
    stranger.serve("/forged", {**victim, "content": "<p>forged</p>"})
    assert await resolve_url(home.ctx, f"{stranger.base}/forged") is None
    stranger.serve("/forged-actor", {**ben.document, "publicKey": eve.document["publicKey"]})
    assert await resolve_url(home.ctx, f"{stranger.base}/forged-actor") is None
    stranger.serve("/stolen", {**stranger.note(eve), "id": f"{stranger.base}/stolen", "attributedTo": ben.uri})
    assert await resolve_object(home.ctx, f"{stranger.base}/stolen") is None
    assert await home.count("statuses") == 0


async def test_an_upload_is_no_actor(home: Home, peer: Peer) -> None:
    """CVE-2024-25623: only ActivityPub content types; a bare ld+json may be anybody's file."""
    for kind in ("application/json", "application/ld+json", "text/html", "application/octet-stream"):
        ben = peer.actor("ben")
        peer.serve("/users/ben", ben.document, content_type=kind)
        assert await resolve_actor(home.ctx, ben.uri) is None, kind
        assert await home.send(ben, peer.create(ben)) == 401, kind


async def test_only_public_posts_are_looked_up(home: Home, peer: Peer) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    for number, to in enumerate((ben.followers, anna.uri, None)):
        note = peer.note(ben, id=f"{peer.base}/private/{number}", to=to, cc=[])
        peer.serve(f"/private/{number}", note)
        assert await resolve_object(home.ctx, note["id"]) is None
    note = peer.note(ben)
    peer.serve(note["id"].removeprefix(peer.base), note)
    found = await resolve_object(home.ctx, note["id"])
    assert found is not None
    assert found.audience == Audience.PUBLIC


async def test_gets_of_hosts_that_are_not_admitted(home: Home, stranger: Peer) -> None:
    """403 at every address, known or not, before any key is fetched."""
    anna = await home.member("anna")
    post = await home.publish(anna, "bonjour")
    for path in (post.uri, f"{home.base}/ap/objects/1", anna.uri, f"{anna.uri}/outbox", f"{anna.uri}/followers"):
        for nonce in (None, "n1"):
            assert (await home.fetch(path, stranger.actor("eve"), nonce=nonce))[0] == 403
    assert stranger.asked == []
