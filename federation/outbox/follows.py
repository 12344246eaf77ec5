"""Following and asking to join. To a member's app both are the same act: following a private group asks to join it."""

from dataclasses import replace
from typing import Any, assert_never

from federation import memberships
from federation import public_groups as public_posts
from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.facts import Parcel
from federation.notifying import notify
from federation.signing import get_keys
from federation.wire.proofs import sign_document
from federation.wire.render import render_activity
from policies.decision import Allow, Deny, Hold, Limit
from policies.terms import Audience, Kind
from storage import actors, blocks, follows, groups, notifications, timelines
from storage.database import Reader
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Follow


async def follow(
    ctx: Context, actor_id: int, target_id: int, *, boosts: bool = True, notify_posts: bool = False
) -> Allow | Deny | None:
    """Follow somebody, or ask to join a group; None when there is no such actor, or one has blocked the other."""

    async def unit(act: Act) -> Allow | Deny | None:
        actor, target = await get_pair(act.tx, actor_id, target_id)
        if actor is None or target is None or target.type == "Application" or actor_id == target_id:
            return None
        if await groups.get_group(act.tx, target_id) is not None:
            return await _ask_to_join(act, actor, target)
        if await blocks.list_blocks_between(act.tx, actor_id, [target_id]):
            return None
        entering = await public_posts.enter(act, target, actor)
        if isinstance(entering, Deny):
            return entering
        ask = bool(target.locked) if entering is None else isinstance(entering, Hold)
        await begin_follow(act, actor, target, boosts=boosts, notify_posts=notify_posts, ask=ask)
        return Allow("follow")

    return await perform(ctx, unit)


async def get_pair(tx: Reader, one: int, other: int) -> tuple[Actor | None, Actor | None]:
    """Both actors; neither when one of them is gone."""
    found = await actors.list_actors(tx, [one, other])
    pair = found.get(one), found.get(other)
    return pair if all(actor is None or actor.disabled_at is None for actor in pair) else (None, None)


async def _ask_to_join(act: Act, actor: Actor, group: Actor) -> Allow | Deny:
    decision = await memberships.request(act, group, actor, follow_uri=act.ctx.origin.activity(new_id(act.now)))
    match decision:
        case Deny():
            return decision
        case Allow() | Hold() | Limit():
            return Allow(decision.rule)
        case _ as never:
            assert_never(never)


async def begin_follow(
    act: Act, actor: Actor, target: Actor, *, boosts: bool, notify_posts: bool, ask: bool | None = None
) -> None:
    """A member of ours follows somebody, or asks to; who follows already changes how. `ask`: whether somebody here is asked
    first, if it is not what their account says.
    """
    now = act.now
    known = await follows.get_follow(act.tx, actor.id, target.id)
    if known is not None:
        await follows.update_follow(act.tx, known.id, uri=known.uri, boosts=int(boosts), notify=int(notify_posts))
        return
    activity_id = new_id(now)
    accepted = target.local and not (target.locked if ask is None else ask)
    made = Follow(
        id=activity_id,
        follower_id=actor.id,
        followee_id=target.id,
        uri=act.ctx.origin.activity(activity_id),
        state="accepted" if accepted else "pending",
        boosts=int(boosts),
        notify=int(notify_posts),
        created_at=now,
    )
    await follows.insert_follow(act.tx, made)
    if target.local:
        await notify(act.tx, target.id, "follow" if accepted else "follow_request", actor.id, now=now)
    else:
        document = render_activity(made.uri, "Follow", actor.uri, target.uri, now=now)
        await send_control(act, actor, document, activity_id, target)


async def send_control(
    act: Act,
    sender: Actor,
    document: dict[str, Any],
    activity_id: int,
    target: Actor,
    *,
    kind: Kind = Kind.CONTROL,
) -> None:
    """Send an act that is no content to one actor's own inbox, with our proof."""
    keys = await get_keys(act.tx, sender.id, sender.uri)
    await send(
        act,
        Outgoing(activity_id, sign_document(document, keys.ed25519, created=act.now), sender.id),
        Parcel(kind, Audience.DIRECT),
        [Inbox(target.host, target.inbox)],
    )


async def unfollow(ctx: Context, actor_id: int, target_id: int) -> None:
    """Stop following, withdraw a request, or leave a group. Nothing happens when there is nothing to end."""

    async def unit(act: Act) -> None:
        actor, target = await get_pair(act.tx, actor_id, target_id)
        if actor is None or target is None:
            return
        if await groups.get_group(act.tx, target_id) is not None:
            await memberships.leave(act, target, actor)
            return
        known = await follows.get_follow(act.tx, actor_id, target_id)
        if known is not None:
            await stop_following(act, known, actor, target)

    await perform(ctx, unit)


async def stop_following(act: Act, known: Follow, actor: Actor, target: Actor) -> None:
    """A member of ours follows somebody no more, whose home is told."""
    await forget_follow(act, known)
    if not target.local:
        await send_undo(act, actor, render_follow(known.uri, actor, target), target)


async def forget_follow(act: Act, known: Follow) -> None:
    """A follow is over here, with what it brought; nobody is told."""
    await follows.delete_follow(act.tx, known)
    await timelines.delete_home_of(act.tx, known.follower_id, author_id=known.followee_id)
    for type_ in ("follow", "follow_request"):
        await notifications.delete_notifications(
            act.tx, type_=type_, actor_id=known.follower_id, owner_id=known.followee_id
        )


async def end_follows(act: Act, owner: Actor, other: Actor) -> None:
    """A member of ours ends every follow between them and somebody else, whose home is told."""
    for known in await follows.list_between(act.tx, owner.id, [other.id]):
        if known.followee_id == owner.id:
            await answer_follow(act, known, other, owner, "Reject")
        else:
            await stop_following(act, known, owner, other)


def render_follow(uri: str, follower: Actor, followee: Actor) -> dict[str, Any]:
    """The Follow that an Accept, a Reject or an Undo embeds."""
    return {"id": uri, "type": "Follow", "actor": follower.uri, "object": followee.uri}


async def send_undo(act: Act, actor: Actor, undone: dict[str, Any], target: Actor) -> None:
    """Take back an act that one actor was told of."""
    now = act.now
    activity_id = new_id(now)
    document = render_activity(act.ctx.origin.activity(activity_id), "Undo", actor.uri, undone, now=now)
    await send_control(act, actor, document, activity_id, target, kind=Kind.RETRACTION)


async def accept_request(ctx: Context, owner_id: int, follower_id: int) -> bool:
    """Accept a request to follow a member of ours; False when there is none."""
    return await perform(ctx, lambda act: _answer(act, owner_id, follower_id, "Accept"))


async def reject_request(ctx: Context, owner_id: int, follower_id: int) -> bool:
    """Reject a request to follow a member of ours; False when there is none."""
    return await perform(ctx, lambda act: _answer(act, owner_id, follower_id, "Reject"))


async def remove_follower(ctx: Context, owner_id: int, follower_id: int) -> bool:
    """End a follow from its followee's side; False when there is none."""
    return await perform(ctx, lambda act: _answer(act, owner_id, follower_id, "Reject", state="accepted"))


async def _answer(act: Act, owner_id: int, follower_id: int, answer: str, *, state: str = "pending") -> bool:
    follower, owner = await get_pair(act.tx, follower_id, owner_id)
    known = await follows.get_follow(act.tx, follower_id, owner_id)
    if follower is None or owner is None or known is None or known.state != state:
        return False
    await answer_follow(act, known, follower, owner, answer)
    return True


async def answer_follow(act: Act, known: Follow, follower: Actor, owner: Actor, answer: str) -> None:
    """Accept or Reject a stored follow of a member of ours, here and at the follower's home."""
    now = act.now
    await notifications.delete_notifications(act.tx, type_="follow_request", actor_id=follower.id, owner_id=owner.id)
    if answer == "Accept":
        await follows.accept_follow(act.tx, known)
        await notify(act.tx, owner.id, "follow", follower.id, now=now)
    else:
        await follows.delete_follow(act.tx, known)
        await timelines.delete_home_of(act.tx, follower.id, author_id=owner.id)
    if not follower.local:
        activity_id = new_id(now)
        document = render_activity(
            act.ctx.origin.activity(activity_id), answer, owner.uri, render_follow(known.uri, follower, owner), now=now
        )
        kind = Kind.RETRACTION if answer == "Reject" else Kind.CONTROL
        await send_control(act, owner, document, activity_id, follower, kind=kind)


async def take_follow(act: Act, asked: Follow, follower: Actor, owner: Actor, *, ask: bool) -> None:
    """A remote actor wants to follow a member of ours: accept at once, or `ask` the member."""
    known = await follows.get_follow(act.tx, follower.id, owner.id)
    if known is not None:
        await follows.update_follow(act.tx, known.id, uri=asked.uri, boosts=known.boosts, notify=known.notify)
        known = replace(known, uri=asked.uri)
    else:
        await follows.insert_follow(act.tx, asked)
        known = asked
    if known.state == "accepted" or not ask:
        await answer_follow(act, known, follower, owner, "Accept")
    else:
        await notify(act.tx, owner.id, "follow_request", follower.id, now=act.now)


async def refuse_follow(act: Act, asked: Follow, follower: Actor, owner: Actor) -> None:
    """A remote actor may not follow a member of ours, and is told."""
    known = await follows.get_follow(act.tx, follower.id, owner.id)
    await answer_follow(act, known or asked, follower, owner, "Reject")


async def end_follows_of_host(act: Act, host: str) -> None:
    """A suspended host: nobody there follows anybody here, nor the other way round, and it is told."""
    for known in await follows.list_of_host(act.tx, host):
        follower, followee = await get_pair(act.tx, known.follower_id, known.followee_id)
        if follower is None or followee is None:
            continue
        if followee.local:
            await answer_follow(act, known, follower, followee, "Reject")
        else:
            await follows.delete_follow(act.tx, known)
            await timelines.delete_home_of(act.tx, follower.id, author_id=followee.id)
            await send_undo(act, follower, render_follow(known.uri, follower, followee), followee)
