"""Origins, hosts, http(s) URIs and handles: who can speak for what (FEP-fe34). Must not know documents or any network.

A *host* here is the name of a peer as its admin would write it: lower-case ASCII, with `:port` only where the port is
not the scheme's own. Which schemes and ports are acceptable (development) is the caller's matter.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

import idna

from federation.wire.errors import Fault, ProtocolError

MAX_URI = 2048
MAX_ID = 1024  # of actors, inboxes and objects: two of them must fit into one index row of PostgreSQL
MAX_HANDLE = 320

_PORTS = {"http": 80, "https": 443}
# Control characters, spaces, quotes, angle brackets and backslashes are where URI parsers disagree: refused, not repaired.
_URI = re.compile(r"(?i:(https?))://([^/?#@\\\s\x00-\x20\"<>`{|}^]+)((?:[/?#][^\\\s\x00-\x20\"<>`{|}^\x7f]*)?)")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
# Alphabets with letters that an eye takes for another's: no honest name mixes them (after UTS #39 §5.2).
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HANDLE = re.compile(r"(?:acct:)?@?([A-Za-z0-9_](?:[A-Za-z0-9_.~-]*[A-Za-z0-9_~-])?)(?:@([^@/\\\s]+))?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host name and port of a URI: two URIs of one origin speak for each other."""

    scheme: str
    name: str
    port: int

    @property
    def host(self) -> str:
        """The peer's host: `chu-b.example`, or `localhost:8001` where the port is not the scheme's own."""
        return self.name if self.port == _PORTS[self.scheme] else f"{self.name}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


@dataclass(frozen=True, slots=True)
class Handle:
    """`@name@host` as people write it; `host` is empty for a name on the instance where it is read."""

    name: str
    host: str = ""

    @property
    def key(self) -> str:
        """What two spellings of one handle have in common; host names are already lower-case."""
        return f"{self.name.lower()}@{self.host}" if self.host else self.name.lower()

    def __str__(self) -> str:
        return f"{self.name}@{self.host}" if self.host else self.name


def parse_origin(uri: Any) -> Origin:
    """The origin of an http(s) URI. ProtocolError for anything else: user info, `ap:`, `did:`, controls, bad hosts."""
    found = _URI.fullmatch(uri) if isinstance(uri, str) and len(uri) <= MAX_URI else None
    if found is None:
        raise ProtocolError(Fault.URI_REFUSED, f"not an http(s) URI: {str(uri)[:100]!r}")
    scheme = found[1].lower()
    return Origin(scheme, *_authority(found[2], _PORTS[scheme]))


def parse_actor_uri(uri: Any) -> Origin:
    """The origin of a URI that may have no fragment and not more than `MAX_ID` characters: actors, inboxes, collections."""
    origin = parse_origin(uri)
    if "#" in uri:
        raise ProtocolError(Fault.URI_REFUSED, f"a fragment where none may be: {uri[:100]!r}")
    if len(uri) > MAX_ID:
        raise ProtocolError(Fault.URI_REFUSED, f"an id of {len(uri)} characters")
    return origin


def is_http_uri(value: Any) -> bool:
    """Whether `parse_origin` would take it."""
    try:
        parse_origin(value)
    except ProtocolError:
        return False
    return True


def host_of(uri: Any) -> str:
    """The peer's host of an http(s) URI; ProtocolError as in `parse_origin`."""
    return parse_origin(uri).host


def same_origin(one: Any, other: Any) -> bool:
    """Whether two http(s) URIs share scheme, host name and port; ProtocolError when either is none."""
    return parse_origin(one) == parse_origin(other)


def parse_host(text: str, default_port: int = 443) -> str:
    """A host as an admin or a handle writes it (`Chu-B.Example`, `localhost:8001`), normalised."""
    name, port = _authority(text, default_port)
    return name if port == default_port else f"{name}:{port}"


def is_covered(host: str, suspended: str) -> bool:
    """Whether a suspension of one host covers another: itself, its subdomains and all their ports.

    A suspended host written with a port covers just that port, so that instances on one machine stay apart.
    """
    if _without_port(suspended) != suspended:
        return host == suspended
    name = _without_port(host)
    return name == suspended or name.endswith("." + suspended)


def parse_handle(text: Any) -> Handle:
    """`@name@host[:port]`, `name@host`, `acct:name@host` or `@name`; the host is normalised, the name kept as written."""
    found = _HANDLE.fullmatch(text) if isinstance(text, str) and len(text) <= MAX_HANDLE else None
    if found is None:
        raise ProtocolError(Fault.HANDLE_REFUSED, f"not a handle: {str(text)[:100]!r}")
    return Handle(found[1], parse_host(found[2]) if found[2] else "")


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host


@lru_cache(maxsize=4096)
def _authority(text: str, default_port: int) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text) if len(text) <= MAX_HANDLE else None
    if found is None:
        raise ProtocolError(Fault.URI_REFUSED, f"not a host: {text[:100]!r}")
    port = int(found[2]) if found[2] else default_port
    if not 0 < port < 65536:
        raise ProtocolError(Fault.URI_REFUSED, f"not a port: {found[2]}")
    return _host_name(found[1]), port


def _host_name(text: str) -> str:
    """Lower-case ASCII (IDNA 2008 with UTS 46 mapping), so that one host has one spelling. Apps may show it decoded, so
    that a label which imitates another by mixing alphabets is none.
    """
    try:
        if text.startswith("["):
            return f"[{IPv6Address(text[1:-1]).compressed}]"
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
        labels = name.split(".")
        if labels[-1][:1].isdecimal():  # a URL parser takes such a name for an IPv4 address, in whatever notation
            return str(IPv4Address(name))
        imitates = any(map(_mixes_alphabets, labels))
    except (AddressValueError, idna.IDNAError) as error:
        raise ProtocolError(Fault.URI_REFUSED, f"not a host: {text[:100]!r}") from error
    if imitates or len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ProtocolError(Fault.URI_REFUSED, f"not a host: {text[:100]!r}")
    return name


def _mixes_alphabets(label: str) -> bool:
    """IDNAError when an encoded label does not decode to what it is the encoding of."""
    if not label.startswith("xn--"):
        return False
    alphabets = {unicodedata.name(letter, "").split(" ")[0] for letter in idna.decode(label)}
    return len(alphabets & _ALIKE) > 1
