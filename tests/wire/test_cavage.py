"""draft-cavage-12: the published examples, parsing, what is demanded, what we send."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from federation.wire import cavage
from federation.wire.dates import render_http_date
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, generate_ed25519, generate_rsa, parse_pem
from federation.wire.messages import Request, Scheme

OWNER = "https://a.example/users/anna"
RSA = generate_rsa(f"{OWNER}#main-key", OWNER)
ED25519 = generate_ed25519(f"{OWNER}#ed25519-key", OWNER)
NOW = 1_795_348_800_000
INBOX = "https://b.example/inbox"
DATE = ("Date", render_http_date(NOW))
HOST = ("Host", "b.example")
DIGEST = ("Digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")


@pytest.fixture(scope="module")
def document(reference: Path) -> Any:
    return json.loads((reference / "vectors" / "draft-cavage-12-appendix-c.json").read_text())


def test_appendix_c(document: Any) -> None:
    told = document["request"]
    fields = tuple((name, value) for name, value in told["headers"])
    key = parse_pem(document["public_pem"], "Test", "o")  # of 1024 bits: only actors' keys are held to 2048
    private = PrivateKey("Test", "o", Algorithm.RSA, base64.b64decode(document["private_pem"]["value"]))
    for case in document["cases"]:
        headers = (*fields, ("Signature", case["signature_header"]))
        request = Request("POST", "https://example.com/foo?param=value&pet=dog", headers, told["body"].encode())
        parsed = cavage.parse(request)
        text = cavage.signing_string(request, parsed.covered, parsed.parameters)
        assert text.decode() == case["signing_string"], case["ref"]
        assert base64.b64encode(private.sign(text)).decode() == case["signature_base64"], case["ref"]
        cavage.verify_signature(request, parsed, key)


def parameters(**changes: str | None) -> str:
    given: dict[str, str | None] = {
        "keyId": RSA.id,
        "algorithm": "rsa-sha256",
        "headers": "(request-target) host date digest",
        "signature": "AAAA",
        **changes,
    }
    return ",".join(f'{name}="{value}"' for name, value in given.items() if value is not None)


def request(value: str, *headers: tuple[str, str], method: str = "POST", target_uri: str = INBOX) -> Request:
    return Request(method, target_uri, (*(headers or (HOST, DATE, DIGEST)), ("Signature", value)))


def check(value: str, *headers: tuple[str, str], key: PrivateKey = RSA, **changes: str) -> int:
    received = request(value, *headers, **changes)
    return cavage.check(received, cavage.parse(received), key.public)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", Fault.PARAMETER_MISSING),
        ("garbage", Fault.SIGNATURE_MALFORMED),
        (parameters(keyId=None), Fault.PARAMETER_MISSING),
        (parameters(signature=None), Fault.PARAMETER_MISSING),
        (parameters(signature="$$$"), Fault.SIGNATURE_MALFORMED),
        (parameters(signature="é"), Fault.SIGNATURE_MALFORMED),
        (parameters() + "," + parameters(), Fault.SIGNATURE_MALFORMED),
        (parameters(headers="date date"), Fault.COMPONENT_DUPLICATE),
        (parameters(headers="Date date"), Fault.COMPONENT_DUPLICATE),
        (parameters(headers="(created)"), Fault.PARAMETER_MISSING),
        (parameters(headers=None, algorithm=None), Fault.PARAMETER_MISSING),
        (parameters(headers="(expires)"), Fault.PARAMETER_MISSING),
        (parameters(headers="(created)", created="soon"), Fault.SIGNATURE_MALFORMED),
        (parameters(headers="(expires)", expires="9" * 16), Fault.SIGNATURE_MALFORMED),
    ],
)
def test_bad_headers(value: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        cavage.parse(request(value))
    assert caught.value.reason is reason


def test_what_is_parsed() -> None:
    headers = "(Request-Target) (created) (expires) host digest"
    value = parameters(algorithm="hs2019", headers=headers) + ", created=1, expires=2"
    parsed = cavage.parse(request(value))
    assert parsed.scheme is Scheme.CAVAGE
    assert (parsed.key_id, parsed.host, parsed.algorithm, parsed.nonce) == (RSA.id, "a.example", "hs2019", None)
    assert parsed.covered == ("(request-target)", "(created)", "(expires)", "host", "digest")
    assert (parsed.created, parsed.expires, parsed.signature) == (1000, 2000, b"\0\0\0")


def test_times_that_are_not_signed_do_not_count() -> None:
    parsed = cavage.parse(request(parameters(algorithm="hs2019", created="1", expires="2")))
    assert (parsed.created, parsed.expires) == (None, None)


@pytest.mark.parametrize(("algorithm", "expected"), [("rsa-sha256", ("date",)), ("hs2019", ("(created)",))])
def test_headers_not_named_have_a_default(algorithm: str, expected: tuple[str, ...]) -> None:
    assert cavage.parse(request(parameters(headers=None, algorithm=algorithm, created="1"))).covered == expected


@pytest.mark.parametrize(
    ("covered", "method", "missing"),
    [
        ("host date digest", "POST", "(request-target)"),
        ("(request-target) date digest", "POST", "host"),
        ("(request-target) host digest", "POST", "date"),
        ("(request-target) host date", "POST", "digest"),
        ("(request-target) host date", "DELETE", "digest"),
        ("(request-target) date", "GET", "host"),
        ("", "GET", "(request-target) host"),
    ],
)
def test_insufficient_coverage(covered: str, method: str, missing: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        check(parameters(headers=covered), method=method)
    assert (caught.value.reason, caught.value.detail) == (Fault.NOT_COVERED, missing)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_needs_no_digest(method: str) -> None:
    assert check(parameters(headers="(request-target) host date"), HOST, DATE, method=method) == NOW


def test_digest_is_checked_wherever_it_is_covered() -> None:
    with pytest.raises(ProtocolError, match=Fault.DIGEST_MISMATCH):
        check(parameters(), HOST, DATE, ("Digest", "SHA-256=AAAA"), method="GET")


@pytest.mark.parametrize("name", ["hmac-sha256", "ecdsa-sha256", "rsa-sha1", "rsa-sha512", "none", ""])
def test_other_algorithms_are_refused_by_name(name: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        check(parameters(algorithm=name))
    assert (caught.value.reason, caught.value.detail) == (Fault.ALGORITHM_REFUSED, name)


def test_the_label_must_fit_the_key() -> None:
    assert check(parameters(algorithm="hs2019"), key=ED25519) == NOW
    with pytest.raises(ProtocolError, match=Fault.ALGORITHM_MISMATCH):
        check(parameters(), key=ED25519)


@pytest.mark.parametrize("name", ["created", "expires"])
def test_signed_times_belong_to_hs2019(name: str) -> None:
    covered = f"(request-target) ({name}) host date digest"
    with pytest.raises(ProtocolError, match=Fault.PARAMETER_CONFLICT):
        check(parameters(headers=covered) + f",{name}=1")


def test_created_goes_before_the_date() -> None:
    covered = "(request-target) (created) host date digest"
    assert check(parameters(algorithm="hs2019", headers=covered) + ",created=7") == 7000


@pytest.mark.parametrize(
    ("host", "target_uri"),
    [
        ("B.Example", INBOX),
        ("b.example:443", INBOX),
        ("b.example", "https://b.example:443/inbox"),
        ("b.example:80", "http://b.example/inbox"),
        ("localhost:8001", "http://localhost:8001/inbox"),
    ],
)
def test_our_host_in_any_spelling(host: str, target_uri: str) -> None:
    assert check(parameters(), ("Host", host), DATE, DIGEST, target_uri=target_uri) == NOW


@pytest.mark.parametrize("host", ["other.example", "b.example:80", "b.example.evil.example", "b.example:8443"])
def test_a_request_meant_for_another_host_is_refused(host: str) -> None:
    with pytest.raises(ProtocolError, match=Fault.HOST_MISMATCH):
        check(parameters(), ("Host", host), DATE, DIGEST)


def test_two_hosts_are_none() -> None:
    with pytest.raises(ProtocolError, match=Fault.URI_REFUSED):
        check(parameters(), HOST, HOST, DATE, DIGEST)


@pytest.mark.parametrize("missing", [HOST, DATE, DIGEST])
def test_a_covered_header_must_be_there(missing: tuple[str, str]) -> None:
    with pytest.raises(ProtocolError, match=Fault.COMPONENT_ABSENT):
        check(parameters(), *({HOST, DATE, DIGEST} - {missing}))


def test_a_date_must_be_one() -> None:
    with pytest.raises(ProtocolError, match=Fault.SIGNATURE_MALFORMED):
        check(parameters(), HOST, ("Date", "yesterday"), DIGEST)


def test_a_line_break_cannot_forge_a_signed_line() -> None:
    forged = Request("GET", INBOX, (("x", "1\nhost: b.example"),))
    with pytest.raises(ProtocolError, match=Fault.SIGNATURE_MALFORMED):
        cavage.signing_string(forged, ["x"], {})


def sent(method: str, target_uri: str, body: bytes = b"") -> Request:
    content = (("Content-Type", "application/activity+json"),) if body else ()
    plain = Request(method, target_uri, content, body)
    headers = cavage.sign(plain, RSA, now=NOW)
    return Request(method, target_uri, (*content, ("Host", "b.example"), *headers), body)


def test_what_we_post() -> None:
    delivered = sent("POST", INBOX, b"{}")
    parsed = cavage.parse(delivered)
    assert parsed.algorithm == "rsa-sha256"
    assert parsed.covered == ("(request-target)", "host", "date", "digest", "content-type")
    assert delivered.fields.get("date") == "Sun, 22 Nov 2026 12:00:00 GMT"
    assert cavage.check(delivered, parsed, RSA.public) == NOW
    cavage.verify_signature(delivered, parsed, RSA.public)


def test_who_follows_is_signed_where_it_is_told() -> None:
    """FEP-8fcf."""
    told = (("Content-Type", "application/activity+json"), ("Collection-Synchronization", 'collectionId="x"'))
    headers = cavage.sign(Request("POST", INBOX, told, b"{}"), RSA, now=NOW)
    delivered = Request("POST", INBOX, (*told, ("Host", "b.example"), *headers), b"{}")
    parsed = cavage.parse(delivered)
    assert parsed.covered[-1] == "collection-synchronization"
    cavage.verify_signature(delivered, parsed, RSA.public)


def test_what_we_get() -> None:
    fetched = sent("GET", "https://b.example/users/ben?page=1")
    parsed = cavage.parse(fetched)
    assert parsed.covered == ("(request-target)", "host", "date")
    assert cavage.check(fetched, parsed, RSA.public) == NOW
    cavage.verify_signature(fetched, parsed, RSA.public)


def test_a_host_that_is_already_there_is_signed_once() -> None:
    with_host = Request("GET", INBOX, (("host", "b.example"),))
    assert cavage.sign(with_host, RSA, now=NOW) == cavage.sign(Request("GET", INBOX, ()), RSA, now=NOW)


def test_a_query_may_be_left_out_when_reading_only() -> None:
    signed = sent("GET", "https://b.example/users/ben")
    with_query = Request("GET", "https://b.example/users/ben?page=1", signed.headers)
    cavage.verify_signature(with_query, cavage.parse(with_query), RSA.public)
    other_path = Request("GET", "https://b.example/users/eve?page=1", signed.headers)
    no_query = Request("GET", "https://b.example/users/eve", signed.headers)
    posted = sent("POST", INBOX, b"{}")
    posted_with_query = Request("POST", INBOX + "?x=1", posted.headers, b"{}")
    for changed in (other_path, no_query, posted_with_query):
        with pytest.raises(ProtocolError, match=Fault.SIGNATURE_INVALID):
            cavage.verify_signature(changed, cavage.parse(changed), RSA.public)


def test_we_sign_with_rsa_and_a_content_type() -> None:
    with pytest.raises(ValueError, match="ed25519"):
        cavage.sign(Request("GET", INBOX, ()), ED25519, now=NOW)
    with pytest.raises(ProtocolError, match="content-type"):
        cavage.sign(Request("POST", INBOX, (), b"{}"), RSA, now=NOW)
