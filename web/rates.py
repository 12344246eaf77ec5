"""Counting how often somebody asks, in windows of fixed length. Pure: time is a parameter. Must not know requests.

Counted per process and in memory: nothing is written for a read. Windows begin at multiples of their length, as
Mastodon's do, so that a whole generation of counters is dropped at once.
"""

from dataclasses import dataclass

MOST_COUNTERS = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` in `seconds`."""

    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Every limit on people and their apps. The defaults are Mastodon's (4.5, config/initializers/rack_attack.rb)."""

    member: Rate = Rate(1_500, 300)
    token: Rate = Rate(300, 300)
    address: Rate = Rate(300, 300)
    paging: Rate = Rate(300, 900)
    media: Rate = Rate(30, 1_800)
    deletes: Rate = Rate(30, 1_800)
    apps: Rate = Rate(5, 600)
    sign_ups: Rate = Rate(5, 1_800)
    sign_ins_of_address: Rate = Rate(25, 300)
    sign_ins_to_account: Rate = Rate(25, 3_600)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one rate leaves to somebody. `resets_at` is in unix ms."""

    limit: int
    remaining: int
    resets_at: int
    exceeded: bool


class Limiter:
    """The counters of one process. When there are too many, the oldest are forgotten."""

    def __init__(self, most: int = MOST_COUNTERS) -> None:
        self._most = most
        self._windows: dict[str, tuple[int, dict[str, int]]] = {}

    def spend(self, name: str, rate: Rate, who: str, *, now: int) -> Allowance:
        """Count one act of `who` against the rate called `name`; `now` in unix ms."""
        length = rate.seconds * 1000
        started = now - now % length
        counts = self._counts(name, started)
        spent = counts.pop(who, 0) + 1  # taken out and put in again: the one that asked least recently comes first
        counts[who] = spent
        if len(counts) > self._most:
            del counts[next(iter(counts))]
        return Allowance(rate.limit, max(0, rate.limit - spent), started + length, exceeded=spent > rate.limit)

    def _counts(self, name: str, started: int) -> dict[str, int]:
        window = self._windows.get(name)
        if window is None or window[0] != started:
            self._windows[name] = window = (started, {})
        return window[1]
