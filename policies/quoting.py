"""What an author lets others do with a post by quoting it (FEP-044f, Mastodon 4.5), and whether somebody may quote it.

Whom the quoting post then reaches is asked in `policies.posting`. Must not know: stamps, requests, documents.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from policies.decision import Allow, Decision, Deny, Reason
from policies.terms import Audience


class Circle(StrEnum):
    """Whom an author lets quote. UNSUPPORTED: somebody named in a way that we do not understand."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    FOLLOWING = "following"
    UNSUPPORTED = "unsupported_policy"


class Approval(StrEnum):
    """What becomes of somebody's wish to quote: granted by itself, by the author, perhaps, or never."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    UNKNOWN = "unknown"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class QuotePolicy:
    """Who may quote a post without being asked about (`automatic`), and who when its author says so (`manual`)."""

    automatic: frozenset[Circle] = frozenset()
    manual: frozenset[Circle] = frozenset()


NOBODY = QuotePolicy()
CHOICES: Mapping[str, QuotePolicy] = {
    "public": QuotePolicy(frozenset({Circle.PUBLIC})),
    "followers": QuotePolicy(frozenset({Circle.FOLLOWERS})),
    "nobody": NOBODY,
}
"""What a member can choose, in Mastodon's words."""


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """A post that somebody would quote, who sees it now. `own`: they wrote it. `follower`: they follow its author;
    `followed`: its author follows them. `named`: the quoting post names its author.
    """

    original: Audience
    own: bool = False
    policy: QuotePolicy = NOBODY
    follower: bool = False
    followed: bool = False
    named: bool = False


def policy_after(audience: Audience, asked: QuotePolicy) -> QuotePolicy:
    """The policy that a post for this audience can have: what is not for everybody is nobody's to quote."""
    return asked if audience in {Audience.PUBLIC, Audience.UNLISTED} else NOBODY


def approval_of(facts: QuoteFacts) -> Approval:
    """As Mastodon reads a policy; one's own is quoted without asking, unless it is for a group or for people by name."""
    if facts.original in {Audience.GROUP, Audience.DIRECT}:
        return Approval.DENIED
    if facts.own:
        return Approval.AUTOMATIC
    policy = policy_after(facts.original, facts.policy)
    if _covers(policy.automatic, facts):
        return Approval.AUTOMATIC
    if _covers(policy.manual, facts):
        return Approval.MANUAL
    return Approval.UNKNOWN if Circle.UNSUPPORTED in policy.automatic | policy.manual else Approval.DENIED


def _covers(circles: frozenset[Circle], facts: QuoteFacts) -> bool:
    return (
        Circle.PUBLIC in circles
        or (facts.follower and Circle.FOLLOWERS in circles)
        or (facts.followed and Circle.FOLLOWING in circles)
    )


def consent_steps(facts: QuoteFacts, audience: Audience) -> Iterator[Decision]:
    """What the quoted author says to a quote in a post for this audience.

    From a group nobody is asked: the question alone would tell that there is such a post (decision 0027).
    """
    approval = approval_of(facts)
    if approval is Approval.DENIED:
        yield Deny("quote:policy", Reason.QUOTE_REFUSED)
    elif approval is not Approval.AUTOMATIC and audience is Audience.GROUP:
        yield Deny("quote:policy", Reason.QUOTE_UNASKED)
    else:
        yield Allow("quote:policy")
    if audience is Audience.DIRECT and not (facts.own or facts.named):
        yield Deny("quote:named", Reason.QUOTED_NOT_NAMED)
