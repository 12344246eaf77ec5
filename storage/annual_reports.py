"""What a member did in a year, for themselves: counted in a bounded number of queries, and kept as it was counted.

A report is made to be shown around, so only what everybody may see counts, as in the counts of a profile: nothing of what
was said in groups, to followers or directly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage.database import Reader, Transaction
from storage.ids import first_id
from storage.records import AnnualReport, columns, placeholders, values

_COLUMNS = columns(AnnualReport, "r")
_INSERT = "INSERT INTO annual_reports ({}) VALUES ({})".format(*placeholders(AnnualReport))

# What a member `actor` posted in the year for everybody.
_POSTED = (
    "statuses s WHERE s.actor_id = :actor AND s.id >= :first_id AND s.id < :last_id "
    "AND s.audience IN ('public', 'unlisted')"
)
_BY = {"by_reblogs": "boosts_count", "by_favourites": "favourites_count", "by_replies": "replies_count"}
_MOST_TAGS = 40


@dataclass(frozen=True, slots=True)
class Year:
    """A year by the beginnings (unix ms) of its months and of the next year."""

    starts: Sequence[int]

    @property
    def bounds(self) -> dict[str, int]:
        return {"first": self.starts[0], "last": self.starts[-1]}

    @property
    def ids(self) -> dict[str, int]:
        return {"first_id": first_id(self.starts[0]), "last_id": first_id(self.starts[-1])}

    @property
    def months(self) -> dict[str, int]:
        return {f"end{number}": start for number, start in enumerate(self.starts[1:], 1)}


@dataclass(frozen=True, slots=True)
class Kinds:
    """How many posts of each kind; one with a poll is one of those that stand by themselves."""

    alone: int = 0
    replies: int = 0
    boosts: int = 0
    polls: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """A year in numbers; `statuses`, `following` and `followers` by month."""

    kinds: Kinds
    top: dict[str, int | None]
    tags: list[tuple[str, int]]
    statuses: dict[int, int] = field(default_factory=dict)
    following: dict[int, int] = field(default_factory=dict)
    followers: dict[int, int] = field(default_factory=dict)


async def has_posted(tx: Reader, actor_id: int, year: Year) -> bool:
    """Whether there is anything to report."""
    found = await tx.row(f"SELECT s.id FROM {_POSTED} LIMIT 1", actor=actor_id, **year.ids)
    return found is not None


async def get_figures(tx: Reader, actor_id: int, year: Year) -> Figures:
    """Eight queries, however much was posted."""
    return Figures(
        kinds=await _count_kinds(tx, actor_id, year),
        top=await _list_top(tx, actor_id, year),
        tags=await _list_tags(tx, actor_id, year),
        statuses=await _count_monthly(tx, _POSTED, "s.created_at", year, actor=actor_id, **year.ids),
        following=await _count_follows(tx, "follower_id", actor_id, year),
        followers=await _count_follows(tx, "followee_id", actor_id, year),
    )


async def _count_kinds(tx: Reader, actor_id: int, year: Year) -> Kinds:
    found = await tx.row(
        "SELECT coalesce(sum(CASE WHEN s.boost_of_id IS NULL AND s.in_reply_to_uri IS NULL THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN s.in_reply_to_uri IS NOT NULL AND coalesce(s.in_reply_to_actor_id, 0) <> :actor "
        "THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN s.boost_of_id IS NOT NULL THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM polls p WHERE p.status_id = s.id) THEN 1 ELSE 0 END), 0) "
        f"FROM {_POSTED}",
        actor=actor_id,
        **year.ids,
    )
    return Kinds(*(int(number) for number in found or ()))


async def _list_top(tx: Reader, actor_id: int, year: Year) -> dict[str, int | None]:
    """Which post was boosted, liked and answered most, each another one; None where none was."""
    top: dict[str, int | None] = {}
    for name, column in _BY.items():
        top[name] = await tx.value(
            f"SELECT s.id FROM {_POSTED} AND s.boost_of_id IS NULL AND s.{column} > 0 AND s.id NOT IN :named "
            f"ORDER BY s.{column} DESC, s.id LIMIT 1",
            actor=actor_id,
            named=[one for one in top.values() if one is not None],
            **year.ids,
        )
    return top


async def _list_tags(tx: Reader, actor_id: int, year: Year) -> list[tuple[str, int]]:
    """Those used more than once."""
    found = await tx.rows(
        "SELECT t.tag, count(*) FROM status_tags t WHERE t.status_id IN "
        f"(SELECT s.id FROM {_POSTED}) GROUP BY t.tag HAVING count(*) > 1 "
        "ORDER BY count(*) DESC, t.tag LIMIT :most",
        actor=actor_id,
        most=_MOST_TAGS,
        **year.ids,
    )
    return [(row[0], int(row[1])) for row in found]


async def _count_follows(tx: Reader, side: str, actor_id: int, year: Year) -> dict[int, int]:
    """Joining a group is no follow."""
    table = f"follows f WHERE f.{side} = :actor AND f.state = 'accepted' AND f.created_at >= :first AND f.created_at < :last"
    return await _count_monthly(tx, table, "f.created_at", year, actor=actor_id, **year.bounds)


async def _count_monthly(tx: Reader, table: str, moment: str, year: Year, **params: object) -> dict[int, int]:
    month = "CASE " + " ".join(f"WHEN {moment} < :end{number} THEN {number}" for number in range(1, 13)) + " END"
    found = await tx.rows(
        f"SELECT t.month, count(*) FROM (SELECT {month} AS month FROM {table}) t GROUP BY t.month",
        **params,
        **year.months,
    )
    return {int(row[0]): int(row[1]) for row in found if row[0] is not None}


async def insert_report(tx: Transaction, report: AnnualReport) -> None:
    """Once counted, a year stays as it was."""
    await tx.execute(f"{_INSERT} ON CONFLICT (owner_id, year) DO NOTHING", **values(report))


async def get_report(tx: Reader, owner_id: int, year: int) -> AnnualReport | None:
    return next((one for one in await list_reports(tx, owner_id) if one.year == year), None)


async def list_reports(tx: Reader, owner_id: int) -> list[AnnualReport]:
    """A member's, the latest year first."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM annual_reports r WHERE r.owner_id = :owner ORDER BY r.year DESC", owner=owner_id
    )
    return [AnnualReport(*row) for row in found]


async def mark_viewed(tx: Transaction, owner_id: int, year: int) -> bool:
    """False when there is no such report."""
    found = await tx.execute(
        "UPDATE annual_reports SET viewed = 1 WHERE owner_id = :owner AND year = :year", owner=owner_id, year=year
    )
    return found > 0
