"""What goes out, to whom, and when it is tried again."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Allow, Decision, Deny, Hold, Reason
from policies.delivery import (
    HOST_BACKOFF_MOST,
    HOUR,
    RETRY_AFTER,
    SECOND,
    SendFacts,
    host_rests_until,
    is_parked,
    may_send,
    next_attempt,
    places,
    send_steps,
)
from policies.rules import parse
from policies.ruleset import Network
from policies.terms import Audience, Kind

RULES = parse("""
[instance]
organisation = "CHU A"
[audiences]
public = "allow"
unlisted = "hold"
followers = "allow"
direct = "verified"
group = "members"
[peers."active.example"]
organisation = "Active"
state = "active"
[peers."strict.example"]
organisation = "Strict"
state = "active"
audiences = { public = "deny", group = "deny" }
[peers."slow.example"]
organisation = "Slow"
state = "active"
audiences = { group = "hold" }
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
[peers."reach.example"]
organisation = "Reach"
state = "active"
onward = "reach"
[peers."nowhere.example"]
organisation = "Nowhere"
state = "active"
onward = "deny"
[groups.cardiologie]
reach = ["active.example"]
""")
OPEN = replace(RULES, network=Network.OPEN)
TODAY = date(2026, 11, 22)
POST = SendFacts("active.example", Kind.CONTENT, Audience.PUBLIC)
GROUP = replace(POST, audience=Audience.GROUP, capable=True, members=True, in_reach=True, group="cardiologie")
TO_HOME = replace(POST, audience=Audience.GROUP, capable=True, onward=frozenset())


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (POST, Allow('state:peers."active.example".state')),
        (replace(POST, audience=Audience.UNLISTED), Hold("audience:audiences.unlisted", Reason.AUDIENCE_HELD)),
        (replace(POST, audience=Audience.FOLLOWERS), Allow('state:peers."active.example".state')),
        (
            replace(POST, audience=Audience.DIRECT),
            Deny("verification:audiences.direct", Reason.RECIPIENT_UNVERIFIED),
        ),
        (replace(POST, audience=Audience.DIRECT, verified=True), Allow('state:peers."active.example".state')),
        (
            replace(POST, host="strict.example"),
            Deny('audience:peers."strict.example".audiences.public', Reason.AUDIENCE_REFUSED),
        ),
        (replace(POST, host="trial.example"), Allow('state:peers."trial.example".state')),
        (
            replace(POST, host="trial.example", audience=Audience.FOLLOWERS),
            Deny('audience:peers."trial.example".state', Reason.PUBLIC_ONLY),
        ),
        (replace(POST, host="held.example"), Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED)),
        (
            replace(POST, host="held.example", kind=Kind.CONTROL),
            Hold('state:peers."held.example".state', Reason.PEER_QUARANTINED),
        ),
        (replace(POST, host="late.example"), Hold('state:peers."late.example".agreement', Reason.AGREEMENT_EXPIRED)),
        (replace(POST, host="proposed.example"), Deny('state:peers."proposed.example".state', Reason.PEER_PROPOSED)),
        (
            replace(POST, host="proposed.example", kind=Kind.CONTROL),
            Deny('state:peers."proposed.example".state', Reason.PEER_PROPOSED),
        ),
        (replace(POST, host="bad.example"), Deny('state:peers."bad.example".state', Reason.PEER_SUSPENDED)),
        (replace(POST, host="nobody.example"), Deny("state:instance.network", Reason.PEER_UNKNOWN)),
        (replace(POST, host="in.example"), Deny('direction:peers."in.example".direction', Reason.DIRECTION)),
        (replace(POST, host="in.example", kind=Kind.CONTROL), Allow('state:peers."in.example".state')),
        (replace(POST, host="out.example"), Allow('state:peers."out.example".state')),
        # our group's posts
        (GROUP, Allow('state:peers."active.example".state')),
        (replace(GROUP, capable=False), Deny("group:capability", Reason.NOT_CAPABLE)),
        (replace(GROUP, members=False), Deny("group:members", Reason.NO_MEMBER_THERE)),
        (replace(GROUP, members=False, unconfirmed=True), Hold("group:members", Reason.UNCONFIRMED)),
        (
            replace(GROUP, members=False, unconfirmed=True, in_reach=False),
            Deny("group:reach", Reason.OUT_OF_REACH),
        ),
        (replace(GROUP, in_reach=False), Deny("group:reach", Reason.OUT_OF_REACH)),
        (replace(GROUP, host="out.example"), Deny("group:groups.cardiologie.reach", Reason.OUT_OF_REACH)),
        (replace(GROUP, host="out.example", group="other"), Allow('state:peers."out.example".state')),
        (
            replace(GROUP, host="strict.example", group="other"),
            Deny('audience:peers."strict.example".audiences.group', Reason.AUDIENCE_REFUSED),
        ),
        (
            replace(GROUP, host="slow.example", group="other"),
            Hold('audience:peers."slow.example".audiences.group', Reason.AUDIENCE_HELD),
        ),
        (
            replace(GROUP, host="late.example", group="other"),
            Hold('state:peers."late.example".agreement', Reason.AGREEMENT_EXPIRED),
        ),
        (
            replace(GROUP, host="trial.example", group="other"),
            Deny('audience:peers."trial.example".state', Reason.PUBLIC_ONLY),
        ),
        (replace(GROUP, kind=Kind.CONTROL, members=False), Allow('state:peers."active.example".state')),
        # our member's post to another home's group
        (TO_HOME, Allow('state:peers."active.example".state')),
        (replace(TO_HOME, capable=False), Deny("group:capability", Reason.NOT_CAPABLE)),
    ],
)
def test_what_goes_out(facts: SendFacts, expected: Decision) -> None:
    assert may_send(facts, RULES, TODAY) == expected


@pytest.mark.parametrize(
    ("home", "host", "expected"),
    [
        ("active.example", "active.example", Allow('state:peers."active.example".state')),
        ("active.example", "out.example", Allow('state:peers."active.example".state')),
        (
            "active.example",
            "in.example",
            Deny('direction:peers."in.example".direction', Reason.ONWARD_REFUSED, about="in.example"),
        ),
        (
            "active.example",
            "strict.example",
            Deny('audience:peers."strict.example".audiences.group', Reason.ONWARD_REFUSED, about="strict.example"),
        ),
        (
            "active.example",
            "trial.example",
            Deny('audience:peers."trial.example".state', Reason.ONWARD_REFUSED, about="trial.example"),
        ),
        (
            "active.example",
            "bad.example",
            Deny('state:peers."bad.example".state', Reason.ONWARD_REFUSED, about="bad.example"),
        ),
        (
            "active.example",
            "late.example",
            Hold('state:peers."late.example".agreement', Reason.AGREEMENT_EXPIRED, about="late.example"),
        ),
        (
            "active.example",
            "slow.example",
            Hold('audience:peers."slow.example".audiences.group', Reason.AUDIENCE_HELD, about="slow.example"),
        ),
        (
            "active.example",
            "nobody.example",
            Deny("state:instance.network", Reason.ONWARD_REFUSED, about="nobody.example"),
        ),
        (
            "reach.example",
            "nobody.example",
            Deny("state:instance.network", Reason.ONWARD_REFUSED, about="nobody.example"),
        ),
        (
            "nowhere.example",
            "active.example",
            Deny('onward:peers."nowhere.example".onward', Reason.ONWARD_REFUSED, about="active.example"),
        ),
    ],
)
def test_one_refused_host_in_reach_stops_the_whole_post(home: str, host: str, expected: Decision) -> None:
    facts = replace(TO_HOME, host=home, onward=frozenset({host}))
    assert may_send(facts, RULES, TODAY) == expected
    among_others = replace(facts, onward=frozenset({home, host}))
    assert may_send(among_others, RULES, TODAY) == expected


def test_onward_in_an_open_network() -> None:
    """REACH trusts the group's home for hosts that nobody listed; LISTED never does; neither for a refused one."""
    onward = frozenset({"nobody.example"})
    assert isinstance(may_send(replace(TO_HOME, host="reach.example", onward=onward), OPEN, TODAY), Allow)
    listed = may_send(replace(TO_HOME, onward=onward), OPEN, TODAY)
    assert listed == Deny("audience:instance.network", Reason.ONWARD_REFUSED, about="nobody.example")
    bad = may_send(replace(TO_HOME, host="reach.example", onward=frozenset({"bad.example"})), OPEN, TODAY)
    assert bad == Deny('state:peers."bad.example".state', Reason.ONWARD_REFUSED, about="bad.example")


def test_a_group_at_an_unknown_home_gets_nothing_onward() -> None:
    facts = replace(TO_HOME, host="nobody.example", onward=frozenset({"active.example"}))
    assert Deny("onward", Reason.ONWARD_REFUSED, about="active.example") in list(send_steps(facts, OPEN, TODAY))


def test_an_open_network_sends_public_posts_to_unknown_hosts() -> None:
    facts = replace(POST, host="nobody.example")
    assert may_send(facts, OPEN, TODAY) == Allow("state:instance.network")
    refused = may_send(replace(facts, audience=Audience.FOLLOWERS), OPEN, TODAY)
    assert refused == Deny("audience:instance.network", Reason.PUBLIC_ONLY)


def test_the_trace_names_the_rules_in_order() -> None:
    facts = replace(TO_HOME, onward=frozenset({"out.example"}))
    steps = [step.rule.partition(":")[0] for step in send_steps(facts, RULES, TODAY)]
    assert steps == ["state", "direction", "audience", "verification", "group", "onward"]
    assert list(send_steps(replace(facts, kind=Kind.RETRACTION, host="bad.example"), RULES, TODAY)) == [
        Allow("retraction")
    ]


def test_retries_go_on_for_days_and_end() -> None:
    now, waited = 1_000_000, 0
    for attempts, expected in enumerate(RETRY_AFTER, start=1):
        at = next_attempt(attempts, now, 0.0)
        assert at == now + expected
        waited += expected
    assert next_attempt(len(RETRY_AFTER) + 1, now, 0.0) is None
    assert 5 * 24 * HOUR < waited < 7 * 24 * HOUR


@settings(deadline=None)
@given(st.integers(1, len(RETRY_AFTER)), st.integers(0, 2**45), st.floats(0, 1))
def test_jitter_only_delays_and_by_a_quarter_at_most(attempts: int, now: int, jitter: float) -> None:
    at = next_attempt(attempts, now, jitter)
    assert at is not None
    assert now + RETRY_AFTER[attempts - 1] <= at <= now + RETRY_AFTER[attempts - 1] * 1.25


def test_a_host_that_fails_for_days_is_parked_and_tried_once_a_day() -> None:
    day = 24 * 3_600_000
    assert not is_parked(0, 9 * day)
    assert not is_parked(1, 6 * day)
    assert is_parked(1, 6 * day + 1)
    assert host_rests_until(1, 7, 0.0, parked=True) == 7 + day


def test_a_host_gets_fewer_places_when_it_fails_again_and_again() -> None:
    assert [places(failures) for failures in range(5)] == [4, 4, 4, 1, 1]


def test_a_failing_host_rests_longer_and_longer_up_to_an_hour() -> None:
    rests = [host_rests_until(failures, 0, 0.0) for failures in range(1, 60)]
    assert rests[:3] == [10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert rests == sorted(rests)
    assert rests[-1] == HOST_BACKOFF_MOST
    assert host_rests_until(1, 7, 1.0) == 7 + 12_500
