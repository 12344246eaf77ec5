"""Questions in groups: which posts are one, to which group they are offered, and that only their author brings them there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Allow, Deny, Reason
from policies.routing import OfferFacts, is_question, may_bring, may_mark, may_offer, specialties_of
from policies.terms import SPECIALTIES

ASKED = OfferFacts(frozenset({"doctoctoc", "cardiologie"}), "doctoctoc", reply=False, takes="cardiology", member=True)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (ASKED, None),
        (replace(ASKED, reply=True), Reason.NOT_ROUTED),
        (replace(ASKED, question_tag=""), Reason.NOT_ROUTED),
        (replace(ASKED, tags=frozenset({"cardiologie"})), Reason.NOT_ROUTED),
        (replace(ASKED, tags=frozenset({"doctoctoc"})), Reason.NOT_ROUTED),
        (replace(ASKED, takes="geriatrics"), Reason.NOT_ROUTED),
        (replace(ASKED, takes=""), Reason.NOT_ROUTED),
        (replace(ASKED, member=False), Reason.NOT_A_MEMBER),
        (replace(ASKED, shut=True), Reason.GROUP_CLOSED),
    ],
)
def test_what_is_offered(facts: OfferFacts, reason: Reason | None) -> None:
    assert getattr(may_offer(facts), "reason", None) is reason


@pytest.mark.parametrize("tag", ["cardiologie", "cardiology", "médecinecardiovasculaire", "medecinecardiovasculaire"])
def test_tags_name_specialties_in_both_languages(tag: str) -> None:
    assert specialties_of(frozenset({tag, "cas"})) == {"cardiology"}


@pytest.mark.parametrize("code", SPECIALTIES)
def test_every_specialty_has_a_tag(code: str) -> None:
    assert code in specialties_of(frozenset({code.replace("-", "")}))


@given(st.frozensets(st.text(max_size=12), max_size=4))
def test_nothing_empty_is_a_question(tags: frozenset[str]) -> None:
    assert not is_question(tags, "", reply=False)
    assert not is_question(tags | {"doctoctoc"}, "doctoctoc", reply=True)


def test_only_its_author_brings_a_question_elsewhere() -> None:
    assert may_bring(author=True) == Allow("routing:author")
    assert may_bring(author=False) == Deny("routing:author", Reason.NOT_AUTHOR)


@pytest.mark.parametrize(("author", "moderator"), [(True, False), (False, True), (False, False)])
def test_its_author_and_moderators_say_that_it_is_answered(*, author: bool, moderator: bool) -> None:
    refused = isinstance(may_mark(author=author, moderator=moderator), Deny)
    assert refused is not (author or moderator)
