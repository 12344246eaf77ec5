"""How one member stands to others, and lists of people: what profiles and buttons in apps show. Decides nothing.

Membership of a private group is a secret of its members: it shows in `list_relations` to the member alone, and in no
list of followers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage import blocks, featured, follows, mutes, remarks
from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.database import Reader, Row
from storage.pages import Page
from storage.records import Actor, Follow, Membership, Mute, columns
from storage.visibility import MET

_MEMBERSHIP = columns(Membership, "m")

# Who may know of an actor at all, with `a` for the actor and the parameters `viewer` and `now`: a group that is not
# listed exists for itself, its members and those whom it invited.
KNOWN = """(
  a.disabled_at IS NULL AND a.host_suspended = 0
  AND NOT EXISTS (
    SELECT 1 FROM groups kg WHERE kg.actor_id = a.id AND kg.listed = 0 AND NOT EXISTS (
      SELECT 1 FROM memberships km WHERE km.group_id = kg.actor_id AND km.actor_id = :viewer
        AND (km.state = 'invited' OR (km.state = 'active' AND km.lease_until > :now))) AND kg.actor_id <> :viewer)
)"""


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer stands to one actor. `outgoing` and `incoming` follows; `membership` when the actor is a group, and
    `admitted`, the actor's own, when the viewer is one; `remark` is what the viewer noted about them, `endorsed` whether the viewer recommends them.
    """

    actor_id: int
    outgoing: Follow | None
    incoming: Follow | None
    membership: Membership | None
    admitted: Membership | None = None
    remark: str = ""
    endorsed: bool = False
    blocking: bool = False
    blocked_by: bool = False
    mute: Mute | None = None
    host_blocked: bool = False


async def list_known(tx: Reader, actor_ids: Iterable[int], *, viewer: int, now: int) -> dict[int, Actor]:
    """Those of these actors that the viewer (0 for nobody) may know of."""
    found = await tx.rows(
        f"SELECT {ACTOR_COLUMNS} FROM actors a WHERE a.id IN :ids AND {KNOWN}",
        ids=list(actor_ids),
        viewer=viewer,
        now=now,
    )
    return {row[0]: Actor(*row) for row in found}


async def get_known(tx: Reader, actor_id: int, *, viewer: int, now: int) -> Actor | None:
    """An actor by id; None when it does not exist or is none of the viewer's business, and nothing tells which."""
    return (await list_known(tx, [actor_id], viewer=viewer, now=now)).get(actor_id)


async def list_relations(tx: Reader, viewer: int, actor_ids: Sequence[int], *, now: int) -> list[Relation]:
    """In the order asked for; ids that the viewer may not know of are left out."""
    known = await list_known(tx, actor_ids, viewer=viewer, now=now)
    between = await follows.list_between(tx, viewer, known)
    outgoing = {follow.followee_id: follow for follow in between if follow.follower_id == viewer}
    incoming = {follow.follower_id: follow for follow in between if follow.followee_id == viewer}
    memberships = await _list_memberships(tx, viewer, known, now=now)
    admitted = {one.actor_id: one for one in memberships if one.group_id == viewer}
    joined = {one.group_id: one for one in memberships if one.actor_id == viewer}
    noted = await remarks.list_remarks(tx, viewer, known)
    endorsed = await featured.list_endorsed_ids(tx, viewer, known)
    blocked = await blocks.list_blocks_between(tx, viewer, known)
    blocking, blocked_by = {one.target_id for one in blocked}, {one.owner_id for one in blocked}
    muted = await mutes.list_mutes(tx, viewer, known, now=now)
    hosts = await blocks.are_hosts_blocked(tx, viewer, _hosts(known.values()))
    return [
        Relation(
            actor_id,
            outgoing.get(actor_id),
            incoming.get(actor_id),
            joined.get(actor_id),
            admitted.get(actor_id),
            remark=noted.get(actor_id, ""),
            endorsed=actor_id in endorsed,
            blocking=actor_id in blocking,
            blocked_by=actor_id in blocked_by,
            mute=muted.get(actor_id),
            host_blocked=not hosts.isdisjoint(_hosts([known[actor_id]])),
        )
        for actor_id in dict.fromkeys(actor_ids)
        if actor_id in known
    ]


def _hosts(actors: Iterable[Actor]) -> set[str]:
    """Their hosts, and those that their handles name."""
    return {host for actor in actors if not actor.local for host in (actor.host, actor.handle_host)}


async def _list_memberships(tx: Reader, viewer: int, others: Iterable[int], *, now: int) -> list[Membership]:
    """The viewer's own memberships that are not over, nor out of their lease; and, when the viewer is a group, those of
    these actors, with who is banned.
    """
    found = await tx.rows(
        f"SELECT {_MEMBERSHIP} FROM memberships m WHERE ((m.actor_id = :viewer AND m.group_id IN :others) "
        "OR (m.group_id = :viewer AND m.actor_id IN :others)) AND (m.state IN ('pending', 'invited') "
        "OR (m.state = 'active' AND m.lease_until > :now) OR (m.state = 'banned' AND m.group_id = :viewer))",
        viewer=viewer,
        others=list(others),
        now=now,
    )
    return [Membership(*row) for row in found]


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in a list that is paged by ids of its own (a follow's, a favourite's)."""

    cursor: int
    actor: Actor


async def list_followers(tx: Reader, actor_id: int, page: Page) -> list[Listed]:
    """Who follows an actor, newest first. A group's members are not among them."""
    return await _page(tx, "follows f", "f.follower_id", "f.followee_id = :id AND f.state = 'accepted'", actor_id, page)


async def list_following(tx: Reader, actor_id: int, page: Page) -> list[Listed]:
    """Whom an actor follows, newest first. Groups are not among them."""
    return await _page(tx, "follows f", "f.followee_id", "f.follower_id = :id AND f.state = 'accepted'", actor_id, page)


async def list_familiar(tx: Reader, viewer: int, actor_ids: Iterable[int], *, most: int) -> dict[int, list[Actor]]:
    """For each of these actors, those of their followers whom the viewer follows: the newest `most` of each."""
    found = await tx.rows(
        f"SELECT t.about, {ACTOR_COLUMNS} FROM (SELECT f.id AS follow, f.followee_id AS about, f.follower_id AS who, "
        "row_number() OVER (PARTITION BY f.followee_id ORDER BY f.id DESC) AS place "
        "FROM follows mine JOIN follows f ON f.follower_id = mine.followee_id JOIN actors b ON b.id = f.follower_id "
        "JOIN actors h ON h.id = f.followee_id AND h.hide_collections = 0 "
        "WHERE mine.follower_id = :viewer AND mine.state = 'accepted' AND f.followee_id IN :ids AND f.state = 'accepted' "
        "AND b.disabled_at IS NULL AND b.host_suspended = 0 AND b.hide_collections = 0) t "
        "JOIN actors a ON a.id = t.who WHERE t.place <= :most ORDER BY t.follow DESC",
        viewer=viewer,
        ids=list(actor_ids),
        most=most,
    )
    familiar: dict[int, list[Actor]] = {}
    for about, *actor in found:
        familiar.setdefault(about, []).append(Actor(*actor))
    return familiar


async def list_requesting(tx: Reader, actor_id: int, page: Page) -> list[Listed]:
    """Who waits for an actor's consent to follow, newest first."""
    return await _page(tx, "follows f", "f.follower_id", "f.followee_id = :id AND f.state = 'pending'", actor_id, page)


async def list_applicants(tx: Reader, group_id: int, page: Page) -> list[Listed]:
    """Who waits to be let into a group, newest first: for who moderates it."""
    return await _page(tx, "memberships f", "f.actor_id", "f.group_id = :id AND f.state = 'pending'", group_id, page)


async def list_banned(tx: Reader, group_id: int, page: Page) -> list[Listed]:
    """Whom a group keeps out for good, newest first: for who moderates it."""
    return await _page(tx, "memberships f", "f.actor_id", "f.group_id = :id AND f.state = 'banned'", group_id, page)


async def list_endorsed(tx: Reader, actor_id: int, page: Page) -> list[Listed]:
    """Whom an actor recommends, newest first. Only people who are followed can be, so never a private group."""
    return await _page(tx, "endorsements f", "f.actor_id", "f.owner_id = :id", actor_id, page)


async def list_blocked(tx: Reader, owner_id: int, page: Page) -> list[Listed]:
    """Whom a member blocks, newest first: for the member only."""
    return await _page(tx, "blocks f", "f.target_id", "f.owner_id = :id", owner_id, page)


async def list_muted(tx: Reader, owner_id: int, page: Page, *, now: int) -> list[Listed]:
    """Whom a member mutes now, newest first: for the member only."""
    return await _page(tx, "mutes f", "f.target_id", "f.owner_id = :id AND f.until > :now", owner_id, page, now=now)


async def count_requests(tx: Reader, actor_id: int) -> int:
    """How many wait for an actor's consent: to follow them, or to join them, a group."""
    return int(
        await tx.value(
            "SELECT count(*) FROM (SELECT f.follower_id AS who FROM follows f WHERE f.followee_id = :id "
            "AND f.state = 'pending' UNION ALL SELECT m.actor_id FROM memberships m WHERE m.group_id = :id "
            "AND m.state = 'pending') w JOIN actors a ON a.id = w.who AND a.disabled_at IS NULL AND a.host_suspended = 0",
            id=actor_id,
        )
    )


async def list_members(tx: Reader, group_id: int, page: Page, *, now: int) -> list[Listed]:
    """The present members of a group, newest first: for its members only."""
    condition = "f.group_id = :id AND f.state = 'active' AND f.lease_until > :now"
    return await _page(tx, "memberships f", "f.actor_id", condition, group_id, page, now=now)


async def list_listed(tx: Reader, list_id: int, page: Page) -> list[Listed]:
    """Who is in a member's list, newest first: for its owner only."""
    return await _page(tx, "list_people f", "f.actor_id", "f.list_id = :id", list_id, page)


async def list_favouriting(tx: Reader, status_id: int, page: Page) -> list[Listed]:
    """Who likes a post, newest first."""
    return await _page(tx, "favourites f", "f.actor_id", "f.status_id = :id", status_id, page)


async def list_boosting(tx: Reader, status_id: int, page: Page) -> list[Listed]:
    """Who boosted a post in public, newest first."""
    condition = "f.boost_of_id = :id AND f.audience IN ('public', 'unlisted')"
    return await _page(tx, "statuses f", "f.actor_id", condition, status_id, page)


async def _page(
    tx: Reader, table: str, who: str, condition: str, subject: int, page: Page, **params: int
) -> list[Listed]:
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT f.id, {ACTOR_COLUMNS} FROM {table} JOIN actors a ON a.id = {who} WHERE {condition} "
        f"AND f.id > :after AND f.id < :before AND a.disabled_at IS NULL AND a.host_suspended = 0 "
        f"ORDER BY f.id {order} LIMIT :limit",
        id=subject,
        after=page.after,
        before=page.before,
        limit=page.limit,
        **params,
    )
    listed = [_listed(row) for row in found]
    return listed[::-1] if page.oldest_first else listed


def _listed(row: Row) -> Listed:
    cursor, *actor = row
    return Listed(cursor, Actor(*actor))


@dataclass(frozen=True, slots=True)
class Named:
    """The beginning of a name or displayed name, and of the domain after it, in lower case."""

    prefix: str
    host: str = ""
    followed_only: bool = False


async def search_known(tx: Reader, named: Named, *, viewer: int, now: int, limit: int, offset: int = 0) -> list[Actor]:
    """Actors whose names begin so, ours first; never the instances themselves. Who is silenced is found by the whole name."""
    found = await tx.rows(
        f"SELECT {ACTOR_COLUMNS} FROM actors a WHERE a.type <> 'Application' AND {KNOWN} "
        "AND (lower(a.username) LIKE :pattern ESCAPE '\\' OR (:host = '%' AND lower(a.name) LIKE :pattern ESCAPE '\\')) "
        "AND a.handle_host LIKE :host ESCAPE '\\' "
        "AND (:followed = 0 OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = :viewer "
        "AND f.followee_id = a.id AND f.state = 'accepted')) "
        f"AND (lower(a.username) = :name OR {MET}) "
        "ORDER BY a.host, a.followers_count DESC, a.id LIMIT :limit OFFSET :offset",
        name=named.prefix,
        pattern=_starting(named.prefix),
        host=_starting(named.host),
        viewer=viewer,
        now=now,
        followed=int(named.followed_only),
        limit=limit,
        offset=offset,
    )
    return [Actor(*row) for row in found]


def _starting(prefix: str) -> str:
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
