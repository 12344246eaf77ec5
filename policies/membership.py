"""May this person join, be accepted, leave or be removed; epochs and leases of memberships.

A lease is what keeps a removal certain when messages are lost; an epoch is what keeps acts in order when they are late.
Must not know: how memberships are stored or told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from policies.boundary import audience_step
from policies.decision import Allow, Decision, Deny, Hold, Reason, decide
from policies.ruleset import USUAL_LIMITS, PeerStanding, Ruleset, day_of, group_reaches, peer_key, peer_standing
from policies.terms import Audience, PeerState
from policies.verification import ANYONE, AttestationFacts, Criteria, Purpose, criteria_of_group, criteria_step

HOUR = 3_600_000
LEASE_HOURS_LEAST, LEASE_HOURS, LEASE_HOURS_MOST = 1, 24, 168


class Joining(StrEnum):
    """How one becomes a member: at once when the criteria are met, by a moderator's word, or by invitation only."""

    AUTOMATIC = "automatic"
    REQUEST = "request"
    INVITE = "invite"


class Closed(StrEnum):
    """What has become of a private group: open, to be read only, about to be emptied everywhere, empty for good; of one
    elsewhere: its home is gone.
    """

    OPEN = ""
    ARCHIVED = "archived"
    PURGING = "purging"
    PURGED = "purged"
    LOST = "lost"


def may_close(now: Closed) -> Decision:
    """Whether a group may be archived, opened or purged: what is purged stays so."""
    if now in {Closed.PURGING, Closed.PURGED}:
        return Deny("group:closed", Reason.GROUP_CLOSED)
    return Allow("group:closed")


def may_stay(met: Decision, peer: PeerState | None) -> Decision:
    """Whether a member stays one, for whom the criteria say `met`; `peer`: how we see their host, None: here. Attestations of a
    quarantined peer count for nothing, and end nothing either: its posts wait, and its leases run out.
    """
    if peer is PeerState.QUARANTINED and isinstance(met, Deny) and met.reason is Reason.ISSUER_NOT_TRUSTED:
        return Hold(met.rule, Reason.PEER_QUARANTINED)
    return met


@dataclass(frozen=True, slots=True)
class JoinFacts:
    """Somebody who wants to be a member of one of our groups; `host` None: a member here. `person`: an actor of type
    Person.

    `criteria` are the group's own. `closed`, `unmoderated`: the group takes nobody in any more, or until somebody moderates it. For another host: `capable`: it declares the group-only profile; `in_reach`: the
    group's own setting reaches it; `joined_today`: its members accepted today (UTC); `members_there`: all it has now.
    """

    group: str
    joining: Joining
    host: str | None = None
    attestation: AttestationFacts | None = None
    criteria: Criteria = ANYONE
    closed: bool = False
    unmoderated: bool = False
    person: bool = True
    banned: bool = False
    invited: bool = False
    capable: bool = False
    in_reach: bool = False
    joined_today: int = 0
    members_there: int = 0


def may_join(facts: JoinFacts, ruleset: Ruleset, now: int) -> Decision:
    """Member at once (Allow), a request that waits for a moderator or better times (Hold), or refused (Deny)."""
    return decide(join_steps(facts, ruleset, now))


def join_steps(facts: JoinFacts, ruleset: Ruleset, now: int) -> Iterator[Decision]:
    """The trace of `may_join`."""
    yield from accept_steps(facts, ruleset, now)
    yield joining_step(facts.joining, invited=facts.invited)
    if facts.host is not None:
        yield _cap_step(facts, peer_standing(ruleset, facts.host, day_of(now)))


def may_ask(*, person: bool) -> Decision:
    """Whether somebody may be in a private group at all, whoever's it is: a channel has no profession and no one reader."""
    return Allow("group:person") if person else Deny("group:person", Reason.PEOPLE_ONLY)


def may_accept(facts: JoinFacts, ruleset: Ruleset, now: int) -> Decision:
    """Whether a moderator's word is enough: all of `may_join` but the way of joining and the daily cap."""
    return decide(accept_steps(facts, ruleset, now))


def accept_steps(facts: JoinFacts, ruleset: Ruleset, now: int) -> Iterator[Decision]:
    """The trace of `may_accept`."""
    if facts.host is not None:
        standing = peer_standing(ruleset, facts.host, day_of(now))
        yield _state_step(standing)
        yield audience_step(standing, Audience.GROUP, ruleset)
        yield _host_step(facts, facts.host, ruleset)
    asked = criteria_of_group(ruleset.groups.get(facts.group), facts.criteria)
    yield criteria_step(facts.attestation, asked, ruleset, now, Purpose.ACT)
    yield Deny("group:banned", Reason.BANNED) if facts.banned else Allow("group:banned")
    yield may_ask(person=facts.person)
    yield open_step(closed=facts.closed, unmoderated=facts.unmoderated)


def open_step(*, closed: bool, unmoderated: bool) -> Decision:
    """A closed group stays as it is; one that nobody moderates waits for somebody who does."""
    if closed:
        return Deny("group:closed", Reason.GROUP_CLOSED)
    return Deny("group:moderators", Reason.GROUP_UNMODERATED) if unmoderated else Allow("group:open")


def _state_step(standing: PeerStanding) -> Decision:
    """Only an active peer's people become members."""
    rule = f"state:{standing.key}"
    match standing.cause:
        case None:
            return Allow(rule)
        case reason if standing.state is PeerState.QUARANTINED:
            return Hold(rule, reason)
        case reason:
            return Deny(rule, reason)


def _host_step(facts: JoinFacts, host: str, ruleset: Ruleset) -> Decision:
    if not facts.capable:
        return Deny("group:capability", Reason.NOT_CAPABLE)
    if not facts.in_reach:
        return Deny("group:reach", Reason.OUT_OF_REACH)
    if not group_reaches(ruleset, facts.group, host):
        return Deny(f"group:groups.{facts.group}.reach", Reason.OUT_OF_REACH)
    return Allow("group:reach", () if facts.members_there else (Reason.FIRST_OF_HOST,))


def joining_step(joining: Joining, *, invited: bool) -> Decision:
    """What the group's way of joining says of somebody whom nothing else keeps out."""
    rule = f"group:joining {joining}"
    if invited:
        return Allow(rule)
    match joining:
        case Joining.AUTOMATIC:
            return Allow(rule)
        case Joining.REQUEST:
            return Hold(rule, Reason.AWAITS_MODERATOR)
        case Joining.INVITE:
            return Deny(rule, Reason.INVITATION_NEEDED)
        case _ as never:
            assert_never(never)


def _cap_step(facts: JoinFacts, standing: PeerStanding) -> Decision:
    """Beyond the cap a moderator decides: a peer cannot fill a group within a day."""
    most = (standing.peer.limits if standing.peer else USUAL_LIMITS).new_members_per_day
    rule = f"limits:{peer_key(standing.peer.host, 'limits.new_members_per_day')}" if standing.peer else "limits"
    return Allow(rule) if facts.joined_today < most or facts.invited else Hold(rule, Reason.DAILY_CAP)


def may_manage(*, moderator: bool) -> Decision:
    """Whether somebody sets how a group is: those who moderate it, now."""
    return Allow("group:moderator") if moderator else Deny("group:moderator", Reason.NOT_MODERATOR)


def may_list_members(*, member: bool, moderator: bool, shown_to: str) -> Decision:
    """Whether somebody reads who is in a private group, which shows that to its `members` or its `moderators`."""
    if not member:
        return Deny("group:member", Reason.NOT_A_MEMBER)
    if shown_to == "members" or moderator:
        return Allow("group:members_shown")
    return Deny("group:members_shown", Reason.NOT_MODERATOR)


@dataclass(frozen=True, slots=True)
class RemoveFacts:
    """A moderator (`by_moderator`) removes a member; `last_moderator`: nobody would be left to moderate."""

    by_moderator: bool
    last_moderator: bool = False


def may_remove(facts: RemoveFacts) -> Decision:
    """Whether a moderator's removal is done. A criterion that stops holding ends a membership without asking."""
    if not facts.by_moderator:
        return Deny("group:moderator", Reason.NOT_MODERATOR)
    if facts.last_moderator:
        return Deny("group:moderator", Reason.NO_MODERATOR_LEFT)
    return Allow("group:moderator")


@dataclass(frozen=True, slots=True)
class LeaveFacts:
    """A member leaves; `last_moderator`: nobody is left to moderate."""

    last_moderator: bool = False


def may_leave(facts: LeaveFacts) -> Decision:
    """Always: the end of a membership is a retraction. Admins are told when nobody is left to moderate."""
    return Allow("retraction", (Reason.NO_MODERATOR_LEFT,) if facts.last_moderator else ())


def next_epoch(previous: int, now: int) -> int:
    """The epoch of a group's next membership act: it grows, also after a restore, whose clock has moved on."""
    return max(previous + 1, now)


def accept_epoch(last: int | None, received: int) -> Decision:
    """Whether a membership act with this epoch still counts, given the last one kept (None: none yet).

    An equal epoch is the same act again. A higher one gives the notice EPOCH_MOVED: there may have been acts in between,
    and the slice tells.
    """
    if last is None or received == last:
        return Allow("group:epoch")
    if received < last:
        return Deny("group:epoch", Reason.EPOCH_OLD)
    return Allow("group:epoch", (Reason.EPOCH_MOVED,))


def lease_until(issued: int, hours: float, now: int) -> int:
    """When a lease runs out, in unix ms. A promise beyond the bounds of 1 and 168 h, or dated ahead of us, is cut down."""
    kept = min(max(hours, LEASE_HOURS_LEAST), LEASE_HOURS_MOST)
    return min(issued, now) + int(kept * HOUR)


def lease_live(until: int | None, now: int) -> bool:
    """Whether a lease still holds; there is none without an end."""
    return until is not None and now < until
