"""Move from other hosts: somebody whom members here follow has become somebody else. Both sides must say so."""

from federation.act import Act, perform
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.outbox.moves import MOVABLE, carry_along, look_at, names, record_move
from federation.resolve import resolve_actor
from federation.rules import get_rules
from federation.wire.errors import Fault
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Deny, Hold
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage.records import Actor


async def on_move(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """What the activity says is a hint: both actors are asked. A private group admits a person at a host, so that
    neither groups nor memberships move.
    """
    target_uri = verified.activity.target
    if verified.activity.object_id != actor.uri or target_uri in {None, actor.uri} or actor.type not in MOVABLE:
        return str(Fault.ACTOR_MISMATCH)
    rules = await ctx.db.read(get_rules)
    facts = ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT)
    decision = admit_activity(facts, rules.ruleset, day_of(ctx.now()))
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    target = await _confirm(ctx, actor, target_uri or "")
    if target is None:
        return "the two do not say that they are one"
    return await perform(ctx, lambda act: _take(act, actor, target))


async def _confirm(ctx: Context, actor: Actor, target_uri: str) -> Actor | None:
    """The new actor, when the old one says `movedTo` and the new one `alsoKnownAs`. FetchError or ProtocolError."""
    if (await look_at(ctx, actor.uri)).moved_to != target_uri:
        return None
    target = await resolve_actor(ctx, target_uri)
    if target is None or target.type not in MOVABLE or target.disabled_at is not None:
        return None
    return target if await names(ctx, target, actor.uri) else None


async def _take(act: Act, actor: Actor, target: Actor) -> str | None:
    if not await record_move(act, actor, target):
        return "moved a short while ago"
    await carry_along(act, actor, target)
    return None
