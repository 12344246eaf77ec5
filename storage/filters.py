"""What members filter: words, and single posts. Which posts a word is in is found out in `web.filtering`.

A single post is in a filter only while its owner may see it: what is hidden and what is deleted look the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from storage.database import Reader, Transaction
from storage.records import Filter, FilterKeyword, FilterStatus, columns, make, placeholders, values
from storage.visibility import VISIBLE

_FILTER = columns(Filter, "f")
_KEYWORD = columns(FilterKeyword, "k")
_STATUS = columns(FilterStatus, "x")
_INSERT_FILTER = "INSERT INTO filters ({}) VALUES ({})".format(*placeholders(Filter))
_INSERT_KEYWORD = "INSERT INTO filter_keywords ({}) VALUES ({})".format(*placeholders(FilterKeyword))
_INSERT_STATUS = "INSERT INTO filter_statuses ({}) VALUES ({})".format(*placeholders(FilterStatus))
_WIDTH = _FILTER.count(",") + 1


@dataclass(frozen=True, slots=True)
class Active:
    """A filter in force, with its words (and whether each stands for whole words only) and posts."""

    filter: Filter
    keywords: list[tuple[str, bool]] = field(default_factory=list)
    status_ids: set[int] = field(default_factory=set)


async def list_active(
    tx: Reader, owner_ids: Iterable[int], status_ids: Iterable[int], *, now: int
) -> dict[int, list[Active]]:
    """The filters in force by owner, each with its words and those of these posts that it names: two queries at most."""
    found = await tx.rows(
        f"SELECT {_FILTER}, k.keyword, k.whole_word FROM filters f LEFT JOIN filter_keywords k ON k.filter_id = f.id "
        "WHERE f.owner_id IN :owners AND (f.expires_at IS NULL OR f.expires_at > :now) ORDER BY f.id, k.id",
        owners=list(owner_ids),
        now=now,
    )
    active: dict[int, Active] = {}
    for row in found:
        one = active.get(row[0]) or active.setdefault(row[0], Active(Filter(*tuple(row)[:_WIDTH])))
        if row[_WIDTH] is not None:
            one.keywords.append((row[_WIDTH], bool(row[_WIDTH + 1])))
    if active:
        await _add_statuses(tx, active, status_ids)
    owned: dict[int, list[Active]] = {}
    for one in active.values():
        owned.setdefault(one.filter.owner_id, []).append(one)
    return owned


async def _add_statuses(tx: Reader, active: dict[int, Active], status_ids: Iterable[int]) -> None:
    named = await tx.rows(
        "SELECT filter_id, status_id FROM filter_statuses WHERE filter_id IN :filters AND status_id IN :ids",
        filters=list(active),
        ids=list(status_ids),
    )
    for filter_id, status_id in named:
        active[filter_id].status_ids.add(status_id)


async def list_filters(tx: Reader, owner_id: int) -> list[Filter]:
    """A member's filters, also those that are over, oldest first."""
    found = await tx.rows(f"SELECT {_FILTER} FROM filters f WHERE f.owner_id = :owner ORDER BY f.id", owner=owner_id)
    return [Filter(*row) for row in found]


async def get_filter(tx: Reader, filter_id: int, *, owner_id: int) -> Filter | None:
    return make(
        Filter,
        await tx.row(
            f"SELECT {_FILTER} FROM filters f WHERE f.id = :id AND f.owner_id = :owner", id=filter_id, owner=owner_id
        ),
    )


async def list_keywords(tx: Reader, filter_ids: Iterable[int]) -> list[FilterKeyword]:
    """The words of several filters, oldest first."""
    found = await tx.rows(
        f"SELECT {_KEYWORD} FROM filter_keywords k WHERE k.filter_id IN :ids ORDER BY k.id", ids=list(filter_ids)
    )
    return [FilterKeyword(*row) for row in found]


async def get_keyword(tx: Reader, keyword_id: int, *, owner_id: int) -> FilterKeyword | None:
    return make(
        FilterKeyword,
        await tx.row(
            f"SELECT {_KEYWORD} FROM filter_keywords k JOIN filters f ON f.id = k.filter_id "
            "WHERE k.id = :id AND f.owner_id = :owner",
            id=keyword_id,
            owner=owner_id,
        ),
    )


async def list_statuses(tx: Reader, filter_ids: Iterable[int], *, owner_id: int, now: int) -> list[FilterStatus]:
    """The posts of several filters of one member, oldest first."""
    found = await tx.rows(
        f"SELECT {_STATUS} FROM filter_statuses x JOIN statuses s ON s.id = x.status_id "
        f"JOIN actors a ON a.id = s.actor_id WHERE x.filter_id IN :ids AND {VISIBLE} ORDER BY x.id",
        ids=list(filter_ids),
        viewer=owner_id,
        now=now,
    )
    return [FilterStatus(*row) for row in found]


async def get_status_rule(tx: Reader, rule_id: int, *, owner_id: int, now: int) -> FilterStatus | None:
    """That a filter of this member names a post, by the id of its doing so."""
    return make(
        FilterStatus,
        await tx.row(
            f"SELECT {_STATUS} FROM filter_statuses x JOIN filters f ON f.id = x.filter_id AND f.owner_id = :viewer "
            f"JOIN statuses s ON s.id = x.status_id JOIN actors a ON a.id = s.actor_id WHERE x.id = :id AND {VISIBLE}",
            id=rule_id,
            viewer=owner_id,
            now=now,
        ),
    )


async def count_filters(tx: Reader, owner_id: int) -> int:
    return int(await tx.value("SELECT count(*) FROM filters WHERE owner_id = :owner", owner=owner_id))


async def count_rules(tx: Reader, owner_id: int, *, now: int) -> int:
    """How many words and posts a member filters, whatever the filter; posts that they do not see any more not counted."""
    return int(
        await tx.value(
            "SELECT (SELECT count(*) FROM filter_keywords k JOIN filters f ON f.id = k.filter_id WHERE f.owner_id = :viewer)"
            " + (SELECT count(*) FROM filter_statuses x JOIN filters f ON f.id = x.filter_id AND f.owner_id = :viewer "
            f"JOIN statuses s ON s.id = x.status_id JOIN actors a ON a.id = s.actor_id WHERE {VISIBLE})",
            viewer=owner_id,
            now=now,
        )
    )


async def insert_filter(tx: Transaction, made: Filter) -> None:
    await tx.execute(_INSERT_FILTER, **values(made))


async def update_filter(tx: Transaction, changed: Filter) -> None:
    await tx.execute(
        "UPDATE filters SET title = :title, context = :context, action = :action, expires_at = :expires WHERE id = :id",
        id=changed.id,
        title=changed.title,
        context=changed.context,
        action=changed.action,
        expires=changed.expires_at,
    )


async def delete_filter(tx: Transaction, filter_id: int) -> None:
    await tx.execute("DELETE FROM filters WHERE id = :id", id=filter_id)


async def insert_keyword(tx: Transaction, made: FilterKeyword) -> None:
    await tx.execute(_INSERT_KEYWORD, **values(made))


async def update_keyword(tx: Transaction, changed: FilterKeyword) -> None:
    await tx.execute(
        "UPDATE filter_keywords SET keyword = :keyword, whole_word = :whole WHERE id = :id",
        id=changed.id,
        keyword=changed.keyword,
        whole=changed.whole_word,
    )


async def delete_keyword(tx: Transaction, keyword_id: int) -> None:
    await tx.execute("DELETE FROM filter_keywords WHERE id = :id", id=keyword_id)


async def insert_status_rule(tx: Transaction, made: FilterStatus) -> bool:
    """False when the filter names that post already."""
    return bool(await tx.execute(f"{_INSERT_STATUS} ON CONFLICT DO NOTHING", **values(made)))


async def delete_status_rule(tx: Transaction, rule_id: int) -> None:
    await tx.execute("DELETE FROM filter_statuses WHERE id = :id", id=rule_id)
