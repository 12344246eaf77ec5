"""Lists of posts for one viewer. Every query asks `storage.visibility.VISIBLE`: being written into a timeline at
fan-out is not a right to read it now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.database import Reader, Transaction
from storage.events import insert_events
from storage.lists import SET_APART, SHOWN
from storage.pages import Page
from storage.records import Status
from storage.statuses import COLUMNS
from storage.visibility import MET, VISIBLE
from storage.welcome import WELCOME, WELCOME_IN_THREAD

_FROM = "FROM statuses s JOIN actors a ON a.id = s.actor_id"
HOME_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which posts a timeline is asked to show."""

    local: bool = True
    remote: bool = True
    only_media: bool = False
    replies: bool = True
    boosts: bool = True


_KINDS = """(:local = 1 OR a.host <> '') AND (:remote = 1 OR a.host = '')
  AND (:media = 0 OR EXISTS (SELECT 1 FROM media x WHERE x.status_id = s.id))
  AND (:replies = 1 OR s.in_reply_to_uri IS NULL OR s.in_reply_to_actor_id = s.actor_id)
  AND (:boosts = 1 OR s.boost_of_id IS NULL)"""


def _chosen(kinds: Kinds) -> dict[str, Any]:
    return {
        "local": int(kinds.local),
        "remote": int(kinds.remote),
        "media": int(kinds.only_media),
        "replies": int(kinds.replies),
        "boosts": int(kinds.boosts),
    }


async def _page(tx: Reader, sql: str, page: Page, *, key: str = "s.id", **params: Any) -> list[Status]:
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"{sql} ORDER BY {key} {order} LIMIT :limit", after=page.after, before=page.before, limit=page.limit, **params
    )
    statuses = [Status(*row) for row in found]
    return statuses[::-1] if page.oldest_first else statuses


async def list_home(tx: Reader, owner_id: int, page: Page, *, now: int) -> list[Status]:
    """What was delivered to a member, but for what they set apart in exclusive lists."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} FROM home_entries h JOIN statuses s ON s.id = h.status_id JOIN actors a ON a.id = s.actor_id "
        f"WHERE h.owner_id = :viewer AND h.status_id > :after AND h.status_id < :before AND {VISIBLE} "
        f"AND {WELCOME} AND NOT {SET_APART}",
        page,
        key="h.status_id",
        viewer=owner_id,
        now=now,
    )


async def list_people(tx: Reader, owner_id: int, list_id: int, page: Page, *, now: int) -> list[Status]:
    """What one of a member's own lists shows: those posts of their home timeline that its people wrote or boosted."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} FROM lists l JOIN home_entries h ON h.owner_id = l.owner_id "
        "JOIN statuses s ON s.id = h.status_id JOIN actors a ON a.id = s.actor_id "
        "WHERE l.id = :list AND l.owner_id = :viewer AND h.status_id > :after AND h.status_id < :before AND EXISTS "
        "(SELECT 1 FROM list_people lp WHERE lp.list_id = l.id AND lp.actor_id = s.actor_id) "
        f"AND {SHOWN} AND {VISIBLE} AND {WELCOME}",
        page,
        key="h.status_id",
        viewer=owner_id,
        now=now,
        list=list_id,
    )


async def list_public(tx: Reader, viewer: int, page: Page, kinds: Kinds, *, now: int) -> list[Status]:
    """Public posts; callers leave out boosts and replies by `kinds`."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.audience = 'public' AND s.id > :after AND s.id < :before "
        f"AND {_KINDS} AND {VISIBLE} AND {MET} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
        **_chosen(kinds),
    )


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags in lower case: a post has any of the first, all of the second, none of the third."""

    any_of: tuple[str, ...]
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


async def list_tag(tx: Reader, viewer: int, page: Page, kinds: Kinds, *, now: int, tags: Tags) -> list[Status]:
    """Public posts with tags."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.audience = 'public' AND s.id > :after AND s.id < :before "
        "AND EXISTS (SELECT 1 FROM status_tags t WHERE t.status_id = s.id AND t.tag IN :any) "
        "AND (SELECT count(*) FROM status_tags t WHERE t.status_id = s.id AND t.tag IN :all) = :wanted "
        "AND NOT EXISTS (SELECT 1 FROM status_tags t WHERE t.status_id = s.id AND t.tag IN :none) "
        f"AND {_KINDS} AND {VISIBLE} AND {MET} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
        any=tags.any_of,
        all=tags.all_of,
        wanted=len(set(tags.all_of)),
        none=tags.none_of,
        **_chosen(kinds),
    )


async def list_link(tx: Reader, viewer: int, page: Page, url: str, *, now: int) -> list[Status]:
    """Public posts that link to an address."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} JOIN status_cards k ON k.status_id = s.id JOIN cards c ON c.id = k.card_id "
        "WHERE c.url = :url AND s.audience = 'public' AND s.id > :after AND s.id < :before "
        f"AND {VISIBLE} AND {MET} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
        url=url,
    )


async def list_quoting(tx: Reader, viewer: int, quoted_id: int, page: Page, *, now: int) -> list[Status]:
    """Posts that quote one with its author's leave; a group's are in no list of its."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} JOIN quotes q ON q.status_id = s.id WHERE q.quoted_id = :quoted "
        "AND q.state = 'accepted' AND s.audience <> 'group' AND s.id > :after AND s.id < :before "
        f"AND {VISIBLE} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
        quoted=quoted_id,
    )


async def list_group(tx: Reader, viewer: int, group_id: int, page: Page, *, now: int) -> list[Status]:
    """The posts of one group: what the group's List shows."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.group_id = :group AND s.id > :after AND s.id < :before AND {VISIBLE}",
        page,
        viewer=viewer,
        now=now,
        group=group_id,
    )


async def list_account(
    tx: Reader, viewer: int, actor_id: int, page: Page, kinds: Kinds, *, now: int, tag: str = ""
) -> list[Status]:
    """What one actor posted and boosted, with one tag if one is given."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.actor_id = :actor AND s.id > :after AND s.id < :before "
        "AND (:tag = '' OR EXISTS (SELECT 1 FROM status_tags t WHERE t.status_id = s.id AND t.tag = :tag)) "
        f"AND {_KINDS} AND {VISIBLE}",
        page,
        viewer=viewer,
        now=now,
        actor=actor_id,
        tag=tag,
        **_chosen(kinds),
    )


async def list_pinned(tx: Reader, viewer: int, actor_id: int, page: Page, *, now: int) -> list[Status]:
    """What one actor pinned of their own posts, or a group of its posts, and the viewer may see, newest post first."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} JOIN pins q ON q.status_id = s.id WHERE q.actor_id = :actor "
        "AND :actor IN (s.actor_id, s.group_id) "
        f"AND s.id > :after AND s.id < :before AND {VISIBLE}",
        page,
        viewer=viewer,
        now=now,
        actor=actor_id,
    )


async def list_thread(tx: Reader, viewer: int, thread_id: int, *, now: int, limit: int) -> list[Status]:
    """The posts of a thread that the viewer may see, oldest first."""
    found = await tx.rows(
        f"SELECT {COLUMNS} {_FROM} WHERE s.thread_id = :thread AND s.boost_of_id IS NULL AND {VISIBLE} "
        f"AND {WELCOME_IN_THREAD} ORDER BY s.id LIMIT :limit",
        viewer=viewer,
        now=now,
        thread=thread_id,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_direct_posts(tx: Reader, viewer: int, page: Page, *, now: int) -> list[Status]:
    """Every direct post that the viewer wrote or is named in."""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.audience = 'direct' AND s.id > :after AND s.id < :before AND "
        "(s.actor_id = :viewer OR EXISTS (SELECT 1 FROM mentions q WHERE q.status_id = s.id AND q.actor_id = :viewer)) "
        f"AND {VISIBLE} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
    )


async def list_direct(tx: Reader, viewer: int, page: Page, *, now: int, thread_id: int = 0) -> list[Status]:
    """The newest direct post of each thread the viewer takes part in, or of one: conversations, as clients call them.

    What they put away comes back with the next post.
    """
    only = "AND s.thread_id = :thread " if thread_id else ""
    return await _page(
        tx,
        f"SELECT {COLUMNS} {_FROM} WHERE s.audience = 'direct' AND s.id > :after AND s.id < :before {only}AND "
        "(s.actor_id = :viewer OR EXISTS (SELECT 1 FROM mentions q WHERE q.status_id = s.id AND q.actor_id = :viewer)) "
        "AND NOT EXISTS (SELECT 1 FROM statuses n WHERE n.thread_id = s.thread_id AND n.audience = 'direct' AND n.id > s.id "
        "AND (n.actor_id = :viewer OR EXISTS (SELECT 1 FROM mentions r WHERE r.status_id = n.id AND r.actor_id = :viewer))) "
        "AND NOT EXISTS (SELECT 1 FROM conversation_marks c WHERE c.owner_id = :viewer AND c.thread_id = s.thread_id "
        f"AND c.removed_id >= s.id) AND {VISIBLE} AND {WELCOME}",
        page,
        viewer=viewer,
        now=now,
        thread=thread_id,
    )


@dataclass(frozen=True, slots=True)
class Marked:
    """A post in a list that is paged by ids of its own (a bookmark's, a favourite's)."""

    cursor: int
    status: Status


async def list_bookmarked(tx: Reader, owner_id: int, page: Page, *, now: int) -> list[Marked]:
    """What a member keeps and may still see, kept last first."""
    return await _list_marked(tx, "bookmarks", owner_id, page, now=now)


async def list_favourited(tx: Reader, owner_id: int, page: Page, *, now: int) -> list[Marked]:
    """What a member likes and may still see, liked last first."""
    return await _list_marked(tx, "favourites", owner_id, page, now=now)


async def _list_marked(tx: Reader, table: str, owner_id: int, page: Page, *, now: int) -> list[Marked]:
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT k.id, {COLUMNS} FROM {table} k JOIN statuses s ON s.id = k.status_id JOIN actors a ON a.id = s.actor_id "
        f"WHERE k.actor_id = :viewer AND k.id > :after AND k.id < :before AND {VISIBLE} ORDER BY k.id {order} LIMIT :limit",
        viewer=owner_id,
        now=now,
        after=page.after,
        before=page.before,
        limit=page.limit,
    )
    marked = [Marked(row[0], Status(*tuple(row)[1:])) for row in found]
    return marked[::-1] if page.oldest_first else marked


async def insert_home(tx: Transaction, status_id: int, owner_ids: Iterable[int], *, now: int) -> None:
    """Write a post into home timelines and tell their owners' open streams."""
    owners = set(owner_ids)
    await tx.execute_many(
        "INSERT INTO home_entries (owner_id, status_id) VALUES (:owner, :status) ON CONFLICT DO NOTHING",
        [{"owner": owner, "status": status_id} for owner in sorted(owners)],
    )
    await insert_events(tx, owners, type_="update", ref=status_id, now=now)


async def list_home_owners(tx: Reader, status_id: int) -> list[int]:
    """Whose home timelines hold a post."""
    return [row[0] for row in await tx.rows("SELECT owner_id FROM home_entries WHERE status_id = :id", id=status_id)]


async def delete_home_of(tx: Transaction, owner_id: int, *, author_id: int) -> None:
    """An author's posts leave a home timeline (unfollowed)."""
    await tx.execute(
        "DELETE FROM home_entries WHERE owner_id = :owner AND status_id IN (SELECT id FROM statuses WHERE actor_id = :author)",
        owner=owner_id,
        author=author_id,
    )


async def trim_home(tx: Transaction, owner_id: int) -> None:
    """Keep the newest entries only."""
    await tx.execute(
        "DELETE FROM home_entries WHERE owner_id = :owner AND status_id <= (SELECT h.status_id FROM home_entries h "
        "WHERE h.owner_id = :owner ORDER BY h.status_id DESC LIMIT 1 OFFSET :length)",
        owner=owner_id,
        length=HOME_LENGTH,
    )
