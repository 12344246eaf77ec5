"""Update and Delete of actors from other hosts: what they now say of themselves, or that they are gone."""

from federation import memberships
from federation.act import Act, perform
from federation.attesting import attest
from federation.context import Context
from federation.inbox.receipts import confirm
from federation.inbox.verified import Verified
from federation.resolve import resolve_actor
from federation.wire.errors import Fault
from storage import actors, attestations, follows, groups
from storage.records import Actor


async def on_update(ctx: Context, verified: Verified, actor: Actor) -> str | None:
    """An actor says that something about it changed: fetch it anew, with its attestation. What is embedded is a hint."""
    if verified.activity.object_id != actor.uri:
        return str(Fault.TYPE_UNSUPPORTED)
    refreshed = await resolve_actor(ctx, actor.uri, refresh=True)
    if refreshed is not None:
        await attest(ctx, refreshed, now_or_never=True)
    return None


async def on_delete(ctx: Context, verified: Verified, actor: Actor) -> str | None:
    """An account is gone: it is shown to nobody any more, follows nobody and is a member of nothing; a group has no members."""
    if verified.activity.object_id != actor.uri:
        return str(Fault.ACTOR_MISMATCH)

    async def unit(act: Act) -> None:
        await attestations.revoke_attestation(act.tx, actor.id, now=act.now)
        await end_everything(act, actor)
        await actors.update_actor(act.tx, actor.id, disabled_at=act.now, disabled_by="")
        await confirm(act, verified, actor)

    await perform(ctx, unit)
    return None


async def end_everything(act: Act, actor: Actor) -> None:
    """Every follow and membership of an actor is over, and every membership in it."""
    for member in await groups.list_members(act.tx, actor.id, states=memberships.PRESENT):
        if member.actor.local:
            await memberships.leave(act, actor, member.actor)
    for known in await follows.list_of_actor(act.tx, actor.id):
        await follows.delete_follow(act.tx, known)
    for membership in await groups.list_memberships_of(act.tx, actor.id):
        await memberships.end(act, membership.group_id, actor)
