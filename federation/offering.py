"""A private group's policy as its home offers it to the hosts of its members, and what they agreed to.

Until a host has agreed to a wider reach, what its people say goes no further than before (`federation.facts.goes_on`). What
is offered is said again each hour: a lost offer or answer heals by itself.
"""

from functools import partial
from hashlib import sha256

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.documents import reach_of
from federation.facts import Parcel
from federation.groups import advance_epoch, require_group
from federation.rules import Rules
from federation.signing import get_keys
from federation.wire.proofs import canonical_json, sign_document
from federation.wire.render import OFFER_CONTEXT, render_activity, render_offered
from policies.reach import Offer, is_due
from policies.terms import Audience, Kind
from storage import groups, policy_offers
from storage.follows import Inbox
from storage.ids import new_id
from storage.policy_offers import PolicyOffer
from storage.records import Actor, Group

ASKED = ("level", "professions", "specialties", "countries", "rules", "retention_days", "case_days")


def digest_of(group: Group, actor: Actor, rules: Rules) -> str:
    """SHA-256 of all that a group of ours asks, and of the hosts that its posts may go to."""
    policy = {name: getattr(group, name) for name in ASKED}
    policy |= {"group": actor.uri, "reach": sorted(reach_of(group, rules.ruleset))}
    return sha256(canonical_json(policy)).hexdigest()


async def offer_policies(ctx: Context) -> None:
    """Offer every group of ours whose reach was widened to the hosts of its members that have not agreed."""
    for group_id in await ctx.db.read(policy_offers.list_groups_with_offers):
        await perform(ctx, partial(offer_policy, group_id=group_id))


async def offer_policy(act: Act, group_id: int) -> None:
    """Offer one group's policy to whom it is due."""
    group = await groups.lock_group(act.tx, group_id, change=True)
    _, actor = await require_group(act.tx, group_id)
    if group is None:
        return
    digest = digest_of(group, actor, act.rules)
    there = await groups.list_member_hosts(act.tx, group_id, now=act.now)
    due = [one for one in await policy_offers.list_offers(act.tx, group_id) if one.host in there]
    due = [one for one in due if is_due(made(one), one.agreed_digest, digest, one.offered_at, act.now)]
    if not due:
        return
    epoch = await advance_epoch(act.tx, group, act.now)
    for one in due:
        await policy_offers.update_offer(
            act.tx, group_id, one.host, epoch=epoch, digest=digest, offered_at=act.now, refusal=""
        )
        await _send_offer(act, group, actor, Offer(epoch, digest), Inbox(one.host, there[one.host]))


def made(offer: PolicyOffer) -> Offer:
    """What was last offered to a host."""
    return Offer(offer.epoch, offer.digest)


async def _send_offer(act: Act, group: Group, actor: Actor, offer: Offer, target: Inbox) -> None:
    activity_id = new_id(act.now)
    reach = sorted(reach_of(group, act.rules.ruleset))
    offered = render_offered(actor.uri, epoch=offer.epoch, digest=offer.digest, reach=reach)
    document = render_activity(act.ctx.origin.activity(activity_id), "Offer", actor.uri, offered, now=act.now)
    document["@context"] = OFFER_CONTEXT
    keys = await get_keys(act.tx, actor.id, actor.uri)
    outgoing = Outgoing(activity_id, sign_document(document, keys.ed25519, created=act.now), actor.id)
    await send(act, outgoing, Parcel(Kind.CONTROL, Audience.DIRECT), [target])
