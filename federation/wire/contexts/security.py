"""Keys and proofs: the security vocabulary (W3C vc-data-integrity §2, controlled identifiers §2, FEP-521a)."""

from typing import Any

from federation.wire.contexts.tables import XSD, plain, references

SEC = "https://w3id.org/security#"
DCTERMS = "http://purl.org/dc/terms/"

_PROOF: dict[str, Any] = {
    **references(SEC, "domain nonce challenge verificationMethod previousProof"),
    "proof": {"@id": SEC + "proof", "@type": "@id", "@container": "@graph"},
    "proofPurpose": {"@id": SEC + "proofPurpose", "@type": "@vocab"},
    "assertionMethod": {"@id": SEC + "assertionMethod", "@type": "@id", "@container": "@set"},
    "authentication": {"@id": SEC + "authenticationMethod", "@type": "@id", "@container": "@set"},
    "cryptosuite": SEC + "cryptosuite",
    "proofValue": {"@id": SEC + "proofValue", "@type": SEC + "multibase"},
    "created": {"@id": DCTERMS + "created", "@type": XSD + "dateTime"},
    "expires": {"@id": SEC + "expiration", "@type": XSD + "dateTime"},
    "DataIntegrityProof": SEC + "DataIntegrityProof",
}

V1: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    "sec": SEC,
    "dc": DCTERMS,
    "xsd": XSD,
    **references(SEC, "owner publicKey privateKey publicKeyService controller"),
    **plain(SEC, "publicKeyPem privateKeyPem publicKeyBase58 signatureValue canonicalizationAlgorithm"),
    **plain(SEC, "signature signatureAlgorithm digestAlgorithm digestValue nonce domain Ed25519Signature2018"),
    **plain(SEC, "RsaSignature2017 LinkedDataSignature2015 GraphSignature2012 CryptographicKey Key"),
    "creator": {"@id": DCTERMS + "creator", "@type": "@id"},
    "created": _PROOF["created"],
    "expires": _PROOF["expires"],
}

MULTIKEY: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    "Multikey": SEC + "Multikey",
    **references(SEC, "controller"),
    "publicKeyMultibase": {"@id": SEC + "publicKeyMultibase", "@type": SEC + "multibase"},
    "secretKeyMultibase": {"@id": SEC + "secretKeyMultibase", "@type": SEC + "multibase"},
    "expires": _PROOF["expires"],
    "revoked": {"@id": SEC + "revoked", "@type": XSD + "dateTime"},
}

DATA_INTEGRITY: dict[str, Any] = {"id": "@id", "type": "@type", **_PROOF, "digestMultibase": SEC + "digestMultibase"}

CONTROLLED_IDENTIFIERS: dict[str, Any] = {**DATA_INTEGRITY, **MULTIKEY}
