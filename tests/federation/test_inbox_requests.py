"""What is wrong with a request, before anybody looks at what it asks for: 4xx, nothing stored, the reason in the log."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from federation.wire.bounded import MAX_BODY
from federation.wire.messages import Scheme
from federation.wire.origins import MAX_ID
from tests.federation.home import Home
from tests.federation.peer import Document, Peer, Someone, new_keys, proven, signed

MINUTE = 60_000
HOUR = 60 * MINUTE
INBOX = "/ap/inbox"
SCHEMES = (Scheme.CAVAGE, Scheme.RFC9421)
Headers = dict[str, str]
Spoil = Callable[[Headers], Headers]


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def without(*names: str) -> Spoil:
    return lambda headers: {name: value for name, value in headers.items() if name not in names}


def with_(**changed: str) -> Spoil:
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    return lambda headers: {**headers, **named}


def replaced(name: str, old: str, new: str) -> Spoil:
    def spoil(headers: Headers) -> Headers:
        assert old in headers[name]
        return {**headers, name: headers[name].replace(old, new)}

    return spoil


async def test_a_good_request_is_taken(home: Home, peer: Peer) -> None:
    """By both schemes, at every inbox: otherwise the refusals below would say nothing."""
    ben, anna = peer.actor("ben"), await home.member("anna")
    for path in (INBOX, "/ap/actor/inbox", f"/ap/actors/{anna.id}/inbox"):
        for scheme in SCHEMES:
            body = orjson.dumps(peer.create(ben))
            headers = signed(ben, "POST", home.base + path, body, now=home.clock(), scheme=scheme)
            assert await home.post(body, headers, path) == 202
    assert await home.process() == ["done"] * 6


CAVAGE: dict[str, tuple[Spoil, int, str]] = {
    "unsigned": (without("Signature"), 401, "signature-missing"),
    "a signature that is none": (with_(Signature="gibberish"), 400, "signature-malformed"),
    "a signature not in base64": (replaced("Signature", 'signature="', 'signature="?'), 400, "signature-malformed"),
    "another's signature": (replaced("Signature", 'signature="', 'signature="AAAA'), 401, "signature-invalid"),
    "no key": (replaced("Signature", "keyId", "kyeId"), 401, "parameter-missing"),
    "a key of acct": (replaced("Signature", "http://", "acct:"), 400, "uri-refused"),
    "an algorithm that is none": (replaced("Signature", "rsa-sha256", "hmac-sha256"), 401, "algorithm-refused"),
    "no digest": (without("Digest"), 401, "component-absent"),
    "another body's digest": (with_(Digest=f"SHA-256={'A' * 43}="), 401, "digest-mismatch"),
    "a digest nobody uses": (with_(Digest="MD5=AAAA"), 401, "digest-unsupported"),
    "a digest that is not covered": (replaced("Signature", " digest", ""), 401, "not-covered"),
    "a target that is not covered": (replaced("Signature", "(request-target) ", ""), 401, "not-covered"),
    "a host that is not covered": (replaced("Signature", " host", ""), 401, "not-covered"),
    "another date": (with_(Date="Wed, 18 Nov 2026 12:00:00 GMT"), 401, "signature-invalid"),
    "a date that is none": (with_(Date="yesterday"), 400, "signature-malformed"),
    "meant for another host": (with_(Host="elsewhere.example"), 401, "host-mismatch"),
    "another type than was signed": (with_(Content_Type="application/json"), 401, "signature-invalid"),
    "a form": (with_(Content_Type="application/x-www-form-urlencoded"), 415, "content type"),
    "no type": (without("Content-Type"), 415, "content type"),
}
RFC9421: dict[str, tuple[Spoil, int, str]] = {
    "no input": (without("Signature-Input", "Signature"), 401, "signature-missing"),
    "two labels": (lambda one: {**one, "Signature-Input": f"{one['Signature-Input']}, sig2=()"}, 400, "labels"),
    "another label": (replaced("Signature", "sig1=", "sig2="), 401, "label-mismatch"),
    "no cavage to fall back to": (with_(Signature='keyId="x",signature="AAAA"'), 400, "signature-malformed"),
    "another nonce": (lambda one: {**one, "Signature-Input": f'{one["Signature-Input"]};nonce="x"'}, 401, "invalid"),
    "another algorithm": (replaced("Signature-Input", "rsa-v1_5-sha256", "ed25519"), 401, "algorithm-mismatch"),
    "a shared secret": (replaced("Signature-Input", "rsa-v1_5-sha256", "hmac-sha256"), 401, "algorithm-refused"),
    "a digest that is not covered": (replaced("Signature-Input", ' "content-digest"', ""), 401, "not-covered"),
    "a target that is not covered": (replaced("Signature-Input", ' "@target-uri"', ""), 401, "not-covered"),
    "another body's digest": (with_(Content_Digest=f"sha-256=:{'A' * 43}=:"), 401, "digest-mismatch"),
    "no digest": (without("Content-Digest"), 401, "component-absent"),
}


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_spoiled_signature_is_refused(
    home: Home, peer: Peer, scheme: Scheme, caplog: pytest.LogCaptureFixture
) -> None:
    ben = peer.actor("ben")
    body = orjson.dumps(peer.create(ben))
    await home.know(ben)
    for name, (spoil, status, reason) in (CAVAGE if scheme is Scheme.CAVAGE else RFC9421).items():
        caplog.clear()
        headers = signed(ben, "POST", home.base + INBOX, body, now=home.clock(), scheme=scheme)
        assert await home.post(body, spoil(headers)) == status, name
        assert reason in caplog.text, name
    assert await home.count("inbox") == 0


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_signature_holds_for_its_time_target_and_method_only(home: Home, peer: Peer, scheme: Scheme) -> None:
    ben, anna = peer.actor("ben"), await home.member("anna")
    body = orjson.dumps(peer.create(ben))
    now = home.clock()
    for name, moment in {"stale": now - HOUR - 6 * MINUTE, "future": now + HOUR + MINUTE}.items():
        assert await home.post(body, signed(ben, "POST", home.base + INBOX, body, now=moment, scheme=scheme)) == 401, (
            name
        )
    for name, (method, path) in {
        "another inbox": ("POST", f"/ap/actors/{anna.id}/inbox"),
        "another method": ("PUT", INBOX),
        "another query": ("POST", f"{INBOX}?a=1"),
    }.items():
        headers = signed(ben, method, home.base + path, body, now=now, scheme=scheme)
        assert await home.post(body, headers) == 401, name
    headers = signed(ben, "POST", f"http://elsewhere.example{INBOX}", body, now=now, scheme=scheme)
    assert await home.post(body, {**headers, "Host": home.ctx.origin.host}) == 401, "another host"
    assert await home.count("inbox") == 0
    assert await home.send(ben, body, scheme=scheme) == 202


async def test_a_replayed_request_is_acknowledged_and_dropped(home: Home, peer: Peer) -> None:
    """Also after it was applied, with its body gone; the same activity in other bytes is another matter for handlers."""
    ben = peer.actor("ben")
    body = orjson.dumps(peer.create(ben))
    headers = signed(ben, "POST", home.base + INBOX, body, now=home.clock())
    assert await home.post(body, headers) == 202
    assert await home.post(body, headers) == 202
    assert await home.process() == ["done"]
    assert await home.post(body, headers) == 202
    assert await home.process() == []
    assert await home.send(ben, body + b" ") == 202
    assert await home.process() == ["refused: known or deleted already"]
    assert await home.count("statuses") == 1


def nested(depth: int) -> Document:
    made: Document = {}
    for _ in range(depth):
        made = {"a": made}
    return made


def documents(peer: Peer, ben: Someone) -> Iterator[tuple[str, bytes, int]]:
    """Bodies that no activity has, each signed well; with the status that answers."""
    good = peer.create(ben)
    text = orjson.dumps(good)
    yield "no JSON", b"<html></html>", 400
    yield "nothing", b"", 400
    yield "a list", orjson.dumps([good]), 400
    yield "a string", b'"Create"', 400
    yield "not UTF-8", text.replace(b"Bonjour", b"\xff\xfe"), 400
    yield "NUL", text.replace(b"Bonjour", b"Bon\\u0000jour"), 400
    yield "half a character", text.replace(b"Bonjour", b"Bon\\ud800jour"), 400
    yield "duplicate keys", text[:-1] + b',"actor":"http://elsewhere.example/a"}', 400
    yield "duplicate keys below", text.replace(b'"type":"Note"', b'"type":"Note","type":"Note"'), 400
    yield "NaN", text[:-1] + b',"epoch":NaN}', 400
    yield "beyond 64 bits", text[:-1] + b',"epoch":18446744073709551616}', 400
    yield "too deep", orjson.dumps({**good, "tag": nested(40)}), 400
    yield "too many values", orjson.dumps({**good, "tag": [1] * 60_000}), 400
    yield "too large", orjson.dumps({**good, "summary": "x" * MAX_BODY}), 413
    yield (
        "a context that asks for too much",
        orjson.dumps({**good, "@context": {str(n): "as:x" for n in range(2000)}}),
        400,
    )
    for name, changed in shapes(ben).items():
        yield name, orjson.dumps({**good, **changed}), 400


def shapes(ben: Someone) -> dict[str, dict[str, Any]]:
    elsewhere = "http://elsewhere.example/activities/1"
    return {
        "no type": {"type": None},
        "a number for a type": {"type": 5},
        "no id": {"id": None},
        "an id that is no address": {"id": "urn:uuid:1"},
        "an id that is a list": {"id": [elsewhere, elsewhere]},
        "an id on another origin": {"id": elsewhere},
        "an id on another port": {"id": ben.uri.replace("localhost:", "localhost:1")},
        "an id with user information": {"id": ben.uri.replace("//", "//a@")},
        "an id that is too long": {"id": f"{ben.uri}/{'x' * MAX_ID}"},
        "no actor": {"actor": None},
        "two actors": {"actor": [ben.uri, ben.uri]},
        "an actor that is a number": {"actor": 7},
        "an actor on another origin": {"actor": "http://elsewhere.example/users/ben"},
        "an actor with a fragment": {"actor": f"{ben.uri}#main-key"},
        "too many recipients": {"to": [f"{ben.uri}/{n}" for n in range(1001)]},
        "too many objects": {"object": [f"{ben.uri}/{n}" for n in range(101)]},
    }


async def test_a_body_that_is_no_activity_is_refused(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    for name, body, status in documents(peer, ben):
        assert await home.send(ben, body) == status, name
    assert await home.count("inbox") == 0
    assert await home.count("unknown_hosts") == 0


async def test_more_than_the_cap_is_not_read_on(home: Home, peer: Peer) -> None:
    """Whatever the sender says about the length: it is cut off long before the end of an endless body."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 100 * MAX_BODY:
            sent += 65_536
            yield b" " * 65_536

    headers = signed(peer.actor("ben"), "POST", home.base + INBOX, b"{}", now=home.clock())
    try:
        async with home.session.post(home.base + INBOX, data=endless(), headers=headers) as response:
            assert response.status == 413
    except (ConnectionError, OSError):  # it hung up while we were still sending
        pass
    assert sent < 20 * MAX_BODY
    assert await home.count("inbox") == 0


async def test_a_signer_speaks_for_itself_alone(home: Home, peer: Peer) -> None:
    """A good signature by another actor, by a key on another path that claims the actor, or by another actor's key."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    await home.know(ben)
    assert await home.send(eve, peer.create(ben)) == 401
    foreign = new_keys(ben.uri).rsa
    assert await home.send(ben, peer.create(ben), key=foreign) == 401
    peer.serve("/key", {"id": f"{peer.base}/key", "owner": ben.uri, "type": "Key", "publicKeyPem": "x"})
    stolen = type(eve.keys.rsa)(f"{peer.base}/key", ben.uri, eve.keys.rsa.algorithm, eve.keys.rsa.material)
    assert await home.send(ben, peer.create(ben), key=stolen) == 401
    assert await home.count("inbox") == 0


async def test_what_a_neighbour_forwards_is_refused_whoever_signed_it(home: Home, peer: Peer) -> None:
    """Decision 0008: a Linked Data signature is no authority, nor is a proof outside a private group; and on one host
    everybody speaks for themselves.
    """
    ben, eve = peer.actor("ben"), peer.actor("eve")
    await home.know(ben)
    await home.know(eve)
    linked = {"type": "RsaSignature2017", "creator": ben.keys.rsa.id, "created": "2026-11-17T12:00:00Z"}
    assert await home.send(eve, {**peer.create(ben), "signature": {**linked, "signatureValue": "AAAA"}}) == 401
    assert await home.send(eve, proven(ben, peer.create(ben))) == 401
    assert await home.count("inbox") == 0


async def test_requests_may_be_signed_with_an_ed25519_key(home: Home, peer: Peer) -> None:
    ben, eve = peer.actor("ben"), peer.actor("eve")
    await home.know(eve)
    assert await home.send(ben, peer.create(ben), scheme=Scheme.RFC9421, key=ben.keys.ed25519) == 202
    stolen = replace(ben.keys.ed25519, material=eve.keys.ed25519.material)
    assert await home.send(ben, peer.create(ben), scheme=Scheme.RFC9421, key=stolen) == 401


async def test_a_key_counts_only_where_its_owner_lists_it(home: Home, peer: Peer, stranger: Peer) -> None:
    """GHSA-q9f8-5hc7-898f: a key document may claim any owner, and an actor's document any key."""
    await home.rule(peer.host, stranger.host)
    ben, eve = peer.actor("ben"), stranger.actor("eve")
    claimed = {**eve.document, "publicKey": {**eve.document["publicKey"], "owner": ben.uri}}
    stranger.serve("/users/eve", claimed)
    assert await home.send(eve, peer.create(ben)) == 401
    key = {"id": f"{stranger.base}/key", "owner": ben.uri, "publicKeyPem": eve.document["publicKey"]["publicKeyPem"]}
    stranger.serve("/key", key)
    peer.asked.clear()
    stolen = type(eve.keys.rsa)(f"{stranger.base}/key", ben.uri, eve.keys.rsa.algorithm, eve.keys.rsa.material)
    assert await home.send(ben, peer.create(ben), key=stolen) == 401
    assert peer.asked == [], "the claimed owner is not even asked"
    assert await home.count("actor_keys", "uri IN :lies", lies=[eve.keys.rsa.id, stolen.id]) == 0


async def test_gotosocial_keeps_a_key_at_an_address_of_its_own(home: Home, peer: Peer) -> None:
    """The stub there names the owner, whose own document lists the key."""
    ben = peer.actor("ben")
    key_id = f"{ben.uri}/main-key"
    ben.document["publicKey"]["id"] = key_id
    peer.serve("/users/ben/main-key", {"id": ben.uri, "publicKey": ben.document["publicKey"]})
    apart = type(ben.keys.rsa)(key_id, ben.uri, ben.keys.rsa.algorithm, ben.keys.rsa.material)
    assert await home.send(ben, peer.create(ben), key=apart) == 202


async def test_two_actors_that_list_one_key_are_not_our_trouble(home: Home, peer: Peer) -> None:
    """The key stays with whom it was first; the other's other keys are good."""
    ben, eve = peer.actor("ben"), peer.actor("eve")
    await home.know(ben)
    eve.document["assertionMethod"].append(
        {**ben.document["assertionMethod"][0], "controller": eve.uri},
    )
    assert await home.send(eve, peer.create(eve)) == 202
    assert await home.rows("SELECT count(*) FROM actor_keys k JOIN actors a ON a.id = k.actor_id WHERE a.uri = :uri AND k.uri = :key",
        uri=ben.uri, key=ben.keys.ed25519.id) == [(1,)]  # fmt: skip


async def test_our_own_keys_cannot_be_fetched_over(home: Home, stranger: Peer) -> None:
    """In an open network our own address in another spelling is a host like others: what stands there is ours already."""
    await home.rule(network="open")
    anna = await home.member("anna")
    private = "actor_id = :id AND private IS NOT NULL"
    assert await home.count("actor_keys", private, id=anna.id) == 2
    for spelling in (anna.uri.replace("localhost", "LOCALHOST"), anna.uri.replace("http:", "HTTP:")):
        key = new_keys(spelling).rsa
        activity = stranger.activity("Like", stranger.instance, "x") | {"actor": anna.uri, "id": f"{anna.uri}/like"}
        assert await home.send(stranger.instance, activity, key=key) == 401
    assert await home.count("actor_keys", private, id=anna.id) == 2
    assert await home.count("actors", "id = :id AND host = ''", id=anna.id) == 1


async def test_a_rotated_key_is_fetched_once_and_not_again_for_rubbish(home: Home, peer: Peer) -> None:
    ben = peer.actor("ben")
    await home.know(ben)
    home.clock.pass_by(10 * MINUTE)
    before = peer.fetched("/users/ben")
    renewed = ben.rotated()
    assert await home.send(renewed, peer.create(renewed)) == 202
    assert await home.send(renewed, peer.create(renewed)) == 202
    assert peer.fetched("/users/ben") == before + 1
    for _ in range(3):
        assert await home.send(ben, peer.create(ben)) == 401, "the old key"
    assert peer.fetched("/users/ben") == before + 1
    home.clock.pass_by(6 * MINUTE)
    for _ in range(3):
        assert await home.send(ben, peer.create(ben)) == 401
    assert peer.fetched("/users/ben") == before + 2


async def test_the_ids_may_be_as_long_as_any(home: Home, peer: Peer) -> None:
    """An index of PostgreSQL takes 2,700 bytes: two addresses of the longest kind must fit into one."""
    filler = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=MAX_ID))  # noqa: S311  # what does not compress
    path = f"/users/{filler}"[: MAX_ID - len(peer.base) - len("#ed25519-key") - 10]
    ben = peer.actor("ben", path=path)
    note = peer.note(ben, id=f"{peer.base}/{filler}"[:MAX_ID])
    create = peer.activity("Create", ben, note) | {"id": f"{peer.base}/a{filler}"[:MAX_ID]}
    assert await home.take(ben, create) == "done"
    like = peer.activity("Like", ben, note["id"]) | {"id": f"{peer.base}/l{filler}"[:MAX_ID]}
    assert await home.take(ben, like) == "done"
    delete = peer.activity("Delete", ben, note["id"]) | {"id": f"{peer.base}/d{filler}"[:MAX_ID]}
    assert await home.take(ben, delete) == "done"


async def test_many_senders_at_once_are_all_taken(home: Home, peer: Peer) -> None:
    """Distinct activities from several hosts side by side; none is lost and none delays the answer of another."""
    ben = peer.actor("ben")
    await home.know(ben)
    answers = await asyncio.gather(*(home.send(ben, peer.create(ben)) for _ in range(20)))
    assert answers == [202] * 20
    assert await home.process() == ["done"] * 20
