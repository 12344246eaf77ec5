"""The door for signed requests, both schemes. Only `verify` here makes a `Signer`, and without one nothing is recorded.

    parse (bytes to claims) → the caller decides on the host and finds the key → verify (claims to a Signer)

Must not fetch, store or decide: keys, time and the configured host come in as values.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Protocol

from federation.wire import cavage, rfc9421
from federation.wire.cavage import sign as sign_cavage
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import PublicKey
from federation.wire.messages import Headers, ParsedSignature, Request, Scheme
from federation.wire.origins import parse_origin
from federation.wire.rfc9421 import sign as sign_rfc9421

__all__ = [
    "Headers",
    "ParsedSignature",
    "Request",
    "Scheme",
    "Signer",
    "parse",
    "require_actor",
    "require_fresh",
    "sign_cavage",
    "sign_rfc9421",
    "verify",
]

# Mastodon's window (app/lib/signed_request.rb): all in milliseconds.
_SKEW = 3_600_000
_LIFETIME = 300_000
_MAX_LIFETIME = 12 * 3_600_000
_FRESH = 60_000
_MAX_NONCE = 128

_seal = object()


class _SchemeModule(Protocol):
    """What both scheme modules offer; `check` does everything but the signature and the time, and gives the latter."""

    def parse(self, request: Request) -> ParsedSignature: ...
    def check(self, request: Request, parsed: ParsedSignature, key: PublicKey) -> int: ...
    def verify_signature(self, request: Request, parsed: ParsedSignature, key: PublicKey) -> None: ...


_MODULES: Mapping[Scheme, _SchemeModule] = {Scheme.CAVAGE: cavage, Scheme.RFC9421: rfc9421}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose key signed this very request, just now. Built by `verify` and nowhere else."""

    key_id: str
    owner: str  # uri of the actor
    host: str
    scheme: Scheme
    nonce: str | None
    created: int  # unix milliseconds
    covered: tuple[str, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _seal:
            raise TypeError("a Signer comes from signatures.verify")


def parse(request: Request) -> ParsedSignature:
    """Read the claims without believing them. With Signature-Input it is RFC 9421 or nothing: no falling back.

    The key id must be an http(s) URI; `acct:` (old Mastodon) and `did:` bind a key to nobody's origin.
    """
    if "signature" not in request.fields:
        raise ProtocolError(Fault.SIGNATURE_MISSING)
    scheme = Scheme.RFC9421 if "signature-input" in request.fields else Scheme.CAVAGE
    parsed = _MODULES[scheme].parse(request)
    parse_origin(parsed.key_id)
    return parsed


def verify(request: Request, parsed: ParsedSignature, key: PublicKey, *, now: int) -> Signer:
    """Check everything that federation_wire §1.1 and §1.2 ask, the signature last. `now` in unix milliseconds.

    `key` is the one found for `parsed.key_id`. After SIGNATURE_INVALID, ALGORITHM_MISMATCH or KEY_MISMATCH a caller may
    fetch the key anew and try again; every other fault is in the request itself.
    """
    host = _require_key(parsed, key)
    scheme = _MODULES[parsed.scheme]
    created = scheme.check(request, parsed, key)
    _require_window(created, parsed.expires, now)
    scheme.verify_signature(request, parsed, key)
    return Signer(
        key_id=key.id,
        owner=key.owner,
        host=host,
        scheme=parsed.scheme,
        nonce=parsed.nonce,
        created=created,
        covered=parsed.covered,
        seal=_seal,
    )


def require_actor(signer: Signer, actor: str) -> None:
    """Raise unless the signer is the actor of what it sent: a good signature by someone else proves nothing."""
    if signer.owner != actor:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"{actor[:200]} signed by {signer.owner}")


def require_fresh(signer: Signer, now: int) -> None:
    """For group-only fetches (4-wire): RFC 9421, made within a minute, with a nonce. That it is new is for storage."""
    if signer.scheme is not Scheme.RFC9421:
        raise ProtocolError(Fault.NOT_FRESH, signer.scheme)
    if abs(now - signer.created) > _FRESH:
        raise ProtocolError(Fault.NOT_FRESH, "created")
    if not signer.nonce or len(signer.nonce) > _MAX_NONCE:
        raise ProtocolError(Fault.NOT_FRESH, "nonce")


def _require_key(parsed: ParsedSignature, key: PublicKey) -> str:
    origin = parse_origin(key.owner)
    if key.id != parsed.key_id or parse_origin(key.id) != origin:
        raise ProtocolError(Fault.KEY_MISMATCH, f"{key.id} of {key.owner} for {parsed.key_id[:200]}")
    return origin.host


def _require_window(created: int, expires: int | None, now: int) -> None:
    if created > now + _SKEW:
        raise ProtocolError(Fault.FROM_THE_FUTURE, f"{created - now} ms")
    end = created + _LIFETIME if expires is None else min(expires, created + _MAX_LIFETIME)
    if now > end + _SKEW:
        raise ProtocolError(Fault.STALE, f"{now - end} ms")
