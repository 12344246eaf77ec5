"""May this host talk to us, and may this activity in.

`admit_host` is asked before anything is fetched, and for the host of every embedded actor and object, on receipt and at
view. Must not know: signatures, documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from policies.boundary import OPEN_AUDIENCES, Flow, direction_step, parts_steps, state_step
from policies.decision import Allow, Decision, Deny, Hold, Reason, Remedy, decide
from policies.ruleset import Network, Ruleset, Strangers, peer_standing
from policies.terms import Audience, Kind, Part, PeerState


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Who knocks. `key_known`: the signing key is stored already, so that nothing need be fetched to check it."""

    host: str
    kind: Kind = Kind.CONTENT
    key_known: bool = False


def admit_host(facts: HostFacts, ruleset: Ruleset, today: date) -> Decision:
    """Whether this host is listened to at all (else 403, and nothing is fetched). Whether its content enters is asked later."""
    if facts.kind is Kind.RETRACTION and facts.key_known:
        return Allow("retraction")
    standing = peer_standing(ruleset, facts.host, today)
    rule = f"state:{standing.key}"
    reason = standing.cause or Reason.UNDECIDED
    match standing.state:
        case PeerState.ACTIVE | PeerState.TRIAL | PeerState.QUARANTINED:
            return Allow(rule)
        case PeerState.UNKNOWN:
            return Allow(rule) if ruleset.network is Network.OPEN else Deny(rule, reason)
        case PeerState.PROPOSED | PeerState.SUSPENDED:
            return Deny(rule, reason)
        case _ as never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class ActivityFacts:
    """One verified activity from another host.

    `embedded`: the hosts, other than ours and the sender's, of every actor and object in it. `approach`: it follows a
    person here or is a direct message to one; `verified`: its actor is verified (`verification.standing`). `parts`: what
    it carries.
    For GROUP: `capable`: the sender declares the group-only profile; `joined`: it is relayed by a group that somebody here
    has joined under a live lease, or posted to a group of ours (whose `posting.decide` is asked next).
    """

    host: str
    kind: Kind
    audience: Audience
    embedded: frozenset[str] = frozenset()
    approach: bool = False
    verified: bool = False
    capable: bool = False
    joined: bool = False
    parts: frozenset[Part] = frozenset()


def admit_activity(facts: ActivityFacts, ruleset: Ruleset, today: date) -> Decision:
    """Whether it is processed (Allow), in part (Limit), kept for later (Hold), or dropped (Deny)."""
    return decide(activity_steps(facts, ruleset, today))


def activity_steps(facts: ActivityFacts, ruleset: Ruleset, today: date) -> Iterator[Decision]:
    """The trace of `admit_activity`."""
    if facts.kind is Kind.RETRACTION:
        yield Allow("retraction")
        return
    for host in (facts.host, *sorted(facts.embedded)):
        yield from _host_steps(host, facts, ruleset, today)
    yield _stranger_step(facts, ruleset)
    if facts.kind is Kind.CONTENT and facts.audience is Audience.GROUP:
        yield _group_step(facts)
    for host in (facts.host, *sorted(facts.embedded)):
        yield from parts_steps(peer_standing(ruleset, host, today), facts.parts)


def _host_steps(host: str, facts: ActivityFacts, ruleset: Ruleset, today: date) -> Iterator[Decision]:
    standing = peer_standing(ruleset, host, today)
    yield state_step(standing, ruleset.network, facts.kind, Flow.IN)
    if facts.kind is Kind.CONTENT:
        yield direction_step(standing, Flow.IN)
        yield _audience_step(standing.state, standing.key, facts.audience)


def _audience_step(state: PeerState, key: str, audience: Audience) -> Decision:
    """An open network exchanges public posts with hosts it does not list, and nothing else."""
    if state is PeerState.UNKNOWN and audience not in OPEN_AUDIENCES:
        return Deny(f"audience:{key}", Reason.PUBLIC_ONLY)
    return Allow("audience")


def _stranger_step(facts: ActivityFacts, ruleset: Ruleset) -> Decision:
    rule = "verification:instance.strangers"
    if not facts.approach or facts.verified:
        return Allow(rule)
    match ruleset.strangers:
        case Strangers.ALLOW:
            return Allow(rule)
        case Strangers.HOLD:
            return Hold(rule, Reason.STRANGER)
        case Strangers.DENY:
            return Deny(rule, Reason.STRANGER, Remedy.VERIFY)
        case _ as never:
            assert_never(never)


def _group_step(facts: ActivityFacts) -> Decision:
    if not facts.capable:
        return Deny("group:capability", Reason.NOT_CAPABLE)
    if not facts.joined:
        return Deny("group:joined", Reason.GROUP_NOT_JOINED)
    return Allow("group:joined")
