"""Signed lists of peers, as files that bodies publish: JSON, an Ed25519 signature over its canonical form (RFC 8785). Pure.

    {"type": "FederationList", "name": ..., "version": 3, "until": "2027-01-01", "peers": {"chu-b.example":
     {"organisation": ..., "state": "active", "identifier": ...}}, "signature": "z..."}

Must not know whose key is trusted, nor what becomes of a list.
"""

from datetime import date
from typing import Any

from federation.wire.bounded import parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import PrivateKey, PublicKey, parse_multibase, render_multibase
from federation.wire.proofs import canonical_json
from federation.wire.values import integer, text
from policies.lists import Entry, FederationList
from policies.rules import HOST
from policies.terms import PeerState

TYPE = "FederationList"
MOST = 1_000
STATES = (PeerState.PROPOSED, PeerState.TRIAL, PeerState.ACTIVE, PeerState.SUSPENDED)


def parse_list(body: bytes, key: PublicKey) -> FederationList:
    """A list under this key. ProtocolError when the signature is not good or anything in it is not as it should be: a list is
    taken whole or not at all.
    """
    document = parse_json(body)
    signature = text(document.get("signature"))
    signed = {name: value for name, value in document.items() if name != "signature"}
    key.verify(parse_multibase(signature), canonical_json(signed))
    peers, version = signed.get("peers"), integer(signed.get("version"), 1, 10**6)
    if signed.get("type") != TYPE or version is None or not isinstance(peers, dict) or len(peers) > MOST:
        raise ProtocolError(Fault.SHAPE, "not a list of peers")
    return FederationList(
        name=_require(signed.get("name")),
        version=version,
        until=_day(signed.get("until")),
        entries={_host(host): _entry(value) for host, value in peers.items()},
    )


def render_list(found: FederationList, key: PrivateKey) -> dict[str, Any]:
    """The file, signed."""
    document: dict[str, Any] = {
        "type": TYPE,
        "name": found.name,
        "version": found.version,
        "until": found.until.isoformat(),
        "peers": {host: _render_entry(entry) for host, entry in sorted(found.entries.items())},
    }
    return {**document, "signature": render_multibase(key.sign(canonical_json(document)))}


def _render_entry(entry: Entry) -> dict[str, str]:
    identifier = {"identifier": entry.identifier} if entry.identifier else {}
    return {"organisation": entry.organisation, "state": entry.state.value, **identifier}


def _entry(value: Any) -> Entry:
    if not isinstance(value, dict) or value.get("state") not in STATES:
        raise ProtocolError(Fault.SHAPE, "an entry without a state that a list may give")
    return Entry(_require(value.get("organisation")), PeerState(value["state"]), text(value.get("identifier")))


def _host(host: str) -> str:
    if not HOST.fullmatch(host):
        raise ProtocolError(Fault.SHAPE, f"no host name: {host[:100]}")
    return host


def _require(value: Any) -> str:
    found = text(value).strip()
    if not found:
        raise ProtocolError(Fault.SHAPE, "a name is missing")
    return found


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(text(value))
    except ValueError as error:
        raise ProtocolError(Fault.SHAPE, "no last day") from error
