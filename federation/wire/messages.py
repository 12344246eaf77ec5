"""HTTP messages as plain values, and what is written about their signature before anyone believes it.

Both signature schemes (cavage.py, rfc9421.py) read from here; nothing here verifies or knows a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import host_of

Headers = tuple[tuple[str, str], ...]
Component = tuple[str, Mapping[str, Any]]  # name and parameters, as structured fields have them

SYNCHRONIZATION = "collection-synchronization"

_TARGET = re.compile(r"(?i:https?)://[^/?#]+(/[^?#]*)?(\?[^#]*)?")


class Scheme(StrEnum):
    """How a request is signed."""

    CAVAGE = "draft-cavage-12"
    RFC9421 = "rfc9421"


class _Message:
    """Header fields as signatures see them: by lower-case name, repeated ones joined (RFC 9421 §2.1)."""

    __slots__ = ()
    fields: Mapping[str, str]

    def require(self, name: str) -> str:
        """The value of a field; a missing one is a ProtocolError."""
        if name not in self.fields:
            raise ProtocolError(Fault.COMPONENT_ABSENT, name)
        return self.fields[name]


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """A request as received or about to be sent.

    `target_uri` is absolute and without fragment. On receipt it is built from the configured host and the raw path, never
    from what the sender says its host is. Header names may have any case and may repeat.
    """

    method: str
    target_uri: str
    headers: Headers
    body: bytes = b""
    fields: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _join(self.headers))

    @property
    def path(self) -> str:
        return self._split()[0] or "/"

    @property
    def query(self) -> str:
        """With its question mark, or empty."""
        return self._split()[1] or ""

    def _split(self) -> tuple[str | None, str | None]:
        found = _TARGET.fullmatch(self.target_uri)
        if found is None:
            raise ProtocolError(Fault.URI_REFUSED, f"not a request target: {self.target_uri[:100]!r}")
        return found[1], found[2]

    @property
    def carries_body(self) -> bool:
        """Whether a signature must vouch for the body."""
        return self.method not in {"GET", "HEAD"}

    @property
    def signed_besides(self) -> tuple[str, ...]:
        """What we sign where we send it (FEP-8fcf), and do not ask of others."""
        return tuple({SYNCHRONIZATION} & self.fields.keys())


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """What RFC 9421 can name in a response."""

    status: int
    headers: Headers
    fields: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _join(self.headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSignature:
    """What a request says about its own signature: nothing of it is verified. Times are unix milliseconds."""

    scheme: Scheme
    key_id: str
    algorithm: str | None  # the peer's own word for it
    components: tuple[Component, ...]  # in signing order
    parameters: Mapping[str, Any]  # as they stood in the header
    created: int | None
    expires: int | None
    nonce: str | None
    signature: bytes

    @property
    def covered(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.components)

    @property
    def host(self) -> str:
        """Host (with a port that is not the default) of the key: what admission asks about before any fetch."""
        return host_of(self.key_id)


def encode_signed(lines: list[str]) -> bytes:
    """Join the lines of a signing string; a value with a line break in it could pretend to be another component."""
    text = "\n".join(lines)
    if text.count("\n") >= max(len(lines), 1) or not text.isascii():
        raise ProtocolError(Fault.SIGNATURE_MALFORMED, "signed values are not plain ASCII")
    return text.encode()


def _join(headers: Headers) -> dict[str, str]:
    fields: dict[str, str] = {}
    for header, value in headers:
        name = header.lower()
        fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()
    return fields
