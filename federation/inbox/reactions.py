"""Announce, Like and their Undo from other hosts. An Announce by a private group carries a group-only activity."""

from federation import groups as group_posts
from federation import memberships
from federation import public_groups as public_posts
from federation.act import Act, perform
from federation.admitting import admit
from federation.attesting import attest
from federation.context import Context
from federation.facts import is_capable, reaches
from federation.fanout import announce_deletion, fan_out
from federation.inbox import notes
from federation.inbox.blocks import on_undo_block
from federation.inbox.follows import on_undo_follow
from federation.inbox.verified import Answer, Verified, from_proof
from federation.notifying import notify
from federation.resolve import admits, resolve_actor, resolve_object
from federation.verifying import check_with_key
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import host_of, is_http_uri, same_origin
from federation.wire.proofs import parse_proof, verify_activity_proof
from federation.wire.values import integer, uri_of
from policies.admission import ActivityFacts
from policies.decision import Deny, Hold, Reason
from policies.posting import ShareFacts, may_share
from policies.terms import Audience, Kind, Part
from storage import actors, blocks, favourites, follows, groups, notifications, statuses
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Actor, Favourite, Status
from storage.visibility import get_visible


async def on_announce(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A boost of a public post; or, by a private group that a member here has joined, one of its activities."""
    if await ctx.db.read(lambda tx: groups.get_group(tx, actor.id)) is not None:
        return await _on_group_announce(ctx, verified, actor)
    original = await resolve_object(ctx, verified.activity.object_id or "")
    if original is None:
        return "what is boosted cannot be had, or is not public"
    return await perform(ctx, lambda act: boost(act, verified, actor, original))


async def boost(act: Act, verified: Verified, actor: Actor, original: Status) -> Answer:
    """Show a post as boosted, if the rules and its author let that be."""
    author = await actors.get_actor(act.tx, original.actor_id)
    embedded = frozenset({author.host} if author is not None else ()) - {actor.host, ""}
    facts = ActivityFacts(
        actor.host, Kind.CONTENT, Audience.PUBLIC, embedded=embedded, parts=frozenset({Part.REACTIONS})
    )
    decision = await admit(act, facts, verified.activity.id)
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    share = may_share(ShareFacts(Audience(original.audience), Audience.PUBLIC, own=original.actor_id == actor.id))
    if isinstance(share, Deny):
        return share.reason
    if (unwanted := await _unwanted(act, verified, actor, original)) is not None:
        return unwanted
    created_at = min(verified.activity.published or act.now, act.now)
    audience = Audience.PUBLIC if original.audience == Audience.PUBLIC else Audience.UNLISTED
    made = statuses.boost_of(
        original,
        boost_id=new_id(created_at),
        uri=verified.activity.id,
        actor_id=actor.id,
        audience=audience,
        now=created_at,
    )
    await statuses.insert_status(act.tx, made)
    await fan_out(act.tx, made, actor, now=act.now)
    await notify(act.tx, original.actor_id, "reblog", actor.id, status_id=original.id, now=act.now)
    return None


async def _unwanted(act: Act, verified: Verified, actor: Actor, original: Status) -> str | None:
    """Why a boost that the rules let in changes nothing here."""
    if await blocks.get_block(act.tx, original.actor_id, actor.id) is not None:
        return "blocked by whom it boosts"
    if await statuses.get_boost(act.tx, actor.id, original.id) is not None:
        return "known already"
    if await statuses.is_deleted(act.tx, verified.activity.id, actor_uri=actor.uri):
        return "undone already"
    return None


# --- what a private group announces ------------------------------------------------------------------------------


async def _on_group_announce(ctx: Context, verified: Verified, group: Actor) -> Answer:
    inner = verified.activity.embedded
    if inner is None:
        return "a private group must announce whole activities"
    refusal = await ctx.db.transact(lambda tx: _joined(ctx, tx, verified, group))
    if refusal is not None:
        return refusal
    relayed = await _prove(ctx, inner, group)
    author = await resolve_actor(ctx, relayed.by)
    handler = RELAYED.get(relayed.activity.type)
    if author is None or author.disabled_at is not None or handler is None:
        return f"{Fault.TYPE_UNSUPPORTED}: {relayed.activity.type[:40]} by a group, or its author cannot be had"
    await attest(ctx, author)
    return await (_on_echo(ctx, relayed, group) if author.local else handler(ctx, relayed, author))


async def _joined(ctx: Context, tx: Transaction, verified: Verified, group: Actor) -> Answer:
    """Nothing of a group is read unless somebody here is its member under a live lease; after a restore it waits for that."""
    epoch = integer(verified.activity.raw.get("epoch"), 0, 2**63 - 1)
    if epoch is not None:
        await memberships.note_epoch(tx, group.id, epoch, ctx.now())
    if not group.local and await groups.list_local_member_ids(tx, group.id, now=ctx.now()):
        return None
    if not group.local and await groups.has_unconfirmed_member_of(tx, group.id, host=""):
        return Hold("group:members", Reason.UNCONFIRMED)
    return Reason.GROUP_NOT_JOINED


async def _prove(ctx: Context, inner: Document, group: Actor) -> Verified:
    """The inner activity is believed for its own proof only, never for who relays it (FEP-171b's forged updates)."""
    method = parse_proof(inner).verification_method
    host = host_of(method)
    if host != ctx.origin.host and not await admits(ctx, host):
        raise ProtocolError(Fault.PROOF_UNSUPPORTED, f"{host} is not admitted")
    proven = await check_with_key(ctx, method, lambda key: verify_activity_proof(inner, key, now=ctx.now()))
    return from_proof(proven, host=host, relayed_by=group.uri)


async def _on_echo(ctx: Context, relayed: Verified, group: Actor) -> Answer:
    """Our own member's post comes back announced: from now on its co-members here see it."""

    async def unit(act: Act) -> Answer:
        status = await statuses.get_status_by_uri(act.tx, relayed.activity.object_id or "")
        if status is None or status.group_id != group.id:
            return "not a post of ours in this group"
        if status.distributed:
            return None
        await statuses.confirm_distribution(act.tx, status.id)
        author = await actors.get_actor(act.tx, status.actor_id)
        confirmed = await statuses.get_status(act.tx, status.id)
        if author is not None and confirmed is not None:
            await fan_out(act.tx, confirmed, author, now=act.now)
        return None

    return await perform(ctx, unit)


# --- likes -------------------------------------------------------------------------------------------------------


async def on_like(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A post that the liker may see is liked; a like in a group of ours is announced to its members' homes."""
    return await perform(ctx, lambda act: _like(act, verified, actor))


async def _like(act: Act, verified: Verified, actor: Actor) -> Answer:
    status = await _reacted_to(act, verified.activity.object_id or "", verified, actor)
    if status is None:
        return Reason.NOT_FOUND
    facts = ActivityFacts(
        host=actor.host,
        kind=Kind.CONTENT,
        audience=Audience(status.audience),
        capable=is_capable(actor),
        joined=True,
        parts=frozenset({Part.REACTIONS}),
    )
    decision = await admit(act, facts, verified.activity.id)
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    liked = Favourite(new_id(act.now), actor.id, status.id, verified.activity.id, act.now)
    if not await favourites.insert_favourite(act.tx, liked):
        return "known already"
    await notify(act.tx, status.actor_id, "favourite", actor.id, status_id=status.id, now=act.now)
    await _relay(act, verified, status)
    await public_posts.relay(act, status, actor, verified.activity.raw)
    return None


async def _reacted_to(act: Act, uri: str, verified: Verified, actor: Actor) -> Status | None:
    """The post, when its reactor may see it. A reaction to a remote group's post comes from the group alone."""
    status = await statuses.get_status_by_uri(act.tx, uri)
    if status is None:
        return None
    if status.group_id is not None:
        group, group_actor = await group_posts.require_group(act.tx, status.group_id)
        if not group.local:
            return status if verified.relayed_by == group_actor.uri else None
        if verified.relayed_by or not reaches(group, group_actor, actor.host, act.rules.ruleset):
            return None
    return await get_visible(act.tx, status.id, viewer=actor.id, now=act.now)


async def _relay(act: Act, verified: Verified, status: Status) -> None:
    group = await groups.get_group(act.tx, status.group_id) if status.group_id else None
    if group is not None and group.local and not verified.relayed_by and "proof" in verified.activity.raw:
        await group_posts.announce(act, status, verified.activity.raw, keep=False)


async def on_undo_like(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A like is taken back: by the Like's id, or by what it liked."""
    embedded = verified.activity.embedded or {}

    async def unit(act: Act) -> Answer:
        known = await favourites.get_favourite_by_uri(act.tx, verified.activity.object_id or "")
        if known is None:
            status = await statuses.get_status_by_uri(act.tx, uri_of(embedded.get("object")) or "")
            known = await favourites.get_favourite(act.tx, actor.id, status.id) if status else None
        if known is None or known.actor_id != actor.id:
            return "nothing to undo"
        status = await statuses.get_status(act.tx, known.status_id)
        await favourites.delete_favourite(act.tx, known)
        await notifications.delete_notifications_about(
            act.tx, type_="favourite", actor_id=actor.id, status_id=known.status_id
        )
        if status is not None:
            await _relay(act, verified, status)
            await public_posts.relay_retraction(act, status, verified.activity.raw)
        return None

    return await perform(ctx, unit)


async def on_undo_announce(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A boost is taken back: by the Announce's id, or by what it boosted."""
    embedded = verified.activity.embedded or {}

    async def unit(act: Act) -> Answer:
        boost = await statuses.get_status_by_uri(act.tx, verified.activity.object_id or "")
        if boost is None:
            original = await statuses.get_status_by_uri(act.tx, uri_of(embedded.get("object")) or "")
            boost = await statuses.get_boost(act.tx, actor.id, original.id) if original else None
        if boost is None or boost.actor_id != actor.id or boost.boost_of_id is None:
            await _remember_undoing(act, verified.activity.object_id or "", actor)
            return "nothing to undo"
        await take_back(act, boost, actor)
        return None

    return await perform(ctx, unit)


async def take_back(act: Act, boost: Status, actor: Actor) -> None:
    """A boost is gone, and nobody is told of it any more."""
    await announce_deletion(act.tx, boost, now=act.now)
    await statuses.delete_status(act.tx, boost, actor_uri=actor.uri, now=act.now)
    await notifications.delete_notifications_about(
        act.tx, type_="reblog", actor_id=actor.id, status_id=boost.boost_of_id or 0
    )


async def _remember_undoing(act: Act, uri: str, actor: Actor) -> None:
    """The boost may still be under way; nobody but who made it can keep it out."""
    if is_http_uri(uri) and same_origin(uri, actor.uri):
        await statuses.insert_tombstone(act.tx, uri=uri, actor_uri=actor.uri, hidden=True, now=act.now)


async def on_undo_by_id(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """An Undo that only names what it undoes: find out what that was."""
    uri = verified.activity.object_id or ""

    async def unit(tx: Reader) -> str:
        if await favourites.get_favourite_by_uri(tx, uri) is not None:
            return "Like"
        if await follows.get_follow_by_uri(tx, uri) or await groups.get_membership_by_follow(tx, uri):
            return "Follow"
        if await blocks.get_block_by_uri(tx, uri) is not None:
            return "Block"
        return "Announce"

    if verified.activity.object_type:
        return f"{Fault.TYPE_UNSUPPORTED}: Undo of {verified.activity.object_type[:40]}"
    undo = {"Like": on_undo_like, "Follow": on_undo_follow, "Block": on_undo_block}.get(
        await ctx.db.read(unit), on_undo_announce
    )
    return await undo(ctx, verified, actor)


# What a private group may relay; its own Delete comes as its own act.
RELAYED = {"Create": notes.on_create, "Update": notes.on_update, "Like": on_like, "Undo": on_undo_like}
