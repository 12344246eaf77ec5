"""Digests of bodies and of followers collections."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire import digests
from federation.wire.digests import CollectionSynchronization
from federation.wire.errors import Fault, ProtocolError

BODY = b"hello"
SHA256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
SHA512 = "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
EMPTY = "0" * 64


@given(st.binary())
def test_what_we_render_holds_for_that_body_only(body: bytes) -> None:
    digests.verify_digest(digests.render_digest(body), body)
    digests.verify_content_digest(digests.render_content_digest(body), body)
    with pytest.raises(ProtocolError, match=Fault.DIGEST_MISMATCH):
        digests.verify_digest(digests.render_digest(body), body + b" ")
    with pytest.raises(ProtocolError, match=Fault.DIGEST_MISMATCH):
        digests.verify_content_digest(digests.render_content_digest(body), body + b" ")


@pytest.mark.parametrize(
    "header",
    [
        f"SHA-256={SHA256}",
        f"sha-256={SHA256},SHA-512=AAAA",
        f"unixsum=30637, Sha-256={SHA256}",
        f"SHA-256={SHA256}, SHA-256={SHA256}",
    ],
)
def test_digests_that_hold(header: str) -> None:
    digests.verify_digest(header, BODY)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", Fault.DIGEST_UNSUPPORTED),
        (f"SHA-512={SHA512}", Fault.DIGEST_UNSUPPORTED),
        (SHA256, Fault.DIGEST_UNSUPPORTED),
        ("SHA-256", Fault.DIGEST_MISMATCH),
        ("SHA-256=", Fault.DIGEST_MISMATCH),
        (f"SHA-256={SHA256.lower()}", Fault.DIGEST_MISMATCH),
        (f"SHA-256={SHA256}, SHA-256=AAAA", Fault.DIGEST_MISMATCH),
        (f"SHA-256=AAAA, SHA-256={SHA256}", Fault.DIGEST_MISMATCH),
    ],
)
def test_digests_that_do_not(header: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        digests.verify_digest(header, BODY)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "header", [f"sha-256=:{SHA256}:", f"sha-512=:{SHA512}:", f"md5=:AAAA:, sha-512=:{SHA512}:, sha-256=:{SHA256}:"]
)
def test_content_digests_that_hold(header: str) -> None:
    digests.verify_content_digest(header, BODY)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", Fault.DIGEST_UNSUPPORTED),
        ("md5=:AAAA:", Fault.DIGEST_UNSUPPORTED),
        (f"sha-256={SHA256}", Fault.DIGEST_MALFORMED),
        (f"SHA-256=:{SHA256}:", Fault.DIGEST_MALFORMED),
        ("sha-256=:A:", Fault.DIGEST_MALFORMED),
        ("sha-256=:é:", Fault.DIGEST_MALFORMED),
        (f"sha-256=:AAAA:, sha-256=:{SHA256}:", Fault.DIGEST_MALFORMED),
        ("sha-256", Fault.DIGEST_MISMATCH),
        ("sha-256=()", Fault.DIGEST_MISMATCH),
        (f"sha-256=:{SHA256}:, sha-512=:AAAA:", Fault.DIGEST_MISMATCH),
    ],
)
def test_content_digests_that_do_not(header: str, reason: Fault) -> None:
    with pytest.raises(ProtocolError) as caught:
        digests.verify_content_digest(header, BODY)
    assert caught.value.reason is reason


def test_published_followers_digest(reference: Path) -> None:
    document: Any = json.loads((reference / "vectors" / "fep-8fcf-followers-digest.json").read_text())
    assert digests.followers_digest(document["partial"]) == document["digest_hex"]
    assert digests.followers_digest([]) == document["empty_digest_hex"]
    for uri, digest in document["sha256"].items():
        assert digests.followers_digest([uri]) == digest
    parsed = digests.parse_collection_synchronization(document["header"])
    assert parsed.digest == document["digest_hex"]
    assert digests.render_collection_synchronization(parsed) == document["header"]


@given(st.sets(st.text()).map(sorted))
def test_followers_digest_knows_no_order_and_adds_up(uris: list[str]) -> None:
    digest = digests.followers_digest(uris)
    assert digest == digests.followers_digest(reversed(uris))
    assert digests.followers_digest([*uris, *uris]) == EMPTY
    assert len(digest) == 64


def test_synchronization_header_both_ways() -> None:
    value = CollectionSynchronization("https://a.example/f", "https://a.example/s?host=b", EMPTY)
    header = digests.render_collection_synchronization(value)
    assert digests.parse_collection_synchronization(header) == value
    assert digests.parse_collection_synchronization(f'{header}, more="x"') == value


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        f'collectionId="c", url="u", digest="{EMPTY}0"',
        f'collectionId="c", url="u", digest="{"A" * 64}"',
        f'collectionId="", url="u", digest="{EMPTY}"',
        f'collectionId="c", digest="{EMPTY}"',
        f'collectionId="c", collectionId="d", url="u", digest="{EMPTY}"',
    ],
)
def test_synchronization_headers_that_are_none(header: str) -> None:
    with pytest.raises(ProtocolError, match=Fault.SYNCHRONIZATION_MALFORMED):
        digests.parse_collection_synchronization(header)


@given(st.text(), st.binary(max_size=4))
def test_any_header_gives_an_answer_or_a_fault(header: str, body: bytes) -> None:
    for verify in (digests.verify_digest, digests.verify_content_digest):
        with pytest.raises(ProtocolError):
            verify(header, body)
    with pytest.raises(ProtocolError):
        digests.parse_collection_synchronization(header)
