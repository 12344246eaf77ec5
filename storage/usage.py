"""How much this instance is used, as anybody may know it: group-only and restricted posts are counted nowhere."""

from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.visibility import VISIBLE

DAY = 24 * 3_600_000
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970 began on a Thursday
KEPT_WEEKS = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """`active`: members who posted publicly since the moment asked for. `posts`: what members here have published."""

    members: int
    active: int
    posts: int


async def get_usage(tx: Reader, *, since: int) -> Usage:
    """Counted now; `since` in unix ms."""
    row = await tx.row(
        "SELECT count(*), count(CASE WHEN a.last_status_at >= :since THEN 1 END), coalesce(sum(a.statuses_count), 0) "
        "FROM members m JOIN actors a ON a.id = m.actor_id WHERE m.disabled_at IS NULL AND a.disabled_at IS NULL",
        since=since,
    )
    return Usage(*(int(value) for value in row)) if row else Usage(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Week:
    """A week in UTC, from Monday on: public posts written here, members who used an app, accounts that were made."""

    began_at: int
    posts: int
    active: int
    members: int


def week_of(now: int) -> int:
    """Weeks are numbered from the Monday after 1970 began."""
    return (now - MONDAY) // WEEK


async def insert_use(tx: Transaction, actor_id: int, *, now: int) -> None:
    """A member uses an app this week. What is older than anybody may ask for is forgotten."""
    week = week_of(now)
    await tx.execute(
        "INSERT INTO member_weeks (week, actor_id) VALUES (:week, :actor) ON CONFLICT (week, actor_id) DO NOTHING",
        week=week,
        actor=actor_id,
    )
    await tx.execute("DELETE FROM member_weeks WHERE week <= :last", last=week - KEPT_WEEKS)


async def list_weeks(tx: Reader, *, first: int, count: int, now: int) -> list[Week]:
    """So many weeks from the first on. Of posts, only those that are for everybody are counted."""
    since = first * WEEK + MONDAY
    posts = await tx.rows(
        "SELECT (s.created_at - :since) / :week, count(*) FROM members m JOIN statuses s ON s.actor_id = m.actor_id "
        "JOIN actors a ON a.id = s.actor_id WHERE s.created_at >= :since AND s.boost_of_id IS NULL "
        f"AND s.audience IN ('public', 'unlisted') AND {VISIBLE} GROUP BY 1",
        since=since,
        week=WEEK,
        viewer=0,
        now=now,
    )
    members = await tx.rows(
        "SELECT (created_at - :since) / :week, count(*) FROM members WHERE created_at >= :since GROUP BY 1",
        since=since,
        week=WEEK,
    )
    active = await tx.rows(
        "SELECT week - :first, count(*) FROM member_weeks WHERE week >= :first GROUP BY 1", first=first
    )
    counts = [{int(row[0]): int(row[1]) for row in rows} for rows in (posts, active, members)]
    return [Week(since + number * WEEK, *(one.get(number, 0) for one in counts)) for number in range(count)]
