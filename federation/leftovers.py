"""What is left of a group at a host that has nobody in it any more: it purges that, and says so to the group's home.

Said up to an epoch: whoever joins later has a higher one. Which hosts have not said it is for the group's admins to see; a
host that says nothing, or something untrue, gets no more for it.
"""

from typing import TYPE_CHECKING

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.facts import Parcel
from federation.keeping import AT_ONCE, forget
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.wire.render import render_activity
from policies.decision import Deny
from policies.seats import may_keep_copies
from policies.terms import Audience, Kind
from storage import actors, groups, purges, statuses
from storage.follows import Inbox
from storage.ids import new_id

if TYPE_CHECKING:
    from storage.records import Status

HERE = ""


async def purge_left_groups(ctx: Context) -> None:
    """Posts of others' groups that nobody here is in any more, some in each transaction; then the groups' homes are told.
    What members of ours wrote stays theirs to read and to export.
    """

    async def unit(act: Act) -> bool:
        found: list[Status] = []
        for group_id, here in await groups.list_remote_seats(act.tx):
            if isinstance(may_keep_copies(here), Deny):
                left = await statuses.list_of_group_by_others(act.tx, group_id, limit=AT_ONCE)
                found += left
                if not left:
                    await _say_purged(act, group_id)
        await forget(act, found)
        return bool(found)

    while await perform(ctx, unit):
        pass


async def _say_purged(act: Act, group_id: int) -> None:
    """Once for each time that the last one went, and again when the home's own word on that comes later."""
    epoch = await purges.get_unsaid(act.tx, group_id, HERE)
    actor = await actors.get_actor(act.tx, group_id)
    if epoch is None or actor is None:
        return
    activity_id = new_id(act.now)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Accept",
        act.ctx.origin.instance_actor,
        {"type": "Delete", "actor": actor.uri, "object": actor.uri},
        now=act.now,
        to=[actor.uri],
        epoch=epoch,
    )
    outgoing = Outgoing(activity_id, document, INSTANCE_ACTOR_ID)
    await send(act, outgoing, Parcel(Kind.RETRACTION, Audience.DIRECT), [Inbox(actor.host, actor.inbox)])
    await purges.upsert_purge(act.tx, group_id, HERE, epoch=epoch, now=act.now)
