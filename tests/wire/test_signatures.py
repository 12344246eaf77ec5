"""The door for signed requests: only verification makes a Signer, and nothing signed can be changed unnoticed."""

import base64
import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.wire import cavage, rfc9421, signatures
from federation.wire.dates import render_http_date
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import PrivateKey, generate_ed25519, generate_rsa
from federation.wire.messages import Request, Scheme

OWNER = "https://a.example/users/anna"
RSA = generate_rsa(f"{OWNER}#main-key", OWNER)
ED25519 = generate_ed25519(f"{OWNER}#ed25519-key", OWNER)
OTHER = generate_ed25519(ED25519.id, OWNER)
NOW = 1_795_348_800_000
INBOX = "https://b.example/ap/inbox"
BODY = b'{"type":"Follow"}'
HOUR = 3_600_000


def post(scheme: Scheme, *, now: int = NOW, nonce: str | None = None, method: str = "POST") -> Request:
    body = BODY if method == "POST" else b""
    plain = Request(method, INBOX, (("Content-Type", "application/activity+json"),), body)
    if scheme is Scheme.CAVAGE:
        added = signatures.sign_cavage(plain, RSA, now=now)
    else:
        added = signatures.sign_rfc9421(plain, ED25519, now=now, nonce=nonce)
    return replace(plain, headers=(*plain.headers, ("Host", "b.example"), *added))


def key_of(scheme: Scheme) -> PrivateKey:
    return RSA if scheme is Scheme.CAVAGE else ED25519


def verify(request: Request, *, now: int = NOW, key: PrivateKey | None = None) -> signatures.Signer:
    parsed = signatures.parse(request)
    return signatures.verify(request, parsed, (key or key_of(parsed.scheme)).public, now=now)


both = pytest.mark.parametrize("scheme", list(Scheme))


@both
def test_a_signer_says_who(scheme: Scheme) -> None:
    signer = verify(post(scheme))
    assert (signer.key_id, signer.owner, signer.host) == (key_of(scheme).id, OWNER, "a.example")
    assert (signer.scheme, signer.created, signer.nonce) == (scheme, NOW, None)
    assert "(request-target)" in signer.covered or "@target-uri" in signer.covered


def test_nobody_else_makes_a_signer() -> None:
    signer = verify(post(Scheme.CAVAGE))
    with pytest.raises(TypeError, match=r"signatures\.verify"):
        signatures.Signer(
            key_id=RSA.id,
            owner=OWNER,
            host="a.example",
            scheme=Scheme.CAVAGE,
            nonce=None,
            created=NOW,
            covered=(),
            seal=object(),
        )
    with pytest.raises(ValueError, match="seal"):
        replace(signer, owner="https://b.example/users/ben")  # type: ignore[call-arg]
    assert copy.copy(signer) == signer


def test_a_request_without_signature() -> None:
    for headers in ((), (("Signature-Input", "sig1=()"),)):
        with pytest.raises(ProtocolError) as caught:
            signatures.parse(Request("GET", INBOX, headers))
        assert (caught.value.reason, caught.value.reason.status) == (Fault.SIGNATURE_MISSING, 401)


def test_rfc9421_never_falls_back() -> None:
    request = post(Scheme.CAVAGE)
    both_headers = replace(request, headers=(*request.headers, ("Signature-Input", "")))
    with pytest.raises(ProtocolError) as caught:
        signatures.parse(both_headers)
    assert (caught.value.reason, caught.value.reason.status) == (Fault.SIGNATURE_MALFORMED, 400)


@pytest.mark.parametrize(
    "key_id", ["acct:anna@a.example", "did:key:z6Mk", "anna", "ap://a.example/x", "https://u@a.example/"]
)
def test_key_ids_are_http_uris(key_id: str) -> None:
    with pytest.raises(ProtocolError, match=Fault.URI_REFUSED):
        signatures.parse(Request("GET", INBOX, (("Signature", f'keyId="{key_id}",signature="AAAA",created=1'),)))


@both
def test_the_key_is_the_one_that_was_named(scheme: Scheme) -> None:
    request = post(scheme)
    parsed, key = signatures.parse(request), key_of(scheme).public
    for wrong in (replace(key, id=key.id + "2"), replace(key, owner="https://b.example/users/anna")):
        with pytest.raises(ProtocolError, match=Fault.KEY_MISMATCH):
            signatures.verify(request, parsed, wrong, now=NOW)


def test_another_key_does_not_verify() -> None:
    with pytest.raises(ProtocolError, match=Fault.SIGNATURE_INVALID):
        verify(post(Scheme.RFC9421), key=OTHER)


@both
@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (-HOUR - 1000, Fault.FROM_THE_FUTURE),
        (-HOUR, None),
        (0, None),
        (HOUR + 300_000, None),
        (HOUR + 300_001, Fault.STALE),
    ],
)
def test_window_around_the_signature(scheme: Scheme, later: int, reason: Fault | None) -> None:
    request = post(scheme)
    if reason is None:
        assert verify(request, now=NOW + later).created == NOW
        return
    with pytest.raises(ProtocolError) as caught:
        verify(request, now=NOW + later)
    assert (caught.value.reason, caught.value.reason.status) == (reason, 401)


@pytest.mark.parametrize(
    ("lifetime", "later", "accepted"),
    [
        (60, HOUR + 60_000, True),
        (60, HOUR + 60_001, False),
        (6 * 3600, 7 * HOUR, True),
        (12 * 3600, 13 * HOUR, True),
        (99 * 3600, 13 * HOUR, True),
        (99 * 3600, 13 * HOUR + 1, False),
        (-3601, 0, False),
    ],
)
def test_expiry_is_obeyed_and_capped(lifetime: int, later: int, *, accepted: bool) -> None:
    request = expiring(NOW // 1000 + lifetime)
    if accepted:
        assert verify(request, now=NOW + later).created == NOW
        return
    with pytest.raises(ProtocolError, match=Fault.STALE):
        verify(request, now=NOW + later)


def expiring(expires: int) -> Request:
    components: list[Any] = [("@method", {}), ("@target-uri", {})]
    parameters = {"created": NOW // 1000, "expires": expires, "keyid": ED25519.id}
    base = rfc9421.signature_base(Request("GET", INBOX, ()), components, parameters)
    line = base.decode().rpartition("\n")[2].removeprefix('"@signature-params": ')
    value = base64.b64encode(ED25519.sign(base)).decode()
    return Request("GET", INBOX, (("Signature-Input", f"sig1={line}"), ("Signature", f"sig1=:{value}:")))


def test_the_actor_must_be_the_signer() -> None:
    signer = verify(post(Scheme.CAVAGE))
    signatures.require_actor(signer, OWNER)
    for other in ("https://a.example/users/ben", "", OWNER + "/"):
        with pytest.raises(ProtocolError) as caught:
            signatures.require_actor(signer, other)
        assert (caught.value.reason, caught.value.reason.status) == (Fault.ACTOR_MISMATCH, 401)


def test_a_fresh_request_is_new_and_has_a_nonce() -> None:
    signer = verify(post(Scheme.RFC9421, nonce="n", method="GET"))
    for now in (NOW - 60_000, NOW, NOW + 60_000):
        signatures.require_fresh(signer, now)
    for now in (NOW - 60_001, NOW + 60_001):
        with pytest.raises(ProtocolError, match="not-fresh: created"):
            signatures.require_fresh(signer, now)


@pytest.mark.parametrize("nonce", [None, "", "n" * 129])
def test_a_fresh_request_needs_a_nonce_of_sensible_length(nonce: str | None) -> None:
    signer = verify(post(Scheme.RFC9421, nonce=nonce, method="GET"))
    with pytest.raises(ProtocolError, match="not-fresh: nonce"):
        signatures.require_fresh(signer, NOW)


def test_a_cavage_request_is_never_fresh() -> None:
    with pytest.raises(ProtocolError, match="not-fresh: draft-cavage-12") as caught:
        signatures.require_fresh(verify(post(Scheme.CAVAGE)), NOW)
    assert caught.value.reason.status == 401


SIGNED = {scheme: post(scheme, nonce="n") for scheme in Scheme}
NOT_COVERED = {Scheme.CAVAGE: set[str](), Scheme.RFC9421: {"Host", "Content-Type"}}  # the target and the digest are


def parts(request: Request) -> dict[str, str]:
    body = request.body.decode("latin-1")
    return {"method": request.method, "target_uri": request.target_uri, "body": body, **dict(request.headers)}


def with_part(request: Request, part: str, text: str) -> Request:
    changed = {**parts(request), part: text}
    headers = tuple((name, changed[name]) for name, _ in request.headers)
    return Request(changed["method"], changed["target_uri"], headers, changed["body"].encode("latin-1"))


def edits(old: str) -> st.SearchStrategy[str]:
    """The text with one stretch replaced, left out or put in."""
    characters = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=3)
    drawn = st.tuples(st.integers(0, len(old)), st.integers(0, 3), characters)
    return drawn.map(lambda edit: old[: edit[0]] + edit[2] + old[edit[0] + edit[1] :]).filter(old.__ne__)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(Scheme), st.data())
def test_no_signed_part_can_be_changed(scheme: Scheme, data: st.DataObject) -> None:
    request = SIGNED[scheme]
    part = data.draw(st.sampled_from(sorted(parts(request).keys() - NOT_COVERED[scheme])))
    changed = with_part(request, part, data.draw(edits(parts(request)[part])))
    try:
        signer = verify(changed)
    except ProtocolError:
        return
    assert meaning(changed) == meaning(request), part
    assert (signer.owner, signer.created) == (OWNER, NOW)


def meaning(request: Request) -> object:
    """A request without what nobody signs: space around values, case of the host and of draft-cavage's method."""
    parsed = signatures.parse(request)
    method = request.method.lower() if parsed.scheme is Scheme.CAVAGE else request.method
    plain = {name: value.strip() for name, value in request.headers if not name.startswith("Signature")}
    claims = (parsed.key_id, parsed.components, parsed.created, parsed.nonce, parsed.signature)
    return method, request.target_uri, request.body, {**plain, "Host": plain["Host"].lower()}, claims


TEXT = st.text(st.characters(max_codepoint=255), max_size=60)
NAMES = st.sampled_from(
    ["Signature", "Signature-Input", "Digest", "Content-Digest", "Date", "Host", "content-type", "x"]
)
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                'sig1=("@method"',
                ' "@target-uri"',
                ' "content-digest")',
                ";created=1795348800",
                f';keyid="{ED25519.id}"',
            ),
            *(
                ';alg="ed25519"',
                ";nonce",
                "sig1=:AAAA:",
                "sig1=",
                "(",
                ")",
                ";",
                '"',
                ",",
                "=",
                ":",
                "@1",
                "?1",
                '%"%ff"',
            ),
            *(
                f'keyId="{RSA.id}"',
                'signature="AAAA"',
                'algorithm="hs2019"',
                'headers="(request-target) host',
                " (created)",
            ),
            *(
                " date",
                "created=1795348800",
                "SHA-256=",
                "sha-256=:AAAA:",
                "b.example",
                "Sun, 22 Nov 2026 12:00:00 GMT",
            ),
        ]
    ),
    max_size=8,
).map("".join)


@settings(deadline=None, max_examples=500)
@given(
    st.sampled_from(["GET", "POST", "HEAD", "get", ""]),
    st.sampled_from([INBOX, INBOX + "?a=1", "https://b.example", "https://b.example*"]) | TEXT,
    st.lists(st.tuples(NAMES, TEXT | PIECES), max_size=6).map(tuple),
    st.binary(max_size=20),
    st.sampled_from([RSA, ED25519]),
)
def test_garbage_is_the_peers_fault(
    method: str, target_uri: str, headers: tuple[tuple[str, str], ...], body: bytes, key: PrivateKey
) -> None:
    request = Request(method, target_uri, headers, body)
    with pytest.raises(ProtocolError):
        try_to_verify(request, key)


def try_to_verify(request: Request, key: PrivateKey) -> None:
    parsed = signatures.parse(request)
    signatures.verify(request, parsed, replace(key.public, id=parsed.key_id), now=NOW)


def test_a_covered_time_of_hs2019_counts() -> None:
    names = ["(request-target)", "(created)", "(expires)", "host"]
    request = Request("GET", INBOX, (("Host", "b.example"), ("Date", render_http_date(0))))
    given_times = {"created": str(NOW // 1000), "expires": str(NOW // 1000 + 60)}
    value = base64.b64encode(ED25519.sign(cavage.signing_string(request, names, given_times))).decode()
    header = f'keyId="{ED25519.id}",created={given_times["created"]},expires={given_times["expires"]},headers="{" ".join(names)}",signature="{value}"'
    signed = replace(request, headers=(*request.headers, ("Signature", header)))
    assert verify(signed, key=ED25519).created == NOW
    with pytest.raises(ProtocolError, match=Fault.STALE):
        verify(signed, key=ED25519, now=NOW + HOUR + 60_001)
