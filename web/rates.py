"""Counting how often somebody asks, in windows of fixed length. Pure: time is a parameter. Must not know requests.

Counted per process and in memory: nothing is written for a read. What was counted lately may be taken out, to be added
to what other processes counted, and their sum learnt (`web.shared_rates`). Windows begin at multiples of their length,
as Mastodon's do, so that a whole generation of counters is dropped at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

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
    confirmations: Rate = Rate(5, 1_800)
    sign_ins_of_address: Rate = Rate(25, 300)
    sign_ins_to_account: Rate = Rate(25, 3_600)

    @property
    def longest_ms(self) -> int:
        """The length of the longest window."""
        rates: list[Rate] = [getattr(self, one.name) for one in fields(self)]
        return max(rate.seconds for rate in rates) * 1000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one rate leaves to somebody. `resets_at` is in unix ms."""

    limit: int
    remaining: int
    resets_at: int
    exceeded: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted: the acts of `who` against a rate, in the window that began at `started` (unix ms)."""

    rate: str
    who: str
    started: int


class Limiter:
    """The counters of one process. When there are too many, the oldest are forgotten."""

    def __init__(self, most: int = MOST_COUNTERS) -> None:
        self._most = most
        self._windows: dict[str, tuple[int, dict[str, int]]] = {}
        self._news: dict[Counter, int] | None = None

    def spend(self, name: str, rate: Rate, who: str, *, now: int) -> Allowance:
        """Count one act of `who` against the rate called `name`; `now` in unix ms."""
        length = rate.seconds * 1000
        started = now - now % length
        counts = self._counts(name, started)
        spent = counts.pop(who, 0) + 1  # taken out and put in again: the one that asked least recently comes first
        counts[who] = spent
        if len(counts) > self._most:
            del counts[next(iter(counts))]
        if self._news is not None and len(self._news) < self._most:
            counter = Counter(name, who, started)
            self._news[counter] = self._news.get(counter, 0) + 1
        return Allowance(rate.limit, max(0, rate.limit - spent), started + length, exceeded=spent > rate.limit)

    def take_news(self) -> dict[Counter, int]:
        """What was counted since the last time, which begins with the first."""
        taken, self._news = self._news or {}, {}
        return taken

    def learn(self, sums: Mapping[Counter, int]) -> None:
        """What all processes have counted, with what was taken here; what was counted since comes on top."""
        news = self._news or {}
        for counter, total in sums.items():
            window = self._windows.get(counter.rate)
            if window is not None and window[0] == counter.started and counter.who in window[1]:
                window[1][counter.who] = total + news.get(counter, 0)

    def _counts(self, name: str, started: int) -> dict[str, int]:
        window = self._windows.get(name)
        if window is None or window[0] != started:
            self._windows[name] = window = (started, {})
        return window[1]
