"""Attestations as verifiable credentials: what an institution states about its member, for others to check.

Never a register number: only the register's name. Proofs are made and verified in proofs.py; whether an issuer, a
level or a profession is good enough is decided in policies.verification. Must not know either.
"""

from dataclasses import dataclass
from typing import Any

from federation.wire import origins
from federation.wire.bounded import Document
from federation.wire.dates import parse_datetime, render_datetime
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import id_of, many, text
from policies.terms import NS, PROFESSIONS, SPECIALTIES, Level

CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL_TYPE = "HealthProfessionalCredential"
LIFETIME = 7 * 86_400_000  # short, because this release has no status list: what is not renewed ends by itself
MAX_SKEW = 300_000
MAX_SPECIALTIES = 20
MAX_TEXT = 200

# Defined inline, so that nobody needs a context of ours to read them.
_TERMS = {
    term: NS + term
    for term in (
        CREDENTIAL_TYPE,
        "profession",
        "specialties",
        "jurisdiction",
        "register",
        "evidenceLevel",
        "checkedAt",
    )
}


@dataclass(frozen=True, slots=True)
class Credential:
    """A statement of `issuer` (an instance actor) about `subject` (its member). Codes are those of policies.terms;
    times are unix milliseconds; `uri` is where the credential lives, and answers 404 when it is revoked.
    """

    uri: str
    issuer: str
    issuer_name: str
    subject: str
    profession: str
    specialties: frozenset[str]
    jurisdiction: str
    register: str
    level: Level
    checked_at: int
    valid_from: int
    valid_until: int


def render_credential(credential: Credential) -> Document:
    """The credential without proof (W3C vc-data-model-2.0 §4); sign it with the issuer's Ed25519 key."""
    return {
        "@context": [CREDENTIALS_CONTEXT, _TERMS],
        "id": credential.uri,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": {"id": credential.issuer, "name": credential.issuer_name},
        "validFrom": render_datetime(credential.valid_from),
        "validUntil": render_datetime(credential.valid_until),
        "credentialSubject": {
            "id": credential.subject,
            "profession": credential.profession,
            "specialties": sorted(credential.specialties),
            "jurisdiction": credential.jurisdiction,
            "register": credential.register,
            "evidenceLevel": credential.level.name.lower(),
            "checkedAt": render_datetime(credential.checked_at),
        },
    }


def parse_credential(document: Document) -> Credential:
    """Read a credential whose proof is verified. ProtocolError for another type or context, several subjects, dates
    without a zone, and professions, specialties or levels that are not in our tables.
    """
    types = many(document.get("type"))
    if "VerifiableCredential" not in types or CREDENTIAL_TYPE not in types or not _is_our_context(document):
        raise ProtocolError(Fault.CREDENTIAL_MALFORMED, f"not a {CREDENTIAL_TYPE}")
    issuer, subject = document.get("issuer"), document.get("credentialSubject")
    if not isinstance(subject, dict):
        raise ProtocolError(Fault.CREDENTIAL_MALFORMED, "not one subject")
    return Credential(
        uri=_uri(document),
        issuer=_uri({"id": id_of(issuer)}),
        issuer_name=_text(issuer, "name") if isinstance(issuer, dict) else "",
        subject=_uri(subject),
        profession=_known(subject.get("profession"), PROFESSIONS.keys()),
        specialties=_specialties(subject),
        jurisdiction=_text(subject, "jurisdiction"),
        register=_text(subject, "register"),
        level=_level(subject.get("evidenceLevel")),
        checked_at=_moment(subject, "checkedAt"),
        valid_from=_moment(document, "validFrom"),
        valid_until=_moment(document, "validUntil"),
    )


def check_credential(credential: Credential, *, link_uri: str, subject_uri: str, issuer_uri: str, now: int) -> None:
    """Raise ProtocolError unless a credential found at `link_uri`, on the actor `subject_uri`, is about that actor, by
    `issuer_uri`, on the issuer's origin, and in force (federation_wire.md §5). Clocks may differ by five minutes.
    """
    if credential.uri != link_uri or not origins.same_origin(link_uri, issuer_uri):
        raise ProtocolError(Fault.CREDENTIAL_MISMATCH, f"{credential.uri} found at {link_uri}, issued by {issuer_uri}")
    if credential.issuer != issuer_uri:
        raise ProtocolError(Fault.CREDENTIAL_MISMATCH, f"issued by {credential.issuer}, not {issuer_uri}")
    if credential.subject != subject_uri:
        raise ProtocolError(Fault.CREDENTIAL_MISMATCH, f"about {credential.subject}, linked by {subject_uri}")
    if not credential.valid_from - MAX_SKEW <= now <= credential.valid_until + MAX_SKEW:
        raise ProtocolError(Fault.CREDENTIAL_NOT_IN_FORCE, credential.uri)


def _is_our_context(document: Document) -> bool:
    """The proof covers the context as text only, so it must say what we read (vc-data-integrity §2.4.1)."""
    match document.get("@context"):
        case [first, dict() as inline]:
            return bool(first == CREDENTIALS_CONTEXT and _TERMS.items() <= inline.items())
        case _:
            return False


def _uri(document: Document) -> str:
    uri = text(document.get("id"))
    origins.parse_actor_uri(uri)
    return uri


def _text(document: Document, name: str) -> str:
    return text(document.get(name))[:MAX_TEXT]


def _known(value: Any, codes: Any) -> str:
    if not isinstance(value, str) or value not in codes:
        raise ProtocolError(Fault.CREDENTIAL_MALFORMED, f"code {str(value)[:100]!r}")
    return value


def _specialties(subject: Document) -> frozenset[str]:
    codes = many(subject.get("specialties"))
    if len(codes) > MAX_SPECIALTIES:
        raise ProtocolError(Fault.CREDENTIAL_MALFORMED, f"{len(codes)} specialties")
    return frozenset(_known(code, SPECIALTIES.keys()) for code in codes)


def _level(value: Any) -> Level:
    return Level[_known(value, {level.name.lower() for level in Level}).upper()]


def _moment(document: Document, name: str) -> int:
    try:
        return parse_datetime(text(document.get(name)))
    except ValueError as error:
        raise ProtocolError(Fault.CREDENTIAL_MALFORMED, f"{name}: {error}") from error
