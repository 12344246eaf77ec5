"""A membership as its two sides know it, and what each message makes of it.

The group's home owns it; the member's host has a seat: what it was last told, under a lease. Messages are lost, doubled and
late. `tests/policies/protocol.py` searches what these rules do in any order of them. Must not know: rows, documents.
"""

from dataclasses import dataclass, replace

from policies.decision import Allow, Decision, Deny, Reason
from policies.membership import HOUR, accept_epoch, lease_live, lease_until

ASKING = "pending"
ACTIVE = "active"
INVITED = "invited"
UNCONFIRMED = "unconfirmed"  # of a restored copy: a member then, and nobody knows yet whether still
ENDED = "ended"
LOST_AFTER = 7 * 24 * HOUR
PRESENT = frozenset({ACTIVE, ASKING, INVITED, UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Seat:
    """A membership on one side. `epoch`: of the last act that was told of it, 0 before any. `lease_until`: unix ms."""

    state: str
    epoch: int = 0
    lease_until: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What the group's home says under its signature: the group's epoch then, when it said so, and for how many hours it is
    good.
    """

    epoch: int
    issued: int
    lease_hours: float


def is_present(seat: Seat | None, now: int) -> bool:
    """A member at this moment: neither ended nor lapsed."""
    return seat is not None and seat.state == ACTIVE and lease_live(seat.lease_until, now)


def may_ask_by(follow: str, known: Seat | None, answered: str) -> Decision:
    """At the group's home: whether a Follow is a new wish. One that a membership began with which has ended since comes too
    late, or for the second time: who was removed is not let in by an old message.
    """
    if known is not None and known.state not in PRESENT and follow == answered:
        return Deny("group:follow", Reason.EPOCH_OLD)
    return Allow("group:follow")


def after_accept(seat: Seat | None, told: Told, now: int) -> Seat | Deny:
    """At the member's host: the home says that somebody who asked is a member, or repeats it. The lease runs from when it
    was said, however late it is heard.
    """
    if seat is None or seat.state not in {ASKING, ACTIVE}:
        return Deny("group:pending", Reason.GROUP_NOT_JOINED)
    decision = accept_epoch(seat.epoch or None, told.epoch)
    if isinstance(decision, Deny):
        return decision
    renewed = seat.lease_until if seat.state == ACTIVE and seat.epoch == told.epoch else 0
    return Seat(ACTIVE, told.epoch, max(_lease(told, now), renewed))


def after_reject(seat: Seat | None, epoch: int) -> Seat | Deny:
    """At the member's host: the home says that somebody is no member. Of one that is over already the epoch is kept, so that
    an older word cannot bring it back.
    """
    if seat is None:
        return Deny("group:member", Reason.GROUP_NOT_JOINED)
    decision = accept_epoch(seat.epoch or None, epoch)
    if isinstance(decision, Deny):
        return decision
    return Seat(ENDED if seat.state in PRESENT else seat.state, epoch)


def may_take_slice(known_epoch: int, told: Told) -> Decision:
    """At the member's host: whether what the home says of all its members is not older than what is known of the group."""
    return accept_epoch(known_epoch or None, told.epoch)


def after_slice(seat: Seat, told: Told, now: int, *, listed: bool) -> Seat:
    """At the member's host: the home lists its members. Who asked and is listed is one; who was one and is not listed is not,
    unless something newer was told of them.
    """
    if seat.state not in {ASKING, ACTIVE, UNCONFIRMED}:
        return seat
    if listed:
        return Seat(ACTIVE, max(seat.epoch, told.epoch), _lease(told, now))
    if seat.state != ASKING and seat.epoch <= told.epoch:
        return Seat(ENDED, told.epoch)
    return seat


def after_restore(seat: Seat, *, surely: bool) -> Seat:
    """On either side, restored from a copy: whoever was a member is none until somebody who knows says so. `surely`: nobody
    else can know better, and no end of a membership here can be missing in the journal.
    """
    return seat if surely or seat.state != ACTIVE else replace(seat, state=UNCONFIRMED)


def after_confirmation(seat: Seat) -> Seat:
    """At the group's home: the member's host has been told of all its members, or an administrator has looked at them."""
    return replace(seat, state=ACTIVE) if seat.state == UNCONFIRMED else seat


@dataclass(frozen=True, slots=True)
class Ended:
    """What the journal says of a membership: its epoch when it ended, and when that was written."""

    epoch: int
    at: int


def may_replay(seat: Seat, changed_at: int, ended: Ended) -> Decision:
    """Whether a copy is to be told that a membership ended: not when the copy has it begin anew after that."""
    if seat.epoch > ended.epoch or (seat.epoch == ended.epoch and changed_at > ended.at):
        return Deny("group:epoch", Reason.EPOCH_OLD)
    return Allow("group:epoch")


def may_declare_lost(*, local: bool, silent_since: int, now: int) -> Decision:
    """At the member's host: whether a group's home counts as gone, of which we have had no answer since a moment (unix ms; 0:
    it answers). Refusing us is an answer.
    """
    if local or not silent_since or now - silent_since < LOST_AFTER:
        return Deny("group:lost", Reason.HOME_ANSWERS)
    return Allow("group:lost")


def after_loss(seat: Seat, until: int) -> Seat:
    """At the member's host: the group's home is declared gone. Who was a member when it was last heard reads on until then:
    the one case in which a lease is longer than the home said.
    """
    return replace(seat, lease_until=max(seat.lease_until, until)) if seat.state == ACTIVE else seat


def left(seat: Seat) -> Seat:
    """At the member's host: they go. It is over at once, whatever the home answers."""
    return replace(seat, state=ENDED, lease_until=0)


def may_keep_copies(seats_here: int) -> Decision:
    """At a host of which so many people are members, have asked to be or are invited: whether it keeps a remote group's posts."""
    if seats_here:
        return Allow("group:member")
    return Deny("group:member", Reason.NO_MEMBER_THERE)


def _lease(told: Told, now: int) -> int:
    return lease_until(told.issued, told.lease_hours, now)
