"""Hollo and all of Fedify: JSON-LD in earnest, proofs with their context, keys as Multikey, terms that resolve."""

from tests.peers.rules import (
    KEY,
    Tables,
    context,
    html,
    https,
    many,
    moment,
    number,
    one_of,
    optional,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "actor": {
        "@context": context,
        "id": https,
        "inbox": same_host,
        "preferredUsername": text,
        "publicKey": shape(KEY),
        "assertionMethod": many(
            shape({"id": same_host, "type": one_of("Multikey"), "controller": same_host, "publicKeyMultibase": text}),
            least=1,
        ),
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "published": moment,
        "content": html,
        "to": many(https),
        "cc": many(https),
        "url": same_host,
    },
    "create": {
        "@context": context,
        "proof": optional(
            shape(
                {
                    "type": one_of("DataIntegrityProof"),
                    "cryptosuite": one_of("eddsa-jcs-2022"),
                    "verificationMethod": same_host,
                    "proofPurpose": one_of("assertionMethod"),
                    "proofValue": text,
                }
            )
        ),
    },
    "question": {"endTime": moment, "votersCount": number},
    "accept": {"object": shape({"id": https, "type": text})},
    "emoji": {"id": https, "name": text, "icon": shape({"type": one_of("Image"), "url": https})},
    "quoterequest": {"object": https, "instrument": shape({"id": same_host})},
}
COVERED = {"(request-target)", "host", "date", "digest"}
