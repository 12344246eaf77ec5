"""Blocking people and hosts. A block ends what was between two people, and the blocked person's home is told, as Mastodon
does, so that it keeps its member from what they can no longer see. Mutes are nobody else's business and are not here.
"""

from federation.act import Act, perform
from federation.context import Context
from federation.outbox.follows import end_follows, get_pair, send_control, send_undo
from federation.wire.errors import ProtocolError
from federation.wire.origins import parse_host
from federation.wire.render import render_activity
from policies.decision import Allow, Deny, Reason
from storage import blocks, follows, groups
from storage.ids import new_id
from storage.records import Actor, Block


async def block(ctx: Context, owner_id: int, target_id: int) -> Allow | Deny:
    """Block somebody; NOT_FOUND for whom nobody can block: oneself, nobody, a private group (one leaves it)."""

    async def unit(act: Act) -> Allow | Deny:
        owner, target = await get_pair(act.tx, owner_id, target_id)
        if owner is None or target is None or owner_id == target_id or await groups.get_group(act.tx, target_id):
            return Deny("block:whom", Reason.NOT_FOUND)
        await begin_block(act, owner, target)
        return Allow("block")

    return await perform(ctx, unit)


async def begin_block(act: Act, owner: Actor, target: Actor) -> None:
    """What was between two people is over; blocking twice is blocking."""
    await end_follows(act, owner, target)
    if await blocks.get_block(act.tx, owner.id, target.id) is not None:
        return
    activity_id = new_id(act.now)
    made = Block(activity_id, owner.id, target.id, act.ctx.origin.activity(activity_id), act.now)
    await blocks.insert_block(act.tx, made)
    if not target.local:
        document = render_activity(made.uri, "Block", owner.uri, target.uri, now=act.now)
        await send_control(act, owner, document, activity_id, target)


async def unblock(ctx: Context, owner_id: int, target_id: int) -> None:
    """Take a block back. Follows that it ended stay ended."""

    async def unit(act: Act) -> None:
        owner, target = await get_pair(act.tx, owner_id, target_id)
        if owner is not None and target is not None:
            await end_block(act, owner, target)

    await perform(ctx, unit)


async def end_block(act: Act, owner: Actor, target: Actor) -> None:
    """Nothing happens where there is no block."""
    known = await blocks.get_block(act.tx, owner.id, target.id)
    if known is None:
        return
    await blocks.delete_block(act.tx, known)
    if not target.local:
        undone = {"id": known.uri, "type": "Block", "actor": owner.uri, "object": target.uri}
        await send_undo(act, owner, undone, target)


async def block_host(ctx: Context, owner_id: int, host: str) -> None:
    """A member wants nothing to do with a host: every follow between them and its people ends."""

    async def unit(act: Act) -> None:
        await blocks.insert_blocked_host(act.tx, new_id(act.now), owner_id, host)
        for known in await follows.list_with_host(act.tx, owner_id, host):
            other = known.follower_id if known.followee_id == owner_id else known.followee_id
            owner, target = await get_pair(act.tx, owner_id, other)
            if owner is not None and target is not None:
                await end_follows(act, owner, target)

    await perform(ctx, unit)


def parse_domain(text: str) -> str | None:
    """A host's name as it is stored; None for what is none."""
    try:
        return parse_host(text.strip())
    except ProtocolError:
        return None
