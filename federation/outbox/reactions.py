"""Favourites and boosts of our members, and taking them back."""

from dataclasses import dataclass
from typing import Any, assert_never

from federation import groups as group_posts
from federation import public_groups as public_posts
from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import prove
from federation.facts import Parcel
from federation.fanout import announce_deletion, fan_out
from federation.notifying import notify
from federation.signing import get_keys
from federation.wire.render import render_activity
from federation.wire.values import PUBLIC
from policies.decision import Allow, Deny, Hold, Limit
from policies.posting import ShareFacts, audience_after, may_share
from policies.terms import Audience, Kind
from storage import actors, favourites, follows, notifications, statuses
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Favourite, Status
from storage.visibility import get_visible


async def favourite(ctx: Context, actor_id: int, status_id: int) -> Status | None:
    """Like a post; None when it is hidden or gone. Liking twice changes nothing."""
    return await perform(ctx, lambda act: _favourite(act, actor_id, status_id))


async def _favourite(act: Act, actor_id: int, status_id: int) -> Status | None:
    seen = await _see(act, actor_id, status_id)
    if seen is None:
        return None
    activity_id = new_id(act.now)
    liked = Favourite(activity_id, actor_id, seen.status.id, act.ctx.origin.activity(activity_id), act.now)
    if await favourites.insert_favourite(act.tx, liked):
        await notify(act.tx, seen.author.id, "favourite", actor_id, status_id=seen.status.id, now=act.now)
        await _tell_author(act, seen, activity_id, render_like(liked, seen), Kind.CONTENT)
    return await statuses.get_status(act.tx, seen.status.id)


async def unfavourite(ctx: Context, actor_id: int, status_id: int) -> Status | None:
    """Take a like back, also of a post that is hidden by now; None when it is hidden or gone."""
    return await perform(ctx, lambda act: _unfavourite(act, actor_id, status_id))


async def _unfavourite(act: Act, actor_id: int, status_id: int) -> Status | None:
    seen, shown = await _recall(act, actor_id, status_id)
    if seen is None:
        return None
    known = await favourites.get_favourite(act.tx, actor_id, seen.status.id)
    if known is not None:
        await favourites.delete_favourite(act.tx, known)
        await notifications.delete_notifications_about(
            act.tx, type_="favourite", actor_id=actor_id, status_id=seen.status.id
        )
        activity_id = new_id(act.now)
        await _tell_author(act, seen, activity_id, render_like(known, seen), Kind.RETRACTION)
    return await statuses.get_status(act.tx, seen.status.id) if shown else None


@dataclass(frozen=True, slots=True)
class Seen:
    """A post that a member of ours reacts to, who may see it."""

    actor: Actor
    status: Status
    author: Actor


async def _see(act: Act, actor_id: int, status_id: int) -> Seen | None:
    status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
    if status is not None and status.boost_of_id is not None:  # apps react to the boost they show
        status = await get_visible(act.tx, status.boost_of_id, viewer=actor_id, now=act.now)
    if status is None:
        return None
    found = await actors.list_actors(act.tx, [actor_id, status.actor_id])
    return Seen(found[actor_id], status, found[status.actor_id])


async def _recall(act: Act, actor_id: int, status_id: int) -> tuple[Seen | None, bool]:
    """A post that a member may have reacted to, and whether they may see it now: what is hidden from them since, by a
    suspension or a removal, can still be taken back, and nothing of it is shown.
    """
    seen = await _see(act, actor_id, status_id)
    if seen is not None:
        return seen, True
    status = await statuses.get_status(act.tx, status_id)
    if status is not None and status.boost_of_id is not None:
        status = await statuses.get_status(act.tx, status.boost_of_id)
    if status is None:
        return None, False
    found = await actors.list_actors(act.tx, [actor_id, status.actor_id])
    return Seen(found[actor_id], status, found[status.actor_id]), False


def render_like(liked: Favourite, seen: Seen) -> dict[str, Any]:
    """The Like that is sent, and that its Undo embeds."""
    return {"id": liked.uri, "type": "Like", "actor": seen.actor.uri, "object": seen.status.uri}


async def _tell_author(act: Act, seen: Seen, activity_id: int, like: dict[str, Any], kind: Kind) -> None:
    """A like of a group-only post goes to the group only, which tells its members' homes; any other to the author."""
    audience = Audience(seen.status.audience)
    origin = act.ctx.origin
    document = (
        render_activity(like["id"], "Like", seen.actor.uri, seen.status.uri, now=act.now)
        if kind is Kind.CONTENT
        else render_activity(origin.activity(activity_id), "Undo", seen.actor.uri, like, now=act.now)
    )
    keys = await get_keys(act.tx, seen.actor.id, seen.actor.uri)
    parcel = Parcel(kind, audience, seen.status.uri, seen.status.group_id)
    if seen.status.group_id is not None:
        group, group_actor = await group_posts.require_group(act.tx, seen.status.group_id)
        document |= {"to": [group_actor.uri], "audience": group_actor.uri}
        proven = prove(document, keys.ed25519, audience, act.now)
        if group.local:
            await group_posts.announce(act, seen.status, proven, keep=False)
            return
        target = Inbox(group_actor.host, group_actor.inbox)
    else:
        proven = document | {"to": [seen.author.uri]}
        await _tell_public_groups(act, seen, prove(proven, keys.ed25519, audience, act.now), kind)
        if seen.author.local:
            return
        target = Inbox(seen.author.host, seen.author.inbox)
    await send(act, Outgoing(activity_id, proven, seen.actor.id), parcel, [target])


async def _tell_public_groups(act: Act, seen: Seen, activity: dict[str, Any], kind: Kind) -> None:
    """Those of ours that show the post tell everybody who follows them; proven, since it does not come from who likes it."""
    if kind is Kind.CONTENT:
        await public_posts.relay(act, seen.status, seen.actor, activity)
    else:
        await public_posts.relay_retraction(act, seen.status, activity)


async def boost(ctx: Context, actor_id: int, status_id: int, audience: Audience | None) -> Status | Deny | None:
    """Boost a post; None when it is hidden or gone. Boosting twice answers the same boost."""
    return await perform(ctx, lambda act: _boost(act, actor_id, status_id, audience))


async def _boost(act: Act, actor_id: int, status_id: int, asked: Audience | None) -> Status | Deny | None:
    seen = await _see(act, actor_id, status_id)
    if seen is None:
        return None
    original = Audience(seen.status.audience)
    wanted = asked or (Audience.PUBLIC if original in {Audience.PUBLIC, Audience.UNLISTED} else original)
    decision = may_share(ShareFacts(original, wanted, own=seen.author.id == actor_id))
    match decision:
        case Deny():
            return decision
        case Hold():
            return Deny(decision.rule, decision.reason)
        case Allow() | Limit():
            audience = audience_after(wanted, decision)
        case _ as never:
            assert_never(never)
    known = await statuses.get_boost(act.tx, actor_id, seen.status.id)
    if known is not None:
        return known
    made = _new_boost(act, seen, audience)
    await statuses.insert_status(act.tx, made)
    await fan_out(act.tx, made, seen.actor, now=act.now)
    await notify(act.tx, seen.author.id, "reblog", actor_id, status_id=seen.status.id, now=act.now)
    await _send_boost(act, seen, made)
    return made


def _new_boost(act: Act, seen: Seen, audience: Audience) -> Status:
    boost_id = new_id(act.now)
    uri = act.ctx.origin.activity(boost_id)
    return statuses.boost_of(
        seen.status, boost_id=boost_id, uri=uri, actor_id=seen.actor.id, audience=audience, now=act.now
    )


async def _send_boost(act: Act, seen: Seen, made: Status) -> None:
    targets = await _boost_inboxes(act, seen)
    followers = seen.actor.followers or ""
    public = made.audience == Audience.PUBLIC
    cc = [seen.author.uri, followers if public else PUBLIC]
    addressing = {"to": [PUBLIC if public else followers], "cc": cc}
    if made.audience == Audience.FOLLOWERS:
        addressing = {"to": [followers], "cc": [seen.author.uri]}
    document = render_activity(made.uri, "Announce", seen.actor.uri, seen.status.uri, now=act.now, **addressing)
    keys = await get_keys(act.tx, seen.actor.id, seen.actor.uri)
    proven = prove(document, keys.ed25519, Audience(made.audience), act.now)
    parcel = Parcel(Kind.CONTENT, Audience(made.audience), made.uri)
    await send(act, Outgoing(made.id, proven, seen.actor.id, made.id), parcel, targets)


async def _boost_inboxes(act: Act, seen: Seen) -> list[Inbox]:
    targets = await follows.list_follower_inboxes(act.tx, seen.actor.id)
    author = seen.author
    return targets if author.local else [*targets, Inbox(author.host, author.shared_inbox or author.inbox)]


async def unboost(ctx: Context, actor_id: int, status_id: int) -> Status | None:
    """Take a boost back, also of a post that is hidden by now; answers the original, None when it is hidden or gone."""
    return await perform(ctx, lambda act: _unboost(act, actor_id, status_id))


async def _unboost(act: Act, actor_id: int, status_id: int) -> Status | None:
    seen, shown = await _recall(act, actor_id, status_id)
    if seen is None:
        return None
    known = await statuses.get_boost(act.tx, actor_id, seen.status.id)
    if known is not None:
        targets = await list_retraction_inboxes(act.tx, known.uri)
        await announce_deletion(act.tx, known, now=act.now)
        await statuses.delete_status(act.tx, known, actor_uri=seen.actor.uri, now=act.now)
        await notifications.delete_notifications_about(
            act.tx, type_="reblog", actor_id=actor_id, status_id=seen.status.id
        )
        undone = {"id": known.uri, "type": "Announce", "actor": seen.actor.uri, "object": seen.status.uri}
        activity_id = new_id(act.now)
        document = render_activity(act.ctx.origin.activity(activity_id), "Undo", seen.actor.uri, undone, now=act.now)
        parcel = Parcel(Kind.RETRACTION, Audience(known.audience), known.uri)
        await send(act, Outgoing(activity_id, document, actor_id), parcel, targets)
    return await statuses.get_status(act.tx, seen.status.id) if shown else None
