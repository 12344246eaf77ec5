"""Having a collection of an actor elsewhere read at its home, in its turn (`readers` does it).

No request waits for it, and nobody can make us read often: each collection once in a while, each host so often an hour.
"""

from dataclasses import dataclass

from storage import readings
from storage.database import Transaction
from storage.ids import new_id
from storage.records import Actor, Reading

MINUTE = 60_000
HOUR = 60 * MINUTE
MOST_AN_HOUR = 200  # of one kind at one host


@dataclass(frozen=True, slots=True)
class Kind:
    """What a collection is for. `wait` (ms): until what is under way has arrived; `every` (ms): not more often."""

    name: str
    wait: int
    every: int


FOLLOWERS = Kind("followers", wait=MINUTE, every=HOUR)
PINS = Kind("pins", wait=0, every=12 * HOUR)
TAGS = Kind("tags", wait=0, every=12 * HOUR)
ATTESTATION = Kind("attestation", wait=0, every=12 * HOUR)


async def ask(tx: Transaction, kind: Kind, actor: Actor, url: str, *, now: int) -> None:
    """Have a collection of an actor read; nothing happens when that is due already, or was not long ago."""
    if await readings.count_since(tx, kind.name, actor.host, now - HOUR) >= MOST_AN_HOUR:
        return
    due = now + kind.wait
    wanted = Reading(new_id(now), actor.id, kind.name, url, actor.host, "due", attempts=0, due_at=due, asked_at=now)
    await readings.upsert_reading(tx, wanted, before=now - kind.every)
