"""Digests of bodies (RFC 3230, RFC 9530) and of followers collections (FEP-8fcf), over raw bytes.

Must not know whether a signature covers them: signatures.py sees to that.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256, sha512

from federation.wire.errors import Fault, ProtocolError
from federation.wire.structured import parse_dictionary, parse_parameters

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CollectionSynchronization:
    """The Collection-Synchronization header (FEP-8fcf): what the sender thinks our share of its followers is."""

    collection_id: str
    url: str
    digest: str


def render_digest(body: bytes) -> str:
    """Value of the Digest header."""
    return f"SHA-256={_base64_sha256(body)}"


def render_content_digest(body: bytes) -> str:
    """Value of the Content-Digest header."""
    return f"sha-256=:{_base64_sha256(body)}:"


def verify_digest(header: str, body: bytes) -> None:
    """Raise unless a SHA-256 entry is there and every such entry is the body's; other algorithms are passed over."""
    entries = [entry.strip().partition("=") for entry in header.split(",")]
    claimed = [value for name, _, value in entries if name.lower() == "sha-256"]
    if not claimed:
        raise ProtocolError(Fault.DIGEST_UNSUPPORTED, header[:200])
    expected = _base64_sha256(body)
    if any(value != expected for value in claimed):
        raise ProtocolError(Fault.DIGEST_MISMATCH, "digest")


def verify_content_digest(header: str, body: bytes) -> None:
    """Raise unless a sha-256 or sha-512 member is there and each of these is the body's (RFC 9530 §2)."""
    members = parse_dictionary(header, Fault.DIGEST_MALFORMED)
    known = {"sha-256": sha256, "sha-512": sha512}.items()
    claimed = [(members[name][0], function) for name, function in known if name in members]
    if not claimed:
        raise ProtocolError(Fault.DIGEST_UNSUPPORTED, header[:200])
    if any(value != function(body).digest() for value, function in claimed):
        raise ProtocolError(Fault.DIGEST_MISMATCH, "content-digest")


def followers_digest(uris: Iterable[str]) -> str:
    """XOR of the SHA-256 of each distinct follower's uri, in hex; 64 zeros for none (FEP-8fcf)."""
    total = 0
    for uri in uris:
        total ^= int.from_bytes(sha256(uri.encode()).digest())
    return f"{total:064x}"


def parse_collection_synchronization(header: str) -> CollectionSynchronization:
    """Raise unless collectionId, url and a 64-digit digest are there; that they are the sender's own is for the caller."""
    parameters = parse_parameters(header, Fault.SYNCHRONIZATION_MALFORMED)
    collection_id, url, digest = (parameters.get(name, "") for name in ("collectionId", "url", "digest"))
    if not (collection_id and url and _HEX_DIGEST.fullmatch(digest)):
        raise ProtocolError(Fault.SYNCHRONIZATION_MALFORMED, header[:200])
    return CollectionSynchronization(collection_id, url, digest)


def render_collection_synchronization(value: CollectionSynchronization) -> str:
    return f'collectionId="{value.collection_id}", url="{value.url}", digest="{value.digest}"'


def _base64_sha256(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()
