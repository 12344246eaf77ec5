"""Offers of private groups' policies: those of others' groups are answered, answers to ours are counted.

The host answers, not a person: its instance actor, by its own policy, without asking anybody.
"""

import orjson

from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.documents import reach_of
from federation.facts import Parcel
from federation.groups import require_group
from federation.inbox.verified import Answer, Verified
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.offering import digest_of, made
from federation.resolve import resolve_actor
from federation.signing import get_keys
from federation.verifying import require_proof
from federation.wire.offers import parse_offer, parse_reach
from federation.wire.proofs import sign_document
from federation.wire.render import OFFER_CONTEXT, render_activity, render_offered
from federation.wire.values import text
from policies.admission import ActivityFacts
from policies.decision import Allow, Deny, Hold, Limit, Reason
from policies.delivery import may_agree
from policies.reach import Offer, may_count
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import actors, groups, policy_offers
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, as_json


async def _refusal(act: Act, verified: Verified, actor: Actor) -> Hold | Reason | None:
    """Why the act of a host waits or is not taken; None when it is."""
    decision = await admit(act, ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT), verified.activity.id)
    return decision.reason if isinstance(decision, Deny) else decision if isinstance(decision, Hold) else None


# --- a group of others -------------------------------------------------------------------------------------------


async def on_offer(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """The home of a group that somebody here is in says where posts go from now on: agree, or say why not."""
    offered = verified.activity.embedded or {}
    offer, reach = parse_offer(offered), parse_reach(offered)

    async def unit(act: Act) -> Answer:
        refused = await _refusal(act, verified, actor)
        if refused is not None:
            return refused
        group = await groups.get_group(act.tx, actor.id)
        if (
            group is None
            or group.local
            or not await groups.has_active_member_of(act.tx, actor.id, host="", now=act.now)
        ):
            return "nobody here is in it"
        others = [host for host in reach if host != act.ctx.origin.host]
        agreeing = may_agree(actor.host, others, act.rules.ruleset, day_of(act.now))
        refusal = None if isinstance(agreeing, Allow | Limit) else str(agreeing.reason)
        await _answer(act, verified, actor, offer, reach, refusal=refusal)
        return None

    answer = await perform(ctx, unit)
    if answer is None:
        await resolve_actor(ctx, actor.uri, refresh=True)  # our own posts are asked about with the same reach
    return answer


async def _answer(
    act: Act, verified: Verified, group: Actor, offer: Offer, reach: list[str], *, refusal: str | None
) -> None:
    activity_id = new_id(act.now)
    offered = render_offered(group.uri, epoch=offer.epoch, digest=offer.digest, reach=reach)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Accept" if refusal is None else "Reject",
        act.ctx.origin.instance_actor,
        {"id": verified.activity.id, "type": "Offer", "actor": group.uri, "object": offered},
        now=act.now,
        to=[group.uri],
        summary=refusal,
    )
    document["@context"] = OFFER_CONTEXT
    keys = await get_keys(act.tx, INSTANCE_ACTOR_ID, act.ctx.origin.instance_actor)
    outgoing = Outgoing(activity_id, sign_document(document, keys.ed25519, created=act.now), INSTANCE_ACTOR_ID)
    kind = Kind.CONTROL if refusal is None else Kind.RETRACTION
    await send(act, outgoing, Parcel(kind, Audience.DIRECT), [Inbox(group.host, group.inbox)])


# --- a group of ours ---------------------------------------------------------------------------------------------


async def on_agreed(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A host agrees to a policy of ours, under its proof: what its people say goes as far as that from now on."""
    if actor.type != "Application":
        return "only an instance actor agrees"
    await require_proof(ctx, verified.activity.raw)

    async def unit(act: Act) -> Answer:
        refused = await _refusal(act, verified, actor)
        if refused is not None:
            return refused
        group_id = await _group_of(act, verified)
        group = await groups.lock_group(act.tx, group_id, change=True)
        if group is None or not group.local:
            return "answers nothing that was offered"
        _, group_actor = await require_group(act.tx, group_id)
        known = await policy_offers.get_offer(act.tx, group_id, actor.host)
        digest = digest_of(group, group_actor, act.rules)
        members = await groups.has_active_member_of(act.tx, group_id, host=actor.host, now=act.now)
        said = parse_offer((verified.activity.embedded or {}).get("object"))
        counting = may_count(said, made(known) if known else None, digest, members=members)
        if isinstance(counting, Deny):
            return counting.reason
        await policy_offers.update_offer(
            act.tx,
            group_id,
            actor.host,
            agreed=as_json(sorted(reach_of(group, act.rules.ruleset))),
            agreed_digest=digest,
            agreed_at=act.now,
            evidence=orjson.dumps(verified.activity.raw).decode(),
            refusal="",
        )
        return None

    return await perform(ctx, unit)


async def on_declined(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A host does not agree: what its people say goes as far as before. Kept for moderators to see."""
    if actor.type != "Application":
        return "only an instance actor agrees"

    async def unit(act: Act) -> Answer:
        group_id = await _group_of(act, verified)
        known = await policy_offers.get_offer(act.tx, group_id, actor.host)
        said = parse_offer((verified.activity.embedded or {}).get("object"))
        if known is None or made(known) != said:
            return "answers nothing that was offered"
        refusal = (text(verified.activity.raw.get("summary")) or "refused")[:50]
        await policy_offers.update_offer(act.tx, group_id, actor.host, refusal=refusal)
        return None

    return await perform(ctx, unit)


async def _group_of(act: Act, verified: Verified) -> int:
    """The group whose offer is answered; 0 for none known here."""
    named = await actors.get_actor_by_uri(act.tx, text((verified.activity.embedded or {}).get("actor")) or "")
    return named.id if named is not None else 0
