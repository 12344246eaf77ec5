"""Posts of our members: publishing, editing, deleting. Facts, decision and all consequences in one transaction.

Which audience a post ends up with is `policies.posting`'s answer; what it becomes on the wire is `federation.documents`'.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from federation import groups as group_posts
from federation import public_groups as public_posts
from federation import questions
from federation.act import Act, perform
from federation.composing import Composed, compose_text, list_emojis, resolve_names
from federation.context import Context
from federation.documents import OPEN
from federation.facts import Parcel, get_attestation_facts, group_facts, is_present, send_facts
from federation.fanout import fan_out
from federation.outbox import quotes
from federation.outbox.polls import PollDraft, replace_poll
from federation.outbox.retracting import retract
from federation.quoting import get_quote_facts, get_quoted, notify_quoting
from federation.rules import Subject, record
from federation.spreading import send_post, spread_change
from policies import posting
from policies.decision import Allow, Change, Deny, Hold, Limit
from policies.delivery import SendFacts
from policies.posting import EditFacts, ParentFacts, PostFacts
from policies.terms import Audience, Kind, Part
from storage import actors, groups, media, statuses
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Actor, Group, Status
from storage.visibility import get_visible

HOUR = 3_600_000
SIMILAR = 0.75


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as its author sent it, checked for form only. `quote_policy`: one of `policies.quoting.CHOICES`."""

    text: str
    audience: Audience
    in_reply_to: int | None = None
    summary: str = ""
    sensitive: bool = False
    language: str | None = None
    media_ids: tuple[int, ...] = ()
    poll: PollDraft | None = None
    idempotency_key: str | None = None
    app_id: int | None = None
    quoted_id: int | None = None
    quote_policy: str = "nobody"


@dataclass(frozen=True, slots=True)
class Published:
    """`fresh` is False when the same Idempotency-Key had published before."""

    status: Status
    fresh: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """What may change in a post. `media_ids` None leaves its files; `descriptions` are alt texts by media id; without a
    `poll` a former one is taken away; without a `quote_policy` the former one stays.
    """

    text: str
    summary: str = ""
    sensitive: bool = False
    language: str | None = None
    media_ids: tuple[int, ...] | None = None
    descriptions: Mapping[int, str] = field(default_factory=dict)
    poll: PollDraft | None = None
    quote_policy: str | None = None


class ParentGoneError(LookupError):
    """The post that is answered does not exist, or its would-be answerer may not see it."""


class QuotedGoneError(LookupError):
    """The post that is quoted does not exist, or its would-be quoter may not see it."""


class FilesGoneError(LookupError):
    """A file is not the author's, or is in another post already."""


class FilesWaitingError(FilesGoneError):
    """A file has not been processed yet, or nothing could be made of it."""


class FilesMixedError(FilesGoneError):
    """Sound and film stand alone in a post, as in Mastodon: apps show one player."""


async def publish(ctx: Context, author_id: int, draft: Draft) -> Published | Deny | Hold:
    """Publish a post of a member. Names that are not known here yet are looked up first, outside the transaction.

    ParentGoneError when the parent is hidden or gone, QuotedGoneError for what is quoted, FilesGoneError for files that are not the author's to attach. The
    same key within an hour answers the same post, also where the first request is still under way.
    """
    await resolve_names(ctx, draft.text)
    return await perform(ctx, lambda act: _publish(act, author_id, draft))


async def _publish(act: Act, author_id: int, draft: Draft) -> Published | Deny | Hold:
    key, now = draft.idempotency_key, act.now
    if key:
        await statuses.lock_idempotent(act.tx, author_id, key, now=now)
        known = await statuses.get_idempotent(act.tx, author_id, key, since=now - HOUR)
        status = await statuses.get_status(act.tx, known) if known is not None else None
        if status is not None:
            return Published(status, fresh=False)
    outcome = await publish_in(act, author_id, draft)
    if key and isinstance(outcome, Published):
        await statuses.insert_idempotent(act.tx, author_id, key, outcome.status.id, now=now)
    return outcome


async def publish_in(act: Act, author_id: int, draft: Draft) -> Published | Deny | Hold:
    """As `publish`, as part of an act that does more; whoever calls it has looked names up before, and minds the key."""
    now = act.now
    author = await _require_author(act.tx, author_id)
    await require_files(act.tx, author_id, draft.media_ids)
    intent = await _understand(act, author, draft)
    decision = posting.decide(intent.facts, act.rules.ruleset, now)
    if intent.facts.sending is not None:
        subject = Subject("post", act.ctx.origin.object(intent.status_id), intent.facts.sending.host)
        await record(act.tx, act.rules, decision, subject, intent.facts.sending, now)
    match decision:
        case Deny() | Hold():
            return decision
        case Allow() | Limit():
            status = await _store(act, intent, decision, draft)
        case _ as never:
            assert_never(never)
    await _spread(act, status, author)
    await questions.offer(act, status, author)
    if intent.quoted is not None:
        await quotes.tell_quoted(act, status, author, intent.quoted)
    return Published(status, fresh=True)


async def _require_author(tx: Reader, author_id: int) -> Actor:
    author = await actors.get_actor(tx, author_id)
    if author is None or not author.local or author.disabled_at is not None:
        raise LookupError(f"no active actor {author_id} here")
    return author


async def require_files(tx: Reader, author_id: int, ids: tuple[int, ...], *, status_id: int = 0) -> None:
    """FilesGoneError unless all are uploads of the author's, ready, and in no post but `status_id`."""
    found = await media.list_attachable(tx, ids, actor_id=author_id, status_id=status_id) if ids else []
    if len(found) != len(ids):
        waiting = await media.count_unfinished(tx, ids, actor_id=author_id)
        raise FilesWaitingError(str(ids)) if waiting else FilesGoneError(str(ids))
    if len(found) > 1 and any(one.type in {"audio", "video"} for one in found):
        raise FilesMixedError(str(ids))


@dataclass(frozen=True, slots=True)
class _Intent:
    """A draft with everything it refers to, and the facts that decide about it."""

    status_id: int
    author: Actor
    composed: Composed
    parent: Status | None
    quoted: Status | None
    groups: Mapping[str, Actor]
    facts: PostFacts


async def _understand(act: Act, author: Actor, draft: Draft) -> _Intent:
    now = act.now
    parent = await _parent(act.tx, draft, author, now)
    quoted = await find_quoted(act.tx, draft.quoted_id, author.id, now)
    composed = await compose_text(act.tx, act.ctx.origin, draft.text, author, quoted=quoted)
    concerned = await _groups(act.tx, composed, parent)
    group_states = tuple(
        [await group_facts(act.tx, group, actor, author, act.rules.ruleset, now) for group, actor in concerned]
    )
    status_id = new_id(now)
    others = [actor for actor in composed.mentioned if actor.id not in {actor.id for _, actor in concerned}]
    outsiders = await _mentions_outsiders(act.tx, concerned, others, parent)
    named = quoted is not None and not outsiders and quoted.actor_id in {actor.id for actor in others}
    facts = PostFacts(
        audience=draft.audience,
        groups=group_states,
        mentions_others=bool(others),
        mentions_outsiders=outsiders,
        parent=None if parent is None else ParentFacts(Audience(parent.audience), await _group_uri(act.tx, parent)),
        attestation=await get_attestation_facts(act.tx, author),
        sending=await _sending(act, concerned, status_id, _parts(draft, parent)),
        misspelt=await _misspelt(act, composed, author),
        quoted=await get_quote_facts(act.tx, quoted, author, named=named) if quoted else None,
        with_files=bool(draft.media_ids),
    )
    return _Intent(status_id, author, composed, parent, quoted, {actor.uri: actor for _, actor in concerned}, facts)


async def _parent(tx: Reader, draft: Draft, author: Actor, now: int) -> Status | None:
    if draft.in_reply_to is None:
        return None
    parent = await get_visible(tx, draft.in_reply_to, viewer=author.id, now=now)
    if parent is None:
        raise ParentGoneError(str(draft.in_reply_to))
    if parent.boost_of_id is not None:  # apps answer the boost they show; its original is what is meant
        parent = await get_visible(tx, parent.boost_of_id, viewer=author.id, now=now)
    return parent


async def find_quoted(tx: Reader, quoted_id: int | None, author_id: int, now: int) -> Status | None:
    """The post that is to be quoted; of a boost, its original. QuotedGoneError when it is not there for its quoter."""
    if quoted_id is None:
        return None
    found = await get_visible(tx, quoted_id, viewer=author_id, now=now)
    if found is not None and found.boost_of_id is not None:
        found = await get_visible(tx, found.boost_of_id, viewer=author_id, now=now)
    if found is None:
        raise QuotedGoneError(str(quoted_id))
    return found


async def _groups(tx: Transaction, composed: Composed, parent: Status | None) -> list[tuple[Group, Actor]]:
    """Each private group that the post mentions or answers in, once."""
    ids = [actor.id for actor in composed.mentioned if actor.type == "Group"]
    if parent is not None and parent.group_id is not None:
        ids.append(parent.group_id)
    named = await actors.list_actors(tx, ids)
    # Locked, so that nobody is removed between being judged a member and the post being written.
    found = {group_id: await groups.lock_group(tx, group_id) for group_id in sorted(set(ids))}
    return [(group, named[group_id]) for group_id in dict.fromkeys(ids) if (group := found[group_id]) is not None]


async def _misspelt(act: Act, composed: Composed, author: Actor) -> str:
    """The handle of a group of the author's that an unknown name in the text looks like."""
    if not composed.unresolved:
        return ""
    joined = {actor.username: actor for actor in await groups.list_spoken_to(act.tx, author.id)}
    for name in composed.unresolved:
        close = difflib.get_close_matches(name.partition("@")[0], joined, n=1, cutoff=SIMILAR)
        if close:
            return f"@{joined[close[0]].acct}"
    return ""


async def _group_uri(tx: Reader, status: Status) -> str:
    if status.group_id is None:
        return ""
    actor = await actors.get_actor(tx, status.group_id)
    return actor.uri if actor else ""


async def _mentions_outsiders(
    tx: Reader,
    concerned: list[tuple[Group, Actor]],
    others: list[Actor],
    parent: Status | None,
) -> bool:
    """Whether somebody is named who is no member of the group that the post is for, as far as we know."""
    if not concerned or not others:
        return False
    insiders = await _insiders(tx, concerned[0][0], others, parent)
    return any(actor.id not in insiders for actor in others)


async def _insiders(tx: Reader, group: Group, others: list[Actor], parent: Status | None) -> set[int]:
    """Present members, and whoever took part in the thread. Who belongs to a remote group is a secret of its home: of
    people elsewhere we do not know, and their homes notify members only.
    """
    known = {member.actor.id for member in await groups.list_members(tx, group.actor_id)}
    elsewhere = set() if group.local else {actor.id for actor in others if not actor.local}
    return known | elsewhere | (set(await statuses.list_participants(tx, parent.thread_id)) if parent else set())


def _parts(draft: Draft, parent: Status | None) -> frozenset[Part]:
    carried = {
        Part.POSTS if parent is None else Part.REPLIES: True,
        Part.MEDIA: bool(draft.media_ids),
        Part.POLLS: draft.poll is not None,
    }
    return frozenset(part for part, there in carried.items() if there)


async def _sending(
    act: Act, concerned: list[tuple[Group, Actor]], status_id: int, parts: frozenset[Part]
) -> SendFacts | None:
    remote = next(((group, actor) for group, actor in concerned if not group.local), None)
    if remote is None:
        return None
    parcel = Parcel(Kind.CONTENT, Audience.GROUP, act.ctx.origin.object(status_id), remote[0].actor_id)
    return await send_facts(act.tx, parcel, remote[1].host, act.rules, act.now, parts=parts)


async def _store(act: Act, intent: _Intent, decision: Allow | Limit, draft: Draft) -> Status:
    now, author = act.now, intent.author
    changes = decision.changes if isinstance(decision, Limit) else ()
    audience = posting.audience_after(draft.audience, decision)
    group = _chosen_group(intent, audience)
    composed = await _addressed(act, intent, changes, group)
    parent = None if Change.DETACH_REPLY in changes else intent.parent
    beside = draft.poll.options if draft.poll else ()
    status = Status(
        id=intent.status_id,
        uri=act.ctx.origin.object(intent.status_id),
        actor_id=author.id,
        audience=audience,
        group_id=group.id if group else None,
        distributed=int(group is None or group.local),
        boost_of_id=None,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_actor_id=parent.actor_id if parent else None,
        in_reply_to_uri=parent.uri if parent else None,
        thread_id=parent.thread_id if parent else intent.status_id,
        content=composed.html,
        text=draft.text,
        summary=draft.summary,
        sensitive=int(draft.sensitive or bool(draft.summary)),
        language=draft.language,
        url=act.ctx.origin.page(author.username, intent.status_id),
        replies_count=0,
        boosts_count=0,
        favourites_count=0,
        app_id=draft.app_id,
        emojis=await list_emojis(act.tx, act.ctx.origin, draft.text, draft.summary, *beside),
        created_at=now,
        edited_at=None,
        quote_policy=quotes.stored_policy(audience, draft.quote_policy),
    )
    mentions = [statuses.Mention(actor.id) for actor in composed.mentioned if group is None or actor.id != group.id]
    mentions += _quoted_mention(intent, audience)
    mentions += await _thread_groups(act.tx, parent, audience, known={one.actor_id for one in mentions})
    await statuses.insert_status(act.tx, status, mentions=mentions, tags=composed.tags, beside=beside)
    await replace_poll(act.tx, draft.poll, status.id, now)
    await media.attach_media(act.tx, draft.media_ids, status_id=status.id, actor_id=author.id)
    if intent.quoted is not None:
        await quotes.attach(act, status, intent.quoted)
    return status


def _quoted_mention(intent: _Intent, audience: Audience) -> list[statuses.Mention]:
    """Whoever is quoted in a post for followers may see it too, as in Mastodon: they decide whether it may quote them."""
    quoted = intent.quoted
    if quoted is None or audience is not Audience.FOLLOWERS or quoted.actor_id == intent.author.id:
        return []
    return (
        []
        if quoted.actor_id in {one.id for one in intent.composed.mentioned}
        else [statuses.Mention(quoted.actor_id, silent=True)]
    )


async def _thread_groups(
    tx: Reader, parent: Status | None, audience: Audience, *, known: set[int]
) -> list[statuses.Mention]:
    """The public groups that an answer for everybody goes to because its parent did (FEP-1b12), named or not: apps leave
    out of the text whom the parent did not name. What is private is for nobody to be told of here.
    """
    if parent is None or audience not in OPEN or parent.audience not in OPEN:
        return []
    addressed = (await statuses.list_mentions(tx, [parent.id])).get(parent.id, [])
    found = [actor.id for _, actor in addressed if actor.type == "Group" and actor.id not in known]
    private = await groups.list_groups(tx, found) if found else {}
    return [statuses.Mention(group_id, silent=True) for group_id in found if group_id not in private]


def _chosen_group(intent: _Intent, audience: Audience) -> Actor | None:
    return next(iter(intent.groups.values())) if audience is Audience.GROUP else None


async def _addressed(act: Act, intent: _Intent, changes: tuple[Change, ...], group: Actor | None) -> Composed:
    """The text composed again, with only those named who are addressed, and the group's mention first in it."""
    silent = set(intent.groups) if Change.GROUP_AS_TEXT in changes else set()
    allowed = [actor for actor in intent.composed.mentioned if actor.uri not in silent]
    if Change.OUTSIDERS_AS_TEXT in changes:
        insiders = await _insiders_of(act.tx, intent, group)
        allowed = [actor for actor in allowed if actor.id in insiders]
    return intent.composed.only(allowed, first=group)


async def _insiders_of(tx: Reader, intent: _Intent, group: Actor | None) -> set[int]:
    concerned = group or next(iter(intent.groups.values()))
    stored = await groups.get_group(tx, concerned.id)
    if stored is None:
        return set()
    return {concerned.id} | await _insiders(tx, stored, intent.composed.mentioned, intent.parent)


async def _spread(act: Act, status: Status, author: Actor) -> None:
    """Home timelines, notifications and deliveries of a new post."""
    if status.audience == Audience.GROUP:
        await group_posts.submit(act, status, author, kind="Create")
        return
    await fan_out(act.tx, status, author, now=act.now)
    await send_post(act, status, author, kind="Create")
    await public_posts.take_in_own(act, status, author)


async def edit(ctx: Context, author_id: int, status_id: int, change: Edit) -> Status | Deny | None:
    """Edit a post; None when the author has no such post. An edit never changes who may see it."""
    return await perform(ctx, lambda act: _edit(act, author_id, status_id, change))


async def _edit(act: Act, author_id: int, status_id: int, change: Edit) -> Status | Deny | None:
    now = act.now
    status = await get_visible(act.tx, status_id, viewer=author_id, now=now)
    if status is None or status.actor_id != author_id or status.boost_of_id is not None:
        return None
    author = await _require_author(act.tx, author_id)
    quoted = await get_quoted(act.tx, status.id)
    composed = await compose_text(act.tx, act.ctx.origin, change.text, author, quoted=quoted)
    decision = posting.may_edit(await _edit_facts(act.tx, status, composed, change, now))
    match decision:
        case Deny():
            return decision
        case Hold():
            return Deny(decision.rule, decision.reason)
        case Allow() | Limit():
            pass
        case _ as never:
            assert_never(never)
    edited = await _store_edit(act, status, composed, change, narrowed=isinstance(decision, Limit))
    await spread_change(act, edited, author)
    await notify_quoting(act.tx, edited, now=now)
    return edited


async def _edit_facts(tx: Reader, status: Status, composed: Composed, change: Edit, now: int) -> EditFacts:
    before = Audience(status.audience)
    known = {actor.id for _, actor in (await statuses.list_mentions(tx, [status.id])).get(status.id, [])}
    membership = await groups.get_membership(tx, status.group_id, status.actor_id) if status.group_id else None
    group = await groups.get_group(tx, status.group_id) if status.group_id else None
    return EditFacts(
        before=before,
        after=before,
        own=True,
        member=is_present(membership, now),
        adds_mentions=any(actor.id not in known | {status.group_id} for actor in composed.mentioned),
        closed=group is not None and bool(group.closed),
        adds_files=bool(change.media_ids),
        files=group is None or bool(group.files),
    )


async def _store_edit(act: Act, status: Status, composed: Composed, change: Edit, *, narrowed: bool) -> Status:
    tx, now = act.tx, act.now
    mentioned = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    known = {actor.id for _, actor in mentioned}
    group = await actors.get_actor(tx, status.group_id) if status.group_id else None
    allowed = [actor for actor in composed.mentioned if not narrowed or actor.id in known or actor == group]
    shown = composed.only(allowed, first=group)
    beside = change.poll.options if change.poll else ()
    edited = replace(
        status,
        content=shown.html,
        text=change.text,
        summary=change.summary,
        sensitive=int(change.sensitive or bool(change.summary)),
        language=change.language,
        emojis=await list_emojis(tx, act.ctx.origin, change.text, change.summary, *beside),
        edited_at=now,
    )
    if change.quote_policy is not None:
        policy = quotes.stored_policy(Audience(status.audience), change.quote_policy)
        edited = replace(edited, quote_policy=policy)
        await statuses.update_quote_policy(tx, status.id, policy)
    mentions = [statuses.Mention(actor.id) for actor in allowed if actor != group]
    await statuses.update_status(tx, edited, mentions=mentions, tags=shown.tags, beside=beside)
    await replace_poll(tx, change.poll, status.id, now)
    for media_id, description in change.descriptions.items():
        await media.update_description(tx, media_id, actor_id=status.actor_id, description=description)
    if change.media_ids is not None:
        await media.replace_attached(tx, change.media_ids, status_id=status.id, actor_id=status.actor_id)
    return edited


async def delete(ctx: Context, author_id: int, status_id: int) -> Status | None:
    """Delete a post of a member everywhere it went; None when the author has no such post. Answers what it was."""
    return await perform(ctx, lambda act: _delete(act, author_id, status_id))


async def _delete(act: Act, author_id: int, status_id: int) -> Status | None:
    status = await statuses.get_status(act.tx, status_id)
    if status is None or status.actor_id != author_id or status.boost_of_id is not None:
        return None
    await retract(act, status, await _require_author(act.tx, author_id))
    return status
