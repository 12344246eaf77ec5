"""What our members put first on their profiles. Other servers read it in the `featured` collection when they ask, and
followers' hosts are told of what is pinned for everybody.

Pinning shows a post to nobody new: every list of pinned posts asks who may see each of them.
"""

from enum import StrEnum

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.documents import OPEN, prove
from federation.facts import Parcel
from federation.signing import get_keys
from federation.wire.render import featured_uri, render_activity
from federation.wire.values import PUBLIC
from policies.terms import Audience, Kind
from storage import actors, follows, members, pins
from storage.ids import new_id
from storage.records import Status
from storage.visibility import get_visible

MOST_PINS = 5


class Unpinnable(StrEnum):
    """Why a post is not pinned."""

    BOOST = "boost"
    NOT_OWN = "not_own"
    DIRECT = "direct"
    GROUP = "group"
    TOO_MANY = "too_many"


async def pin(ctx: Context, actor_id: int, status_id: int) -> Status | Unpinnable | None:
    """Pin a post of a member's own; None when it is hidden or gone. Pinning twice changes nothing."""
    return await perform(ctx, lambda act: _pin(act, actor_id, status_id))


async def _pin(act: Act, actor_id: int, status_id: int) -> Status | Unpinnable | None:
    await members.lock_member(act.tx, actor_id)  # two pins at once must not both be the fifth
    status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
    if status is None:
        return None
    refused = _refuse(status, actor_id)
    if refused is not None:
        return refused
    if not await pins.is_pinned(act.tx, status.id):
        if await pins.count_pins(act.tx, actor_id) >= MOST_PINS:
            return Unpinnable.TOO_MANY
        await pins.insert_pin(act.tx, actor_id, status.id, now=act.now)
        await _tell(act, status, "Add", Kind.CONTENT)
    return status


async def _tell(act: Act, status: Status, kind: str, effect: Kind) -> None:
    """Tell followers' hosts that a post for everybody is put first, or no more. Of any other post nobody is told."""
    actor = await actors.get_actor(act.tx, status.actor_id)
    if actor is None or status.audience not in OPEN:
        return
    activity_id, audience = new_id(act.now), Audience(status.audience)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        kind,
        actor.uri,
        status.uri,
        now=act.now,
        target=featured_uri(actor),
        to=[PUBLIC],
        cc=[actor.followers],
    )
    keys = await get_keys(act.tx, actor.id, actor.uri)
    proven = prove(document, keys.ed25519, audience, act.now)
    targets = await follows.list_follower_inboxes(act.tx, actor.id)
    await send(act, Outgoing(activity_id, proven, actor.id), Parcel(effect, audience, status.uri), targets)


def _refuse(status: Status, actor_id: int) -> Unpinnable | None:
    if status.boost_of_id is not None:
        return Unpinnable.BOOST
    if status.actor_id != actor_id:
        return Unpinnable.NOT_OWN
    unpinnable = {Audience.DIRECT: Unpinnable.DIRECT, Audience.GROUP: Unpinnable.GROUP}
    return unpinnable.get(Audience(status.audience))


async def unpin(ctx: Context, actor_id: int, status_id: int) -> Status | None:
    """Take a post down; None when it is hidden or gone. One that is not pinned stays as it is."""
    return await perform(ctx, lambda act: _unpin(act, actor_id, status_id))


async def _unpin(act: Act, actor_id: int, status_id: int) -> Status | None:
    status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
    if status is not None and await pins.delete_pin(act.tx, actor_id, status.id):
        await _tell(act, status, "Remove", Kind.RETRACTION)
    return status
