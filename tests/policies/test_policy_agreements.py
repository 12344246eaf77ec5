"""When admins are told that an agreement ends."""

from datetime import date, timedelta

import pytest

from policies.agreements import days_left, warning_due
from policies.ruleset import Agreement, Peer
from policies.terms import Level, PeerState

UNTIL = date(2027, 1, 10)
AGREED = Agreement("2026-014", date(2026, 1, 10), UNTIL)


def peer(state: PeerState = PeerState.ACTIVE, agreement: Agreement | None = AGREED) -> Peer:
    return Peer("b.example", "CHU B", state, Level.CHECKED, agreement=agreement)


@pytest.mark.parametrize(
    ("left", "due"),
    [(61, None), (60, 60), (59, 60), (31, 60), (30, 30), (8, 30), (7, 7), (2, 7), (1, 1), (0, 1), (-1, None)],
)
def test_the_last_step_that_has_come_is_told(left: int, due: int | None) -> None:
    assert warning_due(peer(), UNTIL - timedelta(days=left)) == due


@pytest.mark.parametrize("state", PeerState)
def test_only_what_depends_on_an_agreement_is_told(state: PeerState) -> None:
    expected = 7 if state in {PeerState.ACTIVE, PeerState.TRIAL} else None
    assert warning_due(peer(state), UNTIL - timedelta(days=7)) == expected
    assert warning_due(peer(state, None), UNTIL) is None
    assert days_left(peer(state), AGREED.starts - timedelta(days=1)) is None
