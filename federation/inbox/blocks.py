"""Block and Undo(Block) from other hosts: somebody there wants nothing to do with a member here, and their home relies on us
to keep it so. The member is not told.
"""

from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.outbox.follows import forget_follow
from federation.wire.values import uri_of
from policies.admission import ActivityFacts
from policies.decision import Deny, Hold
from policies.terms import ACCOUNTS, Audience, Kind
from storage import actors, blocks, follows
from storage.ids import new_id
from storage.records import Actor, Block


async def on_block(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """What was between the two ends here too. One with a `target` bans somebody from there (Lemmy), and is no such thing."""
    if verified.activity.target is not None:
        return "bans from a community, which is nobody here"

    async def unit(act: Act) -> Answer:
        target = await actors.get_actor_by_uri(act.tx, verified.activity.object_id or "")
        if target is None or not target.local or target.type not in ACCOUNTS:
            return "nobody here is blocked"
        facts = ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT)
        decision = await admit(act, facts, verified.activity.id)
        if isinstance(decision, Hold):
            return decision
        if isinstance(decision, Deny):
            return decision.reason
        for known in await follows.list_between(act.tx, actor.id, [target.id]):
            await forget_follow(act, known)
        made = Block(new_id(act.now), actor.id, target.id, verified.activity.id, act.now)
        await blocks.insert_block(act.tx, made)
        return None

    return await perform(ctx, unit)


async def on_undo_block(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """By the Block's id, or by whom it blocked; only who blocked can take it back."""
    embedded = verified.activity.embedded or {}

    async def unit(act: Act) -> Answer:
        known = await blocks.get_block_by_uri(act.tx, verified.activity.object_id or "")
        if known is None:
            target = await actors.get_actor_by_uri(act.tx, uri_of(embedded.get("object")) or "")
            known = await blocks.get_block(act.tx, actor.id, target.id) if target else None
        if known is None or known.owner_id != actor.id:
            return "nothing to undo"
        await blocks.delete_block(act.tx, known)
        return None

    return await perform(ctx, unit)
