"""Who is verified, for which purpose, and how a ruleset narrows a group's criteria."""

from dataclasses import replace

import pytest

from policies.decision import Allow, Deny, Hold, Reason, Remedy
from policies.rules import parse
from policies.ruleset import GroupRule
from policies.terms import Level
from policies.verification import (
    ANYONE,
    HOUR,
    MINUTE,
    AttestationFacts,
    Criteria,
    Purpose,
    Unverified,
    Verified,
    criteria_of_group,
    criteria_step,
    standing,
    verified_here,
)

RULES = parse("""
[instance]
organisation = "CHU A"
[peers."b.example"]
organisation = "CHU B"
state = "active"
[peers."low.example"]
organisation = "Low"
state = "active"
accept_levels_from = "vouched"
[peers."trial.example"]
organisation = "Trial"
state = "trial"
[peers."bad.example"]
organisation = "Bad"
state = "suspended"
""")
NOW = 1_795_000_000_000  # 2026-11-18
CHECKED = Criteria(Level.CHECKED)
OWN = AttestationFacts(Level.CHECKED, "physician", NOW - HOUR, NOW + HOUR, frozenset({"cardiology", "geriatrics"}))
THEIRS = replace(OWN, issuer="b.example", by_instance_actor=True, confirmed_at=NOW)


@pytest.mark.parametrize(
    ("facts", "asked", "reason"),
    [
        (OWN, CHECKED, None),
        (OWN, Criteria(), None),
        (replace(OWN, confirmed_at=0), CHECKED, None),
        (None, CHECKED, Reason.NOT_ATTESTED),
        (replace(OWN, revoked=True), CHECKED, Reason.ATTESTATION_REVOKED),
        (replace(OWN, valid_from=NOW + 1), CHECKED, Reason.ATTESTATION_NOT_STARTED),
        (replace(OWN, valid_from=NOW), CHECKED, None),
        (replace(OWN, valid_until=NOW), CHECKED, Reason.ATTESTATION_EXPIRED),
        (replace(OWN, valid_until=NOW + 1), CHECKED, None),
        (OWN, Criteria(Level.REGISTER), Reason.LEVEL_TOO_LOW),
        (replace(OWN, profession="system_actor"), CHECKED, Reason.NOT_A_CLINICIAN),
        (replace(OWN, profession="communication_officer"), CHECKED, Reason.NOT_A_CLINICIAN),
        (replace(OWN, profession="student_physician"), CHECKED, Reason.NOT_A_CLINICIAN),
        (replace(OWN, profession="astrologer"), CHECKED, Reason.NOT_A_CLINICIAN),
        (replace(OWN, profession="student_physician"), Criteria(professions=frozenset({"student_physician"})), None),
        (OWN, Criteria(professions=frozenset({"nurse"})), Reason.WRONG_PROFESSION),
        (OWN, Criteria(professions=frozenset()), Reason.WRONG_PROFESSION),
        (OWN, Criteria(specialties=frozenset({"geriatrics", "urology"})), None),
        (OWN, Criteria(specialties=frozenset({"urology"})), Reason.WRONG_SPECIALTY),
        (OWN, Criteria(specialties=frozenset()), Reason.WRONG_SPECIALTY),
        (replace(OWN, country="FR"), Criteria(countries=frozenset({"BE", "FR"})), None),
        (replace(OWN, country="FR"), Criteria(countries=frozenset({"BE"})), Reason.WRONG_COUNTRY),
        (OWN, Criteria(countries=frozenset({"FR"})), Reason.WRONG_COUNTRY),
        (THEIRS, CHECKED, None),
        (replace(THEIRS, by_instance_actor=False), CHECKED, Reason.ISSUER_NOT_TRUSTED),
        (replace(THEIRS, issuer="trial.example"), CHECKED, Reason.ISSUER_NOT_TRUSTED),
        (replace(THEIRS, issuer="bad.example"), CHECKED, Reason.ISSUER_NOT_TRUSTED),
        (replace(THEIRS, issuer="nobody.example"), CHECKED, Reason.ISSUER_NOT_TRUSTED),
        (replace(THEIRS, level=Level.INSTITUTION), Criteria(), Reason.LEVEL_NOT_ACCEPTED),
        (replace(THEIRS, issuer="low.example", level=Level.VOUCHED), Criteria(), None),
        (replace(THEIRS, issuer="low.example", level=Level.VOUCHED), CHECKED, Reason.LEVEL_TOO_LOW),
        (replace(THEIRS, confirmed_at=0, revoked=True), CHECKED, Reason.ATTESTATION_REVOKED),
    ],
)
def test_standing(facts: AttestationFacts | None, asked: Criteria, reason: Reason | None) -> None:
    answer = standing(facts, asked, RULES, NOW)
    assert getattr(answer, "reason", None) is reason
    if reason is None:
        assert facts is not None
        assert answer == Verified(facts.level, facts.profession, facts.specialties, facts.valid_until)


@pytest.mark.parametrize(
    ("age", "purpose", "fresh"),
    [
        (15 * MINUTE, Purpose.ACT, True),
        (15 * MINUTE + 1, Purpose.ACT, False),
        (15 * MINUTE + 1, Purpose.READ, True),
        (24 * HOUR, Purpose.READ, True),
        (24 * HOUR + 1, Purpose.READ, False),
    ],
)
def test_stale_is_not_revoked(age: int, purpose: Purpose, *, fresh: bool) -> None:
    """It blocks joining, posting and moderating after 15 minutes, and reading only after a day."""
    facts = replace(THEIRS, confirmed_at=NOW - age)
    answer = standing(facts, CHECKED, RULES, NOW, purpose)
    step = criteria_step(facts, CHECKED, RULES, NOW, purpose)
    if fresh:
        assert isinstance(answer, Verified)
        assert isinstance(step, Allow)
    else:
        assert answer == Unverified(Reason.ATTESTATION_STALE, "verification:freshness")
        assert step == Hold("verification:freshness", Reason.ATTESTATION_STALE)


def test_an_expired_agreement_ends_trust_in_its_issuer() -> None:
    expired = parse("""
        [instance]
        organisation = "A"
        [peers."b.example"]
        organisation = "B"
        state = "active"
        agreement = { reference = "1", from = 2025-01-01, until = 2026-11-17 }""")
    rule = 'verification:peers."b.example".agreement'
    assert standing(THEIRS, CHECKED, expired, NOW) == Unverified(Reason.ISSUER_NOT_TRUSTED, rule)


def test_who_asks_nothing_needs_no_attestation() -> None:
    assert criteria_step(None, ANYONE, RULES, NOW, Purpose.ACT) == Allow("verification:anyone")
    refused = Deny("verification:attestation", Reason.NOT_ATTESTED, Remedy.VERIFY)
    assert criteria_step(None, CHECKED, RULES, NOW, Purpose.ACT) == refused


def test_verified_here_is_the_level_of_the_ruleset() -> None:
    assert verified_here(RULES) == CHECKED


@pytest.mark.parametrize(
    ("rule", "own", "expected"),
    [
        (None, CHECKED, CHECKED),
        (GroupRule(), CHECKED, CHECKED),
        (GroupRule(verified_from=Level.REGISTER), CHECKED, Criteria(Level.REGISTER)),
        (GroupRule(verified_from=Level.VOUCHED), CHECKED, CHECKED),
        (
            GroupRule(professions=frozenset({"nurse", "midwife"})),
            Criteria(professions=frozenset({"nurse", "physician"})),
            Criteria(professions=frozenset({"nurse"})),
        ),
        (
            GroupRule(professions=frozenset({"nurse"})),
            Criteria(professions=frozenset({"physician"})),
            Criteria(professions=frozenset()),
        ),
        (GroupRule(professions=frozenset({"nurse"})), Criteria(), Criteria(professions=frozenset({"nurse"}))),
        (GroupRule(), Criteria(specialties=frozenset({"x"})), Criteria(specialties=frozenset({"x"}))),
    ],
)
def test_a_ruleset_narrows_criteria_and_never_widens_them(
    rule: GroupRule | None, own: Criteria, expected: Criteria
) -> None:
    assert criteria_of_group(rule, own) == expected
