"""What those who look after the instance are told in numbers, by day and by kind. What is said in groups, to followers or to
one person is in none of them, nor are memberships.
"""

from dataclasses import dataclass

from storage.database import Reader
from storage.usage import DAY, MONDAY, WEEK
from storage.visibility import VISIBLE

_EVERYBODYS = f"s.audience IN ('public', 'unlisted') AND {VISIBLE}"
_POSTS = f"statuses s JOIN actors a ON a.id = s.actor_id WHERE s.boost_of_id IS NULL AND {_EVERYBODYS}"
_TAGGED = (
    "status_tags t JOIN statuses s ON s.id = t.status_id JOIN actors a ON a.id = s.actor_id "
    f"WHERE t.tag = :subject AND s.audience = 'public' AND {VISIBLE}"
)
_ADMITTED = "members m WHERE m.confirmed_at IS NOT NULL AND m.approved_at IS NOT NULL"
_ON_OURS = f"JOIN actors a ON a.id = s.actor_id WHERE a.host = '' AND {_EVERYBODYS}"
_INTERACTIONS = (
    f"(SELECT f.created_at AS at FROM favourites f JOIN statuses s ON s.id = f.status_id {_ON_OURS} "
    f"UNION ALL SELECT b.created_at FROM statuses b JOIN statuses s ON s.id = b.boost_of_id {_ON_OURS} "
    "AND b.audience IN ('public', 'unlisted') "
    f"UNION ALL SELECT r.created_at FROM statuses r JOIN statuses s ON s.id = r.in_reply_to_id {_ON_OURS} "
    "AND r.audience IN ('public', 'unlisted')) x WHERE 1 = 1"
)
_FOLLOWS = "follows f JOIN actors a ON a.id = f.{} WHERE f.state = 'accepted' AND a.host = :subject"


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is counted, when it happened (unix ms), and where it stands; `:subject` is the tag or host it is about."""

    count: str
    at: str
    source: str


_MEASURES = {
    "active_users": _Measure(
        "count(DISTINCT w.actor_id)", f"(w.week * {WEEK} + {MONDAY})", "member_weeks w WHERE 1 = 1"
    ),
    "new_users": _Measure("count(*)", "m.created_at", _ADMITTED),
    "interactions": _Measure("count(*)", "x.at", _INTERACTIONS),
    "opened_reports": _Measure("count(*)", "r.created_at", "reports r WHERE 1 = 1"),
    "resolved_reports": _Measure("count(*)", "r.resolved_at", "reports r WHERE r.resolved_at IS NOT NULL"),
    "tag_accounts": _Measure("count(DISTINCT s.actor_id)", "s.created_at", _TAGGED),
    "tag_uses": _Measure("count(*)", "s.created_at", _TAGGED),
    "tag_servers": _Measure("count(DISTINCT a.host)", "s.created_at", _TAGGED),
    "instance_accounts": _Measure(
        "count(*)", "a.created_at", "actors a WHERE a.type IN ('Person', 'Service') AND a.host = :subject"
    ),
    "instance_media_attachments": _Measure(
        "count(*)",
        "s.created_at",
        "media d JOIN statuses s ON s.id = d.status_id JOIN actors a ON a.id = s.actor_id "
        f"WHERE a.host = :subject AND {_EVERYBODYS}",
    ),
    "instance_reports": _Measure(
        "count(*)", "r.created_at", "reports r JOIN actors a ON a.id = r.target_id WHERE a.host = :subject"
    ),
    "instance_statuses": _Measure("count(*)", "s.created_at", f"{_POSTS} AND a.host = :subject"),
    "instance_follows": _Measure("count(*)", "f.created_at", _FOLLOWS.format("followee_id")),
    "instance_followers": _Measure("count(*)", "f.created_at", _FOLLOWS.format("follower_id")),
}
MEASURES = tuple(_MEASURES)


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to before another, in unix ms; `now` is when it is asked."""

    since: int
    until: int
    now: int


async def count_by_day(tx: Reader, measure: str, subject: str, span: Span) -> dict[int, int]:
    """By day, counted from 1970."""
    what = _MEASURES[measure]
    found = await tx.rows(
        f"SELECT {what.at} / {DAY}, {what.count} FROM {what.source} AND {what.at} >= :since AND {what.at} < :until GROUP BY 1",
        subject=subject,
        viewer=0,
        now=span.now,
        since=span.since,
        until=span.until,
    )
    return {int(day): int(count) for day, count in found}


async def count_in_all(tx: Reader, measure: str, subject: str, span: Span) -> int:
    """Who did something on two days is one."""
    what = _MEASURES[measure]
    found = await tx.value(
        f"SELECT {what.count} FROM {what.source} AND {what.at} >= :since AND {what.at} < :until",
        subject=subject,
        viewer=0,
        now=span.now,
        since=span.since,
        until=span.until,
    )
    return int(found or 0)


@dataclass(frozen=True, slots=True)
class _Dimension:
    """What is told apart by a key and a name, and counted."""

    key: str
    name: str
    source: str
    at: str = ""
    count: str = "count(*)"


_DIMENSIONS = {
    "languages": _Dimension("m.locale", "m.locale", _ADMITTED),
    "sources": _Dimension(
        "p.id",
        "p.name",
        "statuses s JOIN actors a ON a.id = s.actor_id JOIN oauth_apps p ON p.id = s.app_id "
        f"WHERE a.host = '' AND {_EVERYBODYS}",
        "s.created_at",
    ),
    "servers": _Dimension("a.handle_host", "a.handle_host", _POSTS, "s.created_at"),
    "tag_servers": _Dimension("a.handle_host", "a.handle_host", _TAGGED, "s.created_at"),
    "tag_languages": _Dimension("coalesce(s.language, '')", "coalesce(s.language, '')", _TAGGED, "s.created_at"),
    "instance_accounts": _Dimension(
        "a.username", "a.username", f"{_FOLLOWS.format('followee_id')} AND a.disabled_at IS NULL"
    ),
    "instance_languages": _Dimension(
        "coalesce(s.language, '')", "coalesce(s.language, '')", f"{_POSTS} AND a.host = :subject", "s.created_at"
    ),
}
DIMENSIONS = tuple(_DIMENSIONS)


async def list_largest(
    tx: Reader, dimension: str, subject: str, span: Span, *, limit: int
) -> list[tuple[str, str, int]]:
    """Keys, names and counts, the largest first."""
    what = _DIMENSIONS[dimension]
    during = f" AND {what.at} >= :since AND {what.at} < :until" if what.at else ""
    found = await tx.rows(
        f"SELECT {what.key}, {what.name}, {what.count} FROM {what.source}{during} GROUP BY {what.key}, {what.name} "
        "ORDER BY 3 DESC, 1 LIMIT :limit",
        subject=subject,
        viewer=0,
        now=span.now,
        since=span.since,
        until=span.until,
        limit=limit,
    )
    return [(str(key), str(name), int(count)) for key, name, count in found]


async def get_database(tx: Reader) -> tuple[str, int]:
    """The engine with its version, and how many bytes the database takes."""
    if tx.dialect == "sqlite":
        version = await tx.value("SELECT sqlite_version()")
        size = await tx.value("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return f"SQLite {version}", int(size)
    version = await tx.value("SELECT current_setting('server_version')")
    return f"PostgreSQL {version}", int(await tx.value("SELECT pg_database_size(current_database())"))


async def list_lives(tx: Reader, span: Span) -> list[tuple[int, int]]:
    """Of each member who joined in a span, when, and when they were last there, as far as that is known: to the week or day."""
    found = await tx.rows(
        "SELECT m.created_at, coalesce((SELECT max(t.used_at) FROM tokens t WHERE t.actor_id = m.actor_id), m.created_at), "
        "coalesce((SELECT max(e.created_at) FROM sessions e WHERE e.actor_id = m.actor_id), m.created_at), "
        f"coalesce((SELECT max(w.week) * {WEEK} + {MONDAY} FROM member_weeks w WHERE w.actor_id = m.actor_id), m.created_at) "
        f"FROM {_ADMITTED} AND m.created_at >= :since AND m.created_at < :until",
        since=span.since,
        until=span.until,
    )
    return [(int(joined), max(int(moment) for moment in seen)) for joined, *seen in found]
