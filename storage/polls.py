"""Polls and who voted for what. Whoever may see a post may see its poll; who voted for what is shown to nobody but the voter."""

from collections import Counter
from collections.abc import Iterable, Sequence

from storage.database import Reader, Transaction
from storage.follows import Inbox
from storage.records import Poll, columns, make, placeholders, values

_COLUMNS = columns(Poll, "q")
_INSERT = "INSERT INTO polls ({}) VALUES ({})".format(*placeholders(Poll))


async def get_poll(tx: Reader, poll_id: int) -> Poll | None:
    return make(Poll, await tx.row(f"SELECT {_COLUMNS} FROM polls q WHERE q.id = :id", id=poll_id))


async def get_poll_of(tx: Reader, status_id: int) -> Poll | None:
    return make(Poll, await tx.row(f"SELECT {_COLUMNS} FROM polls q WHERE q.status_id = :id", id=status_id))


async def lock_poll(tx: Transaction, poll_id: int) -> Poll | None:
    """The poll, kept as it is until the transaction ends: votes are counted one after the other."""
    return make(Poll, await tx.row(f"SELECT {_COLUMNS} FROM polls q WHERE q.id = :id /*pg FOR UPDATE*/", id=poll_id))


async def list_polls(tx: Reader, status_ids: Iterable[int]) -> dict[int, Poll]:
    """By post."""
    found = await tx.rows(f"SELECT {_COLUMNS} FROM polls q WHERE q.status_id IN :ids", ids=list(status_ids))
    return {poll.status_id: poll for poll in (Poll(*row) for row in found)}


async def insert_poll(tx: Transaction, poll: Poll) -> None:
    await tx.execute(_INSERT, **values(poll))


async def update_tallies(
    tx: Transaction, poll_id: int, tallies: str, *, voters: int | None, changed_at: int, ended: bool = False
) -> None:
    """`tallies`: JSON list of how many voted for each option. `ended`: its end was told to all who should know."""
    await tx.execute(
        "UPDATE polls SET tallies = :tallies, voters = :voters, changed_at = :changed, "
        "ended = CASE WHEN :ended = 1 THEN 1 ELSE ended END WHERE id = :id",
        id=poll_id,
        tallies=tallies,
        voters=voters,
        changed=changed_at,
        ended=int(ended),
    )


async def update_terms(tx: Transaction, poll_id: int, *, hide_totals: bool, expires_at: int | None) -> None:
    """What an author may change without taking votes back."""
    await tx.execute(
        "UPDATE polls SET hide_totals = :hide, expires_at = :expires, ended = 0 WHERE id = :id",
        id=poll_id,
        hide=int(hide_totals),
        expires=expires_at,
    )


async def delete_poll(tx: Transaction, poll_id: int) -> None:
    """With every vote."""
    await tx.execute("DELETE FROM polls WHERE id = :id", id=poll_id)


async def insert_vote(tx: Transaction, vote_id: int, poll_id: int, actor_id: int, position: int, *, uri: str) -> bool:
    """False when the actor has voted for this option before."""
    return bool(
        await tx.execute(
            "INSERT INTO poll_votes (id, poll_id, actor_id, position, uri) VALUES (:id, :poll, :actor, :position, :uri) "
            "ON CONFLICT (poll_id, actor_id, position) DO NOTHING",
            id=vote_id,
            poll=poll_id,
            actor=actor_id,
            position=position,
            uri=uri,
        )
    )


async def list_votes_of(tx: Reader, poll_id: int, actor_id: int) -> list[int]:
    """For which options an actor voted."""
    found = await tx.rows(
        "SELECT v.position FROM poll_votes v WHERE v.poll_id = :poll AND v.actor_id = :actor ORDER BY v.position",
        poll=poll_id,
        actor=actor_id,
    )
    return [row[0] for row in found]


async def count_votes(tx: Reader, poll_id: int, *, options: int) -> tuple[list[int], int]:
    """How many voted for each option, and how many voted at all, as far as their votes came here."""
    found = await tx.rows("SELECT v.position, v.actor_id FROM poll_votes v WHERE v.poll_id = :id", id=poll_id)
    counted = Counter(row[0] for row in found)
    return [counted[position] for position in range(options)], len({row[1] for row in found})


async def list_local_voter_ids(tx: Reader, poll_id: int) -> list[int]:
    """Our members who voted."""
    found = await tx.rows(
        "SELECT DISTINCT v.actor_id FROM poll_votes v JOIN members m ON m.actor_id = v.actor_id WHERE v.poll_id = :id",
        id=poll_id,
    )
    return [row[0] for row in found]


async def list_voter_inboxes(tx: Reader, poll_id: int) -> list[Inbox]:
    """Each place where remote voters read, once."""
    found = await tx.rows(
        "SELECT DISTINCT a.host, coalesce(a.shared_inbox, a.inbox) FROM poll_votes v JOIN actors a ON a.id = v.actor_id "
        "WHERE v.poll_id = :id AND a.host <> '' AND a.disabled_at IS NULL",
        id=poll_id,
    )
    return [Inbox(*row) for row in found]


async def list_ended(tx: Reader, *, now: int, limit: int) -> Sequence[int]:
    """Ids of polls whose time is over and whose end was not told yet."""
    found = await tx.rows(
        "SELECT q.id FROM polls q WHERE q.ended = 0 AND q.expires_at <= :now ORDER BY q.expires_at LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [row[0] for row in found]


async def list_untold(tx: Reader, *, before: int, limit: int) -> Sequence[int]:
    """Ids of our members' polls with votes that other servers were not told of since a moment (unix ms)."""
    found = await tx.rows(
        "SELECT q.id FROM polls q JOIN statuses s ON s.id = q.status_id JOIN members m ON m.actor_id = s.actor_id "
        "WHERE q.changed_at > q.told_at AND q.told_at < :before ORDER BY q.told_at LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [row[0] for row in found]


async def claim_telling(tx: Transaction, poll_id: int, *, told_at: int, now: int) -> bool:
    """Take it on oneself to tell the results; False when another process did since `told_at`."""
    changed = await tx.execute(
        "UPDATE polls SET told_at = :now WHERE id = :id AND told_at = :told", id=poll_id, told=told_at, now=now
    )
    return changed > 0


async def claim_end(tx: Transaction, poll_id: int) -> bool:
    """Take it on oneself to tell that a poll is over; False when another process did."""
    return await tx.execute("UPDATE polls SET ended = 1 WHERE id = :id AND ended = 0", id=poll_id) > 0
