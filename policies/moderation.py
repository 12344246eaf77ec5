"""May this role do this act for the institution: command line, console, admin API.

Must not know: who holds a role. No role reads what a group says: members do, and nobody here is one by role.
"""

from enum import StrEnum

from policies.decision import Allow, Decision, Deny, Reason
from policies.terms import Role


class Act(StrEnum):
    """What somebody may do for the institution beyond being a member."""

    MANAGE_MEMBERS = "manage_members"
    VERIFY_MEMBERS = "verify_members"
    GIVE_ROLES = "give_roles"
    ISSUE_TOKENS = "issue_tokens"
    MANAGE_GROUPS = "manage_groups"
    MANAGE_PEERS = "manage_peers"
    READ_POLICY = "read_policy"
    CHANGE_POLICY = "change_policy"
    READ_BOUNDARY = "read_boundary"
    MANAGE_QUEUES = "manage_queues"
    HANDLE_REPORTS = "handle_reports"


MAY: dict[Role, frozenset[Act]] = {
    Role.ADMIN: frozenset(Act),
    Role.AUDITOR: frozenset({Act.READ_POLICY, Act.READ_BOUNDARY}),
    Role.VERIFIER: frozenset({Act.VERIFY_MEMBERS}),
    Role.MODERATOR: frozenset({Act.HANDLE_REPORTS, Act.READ_POLICY}),
    Role.MEMBER: frozenset(),
}


def roles_for(act: Act) -> frozenset[str]:
    """The roles that cover an act."""
    return frozenset(role.value for role, acts in MAY.items() if act in acts)


def may(role: Role, act: Act) -> Decision:
    """Whether a role covers an act."""
    return Allow(f"role:{role}") if act in MAY[role] else Deny(f"role:{role}", Reason.ROLE)
