"""Proofs in documents: the published ones, those to be refused, and that nothing signed can be changed unnoticed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.wire import proofs
from federation.wire.dates import parse_datetime
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import (
    Algorithm,
    PrivateKey,
    PublicKey,
    generate_ed25519,
    generate_rsa,
    parse_actor_keys,
    parse_multikey,
    render_multibase,
)

ACTOR = "https://a.example/ap/actors/1"
KEY = generate_ed25519(f"{ACTOR}#ed25519-key", ACTOR)
RSA = generate_rsa(f"{ACTOR}#main-key", ACTOR)
NOW = 1_795_348_800_000
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]
NEGATIVES = {
    "content-changed": Fault.SIGNATURE_INVALID,
    "actor-changed": Fault.ACTOR_MISMATCH,
    "context-appended-only-in-proof": Fault.PROOF_MALFORMED,
    "purpose-authentication": Fault.PROOF_UNSUPPORTED,
    "unknown-cryptosuite": Fault.PROOF_UNSUPPORTED,
    "vm-other-host": Fault.ORIGIN_MISMATCH,
    "expired": Fault.PROOF_EXPIRED,
    "created-malformed": Fault.PROOF_MALFORMED,
    "object-cross-host": Fault.ORIGIN_MISMATCH,
    "attributedto-other": Fault.ORIGIN_MISMATCH,
    "proofvalue-m-multibase": Fault.PROOF_MALFORMED,
}


def activity(**changes: Any) -> dict[str, Any]:
    note = {"id": "https://a.example/ap/objects/2", "type": "Note", "attributedTo": ACTOR, "content": "Bonjour"}
    whole = {
        "@context": CONTEXT,
        "id": "https://a.example/ap/activities/3",
        "type": "Create",
        "actor": ACTOR,
        "object": note,
    }
    return {**whole, **changes}


def signed(**changes: Any) -> dict[str, Any]:
    return proofs.sign_document(activity(**changes), KEY, created=NOW)


def with_proof(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**document, "proof": {**document["proof"], **changes}}


def resigned(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Signed by the same key with other proof options: a valid signature over something we do not accept."""
    chosen = {name: value for name, value in {**document["proof"], **options}.items() if value is not None}
    chosen.pop("proofValue")
    plain = {name: value for name, value in document.items() if name != "proof"}
    value = render_multibase(KEY.sign(proofs._hash(chosen, plain)))
    return {**plain, "proof": {**chosen, "proofValue": value}}


def verify(document: Any, key: PublicKey = KEY.public, now: int = NOW) -> proofs.Proven:
    return proofs.verify_proof(document, key, now=now)


def verify_activity(document: Any, key: PublicKey = KEY.public, now: int = NOW) -> proofs.Proven:
    return proofs.verify_activity_proof(document, key, now=now)


def load(reference: Path, name: str) -> Any:
    return json.loads((reference / "vectors" / name).read_text())


def private_key(multibase: str, key_id: str, owner: str) -> PrivateKey:
    seed = base58.b58decode(multibase[1:])[2:]
    material = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    return PrivateKey(key_id, owner, Algorithm.ED25519, material)


def test_the_published_activity_is_signed_and_verified(reference: Path) -> None:
    document = load(reference, "fep-8b32.json")
    (key,) = parse_actor_keys(document["actor"])
    private = private_key(document["secret_key_multibase"], key.id, key.owner)
    created = parse_datetime(document["signed"]["proof"]["created"])
    assert proofs.sign_document(document["unsigned"], private, created=created) == document["signed"]
    proven = verify_activity(document["signed"], key)
    assert proven.document == document["unsigned"]
    assert (proven.owner, proven.verification_method, proven.created) == (key.owner, key.id, created)


def test_the_published_negatives_are_refused(reference: Path) -> None:
    document = load(reference, "fep-8b32.json")
    (key,) = parse_actor_keys(document["actor"])
    seen = {}
    for case in document["negatives"]:
        # Whoever serves the key under another name, the signature may be good: authority is what is missing.
        method = case["document"]["proof"]["verificationMethod"]
        with pytest.raises(ProtocolError) as caught:
            verify_activity(case["document"], replace(key, id=method))
        seen[case["name"]] = caught.value.reason
        if case["valid_signature"] and seen[case["name"]] in {Fault.ACTOR_MISMATCH, Fault.ORIGIN_MISMATCH}:
            assert verify(case["document"], replace(key, id=method)).owner == key.owner
    assert seen == NEGATIVES


def test_the_published_credential_is_signed_and_verified(reference: Path) -> None:
    document = load(reference, "w3c-eddsa-jcs-2022.json")
    method = document["proof_config"]["verificationMethod"]
    issuer = document["unsigned"]["issuer"]
    private = private_key(document["key_pair"]["privateKeyMultibase"], method, issuer)
    options, unsigned = document["proof_config"], document["unsigned"]
    assert proofs.canonical_json(options).decode() == document["canonical_proof_config"]
    assert proofs.canonical_json(unsigned).decode() == document["canonical_document"]
    assert proofs._hash(options, unsigned).hex() == document["combined_hash_hex"]
    assert private.sign(proofs._hash(options, unsigned)).hex() == document["signature_hex"]
    created = parse_datetime(options["created"])
    assert proofs.sign_document(unsigned, private, created=created) == document["signed"]
    assert document["signed"]["proof"]["proofValue"] == document["signature_base58"]
    public = parse_multikey(document["key_pair"]["publicKeyMultibase"], method, issuer)
    assert verify(document["signed"], public).document == unsigned


def test_the_published_statement_without_context(reference: Path) -> None:
    document = load(reference, "fep-c390.json")
    method = document["statement"]["subject"]
    public = parse_multikey(method.removeprefix("did:key:"), method, method)
    assert verify(document["proof"], public).document == document["statement"]
    assert verify(document["actor"]["attachment"][0], public).document == document["statement"]


def test_signed_and_verified() -> None:
    document = signed()
    assert document["proof"]["@context"] == CONTEXT
    assert document["proof"]["created"] == "2026-11-22T12:00:00Z"
    proven = verify_activity(document)
    assert (proven.document, proven.owner, proven.created) == (activity(), ACTOR, NOW)
    assert proofs.parse_proof(document).verification_method == KEY.id


def test_a_document_without_context_has_a_proof_without() -> None:
    document = {"id": "https://a.example/x"}
    with_one = proofs.sign_document(document, KEY, created=NOW)
    assert "@context" not in with_one["proof"]
    assert verify(with_one).document == document


def test_nobody_else_makes_a_proven() -> None:
    with pytest.raises(TypeError, match=r"proofs\.verify_proof"):
        proofs.Proven(document={}, verification_method=KEY.id, owner=ACTOR, created=None, seal=object())
    with pytest.raises(ValueError, match="seal"):
        replace(verify(signed()), owner="https://b.example/x")  # type: ignore[call-arg]


def test_only_ed25519_signs_and_only_once() -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        proofs.sign_document(activity(), RSA, created=NOW)
    with pytest.raises(ValueError, match="signed already"):
        proofs.sign_document(signed(), KEY, created=NOW)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"proof": None}, {"proof": []}, {"proof": ["x", 7]}])
def test_no_proof(document: Any) -> None:
    with pytest.raises(ProtocolError, match=Fault.PROOF_MISSING):
        proofs.parse_proof(document)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"proofPurpose": "authentication"},
        {"type": []},
    ],
)
def test_proofs_of_other_kinds_are_passed_over(changes: dict[str, Any]) -> None:
    other = with_proof(signed(), **changes)
    with pytest.raises(ProtocolError, match=Fault.PROOF_UNSUPPORTED):
        proofs.parse_proof(other)
    document = {**activity(), "proof": [other["proof"], signed()["proof"]]}
    assert verify(document).owner == ACTOR
    with pytest.raises(ProtocolError, match=Fault.PROOF_UNSUPPORTED):
        proofs.parse_proof({"proof": [other["proof"]] * 4 + [signed()["proof"]]})


@pytest.mark.parametrize(
    "changes",
    [
        {"verificationMethod": None},
        {"verificationMethod": {"id": KEY.id}},
        {"proofValue": None},
        {"proofValue": ""},
        {"proofValue": "z" + "1" * 63},
        {"proofValue": "z" + "1" * 65},
        {"created": None},
        {"created": 1},
        {"created": "yesterday"},
        {"expires": "2026-11-22"},
    ],
)
def test_malformed_proofs(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=Fault.PROOF_MALFORMED):
        verify(with_proof(signed(), **changes))


def test_the_key_is_the_one_that_was_named() -> None:
    for wrong in (replace(KEY.public, id=KEY.id + "2"), replace(RSA.public, id=KEY.id)):
        with pytest.raises(ProtocolError, match=Fault.KEY_MISMATCH):
            verify(signed(), wrong)
    with pytest.raises(ProtocolError, match=Fault.SIGNATURE_INVALID):
        verify(signed(), generate_ed25519(KEY.id, ACTOR).public)


def test_expiry() -> None:
    document = resigned(signed(), expires="2026-11-22T12:00:01Z")
    assert verify(document, now=NOW + 1000).owner == ACTOR
    with pytest.raises(ProtocolError, match=Fault.PROOF_EXPIRED):
        verify(document, now=NOW + 1001)


def test_created_may_be_left_out() -> None:
    assert verify(resigned(signed(), created=None)).created is None


def test_a_context_added_later_is_dropped() -> None:
    document = {**signed(), "@context": [*CONTEXT, {"content": "https://evil.example/x"}]}
    assert verify(document).document == activity()


@pytest.mark.parametrize("context", [CONTEXT[:1], CONTEXT[::-1], CONTEXT[0], None, {}])
def test_another_context_is_refused(context: Any) -> None:
    with pytest.raises(ProtocolError, match=Fault.PROOF_MALFORMED):
        verify({**signed(), "@context": context})


def test_a_single_context_may_grow_into_a_list() -> None:
    document = proofs.sign_document(activity(**{"@context": CONTEXT[0]}), KEY, created=NOW)
    assert verify({**document, "@context": CONTEXT}).document["@context"] == CONTEXT[0]


def test_a_linked_data_signature_is_no_part_of_it() -> None:
    proven = verify({**signed(), "signature": {"type": "RsaSignature2017"}})
    assert proven.document == activity()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"actor": "https://a.example/ap/actors/2"}, Fault.ACTOR_MISMATCH),
        ({"actor": [ACTOR]}, Fault.ACTOR_MISMATCH),
        ({"actor": {"id": ACTOR}}, Fault.ACTOR_MISMATCH),
        ({"actor": None}, Fault.ACTOR_MISMATCH),
        ({"id": "https://b.example/1"}, Fault.ORIGIN_MISMATCH),
        ({"id": "https://a.example:8443/1"}, Fault.ORIGIN_MISMATCH),
        ({"id": None}, Fault.URI_REFUSED),
        ({"id": {"id": "https://a.example/1"}}, Fault.URI_REFUSED),
        ({"object": {"id": "https://b.example/1"}}, Fault.ORIGIN_MISMATCH),
        ({"object": {"attributedTo": "https://b.example/1"}}, Fault.ORIGIN_MISMATCH),
        ({"object": {"attributedTo": [ACTOR, {"id": "https://b.example/1"}]}}, Fault.ORIGIN_MISMATCH),
        ({"object": {"attributedTo": {}}}, Fault.URI_REFUSED),
        ({"object": {"actor": "https://b.example/1"}}, Fault.ORIGIN_MISMATCH),
        ({"object": {"id": 7}}, Fault.URI_REFUSED),
        ({"object": [ACTOR, {"id": "https://b.example/1"}]}, Fault.ORIGIN_MISMATCH),
        ({"type": "Undo", "object": {"id": "https://b.example/1"}}, Fault.ORIGIN_MISMATCH),
        ({"type": ["Accept", "Create"], "object": {"id": "https://b.example/1"}}, Fault.ORIGIN_MISMATCH),
    ],
)
def test_a_good_signature_without_authority(changes: dict[str, Any], reason: Fault) -> None:
    document = signed(**changes)
    assert verify(document).owner == ACTOR
    with pytest.raises(ProtocolError) as caught:
        verify_activity(document)
    assert caught.value.reason is reason


def test_a_key_from_elsewhere_has_no_authority() -> None:
    elsewhere = replace(KEY, id="https://b.example/keys/1")
    document = proofs.sign_document(activity(), elsewhere, created=NOW)
    with pytest.raises(ProtocolError, match=Fault.ORIGIN_MISMATCH):
        verify_activity(document, elsewhere.public)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Accept", "object": {"id": "https://b.example/1", "actor": "https://b.example/2"}},
        {"type": "Reject", "object": {"id": "https://b.example/1"}},
        {"type": "Announce", "object": {"id": "https://b.example/1", "type": "Create"}},
        {"type": "Like", "object": "https://b.example/1"},
        {"type": "Undo", "object": {"type": "Follow", "actor": ACTOR, "object": "https://b.example/1"}},
        {"object": None},
    ],
)
def test_acts_about_others(changes: dict[str, Any]) -> None:
    assert verify_activity(signed(**changes)).owner == ACTOR


def test_what_has_no_canonical_form_is_not_signed_nor_verified() -> None:
    with pytest.raises(ProtocolError, match=Fault.NOT_CANONICAL):
        signed(object={"replies": 2**53})
    with pytest.raises(ProtocolError, match=Fault.NOT_CANONICAL):
        verify({**signed(), "content": "\ud800"})


SIGNED = signed()
VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.sampled_from([ACTOR, KEY.id, "Note"])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for name, child in children for below in paths(child, (*path, name)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], path[1:], new)
    return copied


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(paths(SIGNED)[1:]), VALUES | st.lists(VALUES, max_size=2))
def test_no_signed_part_can_be_changed(path: tuple[Any, ...], new: Any) -> None:
    document = changed(SIGNED, path, new)
    if document == SIGNED:
        return
    with pytest.raises(ProtocolError):
        verify_activity(document)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(["", "object", "proof"]), st.text(max_size=5), VALUES)
def test_nothing_can_be_added(place: str, name: str, new: Any) -> None:
    target = SIGNED[place] if place else SIGNED
    if name in target or (not place and name in {"proof", "signature"}):
        return
    document = {**SIGNED, place: {**target, name: new}} if place else {**SIGNED, name: new}
    with pytest.raises(ProtocolError):
        verify_activity(document)


PROOF_NAMES = [
    "type",
    "cryptosuite",
    "proofPurpose",
    "verificationMethod",
    "proofValue",
    "created",
    "expires",
    "@context",
]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["@context", "id", "type", "actor", "object", "proof"]),
        VALUES
        | st.dictionaries(
            st.sampled_from(PROOF_NAMES),
            VALUES
            | st.sampled_from(["DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod", "z" + "1" * 64, CONTEXT]),
        ),
    )
)
def test_garbage_is_the_peers_fault(document: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        verify_activity(document)
