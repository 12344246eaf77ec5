"""HTTP signatures of draft-cavage-12, as most of the fediverse speaks them: parsing, demands, signing.

Must not decide who may sign or when: signatures.py, the only door, checks keys and time.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace

from federation.wire.dates import parse_http_date, render_http_date
from federation.wire.digests import render_digest, verify_digest
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, PublicKey
from federation.wire.messages import (
    Headers,
    ParsedSignature,
    Request,
    Scheme,
    encode_signed,
)
from federation.wire.origins import host_of, parse_host, parse_origin
from federation.wire.structured import parse_parameters

_SECONDS = re.compile(r"[0-9]{1,15}")


def parse(request: Request) -> ParsedSignature:
    """Read the Signature header. `created` and `expires` count only when they are signed, for others can change them."""
    parameters = parse_parameters(request.fields.get("signature", ""), Fault.SIGNATURE_MALFORMED)
    algorithm = parameters.get("algorithm", "hs2019")
    default = "(created)" if algorithm == "hs2019" else "date"
    names = parameters.get("headers", default).lower().split()
    if len(set(names)) != len(names):
        raise ProtocolError(Fault.COMPONENT_DUPLICATE, " ".join(names))
    return ParsedSignature(
        scheme=Scheme.CAVAGE,
        key_id=_parameter(parameters, "keyId"),
        algorithm=algorithm,
        components=tuple((name, {}) for name in names),
        parameters=parameters,
        created=_moment(parameters, "created") if "(created)" in names else None,
        expires=_moment(parameters, "expires") if "(expires)" in names else None,
        nonce=None,
        signature=_decode(_parameter(parameters, "signature")),
    )


def check(request: Request, parsed: ParsedSignature, key: PublicKey) -> int:
    """Everything but the signature and the time: algorithm, coverage, host, digest. Gives the time of signing in ms."""
    _check_algorithm(parsed, key)
    covered = set(parsed.covered)
    _check_coverage(request, parsed, covered)
    _check_host(request)
    if "digest" in covered:
        verify_digest(request.require("digest"), request.body)
    return _date(request) if parsed.created is None else parsed.created


def verify_signature(request: Request, parsed: ParsedSignature, key: PublicKey) -> None:
    """Raise unless the key made the signature over this request.

    Mastodon before 4.4 and others sign a GET without its query, so that is tried when the full target fails.
    """
    try:
        key.verify(parsed.signature, signing_string(request, parsed.covered, parsed.parameters))
    except ProtocolError:
        if request.carries_body or not request.query:
            raise
        bare = replace(request, target_uri=request.target_uri.removesuffix(request.query))
        key.verify(parsed.signature, signing_string(bare, parsed.covered, parsed.parameters))


def sign(request: Request, key: PrivateKey, *, now: int) -> Headers:
    """Headers to add: Date, Signature and, with a body, Digest. `now` in unix milliseconds.

    Covers what Mastodon covers. The request has its Content-Type when it has a body; without a Host, the target's is
    signed and must be sent. Only RSA keys sign this way: few peers would understand another.
    """
    if key.algorithm is not Algorithm.RSA:
        raise ValueError(f"draft-cavage-12 with {key.algorithm}")
    headers: Headers = (("Date", render_http_date(now)),)
    names = ["(request-target)", "host", "date"]
    if request.carries_body:
        headers = (*headers, ("Digest", render_digest(request.body)))
        names += ["digest", "content-type", *request.signed_besides]
    host = () if "host" in request.fields else (("Host", host_of(request.target_uri)),)
    signed = replace(request, headers=(*request.headers, *host, *headers))
    signature = b64encode(key.sign(signing_string(signed, names, {}))).decode()
    value = f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(names)}",signature="{signature}"'
    return (*headers, ("Signature", value))


def signing_string(request: Request, names: Iterable[str], parameters: Mapping[str, str]) -> bytes:
    """The bytes that are signed (draft-cavage-12 §2.3); ProtocolError when the request lacks one of the names."""
    special = {
        "(request-target)": f"{request.method.lower()} {request.path}{request.query}",
        "(created)": parameters.get("created"),
        "(expires)": parameters.get("expires"),
    }
    return encode_signed([f"{name}: {special.get(name) or request.require(name)}" for name in names])


def _check_algorithm(parsed: ParsedSignature, key: PublicKey) -> None:
    if parsed.algorithm not in {"rsa-sha256", "hs2019"}:
        raise ProtocolError(Fault.ALGORITHM_REFUSED, parsed.algorithm or "")
    # hs2019 says: derive it from the key.
    if parsed.algorithm == "rsa-sha256" and key.algorithm is not Algorithm.RSA:
        raise ProtocolError(Fault.ALGORITHM_MISMATCH, f"{parsed.algorithm} for {key.algorithm}")


def _check_coverage(request: Request, parsed: ParsedSignature, covered: set[str]) -> None:
    required = {"(request-target)", "host"} | ({"digest"} if request.carries_body else set())
    if missing := required - covered:
        raise ProtocolError(Fault.NOT_COVERED, " ".join(sorted(missing)))
    if covered.isdisjoint(("date", "(created)")):
        raise ProtocolError(Fault.NOT_COVERED, "date")
    if parsed.algorithm != "hs2019" and not covered.isdisjoint(("(created)", "(expires)")):
        raise ProtocolError(Fault.PARAMETER_CONFLICT, f"(created) or (expires) with {parsed.algorithm}")


def _check_host(request: Request) -> None:
    ours, theirs = parse_origin(request.target_uri), request.require("host")
    if parse_host(theirs, 443 if ours.scheme == "https" else 80) != ours.host:
        raise ProtocolError(Fault.HOST_MISMATCH, theirs[:200])


def _parameter(parameters: Mapping[str, str], name: str) -> str:
    if name not in parameters:
        raise ProtocolError(Fault.PARAMETER_MISSING, name)
    return parameters[name]


def _moment(parameters: Mapping[str, str], name: str) -> int:
    text = _parameter(parameters, name)
    if _SECONDS.fullmatch(text) is None:
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, f"{name}: {text[:40]!r}")
    return int(text) * 1000


def _date(request: Request) -> int:
    try:
        return parse_http_date(request.require("date"))
    except ValueError as error:
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, str(error)) from error


def _decode(signature: str) -> bytes:
    try:
        return b64decode(signature, validate=True)
    except ValueError as error:
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, f"signature: {error}") from error
