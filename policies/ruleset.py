"""What a ruleset says, once it is understood, and the questions that several policies put to it.

Must not know: the text it was written in (`policies.rules`), facts about posts or people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from policies.decision import Reason
from policies.terms import Audience, Level, Part, PeerState


class Network(StrEnum):
    """Whether hosts that the ruleset does not list may exchange public posts with us."""

    CLOSED = "closed"
    OPEN = "open"


class Strangers(StrEnum):
    """What becomes of a follow or direct message from an unverified remote actor."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


class Sharing(StrEnum):
    """What becomes of content of one audience that would leave to a peer."""

    ALLOW = "allow"
    VERIFIED = "verified"
    MEMBERS = "members"
    HOLD = "hold"
    DENY = "deny"


class Direction(StrEnum):
    """Which way content may flow between us and a peer, seen from here."""

    BOTH = "both"
    IN = "in"
    OUT = "out"


class Onward(StrEnum):
    """Where our members' posts in a peer's groups may go on to.

    REACH: every host in the group's reach that we do not refuse ourselves; LISTED: of those, only hosts that the ruleset
    lists; DENY: nowhere.
    """

    REACH = "reach"
    LISTED = "listed"
    DENY = "deny"


class Treatment(StrEnum):
    """What becomes of one part of what crosses the boundary. STRIP: the rest crosses without it."""

    ALLOW = "allow"
    STRIP = "strip"
    DENY = "deny"


class OnExpiry(StrEnum):
    """What an active peer is once its agreement has ended."""

    QUARANTINE = "quarantine"
    SUSPEND = "suspend"


class OnListExpiry(StrEnum):
    """What becomes of the peers of a list whose last day is over."""

    KEEP = "keep"
    QUARANTINE = "quarantine"


class Reach(StrEnum):
    """Which hosts a group's posts may go to, where the ruleset does not list them."""

    INSTANCE = "instance"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The data-sharing agreement with a peer; both days are included, in UTC."""

    reference: str
    starts: date
    until: date


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a peer we take: its new members in each of our groups a day, what is held of it and for it, and for how
    many days.
    """

    new_members_per_day: int = 5
    held: int = 1000
    held_days: int = 14


USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Peer:
    """One `[peers."host"]` table. `audiences` holds only what differs from the instance's own, `kinds` what is not allowed.

    `retention_days` None: what its people wrote is kept here as long as they wish.
    """

    host: str
    organisation: str
    state: PeerState
    accept_levels_from: Level
    identifier: str = ""
    contacts: tuple[str, ...] = ()
    agreement: Agreement | None = None
    direction: Direction = Direction.BOTH
    onward: Onward = Onward.LISTED
    audiences: Mapping[Audience, Sharing] = field(default_factory=dict)
    kinds: Mapping[Part, Treatment] = field(default_factory=dict)
    limits: Limits = USUAL_LIMITS
    retention_days: int | None = None
    on_expiry: OnExpiry = OnExpiry.QUARANTINE
    list: str = ""


@dataclass(frozen=True, slots=True)
class TrustedList:
    """One `[lists.name]` table: whose signed list of peers is taken. `version` and `until` are of the one that was taken last."""

    key: str
    version: int = 0
    until: date = date.max
    on_expiry: OnListExpiry = OnListExpiry.QUARANTINE


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One `[groups.name]` table: it narrows what the group's own settings say. None says nothing."""

    reach: frozenset[str] | Reach | None = None
    verified_from: Level | None = None
    professions: frozenset[str] | None = None
    specialties: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything an institution has decided. An audience that is not named is refused."""

    organisation: str
    network: Network = Network.CLOSED
    verified_from: Level = Level.CHECKED
    strangers: Strangers = Strangers.HOLD
    two_person: bool = False
    audiences: Mapping[Audience, Sharing] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    groups: Mapping[str, GroupRule] = field(default_factory=dict)
    lists: Mapping[str, TrustedList] = field(default_factory=dict)


SEALED = Ruleset(organisation="")
"""What applies where no ruleset can be read: nothing crosses but retractions."""


@dataclass(frozen=True, slots=True)
class PeerStanding:
    """What a host is to us today. `cause` says why it is not active; `key` is the part of the ruleset that says so."""

    state: PeerState
    peer: Peer | None
    cause: Reason | None
    key: str


CAUSES = {
    PeerState.UNKNOWN: Reason.PEER_UNKNOWN,
    PeerState.PROPOSED: Reason.PEER_PROPOSED,
    PeerState.TRIAL: Reason.PEER_TRIAL,
    PeerState.ACTIVE: None,
    PeerState.QUARANTINED: Reason.PEER_QUARANTINED,
    PeerState.SUSPENDED: Reason.PEER_SUSPENDED,
}


def peer_standing(ruleset: Ruleset, host: str, today: date) -> PeerStanding:
    """The state of a host, as listed, as its agreement leaves it, or as the suspension of a parent domain makes it.

    The most specific entry answers. A suspension covers subdomains and other ports. An agreement that is not in force
    quarantines a peer that would be active or on trial; one that has ended suspends it where the ruleset says so.
    """
    name = host.lower().rstrip(".")
    peer = ruleset.peers.get(name)
    standing = _standing(ruleset, peer, today) if peer else _suspended_above(ruleset, name, today)
    return standing or PeerStanding(PeerState.UNKNOWN, None, Reason.PEER_UNKNOWN, "instance.network")


def _standing(ruleset: Ruleset, peer: Peer, today: date) -> PeerStanding:
    lapse = _agreement_lapse(peer.agreement, today)
    if lapse is None and peer.state in {PeerState.ACTIVE, PeerState.TRIAL} and _list_is_over(ruleset, peer, today):
        return PeerStanding(PeerState.QUARANTINED, peer, Reason.LIST_EXPIRED, f"lists.{peer.list}.until")
    if lapse is None or peer.state not in {PeerState.ACTIVE, PeerState.TRIAL}:
        return PeerStanding(peer.state, peer, CAUSES[peer.state], peer_key(peer.host, "state"))
    if lapse is Reason.AGREEMENT_EXPIRED and peer.on_expiry is OnExpiry.SUSPEND:
        return PeerStanding(PeerState.SUSPENDED, peer, lapse, peer_key(peer.host, "on_expiry"))
    return PeerStanding(PeerState.QUARANTINED, peer, lapse, peer_key(peer.host, "agreement"))


def suspended_hosts(ruleset: Ruleset, today: date) -> frozenset[str]:
    """The hosts whose own entry makes them suspended, on a day."""
    return frozenset(
        host for host, peer in ruleset.peers.items() if _standing(ruleset, peer, today).state is PeerState.SUSPENDED
    )


def sharing(ruleset: Ruleset, peer: Peer | None, audience: Audience) -> tuple[Sharing, str]:
    """What the ruleset says of an audience for a peer, and the key that says it."""
    if peer and audience in peer.audiences:
        return peer.audiences[audience], peer_key(peer.host, f"audiences.{audience}")
    return ruleset.audiences.get(audience, Sharing.DENY), f"audiences.{audience}"


def group_reaches(ruleset: Ruleset, group: str, host: str) -> bool:
    """Whether the ruleset leaves this host within the reach of one of our groups; the group's own setting comes on top."""
    rule = ruleset.groups.get(group)
    match rule.reach if rule else None:
        case frozenset() as hosts:
            return host in hosts
        case reach:
            return reach is not Reach.INSTANCE


def peer_key(host: str, setting: str) -> str:
    """How a setting of a peer is written in the ruleset."""
    return f'peers."{host}".{setting}'


def day_of(now: int) -> date:
    """The day in UTC of a time in unix milliseconds: agreements count in days."""
    return datetime.fromtimestamp(now / 1000, UTC).date()


def _suspended_above(ruleset: Ruleset, host: str, today: date) -> PeerStanding | None:
    name, _, _ = host.partition(":")
    while name:
        peer = ruleset.peers.get(name)
        standing = _standing(ruleset, peer, today) if peer else None
        if standing and standing.state is PeerState.SUSPENDED:
            return standing
        _, _, name = name.partition(".")
    return None


def _list_is_over(ruleset: Ruleset, peer: Peer, today: date) -> bool:
    trusted = ruleset.lists.get(peer.list)
    return trusted is not None and trusted.on_expiry is OnListExpiry.QUARANTINE and today > trusted.until


def _agreement_lapse(agreement: Agreement | None, today: date) -> Reason | None:
    if agreement is None or agreement.starts <= today <= agreement.until:
        return None
    return Reason.AGREEMENT_NOT_STARTED if today < agreement.starts else Reason.AGREEMENT_EXPIRED
