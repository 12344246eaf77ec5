"""Which posts quote which, and what became of it with the quoted author. Who may see either is asked of
`storage.visibility`; a quote in a post of a group is in no list and no count.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from policies.quoting import NOBODY, Circle, QuotePolicy
from storage.database import Reader, Transaction
from storage.records import Actor, Quote, as_json, columns, listed, make, placeholders, values
from storage.visibility import VISIBLE

_COLUMNS = columns(Quote, "q")
_ACTOR = columns(Actor, "a")
_INSERT = "INSERT INTO quotes ({}) VALUES ({})".format(*placeholders(Quote))


@lru_cache(maxsize=256)
def read_policy(stored: str) -> QuotePolicy:
    """The policy of a post, from its column."""
    if not stored:
        return NOBODY
    automatic, manual = listed(stored)
    return QuotePolicy(frozenset(map(Circle, automatic)), frozenset(map(Circle, manual)))


def write_policy(policy: QuotePolicy) -> str:
    return "" if policy == NOBODY else as_json([sorted(policy.automatic), sorted(policy.manual)])


async def insert_quote(tx: Transaction, quote: Quote) -> None:
    await tx.execute(_INSERT, **values(quote))


async def update_quote(tx: Transaction, status_id: int, **changes: Any) -> None:
    """Set named columns of the quote in one post."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(f"UPDATE quotes SET {assignments} WHERE status_id = :id", id=status_id, **changes)


async def delete_quote(tx: Transaction, status_id: int) -> None:
    await tx.execute("DELETE FROM quotes WHERE status_id = :id", id=status_id)


async def get_quote(tx: Reader, status_id: int) -> Quote | None:
    """The quote in a post, whoever asks."""
    return make(Quote, await tx.row(f"SELECT {_COLUMNS} FROM quotes q WHERE q.status_id = :id", id=status_id))


async def get_quote_by_request(tx: Reader, uri: str) -> Quote | None:
    """The quote that somebody was asked about in this QuoteRequest."""
    return make(Quote, await tx.row(f"SELECT {_COLUMNS} FROM quotes q WHERE q.request_uri = :uri", uri=uri))


async def get_quote_by_stamp(tx: Reader, uri: str) -> Quote | None:
    """The quote that its quoted author allowed by this stamp."""
    return make(Quote, await tx.row(f"SELECT {_COLUMNS} FROM quotes q WHERE q.stamp = :uri LIMIT 1", uri=uri))


async def get_quoted_author(tx: Reader, status_id: int) -> Actor | None:
    """Whom a post quotes."""
    return make(
        Actor,
        await tx.row(
            f"SELECT {_ACTOR} FROM quotes q JOIN statuses s ON s.id = q.quoted_id JOIN actors a ON a.id = s.actor_id "
            "WHERE q.status_id = :id",
            id=status_id,
        ),
    )


async def list_quotes(tx: Reader, status_ids: Collection[int]) -> dict[int, Quote]:
    """By the post that quotes."""
    found = await tx.rows(f"SELECT {_COLUMNS} FROM quotes q WHERE q.status_id IN :ids", ids=list(status_ids))
    return {row[0]: Quote(*row) for row in found}


async def count_quotes(tx: Reader, status_ids: Collection[int]) -> dict[int, int]:
    """How often each post is quoted in posts that are for everybody: the same number for every reader."""
    found = await tx.rows(
        "SELECT q.quoted_id, count(*) FROM quotes q JOIN statuses s ON s.id = q.status_id JOIN actors a ON a.id = s.actor_id "
        f"WHERE q.quoted_id IN :ids AND q.state = 'accepted' AND s.audience IN ('public', 'unlisted') AND {VISIBLE} "
        "GROUP BY q.quoted_id",
        ids=list(status_ids),
        viewer=0,
        now=0,
    )
    return {row[0]: row[1] for row in found}


async def list_local_quoting(tx: Reader, quoted_id: int) -> list[tuple[int, int]]:
    """Who of our members quotes a post, with the id of the post that does."""
    found = await tx.rows(
        "SELECT a.id, q.status_id FROM quotes q JOIN statuses s ON s.id = q.status_id JOIN actors a ON a.id = s.actor_id "
        "WHERE q.quoted_id = :quoted AND q.state = 'accepted' AND a.host = ''",
        quoted=quoted_id,
    )
    return [(row[0], row[1]) for row in found]


async def list_unwelcome(
    tx: Reader, status_ids: Iterable[int], viewers: Iterable[int], *, now: int
) -> dict[int, dict[int, str]]:
    """For each of these members, which of these posts are by somebody whom they want to see nothing of, and why; of
    several reasons the strongest.
    """
    found = await tx.rows(
        """
        SELECT m.owner_id, s.id, 'muted_account' FROM statuses s JOIN mutes m ON m.target_id = s.actor_id
          WHERE s.id IN :ids AND m.owner_id IN :who AND m.until > :now UNION ALL
        SELECT b.owner_id, s.id, 'blocked_account' FROM statuses s JOIN blocks b ON b.target_id = s.actor_id
          WHERE s.id IN :ids AND b.owner_id IN :who UNION ALL
        SELECT h.owner_id, s.id, 'blocked_domain' FROM statuses s JOIN actors a ON a.id = s.actor_id
          JOIN blocked_hosts h ON h.host IN (a.host, a.handle_host) WHERE s.id IN :ids AND h.owner_id IN :who""",
        ids=list(status_ids),
        who=list(viewers),
        now=now,
    )
    strength = ("muted_account", "blocked_account", "blocked_domain")
    unwelcome: dict[int, dict[int, str]] = {}
    for viewer, status_id, reason in sorted(found, key=lambda row: strength.index(row[2])):
        unwelcome.setdefault(viewer, {})[status_id] = reason
    return unwelcome
