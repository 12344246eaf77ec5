"""Follow, Accept, Reject and Undo(Follow) from other hosts; for private groups they are acts of membership."""

from typing import Any, assert_never

from federation import memberships
from federation import public_groups as public_posts
from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.facts import is_verified
from federation.inbox.verified import Answer, Verified
from federation.outbox.follows import refuse_follow, take_follow
from federation.resolve import resolve_actor
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import integer, text, uri_of
from policies.admission import ActivityFacts
from policies.decision import Allow, Decision, Deny, Hold, Limit, Reason
from policies.membership import LEASE_HOURS
from policies.seats import Told
from policies.terms import Audience, Kind
from storage import actors, blocks, follows, groups, notifications
from storage.ids import new_id
from storage.records import Actor, Follow


async def on_follow(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody wants to follow a member of ours, or to join a group of ours."""
    activity = verified.activity
    target_uri = activity.object_id or ""

    async def unit(act: Act) -> Answer:
        target = await actors.get_actor_by_uri(act.tx, target_uri)
        if target is None or not target.local or target.type == "Application" or target.disabled_at is not None:
            return "no such actor here"
        if await groups.get_group(act.tx, target.id) is not None:
            decision = await memberships.request_from_afar(act, target, actor, follow_uri=activity.id)
            return None if isinstance(decision, Allow | Limit | Hold) else decision.reason
        asked = Follow(new_id(act.now), actor.id, target.id, activity.id, "pending", 1, 0, act.now)
        if await blocks.get_block(act.tx, target.id, actor.id) is not None:
            await refuse_follow(act, asked, actor, target)
            return "blocked by whom it follows"
        entering = await public_posts.enter(act, target, actor)
        if isinstance(entering, Deny):
            await refuse_follow(act, asked, actor, target)
            return entering.reason
        known = await is_verified(act.tx, actor, act.rules.ruleset, act.now)
        facts = ActivityFacts(
            actor.host, Kind.CONTROL, Audience.DIRECT, approach=target.type == "Person", verified=known
        )
        decision = await admit(act, facts, activity.id)
        ask = bool(target.locked) if entering is None else isinstance(entering, Hold)
        return await _take(act, decision, asked, actor, target, ask=ask)

    return await perform(ctx, unit)


async def _take(act: Act, decision: Decision, asked: Follow, actor: Actor, target: Actor, *, ask: bool) -> Answer:
    """A stranger's follow becomes a request that the member answers, or is refused, as the ruleset says; `ask`: every one."""
    match decision:
        case Deny():
            await refuse_follow(act, asked, actor, target)
            return decision.reason
        case Hold(reason=reason) if reason is not Reason.STRANGER:
            return decision
        case Allow() | Limit() | Hold():
            await take_follow(act, asked, actor, target, ask=ask or isinstance(decision, Hold))
            return None
        case _ as never:
            assert_never(never)


async def on_accept(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Our member's request was accepted: it must be pending with this very actor, or be a membership."""

    async def unit(act: Act) -> Answer:
        facts = ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT)
        decision = await admit(act, facts, verified.activity.id)
        if isinstance(decision, Hold):
            return decision
        if isinstance(decision, Deny):
            return decision.reason
        return await _on_answer(act, verified, actor, accepted=True)

    answer = await perform(ctx, unit)
    if answer is None and actor.type == "Group":
        await resolve_actor(ctx, actor.uri, refresh=True)  # members' hosts are told where its posts may go on to
    return answer


async def on_reject(ctx: Context, verified: Verified, actor: Actor) -> str | None:
    """Our member's request was refused, or the follow or membership is ended from the other side."""
    return await perform(ctx, lambda act: _on_answer(act, verified, actor, accepted=False))


async def _on_answer(act: Act, verified: Verified, actor: Actor, *, accepted: bool) -> str | None:
    asked = verified.activity.object
    uri = verified.activity.object_id or ""
    member = await _member_of(act, asked, uri, actor)
    if member is None:
        return "answers nothing that a member here asked"
    if await groups.get_group(act.tx, actor.id) is not None:
        return await _on_membership_answer(act, verified, actor, member, accepted=accepted)
    known = await follows.get_follow(act.tx, member.id, actor.id)
    if known is None:
        return "answers nothing that a member here asked"
    if accepted:
        await follows.accept_follow(act.tx, known)
    else:
        await follows.delete_follow(act.tx, known)
    return None


async def _member_of(act: Act, asked: Any, uri: str, actor: Actor) -> Actor | None:
    """The member of ours whose Follow of this actor is answered: by the Follow's id, else by what is embedded."""
    known = await follows.get_follow_by_uri(act.tx, uri)
    if known is not None and known.followee_id == actor.id:
        return await actors.get_actor(act.tx, known.follower_id)
    membership = await groups.get_membership_by_follow(act.tx, uri)
    if membership is not None and membership.group_id == actor.id:
        return await actors.get_actor(act.tx, membership.actor_id)
    if not isinstance(asked, dict) or uri_of(asked.get("object")) != actor.uri:
        return None
    member = await actors.get_actor_by_uri(act.tx, uri_of(asked.get("actor")) or "")
    return member if member is not None and member.local else None


async def _on_membership_answer(
    act: Act, verified: Verified, group: Actor, member: Actor, *, accepted: bool
) -> str | None:
    raw = verified.activity.raw
    epoch = integer(raw.get("epoch"), 0, 2**63 - 1)
    if epoch is None:
        raise ProtocolError(Fault.SHAPE, "a membership act without epoch")
    if accepted:
        hours = raw.get("lease")
        lease = float(hours) if isinstance(hours, int | float) else float(LEASE_HOURS)
        told = Told(epoch, min(verified.activity.published or act.now, act.now), lease)
        decision = await memberships.on_accepted(act, group, member, told)
    else:
        decision = await memberships.on_rejected(act, group, member, epoch=epoch)
    return decision.reason if isinstance(decision, Deny | Hold) else None


async def _followed(act: Act, verified: Verified, actor: Actor) -> Actor | None:
    """Whom an undone Follow was of: by what is embedded, else by its id."""
    named = uri_of((verified.activity.embedded or {}).get("object"))
    if named is not None:
        return await actors.get_actor_by_uri(act.tx, named)
    uri = verified.activity.object_id or ""
    known = await follows.get_follow_by_uri(act.tx, uri)
    if known is not None and known.follower_id == actor.id:
        return await actors.get_actor(act.tx, known.followee_id)
    membership = await groups.get_membership_by_follow(act.tx, uri)
    if membership is not None and membership.actor_id == actor.id:
        return await actors.get_actor(act.tx, membership.group_id)
    return None


async def on_undo_follow(ctx: Context, verified: Verified, actor: Actor) -> str | None:
    """A follower goes, or a member leaves a group of ours."""
    embedded = verified.activity.embedded or {}
    if text(embedded.get("actor")) not in {"", actor.uri}:
        return str(Fault.ACTOR_MISMATCH)

    async def unit(act: Act) -> str | None:
        target = await _followed(act, verified, actor)
        if target is None or not target.local:
            return "nobody here is followed"
        if await groups.get_group(act.tx, target.id) is not None:
            ended = await memberships.end(act, target.id, actor)
            return None if ended else "not a member"
        known = await follows.get_follow(act.tx, actor.id, target.id)
        if known is None:
            return "not followed"
        await follows.delete_follow(act.tx, known)
        for type_ in ("follow", "follow_request"):
            await notifications.delete_notifications(act.tx, type_=type_, actor_id=actor.id, owner_id=target.id)
        return None

    return await perform(ctx, unit)
