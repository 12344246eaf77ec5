"""What a policy answers: a decision with a reason, and the trace of the rules that were asked.

Lives here: the four decisions, the closed list of reasons, and how several decisions become one.
Must not know: any fact, any rule, any setting. The sentences that explain a reason are in `policies.sentences`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar, assert_never

T = TypeVar("T")


class Reason(StrEnum):
    """Why a decision is not a plain yes. The list is closed: each has its sentences, and tests count them."""

    # the boundary: state and agreement of the other host
    PEER_UNKNOWN = "peer_unknown"
    PEER_PROPOSED = "peer_proposed"
    PEER_TRIAL = "peer_trial"
    PEER_QUARANTINED = "peer_quarantined"
    PEER_SUSPENDED = "peer_suspended"
    AGREEMENT_NOT_STARTED = "agreement_not_started"
    AGREEMENT_EXPIRED = "agreement_expired"
    LIST_EXPIRED = "list_expired"
    LIST_OLD = "list_old"
    LIST_UNTRUSTED = "list_untrusted"
    # the boundary: what may cross it
    DIRECTION = "direction"
    PUBLIC_ONLY = "public_only"
    AUDIENCE_HELD = "audience_held"
    AUDIENCE_REFUSED = "audience_refused"
    RECIPIENT_UNVERIFIED = "recipient_unverified"
    STRANGER = "stranger"
    NOT_CAPABLE = "not_capable"
    NO_MEMBER_THERE = "no_member_there"
    UNCONFIRMED = "unconfirmed"
    OUT_OF_REACH = "out_of_reach"
    ONWARD_REFUSED = "onward_refused"
    KIND_REFUSED = "kind_refused"
    KIND_LEFT_OUT = "kind_left_out"
    HELD_FULL = "held_full"
    HELD_TOO_LONG = "held_too_long"
    RETENTION_OVER = "retention_over"
    GROUP_NOT_JOINED = "group_not_joined"
    # posting
    TWO_GROUPS = "two_groups"
    GROUP_MISSPELT = "group_misspelt"
    NOT_A_MEMBER = "not_a_member"
    MODERATORS_ONLY = "moderators_only"
    THREAD_LOCKED = "thread_locked"
    GROUP_CLOSED = "group_closed"
    HOME_ANSWERS = "home_answers"
    NOT_ROUTED = "not_routed"
    GROUP_UNMODERATED = "group_unmoderated"
    GROUP_WITHOUT_FILES = "group_without_files"
    MENTIONS_GROUP = "mentions_group"
    GROUP_AS_TEXT = "group_as_text"
    OUTSIDERS_NOT_TOLD = "outsiders_not_told"
    REPLY_NARROWED = "reply_narrowed"
    REPLY_WIDENS = "reply_widens"
    EDIT_WIDENS = "edit_widens"
    NOT_AUTHOR = "not_author"
    GROUP_NOT_SHAREABLE = "group_not_shareable"
    NOT_SHAREABLE = "not_shareable"
    SHARE_NARROWED = "share_narrowed"
    QUOTE_REFUSED = "quote_refused"
    QUOTE_UNASKED = "quote_unasked"
    QUOTED_NOT_NAMED = "quoted_not_named"
    # verification
    NOT_ATTESTED = "not_attested"
    ISSUER_NOT_TRUSTED = "issuer_not_trusted"
    LEVEL_NOT_ACCEPTED = "level_not_accepted"
    LEVEL_TOO_LOW = "level_too_low"
    ATTESTATION_NOT_STARTED = "attestation_not_started"
    ATTESTATION_EXPIRED = "attestation_expired"
    ATTESTATION_REVOKED = "attestation_revoked"
    ATTESTATION_STALE = "attestation_stale"
    NOT_A_CLINICIAN = "not_a_clinician"
    WRONG_PROFESSION = "wrong_profession"
    WRONG_SPECIALTY = "wrong_specialty"
    WRONG_COUNTRY = "wrong_country"
    # membership
    BANNED = "banned"
    INVITATION_NEEDED = "invitation_needed"
    AWAITS_MODERATOR = "awaits_moderator"
    DAILY_CAP = "daily_cap"
    FIRST_OF_HOST = "first_of_host"
    NOT_MODERATOR = "not_moderator"
    NO_MODERATOR_LEFT = "no_moderator_left"
    PEOPLE_ONLY = "people_only"
    EPOCH_OLD = "epoch_old"
    EPOCH_MOVED = "epoch_moved"
    # changing the ruleset
    AWAITS_APPROVAL = "awaits_approval"
    OWN_DRAFT = "own_draft"
    # looking into a private group
    AWAITS_SECOND = "awaits_second"
    LOOK_OVER = "look_over"
    # acting as somebody else
    NOT_OPERATOR = "not_operator"
    ACCOUNT_CLOSED = "account_closed"
    # who asks
    UNSIGNED = "unsigned"
    HOST_NOT_ADMITTED = "host_not_admitted"
    NOT_FOUND = "not_found"
    ROLE = "role"
    # no rule answered: fail closed
    UNDECIDED = "undecided"


class Remedy(StrEnum):
    """What the person can do about a refusal."""

    CONFIRM = "confirm"
    JOIN = "join"
    VERIFY = "verify"
    NONE = "none"


class Change(StrEnum):
    """What a `Limit` changes in the thing that was asked for."""

    AUDIENCE_UNLISTED = "audience_unlisted"
    AUDIENCE_FOLLOWERS = "audience_followers"
    AUDIENCE_GROUP = "audience_group"
    AUDIENCE_DIRECT = "audience_direct"
    GROUP_AS_TEXT = "group_as_text"  # the group's mention is plain text: the group is not addressed
    OUTSIDERS_AS_TEXT = "outsiders_as_text"  # mentioned people outside the audience are not addressed nor told
    DETACH_REPLY = "detach_reply"  # sent without inReplyTo
    WITHOUT_MEDIA = "without_media"  # crosses the boundary without its files
    WITHOUT_POLL = "without_poll"  # crosses as a post without its poll
    WITHOUT_PROFILE = "without_profile"  # an actor crosses with its name and keys alone


@dataclass(frozen=True, slots=True)
class Allow:
    """Yes. `rule` is `step` or `step:key`, the key of the ruleset that answered; `notices` are for people to know."""

    rule: str
    notices: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """Yes, changed so that it reaches fewer people than asked."""

    rule: str
    changes: tuple[Change, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: kept, with its changes, until a person or the end of the reason releases it. `about` as in `Deny`."""

    rule: str
    reason: Reason
    about: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Deny:
    """No. `about` names the host or group that the reason is about, when that is not who asked."""

    rule: str
    reason: Reason
    remedy: Remedy = Remedy.NONE
    about: str = ""


Decision: TypeAlias = Allow | Limit | Hold | Deny


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and every rule's answer, in the order they were asked."""

    decision: Decision
    trace: tuple[Decision, ...]


def strength(decision: Decision) -> int:
    """Deny 3 > Hold 2 > Limit 1 > Allow 0."""
    match decision:
        case Allow():
            return 0
        case Limit():
            return 1
        case Hold():
            return 2
        case Deny():
            return 3
        case _ as never:
            assert_never(never)


def decide(steps: Iterable[Decision]) -> Decision:
    """The strongest of all answers, and among equals the first. Every step is evaluated; none at all is a refusal.

    An Allow has the notices of all steps. A Limit or a Hold has the changes of all: what is held goes out changed.
    """
    trace = tuple(steps)
    if not trace:
        return Deny("none", Reason.UNDECIDED)
    strongest = max(trace, key=strength)
    match strongest:
        case Allow(rule):
            return Allow(rule, _union(step.notices for step in trace if isinstance(step, Allow)))
        case Limit(rule, _, reason):
            return Limit(rule, _changes(trace), reason)
        case Hold(rule, reason, about):
            return Hold(rule, reason, about, _changes(trace))
        case Deny():
            return strongest
        case _ as never:
            assert_never(never)


def weigh(steps: Iterable[Decision]) -> Verdict:
    """`decide`, keeping the trace."""
    trace = tuple(steps)
    return Verdict(decide(trace), trace)


def _changes(trace: tuple[Decision, ...]) -> tuple[Change, ...]:
    return _union(step.changes for step in trace if isinstance(step, Limit | Hold))


def _union(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """All items once, in the order they first appeared."""
    return tuple(dict.fromkeys(item for part in parts for item in part))
