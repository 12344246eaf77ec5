"""What a peer can do wrong, by name. Must not know who asks or what is answered besides the HTTP status.

A peer's fault is a `ProtocolError` with a machine word; it is recorded and never retried. Refusals of our own policy
are `Deny` values (policies.decision), and our own bugs are ordinary exceptions.
"""

from enum import StrEnum


class Fault(StrEnum):
    """One word per way of breaking the protocol; the words are written to logs and counted in metrics."""

    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_MALFORMED = "signature-malformed"
    SIGNATURE_INVALID = "signature-invalid"
    LABEL_MISMATCH = "label-mismatch"
    PARAMETER_MISSING = "parameter-missing"
    PARAMETER_CONFLICT = "parameter-conflict"
    COMPONENT_DUPLICATE = "component-duplicate"
    COMPONENT_UNKNOWN = "component-unknown"
    COMPONENT_ABSENT = "component-absent"
    NOT_COVERED = "not-covered"
    STALE = "stale"
    FROM_THE_FUTURE = "from-the-future"
    NOT_FRESH = "not-fresh"
    HOST_MISMATCH = "host-mismatch"
    ALGORITHM_REFUSED = "algorithm-refused"
    ALGORITHM_MISMATCH = "algorithm-mismatch"
    KEY_MALFORMED = "key-malformed"
    KEY_UNSUPPORTED = "key-unsupported"
    KEY_MISMATCH = "key-mismatch"
    DIGEST_MALFORMED = "digest-malformed"
    DIGEST_UNSUPPORTED = "digest-unsupported"
    DIGEST_MISMATCH = "digest-mismatch"
    ACTOR_MISMATCH = "actor-mismatch"
    ORIGIN_MISMATCH = "origin-mismatch"
    PROOF_MISSING = "proof-missing"
    PROOF_MALFORMED = "proof-malformed"
    PROOF_UNSUPPORTED = "proof-unsupported"
    PROOF_EXPIRED = "proof-expired"
    SYNCHRONIZATION_MALFORMED = "synchronization-malformed"
    NOT_CANONICAL = "not-canonical"
    TOO_LARGE = "too-large"
    TOO_COMPLEX = "too-complex"
    JSON_INVALID = "json-invalid"
    JSONLD_INVALID = "jsonld-invalid"
    SHAPE = "shape"
    URI_REFUSED = "uri-refused"
    HANDLE_REFUSED = "handle-refused"
    TYPE_UNSUPPORTED = "type-unsupported"
    TOMBSTONE = "tombstone"
    ADDRESSING = "addressing"
    DISCOVERY_MISMATCH = "discovery-mismatch"
    CREDENTIAL_MALFORMED = "credential-malformed"
    CREDENTIAL_MISMATCH = "credential-mismatch"
    CREDENTIAL_NOT_IN_FORCE = "credential-not-in-force"

    @property
    def status(self) -> int:
        """HTTP status that answers a request with this fault: 400 unless it is about who sent it."""
        return _STATUS.get(self, 400)


_STATUS = dict.fromkeys(
    (
        Fault.SIGNATURE_MISSING,
        Fault.SIGNATURE_INVALID,
        Fault.LABEL_MISMATCH,
        Fault.PARAMETER_MISSING,
        Fault.PARAMETER_CONFLICT,
        Fault.COMPONENT_DUPLICATE,
        Fault.COMPONENT_UNKNOWN,
        Fault.COMPONENT_ABSENT,
        Fault.NOT_COVERED,
        Fault.STALE,
        Fault.FROM_THE_FUTURE,
        Fault.NOT_FRESH,
        Fault.HOST_MISMATCH,
        Fault.ALGORITHM_REFUSED,
        Fault.ALGORITHM_MISMATCH,
        Fault.KEY_UNSUPPORTED,
        Fault.KEY_MISMATCH,
        Fault.DIGEST_UNSUPPORTED,
        Fault.DIGEST_MISMATCH,
        Fault.ACTOR_MISMATCH,
    ),
    401,
)
_STATUS[Fault.TOO_LARGE] = 413


class ProtocolError(Exception):
    """A peer broke the protocol. `detail` is for the log only: it may quote what the peer sent, never our data."""

    def __init__(self, reason: Fault, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
