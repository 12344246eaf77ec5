"""Snowflake ids: decimal, ordered by time, one space for statuses, boosts and notifications. Knows no table.

`(unix ms << 16) | 16 random bits`: clients order ids as numbers and compute them from dates, and a counter would
collide between processes and let readers count posts they cannot see.
"""

import secrets

_given: set[int] = set()
_given_in = 0


def new_id(now: int) -> int:
    """An id for the moment `now` (unix ms), never given twice by this process.

    Two processes may still collide: `Database.transact` then runs the unit again.
    """
    global _given_in  # noqa: PLW0603  # what this millisecond has used belongs to the process
    if now != _given_in:
        _given.clear()
        _given_in = now
    while (made := (now << 16) | secrets.randbits(16)) in _given:
        pass
    _given.add(made)
    return made


def milliseconds(snowflake: int) -> int:
    """When an id was made, in unix ms."""
    return snowflake >> 16


def first_id(now: int) -> int:
    """The least id of a moment: the bound to compare with in queries by time."""
    return now << 16
