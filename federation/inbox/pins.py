"""Add to and Remove from what somebody elsewhere shows first on their profile (`featured`).

What the activity says is a hint: the actor and the collection are fetched, and what stands there counts. Collections of
other purposes (moderators of a community, replies, containers) are not read.
"""

from federation.context import Context
from federation.featuring import read_pins
from federation.inbox.verified import Answer, Verified
from federation.resolve import fetch
from federation.wire.origins import same_origin
from federation.wire.values import uri_of
from storage.records import Actor


async def on_add(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody pinned a post of theirs: all their pins are read anew, since nobody says which of them are still there."""
    return await _read_anew(ctx, verified, actor)


async def on_remove(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody took a post of theirs down again."""
    return await _read_anew(ctx, verified, actor)


async def _read_anew(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    featured = uri_of((await fetch(ctx, actor.uri)).get("featured"))
    if featured is None or featured != verified.activity.target or not same_origin(featured, actor.uri):
        return "no collection of what its actor shows first"
    return await read_pins(ctx, actor, featured)
