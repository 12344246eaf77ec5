"""Memberships of a restored copy: nobody is a member whom nobody has confirmed. Orders of messages: test_policy_protocol.py."""

from dataclasses import replace

import pytest

from policies.decision import Allow, Deny, Reason
from policies.membership import HOUR
from policies.seats import (
    ACTIVE,
    ASKING,
    ENDED,
    INVITED,
    PRESENT,
    UNCONFIRMED,
    Ended,
    Seat,
    Told,
    after_accept,
    after_confirmation,
    after_loss,
    after_reject,
    after_restore,
    after_slice,
    is_present,
    may_declare_lost,
    may_keep_copies,
    may_replay,
)

NOW = 1_000 * HOUR
SEAT = Seat(UNCONFIRMED, 5, NOW + HOUR)
TOLD = Told(7, NOW, 24)


DAY = 24 * HOUR


def test_only_a_home_elsewhere_that_was_silent_for_a_week_is_lost() -> None:
    assert may_declare_lost(local=False, silent_since=NOW - 7 * DAY, now=NOW) == Allow("group:lost")
    refused = Deny("group:lost", Reason.HOME_ANSWERS)
    assert may_declare_lost(local=False, silent_since=NOW - 7 * DAY + 1, now=NOW) == refused
    assert may_declare_lost(local=False, silent_since=0, now=NOW) == refused
    assert may_declare_lost(local=True, silent_since=NOW - 9 * DAY, now=NOW) == refused


def test_who_was_a_member_when_the_home_fell_silent_reads_on() -> None:
    until = NOW + DAY
    for state in (ASKING, INVITED, UNCONFIRMED, ENDED, "banned"):
        assert after_loss(Seat(state, 5, 0), until) == Seat(state, 5, 0)
    assert after_loss(Seat(ACTIVE, 5, NOW - DAY), until) == Seat(ACTIVE, 5, until)
    assert after_loss(Seat(ACTIVE, 5, until + 1), until) == Seat(ACTIVE, 5, until + 1)


def test_who_was_a_member_is_unconfirmed_unless_nobody_knows_better() -> None:
    active = replace(SEAT, state=ACTIVE)
    assert after_restore(active, surely=False) == SEAT
    assert after_restore(active, surely=True) == active
    for state in (ASKING, INVITED, ENDED, "banned"):
        seat = replace(SEAT, state=state)
        assert after_restore(seat, surely=False) == seat


def test_who_is_unconfirmed_sees_nothing_and_loses_nothing() -> None:
    assert not is_present(SEAT, NOW)
    assert UNCONFIRMED in PRESENT  # posts are not purged meanwhile
    assert may_keep_copies(1) == Allow("group:member")


def test_the_slice_confirms_or_ends() -> None:
    assert after_slice(SEAT, TOLD, NOW, listed=True) == Seat(ACTIVE, 7, NOW + 24 * HOUR)
    assert after_slice(SEAT, TOLD, NOW, listed=False) == Seat(ENDED, 7)
    newer = replace(SEAT, epoch=8)
    assert after_slice(newer, TOLD, NOW, listed=False) == newer


def test_an_accept_does_not_confirm_but_a_reject_ends() -> None:
    """An Accept may be from before a removal that the copy has never heard of."""
    assert after_accept(SEAT, TOLD, NOW) == Deny("group:pending", Reason.GROUP_NOT_JOINED)
    assert after_reject(SEAT, 7) == Seat(ENDED, 7)


@pytest.mark.parametrize("state", [UNCONFIRMED, ENDED, ASKING, "banned"])
def test_a_confirmation_is_for_the_unconfirmed_alone(state: str) -> None:
    seat = replace(SEAT, state=state)
    assert after_confirmation(seat) == (replace(SEAT, state=ACTIVE) if state == UNCONFIRMED else seat)


@pytest.mark.parametrize(
    ("epoch", "changed_at", "told"),
    [(5, 10, True), (5, 20, True), (4, 30, True), (5, 21, False), (6, 10, False)],
)
def test_an_end_is_told_to_a_copy_that_does_not_know_better(epoch: int, changed_at: int, told: bool) -> None:  # noqa: FBT001  # a table
    decision = may_replay(Seat(ACTIVE, epoch), changed_at, Ended(5, 20))
    assert isinstance(decision, Allow) is told
