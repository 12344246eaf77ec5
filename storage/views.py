"""Everything that a page of posts or people needs to be shown, in a bounded number of queries. No rule, no rendering."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from storage import (
    actors,
    attestations,
    cards,
    featured_collections,
    groups,
    media,
    polls,
    quotes,
    reports,
    rules,
    statuses,
)
from storage.database import Reader
from storage.filters import Active, list_active
from storage.marks import NONE, Marks, list_marks
from storage.moves import list_moves
from storage.records import Actor, App, Attestation, Card, Media, Notification, Poll, Quote, Report, Status, columns
from storage.visibility import VISIBLE, list_visible

_APP = columns(App, "p")


@dataclass(frozen=True, slots=True)
class People:
    """Actors with what their homes attest. Where anything is attested, `ruleset` is the text that says whom we believe,
    and `locale` the viewer's language; both are "" otherwise. `moves`: who some of them have become.
    """

    actors: dict[int, Actor]
    attestations: dict[int, Attestation] = field(default_factory=dict)
    ruleset: str = ""
    locale: str = ""
    moves: dict[int, Actor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody mentioned in a post: no more of them than apps are told. `silent`: addressed without being named."""

    actor_id: int
    username: str
    handle_host: str
    url: str
    silent: int


@dataclass(frozen=True, slots=True)
class Reported:
    """A report with the ids of the posts that it names."""

    report: Report
    status_ids: list[int]


@dataclass(frozen=True, slots=True)
class Posts:
    """What one viewer is shown around some posts. `originals`: the boosted ones that the viewer may see.

    `parents`: those of the answered posts that the viewer may see; the ids of the others are kept from them.
    `quotes` by the post that quotes; `quoted`: the quoted ones that the viewer may see, and the ones that these quote;
    `unwelcome`: by whom of these the viewer wants to see nothing, and why; `quotes_counts`: how often posts are quoted.
    """

    people: People
    originals: dict[int, Status] = field(default_factory=dict)
    parents: frozenset[int] = frozenset()
    media: dict[int, list[Media]] = field(default_factory=dict)
    polls: dict[int, Poll] = field(default_factory=dict)
    cards: dict[int, Card] = field(default_factory=dict)
    mentions: dict[int, list[Named]] = field(default_factory=dict)
    tags: dict[int, list[str]] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    marks: Marks = NONE
    filters: Sequence[Active] = ()
    reports: dict[int, Reported] = field(default_factory=dict)
    collections: dict[int, featured_collections.Shown] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)
    quoted: dict[int, Status] = field(default_factory=dict)
    unwelcome: dict[int, str] = field(default_factory=dict)
    quotes_counts: dict[int, int] = field(default_factory=dict)


async def load_people(tx: Reader, people: Iterable[Actor], *, viewer: int) -> People:
    """What is shown of actors besides their own rows: four queries at most, three where nobody moved."""
    known = {actor.id: actor for actor in people}
    return await _people(tx, known, viewer) if known else People(known)


async def _people(tx: Reader, known: dict[int, Actor], viewer: int) -> People:
    moved = await list_moves(tx, known.values())
    attested = await attestations.list_attestations(tx, {*known, *(target.id for target in moved.values())})
    if not attested:
        return People(known, moves=moved)
    current = await rules.get_current(tx)
    return People(known, attested, current.body if current else "", await get_locale(tx, viewer), moved)


async def get_locale(tx: Reader, viewer: int) -> str:
    """The language that a member chose; "" for nobody."""
    return str(await tx.value("SELECT locale FROM members WHERE actor_id = :id", id=viewer) or "") if viewer else ""


async def load_posts(
    tx: Reader, page: Sequence[Status], *, viewer: int, now: int, also: Iterable[int] = (), mentioned: bool = False
) -> Posts:
    """All that a page of posts needs, for one viewer (0 for nobody). `also`: actors that are shown beside the posts;
    `mentioned`: those who are mentioned are shown as people too, not only named.

    The posts themselves must come from a query that asked `storage.visibility`.
    """
    originals = await _list_originals(tx, page, viewer=viewer, now=now)
    plain = [status for status in page if status.boost_of_id is None] + list(originals.values())
    around = await _load_quoted(tx, [status.id for status in plain], viewer=viewer, now=now)
    shown = list({status.id: status for status in (*plain, *around.shown)}.values())
    ids = [status.id for status in shown]
    named = await _list_named(tx, ids) if ids else {}
    if mentioned:
        also = [*also, *(one.actor_id for several in named.values() for one in several)]
    people = await _load_people_of(tx, [*page, *shown], also, viewer=viewer)
    if not ids:
        return Posts(people)
    everything = [status.id for status in (*page, *shown)]
    return Posts(
        people=people,
        originals=originals,
        parents=await _list_parents(tx, shown, viewer=viewer, now=now),
        media=await media.list_media(tx, ids),
        polls=await polls.list_polls(tx, ids),
        cards=await cards.list_cards(tx, ids),
        mentions=named,
        tags=await statuses.list_tags(tx, ids),
        apps=await _list_apps(tx, shown),
        marks=(await list_marks(tx, ids, [viewer])).get(viewer, NONE) if viewer else NONE,
        filters=(await list_active(tx, [viewer], everything, now=now)).get(viewer, ()) if viewer else (),
        quotes=around.quotes,
        quoted=around.quoted,
        unwelcome=around.unwelcome,
        quotes_counts=await quotes.count_quotes(tx, ids),
    )


@dataclass(frozen=True, slots=True)
class _Quoted:
    """`shown`: what is shown whole within the posts that quote it."""

    shown: tuple[Status, ...] = ()
    quotes: dict[int, Quote] = field(default_factory=dict)
    quoted: dict[int, Status] = field(default_factory=dict)
    unwelcome: dict[int, str] = field(default_factory=dict)


async def _load_quoted(tx: Reader, quoting: Sequence[int], *, viewer: int, now: int) -> _Quoted:
    """What posts quote, and what that quotes in turn, of which no more is told than its id."""
    first = await quotes.list_quotes(tx, quoting) if quoting else {}
    shown = await _list_quoted(tx, first, viewer=viewer, now=now)
    second = await quotes.list_quotes(tx, shown) if shown else {}
    quoted = shown | await _list_quoted(tx, second, viewer=viewer, now=now)
    unwelcome = await quotes.list_unwelcome(tx, quoted, [viewer], now=now) if quoted and viewer else {}
    return _Quoted(tuple(shown.values()), first | second, quoted, unwelcome.get(viewer, {}))


async def _list_quoted(tx: Reader, found: Mapping[int, Quote], *, viewer: int, now: int) -> dict[int, Status]:
    """Those of the posts quoted with their authors' leave that the viewer may see."""
    wanted = {one.quoted_id for one in found.values() if one.quoted_id is not None and one.state == "accepted"}
    return await list_visible(tx, wanted, viewer=viewer, now=now) if wanted else {}


async def load_notified(
    tx: Reader, told: Sequence[Notification], *, viewer: int, now: int
) -> tuple[dict[int, Status], Posts]:
    """Those posts that notifications are about which their owner may see, and all that showing the notifications needs."""
    about = [one.status_id for one in told if one.status_id is not None]
    shown = await list_visible(tx, about, viewer=viewer, now=now)
    found = await reports.list_by_id(tx, [one.report_id for one in told if one.report_id is not None])
    named = await _list_reported(tx, found, viewer=viewer, now=now) if found else {}
    people = [*(one.actor_id for one in told), *(one.target_id for one in found.values())]
    posts = await load_posts(tx, list(shown.values()), viewer=viewer, now=now, also=people)
    reported = {one.id: Reported(one, named.get(one.id, [])) for one in found.values()}
    gathered = {one.collection_id for one in told if one.collection_id is not None}
    collections = await featured_collections.list_shown(tx, gathered, viewer=viewer)
    return shown, replace(posts, reports=reported, collections=collections)


async def _list_reported(tx: Reader, report_ids: Collection[int], *, viewer: int, now: int) -> dict[int, list[int]]:
    """The posts that reports name. A group is told of those that it sees: of others not even the ids are its business."""
    named = await reports.list_status_ids(tx, report_ids)
    if await groups.get_group(tx, viewer) is None:
        return named
    seen = await list_visible(tx, {one for some in named.values() for one in some}, viewer=viewer, now=now)
    return {report_id: [one for one in some if one in seen] for report_id, some in named.items()}


async def _list_originals(tx: Reader, page: Sequence[Status], *, viewer: int, now: int) -> dict[int, Status]:
    boosted = {status.boost_of_id for status in page if status.boost_of_id is not None}
    return await list_visible(tx, boosted, viewer=viewer, now=now) if boosted else {}


async def _load_people_of(tx: Reader, shown: Sequence[Status], also: Iterable[int], *, viewer: int) -> People:
    """Authors and groups of posts, and others."""
    wanted = {status.actor_id for status in shown}
    wanted |= {status.group_id for status in shown if status.group_id is not None}
    wanted |= set(also)
    if not wanted:
        return People({})
    known = await actors.list_shown(tx, wanted)
    return await _people(tx, known, viewer)


async def _list_parents(tx: Reader, shown: Sequence[Status], *, viewer: int, now: int) -> frozenset[int]:
    answered = {status.in_reply_to_id for status in shown if status.in_reply_to_id is not None}
    if not answered:
        return frozenset()
    found = await tx.rows(
        f"SELECT s.id FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.id IN :ids AND {VISIBLE}",
        ids=list(answered),
        viewer=viewer,
        now=now,
    )
    return frozenset(row[0] for row in found)


async def _list_apps(tx: Reader, shown: Sequence[Status]) -> dict[int, App]:
    used = {status.app_id for status in shown if status.app_id is not None}
    if not used:
        return {}
    found = await tx.rows(f"SELECT {_APP} FROM oauth_apps p WHERE p.id IN :ids", ids=list(used))
    return {row[0]: App(*row) for row in found}


async def _list_named(tx: Reader, status_ids: Iterable[int]) -> dict[int, list[Named]]:
    found = await tx.rows(
        "SELECT m.status_id, a.id, a.username, a.handle_host, CASE a.url WHEN '' THEN a.uri ELSE a.url END, m.silent "
        "FROM mentions m JOIN actors a ON a.id = m.actor_id WHERE m.status_id IN :ids ORDER BY m.status_id, a.id",
        ids=list(status_ids),
    )
    named: dict[int, list[Named]] = {}
    for status_id, *one in found:
        named.setdefault(status_id, []).append(Named(*one))
    return named


async def list_conversation_ids(tx: Reader, thread_ids: Iterable[int], *, viewer: int, now: int) -> dict[int, int]:
    """For each thread the first direct post in it that the viewer may see: the id of the conversation, for them.

    The thread's own id may be that of a post which they may not even know of.
    """
    found = await tx.rows(
        "SELECT s.thread_id, min(s.id) FROM statuses s JOIN actors a ON a.id = s.actor_id "
        f"WHERE s.thread_id IN :threads AND s.audience = 'direct' AND {VISIBLE} GROUP BY s.thread_id",
        threads=list(thread_ids),
        viewer=viewer,
        now=now,
    )
    return {row[0]: row[1] for row in found}
