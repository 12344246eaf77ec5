"""What can be asked of a ruleset, as values: one case for each kind of fact that a decision point distinguishes.

A case holds what the world is like and leaves to the ruleset what the ruleset says: who counts as verified is asked of the
ruleset that is tried, not remembered. All that a ruleset cannot refuse by itself is at its best here: the host is capable,
the member is one. `policies.widening` goes through all cases; `policies.wording` says them in words.
"""

from dataclasses import dataclass
from typing import TypeAlias

from policies import posting
from policies.admission import ActivityFacts, HostFacts, admit_activity, admit_host
from policies.changing import may_widen_alone
from policies.decision import Allow, Decision, Deny, Limit
from policies.delivery import SendFacts, may_send
from policies.keeping import DAY, HeldFacts, may_hold, may_keep, may_wait
from policies.lists import FederationList, may_take, may_trust
from policies.membership import JoinFacts, Joining, may_accept, may_join
from policies.posting import GroupFacts, PostFacts
from policies.ruleset import Ruleset, day_of
from policies.terms import Audience, Kind, Level, Part
from policies.verification import (
    AttestationFacts,
    Criteria,
    Unverified,
    Verified,
    criteria_of_group,
    standing,
    verified_here,
)
from policies.visibility import Door, FetchFacts, may_ask, may_carry, may_fetch

PHYSICIAN = "physician"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and what is attested of them. `asked`: their profession is one that the group itself asks for."""

    level: Level = Level.STRONG
    profession: str = PHYSICIAN
    specialty: str = ""
    asked: bool = False

    def attestation(self, issuer: str | None, now: int) -> AttestationFacts:
        """As their home (None: here) states it, in date and confirmed just now."""
        specialties = frozenset({self.specialty} - {""})
        return AttestationFacts(
            self.level,
            self.profession,
            0,
            now + 1,
            specialties,
            issuer,
            by_instance_actor=True,
            confirmed_at=now,
        )

    def criteria(self, ruleset: Ruleset) -> Criteria:
        """What a group of ours that they want to be in asks by itself: to be verified, and at most their profession."""
        own = verified_here(ruleset)
        return Criteria(own.level, frozenset({self.profession}) if self.asked else None)


def is_verified(person: Person | None, host: str, ruleset: Ruleset, now: int) -> bool:
    """Whether somebody at a host (None: without attestation) counts as verified."""
    facts = person.attestation(host, now) if person else None
    return isinstance(standing(facts, verified_here(ruleset), ruleset, now), Verified)


@dataclass(frozen=True, slots=True)
class Knock:
    """A host talks to us at all."""

    host: str

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        return admit_host(HostFacts(self.host), ruleset, day_of(now))


@dataclass(frozen=True, slots=True)
class Arrival:
    """An activity comes in. `approach`: it comes close to a member here, from somebody (None: of whom nothing is attested)."""

    host: str
    kind: Kind
    audience: Audience
    part: Part | None = None
    approach: bool = False
    person: Person | None = None

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        facts = ActivityFacts(
            host=self.host,
            kind=self.kind,
            audience=self.audience,
            approach=self.approach,
            verified=is_verified(self.person, self.host, ruleset, now),
            capable=True,
            joined=True,
            parts=_parts(self.part),
        )
        return admit_activity(facts, ruleset, day_of(now))


@dataclass(frozen=True, slots=True)
class Sending:
    """Something goes to a host, to people like `person`. Of a group: of ours by its name, or of the host's own ("") with at
    most one host to which it goes on from there.
    """

    host: str
    kind: Kind
    audience: Audience
    part: Part | None = None
    person: Person | None = None
    group: str = ""
    onward: str | None = None

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        facts = SendFacts(
            host=self.host,
            kind=self.kind,
            audience=self.audience,
            verified=is_verified(self.person, self.host, ruleset, now),
            capable=True,
            members=True,
            in_reach=True,
            group=self.group,
            onward=None if self.group else frozenset({self.onward} if self.onward else ()),
            parts=_parts(self.part),
        )
        return may_send(facts, ruleset, day_of(now))


@dataclass(frozen=True, slots=True)
class Fetching:
    """A host fetches a post of ours: of a group of ours by its name, at its author's home else."""

    host: str
    audience: Audience
    part: Part | None = None
    person: Person | None = None
    group: str = ""

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        door = Door.GROUP if self.group else Door.AUTHOR
        facts = FetchFacts(
            host=self.host,
            audience=self.audience,
            exists=True,
            door=door,
            follower=True,
            addressed=True,
            verified=is_verified(self.person, self.host, ruleset, now),
            member=True,
            fresh=True,
            capable=True,
            group_home=door is Door.AUTHOR,
            in_reach=True,
            group=self.group,
        )
        decision = may_fetch(facts, ruleset, day_of(now))
        if not isinstance(decision, Allow):
            return decision
        return may_carry(self.host, _parts(self.part), ruleset, day_of(now), whole=door is Door.GROUP)


@dataclass(frozen=True, slots=True)
class Looks:
    """A host fetches an actor of ours, or anything else for which it is enough that it may ask."""

    host: str
    part: Part | None = None

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        decision = may_ask(self.host, ruleset, day_of(now))
        return (
            may_carry(self.host, _parts(self.part), ruleset, day_of(now)) if isinstance(decision, Allow) else decision
        )


@dataclass(frozen=True, slots=True)
class Joins:
    """Somebody joins a group of ours, from a host (None: from here). `by_word`: a moderator has said yes."""

    host: str | None
    group: str
    person: Person
    joined_today: int = 0
    by_word: bool = False

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        facts = JoinFacts(
            group=self.group,
            joining=Joining.AUTOMATIC,
            host=self.host,
            attestation=self.person.attestation(self.host, now),
            criteria=self.person.criteria(ruleset),
            capable=True,
            in_reach=True,
            joined_today=self.joined_today,
            members_there=1,
        )
        return (may_accept if self.by_word else may_join)(facts, ruleset, now)


@dataclass(frozen=True, slots=True)
class Posts:
    """A member of a group of ours posts in it, from a host (None: from here)."""

    host: str | None
    group: str
    person: Person

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        criteria = criteria_of_group(ruleset.groups.get(self.group), self.person.criteria(ruleset))
        group = GroupFacts(self.group, member=True, criteria=criteria)
        facts = PostFacts(Audience.GROUP, (group,), attestation=self.person.attestation(self.host, now))
        return posting.decide(facts, ruleset, now)


@dataclass(frozen=True, slots=True)
class Counts:
    """Somebody counts as verified here."""

    host: str | None
    person: Person

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        answer = standing(self.person.attestation(self.host, now), verified_here(ruleset), ruleset, now)
        return Deny(answer.rule, answer.reason) if isinstance(answer, Unverified) else Allow("verification:attestation")


@dataclass(frozen=True, slots=True)
class Held:
    """One more thing of a host is held, when so many are."""

    host: str
    held: int

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        return may_hold(HeldFacts(self.host, self.held), ruleset, now)


@dataclass(frozen=True, slots=True)
class Waits:
    """Something is held of a host since so many days and a moment."""

    host: str
    days: int

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        return may_wait(self.host, now - self.days * DAY - 1, ruleset, now)


@dataclass(frozen=True, slots=True)
class Kept:
    """A post of a host is kept that was written so many days and a moment ago."""

    host: str
    days: int

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        return may_keep(self.host, now - self.days * DAY - 1, ruleset, now)


@dataclass(frozen=True, slots=True)
class Takes:
    """A list of peers of this name, under this key, of this version, is taken."""

    name: str
    key: str
    version: int

    def decide(self, ruleset: Ruleset, now: int) -> Decision:
        decision = may_trust(self.name, self.key, ruleset)
        if isinstance(decision, Deny):
            return decision
        found = FederationList(self.name, self.version, day_of(now), {})
        return may_take(found, ruleset.lists[self.name], day_of(now))


@dataclass(frozen=True, slots=True)
class Alone:
    """One admin widens the ruleset without a second one."""

    def decide(self, ruleset: Ruleset, now: int) -> Decision:  # noqa: ARG002  # every case is asked alike
        return may_widen_alone(ruleset)


Case: TypeAlias = (
    Knock | Arrival | Sending | Fetching | Looks | Joins | Posts | Counts | Held | Waits | Kept | Takes | Alone
)


def permits_more(draft: Decision, present: Decision) -> bool:
    """Whether a decision lets something through that another refuses, holds, or lets through in part only."""
    if not isinstance(draft, Allow | Limit):
        return False
    if not isinstance(present, Allow | Limit):
        return True
    return not _changes(present) <= _changes(draft)


def _changes(decision: Decision) -> frozenset[str]:
    return frozenset(decision.changes) if isinstance(decision, Limit) else frozenset()


def _parts(part: Part | None) -> frozenset[Part]:
    return frozenset({part} if part else ())
