"""The four decisions, how they add up, and that every reason has its sentences."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason, Remedy, decide, strength, weigh
from policies.sentences import WORDS, sentence

ALLOW = Allow("a", (Reason.FIRST_OF_HOST,))
LIMIT = Limit("b", (Change.AUDIENCE_GROUP,), Reason.MENTIONS_GROUP)
HOLD = Hold("c", Reason.PEER_QUARANTINED)
DENY = Deny("d", Reason.DIRECTION, Remedy.JOIN)

decisions = st.one_of(
    st.builds(Allow, st.text(max_size=3), st.lists(st.sampled_from(Reason), max_size=2).map(tuple)),
    st.builds(
        Limit, st.text(max_size=3), st.lists(st.sampled_from(Change), max_size=2).map(tuple), st.sampled_from(Reason)
    ),
    st.builds(Hold, st.text(max_size=3), st.sampled_from(Reason)),
    st.builds(Deny, st.text(max_size=3), st.sampled_from(Reason)),
)


def test_no_answer_is_a_refusal() -> None:
    assert decide(()) == Deny("none", Reason.UNDECIDED)


def test_the_strongest_wins_in_every_order() -> None:
    four: list[Decision] = [ALLOW, LIMIT, HOLD, DENY]
    for order in itertools.permutations(four):
        assert decide(order) == DENY
    for order in itertools.permutations(four[:3]):
        assert decide(order) == Hold("c", Reason.PEER_QUARANTINED, changes=(Change.AUDIENCE_GROUP,))
    assert decide((ALLOW, LIMIT)) == decide((LIMIT, ALLOW)) == LIMIT


def test_among_equals_the_first_speaks_with_the_notices_and_changes_of_all() -> None:
    other = Allow("z", (Reason.EPOCH_MOVED, Reason.FIRST_OF_HOST))
    assert decide((ALLOW, other)) == Allow("a", (Reason.FIRST_OF_HOST, Reason.EPOCH_MOVED))
    text = Limit("z", (Change.GROUP_AS_TEXT, Change.AUDIENCE_GROUP), Reason.GROUP_AS_TEXT)
    both = (Change.AUDIENCE_GROUP, Change.GROUP_AS_TEXT)
    assert decide((LIMIT, text)) == Limit("b", both, Reason.MENTIONS_GROUP)
    assert decide((Deny("1", Reason.BANNED), DENY)) == Deny("1", Reason.BANNED)


@settings(deadline=None)
@given(st.lists(decisions, min_size=1))
def test_no_step_is_ever_overruled_by_a_weaker_one(steps: list[Decision]) -> None:
    verdict = weigh(iter(steps))
    assert strength(verdict.decision) == max(strength(step) for step in steps)
    assert verdict.trace == tuple(steps)
    assert verdict.decision == decide(steps)


def test_every_reason_has_four_sentences() -> None:
    assert set(WORDS) == set(Reason)
    for words in WORDS.values():
        assert all(text.endswith(".") and text == text.strip() for text in words)
        assert words.member_fr != words.member_en
        assert words.admin_fr != words.admin_en


@pytest.mark.parametrize(
    ("reader", "language", "about", "expected"),
    [
        ("member", "en", "", "You cannot join this group."),
        ("member", "fr", "", "Vous ne pouvez pas rejoindre ce groupe."),
        ("admin", "en", "", "The person is banned from the group."),
        ("admin", "fr", "chu-b.example", "La personne est exclue du groupe (chu-b.example)."),
    ],
)
def test_sentence(reader: str, language: str, about: str, expected: str) -> None:
    assert sentence(Reason.BANNED, reader=reader, language=language, about=about) == expected  # type: ignore[arg-type]
