"""What public groups of others announce: whole activities of their members (FEP-1b12; Lemmy, PieFed, Mbin, NodeBB, Discourse,
WordPress, Friendica).

The group vouches for nothing but its own announcing. What is embedded is a hint where to look: posts, edits and deletions
are what the origin of the post says now, and reactions what the origin of the reaction says.
"""

from collections.abc import Awaitable, Callable, Mapping

from federation.act import Act, perform
from federation.context import Context
from federation.inbox import pins, reactions
from federation.inbox.hinted import delete_if_gone, read_edit
from federation.inbox.verified import Answer, Verified, from_origin
from federation.resolve import fetch, resolve_actor, resolve_object
from federation.wire.errors import Fault
from federation.wire.values import uri_of
from storage import groups, statuses
from storage.records import Actor, Status

Handler = Callable[[Context, Verified, Actor], Awaitable[Answer]]


async def on_announce(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A public group's is about the activity that it brings along; every other one is a boost, or a private group's."""
    private = await ctx.db.read(lambda tx: groups.get_group(tx, actor.id)) is not None
    handler = RELAYED.get(verified.activity.object_type)
    if private or actor.type != "Group" or handler is None:
        return await reactions.on_announce(ctx, verified, actor)
    return await handler(ctx, verified, actor)


def _named(verified: Verified) -> str:
    """What the inner activity is about."""
    return uri_of((verified.activity.embedded or {}).get("object")) or ""


async def _on_post(ctx: Context, verified: Verified, group: Actor) -> Answer:
    """A post in the group is shown as boosted by it."""
    original = await resolve_object(ctx, _named(verified))
    if original is None:
        return "what is announced cannot be had, or is not public"
    return await perform(ctx, lambda act: reactions.boost(act, verified, group, original))


async def _on_edit(ctx: Context, verified: Verified, group: Actor) -> Answer:
    uri = _named(verified)
    status = await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, uri))
    if status is None:
        return await _on_post(ctx, verified, group)
    return await read_edit(ctx, status)


async def _on_deletion(ctx: Context, verified: Verified, group: Actor) -> Answer:
    """By its author, when it is gone at its origin; else its moderators only took it out of the group."""
    uri = _named(verified)
    status = await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, uri))
    if status is None:
        return "not stored here"
    if await delete_if_gone(ctx, status):
        return None
    return await perform(ctx, lambda act: _take_out(act, status, group))


async def _take_out(act: Act, status: Status, group: Actor) -> Answer:
    shown = await statuses.get_boost(act.tx, group.id, status.id)
    if shown is None:
        return "nothing to undo"
    await reactions.take_back(act, shown, group)
    return None


async def _on_reaction(ctx: Context, verified: Verified, group: Actor) -> Answer:
    """A Like, or its Undo, as it stands at its own id."""
    inner = from_origin(await fetch(ctx, verified.activity.object_id or ""), relayed_by=group.uri)
    actor = await resolve_actor(ctx, inner.by)
    if actor is None or actor.local or actor.disabled_at is not None:
        return str(Fault.ACTOR_MISMATCH)
    if inner.activity.type in LIKES:
        return await reactions.on_like(ctx, inner, actor)
    if inner.activity.type == "Undo" and inner.activity.object_type in LIKES:
        return await reactions.on_undo_like(ctx, inner, actor)
    return f"{Fault.TYPE_UNSUPPORTED}: {inner.activity.type[:40]} by a group"


async def _on_pin(ctx: Context, verified: Verified, group: Actor) -> Answer:
    """Its moderators put a post first, or take it down: what the group's collection says counts."""
    return await pins.read_anew(ctx, uri_of((verified.activity.embedded or {}).get("target")), group)


LIKES = frozenset({"Like", "EmojiReact"})
RELAYED: Mapping[str, Handler] = {
    "Create": _on_post,
    "Update": _on_edit,
    "Delete": _on_deletion,
    "Like": _on_reaction,
    "EmojiReact": _on_reaction,
    "Undo": _on_reaction,
    "Add": _on_pin,
    "Remove": _on_pin,
}
