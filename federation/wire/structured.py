"""The two syntaxes in which signature headers are written. Must not know what the members mean."""

import re
from base64 import b64decode
from typing import Any, cast

import http_sf

from federation.wire.errors import Fault, ProtocolError

_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)=(?:"([^"]*)"|([0-9]{1,15}))[ \t]*(?:,|$)')
_ONE_BYTES = re.compile(r"([a-z*][a-z0-9_.*-]*)=:((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?):")


def parse_parameters(text: str, fault: Fault) -> dict[str, str]:
    """`a="b",c=1` as in the Signature header of draft-cavage-12 §4.1 and in FEP-8fcf; a repeated name is a fault."""
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _PARAMETER.match(text, position)
        if found is None or found[1] in parameters:
            raise ProtocolError(fault, f"parameters: {text[:200]!r}")
        parameters[found[1]] = found[3] if found[2] is None else found[2]
        position = found.end()
    return parameters


def parse_dictionary(text: str, fault: Fault) -> dict[str, Any]:
    """A structured field dictionary (RFC 9651 §3.2) as http_sf gives it: name to (value or inner list, parameters).

    A repeated key is a fault: the standard lets the last one win, and a verifier must not choose silently.
    """
    if found := _ONE_BYTES.fullmatch(text):  # Signature and Content-Digest as everybody sends them, ten times as fast
        return {found[1]: (b64decode(found[2]), {})}
    try:
        members = http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse)
    except ValueError as error:
        raise ProtocolError(fault, f"dictionary: {text[:200]!r}") from error
    return cast("dict[str, Any]", members)


def _refuse(name: str, where: str) -> None:
    raise ValueError(f"{name} repeated in {where}")
