"""Is this attestation good for this purpose: the one place that says who is verified.

Must not know: credentials' form, how their state is fetched.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias, assert_never

from policies.decision import Allow, Decision, Deny, Hold, Reason, Remedy
from policies.ruleset import GroupRule, Ruleset, day_of, peer_key, peer_standing
from policies.terms import CLINICIANS, Level, PeerState

MINUTE = 60_000
HOUR = 60 * MINUTE


class Purpose(StrEnum):
    """What the standing is asked for: joining, posting and moderating want fresher evidence than reading."""

    ACT = "act"
    READ = "read"


FRESH_FOR = {Purpose.ACT: 15 * MINUTE, Purpose.READ: 24 * HOUR}


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is asked of a person. `professions` None: any clinician; `specialties`, `countries` (ISO 3166, of practice)
    None: any. An empty set: nobody.

    A level of DECLARED with none of the three asks nothing, and needs no attestation.
    """

    level: Level = Level.DECLARED
    professions: frozenset[str] | None = None
    specialties: frozenset[str] | None = None
    countries: frozenset[str] | None = None


ANYONE = Criteria()


@dataclass(frozen=True, slots=True)
class AttestationFacts:
    """What a home instance states about its member; times in unix ms.

    `issuer`: host of the attesting instance, None for our own record. `by_instance_actor`: it is signed by that host's
    instance actor, about an actor of the same origin. `confirmed_at`: when its issuer last answered for it.
    """

    level: Level
    profession: str
    valid_from: int
    valid_until: int
    specialties: frozenset[str] = field(default_factory=frozenset)
    issuer: str | None = None
    by_instance_actor: bool = False
    confirmed_at: int = 0
    revoked: bool = False
    country: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """A person whose attestation meets what was asked, until a time (unix ms). Only `standing` makes one."""

    level: Level
    profession: str
    specialties: frozenset[str]
    until: int


@dataclass(frozen=True, slots=True)
class Unverified:
    """A person whose attestation does not; `rule` names the rule or key that says so."""

    reason: Reason
    rule: str


Standing: TypeAlias = Verified | Unverified


def standing(
    facts: AttestationFacts | None, asked: Criteria, ruleset: Ruleset, now: int, purpose: Purpose = Purpose.READ
) -> Standing:
    """Whether a person (None: without attestation) meets what is asked. The first thing that fails is the reason.

    Being stale comes last: it says that all else was in order when the issuer last answered.
    """
    if facts is None:
        return Unverified(Reason.NOT_ATTESTED, "verification:attestation")
    failure = (
        _time_failure(facts, now)
        or _issuer_failure(facts, ruleset, day_of(now))
        or _criteria_failure(facts, asked)
        or _stale_failure(facts, now, purpose)
    )
    return failure or Verified(facts.level, facts.profession, facts.specialties, facts.valid_until)


def verified_here(ruleset: Ruleset) -> Criteria:
    """What "verified" means on this instance where nothing more special is asked."""
    return Criteria(level=ruleset.verified_from)


def criteria_of_group(rule: GroupRule | None, own: Criteria) -> Criteria:
    """A group's own criteria as the ruleset narrows them; it never widens them."""
    if rule is None:
        return own
    return Criteria(
        level=max(own.level, rule.verified_from or Level.DECLARED),
        professions=_narrowed(own.professions, rule.professions),
        specialties=_narrowed(own.specialties, rule.specialties),
        countries=own.countries,
    )


def criteria_step(
    facts: AttestationFacts | None, asked: Criteria, ruleset: Ruleset, now: int, purpose: Purpose
) -> Decision:
    """`standing` as a step: stale evidence holds, everything else that fails refuses."""
    if asked == ANYONE:
        return Allow("verification:anyone")
    answer = standing(facts, asked, ruleset, now, purpose)
    match answer:
        case Verified():
            return Allow("verification:attestation")
        case Unverified(Reason.ATTESTATION_STALE as reason, rule):
            return Hold(rule, reason)
        case Unverified(reason, rule):
            return Deny(rule, reason, Remedy.VERIFY)
        case _ as never:
            assert_never(never)


def _narrowed(own: frozenset[str] | None, rule: frozenset[str] | None) -> frozenset[str] | None:
    if own is None or rule is None:
        return rule if own is None else own
    return own & rule


def _time_failure(facts: AttestationFacts, now: int) -> Unverified | None:
    if facts.revoked:
        return Unverified(Reason.ATTESTATION_REVOKED, "verification:revocation")
    if now < facts.valid_from:
        return Unverified(Reason.ATTESTATION_NOT_STARTED, "verification:dates")
    if now >= facts.valid_until:
        return Unverified(Reason.ATTESTATION_EXPIRED, "verification:dates")
    return None


def _issuer_failure(facts: AttestationFacts, ruleset: Ruleset, today: date) -> Unverified | None:
    """A member's own home is believed here; another issuer must be the instance actor of an active peer."""
    if facts.issuer is None:
        return None
    issuer = peer_standing(ruleset, facts.issuer, today)
    if issuer.state is not PeerState.ACTIVE or issuer.peer is None or not facts.by_instance_actor:
        return Unverified(Reason.ISSUER_NOT_TRUSTED, f"verification:{issuer.key}")
    if facts.level < issuer.peer.accept_levels_from:
        key = peer_key(issuer.peer.host, "accept_levels_from")
        return Unverified(Reason.LEVEL_NOT_ACCEPTED, f"verification:{key}")
    return None


def _criteria_failure(facts: AttestationFacts, asked: Criteria) -> Unverified | None:
    if facts.level < asked.level:
        return Unverified(Reason.LEVEL_TOO_LOW, "verification:level")
    if asked.professions is None and facts.profession not in CLINICIANS:
        return Unverified(Reason.NOT_A_CLINICIAN, "verification:profession")
    if asked.professions is not None and facts.profession not in asked.professions:
        return Unverified(Reason.WRONG_PROFESSION, "verification:profession")
    if asked.specialties is not None and not (facts.specialties & asked.specialties):
        return Unverified(Reason.WRONG_SPECIALTY, "verification:specialty")
    if asked.countries is not None and facts.country not in asked.countries:
        return Unverified(Reason.WRONG_COUNTRY, "verification:country")
    return None


def _stale_failure(facts: AttestationFacts, now: int, purpose: Purpose) -> Unverified | None:
    if facts.issuer is None or now - facts.confirmed_at <= FRESH_FOR[purpose]:
        return None
    return Unverified(Reason.ATTESTATION_STALE, "verification:freshness")
