"""What a ruleset answers about a host, a day, an audience, a group."""

from datetime import date

import pytest

from policies.decision import Reason
from policies.rules import parse
from policies.ruleset import SEALED, Sharing, day_of, group_reaches, peer_standing, sharing
from policies.terms import Audience, PeerState

RULES = parse("""
[instance]
organisation = "CHU A"
[audiences]
public = "allow"
direct = "verified"
[peers."b.example"]
organisation = "CHU B"
state = "active"
agreement = { reference = "1", from = 2026-01-10, until = 2026-12-31 }
audiences = { direct = "deny" }
[peers."t.example"]
organisation = "T"
state = "trial"
agreement = { reference = "2", from = 2026-01-10, until = 2026-12-31 }
[peers."q.example"]
organisation = "Q"
state = "quarantined"
[peers."p.example"]
organisation = "P"
state = "proposed"
agreement = { reference = "3", from = 2020-01-01, until = 2020-12-31 }
[peers."bad.example"]
organisation = "Bad"
state = "suspended"
[peers."good.bad.example"]
organisation = "Good"
state = "active"
[groups.listed]
reach = ["b.example"]
[groups.instance]
reach = "instance"
[groups.active]
reach = "active"
[groups.silent]
verified_from = "register"
""")
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("host", "today", "state", "cause", "key"),
    [
        (
            "b.example",
            date(2026, 1, 9),
            PeerState.QUARANTINED,
            Reason.AGREEMENT_NOT_STARTED,
            'peers."b.example".agreement',
        ),
        ("b.example", date(2026, 1, 10), PeerState.ACTIVE, None, 'peers."b.example".state'),
        ("b.example", date(2026, 12, 31), PeerState.ACTIVE, None, 'peers."b.example".state'),
        ("b.example", date(2027, 1, 1), PeerState.QUARANTINED, Reason.AGREEMENT_EXPIRED, 'peers."b.example".agreement'),
        ("t.example", TODAY, PeerState.TRIAL, Reason.PEER_TRIAL, 'peers."t.example".state'),
        ("t.example", date(2027, 1, 1), PeerState.QUARANTINED, Reason.AGREEMENT_EXPIRED, 'peers."t.example".agreement'),
        ("q.example", TODAY, PeerState.QUARANTINED, Reason.PEER_QUARANTINED, 'peers."q.example".state'),
        ("p.example", TODAY, PeerState.PROPOSED, Reason.PEER_PROPOSED, 'peers."p.example".state'),
        ("bad.example", TODAY, PeerState.SUSPENDED, Reason.PEER_SUSPENDED, 'peers."bad.example".state'),
        ("a.very.bad.example", TODAY, PeerState.SUSPENDED, Reason.PEER_SUSPENDED, 'peers."bad.example".state'),
        ("bad.example:8443", TODAY, PeerState.SUSPENDED, Reason.PEER_SUSPENDED, 'peers."bad.example".state'),
        ("BAD.Example.", TODAY, PeerState.SUSPENDED, Reason.PEER_SUSPENDED, 'peers."bad.example".state'),
        ("good.bad.example", TODAY, PeerState.ACTIVE, None, 'peers."good.bad.example".state'),
        ("notbad.example", TODAY, PeerState.UNKNOWN, Reason.PEER_UNKNOWN, "instance.network"),
        ("sub.b.example", TODAY, PeerState.UNKNOWN, Reason.PEER_UNKNOWN, "instance.network"),
        ("b.example:8443", TODAY, PeerState.UNKNOWN, Reason.PEER_UNKNOWN, "instance.network"),
        ("", TODAY, PeerState.UNKNOWN, Reason.PEER_UNKNOWN, "instance.network"),
    ],
)
def test_peer_standing(host: str, today: date, state: PeerState, cause: Reason | None, key: str) -> None:
    standing = peer_standing(RULES, host, today)
    assert (standing.state, standing.cause, standing.key) == (state, cause, key)
    assert (standing.peer is None) == (state is PeerState.UNKNOWN)


def test_a_peer_overrides_the_instance_and_what_nobody_names_is_refused() -> None:
    peer = RULES.peers["b.example"]
    assert sharing(RULES, peer, Audience.DIRECT) == (Sharing.DENY, 'peers."b.example".audiences.direct')
    assert sharing(RULES, peer, Audience.PUBLIC) == (Sharing.ALLOW, "audiences.public")
    assert sharing(RULES, None, Audience.DIRECT) == (Sharing.VERIFIED, "audiences.direct")
    assert sharing(RULES, peer, Audience.GROUP) == (Sharing.DENY, "audiences.group")
    assert all(sharing(SEALED, None, audience)[0] is Sharing.DENY for audience in Audience)


@pytest.mark.parametrize(
    ("group", "host", "reaches"),
    [
        ("listed", "b.example", True),
        ("listed", "c.example", False),
        ("instance", "b.example", False),
        ("active", "b.example", True),
        ("silent", "b.example", True),
        ("unnamed", "b.example", True),
    ],
)
def test_group_reaches(group: str, host: str, *, reaches: bool) -> None:
    assert group_reaches(RULES, group, host) is reaches


def test_days_are_those_of_utc() -> None:
    assert day_of(1_767_225_599_999) == date(2025, 12, 31)
    assert day_of(1_767_225_600_000) == date(2026, 1, 1)
