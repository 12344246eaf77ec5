"""Joining, accepting, leaving, removing; epochs and leases."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decision import Allow, Decision, Deny, Hold, Reason, Remedy
from policies.membership import (
    HOUR,
    Closed,
    JoinFacts,
    Joining,
    LeaveFacts,
    RemoveFacts,
    accept_epoch,
    lease_live,
    lease_until,
    may_accept,
    may_ask,
    may_close,
    may_join,
    may_leave,
    may_list_members,
    may_manage,
    may_remove,
    may_stay,
    next_epoch,
)
from policies.rules import parse
from policies.terms import Level, PeerState
from policies.verification import AttestationFacts, Criteria

RULES = parse("""
[instance]
organisation = "CHU A"
[audiences]
group = "members"
[peers."b.example"]
organisation = "CHU B"
state = "active"
[peers."late.example"]
organisation = "Late"
state = "active"
agreement = { reference = "1", from = 2025-01-01, until = 2025-12-31 }
[peers."trial.example"]
organisation = "Trial"
state = "trial"
[peers."strict.example"]
organisation = "Strict"
state = "active"
audiences = { group = "deny" }
[groups.reached]
reach = ["b.example"]
[groups.strict]
verified_from = "register"
""")
NOW = 1_795_000_000_000  # 2026-11-18
OWN = AttestationFacts(Level.CHECKED, "physician", NOW - HOUR, NOW + HOUR)
LOCAL = JoinFacts("reached", Joining.AUTOMATIC, attestation=OWN, criteria=Criteria(Level.CHECKED))
REMOTE = replace(
    LOCAL,
    host="b.example",
    attestation=replace(OWN, issuer="b.example", by_instance_actor=True, confirmed_at=NOW),
    capable=True,
    in_reach=True,
    members_there=1,
)
OTHER = replace(REMOTE, host="strict.example")


@pytest.mark.parametrize(
    ("facts", "joined", "accepted"),
    [
        (LOCAL, Allow("verification:attestation"), None),
        (replace(LOCAL, joining=Joining.REQUEST), Hold("group:joining request", Reason.AWAITS_MODERATOR), None),
        (replace(LOCAL, joining=Joining.INVITE), Deny("group:joining invite", Reason.INVITATION_NEEDED), None),
        (replace(LOCAL, joining=Joining.REQUEST, invited=True), Allow("verification:attestation"), None),
        (replace(LOCAL, joining=Joining.INVITE, invited=True), Allow("verification:attestation"), None),
        (
            replace(LOCAL, attestation=None),
            Deny("verification:attestation", Reason.NOT_ATTESTED, Remedy.VERIFY),
            Reason.NOT_ATTESTED,
        ),
        (
            replace(LOCAL, attestation=None, invited=True),
            Deny("verification:attestation", Reason.NOT_ATTESTED, Remedy.VERIFY),
            Reason.NOT_ATTESTED,
        ),
        (replace(LOCAL, attestation=None, criteria=Criteria()), Allow("verification:anyone"), None),
        (
            replace(LOCAL, group="strict"),
            Deny("verification:level", Reason.LEVEL_TOO_LOW, Remedy.VERIFY),
            Reason.LEVEL_TOO_LOW,
        ),
        (replace(LOCAL, banned=True, invited=True), Deny("group:banned", Reason.BANNED), Reason.BANNED),
        (replace(LOCAL, person=False, invited=True), Deny("group:person", Reason.PEOPLE_ONLY), Reason.PEOPLE_ONLY),
        (replace(LOCAL, closed=True, invited=True), Deny("group:closed", Reason.GROUP_CLOSED), Reason.GROUP_CLOSED),
        (
            replace(LOCAL, unmoderated=True),
            Deny("group:moderators", Reason.GROUP_UNMODERATED),
            Reason.GROUP_UNMODERATED,
        ),
        (replace(LOCAL, joined_today=99), Allow("verification:attestation"), None),
        (REMOTE, Allow('state:peers."b.example".state'), None),
        (replace(REMOTE, capable=False), Deny("group:capability", Reason.NOT_CAPABLE), Reason.NOT_CAPABLE),
        (replace(REMOTE, in_reach=False), Deny("group:reach", Reason.OUT_OF_REACH), Reason.OUT_OF_REACH),
        (replace(REMOTE, joined_today=4), Allow('state:peers."b.example".state'), None),
        (
            replace(REMOTE, joined_today=5),
            Hold('limits:peers."b.example".limits.new_members_per_day', Reason.DAILY_CAP),
            None,
        ),
        (replace(REMOTE, joined_today=5, invited=True), Allow('state:peers."b.example".state'), None),
        (
            replace(REMOTE, attestation=replace(OWN, issuer="b.example", by_instance_actor=True)),
            Hold("verification:freshness", Reason.ATTESTATION_STALE),
            Reason.ATTESTATION_STALE,
        ),
        (
            replace(REMOTE, host="nobody.example", group="other"),
            Deny("state:instance.network", Reason.PEER_UNKNOWN),
            Reason.PEER_UNKNOWN,
        ),
        (
            replace(REMOTE, host="trial.example", group="other"),
            Deny('state:peers."trial.example".state', Reason.PEER_TRIAL),
            Reason.PEER_TRIAL,
        ),
        (
            replace(REMOTE, host="late.example", group="other"),
            Hold('state:peers."late.example".agreement', Reason.AGREEMENT_EXPIRED),
            Reason.AGREEMENT_EXPIRED,
        ),
        (
            replace(OTHER, group="other"),
            Deny('audience:peers."strict.example".audiences.group', Reason.AUDIENCE_REFUSED),
            Reason.AUDIENCE_REFUSED,
        ),
        (
            replace(REMOTE, host="late.example"),
            Deny("group:groups.reached.reach", Reason.OUT_OF_REACH),
            Reason.OUT_OF_REACH,
        ),
    ],
)
def test_join_and_accept(facts: JoinFacts, joined: Decision, accepted: Reason | None) -> None:
    assert may_join(facts, RULES, NOW) == joined
    assert getattr(may_accept(facts, RULES, NOW), "reason", None) is accepted


def test_only_people_ask_wherever_the_group_lives() -> None:
    assert may_ask(person=True) == Allow("group:person")
    assert may_ask(person=False) == Deny("group:person", Reason.PEOPLE_ONLY)


def test_the_first_member_of_a_host_is_a_notice() -> None:
    first = replace(REMOTE, members_there=0)
    for answer in (may_join(first, RULES, NOW), may_accept(first, RULES, NOW)):
        assert answer == Allow('state:peers."b.example".state', (Reason.FIRST_OF_HOST,))


def test_remove_and_leave() -> None:
    assert may_remove(RemoveFacts(by_moderator=True)) == Allow("group:moderator")
    assert may_remove(RemoveFacts(by_moderator=False)) == Deny("group:moderator", Reason.NOT_MODERATOR)
    last = RemoveFacts(by_moderator=True, last_moderator=True)
    assert may_remove(last) == Deny("group:moderator", Reason.NO_MODERATOR_LEFT)
    assert may_leave(LeaveFacts()) == Allow("retraction")
    assert may_leave(LeaveFacts(last_moderator=True)) == Allow("retraction", (Reason.NO_MODERATOR_LEFT,))


def test_accept_epoch() -> None:
    assert accept_epoch(None, 5) == Allow("group:epoch")
    assert accept_epoch(5, 5) == Allow("group:epoch")
    assert accept_epoch(5, 6) == Allow("group:epoch", (Reason.EPOCH_MOVED,))
    assert accept_epoch(5, 4) == Deny("group:epoch", Reason.EPOCH_OLD)


@settings(deadline=None)
@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_epochs_only_grow_and_a_later_act_is_never_refused(previous: int, now: int) -> None:
    following = next_epoch(previous, now)
    assert following > previous
    assert following >= now
    assert isinstance(accept_epoch(previous, following), Allow)
    assert isinstance(accept_epoch(following, previous), Deny)


@pytest.mark.parametrize(
    ("issued", "hours", "until"),
    [(0, 24, 24 * HOUR), (0, 0, HOUR), (0, 1000, 168 * HOUR), (9 * HOUR, 24, 25 * HOUR), (0, 1.5, HOUR * 3 // 2)],
)
def test_lease_until(issued: int, hours: float, until: int) -> None:
    assert lease_until(issued, hours, now=HOUR) == until


@settings(deadline=None)
@given(st.integers(0, 2**62), st.floats(allow_nan=False), st.integers(0, 2**62))
def test_no_promise_makes_a_lease_outlast_its_bounds(issued: int, hours: float, now: int) -> None:
    assert lease_until(issued, hours, now) <= now + 168 * HOUR


def test_lease_live() -> None:
    assert lease_live(11, 10)
    assert not lease_live(10, 10)
    assert not lease_live(None, 10)


def test_who_moderates_a_group_sets_it() -> None:
    assert may_manage(moderator=True) == Allow("group:moderator")
    assert may_manage(moderator=False) == Deny("group:moderator", Reason.NOT_MODERATOR)


@pytest.mark.parametrize(
    ("member", "moderator", "shown_to", "reason"),
    [
        (True, False, "members", None),
        (True, True, "moderators", None),
        (True, False, "moderators", Reason.NOT_MODERATOR),
        (False, False, "members", Reason.NOT_A_MEMBER),
        (False, True, "moderators", Reason.NOT_A_MEMBER),  # one who has lapsed
    ],
)
def test_who_reads_the_list_of_members(*, member: bool, moderator: bool, shown_to: str, reason: Reason | None) -> None:
    decision = may_list_members(member=member, moderator=moderator, shown_to=shown_to)
    assert getattr(decision, "reason", None) is reason


@pytest.mark.parametrize("closed", Closed)
def test_a_group_that_is_purged_stays_so(closed: Closed) -> None:
    over = closed in {Closed.PURGING, Closed.PURGED}
    assert getattr(may_close(closed), "reason", None) is (Reason.GROUP_CLOSED if over else None)


def test_a_quarantine_ends_no_membership_and_anything_else_does() -> None:
    distrusted = Deny("verification:peers.b", Reason.ISSUER_NOT_TRUSTED)
    assert may_stay(distrusted, PeerState.QUARANTINED) == Hold("verification:peers.b", Reason.PEER_QUARANTINED)
    for peer in (None, *(state for state in PeerState if state is not PeerState.QUARANTINED)):
        assert may_stay(distrusted, peer) == distrusted
    for met in (Deny("x", Reason.ATTESTATION_REVOKED), Allow("x")):
        assert may_stay(met, PeerState.QUARANTINED) == met
