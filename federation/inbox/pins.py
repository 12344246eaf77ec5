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
    return await read_anew(ctx, verified.activity.target, actor)


async def on_remove(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody took a post of theirs down again."""
    return await read_anew(ctx, verified.activity.target, actor)


async def read_anew(ctx: Context, target: str | None, actor: Actor) -> Answer:
    """All that somebody, or a public group, shows first, if that is the collection named."""
    featured = uri_of((await fetch(ctx, actor.uri)).get("featured"))
    if featured is None or featured != target or not same_origin(featured, actor.uri):
        return "no collection of what its actor shows first"
    return await read_pins(ctx, actor, featured)
