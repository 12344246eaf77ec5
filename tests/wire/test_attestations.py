import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.wire.attestations import (
    LIFETIME,
    MAX_SKEW,
    MAX_SPECIALTIES,
    Credential,
    check_credential,
    parse_credential,
    render_credential,
)
from federation.wire.bounded import Document, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import generate_ed25519
from federation.wire.proofs import sign_document, verify_proof
from policies.terms import NS, PROFESSIONS, SPECIALTIES, Level
from tests.wire.documents import documents, fuzz, refused, values

NOW = 1_795_341_600_000
ISSUER = "https://chu-b.example/ap/actor"
ANNA = "https://chu-b.example/ap/actors/1"
LINK = "https://chu-b.example/ap/credentials/7Kq"
CREDENTIAL = Credential(
    uri=LINK,
    issuer=ISSUER,
    issuer_name="CHU B",
    subject=ANNA,
    profession="physician",
    specialties=frozenset({"cardiology"}),
    jurisdiction="FR",
    register="RPPS",
    level=Level.REGISTER,
    checked_at=NOW - 86_400_000,
    valid_from=NOW,
    valid_until=NOW + LIFETIME,
)


def check(
    credential: Credential, *, link_uri: str = LINK, subject_uri: str = ANNA, issuer_uri: str = ISSUER, now: int = NOW
) -> None:
    check_credential(credential, link_uri=link_uri, subject_uri=subject_uri, issuer_uri=issuer_uri, now=now)


def test_what_is_rendered_is_read() -> None:
    document = render_credential(CREDENTIAL)
    assert document["type"] == ["VerifiableCredential", "HealthProfessionalCredential"]
    assert document["@context"][1]["profession"] == NS + "profession"
    assert document["validUntil"] == "2026-11-29T10:00:00Z"
    assert "credentialStatus" not in document
    assert parse_credential(parse_json(json.dumps(document).encode())) == CREDENTIAL


def test_it_survives_its_proof() -> None:
    key = generate_ed25519(ISSUER + "#ed25519-key", ISSUER)
    signed = sign_document(render_credential(CREDENTIAL), key, created=NOW)
    assert parse_credential(dict(verify_proof(signed, key.public, now=NOW).document)) == CREDENTIAL


@fuzz
@given(
    st.sampled_from(sorted(PROFESSIONS)),
    st.frozensets(st.sampled_from(sorted(SPECIALTIES)), max_size=5),
    st.sampled_from(Level),
    st.integers(0, 4_000_000_000),
)
def test_every_code_and_level_is_read_again(
    profession: str, specialties: frozenset[str], level: Level, second: int
) -> None:
    credential = replace(
        CREDENTIAL, profession=profession, specialties=specialties, level=level, valid_from=second * 1000
    )
    assert parse_credential(render_credential(credential)) == credential


def test_no_register_number_is_ever_written() -> None:
    assert set(render_credential(CREDENTIAL)["credentialSubject"]) == {
        "id",
        "profession",
        "specialties",
        "jurisdiction",
        "register",
        "evidenceLevel",
        "checkedAt",
    }


def test_a_good_credential_passes() -> None:
    check(CREDENTIAL)
    check(CREDENTIAL, now=NOW - MAX_SKEW)
    check(CREDENTIAL, now=NOW + LIFETIME + MAX_SKEW)


@pytest.mark.parametrize("now", [NOW - MAX_SKEW - 1, NOW + LIFETIME + MAX_SKEW + 1])
def test_dates_hold(now: int) -> None:
    with refused(Fault.CREDENTIAL_NOT_IN_FORCE):
        check(CREDENTIAL, now=now)


@pytest.mark.parametrize(
    ("link_uri", "subject_uri", "issuer_uri"),
    [
        (LINK + "0", ANNA, ISSUER),
        (LINK, ANNA + "0", ISSUER),
        (LINK, ANNA, "https://chu-b.example/ap/actors/9"),
        (LINK, ANNA, "https://a.example/ap/actor"),
    ],
)
def test_it_is_about_who_links_it_by_whom_we_trust(link_uri: str, subject_uri: str, issuer_uri: str) -> None:
    with refused(Fault.CREDENTIAL_MISMATCH):
        check(CREDENTIAL, link_uri=link_uri, subject_uri=subject_uri, issuer_uri=issuer_uri)


def test_it_lives_on_its_issuers_origin() -> None:
    elsewhere = "https://a.example/credentials/1"
    with refused(Fault.CREDENTIAL_MISMATCH):
        check(replace(CREDENTIAL, uri=elsewhere), link_uri=elsewhere)


def _changed(path: tuple[str, ...], value: object) -> Document:
    document = render_credential(CREDENTIAL)
    target = document
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), "VerifiableCredential"),
        (("type",), ["HealthProfessionalCredential"]),
        (("type",), None),
        (("@context",), None),
        (("@context",), ["https://www.w3.org/ns/credentials/v2"]),
        (("@context",), ["https://www.w3.org/ns/credentials/v2", {"profession": "https://evil.example/#x"}]),
        (("@context",), ["https://evil.example/", render_credential(CREDENTIAL)["@context"][1]]),
        (("credentialSubject",), [{"id": ANNA}, {"id": ANNA}]),
        (("credentialSubject",), ANNA),
        (("credentialSubject", "profession"), "wizard"),
        (("credentialSubject", "profession"), ["physician"]),
        (("credentialSubject", "specialties"), ["alchemy"]),
        (("credentialSubject", "specialties"), ["cardiology"] * (MAX_SPECIALTIES + 1)),
        (("credentialSubject", "evidenceLevel"), "STRONG"),
        (("credentialSubject", "evidenceLevel"), 5),
        (("credentialSubject", "checkedAt"), "2026-11-22"),
        (("validFrom",), None),
        (("validUntil",), "2026-11-22T10:00:00"),
        (("validUntil",), "9999-99-99T10:00:00Z"),
    ],
)
def test_malformed_credentials(path: tuple[str, ...], value: object) -> None:
    with refused(Fault.CREDENTIAL_MALFORMED):
        parse_credential(_changed(path, value))


@pytest.mark.parametrize("path", [("id",), ("issuer",), ("credentialSubject", "id")])
@pytest.mark.parametrize("value", [None, "did:key:z6Mk", ANNA + "#x"])
def test_ids_are_http_uris(path: tuple[str, ...], value: object) -> None:
    with refused(Fault.URI_REFUSED):
        parse_credential(_changed(path, value))


def test_an_issuer_may_be_an_id() -> None:
    parsed = parse_credential(_changed(("issuer",), ISSUER))
    assert (parsed.issuer, parsed.issuer_name) == (ISSUER, "")


def test_a_single_specialty_may_stand_alone() -> None:
    assert parse_credential(_changed(("credentialSubject", "specialties"), "cardiology")) == CREDENTIAL


@fuzz
@given(documents, st.dictionaries(st.sampled_from(sorted(render_credential(CREDENTIAL))), values, max_size=3))
def test_any_document_is_a_credential_or_refused(document: Document, changes: dict[str, Any]) -> None:
    for candidate in (document, {**render_credential(CREDENTIAL), **changes}):
        try:
            parse_credential(candidate)
        except ProtocolError:
            continue
