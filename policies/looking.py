"""May an administrator read what a private group says, although nobody is a member by role: only when the glass is broken.

With a reason, by a second person where the ruleset asks for two, for an hour. Must not know who is told of it, or how.
"""

from dataclasses import dataclass

from policies.decision import Allow, Decision, Deny, Hold, Reason
from policies.moderation import Act, may
from policies.ruleset import Ruleset
from policies.terms import Role

OPEN_FOR = 3_600_000
ASKED_FOR = 24 * OPEN_FOR  # a question that nobody has answered by then is none any more


@dataclass(frozen=True, slots=True)
class LookFacts:
    """Who asked to look into a group, and who agrees: names, "" for nobody. `role` is of who asks or agrees now."""

    role: Role
    asked_by: str
    approved_by: str = ""


def may_look(facts: LookFacts, ruleset: Ruleset) -> Decision:
    """Whether the glass is broken: at once, or when a second administrator agrees. One alone never does where two are asked."""
    decision = may(facts.role, Act.BREAK_GLASS)
    if isinstance(decision, Deny) or not ruleset.two_person:
        return decision
    rule = "looking:instance.two_person"
    if not facts.approved_by:
        return Hold(rule, Reason.AWAITS_SECOND)
    return Allow(rule) if facts.approved_by != facts.asked_by else Deny(rule, Reason.OWN_DRAFT)


def may_read(open_until: int, now: int) -> Decision:
    """Whether what was opened still is."""
    return Allow("looking:hour") if now < open_until else Deny("looking:hour", Reason.LOOK_OVER)
