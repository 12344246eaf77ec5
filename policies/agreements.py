"""When admins are told that the agreement with a peer ends. Must not know: whom it is told, how, and whether it was."""

from datetime import date

from policies.ruleset import Peer
from policies.terms import PeerState

WARNED_BEFORE = (60, 30, 7, 1)
"""Days before an agreement's last day."""


def days_left(peer: Peer, today: date) -> int | None:
    """How many days follow today until the agreement's last one; None: there is none in force that anything depends on."""
    agreement = peer.agreement
    if agreement is None or peer.state not in {PeerState.ACTIVE, PeerState.TRIAL}:
        return None
    return (agreement.until - today).days if agreement.starts <= today <= agreement.until else None


def warning_due(peer: Peer, today: date) -> int | None:
    """The latest of `WARNED_BEFORE` that has come, which is the only one still worth telling; None: it is too early."""
    left = days_left(peer, today)
    return None if left is None else min((days for days in WARNED_BEFORE if left <= days), default=None)
