"""May a draft be put in force: at once, or not before a second admin has read what it widens.

Must not know how a widening is found (`policies.widening`), nor where drafts are kept.
"""

from dataclasses import dataclass

from policies.decision import Allow, Decision, Deny, Hold, Reason
from policies.ruleset import Ruleset

ALONE_AFTER = 24 * 3_600_000
_RULE = "change:instance.two_person"


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A draft that would be put in force. `widens`: it allows what the present ruleset refuses. `author` wrote it;
    `approver` has read it, "" when nobody has. `waited`: milliseconds since it was written. `admins`: how many there are.
    """

    widens: bool
    author: str
    approver: str = ""
    waited: int = 0
    admins: int = 0


def may_put_in_force(facts: ChangeFacts, present: Ruleset) -> Decision:
    """What only narrows passes at once. A widening waits for another admin; where there is only one, for a day."""
    if not facts.widens or not present.two_person:
        return Allow(_RULE)
    if facts.approver and facts.approver != facts.author:
        return Allow(_RULE)
    if facts.admins <= 1 and facts.waited >= ALONE_AFTER:
        return Allow(_RULE)
    if facts.approver and facts.admins > 1:
        return Deny(_RULE, Reason.OWN_DRAFT)
    return Hold(_RULE, Reason.AWAITS_APPROVAL)


def may_widen_alone(ruleset: Ruleset) -> Decision:
    """Whether one admin may widen this ruleset without anybody else."""
    return Hold(_RULE, Reason.AWAITS_APPROVAL) if ruleset.two_person else Allow(_RULE)
