"""Public groups: who follows, and what goes on to all their followers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.boundary import OPEN_AUDIENCES
from policies.decision import Allow, Decision, Deny, Hold, Reason, Remedy
from policies.membership import Joining
from policies.public_groups import EnterFacts, PassFacts, may_enter, may_moderate, may_pass
from policies.terms import Audience

MEMBER = PassFacts("ecg", Audience.PUBLIC, present=True)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (EnterFacts(Joining.AUTOMATIC), Allow("group:joining automatic")),
        (EnterFacts(Joining.REQUEST), Hold("group:joining request", Reason.AWAITS_MODERATOR)),
        (EnterFacts(Joining.REQUEST, invited=True), Allow("group:joining request")),
        (EnterFacts(Joining.INVITE), Deny("group:joining invite", Reason.INVITATION_NEEDED)),
        (EnterFacts(Joining.INVITE, invited=True), Allow("group:joining invite")),
        (EnterFacts(Joining.AUTOMATIC, invited=True, banned=True), Deny("group:banned", Reason.BANNED)),
    ],
)
def test_three_ways_of_joining(facts: EnterFacts, expected: Decision) -> None:
    assert may_enter(facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (MEMBER, Allow("group:banned")),
        (PassFacts("ecg", Audience.UNLISTED, present=True), Allow("group:banned")),
        (PassFacts("ecg", Audience.GROUP, present=True), Deny("audience:share", Reason.GROUP_NOT_SHAREABLE)),
        (PassFacts("ecg", Audience.FOLLOWERS, present=True), Deny("audience:share", Reason.NOT_SHAREABLE)),
        (PassFacts("ecg", Audience.DIRECT, present=True), Deny("audience:share", Reason.NOT_SHAREABLE)),
        (PassFacts("ecg", Audience.PUBLIC, present=False), Deny("group:member", Reason.NOT_A_MEMBER, Remedy.JOIN)),
        (PassFacts("ecg", Audience.PUBLIC, present=True, banned=True), Deny("group:banned", Reason.BANNED)),
        (
            PassFacts("ecg", Audience.PUBLIC, present=True, moderators_only=True),
            Deny("group:posting", Reason.MODERATORS_ONLY),
        ),
        (PassFacts("ecg", Audience.PUBLIC, present=True, locked=True), Deny("group:locked", Reason.THREAD_LOCKED)),
    ],
)
def test_what_goes_on(facts: PassFacts, expected: Decision) -> None:
    decision = may_pass(facts)
    assert decision == expected or (isinstance(decision, Allow) and isinstance(expected, Allow))


def test_moderators_post_where_nobody_else_does() -> None:
    facts = PassFacts("ecg", Audience.PUBLIC, present=True, moderator=True, moderators_only=True, locked=True)
    assert isinstance(may_pass(facts), Allow)


@given(
    st.builds(
        PassFacts,
        group=st.just("ecg"),
        audience=st.sampled_from([audience for audience in Audience if audience not in OPEN_AUDIENCES]),
        present=st.booleans(),
        moderator=st.booleans(),
        banned=st.booleans(),
        moderators_only=st.booleans(),
        locked=st.booleans(),
    )
)
def test_nothing_restricted_ever_goes_on(facts: PassFacts) -> None:
    assert isinstance(may_pass(facts), Deny)


def test_only_moderators_speak_for_the_group() -> None:
    assert may_moderate(moderator=True) == Allow("group:moderator")
    assert may_moderate(moderator=False) == Deny("group:moderator", Reason.NOT_MODERATOR)
