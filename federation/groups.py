"""A private group's home at work, and its members' homes: distributing posts, taking them back, epochs.

Profile group-only/1 (FEDERATION.md): a post goes from its author's home to the group's home only; the group's home
announces the activity, byte for byte and with its proof, once to each member instance. Who may post, join or be told is
decided in `policies`; this module carries it out.
"""

from typing import Any

import orjson

from federation.act import Act
from federation.context import Context
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import create_document, prove
from federation.facts import Parcel, is_capable, is_present
from federation.fanout import announce_deletion, fan_out
from federation.signing import get_keys
from federation.wire.activities import Activity
from federation.wire.origins import host_of
from federation.wire.proofs import sign_document
from federation.wire.render import SERVED_CONTEXT, render_activity, render_tombstone
from policies.membership import next_epoch
from policies.terms import Audience, Kind
from storage import actors, groups, receipts, statuses
from storage.database import Reader, Transaction
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Group, Status


async def require_group(tx: Reader, group_id: int) -> tuple[Group, Actor]:
    group, actor = await groups.get_group(tx, group_id), await actors.get_actor(tx, group_id)
    if group is None or actor is None:
        raise LookupError(f"no group {group_id}")
    return group, actor


async def submit(act: Act, status: Status, author: Actor, *, kind: str) -> None:
    """Bring a member's new or edited group-only post to the group: distribute it when the group is ours, else send it
    to the group's home and wait for its announcement.
    """
    if status.group_id is None:
        raise LookupError(f"{status.uri} has no group")
    group, actor = await require_group(act.tx, status.group_id)
    now = act.now
    activity_id = new_id(now)
    document = await create_document(
        act.tx, act.ctx.origin, status, uri=act.ctx.origin.activity(activity_id), now=now, kind=kind
    )
    keys = await get_keys(act.tx, author.id, author.uri)
    proven = prove(document, keys.ed25519, Audience.GROUP, now)
    if group.local:
        await distribute(act, status, author, proven)
        return
    if kind == "Create":
        await fan_out(act.tx, status, author, now=now)
    outgoing = Outgoing(activity_id, proven, author.id, status.id)
    parcel = Parcel(Kind.CONTENT, Audience.GROUP, status.uri, group.actor_id)
    await send(act, outgoing, parcel, [Inbox(actor.host, actor.inbox)])


async def distribute(act: Act, status: Status, author: Actor, activity: dict[str, Any]) -> None:
    """At the group's home: keep the activity's bytes, show the post to members here, announce it to member instances."""
    if activity["type"] == "Create":
        await fan_out(act.tx, status, author, now=act.now)
    await announce(act, status, activity, keep=activity["type"] in {"Create", "Update"})


async def announce(act: Act, status: Status, activity: dict[str, Any], *, keep: bool) -> list[str]:
    """Announce an activity about a post of a group of ours to every instance with a present member; answers which."""
    if status.group_id is None:
        raise LookupError(f"{status.uri} has no group")
    await groups.lock_group(act.tx, status.group_id)  # nobody joins or leaves while the hosts are counted
    group, actor = await require_group(act.tx, status.group_id)
    now = act.now
    announce_id = new_id(now)
    document = render_announce(act.ctx, announce_id, group, actor, activity)
    if keep:
        await statuses.insert_group_activity(
            act.tx,
            status_id=status.id,
            activity_uri=activity["id"],
            announce_id=announce_id,
            body=orjson.dumps(activity),
        )
    targets = await groups.list_member_hosts(act.tx, group.actor_id, now=now)
    outgoing = Outgoing(announce_id, document, actor.id, status.id)
    parcel = Parcel(Kind.CONTENT, Audience.GROUP, status.uri, group.actor_id, by=speaker_of(act.ctx, activity))
    return await send(act, outgoing, parcel, [Inbox(host, inbox) for host, inbox in targets.items()])


def speaker_of(ctx: Context, activity: dict[str, Any]) -> str:
    """The host of whose act it is, '' for here."""
    host = host_of(activity["actor"])
    return "" if host == ctx.origin.host else host


def render_announce(
    ctx: Context, announce_id: int, group: Group, actor: Actor, activity: dict[str, Any]
) -> dict[str, Any]:
    """The group's own words around an activity that stays as it came."""
    return render_activity(
        ctx.origin.activity(announce_id),
        "Announce",
        actor.uri,
        activity,
        now=ctx.now(),
        to=[actor.followers],
        audience=actor.uri,
        epoch=group.epoch,
    )


async def report(act: Act, group_actor: Actor, author: Actor, submitted: Activity, served: list[str]) -> None:
    """Tell the home of an author to which hosts a group of ours passed their post or edit on: it must be able to say so,
    and to take the post back without us.
    """
    await _answer(act, group_actor, author, submitted, Kind.CONTROL, served=served)


async def refuse(act: Act, group_actor: Actor, author: Actor, submitted: Activity, reason: str) -> None:
    """Tell the home of an author that a group of ours did not take their post or edit, and why: a word from the closed list.

    Who never asked to join is told nothing, as if there were no such group; nor is other software, which would make
    nothing of it.
    """
    if not is_capable(author) or await groups.get_membership(act.tx, group_actor.id, author.id) is None:
        return
    await _answer(act, group_actor, author, submitted, Kind.RETRACTION, summary=reason)


async def _answer(
    act: Act, group_actor: Actor, author: Actor, submitted: Activity, kind: Kind, **said: list[str] | str
) -> None:
    """To the author's inbox alone, with what was submitted by its ids."""
    now, activity_id = act.now, new_id(act.now)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Reject" if kind is Kind.RETRACTION else "Accept",
        group_actor.uri,
        {"id": submitted.id, "type": submitted.type, "actor": author.uri, "object": submitted.object_id},
        now=now,
        to=[author.uri],
        **said,
    )
    if kind is Kind.CONTROL:
        document["@context"] = SERVED_CONTEXT
    keys = await get_keys(act.tx, group_actor.id, group_actor.uri)
    outgoing = Outgoing(activity_id, sign_document(document, keys.ed25519, created=now), group_actor.id)
    await send(act, outgoing, Parcel(kind, Audience.DIRECT), [Inbox(author.host, author.inbox)])


async def retract(act: Act, object_uri: str, group_id: int, targets: list[Inbox]) -> None:
    """The group of ours takes a post back from every instance that was ever sent it."""
    if not targets:
        return
    _, actor = await require_group(act.tx, group_id)
    now = act.now
    activity_id = new_id(now)
    keys = await get_keys(act.tx, actor.id, actor.uri)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Delete",
        actor.uri,
        render_tombstone(object_uri),
        now=now,
        to=[actor.followers],
        audience=actor.uri,
    )
    outgoing = Outgoing(activity_id, prove(document, keys.ed25519, Audience.GROUP, now), actor.id)
    await receipts.mark_retracted(act.tx, object_uri, now=now, group_id=group_id)
    await send(act, outgoing, Parcel(Kind.RETRACTION, Audience.GROUP, object_uri, group_id), targets)


async def take_out(act: Act, group_id: int, status: Status) -> Actor | None:
    """A post of a group of ours goes, here and wherever it went, whoever wrote it; answers its author."""
    author = await actors.get_actor(act.tx, status.actor_id)
    targets = await list_retraction_inboxes(act.tx, status.uri)
    await announce_deletion(act.tx, status, now=act.now)
    await statuses.delete_status(act.tx, status, actor_uri=author.uri if author else "", now=act.now)
    await retract(act, status.uri, group_id, targets)
    return author


async def advance_epoch(tx: Transaction, group: Group, now: int) -> int:
    """The epoch of the membership act that is about to be done; the group's row is locked by the caller."""
    epoch = next_epoch(group.epoch, now)
    await groups.update_group(tx, group.actor_id, epoch=epoch)
    return epoch


async def is_member(tx: Reader, group_id: int, actor_id: int, now: int) -> bool:
    return is_present(await groups.get_membership(tx, group_id, actor_id), now)
