"""Taking a post of a member back, here and wherever it went. Who may is asked before."""

from typing import Any

from federation import groups as group_posts
from federation import public_groups as public_posts
from federation.act import Act
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import prove
from federation.facts import Parcel
from federation.fanout import announce_deletion
from federation.signing import get_keys
from federation.wire.render import render_activity, render_tombstone
from federation.wire.values import PUBLIC
from policies.terms import Audience, Kind
from storage import deliveries, groups, receipts, statuses
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Status


async def retract(act: Act, status: Status, author: Actor) -> None:
    """A post is gone here, and wherever it went."""
    now = act.now
    targets = await list_retraction_inboxes(act.tx, status.uri) + await _also_served(act, status)
    activity_id = new_id(now)
    deletion = await _render_delete(act, status, author, activity_id)
    await public_posts.withdraw(act, status, deletion)
    await announce_deletion(act.tx, status, now=now)
    group = await groups.get_group(act.tx, status.group_id) if status.group_id else None
    await statuses.delete_status(act.tx, status, actor_uri=author.uri, now=now)
    if group is not None and group.local:
        await group_posts.retract(act, status.uri, group.actor_id, targets)
    elif targets:
        await _send_delete(act, status, Outgoing(activity_id, deletion, author.id), targets)


async def _send_delete(act: Act, status: Status, deletion: Outgoing, targets: list[Inbox]) -> None:
    parcel = Parcel(Kind.RETRACTION, Audience(status.audience), status.uri)
    await receipts.mark_retracted(act.tx, status.uri, now=act.now)
    await send(act, deletion, parcel, targets)


async def retract_elsewhere(act: Act, status: Status, author: Actor) -> None:
    """A post in a group elsewhere is taken back from everywhere but here: its author may go on reading it."""
    targets = await list_retraction_inboxes(act.tx, status.uri) + await _also_served(act, status)
    activity_id = new_id(act.now)
    deletion = await _render_delete(act, status, author, activity_id)
    await _send_delete(act, status, Outgoing(activity_id, deletion, author.id), targets)


async def _also_served(act: Act, status: Status) -> list[Inbox]:
    """Where the home of its group passed it on: it is asked there as well, for that home may be gone. From now on these
    hosts owe us a confirmation.
    """
    served = await receipts.list_served_inboxes(act.tx, status.uri)
    await deliveries.insert_receipts(act.tx, [(status.uri, one.host, one.inbox) for one in served], now=act.now)
    return served


async def _render_delete(act: Act, status: Status, author: Actor, activity_id: int) -> dict[str, Any]:
    public = status.audience in {Audience.PUBLIC, Audience.UNLISTED}
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Delete",
        author.uri,
        render_tombstone(status.uri),
        now=act.now,
        to=[PUBLIC] if public else [],
    )
    keys = await get_keys(act.tx, author.id, author.uri)
    return prove(document, keys.ed25519, Audience(status.audience), act.now)
