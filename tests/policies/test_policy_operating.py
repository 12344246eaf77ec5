"""As whom a member may act: every combination of facts."""

from itertools import product

import pytest

from policies.decision import Allow, Deny, Reason
from policies.operating import Guise, OperatingFacts, may_operate

BOTH = (False, True)


@pytest.mark.parametrize(
    ("guise", "needed", "missing"),
    [
        (Guise.ONESELF, {"runs"}, Reason.NOT_OPERATOR),
        (Guise.CHANNEL, {"runs"}, Reason.NOT_OPERATOR),
        (Guise.GROUP, {"member", "moderator"}, Reason.NOT_MODERATOR),
    ],
)
def test_what_is_needed_and_nothing_else(guise: Guise, needed: set[str], missing: Reason) -> None:
    for runs, member, moderator in product(BOTH, BOTH, BOTH):
        facts = OperatingFacts(guise, open=True, runs=runs, member=member, moderator=moderator)
        allowed = all(getattr(facts, name) for name in needed)
        rule = f"operating:{guise}"
        assert may_operate(facts) == (Allow(rule) if allowed else Deny(rule, missing))
        closed = OperatingFacts(guise, open=False, runs=runs, member=member, moderator=moderator)
        assert may_operate(closed) == Deny(rule, Reason.ACCOUNT_CLOSED)
