"""What each role may do for the institution."""

import pytest

from policies.decision import Allow, Deny, Reason
from policies.moderation import Act, may, may_moderate, roles_for
from policies.terms import Role

EVERYTHING = set(Act)
LOOKS = {Act.READ_POLICY, Act.READ_REPORTS, Act.READ_ACCOUNTS, Act.READ_FIGURES}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.ADMIN, EVERYTHING),
        (Role.AUDITOR, {*LOOKS, Act.READ_BOUNDARY, Act.READ_SHUT_OUT}),
        (Role.VERIFIER, {Act.VERIFY_MEMBERS}),
        (Role.MODERATOR, {*LOOKS, Act.HANDLE_REPORTS, Act.MODERATE_ACCOUNTS, Act.REVIEW_TRENDS}),
        (Role.MEMBER, set()),
    ],
)
def test_roles(role: Role, acts: set[Act]) -> None:
    for act in Act:
        expected = Allow(f"role:{role}") if act in acts else Deny(f"role:{role}", Reason.ROLE)
        assert may(role, act) == expected
        assert (role in roles_for(act)) == (act in acts)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("other", [None, *Role])
def test_who_is_moderated_stands_below(role: Role, other: Role | None) -> None:
    allowed = {
        Role.ADMIN: {None, Role.AUDITOR, Role.VERIFIER, Role.MODERATOR, Role.MEMBER},
        Role.MODERATOR: {None, Role.MEMBER},
    }
    assert isinstance(may_moderate(role, other), Allow) is (other in allowed.get(role, set()))
