"""What comes in: hosts and activities."""

from dataclasses import replace
from datetime import date

import pytest

from policies.admission import ActivityFacts, HostFacts, activity_steps, admit_activity, admit_host
from policies.decision import Allow, Deny, Hold, Reason, Remedy
from policies.rules import parse
from policies.ruleset import Network, Strangers
from policies.terms import Audience, Kind

RULES = parse("""
[instance]
organisation = "CHU A"
[peers."active.example"]
organisation = "Active"
state = "active"
[peers."trial.example"]
organisation = "Trial"
state = "trial"
[peers."held.example"]
organisation = "Held"
state = "quarantined"
[peers."late.example"]
organisation = "Late"
state = "active"
agreement = { reference = "1", from = 2025-01-01, until = 2025-12-31 }
[peers."proposed.example"]
organisation = "Proposed"
state = "proposed"
[peers."bad.example"]
organisation = "Bad"
state = "suspended"
[peers."in.example"]
organisation = "In"
state = "active"
direction = "in"
[peers."out.example"]
organisation = "Out"
state = "active"
direction = "out"
""")
OPEN = replace(RULES, network=Network.OPEN)
TODAY = date(2026, 11, 22)
POST = ActivityFacts("active.example", Kind.CONTENT, Audience.PUBLIC)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("active.example", None),
        ("trial.example", None),
        ("held.example", None),
        ("late.example", None),
        ("proposed.example", Reason.PEER_PROPOSED),
        ("bad.example", Reason.PEER_SUSPENDED),
        ("sub.bad.example", Reason.PEER_SUSPENDED),
        ("nobody.example", Reason.PEER_UNKNOWN),
    ],
)
def test_who_is_listened_to(host: str, reason: Reason | None) -> None:
    for kind in Kind:
        answer = admit_host(HostFacts(host, kind), RULES, TODAY)
        assert getattr(answer, "reason", None) is reason
    assert admit_host(HostFacts(host, Kind.RETRACTION, key_known=True), RULES, TODAY) == Allow("retraction")
    known_key = admit_host(HostFacts(host, Kind.CONTENT, key_known=True), RULES, TODAY)
    assert getattr(known_key, "reason", None) is reason


def test_an_open_network_listens_to_unknown_hosts_but_not_to_suspended_ones() -> None:
    assert admit_host(HostFacts("nobody.example"), OPEN, TODAY) == Allow("state:instance.network")
    assert isinstance(admit_host(HostFacts("bad.example"), OPEN, TODAY), Deny)
    assert isinstance(admit_host(HostFacts("proposed.example"), OPEN, TODAY), Deny)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (POST, Allow('state:peers."active.example".state')),
        (replace(POST, host="trial.example"), Hold('state:peers."trial.example".state', Reason.PEER_TRIAL)),
        (
            replace(POST, host="trial.example", kind=Kind.CONTROL),
            Allow('state:peers."trial.example".state'),
        ),
        (replace(POST, host="held.example"), Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED)),
        (
            replace(POST, host="held.example", kind=Kind.CONTROL),
            Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED),
        ),
        (replace(POST, host="late.example"), Hold('state:peers."late.example".agreement', Reason.AGREEMENT_EXPIRED)),
        (replace(POST, host="proposed.example"), Deny('state:peers."proposed.example".state', Reason.PEER_PROPOSED)),
        (replace(POST, host="bad.example"), Deny('state:peers."bad.example".state', Reason.PEER_SUSPENDED)),
        (replace(POST, host="nobody.example"), Deny("state:instance.network", Reason.PEER_UNKNOWN)),
        (
            replace(POST, host="nobody.example", kind=Kind.CONTROL),
            Deny("state:instance.network", Reason.PEER_UNKNOWN),
        ),
        (replace(POST, host="in.example"), Allow('state:peers."in.example".state')),
        (replace(POST, host="out.example"), Deny('direction:peers."out.example".direction', Reason.DIRECTION)),
        (replace(POST, host="out.example", kind=Kind.CONTROL), Allow('state:peers."out.example".state')),
        # every host embedded in it is asked as well
        (
            replace(POST, embedded=frozenset({"in.example", "bad.example"})),
            Deny('state:peers."bad.example".state', Reason.PEER_SUSPENDED),
        ),
        (
            replace(POST, embedded=frozenset({"held.example"})),
            Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED),
        ),
        (
            replace(POST, embedded=frozenset({"out.example"})),
            Deny('direction:peers."out.example".direction', Reason.DIRECTION),
        ),
        (
            replace(POST, embedded=frozenset({"nobody.example"})),
            Deny("state:instance.network", Reason.PEER_UNKNOWN),
        ),
        # strangers
        (
            replace(POST, audience=Audience.DIRECT, approach=True),
            Hold("verification:instance.strangers", Reason.STRANGER),
        ),
        (
            replace(POST, audience=Audience.DIRECT, approach=True, verified=True),
            Allow('state:peers."active.example".state'),
        ),
        (
            replace(POST, kind=Kind.CONTROL, audience=Audience.DIRECT, approach=True),
            Hold("verification:instance.strangers", Reason.STRANGER),
        ),
        # groups
        (replace(POST, audience=Audience.GROUP, joined=True), Deny("group:capability", Reason.NOT_CAPABLE)),
        (replace(POST, audience=Audience.GROUP, capable=True), Deny("group:joined", Reason.GROUP_NOT_JOINED)),
        (
            replace(POST, audience=Audience.GROUP, capable=True, joined=True),
            Allow('state:peers."active.example".state'),
        ),
        (
            replace(POST, kind=Kind.CONTROL, audience=Audience.GROUP),
            Allow('state:peers."active.example".state'),
        ),
    ],
)
def test_what_comes_in(facts: ActivityFacts, expected: Allow | Hold | Deny) -> None:
    assert admit_activity(facts, RULES, TODAY) == expected


def test_strangers_by_setting() -> None:
    facts = replace(POST, approach=True)
    rule = "verification:instance.strangers"
    denying = replace(RULES, strangers=Strangers.DENY)
    assert admit_activity(facts, denying, TODAY) == Deny(rule, Reason.STRANGER, Remedy.VERIFY)
    assert isinstance(admit_activity(facts, replace(RULES, strangers=Strangers.ALLOW), TODAY), Allow)


def test_an_open_network_takes_only_public_posts_from_unknown_hosts() -> None:
    for audience in Audience:
        facts = ActivityFacts("nobody.example", Kind.CONTENT, audience, capable=True, joined=True)
        answer = admit_activity(facts, OPEN, TODAY)
        if audience in {Audience.PUBLIC, Audience.UNLISTED}:
            assert isinstance(answer, Allow)
        else:
            assert answer == Deny("audience:instance.network", Reason.PUBLIC_ONLY)
    assert isinstance(admit_activity(replace(POST, host="nobody.example", kind=Kind.CONTROL), OPEN, TODAY), Allow)


def test_the_trace_names_the_rules_in_order() -> None:
    facts = ActivityFacts(
        "active.example", Kind.CONTENT, Audience.GROUP, embedded=frozenset({"in.example"}), capable=True, joined=True
    )
    steps = [step.rule.partition(":")[0] for step in activity_steps(facts, RULES, TODAY)]
    assert steps == [*("state", "direction", "audience") * 2, "verification", "group"]
    retraction = replace(facts, kind=Kind.RETRACTION, host="bad.example")
    assert list(activity_steps(retraction, RULES, TODAY)) == [Allow("retraction")]
