"""Public groups of ours: making one, and what their moderators do. Each act is audited in its own transaction."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from federation.act import Act, perform
from federation.context import Context
from federation.documents import prove
from federation.facts import Parcel
from federation.local_actors import insert_local_actor, make_keys, new_actor
from federation.notifying import notify
from federation.outbox.blocks import begin_block, end_block
from federation.outbox.follows import answer_follow
from federation.outbox.pins import MOST_PINS, Unpinnable
from federation.outbox.profiles import MAX_NAME, check_name, require_free
from federation.public_groups import OpenPost, announce, take_down
from federation.signing import get_keys
from federation.wire.bounded import Document
from federation.wire.render import featured_uri, render_activity
from federation.wire.sanitize import clean_text, strip_badge
from federation.wire.values import PUBLIC
from policies import membership as policy
from policies.decision import Decision, Deny
from policies.membership import Joining
from policies.public_groups import may_moderate
from policies.terms import Audience, Kind
from storage import actors, audit, follows, notifications, pins, public_groups, statuses
from storage.ids import new_id
from storage.oauth import delete_tokens_as
from storage.public_groups import INVITED, MODERATOR, Shown
from storage.records import Actor, Follow, PublicGroup, Status


@dataclass(frozen=True, slots=True)
class NewPublicGroup:
    """A public group as it begins. `moderators_only`: nobody else posts to it."""

    name: str
    title: str
    joining: Joining
    moderator_id: int
    moderators_only: bool = False


async def create(ctx: Context, group: NewPublicGroup, *, by: str) -> Actor:
    """Make a public group with its first moderator. ValueError for a name that may not be or is taken.

    It is there for everybody, so it wants to be found.
    """
    now, name = ctx.now(), check_name(group.name)
    made = new_actor(ctx.origin, new_id(now), "Group", name, strip_badge(clean_text(group.title, MAX_NAME)), now)
    actor = replace(made, locked=int(group.joining is not Joining.AUTOMATIC), discoverable=1, indexable=1)
    keys = await make_keys(actor.uri)

    async def unit(act: Act) -> Actor:
        await require_free(act.tx, name)
        moderator = await _require_person(act, group.moderator_id)
        await insert_local_actor(act.tx, actor, keys, now)
        posting = "moderators" if group.moderators_only else "members"
        await public_groups.insert_public_group(act.tx, PublicGroup(actor.id, group.joining, posting, now))
        await _make_moderator(act, actor, moderator)
        await audit.append(
            act.tx,
            actor=by,
            act="group.create",
            subject=name,
            now=now,
            joining=group.joining,
            public=True,
            posting=posting,
        )
        return actor

    return await perform(ctx, unit)


async def _make_moderator(act: Act, group: Actor, moderator: Actor) -> None:
    """Who moderates a group reads it."""
    await public_groups.upsert_role(act.tx, group.id, moderator.id, MODERATOR, now=act.now)
    if await follows.get_follow(act.tx, moderator.id, group.id) is None:
        follow_id = new_id(act.now)
        uri = act.ctx.origin.activity(follow_id)
        made = Follow(follow_id, moderator.id, group.id, uri, "accepted", boosts=1, notify=0, created_at=act.now)
        await follows.insert_follow(act.tx, made)


async def _require_person(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None or not actor.local or actor.type != "Person":
        raise LookupError("a moderator must be a member here")
    return actor


# --- who follows -------------------------------------------------------------------------------------------------


async def accept(ctx: Context, group_id: int, actor_id: int, *, by: str) -> None:
    """Accept a request to follow. LookupError when nobody asked."""

    async def unit(act: Act) -> None:
        group, actor = await _require(act, group_id), await _require_anyone(act, actor_id)
        known = await follows.get_follow(act.tx, actor_id, group_id)
        if known is None or known.state != "pending":
            raise LookupError(f"{actor.acct} has not asked to follow {group.acct}")
        await answer_follow(act, known, actor, group, "Accept")
        await _note(act, group, "group.accept", by, member=actor.acct)

    await perform(ctx, unit)


async def remove(
    ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "", state: str = ""
) -> bool | Deny:
    """End a follow (`active`) or refuse a request (`pending`); False when there was none. Their home alone is told."""

    async def unit(act: Act) -> bool | Deny:
        group, actor = await _require(act, group_id), await _require_anyone(act, actor_id)
        known = await follows.get_follow(act.tx, actor_id, group_id)
        if known is None or (state and known.state != _STATES[state]):
            return False
        decision = await _may_remove(act, group_id, actor_id)
        if isinstance(decision, Deny):
            return decision
        await answer_follow(act, known, actor, group, "Reject")
        await _forget(act, group_id, actor_id)
        await _note(act, group, "group.remove", by, member=actor.acct, reason=reason)
        return True

    return await perform(ctx, unit)


_STATES = {"active": "accepted", "pending": "pending"}  # of memberships, as the doors name them, and of follows


async def ban(ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "") -> Deny | None:
    """Keep somebody out for good, whether or not they followed: a block, of which their home alone is told."""

    async def unit(act: Act) -> Deny | None:
        group, actor = await _require(act, group_id), await _require_anyone(act, actor_id)
        decision = await _may_remove(act, group_id, actor_id)
        if isinstance(decision, Deny):
            return decision
        await begin_block(act, group, actor)
        await _forget(act, group_id, actor_id)
        await _note(act, group, "group.ban", by, member=actor.acct, reason=reason)
        return None

    return await perform(ctx, unit)


async def _may_remove(act: Act, group_id: int, actor_id: int) -> Decision:
    """Whoever gets here may moderate; nobody leaves a group without anybody who does."""
    await public_groups.lock_public_group(act.tx, group_id, change=True)
    left = await public_groups.list_with_role(act.tx, group_id, MODERATOR)
    return policy.may_remove(
        policy.RemoveFacts(by_moderator=True, last_moderator=[one.id for one in left] == [actor_id])
    )


async def _forget(act: Act, group_id: int, actor_id: int) -> None:
    """Somebody has no role there any more, nor any app by which they acted as the group."""
    await public_groups.delete_role(act.tx, group_id, actor_id)
    await delete_tokens_as(act.tx, group_id, operator_id=actor_id)


async def unban(ctx: Context, group_id: int, actor_id: int, *, by: str) -> None:
    """Let somebody ask again."""

    async def unit(act: Act) -> None:
        group, actor = await _require(act, group_id), await _require_anyone(act, actor_id)
        await end_block(act, group, actor)
        await _note(act, group, "group.unban", by, member=actor.acct)

    await perform(ctx, unit)


async def invite(ctx: Context, group_id: int, actor_id: int, *, by: str) -> None:
    """Invite a member of ours: following the group will be enough. LookupError for anybody else."""

    async def unit(act: Act) -> None:
        group, person = await _require(act, group_id), await _require_person(act, actor_id)
        if await public_groups.get_role(act.tx, group_id, actor_id) is None:
            await public_groups.upsert_role(act.tx, group_id, actor_id, INVITED, now=act.now)
            await notify(act.tx, actor_id, "follow", group_id, now=act.now)
            await _note(act, group, "group.invite", by, member=person.acct)

    await perform(ctx, unit)


async def set_moderator(ctx: Context, group_id: int, actor_id: int, *, by: str, moderator: bool) -> Deny | None:
    """Let a member of ours moderate a group of ours, or no more. LookupError for who is no member here."""

    async def unit(act: Act) -> Deny | None:
        group, person = await _require(act, group_id), await _require_person(act, actor_id)
        decision = await _may_remove(act, group_id, actor_id)
        if not moderator and isinstance(decision, Deny):
            return decision
        if moderator:
            await _make_moderator(act, group, person)
        else:
            await _forget(act, group_id, actor_id)
        await _note(act, group, "group.moderator", by, member=person.acct, moderator=moderator)
        return None

    return await perform(ctx, unit)


# --- what it shows -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    """What a moderator says of a post in a group: in their own name, because Lemmy believes moderators and not groups."""

    shown: Shown
    post: OpenPost
    moderator: Actor


async def _find(act: Act, group_id: int, status_id: int, by: str) -> _Word | None:
    """A post that the group shows, or its boost of it, for the moderator of this name; None for any other post or person."""
    await public_groups.lock_public_group(act.tx, group_id, change=True)
    moderator = await actors.get_actor_by_handle(act.tx, by, "")
    role = await public_groups.get_role(act.tx, group_id, moderator.id) if moderator is not None else None
    named = await statuses.get_status(act.tx, status_id)
    if moderator is None or named is None or isinstance(may_moderate(moderator=role == MODERATOR), Deny):
        return None
    post = await statuses.get_status(act.tx, named.boost_of_id or named.id)
    showing = await public_groups.list_showing(act.tx, post.id) if post is not None else []
    shown = next((one for one in showing if one.actor.id == group_id), None)
    return None if shown is None or post is None else _Word(shown, OpenPost(post), moderator)


async def _say(act: Act, word: _Word, kind: str, object_: object, **more: str) -> Document:
    group, moderator = word.shown.actor, word.moderator
    uri = act.ctx.origin.activity(new_id(act.now))
    addressing = {"to": [PUBLIC], "cc": [group.uri], "audience": group.uri}
    document = render_activity(uri, kind, moderator.uri, object_, now=act.now, **addressing, **more)
    keys = await get_keys(act.tx, moderator.id, moderator.uri)
    return prove(document, keys.ed25519, Audience(word.post.status.audience), act.now)


async def _announce(act: Act, word: _Word, activity: Document, kind: Kind) -> None:
    group, status = word.shown.actor, word.post.status
    targets = await follows.list_follower_inboxes(act.tx, group.id)
    about = word.shown.boost.id if kind is Kind.CONTENT else None
    await announce(act, group, activity, Parcel(kind, Audience(status.audience), status.uri), targets, about=about)


async def remove_post(ctx: Context, group_id: int, status_id: int, *, by: str) -> bool:
    """Take a post out of the group everywhere, whoever wrote it: it stays its author's. False when it is not there."""

    async def unit(act: Act) -> bool:
        word = await _find(act, group_id, status_id, by)
        if word is None:
            return False
        await take_down(act, word.shown, word.post, await _say(act, word, "Delete", word.post.status.uri))
        await _note(act, word.shown.actor, "group.delete_post", by, post=word.post.status.uri)
        return True

    return await perform(ctx, unit)


async def pin(ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | Unpinnable | None:
    """Put a post first in the group; None when the group does not show it. Pinning twice changes nothing."""

    async def unit(act: Act) -> Status | Unpinnable | None:
        word = await _find(act, group_id, status_id, by)
        if word is None or await pins.is_pinned(act.tx, word.shown.boost.id):
            return word.shown.boost if word else None
        if await pins.count_pins(act.tx, group_id) >= MOST_PINS:
            return Unpinnable.TOO_MANY
        await pins.insert_pin(act.tx, group_id, word.shown.boost.id, now=act.now)
        group, uri = word.shown.actor, word.post.status.uri
        await _announce(act, word, await _say(act, word, "Add", uri, target=featured_uri(group)), Kind.CONTENT)
        await _note(act, group, "group.pin", by, post=uri)
        return word.shown.boost

    return await perform(ctx, unit)


async def unpin(ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | None:
    """Take a post down; None when the group does not show it. One that is not pinned stays as it is."""

    async def unit(act: Act) -> Status | None:
        word = await _find(act, group_id, status_id, by)
        if word is not None and await pins.delete_pin(act.tx, group_id, word.shown.boost.id):
            group, uri = word.shown.actor, word.post.status.uri
            await _announce(
                act, word, await _say(act, word, "Remove", uri, target=featured_uri(group)), Kind.RETRACTION
            )
            await _note(act, group, "group.unpin", by, post=uri)
        return word.shown.boost if word else None

    return await perform(ctx, unit)


async def lock(ctx: Context, group_id: int, status_id: int, *, moderator: str, by: str, locked: bool = True) -> bool:
    """Close a thread to new answers of all but moderators, or open it again, in the name of one of them. False when the
    group does not show it, or they are none.
    """

    async def unit(act: Act) -> bool:
        word = await _find(act, group_id, status_id, moderator)
        if word is None:
            return False
        group, post = word.shown.actor, word.post.status
        if locked:
            changed = await public_groups.insert_lock(act.tx, group_id, post.thread_id, now=act.now)
        else:
            changed = await public_groups.delete_lock(act.tx, group_id, post.thread_id)
        if changed:
            said = await _say(act, word, "Lock", post.uri)
            said = said if locked else await _say(act, word, "Undo", said)
            await _announce(act, word, said, Kind.CONTROL)
            await _note(act, group, "group.lock", by, post=post.uri, moderator=moderator, locked=locked)
        return True

    return await perform(ctx, unit)


async def clear_notifications(ctx: Context, group_id: int, ids: Collection[int] | None, *, by: str) -> None:
    """What the group was told of is dealt with: these, or all (None)."""

    async def unit(act: Act) -> None:
        if ids is None:
            await notifications.delete_all_of(act.tx, group_id)
        else:
            await notifications.delete_some_of(act.tx, group_id, ids)
        await _note(act, await _require(act, group_id), "group.clear_notifications", by)

    await perform(ctx, unit)


async def _require(act: Act, group_id: int) -> Actor:
    """A public group of ours."""
    actor = await actors.get_actor(act.tx, group_id)
    if actor is None or await public_groups.get_public_group(act.tx, group_id) is None:
        raise LookupError(f"no public group {group_id}")
    return actor


async def _require_anyone(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None:
        raise LookupError(f"no actor {actor_id}")
    return actor


async def _note(act: Act, group: Actor, name: str, by: str, **detail: object) -> None:
    await audit.append(act.tx, actor=by, act=name, subject=group.username, now=act.now, **detail)
