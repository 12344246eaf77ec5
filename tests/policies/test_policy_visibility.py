"""Who sees, who fetches."""

from dataclasses import replace
from datetime import date

import pytest

from policies.decision import Allow, Deny, Reason
from policies.rules import parse
from policies.ruleset import Network
from policies.terms import Audience
from policies.visibility import (
    Door,
    FetchFacts,
    MeetFacts,
    SeeFacts,
    fetch_steps,
    may_ask,
    may_fetch,
    may_meet,
    may_see,
)

MEMBER = SeeFacts(Audience.GROUP, viewer_active=True, member=True)
FOLLOWERS, DIRECT = SeeFacts(Audience.FOLLOWERS, viewer_active=True), SeeFacts(Audience.DIRECT, viewer_active=True)


@pytest.mark.parametrize(
    ("facts", "seen"),
    [
        (SeeFacts(Audience.PUBLIC), True),
        (SeeFacts(Audience.UNLISTED), True),
        (SeeFacts(Audience.FOLLOWERS), False),
        (SeeFacts(Audience.DIRECT), False),
        (SeeFacts(Audience.GROUP), False),
        (SeeFacts(Audience.PUBLIC, deleted=True), False),
        (SeeFacts(Audience.PUBLIC, author_active=False), False),
        (SeeFacts(Audience.PUBLIC, host_suspended=True), False),
        (FOLLOWERS, False),
        (replace(FOLLOWERS, follows=True), True),
        (replace(FOLLOWERS, mentioned=True), True),
        (replace(FOLLOWERS, is_author=True), True),
        (replace(FOLLOWERS, follows=True, viewer_active=False), False),
        (replace(FOLLOWERS, follows=True, deleted=True), False),
        (replace(FOLLOWERS, is_author=True, deleted=True), False),
        (replace(FOLLOWERS, is_author=True, viewer_active=False), False),
        (replace(FOLLOWERS, member=True), False),
        (DIRECT, False),
        (replace(DIRECT, follows=True), False),
        (replace(DIRECT, mentioned=True), True),
        (replace(DIRECT, is_author=True), True),
        (MEMBER, True),
        (replace(MEMBER, member=False), False),
        (replace(MEMBER, member=False, mentioned=True, follows=True, lease_live=True), False),
        (replace(MEMBER, member=False, is_author=True), True),
        (replace(MEMBER, group_remote=True), False),
        (replace(MEMBER, group_remote=True, lease_live=True), True),
        (replace(MEMBER, group_remote=True, lease_live=True, distributed=False), False),
        (replace(MEMBER, distributed=False, is_author=True), True),
        (replace(MEMBER, host_suspended=True), False),
        (replace(MEMBER, author_active=False), False),
        (replace(MEMBER, member=False, is_group=True), True),
        (replace(MEMBER, member=False, is_group=True, author_active=False), False),
        (replace(MEMBER, member=False, is_group=True, viewer_active=False), False),
        (replace(FOLLOWERS, is_group=True), False),
        (replace(DIRECT, is_group=True), False),
    ],
)
def test_who_sees(facts: SeeFacts, *, seen: bool) -> None:
    answer = may_see(facts)
    assert isinstance(answer, Allow) is seen
    if not seen:
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.NOT_FOUND


RULES = parse("""
[instance]
organisation = "CHU A"
[audiences]
public = "allow"
unlisted = "allow"
followers = "allow"
direct = "verified"
group = "members"
[peers."active.example"]
organisation = "Active"
state = "active"
[peers."strict.example"]
organisation = "Strict"
state = "active"
audiences = { public = "deny", unlisted = "hold" }
[peers."trial.example"]
organisation = "Trial"
state = "trial"
[peers."held.example"]
organisation = "Held"
state = "quarantined"
[peers."bad.example"]
organisation = "Bad"
state = "suspended"
[peers."in.example"]
organisation = "In"
state = "active"
direction = "in"
[groups.cardiologie]
reach = ["active.example"]
""")
OPEN = replace(RULES, network=Network.OPEN)
TODAY = date(2026, 11, 22)
GET = FetchFacts("active.example", Audience.PUBLIC, exists=True)
AT_GROUP = FetchFacts(
    "active.example",
    Audience.GROUP,
    exists=True,
    door=Door.GROUP,
    member=True,
    fresh=True,
    capable=True,
    in_reach=True,
    group="cardiologie",
)
AT_AUTHOR = replace(AT_GROUP, door=Door.AUTHOR, member=False, in_reach=False, group="", group_home=True)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (GET, None),
        (replace(GET, host=""), Reason.UNSIGNED),
        (replace(GET, host="", exists=False), Reason.UNSIGNED),
        (replace(GET, exists=False), Reason.NOT_FOUND),
        (replace(GET, host="nobody.example"), Reason.HOST_NOT_ADMITTED),
        (replace(GET, host="nobody.example", exists=False), Reason.HOST_NOT_ADMITTED),
        (replace(GET, host="bad.example"), Reason.HOST_NOT_ADMITTED),
        (replace(GET, host="held.example"), Reason.HOST_NOT_ADMITTED),
        (replace(GET, host="trial.example"), None),
        (replace(GET, host="trial.example", audience=Audience.FOLLOWERS, follower=True), Reason.NOT_FOUND),
        (replace(GET, host="in.example"), Reason.NOT_FOUND),
        (replace(GET, host="strict.example"), Reason.NOT_FOUND),
        (replace(GET, host="strict.example", audience=Audience.UNLISTED), Reason.NOT_FOUND),
        (replace(GET, audience=Audience.FOLLOWERS), Reason.NOT_FOUND),
        (replace(GET, audience=Audience.FOLLOWERS, follower=True), None),
        (replace(GET, audience=Audience.FOLLOWERS, addressed=True), None),
        (replace(GET, audience=Audience.DIRECT, verified=True), Reason.NOT_FOUND),
        (replace(GET, audience=Audience.DIRECT, follower=True, verified=True), Reason.NOT_FOUND),
        (replace(GET, audience=Audience.DIRECT, addressed=True), Reason.NOT_FOUND),
        (replace(GET, audience=Audience.DIRECT, addressed=True, verified=True), None),
        # the group's home opens to hosts of members
        (AT_GROUP, None),
        (replace(AT_GROUP, exists=False), Reason.NOT_FOUND),
        (replace(AT_GROUP, member=False), Reason.NOT_FOUND),
        (replace(AT_GROUP, member=False, group_home=True), Reason.NOT_FOUND),
        (replace(AT_GROUP, fresh=False), Reason.NOT_FOUND),
        (replace(AT_GROUP, capable=False), Reason.NOT_FOUND),
        (replace(AT_GROUP, in_reach=False), Reason.NOT_FOUND),
        (replace(AT_GROUP, host="strict.example"), Reason.NOT_FOUND),
        (replace(AT_GROUP, host="strict.example", group="other"), None),
        (replace(AT_GROUP, host="trial.example", group="other"), Reason.NOT_FOUND),
        (replace(AT_GROUP, host="held.example", group="other"), Reason.HOST_NOT_ADMITTED),
        (replace(AT_GROUP, host=""), Reason.UNSIGNED),
        # the author's home opens to the group's home
        (AT_AUTHOR, None),
        (replace(AT_AUTHOR, fresh=False), Reason.NOT_FOUND),
        (replace(AT_AUTHOR, group_home=False, member=True, in_reach=True), Reason.NOT_FOUND),
    ],
)
def test_who_fetches(facts: FetchFacts, reason: Reason | None) -> None:
    answer = may_fetch(facts, RULES, TODAY)
    assert getattr(answer, "reason", None) is reason
    asked_first = may_ask(facts.host, RULES, TODAY)
    assert isinstance(asked_first, Deny) is (reason in {Reason.UNSIGNED, Reason.HOST_NOT_ADMITTED})


def test_an_open_network_serves_public_posts_to_unknown_hosts() -> None:
    assert isinstance(may_fetch(replace(GET, host="nobody.example"), OPEN, TODAY), Allow)
    hidden = may_fetch(replace(GET, host="nobody.example", audience=Audience.FOLLOWERS, follower=True), OPEN, TODAY)
    assert isinstance(hidden, Deny)
    assert hidden.reason is Reason.NOT_FOUND


def test_the_trace_keeps_the_true_rule() -> None:
    trace = [step.rule for step in fetch_steps(replace(GET, host="in.example"), RULES, TODAY)]
    assert trace == [
        'state:peers."in.example".state',
        "fetch:exists",
        'direction:peers."in.example".direction',
        "audience:audiences.public",
        "verification:audiences.public",
        "fetch:public",
    ]


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        (MeetFacts(), True),
        (MeetFacts(silenced=True), False),
        (MeetFacts(silenced=True, follows=True), True),
        (MeetFacts(silenced=True, is_self=True), True),
    ],
)
def test_who_meets_whom_unasked(facts: MeetFacts, *, met: bool) -> None:
    assert isinstance(may_meet(facts), Allow) is met
