"""Create, Update and Delete of posts from other hosts, ordinary ones and those of private groups.

A group-only post is taken from two places only: by a group of ours from its author's home, and by a member's home from
the group's own announcement. Everything else that asks to be group-only is dropped.
"""

from typing import assert_never

from federation import groups as group_posts
from federation import public_groups as public_posts
from federation.act import Act, perform
from federation.admitting import admit
from federation.attesting import attest
from federation.context import Context
from federation.distribution import list_retraction_inboxes
from federation.facts import activity_in_group, get_attestation_facts, group_facts, is_verified, reaches
from federation.fanout import announce_deletion
from federation.inbox.polls import on_vote
from federation.inbox.receipts import confirm
from federation.inbox.verified import Answer, Verified
from federation.quoting import withdraw_stamp
from federation.remote_posts import Placement, store_note, update_note
from federation.resolve import fetch_stamp, resolve_object
from federation.verifying import require_proof
from federation.wire.addressing import Addressing, audience_of
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.objects import CONVERTED_TYPES, NATIVE_TYPES, RemoteNote, parse_note
from federation.wire.origins import is_http_uri, same_origin
from federation.wire.parts import note_without, parts_of_note
from federation.wire.quotes import Stamp
from policies import posting
from policies.admission import ActivityFacts
from policies.decision import Allow, Change, Decision, Deny, Hold, Limit, Reason
from policies.posting import EditFacts, PostFacts
from policies.seats import UNCONFIRMED
from policies.terms import Audience, Kind, Part
from policies.verification import Purpose
from storage import actors, groups, statuses
from storage.database import Reader
from storage.records import Actor, Status

TYPES = NATIVE_TYPES | CONVERTED_TYPES


async def on_create(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """New posts: one, or several votes together (GoToSocial)."""
    objects = verified.activity.objects or ("",)
    if len(objects) == 1 or not all(map(_is_open_vote, objects)):
        return await _create(ctx, verified, actor, objects[0])
    answers = [await _create(ctx, verified, actor, one) for one in objects]
    return None if None in answers else answers[0]


def _is_open_vote(created: str | Document) -> bool:
    note = parse_note(created) if isinstance(created, dict) else None
    return note is not None and note.is_vote and not note.audience


async def _create(ctx: Context, verified: Verified, actor: Actor, created: str | Document) -> Answer:
    """One that is only named is fetched from its origin."""
    if isinstance(created, str):
        found = await resolve_object(ctx, created)
        return None if found else "could not be fetched, or is not public"
    note = _own_note(verified, created)
    if note.is_vote:
        return await on_vote(ctx, verified, note, actor)
    group = await _group_asked_for(ctx, note)
    if group is not None and group.local and not verified.relayed_by:
        return await _submit(ctx, verified, note, actor, group)
    if group is not None or verified.relayed_by:
        return await _receive_group_post(ctx, verified, note, actor, group)
    stamp = await fetch_stamp(ctx, note)
    return await perform(ctx, lambda act: _receive(act, note, actor, stamp, verified.activity.raw))


async def receive_quoting(ctx: Context, verified: Verified, document: Document, actor: Actor) -> Answer:
    """A post that came along with the request to quote in it, and not for a group: like one that came by itself."""
    note = parse_note(document)
    if note.attributed_to != verified.by or note.audience or note.is_vote:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"post of {note.attributed_to} sent by {verified.by}")
    return await perform(ctx, lambda act: _receive(act, note, actor, None))


def _own_note(verified: Verified, document: Document) -> RemoteNote:
    """The embedded post, which must be its sender's own."""
    note = parse_note(document)
    if note.attributed_to != verified.by:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"post of {note.attributed_to} sent by {verified.by}")
    return note


async def _group_asked_for(ctx: Context, note: RemoteNote) -> Actor | None:
    """The private group that a post names as its audience, if we know it."""

    async def unit(tx: Reader) -> Actor | None:
        named = await actors.list_actors_by_uri(tx, note.audience)
        known = await groups.list_groups(tx, [actor.id for actor in named.values()])
        return next((actor for actor in named.values() if actor.id in known), None)

    return await ctx.db.read(unit) if note.audience else None


def _address(note: RemoteNote, author: Actor, group: Actor | None) -> Addressing:
    known = {group.uri: group.followers or ""} if group else {}
    return audience_of(note, author.followers, known)


async def _receive(
    act: Act, note: RemoteNote, author: Actor, stamp: Stamp | None, activity: Document | None = None
) -> Answer:
    """A post that is in no private group; `activity` brought it, and is what public groups that it names pass on."""
    addressing = _address(note, author, None)
    approach = addressing.audience is Audience.DIRECT and not await _invited(act, note, author)
    facts = ActivityFacts(
        host=author.host,
        kind=Kind.CONTENT,
        audience=addressing.audience,
        approach=approach,
        verified=approach and await is_verified(act.tx, author, act.rules.ruleset, act.now),
        parts=parts_of_note(note),
    )
    decision = await admit(act, facts, note.uri)
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    if addressing.audience is Audience.DIRECT and not await _is_for_somebody_here(act, addressing):
        return "addressed to nobody here"
    placement = Placement(addressing.audience, recipients=addressing.recipients)
    changes = _changes(decision)
    status = await store_note(act, note_without(note, changes), author, placement, stamp)
    if status is None:
        return "known or deleted already"
    if activity is not None and not changes:  # others are not given what is kept from us
        await public_posts.take_in(act, status, author, activity)
    return None


async def _is_for_somebody_here(act: Act, addressing: Addressing) -> bool:
    """A post for a private group that we do not know looks like a direct one to the group: it is nothing for us."""
    found = await actors.list_actors_by_uri(act.tx, addressing.recipients)
    return any(actor.local for actor in found.values())


async def _invited(act: Act, note: RemoteNote, author: Actor) -> bool:
    """A direct answer to a post of ours that named its author is no approach by a stranger."""
    parent = await statuses.get_status_by_uri(act.tx, note.in_reply_to) if note.in_reply_to else None
    if parent is None:
        return False
    mentioned = (await statuses.list_mentions(act.tx, [parent.id])).get(parent.id, [])
    return any(actor.id == author.id for _, actor in mentioned)


# --- private groups ----------------------------------------------------------------------------------------------


async def _submit(ctx: Context, verified: Verified, note: RemoteNote, author: Actor, group: Actor) -> Answer:
    """At the group's home: a member elsewhere posts to a group of ours."""
    await require_proof(ctx, verified.activity.raw)
    await attest(ctx, author, Purpose.ACT)

    async def unit(act: Act) -> Answer:
        answer = await _accept_post(act, verified, note, author, group)
        if isinstance(answer, Reason):
            await group_posts.refuse(act, group, author, verified.activity, answer)
        return answer

    return await perform(ctx, unit)


async def _accept_post(act: Act, verified: Verified, note: RemoteNote, author: Actor, group_actor: Actor) -> Answer:
    addressing = _address(note, author, group_actor)
    if addressing.audience is not Audience.GROUP:
        return str(Fault.ADDRESSING)
    refusal, note = await _admission(act, note, author, group_actor, joined=True)
    refusal = refusal or await _posting(act, note, author, group_actor)
    if refusal is not None:
        return refusal
    status = await store_note(act, note, author, Placement(Audience.GROUP, group=group_actor))
    if status is None:
        return "known or deleted already"
    served = await group_posts.announce(act, status, verified.activity.raw, keep=True)
    await group_posts.report(act, group_actor, author, verified.activity, served)
    return None


async def _admission(
    act: Act, note: RemoteNote, author: Actor, group: Actor, *, joined: bool
) -> tuple[Answer, RemoteNote]:
    """Why a post in a group does not enter (None: it does), and what of it does."""
    facts = activity_in_group(author, group, joined=joined, parts=parts_of_note(note))
    decision = await admit(act, facts, note.uri)
    match decision:
        case Hold():
            return decision, note
        case Deny():
            return decision.reason, note
        case Allow() | Limit():
            return None, note_without(note, _changes(decision))
        case _ as never:
            assert_never(never)


def _changes(decision: Decision) -> tuple[Change, ...]:
    return decision.changes if isinstance(decision, Limit) else ()


_UNCONFIRMED = Hold("group:members", Reason.UNCONFIRMED)


async def _is_unconfirmed(act: Act, group_id: int, author: Actor) -> bool:
    """After a restore: whether nobody knows yet if somebody still is a member. What they sent waits, and is not refused."""
    known = await groups.get_membership(act.tx, group_id, author.id)
    return known is not None and known.state == UNCONFIRMED


async def _posting(act: Act, note: RemoteNote, author: Actor, group_actor: Actor) -> Answer:
    """What `policies.posting` says of a remote author: it cannot be changed, so anything but Allow is a refusal."""
    group = await groups.lock_group(act.tx, group_actor.id)
    if group is None:
        return Reason.NOT_FOUND
    if await _is_unconfirmed(act, group.actor_id, author):
        return _UNCONFIRMED
    if not reaches(group, group_actor, author.host, act.rules.ruleset):
        return Reason.OUT_OF_REACH
    facts = PostFacts(
        audience=Audience.GROUP,
        groups=(await group_facts(act.tx, group, group_actor, author, act.rules.ruleset, act.now),),
        attestation=await get_attestation_facts(act.tx, author),
        with_files=Part.MEDIA in parts_of_note(note),
    )
    decision = posting.decide(facts, act.rules.ruleset, act.now)
    return None if isinstance(decision, Allow) else decision.reason


async def _receive_group_post(
    ctx: Context, verified: Verified, note: RemoteNote, author: Actor, group: Actor | None
) -> Answer:
    """At a member's home: a post of a remote group, which only the group itself may bring."""
    if group is None or verified.relayed_by != group.uri:
        return "a group-only post that its group did not announce"

    async def unit(act: Act) -> Answer:
        if _address(note, author, group).audience is not Audience.GROUP:
            return str(Fault.ADDRESSING)
        if await statuses.is_deleted(act.tx, note.uri, actor_uri=group.uri):
            return "deleted already"
        joined = bool(await groups.list_local_member_ids(act.tx, group.id, now=act.now))
        refusal, wanted = await _admission(act, note, author, group, joined=joined)
        if refusal is not None:
            return refusal
        stored = await store_note(act, wanted, author, Placement(Audience.GROUP, group=group))
        return None if stored else "known or deleted already"

    return await perform(ctx, unit)


# --- edits and deletions -----------------------------------------------------------------------------------------


async def on_update(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """An edit of a stored post, by its author alone, never older than what is stored."""
    note = _own_note(verified, verified.activity.embedded or {})
    status = await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, note.uri))
    if status is None:
        return "not stored here"
    if status.group_id is not None:
        return await _update_group_post(ctx, verified, note, actor, status)
    stamp = await fetch_stamp(ctx, note)
    return await perform(ctx, lambda act: take_edit(act, note, actor, stamp, verified.activity.raw))


async def take_edit(
    act: Act, note: RemoteNote, actor: Actor, stamp: Stamp | None, activity: Document | None = None
) -> Answer:
    """An edit of a post that is in no private group, if it is its author's; `activity` brought it."""
    status = await statuses.get_status_by_uri(act.tx, note.uri)
    if status is None or status.actor_id != actor.id:
        return Reason.NOT_AUTHOR
    before = Audience(status.audience)
    facts = ActivityFacts(actor.host, Kind.CONTENT, before, parts=parts_of_note(note))
    decision = await admit(act, facts, note.uri)
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    changes = _changes(decision)
    edited = await update_note(act, note_without(note, changes), status, actor, stamp)
    if edited is None:
        return "not newer than what is stored"
    if activity is not None and not changes:
        await public_posts.relay(act, edited, actor, activity)
    return None


async def _update_group_post(
    ctx: Context, verified: Verified, note: RemoteNote, actor: Actor, status: Status
) -> Answer:
    group = await ctx.db.read(lambda tx: actors.get_actor(tx, status.group_id or 0))
    if group is None:
        return Reason.NOT_FOUND
    if group.local:
        await require_proof(ctx, verified.activity.raw)
        await attest(ctx, actor, Purpose.ACT)
    elif verified.relayed_by != group.uri:
        return "a group-only edit that its group did not announce"

    async def unit(act: Act) -> Answer:
        answer = await _apply_group_edit(act, verified, note, actor, group)
        if isinstance(answer, Reason) and group.local and status.actor_id == actor.id:
            await group_posts.refuse(act, group, actor, verified.activity, answer)
        return answer

    return await perform(ctx, unit)


async def _apply_group_edit(act: Act, verified: Verified, note: RemoteNote, actor: Actor, group: Actor) -> Answer:
    status = await statuses.get_status_by_uri(act.tx, note.uri)
    if status is None or status.group_id != group.id:
        return Reason.NOT_FOUND
    after = _address(note, actor, group).audience
    facts = EditFacts(
        before=Audience.GROUP,
        after=after,
        own=status.actor_id == actor.id,
        member=not group.local or await group_posts.is_member(act.tx, group.id, actor.id, act.now),
    )
    decision = posting.may_edit(facts)
    if not isinstance(decision, Allow | Limit):
        return _UNCONFIRMED if group.local and await _is_unconfirmed(act, group.id, actor) else decision.reason
    if after is not Audience.GROUP:
        return str(Fault.ADDRESSING)
    refusal, note = await _admission(act, note, actor, group, joined=True)
    if group.local:
        refusal = refusal or await _posting(act, note, actor, group)
    if refusal is not None:
        return refusal
    edited = await update_note(act, note, status, actor)
    if edited is None:
        return "not newer than what is stored"
    if group.local:
        served = await group_posts.announce(act, edited, verified.activity.raw, keep=True)
        await group_posts.report(act, group, actor, verified.activity, served)
    return None


async def on_delete(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A post is taken back by its author, or by the group it was stored with. Never refused, in any state of the peer."""
    uri = verified.activity.object_id
    if uri is None:
        raise ProtocolError(Fault.SHAPE, "a Delete of nothing")

    async def unit(act: Act) -> Answer:
        answer = await delete_post(act, uri, actor, verified.activity.raw)
        if answer is None:
            await confirm(act, verified, actor)
        return answer

    return await perform(ctx, unit)


async def _remember_deletion(act: Act, uri: str, actor: Actor) -> Answer:
    """The post may still be under way: the word of its own author, or of the group that announces it, keeps it out."""
    own = is_http_uri(uri) and same_origin(uri, actor.uri)
    if not own and await groups.get_group(act.tx, actor.id) is None:
        return Reason.NOT_AUTHOR
    await statuses.insert_tombstone(act.tx, uri=uri, actor_uri=actor.uri, hidden=True, now=act.now)
    return None


async def delete_post(act: Act, uri: str, actor: Actor, activity: Document | None = None) -> Answer:
    """What is stored of a post goes, wherever it was sent from here; what is not stored yet is kept out. `activity` is
    its author's word, for public groups to pass on.
    """
    status = await statuses.get_status_by_uri(act.tx, uri)
    if status is None:
        await withdraw_stamp(act, uri, actor)
        return await _remember_deletion(act, uri, actor)
    if actor.id not in {status.actor_id, status.group_id}:
        return Reason.NOT_AUTHOR
    author = await actors.get_actor(act.tx, status.actor_id)
    targets = await list_retraction_inboxes(act.tx, uri)
    await public_posts.withdraw(act, status, activity)
    await announce_deletion(act.tx, status, now=act.now)
    await statuses.delete_status(act.tx, status, actor_uri=author.uri if author else actor.uri, now=act.now)
    group = await groups.get_group(act.tx, status.group_id) if status.group_id else None
    if group is not None and group.local:
        await group_posts.retract(act, uri, group.actor_id, targets)
    return None
