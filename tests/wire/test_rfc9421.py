"""RFC 9421: the published signature bases byte for byte, parsing, what is demanded, what is refused by name."""

import base64
import json
from hashlib import sha512
from pathlib import Path
from typing import Any, cast

import http_sf
import pytest

from federation.wire import rfc9421
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, generate_ed25519, parse_pem
from federation.wire.messages import Component, Request, Response, Scheme

OWNER = "https://a.example/users/anna"
KEY = generate_ed25519(f"{OWNER}#ed25519-key", OWNER)
NOW = 1_795_348_800_000
INBOX = "https://b.example/inbox"


@pytest.fixture(scope="module")
def document(reference: Path) -> Any:
    return json.loads((reference / "vectors" / "rfc9421-appendix-b.json").read_text())


def request_of(lines: str, headers: list[list[str]], body: str, host: str = "example.com") -> Request:
    method, target, _ = lines.split(" ")
    fields = tuple((name, value) for name, value in headers)
    return Request(method, f"https://{host}{target}", fields, body.encode())


def read_input(base: str) -> tuple[list[Component], dict[str, Any]]:
    """Components and parameters out of the last line of a published signature base."""
    line = base.rpartition("\n")[2].removeprefix('"@signature-params": ')
    ((components, parameters),) = cast("list[Any]", http_sf.parse(line.encode(), tltype="list"))
    return components, parameters


def test_published_bases_of_requests_and_responses(document: Any) -> None:
    for case in document["cases"][:6]:
        message = document["messages"][case["message"]]
        subject: Request | Response
        if case["message"] == "test-request":
            subject = request_of(message["start_line"], message["headers"], message["body"])
        else:
            # The RFC prints another digest in the message than in the base; the base has the body's own.
            digest = f"sha-512=:{base64.b64encode(sha512(message['body'].encode()).digest()).decode()}:"
            fields = [(name, digest if name == "Content-Digest" else value) for name, value in message["headers"]]
            subject = Response(int(message["start_line"].split(" ")[1]), tuple(fields))
        assert rfc9421.signature_base(subject, *read_input(case["signature_base"])).decode() == case["signature_base"]


def test_published_base_behind_a_proxy(document: Any) -> None:
    case = document["cases"][6]
    head, body = case["message_text"].split("\n\n", 1)
    start, *fields = head.split("\n")
    request = request_of(start, [field.split(": ", 1) for field in fields], body, "origin.host.internal.example")
    base = rfc9421.signature_base(request, *read_input(case["signature_base"]))
    assert base.decode() == case["signature_base"]
    parse_pem(document["keys"]["test-key-rsa"]["public_pem"], "k", "o").verify(
        base64.b64decode(case["signature_base64"]), base
    )
    with pytest.raises(ProtocolError, match="labels"):  # two signatures: whose would count?
        rfc9421.parse(request)


def test_published_base_with_a_client_certificate(document: Any) -> None:
    expected = document["cases"][7]["signature_base"]
    certificate = next(line for line in expected.split("\n") if line.startswith('"client-cert"')).split(": ")[1]
    target = "https://service.internal.example/foo?param=Value&Pet=dog"
    request = Request("POST", target, (("Client-Cert", certificate),))
    assert rfc9421.signature_base(request, *read_input(expected)).decode() == expected


def test_b26_is_verified_and_reproduced(document: Any) -> None:
    case, keys = document["cases"][5], document["keys"]["test-key-ed25519"]
    message = document["messages"]["test-request"]
    headers = [*message["headers"], ["Signature-Input", case["signature_input_header"]]]
    request = request_of(message["start_line"], [*headers, ["Signature", case["signature_header"]]], message["body"])
    parsed = rfc9421.parse(request)
    key = parse_pem(keys["public_pem"], "test-key-ed25519", "o")
    rfc9421.verify_signature(request, parsed, key)
    private = PrivateKey(key.id, "o", Algorithm.ED25519, base64.b64decode(keys["private_pem"]["value"]))
    base = rfc9421.signature_base(request, parsed.components, parsed.parameters)
    assert private.sign(base) == parsed.signature
    with pytest.raises(ProtocolError, match=Fault.NOT_COVERED):  # valid, but not enough for ActivityPub
        rfc9421.check(request, parsed, key)


def test_other_published_cases_are_refused_as_they_stand(document: Any) -> None:
    key = parse_pem(document["keys"]["test-key-rsa-pss"]["public_pem"], "test-key-rsa-pss", "o")
    message = document["messages"]["test-request"]
    for case in document["cases"][:3]:
        signed = [["Signature-Input", case["signature_input_header"]], ["Signature", case["signature_header"]]]
        request = request_of(message["start_line"], [*message["headers"], *signed], message["body"])
        parsed = rfc9421.parse(request)
        with pytest.raises(ProtocolError, match=Fault.SIGNATURE_INVALID):  # PSS, which is not derived from any key
            rfc9421.verify_signature(request, parsed, key)
        if case["ref"] != "RFC 9421 B.2.3":  # which covers all that is needed
            with pytest.raises(ProtocolError, match=Fault.NOT_COVERED):
                rfc9421.check(request, parsed, key)


def test_published_elliptic_key_is_refused_by_name(document: Any) -> None:
    with pytest.raises(ProtocolError, match=r"key-unsupported: E.*Public"):
        parse_pem(document["keys"]["test-key-ecc-p256"]["public_pem"], "k", "o")


def signed(
    components: str, parameters: str = f';created={NOW // 1000};keyid="{KEY.id}"', **changes: Any
) -> tuple[Request, str]:
    headers = (
        ("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
        ("Signature-Input", f"sig1=({components}){parameters}"),
        ("Signature", "sig1=:AAAA:"),
    )
    request = Request(
        changes.get("method", "POST"), changes.get("target_uri", INBOX), (*headers, *changes.get("headers", ()))
    )
    return request, components


def check(*arguments: Any, **changes: Any) -> int:
    request, _ = signed(*arguments, **changes)
    return rfc9421.check(request, rfc9421.parse(request), KEY.public)


@pytest.mark.parametrize(
    "name", ["hmac-sha256", "rsa-pss-sha512", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "none", "ED25519"]
)
def test_other_algorithms_are_refused_by_name(name: str) -> None:
    with pytest.raises(ProtocolError, match=name) as caught:
        check('"@method" "@target-uri" "content-digest"', f';created=1;keyid="k";alg="{name}"')
    assert caught.value.reason is Fault.ALGORITHM_REFUSED


def test_an_algorithm_that_contradicts_the_key_is_refused() -> None:
    with pytest.raises(ProtocolError, match=Fault.ALGORITHM_MISMATCH):
        check('"@method" "@target-uri" "content-digest"', ';created=1;keyid="k";alg="rsa-v1_5-sha256"')


@pytest.mark.parametrize(
    ("covered", "changes"),
    [
        ('"@method" "@target-uri" "content-digest"', {}),
        ('"@method" "@target-uri" "@authority" "content-digest"', {}),
        ('"@method" "@authority" "@path" "content-digest"', {}),
        ('"@method" "@authority" "@path" "@query" "content-digest"', {"target_uri": INBOX + "?x=1"}),
        ('"@method" "@target-uri"', {"method": "GET"}),
        ('"@method" "@target-uri"', {"method": "HEAD"}),
    ],
)
def test_sufficient_coverage(covered: str, changes: Any) -> None:
    assert check(covered, **changes) == NOW


@pytest.mark.parametrize(
    ("covered", "changes", "missing"),
    [
        ('"@target-uri" "content-digest"', {}, "@method"),
        ('"@method" "content-digest"', {}, "@target-uri"),
        ('"@method" "@path" "@query" "content-digest"', {}, "@target-uri"),
        ('"@method" "@authority" "content-digest"', {}, "@path"),
        ('"@method" "@authority" "@path" "content-digest"', {"target_uri": INBOX + "?x=1"}, "@query"),
        ('"@method" "@target-uri"', {}, "content-digest"),
        ('"@method" "@target-uri"', {"method": "PUT"}, "content-digest"),
        ("", {"method": "GET"}, "@method @target-uri"),
    ],
)
def test_insufficient_coverage(covered: str, changes: Any, missing: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        check(covered, **changes)
    assert (caught.value.reason, caught.value.detail) == (Fault.NOT_COVERED, missing)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (f';keyid="{KEY.id}"', Fault.PARAMETER_MISSING),
        (";created=1", Fault.PARAMETER_MISSING),
        (';created;keyid="k"', Fault.SIGNATURE_MALFORMED),
        (';created="1";keyid="k"', Fault.SIGNATURE_MALFORMED),
        (";created=1.5;keyid=k", Fault.SIGNATURE_MALFORMED),
        (";created=1;keyid=k", Fault.SIGNATURE_MALFORMED),
        (';created=1;created=2;keyid="k"', Fault.SIGNATURE_MALFORMED),
        (';created=1;keyid="k";nonce=1', Fault.SIGNATURE_MALFORMED),
        (';created=1;keyid="k";expires=?1', Fault.SIGNATURE_MALFORMED),
        (';created=1;keyid="k";alg=ed25519', Fault.SIGNATURE_MALFORMED),
    ],
)
def test_bad_parameters(parameters: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        check('"@method" "@target-uri" "content-digest"', parameters)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("signature_input", "signature", "reason"),
    [
        ("", "sig1=:AAAA:", Fault.SIGNATURE_MALFORMED),
        ('sig1=("@method");keyid="k"', "", Fault.LABEL_MISMATCH),
        ('sig1=("@method");keyid="k"', "sig2=:AAAA:", Fault.LABEL_MISMATCH),
        ('sig1=("@method");keyid="k"', "sig1=:AAAA:, sig2=:AAAA:", Fault.LABEL_MISMATCH),
        ('sig1=("@method");keyid="k", sig2=();keyid="k"', "sig1=:AAAA:", Fault.SIGNATURE_MALFORMED),
        ('sig1=("@method");keyid="k", sig1=();keyid="k"', "sig1=:AAAA:", Fault.SIGNATURE_MALFORMED),
        ('sig1=("@method");keyid="k"', "sig1=AAAA", Fault.SIGNATURE_MALFORMED),
        ('sig1=("@method");keyid="k"', "sig1=()", Fault.SIGNATURE_MALFORMED),
        ('sig1="@method";keyid="k"', "sig1=:AAAA:", Fault.SIGNATURE_MALFORMED),
        ('sig1=(method);keyid="k"', "sig1=:AAAA:", Fault.COMPONENT_UNKNOWN),
        ('sig1=("Content-Digest");keyid="k"', "sig1=:AAAA:", Fault.COMPONENT_UNKNOWN),
        ('sig1=("a b");keyid="k"', "sig1=:AAAA:", Fault.COMPONENT_UNKNOWN),
        ('sig1=("@path" "@path");keyid="k"', "sig1=:AAAA:", Fault.COMPONENT_DUPLICATE),
        ('sig1=("@path";x "@path";x);keyid="k"', "sig1=:AAAA:", Fault.COMPONENT_DUPLICATE),
    ],
)
def test_bad_headers(signature_input: str, signature: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        rfc9421.parse(Request("GET", INBOX, (("Signature-Input", signature_input), ("Signature", signature))))
    assert caught.value.reason is reason


def test_digest_is_checked_wherever_it_is_covered() -> None:
    request, _ = signed('"@method" "@target-uri" "content-digest"', method="GET")
    with_body = Request("GET", INBOX, request.headers, b"something")
    with pytest.raises(ProtocolError, match=Fault.DIGEST_MISMATCH):
        rfc9421.check(with_body, rfc9421.parse(with_body), KEY.public)
    without_header = Request("POST", INBOX, request.headers[1:])
    with pytest.raises(ProtocolError, match=Fault.COMPONENT_ABSENT):
        rfc9421.check(without_header, rfc9421.parse(without_header), KEY.public)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("@method", "GET"),
        ("@target-uri", "https://B.example:443/a/b?x=1&y=2"),
        ("@authority", "b.example"),
        ("@scheme", "https"),
        ("@request-target", "/a/b?x=1&y=2"),
        ("@path", "/a/b"),
        ("@query", "?x=1&y=2"),
        ("x-field", "one, two"),
    ],
)
def test_components_of_a_request(name: str, expected: str) -> None:
    request = Request("GET", "https://B.example:443/a/b?x=1&y=2", (("X-Field", " one "), ("x-field", "two")))
    base = rfc9421.signature_base(request, [(name, {})], {"created": 1})
    assert base.decode() == f'"{name}": {expected}\n"@signature-params": ("{name}");created=1'


def test_components_of_a_response() -> None:
    base = rfc9421.signature_base(Response(404, (("A", "b"),)), [("@status", {}), ("a", {})], {"tag": "t"})
    assert base.decode() == '"@status": 404\n"a": b\n"@signature-params": ("@status" "a");tag="t"'


def test_empty_path_and_query() -> None:
    base = rfc9421.signature_base(Request("GET", "https://b.example", ()), [("@path", {}), ("@query", {})], {})
    assert base.decode().split("\n")[:2] == ['"@path": /', '"@query": ?']


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("fa%C3%A7ade%22%3A%20", "something"),
        ("none", ""),
        ("tilde", "%7E*"),
    ],
)
def test_query_parameters_are_encoded_again(name: str, expected: str) -> None:
    query = "var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something"
    request = Request("GET", f"https://b.example/?{query}&none=&tilde=~*&twice=1&twice=2", ())
    base = rfc9421.signature_base(request, [("@query-param", {"name": name})], {}).decode()
    assert base.split("\n")[0] == f'"@query-param";name="{name}": {expected}'


@pytest.mark.parametrize("name", ["absent", "twice"])
def test_query_parameters_that_cannot_be_signed(name: str) -> None:
    request = Request("GET", "https://b.example/?twice=1&twice=2", ())
    with pytest.raises(ProtocolError, match=Fault.COMPONENT_ABSENT):
        rfc9421.signature_base(request, [("@query-param", {"name": name})], {})


@pytest.mark.parametrize(
    ("message", "component", "reason"),
    [
        (Request("GET", INBOX, ()), ("date", {}), Fault.COMPONENT_ABSENT),
        (Request("GET", INBOX, ()), ("@status", {}), Fault.COMPONENT_UNKNOWN),
        (Request("GET", INBOX, ()), ("@signature-params", {}), Fault.COMPONENT_UNKNOWN),
        (Request("GET", INBOX, ()), ("@query-param", {}), Fault.COMPONENT_UNKNOWN),
        (Request("GET", INBOX, ()), ("@query-param", {"name": "a", "req": True}), Fault.COMPONENT_UNKNOWN),
        (Request("GET", INBOX, (("a", "b"),)), ("a", {"bs": True}), Fault.COMPONENT_UNKNOWN),
        (Response(200, ()), ("@method", {}), Fault.COMPONENT_UNKNOWN),
        (Response(200, ()), ("@query-param", {"name": "a"}), Fault.COMPONENT_UNKNOWN),
        (Request("GET", INBOX, (("a", 'b\n"@method": POST'),)), ("a", {}), Fault.SIGNATURE_MALFORMED),
        (Request("GET", INBOX, (("a", "é"),)), ("a", {}), Fault.SIGNATURE_MALFORMED),
        (Request("GET", "*", ()), ("@path", {}), Fault.URI_REFUSED),
        (Request("GET", INBOX + "#x", ()), ("@path", {}), Fault.URI_REFUSED),
    ],
)
def test_what_cannot_be_in_a_base(message: Request | Response, component: Component, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        rfc9421.signature_base(message, [component], {})
    assert caught.value.reason is reason


def test_a_signed_post_has_the_shape_mastodon_verifies() -> None:
    request = Request("POST", INBOX, (("Content-Type", "application/activity+json"),), b"{}")
    headers = rfc9421.sign(request, KEY, now=NOW)
    assert [name for name, _ in headers] == ["Content-Digest", "Signature-Input", "Signature"]
    assert headers[1][1] == (
        f'sig1=("@method" "@target-uri" "content-digest");created={NOW // 1000};keyid="{KEY.id}";alg="ed25519"'
    )
    sent = Request("POST", INBOX, request.headers + headers, b"{}")
    parsed = rfc9421.parse(sent)
    assert (parsed.scheme, parsed.host, parsed.nonce) == (Scheme.RFC9421, "a.example", None)
    assert rfc9421.check(sent, parsed, KEY.public) == NOW
    rfc9421.verify_signature(sent, parsed, KEY.public)


def test_who_follows_is_signed_where_it_is_told() -> None:
    """FEP-8fcf."""
    told = (("Collection-Synchronization", 'collectionId="x"'),)
    sent = Request("POST", INBOX, told + rfc9421.sign(Request("POST", INBOX, told, b"{}"), KEY, now=NOW), b"{}")
    parsed = rfc9421.parse(sent)
    assert parsed.covered[-1] == "collection-synchronization"
    rfc9421.verify_signature(sent, parsed, KEY.public)


def test_a_signed_get_carries_the_nonce() -> None:
    target = "https://b.example/ap/actors/1/objects?uri=x"
    headers = rfc9421.sign(Request("GET", target, ()), KEY, now=NOW, nonce="n-1")
    assert [name for name, _ in headers] == ["Signature-Input", "Signature"]
    sent = Request("GET", target, headers)
    parsed = rfc9421.parse(sent)
    assert (parsed.nonce, parsed.covered) == ("n-1", ("@method", "@target-uri"))
    rfc9421.verify_signature(sent, parsed, KEY.public)
    other = Request("GET", target, ((headers[0][0], headers[0][1].replace("n-1", "n-2")), headers[1]))
    with pytest.raises(ProtocolError, match=Fault.SIGNATURE_INVALID):
        rfc9421.verify_signature(other, rfc9421.parse(other), KEY.public)
