"""How far a private group's posts go on from its home, as each member's host agreed; and what counts as its agreement.

Must not know: how offers are made, sent or stored.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from policies.decision import Allow, Decision, Deny, Reason

HOUR = 3_600_000
OFFER_AGAIN = HOUR


@dataclass(frozen=True, slots=True)
class Offer:
    """A group's policy as it was offered to a host. The digest covers the hosts in reach and all that the group asks."""

    epoch: int
    digest: str


def may_go_on(host: str, speaker: str, agreed: AbstractSet[str] | None) -> Decision:
    """Whether what somebody of the host `speaker` ('' for here) says in a group of ours goes on to another host.

    `agreed`: the hosts that the speaker's host agreed to; None: the reach is what it was when its people came in.
    """
    if not speaker or host == speaker or agreed is None or host in agreed:
        return Allow("group:agreement")
    return Deny("group:agreement", Reason.OUT_OF_REACH)


def may_count(said: Offer, made: Offer | None, digest: str, *, members: bool) -> Decision:
    """Whether a host's agreement counts: to the last offer made to it, and to the policy as it still is (`digest`)."""
    if not members:
        return Deny("group:members", Reason.NO_MEMBER_THERE)
    if made is None or said != made or said.digest != digest:
        return Deny("group:epoch", Reason.EPOCH_OLD)
    return Allow("group:agreement")


def is_due(made: Offer, agreed: str, digest: str, offered_at: int, now: int) -> bool:
    """Whether a host is to be offered the policy (again): it agreed to another one, and was not asked within the hour."""
    return agreed != digest and (made.digest != digest or now - offered_at >= OFFER_AGAIN)
