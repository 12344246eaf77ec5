"""Public groups of ours at work (FEP-1b12): what is posted to them, and what becomes of it, goes on to all their followers.

A post that names the group is shown as boosted by it. Followers elsewhere get the activity that brought it, whole, within
the group's Announce (Lemmy, PieFed, Mbin), and a plain boost (Mastodon and all that know no groups). Nothing gets here but
an `OpenPost`, and private groups have neither rows nor a function in common with this: see `federation.groups`.
"""

from dataclasses import dataclass, replace
from typing import Any

from federation.act import Act
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import OPEN, create_document, prove
from federation.facts import Parcel
from federation.fanout import announce_deletion, fan_out
from federation.rules import Subject, record
from federation.signing import get_keys
from federation.wire.bounded import Document
from federation.wire.render import render_activity
from federation.wire.values import PUBLIC
from policies.decision import Allow, Decision
from policies.membership import Joining
from policies.public_groups import EnterFacts, PassFacts, may_enter, may_pass
from policies.terms import Audience, Kind
from storage import blocks, follows, public_groups, statuses
from storage.follows import Inbox
from storage.ids import new_id
from storage.public_groups import Shown
from storage.records import Actor, PublicGroup, Status


@dataclass(frozen=True, slots=True)
class OpenPost:
    """A post for everybody, in no private group: the only kind that a public group is ever given.

    ValueError for any other. The policy refuses those before; this is what makes a slip a failure instead of a leak.
    """

    status: Status

    def __post_init__(self) -> None:
        if self.status.audience not in OPEN or self.status.group_id is not None or self.status.boost_of_id is not None:
            raise ValueError(f"{self.status.uri} is not for everybody")


# --- who follows -------------------------------------------------------------------------------------------------


async def enter(act: Act, group: Actor, actor: Actor) -> Decision | None:
    """Whether somebody may follow this actor as a public group of ours; None when it is none. An invitation is used up."""
    stored = await public_groups.lock_public_group(act.tx, group.id, change=True)
    if stored is None:
        return None
    role = await public_groups.get_role(act.tx, group.id, actor.id)
    decision = may_enter(
        EnterFacts(
            joining=Joining(stored.joining),
            invited=role is not None,
            banned=await blocks.get_block(act.tx, group.id, actor.id) is not None,
        )
    )
    if isinstance(decision, Allow) and role == public_groups.INVITED:
        await public_groups.delete_role(act.tx, group.id, actor.id)
    return decision


# --- what is posted ----------------------------------------------------------------------------------------------


async def take_in_own(act: Act, status: Status, author: Actor) -> None:
    """Show a member's new post in the public groups of ours that it names."""
    if status.audience not in OPEN or not await public_groups.list_addressed(act.tx, status.id):
        return
    await take_in(act, status, author, await _own_activity(act, status, author, f"{status.uri}#create", "Create"))


async def take_in(act: Act, status: Status, author: Actor, activity: Document) -> None:
    """Show a new post in the public groups of ours that it names, as far as each lets it in; `activity` brought it."""
    for group, actor in await public_groups.list_addressed(act.tx, status.id):
        await public_groups.lock_public_group(act.tx, group.actor_id)  # nobody is banned between judging and showing
        locked = await public_groups.is_locked(act.tx, group.actor_id, status.thread_id)
        facts = await _facts(act, group, actor, status, author)
        facts = replace(facts, moderators_only=group.posting == "moderators", locked=locked)
        decision = may_pass(facts)
        await record(act.tx, act.rules, decision, Subject("pass", status.uri, author.host), facts, act.now)
        if isinstance(decision, Allow):
            await _show(act, group, actor, OpenPost(status), activity)


async def _own_activity(act: Act, status: Status, author: Actor, uri: str, kind: str) -> Document:
    """What a member of ours did with their post, proven: whoever reads it did not get it from its author."""
    document = await create_document(act.tx, act.ctx.origin, status, uri=uri, now=act.now, kind=kind)
    keys = await get_keys(act.tx, author.id, author.uri)
    return prove(document, keys.ed25519, Audience(status.audience), act.now)


async def _facts(act: Act, group: PublicGroup, actor: Actor, status: Status, by: Actor) -> PassFacts:
    known = await follows.get_follow(act.tx, by.id, group.actor_id)
    moderator = await public_groups.get_role(act.tx, group.actor_id, by.id) == public_groups.MODERATOR
    return PassFacts(
        group=actor.username,
        audience=Audience(status.audience),
        present=moderator or (known is not None and known.state == "accepted"),
        moderator=moderator,
        banned=await blocks.get_block(act.tx, group.actor_id, by.id) is not None,
    )


async def _show(act: Act, group: PublicGroup, actor: Actor, post: OpenPost, activity: Document) -> None:
    boost_id = new_id(act.now)
    made = statuses.boost_of(
        post.status,
        boost_id=boost_id,
        uri=act.ctx.origin.activity(boost_id),
        actor_id=actor.id,
        audience=post.status.audience,
        now=act.now,
    )
    await statuses.insert_status(act.tx, made)
    await fan_out(act.tx, made, actor, now=act.now)
    shown = Shown(group, actor, made)
    await _pass_on(act, shown, post, activity)
    await _boost(act, shown, post)


async def _boost(act: Act, shown: Shown, post: OpenPost) -> None:
    """The plain boost, for those who do not look into an Announce."""
    boost, audience = shown.boost, Audience(shown.boost.audience)
    document = render_activity(
        boost.uri, "Announce", shown.actor.uri, post.status.uri, now=act.now, **addressing(shown.actor, audience)
    )
    keys = await get_keys(act.tx, shown.actor.id, shown.actor.uri)
    outgoing = Outgoing(boost.id, prove(document, keys.ed25519, audience, act.now), shown.actor.id, boost.id)
    targets = await follows.list_follower_inboxes(act.tx, shown.actor.id)
    await send(act, outgoing, Parcel(Kind.CONTENT, audience, boost.uri), targets)


def addressing(group: Actor, audience: Audience) -> dict[str, Any]:
    """Whom an announcement is for: as many as the post itself. Lemmy wants Public in it, wherever."""
    followers = group.followers or ""
    to, cc = (PUBLIC, followers) if audience is Audience.PUBLIC else (followers, PUBLIC)
    return {"to": [to], "cc": [cc], "audience": group.uri}


async def _pass_on(act: Act, shown: Shown, post: OpenPost, activity: Document, kind: Kind = Kind.CONTENT) -> None:
    """Announce an activity about a post to the group's followers, or, taking it back, to all who were ever sent it."""
    uri, audience = post.status.uri, Audience(post.status.audience)
    targets = await follows.list_follower_inboxes(act.tx, shown.actor.id)
    if kind is Kind.RETRACTION:
        targets += await list_retraction_inboxes(act.tx, uri)
    content = kind is Kind.CONTENT
    await announce(
        act, shown.actor, activity, Parcel(kind, audience, uri), targets, about=shown.boost.id if content else None
    )


async def announce(
    act: Act,
    group: Actor,
    activity: Document,
    parcel: Parcel,
    targets: list[Inbox],
    *,
    about: int | None = None,
) -> None:
    """Send the group's Announce around an activity that stays as it came; `about`: the boost without which it is moot."""
    activity_id = new_id(act.now)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Announce",
        group.uri,
        activity,
        now=act.now,
        **addressing(group, parcel.audience),
    )
    await send(act, Outgoing(activity_id, document, group.id, about), parcel, targets)


# --- what becomes of it ------------------------------------------------------------------------------------------


async def relay(act: Act, status: Status, by: Actor, activity: Document) -> None:
    """Somebody edited a post or likes it: each public group of ours that shows it passes that on, if it lets them."""
    for shown in await public_groups.list_showing(act.tx, status.id):
        facts = await _facts(act, shown.group, shown.actor, status, by)
        facts = replace(facts, present=facts.present or status.actor_id == by.id)
        if isinstance(may_pass(facts), Allow):
            await _pass_on(act, shown, OpenPost(status), activity)


async def relay_edit(act: Act, status: Status, author: Actor) -> None:
    """A member's own edit."""
    if await public_groups.list_showing(act.tx, status.id):
        uri = act.ctx.origin.activity(new_id(act.now))
        await relay(act, status, author, await _own_activity(act, status, author, uri, "Update"))


async def relay_retraction(act: Act, status: Status, activity: Document) -> None:
    """Somebody takes back a like, or the like: that passes whoever they are by now."""
    for shown in await public_groups.list_showing(act.tx, status.id):
        await _pass_on(act, shown, OpenPost(status), activity, Kind.RETRACTION)


async def withdraw(act: Act, status: Status, activity: Document | None) -> None:
    """A post is about to be deleted, by `activity` where there is one to pass on: no public group of ours shows it any more."""
    for shown in await public_groups.list_showing(act.tx, status.id):
        await take_down(act, shown, OpenPost(status), activity)


async def take_down(act: Act, shown: Shown, post: OpenPost, activity: Document | None) -> None:
    """The group shows a post no more, here or anywhere: its boost is undone, and `activity` says to others what happened."""
    group, boost = shown.actor, shown.boost
    if activity is not None:
        await _pass_on(act, shown, post, activity, Kind.RETRACTION)
    undone = {"id": boost.uri, "type": "Announce", "actor": group.uri, "object": post.status.uri}
    activity_id = new_id(act.now)
    document = render_activity(act.ctx.origin.activity(activity_id), "Undo", group.uri, undone, now=act.now)
    targets = await list_retraction_inboxes(act.tx, boost.uri)
    await announce_deletion(act.tx, boost, now=act.now)
    await statuses.delete_status(act.tx, boost, actor_uri=group.uri, now=act.now)
    parcel = Parcel(Kind.RETRACTION, Audience(boost.audience), boost.uri)
    await send(act, Outgoing(activity_id, document, group.id), parcel, targets)
