"""Posts and boosts, with their mentions, tags and history. Who may see one is asked of `storage.visibility`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.actors import update_counts
from storage.database import Reader, Transaction
from storage.ids import first_id
from storage.records import Actor, Status, StatusEdit, columns, make, placeholders, values
from storage.tags import tag_id
from storage.word_index import forget_words, index_words
from storage.words import plain_text

COLUMNS = columns(Status, "s")
_EDIT_COLUMNS = columns(StatusEdit, "e")
_INSERT = "INSERT INTO statuses ({}) VALUES ({})".format(*placeholders(Status))
_INSERT_EDIT = "INSERT INTO status_edits ({}) VALUES ({})".format(*placeholders(StatusEdit))
COUNTED = ("public", "unlisted")


@dataclass(frozen=True, slots=True)
class Mention:
    actor_id: int
    silent: bool = False


async def get_status(tx: Reader, status_id: int) -> Status | None:
    """By id, whoever asks: callers that answer a person or a peer must go through `storage.visibility`."""
    return make(Status, await tx.row(f"SELECT {COLUMNS} FROM statuses s WHERE s.id = :id", id=status_id))


async def get_status_by_uri(tx: Reader, uri: str) -> Status | None:
    return make(Status, await tx.row(f"SELECT {COLUMNS} FROM statuses s WHERE s.uri = :uri", uri=uri))


async def get_status_by_address(tx: Reader, address: str) -> Status | None:
    """By uri or by the page for people; never a boost, which has its original's page."""
    return make(
        Status,
        await tx.row(
            f"SELECT {COLUMNS} FROM statuses s WHERE s.boost_of_id IS NULL AND (s.uri = :address OR s.url = :address) LIMIT 1",
            address=address,
        ),
    )


async def get_boost(tx: Reader, actor_id: int, status_id: int) -> Status | None:
    return make(
        Status,
        await tx.row(
            f"SELECT {COLUMNS} FROM statuses s WHERE s.actor_id = :actor AND s.boost_of_id = :status",
            actor=actor_id,
            status=status_id,
        ),
    )


def boost_of(original: Status, *, boost_id: int, uri: str, actor_id: int, audience: str, now: int) -> Status:
    """The row of a boost: a post without words of its own, which shows its original."""
    return Status(
        id=boost_id,
        uri=uri,
        actor_id=actor_id,
        audience=audience,
        group_id=None,
        distributed=1,
        boost_of_id=original.id,
        in_reply_to_id=None,
        in_reply_to_actor_id=None,
        in_reply_to_uri=None,
        thread_id=boost_id,
        content="",
        text="",
        summary="",
        sensitive=0,
        language=None,
        url=original.url,
        replies_count=0,
        boosts_count=0,
        favourites_count=0,
        app_id=None,
        emojis="[]",
        created_at=now,
        edited_at=None,
    )


async def insert_status(
    tx: Transaction,
    status: Status,
    *,
    mentions: Iterable[Mention] = (),
    tags: Iterable[str] = (),
    beside: Iterable[str] = (),
) -> None:
    """Store a post with what it mentions and what else it is found by (`beside` its text), and keep the public counts of its author, parent and original in step."""
    await tx.execute(_INSERT, **values(status))
    await _index(tx, status, beside)
    await _insert_mentions(tx, status.id, mentions)
    await _insert_tags(tx, status.id, tags)
    if status.audience in COUNTED:
        await update_counts(tx, status.actor_id, statuses=1, last=status.created_at)
    await _count_on_parents(tx, status, 1)


async def _index(tx: Transaction, status: Status, beside: Iterable[str]) -> None:
    """A boost has no words: its original is found."""
    if status.boost_of_id is None:
        await index_words(tx, status.id, "\n".join([status.summary, plain_text(status.content), *beside]))


async def _insert_mentions(tx: Transaction, status_id: int, mentions: Iterable[Mention]) -> None:
    await tx.execute_many(
        "INSERT INTO mentions (status_id, actor_id, silent) VALUES (:status, :actor, :silent) ON CONFLICT DO NOTHING",
        [{"status": status_id, "actor": one.actor_id, "silent": int(one.silent)} for one in mentions],
    )


async def _insert_tags(tx: Transaction, status_id: int, tags: Iterable[str]) -> None:
    named = [{"tag": tag, "status": status_id, "id": tag_id(tag)} for tag in tags]
    await tx.execute_many(
        "INSERT INTO tags (tag, id) VALUES (:tag, :id) ON CONFLICT DO NOTHING",
        [{"tag": one["tag"], "id": one["id"]} for one in named],
    )
    await tx.execute_many(
        "INSERT INTO status_tags (tag, status_id) SELECT t.tag, :status FROM tags t WHERE t.tag = :tag AND t.usable = 1 "
        "ON CONFLICT DO NOTHING",
        [{"tag": one["tag"], "status": one["status"]} for one in named],
    )


async def _count_on_parents(tx: Transaction, status: Status, change: int) -> None:
    # A reply counts where everybody who sees the parent may see the reply: never a narrower one under a public post.
    if status.in_reply_to_id is not None:
        await tx.execute(
            "UPDATE statuses SET replies_count = replies_count + :change WHERE id = :id AND "
            "(:counted = 1 OR (audience = 'group' AND group_id = :group))",
            change=change,
            id=status.in_reply_to_id,
            counted=int(status.audience in COUNTED),
            group=status.group_id or 0,
        )
    if status.boost_of_id is not None:
        await tx.execute(
            "UPDATE statuses SET boosts_count = boosts_count + :change WHERE id = :id",
            change=change,
            id=status.boost_of_id,
        )


async def update_status(
    tx: Transaction,
    status: Status,
    *,
    mentions: Iterable[Mention] | None = None,
    tags: Iterable[str] | None = None,
    beside: Iterable[str] = (),
) -> None:
    """Write the editable part of a post (its text, warning, language, date of edit) and keep the former as history.

    Its audience, group, author and place in the thread never change.
    """
    former = await get_status(tx, status.id)
    if former is None:
        raise LookupError(status.uri)
    await insert_edit(tx, former)
    await tx.execute(
        "UPDATE statuses SET content = :content, text = :text, summary = :summary, sensitive = :sensitive, "
        "language = :language, emojis = :emojis, edited_at = :edited_at WHERE id = :id",
        content=status.content,
        text=status.text,
        summary=status.summary,
        sensitive=status.sensitive,
        language=status.language,
        emojis=status.emojis,
        edited_at=status.edited_at,
        id=status.id,
    )
    await forget_words(tx, status.id)
    await _index(tx, status, beside)
    if mentions is not None:
        await _insert_mentions(tx, status.id, mentions)
    if tags is not None:
        await tx.execute("DELETE FROM status_tags WHERE status_id = :id", id=status.id)
        await _insert_tags(tx, status.id, tags)


async def update_quote_policy(tx: Transaction, status_id: int, policy: str) -> None:
    """Whom its author lets quote a post; no edit of what it says."""
    await tx.execute("UPDATE statuses SET quote_policy = :policy WHERE id = :id", policy=policy, id=status_id)


async def insert_edit(tx: Transaction, former: Status) -> None:
    moment = former.edited_at or former.created_at
    edit_id = 1 + (await tx.value("SELECT max(id) FROM status_edits") or 0)
    edit = StatusEdit(
        id=max(edit_id, moment << 16),
        status_id=former.id,
        content=former.content,
        text=former.text,
        summary=former.summary,
        sensitive=former.sensitive,
        created_at=moment,
    )
    await tx.execute(_INSERT_EDIT, **values(edit))


async def list_edits(tx: Reader, status_id: int) -> list[StatusEdit]:
    """Former versions, oldest first; the present one is the status itself."""
    found = await tx.rows(
        f"SELECT {_EDIT_COLUMNS} FROM status_edits e WHERE e.status_id = :id ORDER BY e.created_at, e.id", id=status_id
    )
    return [StatusEdit(*row) for row in found]


async def delete_status(tx: Transaction, status: Status, *, actor_uri: str, now: int) -> None:
    """Remove a post and all that hangs on it; a tombstone keeps a late copy from coming back."""
    boosts = await tx.rows(f"SELECT {COLUMNS} FROM statuses s WHERE s.boost_of_id = :id", id=status.id)
    for boost in (Status(*row) for row in boosts):
        await _uncount(tx, boost)
    await _uncount(tx, status)
    await _count_on_parents(tx, status, -1)
    # A delivery keeps its activity as long as it waits; the activity of a deleted post has nothing left to say.
    await tx.execute(
        "DELETE FROM deliveries WHERE activity_id IN "
        "(SELECT id FROM activities WHERE status_id = :id OR status_id IN (SELECT id FROM statuses WHERE boost_of_id = :id))",
        id=status.id,
    )
    await tx.execute("DELETE FROM statuses WHERE id = :id", id=status.id)
    await insert_tombstone(
        tx,
        uri=status.uri,
        actor_uri=actor_uri,
        hidden=status.audience not in COUNTED or bool(status.boost_of_id),
        now=now,
        group_id=status.group_id,
    )


async def _uncount(tx: Transaction, status: Status) -> None:
    if status.audience in COUNTED:
        await update_counts(tx, status.actor_id, statuses=-1)


async def insert_tombstone(
    tx: Transaction, *, uri: str, actor_uri: str, hidden: bool, now: int, group_id: int | None = None
) -> None:
    """Every deletion passes here, whoever's it is, so that the journal knows it, and where the object had gone."""
    sent = await tx.rows("SELECT host, inbox FROM receipts WHERE object_uri = :uri ORDER BY host, inbox", uri=uri)
    group = await tx.value("SELECT uri FROM actors WHERE id = :id", id=group_id or 0)
    tx.retracted(
        "delete", uri=uri, by=actor_uri, group=group or "", hidden=int(hidden), sent=[list(one) for one in sent]
    )
    await tx.execute(
        "INSERT INTO tombstones (uri, actor_uri, hidden, deleted_at) VALUES (:uri, :actor, :hidden, :now) ON CONFLICT DO NOTHING",
        uri=uri,
        actor=actor_uri,
        hidden=int(hidden),
        now=now,
    )


async def is_deleted(tx: Reader, uri: str, *, actor_uri: str) -> bool:
    """Whether this actor has deleted the object: another's Delete of the same uri does not count."""
    return bool(
        await tx.value(
            "SELECT count(*) FROM tombstones WHERE uri = :uri AND actor_uri = :actor", uri=uri, actor=actor_uri
        )
    )


async def is_known(tx: Reader, uri: str, *, actor_uri: str) -> bool:
    """Whether a post is here, or was and its author deleted it."""
    return bool(
        await tx.value(
            "SELECT (SELECT count(*) FROM statuses WHERE uri = :uri) "
            "+ (SELECT count(*) FROM tombstones WHERE uri = :uri AND actor_uri = :actor)",
            uri=uri,
            actor=actor_uri,
        )
    )


async def is_gone(tx: Reader, uri: str) -> bool:
    """Whether an object was public and is deleted: only then may a stranger be told so."""
    return bool(await tx.value("SELECT count(*) FROM tombstones WHERE uri = :uri AND hidden = 0", uri=uri))


async def list_mentions(tx: Reader, status_ids: Iterable[int]) -> dict[int, list[tuple[Mention, Actor]]]:
    found = await tx.rows(
        f"SELECT m.status_id, m.silent, {ACTOR_COLUMNS} FROM mentions m JOIN actors a ON a.id = m.actor_id "
        "WHERE m.status_id IN :ids ORDER BY m.status_id, a.id",
        ids=list(status_ids),
    )
    mentions: dict[int, list[tuple[Mention, Actor]]] = {}
    for row in found:
        actor = Actor(*tuple(row)[2:])
        mentions.setdefault(row[0], []).append((Mention(actor.id, silent=bool(row[1])), actor))
    return mentions


async def list_tags(tx: Reader, status_ids: Iterable[int]) -> dict[int, list[str]]:
    found = await tx.rows(
        "SELECT status_id, tag FROM status_tags WHERE status_id IN :ids ORDER BY status_id, tag", ids=list(status_ids)
    )
    tags: dict[int, list[str]] = {}
    for status_id, tag in found:
        tags.setdefault(status_id, []).append(tag)
    return tags


async def list_participants(tx: Reader, thread_id: int) -> list[int]:
    """Who has posted in a thread."""
    found = await tx.rows("SELECT DISTINCT actor_id FROM statuses WHERE thread_id = :thread", thread=thread_id)
    return [row[0] for row in found]


async def confirm_distribution(tx: Transaction, status_id: int) -> None:
    """The group's home has announced a post of ours: its co-members here may see it from now on."""
    await tx.execute("UPDATE statuses SET distributed = 1 WHERE id = :id", id=status_id)


async def insert_group_activity(
    tx: Transaction, *, status_id: int, activity_uri: str, announce_id: int, body: bytes
) -> None:
    """Keep the activity that brought a group-only post, byte for byte: its proof covers them. An edit replaces it."""
    await tx.execute(
        "INSERT INTO group_activities (status_id, activity_uri, announce_id, body) VALUES (:status, :uri, :announce, :body) "
        "ON CONFLICT (status_id) DO UPDATE SET activity_uri = excluded.activity_uri, announce_id = excluded.announce_id, "
        "body = excluded.body",
        status=status_id,
        uri=activity_uri,
        announce=announce_id,
        body=body,
    )


async def get_group_activity(tx: Reader, uri: str) -> tuple[Status, int, bytes] | None:
    """The post, the group's Announce and the activity's bytes, by the uri of the post or of the activity."""
    row = await tx.row(
        f"SELECT ga.announce_id, ga.body, {COLUMNS} FROM group_activities ga JOIN statuses s ON s.id = ga.status_id "
        "WHERE s.uri = :uri OR ga.activity_uri = :uri",
        uri=uri,
    )
    return None if row is None else (Status(*tuple(row)[2:]), row[0], row[1])


async def lock_idempotent(tx: Transaction, actor_id: int, key: str, *, now: int) -> None:
    """Wait for whoever is using the same key, and keep others waiting until the transaction ends.

    Without it two requests at once would both find that the key has made nothing yet.
    """
    await tx.execute(
        "INSERT INTO idempotency_keys (actor_id, key, status_id, created_at) VALUES (:actor, :key, 0, :now) "
        "ON CONFLICT (actor_id, key) DO UPDATE SET key = excluded.key",
        actor=actor_id,
        key=key,
        now=now,
    )


async def get_idempotent(tx: Reader, actor_id: int, key: str, *, since: int) -> int | None:
    """The status that the same member's same key made since a moment (unix ms)."""
    found: int | None = await tx.value(
        "SELECT status_id FROM idempotency_keys WHERE actor_id = :actor AND key = :key AND created_at >= :since",
        actor=actor_id,
        key=key,
        since=since,
    )
    return found


async def insert_idempotent(tx: Transaction, actor_id: int, key: str, status_id: int, *, now: int) -> None:
    await tx.execute(
        "INSERT INTO idempotency_keys (actor_id, key, status_id, created_at) VALUES (:actor, :key, :status, :now) "
        "ON CONFLICT (actor_id, key) DO UPDATE SET status_id = excluded.status_id, created_at = excluded.created_at",
        actor=actor_id,
        key=key,
        status=status_id,
        now=now,
    )


async def replace_idempotent(tx: Transaction, actor_id: int, scheduled_id: int, status_id: int) -> None:
    """A key that made a post which waited answers with the post that this became."""
    await tx.execute(
        "UPDATE idempotency_keys SET status_id = :status WHERE actor_id = :actor AND status_id = :scheduled",
        status=status_id,
        actor=actor_id,
        scheduled=scheduled_id,
    )


async def delete_idempotent_before(tx: Transaction, moment: int) -> None:
    """Forget keys that answer for nothing any more (unix ms)."""
    await tx.execute("DELETE FROM idempotency_keys WHERE created_at < :moment", moment=moment)


async def list_of_erased(tx: Reader, actor_id: int, *, limit: int) -> list[Status]:
    """Some posts and boosts of somebody who is erased: these are to go, too."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s WHERE s.actor_id = :actor ORDER BY s.id LIMIT :limit",
        actor=actor_id,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_of_host_before(tx: Reader, host: str, moment: int, *, limit: int) -> list[Status]:
    """Some posts that people of a host wrote before a moment (unix ms): these are to go."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id "
        "WHERE a.host = :host AND s.created_at < :moment ORDER BY s.id LIMIT :limit",
        host=host,
        moment=moment,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_of_group_by_others(tx: Reader, group_id: int, *, limit: int) -> list[Status]:
    """Some posts of a group that people elsewhere wrote: these are to go."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id "
        "WHERE s.group_id = :group AND a.host <> '' ORDER BY s.id LIMIT :limit",
        group=group_id,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_sent_to_group(tx: Reader, group_id: int, *, limit: int) -> list[Status]:
    """Some posts of members here that were sent to a group elsewhere and not taken back: these are to be."""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id WHERE s.group_id = :group AND a.host = '' "
        "AND EXISTS (SELECT 1 FROM receipts r WHERE r.object_uri = s.uri AND r.retracted_at IS NULL) "
        "ORDER BY s.id LIMIT :limit",
        group=group_id,
        limit=limit,
    )
    return [Status(*row) for row in found]


async def list_of_group_before(tx: Reader, group_id: int, moment: int, *, tag: str = "", limit: int) -> list[Status]:
    """Some posts that came to a group before a moment (unix ms), all or those with a tag: these are to go."""
    tagged = "AND EXISTS (SELECT 1 FROM status_tags t WHERE t.status_id = s.id AND t.tag = :tag) " if tag else ""
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s WHERE s.group_id = :group AND s.id < :bound {tagged}ORDER BY s.id LIMIT :limit",
        group=group_id,
        bound=first_id(moment),
        limit=limit,
        **({"tag": tag} if tag else {}),
    )
    return [Status(*row) for row in found]


async def list_uris_of_group(tx: Reader, group_id: int) -> list[Any]:
    """Ids of every stored post of a group, for purging."""
    return [row[0] for row in await tx.rows("SELECT id FROM statuses WHERE group_id = :id", id=group_id)]
