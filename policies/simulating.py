"""What a draft would have done to what was decided: recorded facts, asked again of both rulesets on the day they were of.

Must not know: the log, posts. `policies.widening` says what a draft could do; this says what it would have done here.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from policies.admission import ActivityFacts, admit_activity
from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.delivery import SendFacts, may_send
from policies.ruleset import Ruleset, day_of
from policies.terms import Audience, Kind, Part

EXAMPLES = 3


class Point(StrEnum):
    """The decision points that are recorded, by the names that they have in the log."""

    SEND = "send"
    POST = "post"
    ADMIT = "admit"


class Becomes(StrEnum):
    """What a decision would be that it is not under the present ruleset."""

    ALLOWED = "allowed"
    LIMITED = "limited"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of the log. `facts`: what it rests on, as it was written; `digest` is the same for the same facts."""

    point: str
    object_uri: str
    host: str
    digest: str
    facts: dict[str, Any]
    decided_at: int


@dataclass(frozen=True, slots=True)
class Line:
    """So many decisions that would be others: about one host, group and kind of thing; with the ids of some."""

    becomes: Becomes
    host: str
    group: str
    kind: str
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class Replay:
    """Takes lines of the log one by one; `lines` says what came of them."""

    present: Ruleset
    draft: Ruleset
    seen: int = 0
    _known: dict[object, tuple[Becomes, str, str] | None] = field(default_factory=dict)
    _counts: Counter[tuple[Becomes, str, str, str]] = field(default_factory=Counter)
    _examples: dict[tuple[Becomes, str, str, str], list[str]] = field(default_factory=dict)

    def add(self, recorded: Recorded) -> None:
        """Ask both rulesets; the same facts on the same day are asked once."""
        self.seen += 1
        key = recorded.digest, recorded.point, day_of(recorded.decided_at)
        if key not in self._known:
            self._known[key] = self._judge(recorded)
        found = self._known[key]
        if found is None:
            return
        becomes, group, kind = found
        topic = becomes, recorded.host, group, kind
        self._counts[topic] += 1
        examples = self._examples.setdefault(topic, [])
        if len(examples) < EXAMPLES:
            examples.append(recorded.object_uri)

    def lines(self) -> list[Line]:
        """What would be otherwise, the most frequent first."""
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return [Line(*topic, count, tuple(self._examples[topic])) for topic, count in ranked]

    def _judge(self, recorded: Recorded) -> tuple[Becomes, str, str] | None:
        facts = read_facts(recorded.point, recorded.facts)
        today = day_of(recorded.decided_at)
        before, after = (
            may_send(facts, ruleset, today) if isinstance(facts, SendFacts) else admit_activity(facts, ruleset, today)
            for ruleset in (self.present, self.draft)
        )
        if _kind_of(before) == _kind_of(after):
            return None
        group = facts.group if isinstance(facts, SendFacts) else ""
        return _kind_of(after)[0], group, f"{recorded.point} {facts.audience}"


def read_facts(point: str, facts: dict[str, Any]) -> SendFacts | ActivityFacts:
    """Facts as they were written, as the decision point takes them."""
    common = {
        "host": facts["host"],
        "kind": Kind(facts["kind"]),
        "audience": Audience(facts["audience"]),
        "verified": facts["verified"],
        "capable": facts["capable"],
        "parts": frozenset(Part(part) for part in facts.get("parts", ())),
    }
    if point == Point.ADMIT:
        embedded = frozenset(facts["embedded"])
        return ActivityFacts(**common, embedded=embedded, approach=facts["approach"], joined=facts["joined"])
    onward = facts["onward"]
    return SendFacts(
        **common,
        members=facts["members"],
        unconfirmed=facts.get("unconfirmed", False),
        in_reach=facts["in_reach"],
        group=facts["group"],
        onward=None if onward is None else frozenset(onward),
    )


def _kind_of(decision: Decision) -> tuple[Becomes, tuple[str, ...]]:
    match decision:
        case Allow():
            return Becomes.ALLOWED, ()
        case Limit():
            return Becomes.LIMITED, decision.changes
        case Hold():
            return Becomes.HELD, ()
        case Deny():
            return Becomes.REFUSED, ()
        case _ as never:
            assert_never(never)
