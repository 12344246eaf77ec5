"""Deletions with receipts: ours is confirmed by those who held the object, and we confirm theirs.

Only instance actors speak here: what a host still holds is said by the host. A confirmation says nothing about whether we
ever had the object; it says that we do not have it now.
"""

import hashlib

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.facts import Parcel, has_capable_actor
from federation.inbox.verified import Answer, Verified
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.wire.render import render_activity
from federation.wire.values import id_of, integer
from policies.terms import Audience, Kind
from storage import actors, deliveries, groups, purges, receipts
from storage.follows import Inbox
from storage.records import Actor, Group


async def confirm(act: Act, verified: Verified, actor: Actor) -> None:
    """Tell who sent a Delete that what it names is gone here; other software than ours would not know what to do with it."""
    if not await has_capable_actor(act.tx, actor.host):
        return
    delete = verified.activity
    activity_id = _answer_id(delete.id)
    if await deliveries.get_activity(act.tx, activity_id) is not None:
        return
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Accept",
        act.ctx.origin.instance_actor,
        {"id": delete.id, "type": "Delete", "actor": delete.actor, "object": delete.object_id},
        now=act.now,
        to=[delete.actor],
    )
    outgoing = Outgoing(activity_id, document, INSTANCE_ACTOR_ID)
    inbox = Inbox(actor.host, actor.shared_inbox or actor.inbox)
    await send(act, outgoing, Parcel(Kind.RETRACTION, Audience.DIRECT), [inbox])


def _answer_id(delete_id: str) -> int:
    """The same for the same Delete: applied again after a crash, it is not answered twice."""
    return int.from_bytes(hashlib.sha256(delete_id.encode()).digest()[:8]) >> 1


async def on_confirmed(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A host says that something we deleted is gone there: it must have been sent it, and have been asked."""
    if actor.type != "Application":
        return "only an instance actor confirms"
    uri = id_of((verified.activity.embedded or {}).get("object")) or ""

    async def unit(act: Act) -> Answer:
        named = await actors.get_actor_by_uri(act.tx, uri)
        group = await groups.get_group(act.tx, named.id) if named else None
        if group is not None and group.local:
            return await _note_purge(act, verified, group, actor.host)
        kept = await receipts.confirm(act.tx, uri, host=actor.host, by=actor.uri, now=act.now)
        return None if kept else "confirms nothing that was asked"

    return await perform(ctx, unit)


async def _note_purge(act: Act, verified: Verified, group: Group, host: str) -> Answer:
    """A host without members says that it keeps nothing of a group of ours."""
    epoch = integer(verified.activity.raw.get("epoch"), 0, 2**63 - 1)
    asked = await purges.get_unsaid(act.tx, group.actor_id, host)
    if epoch is None or asked is None:
        return "confirms nothing that was asked"
    await purges.upsert_purge(act.tx, group.actor_id, host, epoch=min(epoch, group.epoch), now=act.now)
    return None
