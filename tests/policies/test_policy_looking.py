"""Breaking the glass of a private group: who, with whom, for how long."""

import pytest

from policies.decision import Reason
from policies.looking import LookFacts, may_look, may_read
from policies.rules import parse
from policies.terms import Role

ONE = parse('[instance]\norganisation = "A"')
TWO = parse('[instance]\norganisation = "A"\ntwo_person = true')


@pytest.mark.parametrize(
    ("facts", "alone", "together"),
    [
        (LookFacts(Role.ADMIN, "chief"), None, Reason.AWAITS_SECOND),
        (LookFacts(Role.ADMIN, "chief", "chief"), None, Reason.OWN_DRAFT),
        (LookFacts(Role.ADMIN, "chief", "ines"), None, None),
        *((LookFacts(role, "chief", "ines"), Reason.ROLE, Reason.ROLE) for role in Role if role is not Role.ADMIN),
    ],
)
def test_who_breaks_the_glass(facts: LookFacts, alone: Reason | None, together: Reason | None) -> None:
    assert getattr(may_look(facts, ONE), "reason", None) is alone
    assert getattr(may_look(facts, TWO), "reason", None) is together


def test_it_is_open_for_as_long_as_it_was_opened() -> None:
    assert getattr(may_read(10, 9), "reason", None) is None
    assert getattr(may_read(10, 10), "reason", None) is Reason.LOOK_OVER
    assert getattr(may_read(0, 10), "reason", None) is Reason.LOOK_OVER
