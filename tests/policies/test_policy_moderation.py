"""What each role may do for the institution."""

import pytest

from policies.decision import Allow, Deny, Reason
from policies.moderation import Act, may, roles_for
from policies.terms import Role

EVERYTHING = set(Act)


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.ADMIN, EVERYTHING),
        (Role.AUDITOR, {Act.READ_POLICY, Act.READ_BOUNDARY}),
        (Role.VERIFIER, {Act.VERIFY_MEMBERS}),
        (Role.MODERATOR, {Act.HANDLE_REPORTS, Act.READ_POLICY}),
        (Role.MEMBER, set()),
    ],
)
def test_roles(role: Role, acts: set[Act]) -> None:
    for act in Act:
        expected = Allow(f"role:{role}") if act in acts else Deny(f"role:{role}", Reason.ROLE)
        assert may(role, act) == expected
        assert (role in roles_for(act)) == (act in acts)
