"""What many wrote of in public lately: tags, posts, links. Counted now and then, and kept until the next count.

Only public posts count, of people who want to be found; nobody can tell from a count what was said elsewhere.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.pages import Page
from storage.records import Card, Status, columns, make
from storage.statuses import COLUMNS
from storage.tags import DAY, Use
from storage.visibility import MET, VISIBLE
from storage.welcome import WELCOME

EVERY = 5 * 60_000
DAYS = 7
MOST = 200
# A single person makes no trend.
LEAST_PEOPLE = 2
_CARD = columns(Card, "c")
_COUNTED = "s.audience = 'public' AND s.created_at >= :since AND a.discoverable = 1 AND a.silenced_at IS NULL"
_JOINED = "JOIN statuses s ON s.id = {0}.status_id JOIN actors a ON a.id = s.actor_id"


async def claim_count(tx: Transaction, *, now: int) -> bool:
    """Whether the caller is to count now: one process in each period."""
    changed = await tx.execute(
        "INSERT INTO trends (kind, ref, score) VALUES ('counted', '', :next) ON CONFLICT (kind, ref) "
        "DO UPDATE SET score = excluded.score WHERE trends.score <= :now",
        next=now + EVERY,
        now=now,
    )
    return changed > 0


async def count_trends(tx: Transaction, *, now: int) -> None:
    """Count anew. What is a day older counts half."""
    await _replace(tx, "tag", await _score_uses(tx, "t.tag", f"status_tags t {_JOINED.format('t')}", now=now))
    cards = f"status_cards k {_JOINED.format('k')} JOIN cards c ON c.id = k.card_id AND c.title <> ''"
    await _replace(tx, "link", await _score_uses(tx, "k.card_id", cards, now=now))
    await _replace(tx, "status", await _score_posts(tx, now=now))


async def _score_uses(tx: Reader, what: str, source: str, *, now: int) -> dict[str, int]:
    """People count, not posts: of one who writes much, one a day."""
    found = await tx.rows(
        f"SELECT {what}, s.created_at / {DAY}, count(DISTINCT s.actor_id) FROM {source} WHERE {_COUNTED} AND {VISIBLE} "
        f"GROUP BY {what}, s.created_at / {DAY}",
        viewer=0,
        now=now,
        since=now - DAYS * DAY,
    )
    people: dict[str, int] = {}
    scores: dict[str, int] = {}
    for ref, day, count in found:
        people[str(ref)] = max(people.get(str(ref), 0), count)
        scores[str(ref)] = scores.get(str(ref), 0) + (1_000 * count >> (now // DAY - day))
    return {ref: score for ref, score in scores.items() if people[ref] >= LEAST_PEOPLE}


async def _score_posts(tx: Reader, *, now: int) -> dict[str, int]:
    found = await tx.rows(
        "SELECT s.id, s.created_at, s.favourites_count + s.boosts_count + s.replies_count FROM statuses s "
        f"JOIN actors a ON a.id = s.actor_id WHERE {_COUNTED} AND {VISIBLE} AND s.boost_of_id IS NULL AND s.in_reply_to_uri IS NULL "
        "AND s.sensitive = 0 AND s.favourites_count + s.boosts_count + s.replies_count >= :least",
        viewer=0,
        now=now,
        since=now - DAYS * DAY,
        least=LEAST_PEOPLE,
    )
    return {str(status_id): 1_000 * count >> ((now - at) // DAY) for status_id, at, count in found}


async def _replace(tx: Transaction, kind: str, scores: Mapping[str, int]) -> None:
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    await tx.execute("DELETE FROM trends WHERE kind = :kind", kind=kind)
    await tx.execute_many(
        "INSERT INTO trends (kind, ref, ref_id, score) VALUES (:kind, :ref, :id, :score)",
        [{"kind": kind, "ref": ref, "id": 0 if kind == "tag" else int(ref), "score": score} for ref, score in best],
    )


async def list_tags(tx: Reader, *, limit: int, offset: int, rejected: bool = False) -> list[str]:
    """Tags, the most used first; those that were rejected, too, for who decides that."""
    found = await tx.rows(
        "SELECT x.ref FROM trends x LEFT JOIN tags t ON t.tag = x.ref WHERE x.kind = 'tag' "
        "AND (:rejected = 1 OR coalesce(t.trendable, 1) = 1 AND coalesce(t.usable, 1) = 1) "
        "ORDER BY x.score DESC, x.ref LIMIT :limit OFFSET :offset",
        rejected=int(rejected),
        limit=limit,
        offset=offset,
    )
    return [row[0] for row in found]


async def list_links(tx: Reader, *, limit: int, offset: int, rejected: bool = False) -> list[Card]:
    """What stands behind links, the most shared first. What was decided of a link counts before what was of its site."""
    found = await tx.rows(
        f"SELECT {_CARD} FROM trends x JOIN cards c ON c.id = x.ref_id "
        "WHERE x.kind = 'link' AND c.title <> '' AND (:rejected = 1 OR coalesce((SELECT r.trendable FROM trend_reviews r "
        "WHERE r.kind = 'link' AND r.ref_id = c.id), (SELECT p.trendable FROM publishers p WHERE p.host = c.host), 1) = 1) "
        "ORDER BY x.score DESC, x.ref LIMIT :limit OFFSET :offset",
        rejected=int(rejected),
        limit=limit,
        offset=offset,
    )
    return [Card(*row) for row in found]


async def list_statuses(
    tx: Reader, viewer: int, *, limit: int, offset: int, now: int, rejected: bool = False
) -> list[Status]:
    """Public posts, those first that most people did something with."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM trends x JOIN statuses s ON s.id = x.ref_id JOIN actors a ON a.id = s.actor_id "
        f"WHERE x.kind = 'status' AND s.audience = 'public' AND {VISIBLE} AND {MET} AND {WELCOME} "
        "AND (:rejected = 1 OR coalesce((SELECT r.trendable FROM trend_reviews r WHERE r.kind = 'status' "
        "AND r.ref_id = s.id), 1) = 1) ORDER BY x.score DESC, x.ref LIMIT :limit OFFSET :offset",
        rejected=int(rejected),
        viewer=viewer,
        now=now,
        limit=limit,
        offset=offset,
    )
    return [Status(*row) for row in found]


async def list_link_uses(tx: Reader, card_ids: Sequence[int], *, since: int, now: int) -> dict[int, list[Use]]:
    """For each link the days on which somebody shared it in public."""
    found = await tx.rows(
        f"SELECT k.card_id, s.created_at / {DAY}, count(*), count(DISTINCT s.actor_id) "
        f"FROM status_cards k {_JOINED.format('k')} WHERE k.card_id IN :ids AND {_COUNTED} AND {VISIBLE} "
        f"GROUP BY k.card_id, s.created_at / {DAY}",
        ids=list(card_ids),
        viewer=0,
        now=now,
        since=since,
    )
    uses: dict[int, list[Use]] = {}
    for card_id, *use in found:
        uses.setdefault(card_id, []).append(Use(*use))
    return uses


async def list_decided(tx: Reader, kind: str, ids: Collection[int]) -> set[int]:
    """Those of these posts (`status`) or links (`link`) of which somebody has decided whether they may trend."""
    found = await tx.rows("SELECT ref_id FROM trend_reviews WHERE kind = :kind AND ref_id IN :ids", kind=kind, ids=ids)
    return {row[0] for row in found}


async def upsert_review(tx: Transaction, kind: str, ref_id: int, *, trendable: bool) -> None:
    await tx.execute(
        "INSERT INTO trend_reviews (kind, ref_id, trendable) VALUES (:kind, :ref, :trendable) "
        "ON CONFLICT (kind, ref_id) DO UPDATE SET trendable = excluded.trendable",
        kind=kind,
        ref=ref_id,
        trendable=int(trendable),
    )


async def get_card(tx: Reader, card_id: int) -> Card | None:
    """What trends, by its id."""
    return make(
        Card,
        await tx.row(
            f"SELECT {_CARD} FROM cards c WHERE c.id = :id AND EXISTS "
            "(SELECT 1 FROM trends x WHERE x.kind = 'link' AND x.ref_id = c.id)",
            id=card_id,
        ),
    )


@dataclass(frozen=True, slots=True)
class Publisher:
    """A site that trending links lead to; `trendable` is None where nobody has looked."""

    id: int
    host: str
    trendable: int | None
    reviewed_at: int | None


async def insert_publishers(tx: Transaction, *, now: int) -> None:
    """Number the sites of what trends."""
    found = await tx.rows(
        "SELECT DISTINCT c.host FROM trends x JOIN cards c ON c.id = x.ref_id WHERE x.kind = 'link' AND NOT EXISTS "
        "(SELECT 1 FROM publishers p WHERE p.host = c.host)"
    )
    await tx.execute_many(
        "INSERT INTO publishers (id, host) VALUES (:id, :host) ON CONFLICT DO NOTHING",
        [{"id": new_id(now), "host": row[0]} for row in found],
    )


async def list_publishers(tx: Reader, page: Page) -> list[Publisher]:
    """Newest first."""
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        "SELECT p.id, p.host, p.trendable, p.reviewed_at FROM publishers p WHERE p.id > :after AND p.id < :before "
        f"ORDER BY p.id {order} LIMIT :limit",
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    listed = [Publisher(*row) for row in found]
    return listed[::-1] if page.oldest_first else listed


async def update_publisher(tx: Transaction, publisher_id: int, *, trendable: bool, now: int) -> Publisher | None:
    """None when there is no such site."""
    found = await tx.rows(
        "UPDATE publishers SET trendable = :trendable, reviewed_at = :now WHERE id = :id "
        "RETURNING id, host, trendable, reviewed_at",
        id=publisher_id,
        trendable=int(trendable),
        now=now,
    )
    return Publisher(*found[0]) if found else None
