"""Taking a list of peers from a body that the ruleset trusts: what follows from it by itself, and what an admin must see.

What the list says of hosts that we do not know, or know from it alone, is taken. Where our own rules say something else, the
list changes nothing by itself: what it would change is a draft. Must not know: signatures, files, who fetches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from policies.decision import Allow, Decision, Deny, Reason
from policies.edits import add_peer, set_list, set_peer
from policies.rules import parse
from policies.ruleset import Peer, Ruleset, TrustedList
from policies.terms import PeerState

_STRICTER = (
    PeerState.ACTIVE,
    PeerState.TRIAL,
    PeerState.QUARANTINED,
    PeerState.PROPOSED,
    PeerState.SUSPENDED,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One institution as a list has it."""

    organisation: str
    state: PeerState
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class FederationList:
    """A list whose signature is good. Its version grows; `until` is its last day, in UTC."""

    name: str
    version: int
    until: date
    entries: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Merged:
    """`text`: the ruleset with what follows by itself. `draft`: with everything that the list says, "" when that is the same;
    `conflicts`: the hosts that they differ in.
    """

    text: str
    draft: str = ""
    conflicts: tuple[str, ...] = ()


def may_trust(name: str, key: str, ruleset: Ruleset) -> Decision:
    """Whether a list of this name under this key is anything to us."""
    trusted = ruleset.lists.get(name)
    if trusted is None or trusted.key != key:
        return Deny(f"lists.{name}.key", Reason.LIST_UNTRUSTED)
    return Allow(f"lists.{name}.key")


def may_take(found: FederationList, trusted: TrustedList, today: date) -> Decision:
    """Whether a list is in date and not older than the one that was taken last."""
    rule = f"lists.{found.name}"
    if today > found.until:
        return Deny(f"{rule}.until", Reason.LIST_EXPIRED)
    if found.version < trusted.version:
        return Deny(f"{rule}.version", Reason.LIST_OLD)
    return Allow(rule)


def merge(text: str, found: FederationList) -> Merged:
    """The ruleset's text with a list. A host that the list has dropped is quarantined. Raises `RulesetError`."""
    ruleset = parse(text)
    taken = set_list(text, found.name, version=found.version, until=found.until)
    whole = taken
    conflicts = []
    for host, entry in sorted(found.entries.items()):
        peer = ruleset.peers.get(host)
        if peer is None:
            taken, whole = (_added(each, host, entry, found.name) for each in (taken, whole))
        elif not _says(peer, entry):
            whole = _replaced(whole, host, entry)
            if _is_theirs(peer, entry, found.name):
                taken = _replaced(taken, host, entry)
            else:
                conflicts.append(host)
    for host in _dropped(ruleset, found):
        taken, whole = (set_peer(each, host, {"state": PeerState.QUARANTINED.value}) for each in (taken, whole))
    return Merged(taken, whole if conflicts else "", tuple(conflicts))


def own_list(ruleset: Ruleset, name: str, version: int, until: date) -> FederationList:
    """Our active peers, for others to take."""
    active = {host: peer for host, peer in ruleset.peers.items() if peer.state is PeerState.ACTIVE}
    entries = {host: Entry(peer.organisation, peer.state, peer.identifier) for host, peer in active.items()}
    return FederationList(name, version, until, entries)


def _added(text: str, host: str, entry: Entry, name: str) -> str:
    added = add_peer(text, host, organisation=entry.organisation, state=entry.state)
    return set_peer(added, host, {"list": name} | _identifier(entry))


def _replaced(text: str, host: str, entry: Entry) -> str:
    settings = {"organisation": entry.organisation, "state": entry.state.value}
    return set_peer(text, host, settings | _identifier(entry))


def _identifier(entry: Entry) -> dict[str, str]:
    return {"identifier": entry.identifier} if entry.identifier else {}


def _says(peer: Peer, entry: Entry) -> bool:
    return (peer.organisation, peer.state, peer.identifier) == (entry.organisation, entry.state, entry.identifier)


def _is_theirs(peer: Peer, entry: Entry, name: str) -> bool:
    """What the list alone brought it may say anew, unless that lets more pass than our own rules do by now."""
    return peer.list == name and _STRICTER.index(entry.state) >= _STRICTER.index(peer.state)


def _dropped(ruleset: Ruleset, found: FederationList) -> list[str]:
    passing = {PeerState.ACTIVE, PeerState.TRIAL}
    return sorted(
        host
        for host, peer in ruleset.peers.items()
        if peer.list == found.name and host not in found.entries and peer.state in passing
    )
