"""What is kept here of another host, how much of it and for how long: held content, and posts that were let in.

Must not know: queues, tables, who deletes.
"""

from dataclasses import dataclass

from policies.decision import Allow, Decision, Deny, Reason
from policies.ruleset import USUAL_LIMITS, Limits, Ruleset, day_of, peer_key, peer_standing

DAY = 24 * 3_600_000
CASE_TAG = "cas"  # a post with it is about a patient, and is kept for a year unless its group says otherwise
MOST_HELD_BYTES = 64 * 1024 * 1024  # of one host: what waits must not fill the disk, however large each of it is


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """One more thing that would be held, of a host or for it; `held` and `held_bytes` count what is held already."""

    host: str
    held: int
    held_bytes: int = 0


def may_hold(facts: HeldFacts, ruleset: Ruleset, now: int) -> Decision:
    """Whether there is room for it; else it is refused, and who sent it is told so by that."""
    limits, rule = _limits(ruleset, facts.host, now, "held")
    room = facts.held < limits.held and facts.held_bytes < MOST_HELD_BYTES
    return Allow(rule) if room else Deny(rule, Reason.HELD_FULL)


def may_wait(host: str, since: int, ruleset: Ruleset, now: int) -> Decision:
    """Whether something that is held since a moment (unix ms) still is."""
    _, rule = _limits(ruleset, host, now, "held_days")
    return Allow(rule) if since >= held_since(ruleset, host, now) else Deny(rule, Reason.HELD_TOO_LONG)


def held_since(ruleset: Ruleset, host: str, now: int) -> int:
    """What was held of a host before this moment (unix ms) is held no more."""
    limits, _ = _limits(ruleset, host, now, "held_days")
    return now - limits.held_days * DAY


def may_keep(host: str, written_at: int, ruleset: Ruleset, now: int) -> Decision:
    """Whether a post that somebody at a host wrote at a moment (unix ms) is kept here, or taken in at all."""
    rule = f"limits:{peer_key(host, 'retention_days')}"
    first = kept_since(ruleset, host, now)
    return Allow(rule) if first is None or written_at >= first else Deny(rule, Reason.RETENTION_OVER)


def kept_since(ruleset: Ruleset, host: str, now: int) -> int | None:
    """What people of a host wrote before this moment (unix ms) is not kept here; None: it is kept."""
    peer = peer_standing(ruleset, host, day_of(now)).peer
    return None if peer is None or peer.retention_days is None else now - peer.retention_days * DAY


def group_keeps_since(days: int, now: int) -> int | None:
    """What was posted to a group before this moment (unix ms) goes, here and everywhere; None (0 days): it stays."""
    return now - days * DAY if days else None


def _limits(ruleset: Ruleset, host: str, now: int, setting: str) -> tuple[Limits, str]:
    peer = peer_standing(ruleset, host, day_of(now)).peer
    if peer is None:
        return USUAL_LIMITS, f"limits:{setting}"
    return peer.limits, f"limits:{peer_key(peer.host, f'limits.{setting}')}"
