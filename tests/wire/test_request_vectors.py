"""The 35 request cases of the reference: each is accepted or refused, with the status it asks for."""

import json
from pathlib import Path
from typing import Any

import pytest

from federation.wire import signatures
from federation.wire.dates import parse_datetime
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PublicKey, parse_actor_keys
from federation.wire.messages import Request

REASONS = {
    "get-no-host": Fault.NOT_COVERED,
    "post-no-digest-signed": Fault.NOT_COVERED,
    "post-no-date": Fault.NOT_COVERED,
    "post-stale": Fault.STALE,
    "post-future": Fault.FROM_THE_FUTURE,
    "post-created-with-rsa-sha256": Fault.PARAMETER_CONFLICT,
    "post-body-tampered": Fault.DIGEST_MISMATCH,
    "post-sha512-only": Fault.DIGEST_UNSUPPORTED,
    "post-wrong-host-signed": Fault.HOST_MISMATCH,
    "post-keyid-of-other-actor": Fault.ACTOR_MISMATCH,
    "post-duplicate-digest-header": Fault.DIGEST_MISMATCH,
    "post-empty-signature": Fault.SIGNATURE_INVALID,
    "post-empty-headers-list": Fault.NOT_COVERED,
    "m-post-no-digest": Fault.NOT_COVERED,
    "m-post-no-method": Fault.NOT_COVERED,
    "m-post-no-created": Fault.PARAMETER_MISSING,
    "m-post-expired": Fault.STALE,
    "m-post-alg-confusion": Fault.ALGORITHM_MISMATCH,
    "m-post-hmac": Fault.ALGORITHM_REFUSED,
    "m-post-body-tampered": Fault.DIGEST_MISMATCH,
    "m-post-target-changed": Fault.SIGNATURE_INVALID,
    "m-post-label-mismatch": Fault.LABEL_MISMATCH,
    "m-post-malformed-input": Fault.SIGNATURE_MALFORMED,
    "m-post-duplicate-component": Fault.COMPONENT_DUPLICATE,
}
MALLORY = "https://evil.example/users/mallory"


@pytest.fixture(scope="module")
def document(reference: Path) -> Any:
    return json.loads((reference / "vectors" / "activitypub-http-signatures.json").read_text())


def known_keys(document: Any) -> dict[str, PublicKey]:
    keys = {key.id: key for key in parse_actor_keys(document["actor"])}
    # The worst case for the key of another actor: it verifies, because it is the same key under another name.
    stolen = keys["https://sender.example/users/anna#main-key"].material
    keys[f"{MALLORY}#main-key"] = PublicKey(f"{MALLORY}#main-key", MALLORY, Algorithm.RSA, stolen)
    return keys


def receive(document: Any, case: Any) -> signatures.Signer:
    told = case["request"]
    headers = tuple((name, value) for name, value in told["headers"])
    request = Request(told["method"], told["target_uri"], headers, (told.get("body") or "").encode())
    parsed = signatures.parse(request)
    now = parse_datetime(case["verification_time"])
    signer = signatures.verify(request, parsed, known_keys(document)[parsed.key_id], now=now)
    if request.body:
        signatures.require_actor(signer, json.loads(request.body)["actor"])
    return signer


def test_every_case_is_answered_as_it_asks(document: Any) -> None:
    assert len(document["cases"]) == 35
    for case in document["cases"]:
        name = case["name"]
        if case["expect"].startswith("accept"):
            signer = receive(document, case)
            assert signer.owner == "https://sender.example/users/anna", name
            assert signer.host == "sender.example", name
            assert signer.scheme == case["scheme"], name
        else:
            with pytest.raises(ProtocolError) as caught:
                receive(document, case)
            assert caught.value.reason is REASONS[name], name
            assert str(caught.value.reason.status) in case["expect"], name


def test_no_reason_is_left_over(document: Any) -> None:
    assert {case["name"] for case in document["cases"] if case["expect"].startswith("reject")} == REASONS.keys()
