"""Lists that members make of people whom they follow. Nobody but its owner knows of a list.

A list shows a part of its owner's home timeline, so it holds nothing that was not delivered there. Who is followed no
longer is in no list any more (`storage.follows.delete_follow`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import PeopleList, columns, make, placeholders, values
from storage.visibility import VISIBLE

# Mastodon's.
MOST_LISTS = 50
MOST_TITLE = 256

_COLUMNS = columns(PeopleList, "l")
_INSERT = "INSERT INTO lists ({}) VALUES ({})".format(*placeholders(PeopleList))

# The rule for who may see a post, asked for the post that is answered and the owner of a list.
_PARENT_VISIBLE = re.sub(r"\b([sa])\.", r"p\1.", VISIBLE).replace(":viewer", "l.owner_id")

# Which posts `s` of its people a list `l` shows; wants the parameter `now`. An answer to others is shown by whom it
# answers, and only where that post may be seen: the list must not tell who wrote what its owner may not see.
SHOWN = f"""(
  s.audience IN ('public', 'unlisted', 'followers')
  AND (s.in_reply_to_uri IS NULL OR s.in_reply_to_actor_id = s.actor_id OR EXISTS (
    SELECT 1 FROM statuses ps JOIN actors pa ON pa.id = ps.actor_id WHERE ps.id = s.in_reply_to_id
      AND (ps.actor_id = l.owner_id
        OR (l.replies_policy = 'list' AND EXISTS (
          SELECT 1 FROM list_people lr WHERE lr.list_id = l.id AND lr.actor_id = ps.actor_id))
        OR (l.replies_policy = 'followed' AND EXISTS (
          SELECT 1 FROM follows lf WHERE lf.follower_id = l.owner_id AND lf.followee_id = ps.actor_id
            AND lf.state = 'accepted')))
      AND {_PARENT_VISIBLE}))
)"""

# Whether an exclusive list keeps a post `s` out of the home timeline of `viewer`. What no list could show stays there.
SET_APART = """(
  s.actor_id <> :viewer AND s.audience IN ('public', 'unlisted', 'followers') AND EXISTS (
    SELECT 1 FROM list_people lp JOIN lists l ON l.id = lp.list_id
    WHERE lp.actor_id = s.actor_id AND l.owner_id = :viewer AND l.exclusive = 1)
)"""


async def list_lists(tx: Reader, owner_id: int) -> list[PeopleList]:
    """A member's lists, by title."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM lists l WHERE l.owner_id = :owner ORDER BY l.title, l.id", owner=owner_id
    )
    return [PeopleList(*row) for row in found]


async def list_lists_with(tx: Reader, owner_id: int, actor_id: int) -> list[PeopleList]:
    """Those of a member's lists that somebody is in."""
    found = await tx.rows(
        f"SELECT {_COLUMNS} FROM lists l JOIN list_people p ON p.list_id = l.id AND p.actor_id = :actor "
        "WHERE l.owner_id = :owner ORDER BY l.title, l.id",
        owner=owner_id,
        actor=actor_id,
    )
    return [PeopleList(*row) for row in found]


async def get_list(tx: Reader, list_id: int, *, owner_id: int) -> PeopleList | None:
    return make(
        PeopleList,
        await tx.row(
            f"SELECT {_COLUMNS} FROM lists l WHERE l.id = :id AND l.owner_id = :owner", id=list_id, owner=owner_id
        ),
    )


async def count_lists(tx: Reader, owner_id: int) -> int:
    return int(await tx.value("SELECT count(*) FROM lists WHERE owner_id = :owner", owner=owner_id))


async def insert_list(tx: Transaction, made: PeopleList) -> None:
    await tx.execute(_INSERT, **values(made))


async def update_list(tx: Transaction, changed: PeopleList) -> None:
    """Write title and manner of a list."""
    await tx.execute(
        "UPDATE lists SET title = :title, replies_policy = :policy, exclusive = :exclusive WHERE id = :id",
        id=changed.id,
        title=changed.title,
        policy=changed.replies_policy,
        exclusive=changed.exclusive,
    )


async def delete_list(tx: Transaction, list_id: int) -> None:
    await tx.execute("DELETE FROM lists WHERE id = :id", id=list_id)


async def list_eligible(tx: Reader, owner_id: int, actor_ids: Iterable[int]) -> set[int]:
    """Those of these whom a member may put into lists: themselves, and whom they follow or have asked to follow."""
    ids = set(actor_ids)
    found = await tx.rows(
        "SELECT f.followee_id FROM follows f WHERE f.follower_id = :owner AND f.followee_id IN :ids",
        owner=owner_id,
        ids=list(ids),
    )
    return {row[0] for row in found} | (ids & {owner_id})


async def insert_people(tx: Transaction, list_id: int, actor_ids: Iterable[int], *, now: int) -> bool:
    """Put people into a list, in this order; False, and nothing done for them, when one of them is in it already."""
    ids = list(actor_ids)
    known = await tx.value(
        "SELECT count(*) FROM list_people WHERE list_id = :list AND actor_id IN :ids", list=list_id, ids=ids
    )
    if known:
        return False
    cursors = sorted(new_id(now) for _ in ids)
    await tx.execute_many(
        "INSERT INTO list_people (id, list_id, actor_id) VALUES (:id, :list, :actor) ON CONFLICT DO NOTHING",
        [{"id": cursor, "list": list_id, "actor": actor} for cursor, actor in zip(cursors, ids, strict=True)],
    )
    return True


async def copy_places(tx: Transaction, owner_id: int, actor_id: int, other_id: int, *, now: int) -> None:
    """Put somebody into every list of a member that another one is in."""
    found = await tx.rows(
        "SELECT p.list_id FROM list_people p JOIN lists l ON l.id = p.list_id "
        "WHERE l.owner_id = :owner AND p.actor_id = :actor",
        owner=owner_id,
        actor=actor_id,
    )
    for row in found:
        await insert_people(tx, row[0], [other_id], now=now)


async def delete_people(tx: Transaction, list_id: int, actor_ids: Iterable[int]) -> None:
    await tx.execute(
        "DELETE FROM list_people WHERE list_id = :list AND actor_id IN :ids", list=list_id, ids=list(actor_ids)
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where streams tell of one post to one member: in which of their own lists, and whether at home as well."""

    lists: frozenset[int]
    home: bool


NOWHERE_ELSE = Place(frozenset(), home=True)


async def list_places(
    tx: Reader, status_ids: Iterable[int], owner_ids: Iterable[int], *, now: int
) -> dict[tuple[int, int], Place]:
    """By owner and post; a pair that no list concerns is left out. The posts are those that the owners may see."""
    found = await tx.rows(
        f"SELECT l.owner_id, s.id, l.id, l.exclusive, CASE WHEN {SHOWN} THEN 1 ELSE 0 END FROM lists l "
        "JOIN list_people p ON p.list_id = l.id JOIN statuses s ON s.actor_id = p.actor_id "
        "WHERE l.owner_id IN :owners AND s.id IN :ids AND s.audience IN ('public', 'unlisted', 'followers') "
        "ORDER BY l.id",
        owners=list(owner_ids),
        ids=list(status_ids),
        now=now,
    )
    places: dict[tuple[int, int], Place] = {}
    for owner, status_id, list_id, exclusive, shown in found:
        before = places.get((owner, status_id), NOWHERE_ELSE)
        places[owner, status_id] = Place(
            before.lists | ({list_id} if shown else set()), home=before.home and not exclusive
        )
    return places
