"""HTTP Message Signatures (RFC 9421): signature bases, parsing, what ActivityPub asks of them, signing.

Must not decide who may sign or when: signatures.py, the only door, checks keys and time.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import http_sf

from federation.wire.digests import render_content_digest, verify_content_digest
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import Algorithm, PrivateKey, PublicKey
from federation.wire.messages import (
    Component,
    Headers,
    ParsedSignature,
    Request,
    Response,
    Scheme,
    encode_signed,
)
from federation.wire.origins import host_of, parse_origin
from federation.wire.structured import parse_dictionary

_LABEL = "sig1"
_NAME = re.compile(r"@?[a-z0-9!#$%&'*+.^_`|~-]+")
_DERIVED: Mapping[str, Callable[[Request], str]] = {
    "@method": lambda request: request.method,
    "@target-uri": lambda request: request.target_uri,
    "@authority": lambda request: host_of(request.target_uri),
    "@scheme": lambda request: parse_origin(request.target_uri).scheme,
    "@request-target": lambda request: request.path + request.query,
    "@path": lambda request: request.path,
    "@query": lambda request: request.query or "?",
}


def parse(request: Request) -> ParsedSignature:
    """Read Signature-Input and Signature. One label only: with several, whose keys count would be ours to guess."""
    inputs = parse_dictionary(request.fields.get("signature-input", ""), Fault.SIGNATURE_MALFORMED)
    signatures = parse_dictionary(request.fields.get("signature", ""), Fault.SIGNATURE_MALFORMED)
    if len(inputs) != 1:
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, f"labels {list(inputs)}")
    ((label, (items, parameters)),) = inputs.items()
    if list(signatures) != [label]:
        raise ProtocolError(Fault.LABEL_MISMATCH, f"{list(signatures)} for {label}")
    signature = signatures[label][0]
    if not isinstance(items, list) or not isinstance(signature, bytes):
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, label)
    return _parsed(_parse_components(items), parameters, signature)


def _parsed(components: tuple[Component, ...], parameters: dict[str, Any], signature: bytes) -> ParsedSignature:
    key_id = _parameter(parameters, "keyid", str)
    if key_id is None:
        raise ProtocolError(Fault.PARAMETER_MISSING, "keyid")
    created, expires = (_parameter(parameters, name, int) for name in ("created", "expires"))
    return ParsedSignature(
        scheme=Scheme.RFC9421,
        key_id=key_id,
        algorithm=_parameter(parameters, "alg", str),
        components=components,
        parameters=parameters,
        created=None if created is None else created * 1000,
        expires=None if expires is None else expires * 1000,
        nonce=_parameter(parameters, "nonce", str),
        signature=signature,
    )


def check(request: Request, parsed: ParsedSignature, key: PublicKey) -> int:
    """Everything but the signature and the time: algorithm, coverage, digest. Gives the time of signing in ms.

    Mastodon asks for `@method`, `@target-uri`, `created`, and on POST `content-digest`; `@authority`, `@path` and `@query`
    together say the same as the target and are taken for it.
    """
    if parsed.algorithm is not None and parsed.algorithm != key.algorithm:
        known = parsed.algorithm in tuple(Algorithm)
        raise ProtocolError(Fault.ALGORITHM_MISMATCH if known else Fault.ALGORITHM_REFUSED, parsed.algorithm)
    if parsed.created is None:
        raise ProtocolError(Fault.PARAMETER_MISSING, "created")
    required = {"@method", *_target_components(request, parsed)}
    if request.carries_body:
        required.add("content-digest")
    if missing := required - set(parsed.covered):
        raise ProtocolError(Fault.NOT_COVERED, " ".join(sorted(missing)))
    if "content-digest" in parsed.covered:
        verify_content_digest(request.require("content-digest"), request.body)
    return parsed.created


def verify_signature(request: Request, parsed: ParsedSignature, key: PublicKey) -> None:
    """Raise unless the key made the signature over this request."""
    key.verify(parsed.signature, signature_base(request, parsed.components, parsed.parameters))


def sign(request: Request, key: PrivateKey, *, now: int, nonce: str | None = None) -> Headers:
    """Headers to add, in the shape Mastodon sends and verifies; `content-digest` with a body only.

    `now` in unix milliseconds. `nonce` is for doors that see each only once.
    """
    headers: Headers = ()
    components: list[Component] = [("@method", {}), ("@target-uri", {})]
    if request.carries_body:
        headers = (("Content-Digest", render_content_digest(request.body)),)
        components += [(name, {}) for name in ("content-digest", *request.signed_besides)]
    parameters = {"created": now // 1000, "keyid": key.id, "alg": str(key.algorithm)}
    if nonce is not None:
        parameters["nonce"] = nonce
    base = signature_base(replace(request, headers=request.headers + headers), components, parameters)
    return (
        *headers,
        ("Signature-Input", f"{_LABEL}={_render_parameters(components, parameters)}"),
        ("Signature", http_sf.ser({_LABEL: key.sign(base)})),
    )


def signature_base(
    message: Request | Response, components: Iterable[Component], parameters: Mapping[str, Any]
) -> bytes:
    """The bytes that are signed (RFC 9421 §2.5). Raises ProtocolError for what the message does not have."""
    components = list(components)
    lines = [f"{_identifier(component)}: {_value(message, component)}" for component in components]
    lines.append(f'"@signature-params": {_render_parameters(components, parameters)}')
    return encode_signed(lines)


def _target_components(request: Request, parsed: ParsedSignature) -> set[str]:
    if "@target-uri" in parsed.covered or "@authority" not in parsed.covered:
        return {"@target-uri"}
    return {"@path", "@query"} if request.query else {"@path"}


def _parse_components(items: list[Any]) -> tuple[Component, ...]:
    components = [(name, parameters) for name, parameters in items]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name, _ in components):
        raise ProtocolError(Fault.COMPONENT_UNKNOWN, "component name")
    identifiers = {_identifier(component) for component in components}
    if len(identifiers) != len(components):
        raise ProtocolError(Fault.COMPONENT_DUPLICATE, " ".join(name for name, _ in components))
    return tuple(components)


def _parameter(parameters: dict[str, Any], name: str, kind: type) -> Any:
    value = parameters.get(name)
    if value is not None and type(value) is not kind:  # a bare parameter is True, which is an int
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, f"{name}: {value!r}")
    return value


def _identifier(component: Component) -> str:
    name, parameters = component
    return f'"{name}"' if not parameters else str(http_sf.ser((name, dict(parameters))))


def _render_parameters(components: list[Component], parameters: Mapping[str, Any]) -> str:
    inner_list: Any = (components, dict(parameters))
    return http_sf.ser([inner_list])


def _value(message: Request | Response, component: Component) -> str:
    name, parameters = component
    if name == "@query-param" and isinstance(message, Request) and list(parameters) == ["name"]:
        return _query_parameter(message, parameters["name"])
    if parameters:
        raise ProtocolError(Fault.COMPONENT_UNKNOWN, _identifier(component))
    if not name.startswith("@"):
        return message.require(name)
    if name == "@status" and isinstance(message, Response):
        return str(message.status)
    if name not in _DERIVED or not isinstance(message, Request):
        raise ProtocolError(Fault.COMPONENT_UNKNOWN, name)
    return _DERIVED[name](message)


def _query_parameter(request: Request, wanted: str) -> str:
    # RFC 9421 §2.2.8: one that occurs more than once cannot be signed.
    pairs = parse_qsl(request.query[1:], keep_blank_values=True)
    values = [value for name, value in pairs if _form_encode(name) == wanted]
    if len(values) != 1:
        raise ProtocolError(Fault.COMPONENT_ABSENT, f"query parameter {wanted}")
    return _form_encode(values[0])


def _form_encode(text: str) -> str:
    return quote(text, safe="*").replace("~", "%7E")
