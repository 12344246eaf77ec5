"""Who may quote whose posts, and what a quote in a post for some audience comes to."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Allow, Change, Decision, Deny, Limit, Reason
from policies.posting import WITHIN, ParentFacts, PostFacts, audience_after, decide, may_quote
from policies.quoting import NOBODY, Approval, Circle, QuoteFacts, QuotePolicy, approval_of, policy_after
from policies.rules import parse
from policies.ruleset import Ruleset
from policies.terms import Audience

PUBLIC, UNLISTED, FOLLOWERS, GROUP, DIRECT = Audience
NOW = 1_795_000_000_000
EVERYBODY = QuotePolicy(automatic=frozenset({Circle.PUBLIC}))
OPEN = QuoteFacts(PUBLIC, policy=EVERYBODY)
CLOSED = QuoteFacts(PUBLIC)
OWN = QuoteFacts(PUBLIC, own=True)
WHEN_ASKED = QuoteFacts(PUBLIC, policy=QuotePolicy(manual=frozenset({Circle.PUBLIC})))

circles = st.frozensets(st.sampled_from(Circle))
quote_facts = st.builds(
    QuoteFacts,
    st.sampled_from(Audience),
    st.booleans(),
    st.builds(QuotePolicy, circles, circles),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
parents = st.none() | st.builds(ParentFacts, st.sampled_from([PUBLIC, UNLISTED, FOLLOWERS, DIRECT]))


def rules() -> Ruleset:
    return parse('[instance]\norganisation = "CHU A"\n')


def of(automatic: str = "", manual: str = "", **who: bool) -> QuoteFacts:
    policy = QuotePolicy(frozenset(map(Circle, automatic.split())), frozenset(map(Circle, manual.split())))
    return QuoteFacts(PUBLIC, policy=policy, **who)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (of(), Approval.DENIED),
        (of(own=True), Approval.AUTOMATIC),
        (of("public"), Approval.AUTOMATIC),
        (of("followers"), Approval.DENIED),
        (of("followers", follower=True), Approval.AUTOMATIC),
        (of("followers", followed=True), Approval.DENIED),
        (of("following", followed=True), Approval.AUTOMATIC),
        (of("following", follower=True), Approval.DENIED),
        (of("followers", "public"), Approval.MANUAL),
        (of("", "followers", follower=True), Approval.MANUAL),
        (of("unsupported_policy"), Approval.UNKNOWN),
        (of("", "unsupported_policy"), Approval.UNKNOWN),
        (of("unsupported_policy followers", follower=True), Approval.AUTOMATIC),
        (replace(OPEN, original=UNLISTED), Approval.AUTOMATIC),
        (replace(OPEN, original=FOLLOWERS, follower=True), Approval.DENIED),
        (replace(OPEN, original=FOLLOWERS, own=True), Approval.AUTOMATIC),
        (replace(OPEN, original=GROUP, own=True), Approval.DENIED),
        (replace(OPEN, original=DIRECT, own=True), Approval.DENIED),
    ],
)
def test_what_a_policy_says_to_whom(facts: QuoteFacts, expected: Approval) -> None:
    assert approval_of(facts) is expected


def test_what_is_not_for_everybody_has_no_policy() -> None:
    kept = {audience for audience in Audience if policy_after(audience, EVERYBODY) == EVERYBODY}
    assert kept == {PUBLIC, UNLISTED}
    assert policy_after(FOLLOWERS, EVERYBODY) == NOBODY


NARROWED = Limit("audience:share", (Change.AUDIENCE_FOLLOWERS,), Reason.SHARE_NARROWED)
NOT_SHAREABLE = Deny("audience:share", Reason.NOT_SHAREABLE)


@pytest.mark.parametrize(
    ("facts", "audience", "expected"),
    [
        (OPEN, PUBLIC, Allow("audience:share")),
        (OPEN, GROUP, Allow("audience:share")),
        (CLOSED, PUBLIC, Deny("quote:policy", Reason.QUOTE_REFUSED)),
        (WHEN_ASKED, PUBLIC, Allow("audience:share")),
        (WHEN_ASKED, GROUP, Deny("quote:policy", Reason.QUOTE_UNASKED)),
        (of("unsupported_policy"), PUBLIC, Allow("audience:share")),
        (of("unsupported_policy"), GROUP, Deny("quote:policy", Reason.QUOTE_UNASKED)),
        (OWN, GROUP, Allow("audience:share")),
        (OPEN, DIRECT, Deny("quote:named", Reason.QUOTED_NOT_NAMED)),
        (replace(OPEN, named=True), DIRECT, Allow("audience:share")),
        (OWN, DIRECT, Allow("audience:share")),
        (replace(OWN, original=FOLLOWERS), FOLLOWERS, Allow("audience:share")),
        (replace(OWN, original=FOLLOWERS), PUBLIC, NARROWED),
        (replace(OWN, original=FOLLOWERS), GROUP, NOT_SHAREABLE),
        (replace(OPEN, original=FOLLOWERS), FOLLOWERS, NOT_SHAREABLE),
        (replace(OWN, original=DIRECT), DIRECT, NOT_SHAREABLE),
        (replace(OWN, original=GROUP), GROUP, Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)),
    ],
)
def test_quotes(facts: QuoteFacts, audience: Audience, expected: Decision) -> None:
    assert may_quote(facts, audience) == expected


def test_a_quote_is_judged_by_what_the_parent_leaves_of_the_audience() -> None:
    """A public answer to a direct post becomes direct, and then names whom it quotes or is refused."""
    facts = PostFacts(PUBLIC, quoted=OPEN, parent=ParentFacts(DIRECT))
    assert decide(facts, rules(), NOW) == Deny("quote:named", Reason.QUOTED_NOT_NAMED)
    assert isinstance(decide(replace(facts, quoted=replace(OPEN, named=True)), rules(), NOW), Limit)


def test_of_several_narrowings_the_narrowest_counts() -> None:
    """Whichever is asked first: an answer to followers that quotes an unlisted post is for followers."""
    for parent, original in itertools.permutations((UNLISTED, FOLLOWERS)):
        quoted = QuoteFacts(original, own=True)
        decision = decide(PostFacts(PUBLIC, parent=ParentFacts(parent), quoted=quoted), rules(), NOW)
        assert audience_after(PUBLIC, decision) is FOLLOWERS


@given(st.sampled_from(Audience), parents, quote_facts)
def test_a_quote_never_widens(asked: Audience, parent: ParentFacts | None, quoted: QuoteFacts) -> None:
    """Whoever is shown a quoting post is of those whom its author could have sent the quoted one: nobody is shown a
    restricted post by another's quote, nor a group's by any.
    """
    decision = decide(PostFacts(asked, parent=parent, quoted=quoted), rules(), NOW)
    if isinstance(decision, Deny):
        return
    result = audience_after(asked, decision)
    assert result in WITHIN[quoted.original]
    assert result in WITHIN[asked]
    assert quoted.original is not GROUP
    assert quoted.own or quoted.original in {PUBLIC, UNLISTED}
    assert approval_of(quoted) is not Approval.DENIED
    if result is DIRECT:
        assert quoted.own or quoted.named


@given(quote_facts)
def test_nobody_is_asked_from_a_group(quoted: QuoteFacts) -> None:
    if not isinstance(may_quote(quoted, GROUP), Deny):
        assert approval_of(quoted) is Approval.AUTOMATIC
