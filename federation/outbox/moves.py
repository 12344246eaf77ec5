"""Members who become somebody else, and what they are called elsewhere. Memberships of private groups never move: a group
admits a person at a host, and another one would have to be admitted anew.
"""

from enum import StrEnum

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.facts import Parcel
from federation.failures import FetchError
from federation.outbox.blocks import begin_block
from federation.outbox.follows import begin_follow, stop_following
from federation.outbox.profiles import send_update
from federation.resolve import fetch, resolve_actor, resolve_handle, take_actor
from federation.signing import get_keys
from federation.wire.actors import RemoteActor, parse_actor
from federation.wire.errors import ProtocolError
from federation.wire.origins import is_http_uri
from federation.wire.proofs import sign_document
from federation.wire.render import render_activity
from policies.terms import Audience, Kind
from storage import actors, audit, blocks, follows, lists, moves, mutes
from storage.ids import new_id
from storage.records import Actor, Mute

# As Mastodon has it: who moves again and again drags everybody's followers along.
REST_MS = 7 * 24 * 3_600_000
MOST_ALIASES = 10
MOVABLE = ("Person", "Service")


class Obstacle(StrEnum):
    """Why a member cannot move, or be known as somebody."""

    UNKNOWN = "unknown"  # nobody can be found there
    UNFIT = "unfit"  # oneself, or no person
    NOT_NAMED = "not_named"  # the other side does not say that it is the same person
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"


async def add_alias(ctx: Context, actor_id: int, name: str) -> Obstacle | None:
    """Say that a member is also known as `name@domain`, or as an actor's address, which need not be reachable from here."""
    found = await resolve_handle(ctx, name) if not is_http_uri(name) else await resolve_actor(ctx, name)
    uri = found.uri if found else name
    if found is None and not is_http_uri(name):
        return Obstacle.UNKNOWN
    if found is not None and (found.id == actor_id or found.type not in MOVABLE):
        return Obstacle.UNFIT

    async def unit(act: Act) -> Obstacle | None:
        if len(await moves.list_aliases(act.tx, actor_id)) >= MOST_ALIASES:
            return Obstacle.TOO_MANY
        await moves.insert_alias(act.tx, actor_id, uri)
        await _tell(act, actor_id)
        return None

    return await perform(ctx, unit)


async def remove_alias(ctx: Context, actor_id: int, uri: str) -> None:
    """A member is no longer known as this."""

    async def unit(act: Act) -> None:
        await moves.delete_alias(act.tx, actor_id, uri)
        await _tell(act, actor_id)

    await perform(ctx, unit)


async def move(ctx: Context, actor_id: int, name: str) -> Obstacle | None:
    """A member becomes `name@domain`, who must say `alsoKnownAs`: followers are told, and members here follow the new one."""
    target = await resolve_handle(ctx, name)
    if target is None:
        return Obstacle.UNKNOWN
    if target.id == actor_id or target.type not in MOVABLE:
        return Obstacle.UNFIT
    actor = await ctx.db.read(lambda tx: actors.get_actor(tx, actor_id))
    try:
        if actor is None or not await names(ctx, target, actor.uri):
            return Obstacle.NOT_NAMED
    except (FetchError, ProtocolError):
        return Obstacle.UNKNOWN

    async def unit(act: Act) -> Obstacle | None:
        if not await record_move(act, actor, target):
            return Obstacle.TOO_SOON
        await _tell(act, actor_id)
        await _announce(act, actor, target)
        await carry_along(act, actor, target)
        detail = {"target": target.uri}
        await audit.append(
            act.tx, actor=actor.username, act="member.move", subject=actor.username, now=act.now, **detail
        )
        return None

    return await perform(ctx, unit)


async def stay(ctx: Context, actor_id: int) -> None:
    """A member is themselves again. Followers who went stay where they are."""

    async def unit(act: Act) -> None:
        actor = await actors.get_actor(act.tx, actor_id)
        if actor is not None and await moves.end_move(act.tx, actor_id):
            await _tell(act, actor_id)
            name = actor.username
            await audit.append(act.tx, actor=name, act="member.stay", subject=name, now=act.now)

    await perform(ctx, unit)


async def names(ctx: Context, target: Actor, uri: str) -> bool:
    """Whether somebody says now that they are also known as `uri`. FetchError or ProtocolError when they cannot be asked."""
    if target.local:
        return uri in await ctx.db.read(lambda tx: moves.list_aliases(tx, target.id))
    return uri in (await look_at(ctx, target.uri)).also_known_as


async def look_at(ctx: Context, uri: str) -> RemoteActor:
    """An actor of another host as it describes itself now; stored too. FetchError or ProtocolError."""
    document = await fetch(ctx, uri)
    await take_actor(ctx, document)
    return parse_actor(document)


async def record_move(act: Act, actor: Actor, target: Actor) -> bool:
    """Keep that somebody moved; False when they have moved elsewhere within seven days."""
    known = await actors.get_actor(act.tx, actor.id)
    if known is None or known.moved_to_id == target.id:
        return known is not None
    if known.moved_at is not None and act.now - known.moved_at < REST_MS:
        return False
    await moves.insert_move(act.tx, actor.id, target.id, now=act.now)
    return True


async def carry_along(act: Act, actor: Actor, target: Actor) -> None:
    """Members who follow, block or mute somebody do so with who that has become."""
    for owner_id in await blocks.list_local_owners(act.tx, actor.id):
        owner = await actors.get_actor(act.tx, owner_id)
        if owner is not None and owner_id != target.id:
            await begin_block(act, owner, target)
    for mute in await mutes.list_mutes_of(act.tx, actor.id, now=act.now):
        if mute.owner_id != target.id and not await mutes.list_mutes(act.tx, mute.owner_id, [target.id], now=act.now):
            made = Mute(new_id(act.now), mute.owner_id, target.id, mute.notifications, mute.until, act.now)
            await mutes.upsert_mute(act.tx, made)
    for follower_id in await follows.list_local_follower_ids(act.tx, actor.id):
        await _carry_follow(act, follower_id, actor, target)


async def _carry_follow(act: Act, follower_id: int, actor: Actor, target: Actor) -> None:
    follower = await actors.get_actor(act.tx, follower_id)
    known = await follows.get_follow(act.tx, follower_id, actor.id)
    if follower is None or known is None:
        return
    if follower_id != target.id and not await _is_shut_out(act, follower_id, target):
        if await follows.get_follow(act.tx, follower_id, target.id) is None:
            await begin_follow(act, follower, target, boosts=bool(known.boosts), notify_posts=bool(known.notify))
        await lists.copy_places(act.tx, follower_id, actor.id, target.id, now=act.now)
    await stop_following(act, known, follower, actor)


async def _is_shut_out(act: Act, owner_id: int, other: Actor) -> bool:
    if await blocks.list_blocks_between(act.tx, owner_id, [other.id]):
        return True
    return bool(await blocks.are_hosts_blocked(act.tx, owner_id, [other.host, other.handle_host]))


async def _tell(act: Act, actor_id: int) -> None:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is not None:
        await actors.update_actor(act.tx, actor_id, updated_at=act.now)
        await send_update(act, actor)


async def _announce(act: Act, actor: Actor, target: Actor) -> None:
    """The Move itself, to every host with a follower."""
    inboxes = await follows.list_follower_inboxes(act.tx, actor.id)
    if not inboxes:
        return
    activity_id = new_id(act.now)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Move",
        actor.uri,
        actor.uri,
        now=act.now,
        target=target.uri,
        to=[actor.followers],
    )
    keys = await get_keys(act.tx, actor.id, actor.uri)
    proven = sign_document(document, keys.ed25519, created=act.now)
    await send(act, Outgoing(activity_id, proven, actor.id), Parcel(Kind.CONTROL, Audience.DIRECT), inboxes)
