"""Proofs inside documents: W3C Data Integrity `eddsa-jcs-2022`, used as FEP-8b32 says. Pure.

    parse_proof (whose key?) → the caller finds the key → verify_proof or verify_activity_proof

Must not fetch keys, nor know what a verified document is used for. JSON-LD is never processed: what counts are the bytes
of the canonical JSON (RFC 8785).
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from hashlib import sha256
from typing import Any

import rfc8785

from federation.wire.dates import parse_datetime, render_datetime
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, PublicKey, parse_multibase, render_multibase
from federation.wire.origins import Origin, parse_origin
from federation.wire.values import many

_TYPE = "DataIntegrityProof"
_SUITE = "eddsa-jcs-2022"
_PURPOSE = "assertionMethod"
_MAX_PROOFS = 4  # FEP-8b32 advises one; a post-quantum proof may stand beside it
# Activities whose object is another's: it stays unverified, and the handler compares it with what is stored.
_ABOUT_OTHERS = ("Accept", "Reject", "Announce")

_seal = object()


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as it stands in a document: nothing of it is verified. Times are unix milliseconds."""

    verification_method: str
    created: int | None
    expires: int | None
    value: bytes
    options: Mapping[str, Any]  # the proof without its value, as it was signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A document that the owner of a key has signed. Built by `verify_proof` and nowhere else."""

    document: Mapping[str, Any]  # exactly what was signed: no proof, the @context of the proof
    verification_method: str
    owner: str
    created: int | None
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _seal:
            raise TypeError("a Proven comes from proofs.verify_proof")


def sign_document(document: Mapping[str, Any], key: PrivateKey, *, created: int) -> dict[str, Any]:
    """The document with a proof by this Ed25519 key; `created` in unix milliseconds, rounded down to seconds.

    The document's @context should name the data-integrity context. It must not have a proof yet: one is what FEP-8b32 asks.
    """
    if key.algorithm is not Algorithm.ED25519 or "proof" in document:
        raise ValueError(f"cannot sign with {key.algorithm}, or signed already")
    context = {"@context": document["@context"]} if "@context" in document else {}
    options = {
        **context,
        "type": _TYPE,
        "cryptosuite": _SUITE,
        "verificationMethod": key.id,
        "proofPurpose": _PURPOSE,
        "created": render_datetime(created),
    }
    value = render_multibase(key.sign(_hash(options, document)))
    return {**document, "proof": {**options, "proofValue": value}}


def parse_proof(document: Any) -> Proof:
    """The first proof of a kind we verify; its `verification_method` tells which key to find.

    PROOF_MISSING without any, PROOF_UNSUPPORTED with others only: then the document may still be fetched from its origin.
    """
    proofs = document.get("proof") if isinstance(document, dict) else None
    candidates = [proof for proof in many(proofs)[:_MAX_PROOFS] if isinstance(proof, dict)]
    if not candidates:
        raise ProtocolError(Fault.PROOF_MISSING)
    for proof in candidates:
        if proof.get("type") == _TYPE and proof.get("cryptosuite") == _SUITE and proof.get("proofPurpose") == _PURPOSE:
            return _parse_proof(proof)
    kind = "/".join(str(candidates[0].get(name))[:40] for name in ("type", "cryptosuite", "proofPurpose"))
    raise ProtocolError(Fault.PROOF_UNSUPPORTED, kind)


def verify_proof(document: Any, key: PublicKey, *, now: int) -> Proven:
    """Check the proof of any document (vc-di-eddsa §3.3.2) against the key that its verification method names.

    Says who signed; whether they may speak for the document is another question: see `verify_activity_proof`.
    """
    proof = parse_proof(document)
    if key.id != proof.verification_method or key.algorithm is not Algorithm.ED25519:
        raise ProtocolError(Fault.KEY_MISMATCH, f"{key.algorithm} {key.id} for {proof.verification_method[:200]}")
    if proof.expires is not None and proof.expires < now:
        raise ProtocolError(Fault.PROOF_EXPIRED, f"{now - proof.expires} ms")
    unsecured = _unsecured(document, proof)
    key.verify(proof.value, _hash(proof.options, unsecured))
    return Proven(
        document=unsecured,
        verification_method=key.id,
        owner=key.owner,
        created=proof.created,
        seal=_seal,
    )


def verify_activity_proof(activity: Any, key: PublicKey, *, now: int) -> Proven:
    """As `verify_proof`, and the owner of the key is the actor, on whose origin are key, activity and what it embeds.

    FEP-8b32 (the owner signs) and FEP-fe34 (an embedded object is trusted only on its wrapper's origin). The object of
    Accept, Reject and Announce is somebody else's by nature and is not judged here.
    """
    proven = verify_proof(activity, key, now=now)
    actor = proven.document.get("actor")
    if actor != proven.owner:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"{str(actor)[:200]} signed by {proven.owner}")
    origin = parse_origin(actor)
    _require_origin(origin, [key.id, proven.document.get("id")])
    if proven.document.get("type") not in _ABOUT_OTHERS:
        _require_own(origin, proven.document.get("object"))
    return proven


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes. ProtocolError for what has none: integers beyond 2^53-1, NaN, infinities, lone surrogates, depth."""
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:  # rfc8785 0.1.4 lets UnicodeEncodeError through for member names
        raise ProtocolError(Fault.NOT_CANONICAL, str(error)[:200]) from error


def _parse_proof(proof: dict[str, Any]) -> Proof:
    method, value = proof.get("verificationMethod"), proof.get("proofValue")
    if not isinstance(method, str) or not isinstance(value, str):
        raise ProtocolError(Fault.PROOF_MALFORMED, "verificationMethod or proofValue")
    return Proof(
        verification_method=method,
        created=_moment(proof, "created"),
        expires=_moment(proof, "expires"),
        value=_signature(value),
        options={name: member for name, member in proof.items() if name != "proofValue"},
    )


def _moment(proof: dict[str, Any], name: str) -> int | None:
    if name not in proof:
        return None
    try:
        return parse_datetime(proof[name])
    except (TypeError, ValueError) as error:
        raise ProtocolError(Fault.PROOF_MALFORMED, f"{name}: {error}") from error


def _signature(text: str) -> bytes:
    try:
        value = parse_multibase(text)
    except ProtocolError as error:
        raise ProtocolError(Fault.PROOF_MALFORMED, f"proofValue: {error.detail}") from error
    if len(value) != 64:
        raise ProtocolError(Fault.PROOF_MALFORMED, f"proofValue of {len(value)} bytes")
    return value


def _unsecured(document: dict[str, Any], proof: Proof) -> dict[str, Any]:
    # FEP-8b32: a Linked Data signature was added after the proof.
    unsecured = {name: member for name, member in document.items() if name not in {"proof", "signature"}}
    if "@context" not in proof.options:
        return unsecured
    ours, signed = many(document.get("@context")), many(proof.options["@context"])
    if ours[: len(signed)] != signed:
        raise ProtocolError(Fault.PROOF_MALFORMED, "@context of the proof does not begin the document's")
    # Contexts added after signing are dropped: nobody signed for what they make of the terms.
    return {**unsecured, "@context": proof.options["@context"]}


def _hash(options: Mapping[str, Any], document: Mapping[str, Any]) -> bytes:
    return sha256(canonical_json(options)).digest() + sha256(canonical_json(document)).digest()


def _require_own(origin: Origin, embedded: Any) -> None:
    for thing in many(embedded):
        if isinstance(thing, dict):
            owners = [*many(thing.get("actor")), *many(thing.get("attributedTo"))]
            ids = [owner.get("id") if isinstance(owner, dict) else owner for owner in owners]
            _require_origin(origin, [*many(thing.get("id")), *ids])


def _require_origin(origin: Origin, uris: list[Any]) -> None:
    for uri in uris:
        if parse_origin(uri) != origin:
            raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{uri[:200]} is not on {origin}")
