"""The SQL of `storage.visibility` says what `policies.visibility.may_see` says, for every combination of facts.

Rows are built for every combination that rows can have; what they cannot have is named in `impossible`. In our own groups a
lease has no meaning of its own: memberships there hold for ever, or to the end of what they rest on, and whose time is over
is no present member (`member` False), as `federation.facts.is_present` has it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path

from policies.decision import Allow
from policies.terms import Audience
from policies.visibility import MeetFacts, SeeFacts, may_meet, may_see
from storage import groups, sights, statuses, threads
from storage.database import Database, Transaction
from storage.records import Actor, Status
from storage.visibility import MET, VISIBLE, get_visible, list_visible
from tests.storage.rows import EARLIER, LATER, NOW, Rows, membership, status

STORAGE = Path(__file__).parents[2] / "storage"
BOTH = (False, True)
NOBODY = 0


@dataclass(frozen=True)
class Person:
    """A viewer, an author or both; `member` and `lease_live` of either group."""

    actor: Actor
    follows: bool
    member: bool
    lease_live: bool
    active: bool = True
    suspended: bool = False
    blocked: bool = False  # by every author
    is_group: bool = False  # one of the two groups, for who acts as it


@dataclass(frozen=True)
class Post:
    row: Status
    author: Person
    remote: bool
    mentions_all: bool
    deleted: bool = False


class Stage:
    """Every kind of person, and every kind of post by every kind of author."""

    def __init__(self, db: Database) -> None:
        self.rows = Rows(db)
        self.viewers: list[Person] = []
        self.groups: list[Person] = []
        self.authors: list[Person] = []
        self.posts: list[Post] = []

    @classmethod
    async def build(cls, db: Database) -> "Stage":
        stage = cls(db)
        stage.here, stage.there = await stage.rows.group(), await stage.rows.group(host="b.example")
        for follows, member, lease, blocked in product(BOTH, BOTH, BOTH, BOTH):
            made = await stage._person(follows=follows, member=member, lease_live=lease)
            stage.viewers.append(replace(made, blocked=blocked))
        nothing = {"follows": False, "member": False, "lease_live": False}
        stage.groups = [Person(group, is_group=True, **nothing) for group in (stage.here, stage.there)]
        for member, lease, active, suspended in product(BOTH, BOTH, BOTH, BOTH):
            made = await stage._person(member=member, lease_live=lease, active=active, suspended=suspended)
            stage.authors.append(made)
        for viewer, author in product(stage.viewers, stage.authors):
            if viewer.follows:
                await stage.rows.follow(viewer.actor, author.actor)
            else:
                await stage.rows.follow(viewer.actor, author.actor, "pending")
            if viewer.blocked:
                await stage.rows.block(author.actor, viewer.actor)
        await db.transact(stage._write_posts)
        return stage

    here: Actor
    there: Actor

    async def _person(
        self, *, member: bool, lease_live: bool, follows: bool = False, active: bool = True, suspended: bool = False
    ) -> Person:
        disabled = None if active else NOW
        actor = await self.rows.member(disabled_at=None) if active else await self.rows.actor(disabled_at=disabled)
        if suspended:
            await self.rows.db.transact(
                lambda tx: tx.execute("UPDATE actors SET host_suspended = 1 WHERE id = :id", id=actor.id)
            )
        state = "active" if member else "ended"
        here = membership(self.here, actor, state=state)
        there = membership(self.there, actor, state=state, until=LATER if lease_live else EARLIER)
        await self.rows.db.transact(lambda tx: groups.upsert_membership(tx, here))
        await self.rows.db.transact(lambda tx: groups.upsert_membership(tx, there))
        return Person(actor, follows, member, lease_live, active, suspended)

    async def _write_posts(self, tx: Transaction) -> None:
        everybody = [statuses.Mention(one.actor.id) for one in (*self.viewers, *self.authors)]
        for author, audience, remote, distributed, mentions, deleted in product(
            self.authors, Audience, BOTH, BOTH, BOTH, BOTH
        ):
            group = self.there if remote else self.here
            row = status(
                author.actor,
                audience,
                group_id=group.id if audience is Audience.GROUP else None,
                distributed=int(distributed),
            )
            await statuses.insert_status(tx, row, mentions=everybody if mentions else [])
            self.posts.append(Post(row, author, remote, mentions, deleted))
        await tx.execute(
            "DELETE FROM statuses WHERE id IN :gone", gone=[one.row.id for one in self.posts if one.deleted]
        )


def facts_of(post: Post, viewer: Person | None) -> SeeFacts:
    """What the pure rule is told about a post and a viewer (None: nobody is signed in)."""
    about_post = SeeFacts(
        audience=Audience(post.row.audience),
        group_remote=post.remote,
        distributed=bool(post.row.distributed),
        deleted=post.deleted,
        author_active=post.author.active,
        host_suspended=post.author.suspended,
    )
    if viewer is None:
        return about_post
    return replace(
        about_post,
        viewer_active=viewer.active,
        is_author=viewer is post.author,
        blocked=viewer.blocked,
        follows=viewer.follows,
        mentioned=post.mentions_all and not viewer.is_group,
        is_group=viewer.actor.id == post.row.group_id,
        member=viewer.member,
        lease_live=viewer.lease_live,
    )


def every() -> Iterator[SeeFacts]:
    names = [field.name for field in fields(SeeFacts) if field.name != "audience"]
    for audience, values in product(Audience, product(BOTH, repeat=len(names))):
        yield SeeFacts(audience, **dict(zip(names, values, strict=True)))


def impossible(facts: SeeFacts) -> bool:
    """What no rows can say: nobody who has rights, an author who follows or blocks themself, or is disabled only as the one or the other."""
    about_viewer = (facts.is_author, facts.blocked, facts.follows, facts.mentioned, facts.member, facts.lease_live)
    if facts.is_group and (facts.audience is not Audience.GROUP or any(about_viewer)):
        return True  # a group is in no group, follows nobody and writes nothing
    if not facts.viewer_active:
        return facts.is_group or any(about_viewer)
    return facts.is_author and (facts.follows or facts.blocked or not facts.author_active)


async def test_the_sql_sees_what_the_rule_sees_for_every_combination_of_facts(db: Database) -> None:
    stage = await Stage.build(db)
    ids = [post.row.id for post in stage.posts]
    tried: set[SeeFacts] = set()
    for viewer in (None, *stage.viewers, *stage.groups, *(author for author in stage.authors if author.active)):
        who = viewer.actor.id if viewer else NOBODY
        seen = await seen_by(db, who, ids)
        for post in stage.posts:
            facts = facts_of(post, viewer)
            assert (post.row.id in seen) is isinstance(may_see(facts), Allow), facts
            tried.add(facts)
    assert {facts for facts in every() if not impossible(facts)} <= tried


async def seen_by(db: Database, viewer: int, ids: list[int], *, now: int = NOW) -> set[int]:
    """Which of these posts a viewer sees; by the query for one viewer and, for members, by that for several."""
    alone = await db.read(lambda tx: list_visible(tx, ids, viewer=viewer, now=now))
    together = await db.read(lambda tx: sights.list_seen(tx, ids, [viewer], now=now))
    if viewer != NOBODY:
        assert together.get(viewer, {}) == alone
    return set(alone)


async def test_the_sql_lets_meet_whom_the_rule_lets_meet(db: Database) -> None:
    rows = Rows(db)
    viewer = await rows.member()
    for silenced, follows, is_self, signed_in in product(BOTH, BOTH, BOTH, BOTH):
        if not signed_in and (follows or is_self):
            continue
        other = viewer if is_self else await rows.member()
        await update(db, "actors", "id", other.id, silenced_at=NOW if silenced else None)
        if not is_self:
            await rows.follow(viewer, other, "accepted" if follows else "pending")
        elif follows:
            continue
        met = await meets(db, viewer.id if signed_in else NOBODY, other.id)
        facts = MeetFacts(silenced=silenced, is_self=is_self, follows=follows)
        assert met is isinstance(may_meet(facts), Allow), facts


async def meets(db: Database, viewer: int, other: int) -> bool:
    sql = f"SELECT count(*) FROM actors a WHERE a.id = :id AND {MET}"
    return bool(await db.read(lambda tx: tx.value(sql, id=other, viewer=viewer)))


async def update(db: Database, table: str, key: str, value: int, **change: int | None) -> None:
    ((column, new),) = change.items()
    await db.transact(
        lambda tx: tx.execute(f"UPDATE {table} SET {column} = :new WHERE {key} = :key", new=new, key=value)
    )


async def test_to_a_disabled_account_nothing_is_shown(db: Database) -> None:
    """Stricter than the rule, which has no such viewer: whatever session, stream or token may have been left open."""
    rows = Rows(db)
    group, author, viewer = await rows.group(), await rows.member(), await rows.member()
    await rows.enroll(group, viewer)
    await rows.follow(viewer, author)
    ids = [
        (await rows.status(author, audience, viewer)).id for audience in ("public", "unlisted", "followers", "direct")
    ]
    ids += [(await rows.status(author, "group", group_id=group.id)).id, (await rows.status(viewer, "followers")).id]
    assert await seen_by(db, viewer.id, ids) == set(ids)
    for table, key in (("members", "actor_id"), ("actors", "id")):
        await update(db, table, key, viewer.id, disabled_at=NOW)
        assert await seen_by(db, viewer.id, ids) == set(), table
        await update(db, table, key, viewer.id, disabled_at=None)
    assert await seen_by(db, viewer.id, ids) == set(ids)


async def test_a_member_of_our_own_group_is_one_as_long_as_what_it_rests_on(db: Database) -> None:
    """An attestation that ended ends the membership at that moment, before any round has noticed."""
    rows = Rows(db)
    group, author, viewer = await rows.group(), await rows.member(), await rows.member()
    post = await rows.status(author, "group", group_id=group.id)
    await rows.enroll(group, viewer, until=NOW + 1)
    assert await db.read(lambda tx: get_visible(tx, post.id, viewer=viewer.id, now=NOW)) is not None
    assert await db.read(lambda tx: get_visible(tx, post.id, viewer=viewer.id, now=NOW + 1)) is None


async def test_membership_of_another_group_or_in_another_state_shows_nothing(db: Database) -> None:
    rows = Rows(db)
    group, other, author, viewer = await rows.group(), await rows.group(), await rows.member(), await rows.member()
    post = await rows.status(author, "group", viewer, group_id=group.id)
    await rows.enroll(other, viewer)
    await rows.follow(viewer, author)
    for state in ("pending", "invited", "unconfirmed", "ended", "banned"):
        await rows.enroll(group, viewer, state=state)
        assert await db.read(lambda tx: get_visible(tx, post.id, viewer=viewer.id, now=NOW)) is None, state
    await rows.enroll(group, viewer)
    assert await db.read(lambda tx: get_visible(tx, post.id, viewer=viewer.id, now=NOW)) is not None


async def test_a_boost_shows_no_more_than_its_original(db: Database) -> None:
    """GHSA-5h2f-wg8j-xqwp: what is hidden does not come back by a boost, stored before or after."""
    rows = Rows(db)
    author, booster, viewer = await rows.member(), await rows.member(), await rows.member()
    await rows.follow(viewer, booster)
    boosts = {}
    for audience in ("public", "unlisted", "followers", "direct"):
        post = await rows.status(author, audience, viewer)
        boosts[audience] = await rows.status(booster, "public", boost_of_id=post.id)

    async def shown() -> set[str]:
        seen = await seen_by(db, viewer.id, [boost.id for boost in boosts.values()])
        return {audience for audience, boost in boosts.items() if boost.id in seen}

    assert await shown() == {"public", "unlisted"}
    for who in (author, booster):
        await update(db, "actors", "id", who.id, disabled_at=NOW)
        assert await shown() == set(), who
        await update(db, "actors", "id", who.id, disabled_at=None)
        await update(db, "actors", "id", who.id, host_suspended=1)
        assert await shown() == set(), who
        await update(db, "actors", "id", who.id, host_suspended=0)
    await rows.block(author, viewer)
    assert await shown() == set()
    own = await rows.status(author, "followers")
    again = await rows.status(author, "followers", boost_of_id=own.id)
    await rows.follow(viewer, author)
    assert await db.read(lambda tx: get_visible(tx, again.id, viewer=author.id, now=NOW)) is not None
    assert await db.read(lambda tx: get_visible(tx, again.id, viewer=viewer.id, now=NOW)) is None


# --- nobody forgets to ask ---------------------------------------------------------------------------------------

UNASKED = {
    "decisions": {"list_of_author": "an author's own posts"},
    "refusals": {"list_untold": "for telling each author of their own posts"},
    "lists": {"list_places": "in which lists a post stands that its reader was asked about"},
    "muted_threads": {"is_muted": "whether to tell a member, whom the caller has asked about the post"},
    "notification_policies": {"has_written_to": "whether a member answers somebody: their own posts"},
    "polls": {"list_untold": "polls of our members, for telling their results to whom they were sent"},
    "purges": {"list_unsaid": "hosts that were sent something of a group, for its admins; which post is not told"},
    "quotes": {
        "get_quoted_author": "where to send a post of ours",
        "list_local_quoting": "our members' own posts, for telling each of what they quote",
        "list_unwelcome": "by whom posts are that their readers were asked about",
    },
    "public_groups": {
        "list_showing": "the boosts by which groups of ours show a post, for passing on what becomes of it"
    },
    "relations": {"list_boosting": "people, of a post that its reader was asked about"},
    "marks": {"list_marks": "what viewers did with posts that they were shown"},
    "deliveries": {"list_inboxes_of_author": "where a person's posts went, for telling that they are gone"},
    "statuses": {
        "list_of_erased": "what falls with who wrote it",
        "list_sent_to_group": "our members' own posts, for taking them back elsewhere when the group's home is gone",
        "list_of_group_by_others": "for deletion: nobody here is in the group any more",
        "list_of_group_before": "for deletion: the group's retention is over, or the group is closed",
        "list_of_host_before": "for deletion: a peer's retention is over",
        "get_status": "by id, for acts and doors; callers that answer a person ask `get_visible`",
        "get_status_by_uri": "what other servers name",
        "is_known": "whether another server sent it before",
        "get_status_by_address": "what somebody pasted; the search asks `get_visible` with its id",
        "get_boost": "the booster's own",
        "get_group_activity": "the group's door, which asks `may_fetch`",
        "delete_status": "what falls with a post",
        "list_participants": "people of a thread, for deciding whom a post may name",
        "list_uris_of_group": "for purging",
    },
    "tags": {"delete_follow": "removes entries"},
    "timelines": {"delete_home_of": "removes entries"},
}


def functions() -> Iterator[tuple[str, ast.AsyncFunctionDef, str]]:
    """Every query of storage: its module, its function and the function's text."""
    for path in sorted(STORAGE.glob("*.py")):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.AsyncFunctionDef):
                yield path.stem, node, ast.get_source_segment(text, node) or ""


def reads_posts(text: str) -> bool:
    return re.search(r'(?:FROM |JOIN |")statuses\b(?! SET)', text) is not None or "{_FROM}" in text


def test_every_query_that_reads_posts_asks_who_may_see_them() -> None:
    """Or is on the list above, with its reason; and nothing is on the list that asks, or is gone."""
    asks = ("{VISIBLE}", "{SHOWN_TO_OWNER}", "{_VISIBLE_TO_EACH}")
    missing = {
        (module, node.name)
        for module, node, text in functions()
        if reads_posts(text) and not any(word in text for word in asks)
    }
    assert missing == {(module, name) for module, names in UNASKED.items() for name in names}


def test_no_query_hides_from_these_tests_outside_the_functions() -> None:
    """What is written once at the top of a module and reads posts is known, and has its reason."""
    known = {
        ("annual_reports", "_POSTED"): "a member's own, of what is public or unlisted",
        ("figures", "_POSTS"): "asks, and is counted only",
        ("figures", "_TAGGED"): "asks, and is counted only",
        ("figures", "_INTERACTIONS"): "asks about the posts that others did something with, and is counted only",
        ("figures", "_MEASURES"): "asks by the conditions above",
        ("figures", "_DIMENSIONS"): "asks by the conditions above",
        ("tags", "_PUBLIC"): "asks: whether a tag was used in public",
        ("featured", "_USED"): "counts of what is public or unlisted",
        ("lists", "SHOWN"): "a condition on posts that were asked about, which asks for the parent itself",
        ("search", "_LIBRARY"): "a condition on posts that are asked about: whether the viewer boosted them",
        ("notifications", "SHOWN_TO_OWNER"): "asks; the functions that use it are known by its name",
        ("threads", "_OPEN"): "asks as nobody, and for what is public or unlisted alone",
        ("timelines", "_FROM"): "known to `reads_posts`",
        ("trends", "_JOINED"): "joined by queries that ask",
        ("visibility", "VISIBLE"): "the rule",
        ("welcome", "WELCOME"): "a condition on posts that are asked about: who wrote what they boost",
    }
    found = set()
    for path in sorted(STORAGE.glob("*.py")):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and reads_posts(ast.get_source_segment(text, node) or ""):
                found |= {(path.stem, target.id) for target in node.targets if isinstance(target, ast.Name)}
    assert found == known.keys()


def test_every_function_that_answers_with_posts_asks_or_is_known_not_to() -> None:
    """By what it returns, should it find the posts through another function."""
    passing_on = {
        ("threads", "list_replies"): "by `_OPEN`, which asks",
        ("threads", "list_thread"): "by `_OPEN`, which asks",
        ("timelines", "_page"): "its SQL is given by functions that ask",
        ("views", "_list_originals"): "by `list_visible`",
        ("views", "_list_quoted"): "by `list_visible`",
        ("views", "load_notified"): "by `list_visible`",
    }
    found = {
        (module, node.name)
        for module, node, text in functions()
        if node.returns is not None
        and "Status" in {name.id for name in ast.walk(node.returns) if isinstance(name, ast.Name)}
        and "{VISIBLE}" not in text
        and "{_VISIBLE_TO_EACH}" not in text
        and node.name not in UNASKED.get(module, {})
    }
    assert found == passing_on.keys()
    assert VISIBLE in threads._OPEN
    assert "a.disabled_at IS NULL" in VISIBLE
