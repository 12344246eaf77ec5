"""The steps that every decision at the boundary shares: state and agreement, direction, audience.

Must not know: which way a caller came, or what it does with the answer.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import assert_never

from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason
from policies.ruleset import Direction, Network, PeerStanding, Ruleset, Sharing, Treatment, peer_key, sharing
from policies.terms import Audience, Kind, Part, PeerState

OPEN_AUDIENCES = frozenset({Audience.PUBLIC, Audience.UNLISTED})

LEFT_OUT = {
    Part.MEDIA: Change.WITHOUT_MEDIA,
    Part.POLLS: Change.WITHOUT_POLL,
    Part.PROFILES: Change.WITHOUT_PROFILE,
}


class Flow(StrEnum):
    """Which way something crosses the boundary, seen from here."""

    IN = "in"
    OUT = "out"


def state_step(standing: PeerStanding, network: Network, kind: Kind, flow: Flow) -> Decision:
    """What the state of a host says. Retractions never come here: they pass before any state is asked."""
    rule = f"state:{standing.key}"
    reason = standing.cause or Reason.UNDECIDED
    match standing.state:
        case PeerState.ACTIVE:
            return Allow(rule)
        case PeerState.TRIAL:
            return Hold(rule, reason) if kind is Kind.CONTENT and flow is Flow.IN else Allow(rule)
        case PeerState.QUARANTINED:
            return Hold(rule, reason)
        case PeerState.UNKNOWN:
            return Allow(rule) if network is Network.OPEN else Deny(rule, reason)
        case PeerState.PROPOSED | PeerState.SUSPENDED:
            return Deny(rule, reason)
        case _ as never:
            assert_never(never)


def direction_step(standing: PeerStanding, flow: Flow) -> Decision:
    """Whether content may flow this way; a host that is not listed has no direction."""
    if standing.peer is None:
        return Allow("direction")
    rule = f"direction:{peer_key(standing.peer.host, 'direction')}"
    if standing.peer.direction is Direction.BOTH or standing.peer.direction.value == flow.value:
        return Allow(rule)
    return Deny(rule, Reason.DIRECTION)


def audience_step(standing: PeerStanding, audience: Audience, ruleset: Ruleset) -> Decision:
    """Whether content of this audience may leave to a host; who receives it there is asked by later steps."""
    if standing.state in {PeerState.UNKNOWN, PeerState.TRIAL} and audience not in OPEN_AUDIENCES:
        return Deny(f"audience:{standing.key}", Reason.PUBLIC_ONLY)
    value, key = sharing(ruleset, standing.peer, audience)
    match value:
        case Sharing.DENY:
            return Deny(f"audience:{key}", Reason.AUDIENCE_REFUSED)
        case Sharing.HOLD:
            return Hold(f"audience:{key}", Reason.AUDIENCE_HELD)
        case Sharing.ALLOW | Sharing.VERIFIED | Sharing.MEMBERS:
            return Allow(f"audience:{key}")
        case _ as never:
            assert_never(never)


def recipients_step(standing: PeerStanding, audience: Audience, ruleset: Ruleset, *, verified: bool) -> Decision:
    """Whether the people who would receive it there are verified, where the ruleset asks for that."""
    value, key = sharing(ruleset, standing.peer, audience)
    if value is Sharing.VERIFIED and not verified:
        return Deny(f"verification:{key}", Reason.RECIPIENT_UNVERIFIED)
    return Allow(f"verification:{key}")


def parts_steps(standing: PeerStanding, parts: Iterable[Part], *, whole: bool = False) -> Iterator[Decision]:
    """Whether what is carried is wanted of this host, or wanted there. `whole`: what is left out of it breaks its proof, so
    that it crosses as it is or not at all.
    """
    if standing.peer is None:
        return
    for part in sorted(parts):
        rule = f"kind:{peer_key(standing.peer.host, f'kinds.{part}')}"
        match standing.peer.kinds.get(part, Treatment.ALLOW):
            case Treatment.ALLOW:
                yield Allow(rule)
            case Treatment.STRIP if not whole:
                yield Limit(rule, (LEFT_OUT[part],), Reason.KIND_LEFT_OUT)
            case Treatment.STRIP | Treatment.DENY:
                yield Deny(rule, Reason.KIND_REFUSED)
            case _ as never:
                assert_never(never)
