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
    READ_REPORTS = "read_reports"
    HANDLE_REPORTS = "handle_reports"
    READ_ACCOUNTS = "read_accounts"
    MODERATE_ACCOUNTS = "moderate_accounts"
    ERASE_ACCOUNTS = "erase_accounts"
    READ_FIGURES = "read_figures"
    REVIEW_TRENDS = "review_trends"
    READ_SHUT_OUT = "read_shut_out"
    SHUT_OUT = "shut_out"
    BREAK_GLASS = "break_glass"


_LOOKS = frozenset({Act.READ_POLICY, Act.READ_REPORTS, Act.READ_ACCOUNTS, Act.READ_FIGURES})

MAY: dict[Role, frozenset[Act]] = {
    Role.ADMIN: frozenset(Act),
    Role.AUDITOR: _LOOKS | {Act.READ_BOUNDARY, Act.READ_SHUT_OUT},
    Role.VERIFIER: frozenset({Act.VERIFY_MEMBERS}),
    Role.MODERATOR: _LOOKS | {Act.HANDLE_REPORTS, Act.MODERATE_ACCOUNTS, Act.REVIEW_TRENDS},
    Role.MEMBER: frozenset(),
}

# Who acts on somebody's account stands above them: an admin's is closed by whoever has the machine.
_RANK = {Role.ADMIN: 2, Role.AUDITOR: 1, Role.VERIFIER: 1, Role.MODERATOR: 1, Role.MEMBER: 0}


def roles_for(act: Act) -> frozenset[str]:
    """The roles that cover an act."""
    return frozenset(role.value for role, acts in MAY.items() if act in acts)


def may(role: Role, act: Act) -> Decision:
    """Whether a role covers an act."""
    return Allow(f"role:{role}") if act in MAY[role] else Deny(f"role:{role}", Reason.ROLE)


def may_moderate(role: Role, other: Role | None) -> Decision:
    """Whether who has a role may act on the account of somebody who has `other`; None has none here."""
    decision = may(role, Act.MODERATE_ACCOUNTS)
    if isinstance(decision, Allow) and other is not None and _RANK[role] <= _RANK[other]:
        return Deny(f"rank:{other}", Reason.ROLE)
    return decision
