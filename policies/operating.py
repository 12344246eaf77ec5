"""May this member act as this account: as themselves, as a channel that they run, as a group that they moderate.

Asked again at every request, and while a connection is open: nothing that was once allowed is remembered. Must not know
what is done then; which doors are open to a group is said by each door (`web.auth`).
"""

from dataclasses import dataclass
from enum import StrEnum

from policies.decision import Allow, Decision, Deny, Reason


class Guise(StrEnum):
    """As whom a member acts."""

    ONESELF = "oneself"
    CHANNEL = "channel"
    GROUP = "group"
    PUBLIC_GROUP = "public_group"


@dataclass(frozen=True, slots=True)
class OperatingFacts:
    """A member and the account they would act as, at this moment.

    `open`: neither the member's account nor the other is closed. `runs`: the account is the member's own, or they are
    among the channel's operators. `member` and `moderator`: a present member of the group, and one of its moderators; of a
    public group every moderator is one.
    """

    guise: Guise
    open: bool = True
    runs: bool = False
    member: bool = False
    moderator: bool = False


def may_operate(facts: OperatingFacts) -> Decision:
    """Allow, or Deny with what is missing. A moderator whose membership has lapsed is none."""
    rule = f"operating:{facts.guise}"
    missing = _missing(facts)
    return Allow(rule) if missing is None else Deny(rule, missing)


def _missing(facts: OperatingFacts) -> Reason | None:
    if not facts.open:
        return Reason.ACCOUNT_CLOSED
    if facts.guise in {Guise.GROUP, Guise.PUBLIC_GROUP}:
        return None if facts.member and facts.moderator else Reason.NOT_MODERATOR
    return None if facts.runs else Reason.NOT_OPERATOR
