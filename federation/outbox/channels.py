"""Channels: accounts of the institution that several members run. Each act is audited in its own transaction."""

from dataclasses import replace

from federation.act import Act, perform
from federation.context import Context
from federation.local_actors import insert_local_actor, make_keys, new_actor
from federation.outbox.profiles import MAX_NAME, check_name, require_free
from federation.wire.sanitize import clean_text, strip_badge
from policies.terms import Audience
from storage import actors, audit, channels, members
from storage.ids import new_id
from storage.records import Actor, Member


async def create(ctx: Context, name: str, title: str, operator_id: int, *, by: str, locale: str = "fr") -> Actor:
    """Make a channel with the first member who runs it. ValueError for a name that may not be or is taken.

    It speaks for the institution to everybody, so it wants to be found and its posts are public unless they say otherwise.
    """
    now, name = ctx.now(), check_name(name)
    made = new_actor(ctx.origin, new_id(now), "Service", name, strip_badge(clean_text(title, MAX_NAME)), now)
    actor = replace(made, discoverable=1, indexable=1)
    account = Member(actor.id, "", "", "member", locale, Audience.PUBLIC, now, None, confirmed_at=now, approved_at=now)
    keys = await make_keys(actor.uri)

    async def unit(act: Act) -> Actor:
        await require_free(act.tx, name)
        operator = await _require_person(act, operator_id)
        await insert_local_actor(act.tx, actor, keys, now)
        await members.insert_member(act.tx, account)
        await channels.insert_operator(act.tx, actor.id, operator_id, now=now)
        await audit.append(
            act.tx, actor=by, act="channel.create", subject=name, now=now, title=actor.name, operator=operator.username
        )
        return actor

    return await perform(ctx, unit)


async def add_operator(ctx: Context, channel: Actor, operator_id: int, *, by: str) -> bool:
    """Let a member run a channel; False when they do already."""

    async def unit(act: Act) -> bool:
        operator = await _require_person(act, operator_id)
        added = await channels.insert_operator(act.tx, channel.id, operator_id, now=act.now)
        if added:
            await _note(act, "channel.add_operator", channel, operator, by)
        return added

    return await perform(ctx, unit)


async def remove_operator(ctx: Context, channel: Actor, operator_id: int, *, by: str) -> bool:
    """A member runs a channel no more, at once and everywhere they are signed in as it; False when they did not."""

    async def unit(act: Act) -> bool:
        operator = await _require_person(act, operator_id)
        removed = await channels.delete_operator(act.tx, channel.id, operator_id)
        if removed:
            await _note(act, "channel.remove_operator", channel, operator, by)
        return removed

    return await perform(ctx, unit)


async def _note(act: Act, name: str, channel: Actor, operator: Actor, by: str) -> None:
    await audit.append(act.tx, actor=by, act=name, subject=channel.username, now=act.now, operator=operator.username)


async def _require_person(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None or not actor.local or actor.type != "Person":
        raise LookupError("only members here run a channel")
    return actor
