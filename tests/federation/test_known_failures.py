"""What broke elsewhere (advisories and changelogs of other servers, 2022-2026), played against a server of ours.

One test for each failure, numbered as in docs/checks.md; the first line of each says which guard it holds. The others are
in tests/wire and tests/web, in files of the same name. On one engine: what differs between engines has tests of its own.
"""

import asyncio
import zlib
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiohttp import web

from federation.addresses import Guard, Reach
from federation.client import Client, Limits
from federation.failures import FetchError, FetchFault
from federation.outbox.follows import follow
from federation.resolve import resolve_actor, resolve_object, resolve_url
from federation.wire.values import PUBLIC
from policies.terms import Audience
from storage import inbox
from storage.visibility import get_visible, list_visible
from tests.federation.home import TRUSTED, Home
from tests.federation.peer import AS_TYPE, Document, Peer, Someone, signed
from tests.federation.test_doors import NOTHING, aliases


@pytest.fixture
def engine() -> str:
    return "sqlite"


def stand(peer: Peer, document: Document) -> str:
    """Put a document at its own id; answers the id."""
    peer.serve(document["id"].removeprefix(peer.base), document)
    return str(document["id"])


async def audience_of(home: Home, uri: str) -> str | None:
    found = await home.find(uri)
    return found.audience if found else None


async def test_01_a_document_counts_for_its_own_origin(home: Home, peer: Peer, stranger: Peer) -> None:
    """Guard: federation/resolve.py `fetch`. Mastodon CVE-2024-23832."""
    await home.rule(peer.host, stranger.host)
    ben = peer.actor("ben")
    stranger.serve("/forged", peer.note(ben))
    stranger.serve("/forged-ben", {**ben.document, "name": "Eve"})
    assert await resolve_url(home.ctx, f"{stranger.base}/forged") is None
    assert await resolve_url(home.ctx, f"{stranger.base}/forged-ben") is None
    assert await home.count("statuses") == await home.count("actors", "uri = :uri", uri=ben.uri) == 0


@pytest.mark.parametrize("kind", ["application/json", "application/ld+json", "text/plain", "image/png"])
async def test_02_an_upload_is_no_document(home: Home, peer: Peer, kind: str) -> None:
    """Guard: federation/client.py `ACTIVITY_TYPES`, `_fits`. Mastodon CVE-2024-25623."""
    ben = peer.actor("ben")
    peer.serve("/users/ben", ben.document, content_type=kind)
    assert await resolve_actor(home.ctx, ben.uri) is None


async def test_03_a_redirect_speaks_for_where_it_leads(home: Home, peer: Peer, stranger: Peer) -> None:
    """Guard: federation/resolve.py `fetch` (the final address is judged). Akkoma 2024.03: an open redirect."""
    await home.rule(peer.host, stranger.host)
    ben = peer.actor("ben")
    note = peer.note(ben)
    peer.respond(note["id"].removeprefix(peer.base), 302, Location=f"{stranger.base}/forged")
    stranger.serve("/forged", {**note, "content": "forged"})
    assert await resolve_object(home.ctx, note["id"]) is None


@pytest.mark.parametrize("whose", ["owner", "id"])
async def test_05_a_key_of_its_own_address_is_listed_by_its_owner(home: Home, peer: Peer, whose: str) -> None:
    """Guard: federation/verifying.py `_fetch_key`. Fedify GHSA-q9f8-5hc7-898f: the key's own document said whose it was."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    key = {**eve.document["publicKey"], "id": f"{peer.base}/keys/1", "owner": ben.uri}
    peer.serve("/keys/1", key if whose == "owner" else {"id": ben.uri, "type": "Person", "publicKey": key})
    forger = Someone(ben.uri, "ben", renamed(eve, f"{peer.base}/keys/1"), ben.document)
    assert await home.send(forger, peer.create(ben)) == 401
    assert await home.count("inbox") == 0


def renamed(someone: Someone, key_id: str) -> Any:
    return replace(someone.keys, rsa=replace(someone.keys.rsa, id=key_id))


async def test_09_whatever_its_type_a_request_is_signed(home: Home, peer: Peer) -> None:
    """Guard: federation/receiving.py `post_inbox` (types), `receive` (signature). wafrn PR 443: another content type
    went round the check.
    """
    ben, body = peer.actor("ben"), orjson.dumps(peer.create(peer.actor("ben")))
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/json"):
        assert await home.post(body, {"Content-Type": kind}) == 415
        headers = signed(ben, "POST", f"{home.base}/ap/inbox", body, now=home.clock())
        assert await home.post(body, {**headers, "Content-Type": kind}) == 415
    for kind in (AS_TYPE, "application/json", f"{AS_TYPE}; charset=utf-8"):
        for path in ("/ap/inbox", "/ap/actor/inbox", "/ap/actors/5/inbox"):
            assert await home.post(body, {"Content-Type": kind}, path) == 401
    assert await home.count("inbox") == 0


async def test_11_only_who_wrote_a_post_edits_it_or_takes_it_back(home: Home, peer: Peer, stranger: Peer) -> None:
    """Guard: federation/inbox/notes.py `_update`, `_delete`, `on_update`; federation/inbox/reactions.py `on_announce`.
    Hollo 0.8.5: a Delete matched by id alone, an Update created, an Announce stored its embedded copy.
    """
    await home.rule(peer.host, stranger.host)
    ben, eve, dora = peer.actor("ben"), stranger.actor("eve"), peer.actor("dora")
    note = peer.note(ben)
    assert await home.take(ben, peer.activity("Create", ben, note)) == "done"
    for who, where in ((eve, stranger), (dora, peer)):
        assert (await home.take(who, where.activity("Delete", who, note["id"]))).startswith("refused")
        mine = {**note, "attributedTo": who.uri, "content": "forged", "updated": "2026-11-18T00:00:00Z"}
        assert (await home.take(who, where.activity("Update", who, mine))).startswith("refused")
    unknown = peer.note(ben, updated="2026-11-18T00:00:00Z")
    assert await home.take(ben, peer.activity("Update", ben, unknown)) == "refused: not stored here"
    lie = {**peer.note(ben), "content": "forged"}
    assert (await home.take(eve, stranger.activity("Announce", eve, lie))).startswith("refused")
    assert await home.rows("SELECT uri, content FROM statuses") == [(note["id"], "<p>Bonjour</p>")]


async def test_12_nobody_sees_more_of_a_post_for_an_edit_a_boost_or_a_second_look(home: Home, peer: Peer) -> None:
    """Guard: storage/statuses.py `update_status` (no audience among what it writes), federation/remote_posts.py
    `update_note`, `store_fetched_note`. Mastodon CVE-2024-37903.
    """
    ben, anna, nina = peer.actor("ben"), await home.member("anna"), await home.member("nina")
    stored = await home.know(ben)
    await follow(home.ctx, anna.id, stored.id)
    private = peer.note(ben, to=[ben.followers], cc=[])
    assert await home.take(ben, peer.activity("Create", ben, private)) == "done"
    wide = {**private, "to": [PUBLIC], "content": "edited", "updated": "2026-11-18T00:00:00Z"}
    assert await home.take(ben, peer.activity("Update", ben, wide)) == "done"
    assert (await home.take(ben, peer.activity("Create", ben, wide))).startswith("refused")
    assert await resolve_object(home.ctx, stand(peer, wide)) is not None
    assert (await home.take(ben, peer.activity("Announce", ben, wide["id"]))).startswith("refused") is False
    assert await audience_of(home, private["id"]) == Audience.FOLLOWERS
    found = await home.find(private["id"])
    assert found is not None
    assert await home.db.read(lambda tx: get_visible(tx, found.id, viewer=nina.id, now=home.clock())) is None
    unseen = peer.note(ben, to=[ben.followers], cc=[])
    assert await resolve_object(home.ctx, stand(peer, unseen)) is None


async def test_14_only_an_accepted_follower_sees_what_is_for_followers(home: Home, peer: Peer) -> None:
    """Guard: storage/visibility.py `VISIBLE` (its `state = 'accepted'`). Pixelfed CVE-2025-30741: whoever had asked saw
    it, and with them their whole instance.
    """
    ben, anna, nina = peer.actor("ben"), await home.member("anna"), await home.member("nina")
    stored = await home.know(ben)
    await follow(home.ctx, anna.id, stored.id)
    private = peer.note(ben, to=[ben.followers], cc=[])
    assert await home.take(ben, peer.activity("Create", ben, private)) == "done"
    found = await home.find(private["id"])
    assert found is not None

    async def sees(viewer: int) -> bool:
        return await home.db.read(lambda tx: get_visible(tx, found.id, viewer=viewer, now=home.clock())) is not None

    assert not await sees(anna.id)
    (asked,) = await home.rows("SELECT uri FROM follows")
    assert await home.take(ben, peer.activity("Accept", ben, asked[0])) == "done"
    assert [await sees(anna.id), await sees(nina.id), await sees(0)] == [True, False, False]


async def test_15_every_door_asks_the_one_who_decides(home: Home, peer: Peer) -> None:
    """Guard: federation/serving.py `decide_fetch`, asked by every door. Misskey CVE-2026-28431: one door did not ask."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "secret", Audience.FOLLOWERS)
    doors = [
        post.uri,
        f"{home.base}/ap/activities/{post.id}",
        f"{home.base}/ap/stamps/{post.id}",
        f"{anna.uri}/outbox?page=true",
        f"{anna.uri}/featured",
        f"{anna.uri}/objects?uri={post.uri}",
    ]
    for path in doors:
        assert (await home.fetch(path))[0] == 401, path
        _, body = await home.fetch(path, ben)
        assert b"secret" not in body, path


async def test_16_what_is_hidden_answers_like_what_never_was(home: Home, peer: Peer) -> None:
    """Guard: federation/serving.py `refuse`. Mastodon GHSA-gwhw-gcjx-72v8: errors told that a private post exists."""
    anna, ben, eve = await home.member("anna"), peer.actor("ben"), peer.actor("eve")
    await home.know(ben)
    for audience in (Audience.FOLLOWERS, Audience.DIRECT):
        post = await home.publish(anna, f"@ben@{peer.host} x" if audience is Audience.DIRECT else "x", audience)
        assert await home.fetch(post.uri, eve) == await home.fetch(home.ctx.origin.object(7), eve) == NOTHING


async def test_18_no_answer_lies_in_a_cache_that_others_share(home: Home, peer: Peer) -> None:
    """Guard: federation/serving.py `answer`, `refuse`. Pleroma 2.4.3, Mastodon GHSA-ccpr-m53r-mfwr."""
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "bonjour")
    for path in (post.uri, anna.uri, f"{anna.uri}/outbox", f"{anna.uri}/followers", home.ctx.origin.object(7)):
        headers = signed(ben, "GET", path, now=home.clock())
        async with home.session.get(path, headers=headers) as response:
            assert response.headers["Cache-Control"] == "private, no-store", path
            assert "Signature" in response.headers["Vary"], path


async def test_19_every_alias_of_a_post_is_shut(home: Home, peer: Peer) -> None:
    """Guard: federation/serving.py `_serve_post`, for the activity as for the object, and federation/collections.py for
    its lists. Mastodon issue 15589.
    """
    anna, ben = await home.member("anna"), peer.actor("ben")
    await home.know(ben)
    post = await home.publish(anna, "secret", Audience.FOLLOWERS)
    told = [row[0] for row in await home.rows("SELECT uri FROM activities WHERE status_id IS NOT NULL")]
    paths = [post.uri, f"{post.uri}?x=1", f"{home.base}/ap/activities/{post.id}", *aliases(home, post), *told]
    for path in paths:
        assert await home.fetch(path, ben) == NOTHING, path
        assert (await home.fetch(path))[0] == 401, path


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::127.0.0.1",
        "2002:7f00:1::1",
        "2001:0:808:808::80ff:fffe",
        "fe80::1%lo",
        "fd00::1",
        "ff02::1",
    ],
)
def test_20_only_global_addresses_are_reached(address: str) -> None:
    """Guard: federation/addresses.py `decide_reach`. Mastodon CVE-2026-22245, CVE-2026-46348, Lemmy CVE-2026-33693,
    Fedify CVE-2026-50131. That every fetcher asks it, also of the connected address: tests/federation/test_every_fetcher.py.
    """
    assert Guard().decide_address("b.example", address) is Reach.REFUSED


async def fault_of(client: Client, url: str) -> FetchFault:
    with pytest.raises(FetchError) as caught:
        await client.fetch_activity(url, None)
    return caught.value.kind


async def test_22_no_peer_keeps_us_busy(peer: Peer) -> None:
    """Guard: federation/client.py `Limits`: one deadline, three redirects, a cap on inflated bytes. Mastodon
    CVE-2023-36461, Fedify CVE-2026-34148, GHSA-mc44-6cfg-2v6w.
    """
    peer.respond("/loop", 302, Location="/loop")
    peer.hang("/slow")

    async def bomb(_: web.Request) -> web.Response:
        packed = zlib.compress(b" " * 5_000_000)
        return web.Response(body=packed, content_type=AS_TYPE, headers={"Content-Encoding": "deflate"})

    peer.answers["/bomb"] = bomb
    limits = Limits(total_ms=300, body=1 << 20)
    async with (
        Client(Guard(TRUSTED, {}, development=True), user_agent="x", now=lambda: 0, limits=limits) as client,
        asyncio.timeout(20),
    ):
        assert await fault_of(client, f"{peer.base}/loop") is FetchFault.REDIRECTS
        assert peer.fetched("/loop") == limits.redirects + 1
        assert await fault_of(client, f"{peer.base}/bomb") is FetchFault.TOO_LARGE
        assert await fault_of(client, f"{peer.base}/slow") is FetchFault.TIMEOUT


async def test_22_a_key_that_is_not_there_is_looked_for_once_in_a_while(home: Home, peer: Peer) -> None:
    """Guard: federation/verifying.py `fetch_key`, federation/failures.py `Lately`. Nobody needs a key to name one."""
    ben = peer.actor("ben")
    served = peer.answers.pop("/users/ben")
    for _ in range(3):
        assert await home.send(ben, peer.create(ben)) == 401
    assert peer.fetched("/users/ben") == 1
    peer.answers["/users/ben"] = served
    home.clock.pass_by(30_000)
    assert await home.send(ben, peer.create(ben)) == 202


async def test_27_who_is_suspended_does_not_come_back_by_boosts(home: Home, peer: Peer, stranger: Peer) -> None:
    """Guard: storage/visibility.py `VISIBLE` (the boosted post's author), federation/remote_posts.py `store_fetched_note`.
    Mastodon CVE-2026-23961: stored posts of suspended people were shown again.
    """
    await home.rule(peer.host, stranger.host)
    ben, eve, anna = peer.actor("ben"), stranger.actor("eve"), await home.member("anna")
    known, other = stranger.note(eve), stranger.note(eve)
    assert await home.take(eve, stranger.activity("Create", eve, known)) == "done"
    await home.update(await home.stored(eve.uri), disabled_at=home.clock(), disabled_by="here")
    assert await home.take(ben, peer.activity("Announce", ben, known["id"])) == "done"
    assert (await home.take(ben, peer.activity("Announce", ben, stand(stranger, other)))).startswith("refused")
    made = [row[0] for row in await home.rows("SELECT id FROM statuses")]
    assert len(made) == 2
    assert await home.db.read(lambda tx: list_visible(tx, made, viewer=anna.id, now=home.clock())) == {}


async def test_28_what_a_group_wraps_is_believed_for_its_own_proof(home: Home, peer: Peer) -> None:
    """Guard: federation/inbox/reactions.py `_prove`, `RELAYED`; federation/inbox/profiles.py `on_update`. FEP-171b: a
    group wrapped a forged Update of an actor.
    """
    group, ben, anna = peer.group("cardiologie"), peer.actor("ben"), await home.member("anna", verified=True)
    await home.join(group, anna)
    await home.know(ben)
    forged = peer.activity("Update", ben, {**ben.document, "name": "Eve"})
    assert (await home.take(group, peer.announce(group, forged))).startswith("refused: proof-missing")
    note = peer.group_activity(ben, peer.group_note(ben, group))
    del note["proof"]
    assert (await home.take(group, peer.announce(group, note))).startswith("refused: proof-missing")
    assert (await home.stored(ben.uri)).name == ""
    assert await home.count("statuses") == 0


async def test_29_hosts_that_nobody_listed_fill_no_table(home: Home) -> None:
    """Guard: storage/inbox.py `count_unknown_host`. Fedify CVE-2026-69132: state for each host that somebody named."""
    await home.db.transact(
        lambda tx: tx.execute_many(
            "INSERT INTO unknown_hosts (host, requests, last_at) VALUES (:host, 1, 0)",
            [{"host": f"h{n}.example"} for n in range(1_000)],
        )
    )
    await home.db.transact(lambda tx: inbox.count_unknown_host(tx, "new.example", now=1))
    await home.db.transact(lambda tx: inbox.count_unknown_host(tx, "h1.example", now=1))
    assert await home.count("unknown_hosts") == 1_000
    assert await home.rows("SELECT requests FROM unknown_hosts WHERE host = 'h1.example'") == [(2,)]
