"""How far what somebody says in a group goes, as their host agreed, and which agreement counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Allow, Deny, Hold, Reason
from policies.delivery import may_agree
from policies.reach import OFFER_AGAIN, Offer, is_due, may_count, may_go_on
from policies.rules import parse
from tests.federation.home import ruleset

HOSTS = ("a.example", "b.example", "c.example")
MADE = Offer(5, "d")


@given(st.sampled_from(HOSTS), st.sampled_from(HOSTS), st.frozensets(st.sampled_from(HOSTS)))
def test_nothing_goes_where_its_host_did_not_agree(host: str, speaker: str, agreed: frozenset[str]) -> None:
    goes = isinstance(may_go_on(host, speaker, agreed), Allow)
    assert goes is (host == speaker or host in agreed)


def test_before_any_widening_and_from_here_it_goes() -> None:
    assert isinstance(may_go_on("a.example", "b.example", None), Allow)
    assert isinstance(may_go_on("a.example", "", frozenset()), Allow)


@given(epoch=st.integers(0, 9), said=st.sampled_from("de"), digest=st.sampled_from("de"), members=st.booleans())
def test_only_the_last_offer_of_the_policy_as_it_is_counts(
    epoch: int, said: str, digest: str, *, members: bool
) -> None:
    counts = isinstance(may_count(Offer(epoch, said), MADE, digest, members=members), Allow)
    assert counts is (members and epoch == MADE.epoch and said == digest == MADE.digest)


def test_why_an_agreement_does_not_count() -> None:
    assert may_count(MADE, None, "d", members=True) == Deny("group:epoch", Reason.EPOCH_OLD)
    assert may_count(MADE, MADE, "d", members=False) == Deny("group:members", Reason.NO_MEMBER_THERE)


@pytest.mark.parametrize(
    ("agreed", "digest", "since", "due"),
    [
        ("d", "d", OFFER_AGAIN, False),
        ("c", "d", OFFER_AGAIN - 1, False),
        ("c", "d", OFFER_AGAIN, True),
        ("d", "e", 0, True),
    ],
)
def test_an_offer_is_made_until_it_is_agreed_to(agreed: str, digest: str, since: int, *, due: bool) -> None:
    assert is_due(MADE, agreed, digest, 1000, 1000 + since) is due


def test_a_host_agrees_to_what_its_own_posts_may_reach() -> None:
    rules = parse(
        ruleset("a.example", "c.example", more='[peers."q.example"]\norganisation = "Q"\nstate = "quarantined"\n')
    )
    today = date(2026, 6, 1)
    assert isinstance(may_agree("a.example", ["a.example"], rules, today), Allow)
    assert isinstance(may_agree("a.example", ["a.example", "c.example"], rules, today), Allow)
    assert isinstance(may_agree("a.example", ["q.example"], rules, today), Hold)
    refused = may_agree("a.example", ["c.example", "x.example"], rules, today)
    assert isinstance(refused, Deny)
    assert (refused.reason, refused.about) == (Reason.ONWARD_REFUSED, "x.example")
