"""Asking whether an activity may in, and writing down when it may not: who, by which rule, on which facts; no content."""

from federation.act import Act
from federation.rules import Subject, record
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Allow, Decision
from policies.ruleset import day_of
from policies.simulating import Point


async def admit(act: Act, facts: ActivityFacts, uri: str) -> Decision:
    """What `policies.admission` says of an activity or a post, by its id."""
    decision = admit_activity(facts, act.rules.ruleset, day_of(act.now))
    if not isinstance(decision, Allow):
        await record(act.tx, act.rules, decision, Subject(Point.ADMIT, uri, facts.host), facts, act.now)
    return decision
