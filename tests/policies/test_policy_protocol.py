"""The protocol of memberships, searched: what must never be is in no state, and each guard is what keeps it out.

`make search` goes further, with four members, three hosts and both groups, for as many states as it is told.
"""

import os
from collections.abc import Callable

import pytest

from policies import seats
from policies.decision import Allow, Deny
from policies.membership import HOUR
from tests.policies import protocol
from tests.policies.protocol import ANNA, BEA, BEN, CARL, Member, Search, World, world

MOST = int(os.environ.get("CONFRERE_SEARCH", "12000"))
"""States of each world that is too large to be searched to its end with all other tests."""

DORA = Member("Dora", "A", (0, 1))
ELLA = Member("Ella", "C", (0, 1))

WHOLE = {
    "asks, leaves, is removed": world(BEN, ask=3, leave=1, remove=1, post=1, crash=1),
    "leases and slices": world(BEN, ask=2, remove=1, post=1, pull=2, tick=1),
    "late by two hours": world(BEN, ask=1, remove=1, post=1, pull=1, tick=2),
    "the home is restored": world(BEN, ask=2, remove=1, post=1, backup=1, restore=1, tick=1),
    "two of one host": world(BEN, BEA, ask=2, leave=1, remove=2, post=1),
    "two groups": world(DORA, BEN, ask=3, remove=1, post=1),
}
LARGE = {
    "four members": world(ANNA, BEN, BEA, CARL, ask=5, leave=1, remove=2, post=2, tick=1, pull=1),
    "both groups, three hosts": world(DORA, BEN, BEA, ELLA, ask=6, remove=2, post=2, tick=1, pull=1),
    "restored": world(ANNA, BEN, CARL, ask=4, remove=1, post=1, backup=2, restore=2, pull=2, tick=1),
}


@pytest.mark.parametrize("name", WHOLE)
def test_no_order_of_messages_breaks_an_invariant(name: str) -> None:
    states, way = Search(WHOLE[name]).run()
    assert way is None, "\n".join(way or ())
    assert states > 200


@pytest.mark.parametrize("name", LARGE)
def test_no_order_within_reach_breaks_an_invariant(name: str) -> None:
    states, way = Search(LARGE[name]).run(MOST)
    assert way is None, "\n".join(way or ())
    assert states > 1000


Fault = Callable[[pytest.MonkeyPatch], None]


def without_epochs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats, "accept_epoch", lambda _last, _received: Allow("seeded"))


def without_leases(patch: pytest.MonkeyPatch) -> None:
    for module in (seats, protocol):
        patch.setattr(module, "lease_live", lambda until, _now: bool(until))


def leases_from_when_they_are_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats, "lease_until", lambda _issued, hours, now: now + int(hours * HOUR))


def without_purges(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats, "may_keep_copies", lambda _here: Allow("seeded"))


def with_old_follows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(seats, "may_ask_by", lambda _follow, _known, _answered: Allow("seeded"))


def with_nothing(_: pytest.MonkeyPatch) -> None:
    """The fault is in the world."""


SMALL = world(BEN, ask=2, remove=1, post=1, tick=1, crash=1)
FAULTS: list[tuple[Fault, World, str]] = [
    (without_epochs, SMALL, "Ben reads in group 0 after B heard of the removal"),
    (without_leases, SMALL, "Ben reads in group 0 and is no member"),
    (leases_from_when_they_are_heard, SMALL, "Ben reads in group 0 and is no member"),
    (without_purges, SMALL, "B keeps posts of group 0, and nobody there is in it"),
    (with_old_follows, SMALL, "Ben is in group 0 again by the Follow that was answered before the removal"),
    (
        with_nothing,
        world(BEN, locked=False, ask=1, remove=1, post=1),
        "B is sent a post, and its last member was removed before",
    ),
]


@pytest.mark.parametrize(("fault", "place", "wrong"), FAULTS, ids=[fault.__name__ for fault, _, _ in FAULTS])
def test_a_guard_that_is_taken_out_is_found_missing(
    fault: Fault, place: World, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the shortest way there, in words."""
    fault(monkeypatch)
    _, way = Search(place).run()
    assert way is not None
    assert way[0] == "Ben asks to join group 0"
    assert way[-1] == f"→ {wrong}"
    assert len(way) <= 11


def test_a_way_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    without_purges(monkeypatch)
    _, way = Search(world(BEN, ask=1, remove=1, post=1)).run()
    assert way is not None
    assert way[:2] == ["Ben asks to join group 0", "follow of Ben for group 0 arrives ['0/1']"]
    assert "A removes Ben from group 0" in way
    assert way[-2:] == ["B goes its round", "→ B keeps posts of group 0, and nobody there is in it"]


def test_what_was_told_of_nobody_or_of_something_newer_changes_nothing() -> None:
    told = seats.Told(5, protocol.START, 1)
    assert isinstance(seats.may_keep_copies(1), Allow)
    assert isinstance(seats.after_reject(None, 5), Deny)
    assert isinstance(seats.after_accept(None, told, protocol.START), Deny)
    newer = seats.Seat(seats.ACTIVE, 6, protocol.START + 1)
    assert seats.after_slice(newer, told, protocol.START, listed=False) == newer
    asking = seats.Seat(seats.ASKING)
    assert seats.after_slice(asking, told, protocol.START, listed=False) == asking
    banned = seats.Seat("banned", 4)
    assert seats.after_slice(banned, told, protocol.START, listed=True) == banned
    assert seats.after_reject(banned, 5) == seats.Seat("banned", 5)


def test_a_lease_that_is_told_again_is_not_cut_short() -> None:
    seat = seats.Seat(seats.ACTIVE, 5, protocol.START + 2 * HOUR)
    again = seats.Told(5, protocol.START, 1)
    assert seats.after_accept(seat, again, protocol.START) == seat
    assert seats.after_accept(seat, seats.Told(6, protocol.START, 1), protocol.START) == seats.Seat(
        seats.ACTIVE, 6, protocol.START + HOUR
    )
