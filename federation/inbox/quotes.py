"""QuoteRequest from other hosts, the answers to ours, and stamps that are taken back (FEP-044f)."""

from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.fanout import fan_out
from federation.inbox.notes import receive_quoting
from federation.inbox.verified import Answer, Verified
from federation.outbox.quotes import grant, refuse, require_author
from federation.quoting import ACCEPTED, PENDING, REJECTED, REVOKED, get_quote_facts
from federation.resolve import resolve_object
from federation.spreading import spread_change
from federation.wire.activities import Activity
from federation.wire.origins import same_origin
from federation.wire.quotes import QuoteRequest, parse_request
from federation.wire.values import uri_of
from policies.admission import ActivityFacts
from policies.decision import Decision, Deny, Hold, Reason
from policies.posting import may_quote
from policies.terms import Audience, Kind
from storage import quotes, statuses
from storage.database import Reader
from storage.records import Actor, Quote, Status
from storage.visibility import get_visible

UNKNOWN = "nothing here that could be quoted"
UNASKED = "answers nothing that a member here asked"


async def on_request(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody wants to quote a post of a member. What they may not see is not there: nothing is fetched or answered."""
    asked = parse_request(verified.activity.raw)
    if await ctx.db.read(lambda tx: _find_quoted(tx, asked, actor, ctx)) is None:
        return UNKNOWN
    if await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, asked.quoting)) is None:
        if asked.embedded is None:
            await resolve_object(ctx, asked.quoting)
        elif isinstance(answer := await receive_quoting(ctx, verified, asked.embedded, actor), Hold):
            return answer
    return await perform(ctx, lambda act: _decide(act, verified.activity, asked, actor))


async def _find_quoted(tx: Reader, asked: QuoteRequest, actor: Actor, ctx: Context) -> Status | None:
    """A member's post, no group's, that who asks may see."""
    found = await statuses.get_status_by_uri(tx, asked.quoted) if ctx.origin.owns(asked.quoted) else None
    quoted = await get_visible(tx, found.id, viewer=actor.id, now=ctx.now()) if found else None
    return None if quoted is None or quoted.boost_of_id is not None or quoted.group_id is not None else quoted


async def _decide(act: Act, activity: Activity, asked: QuoteRequest, actor: Actor) -> Answer:
    quoted = await _find_quoted(act.tx, asked, actor, act.ctx)
    if quoted is None:
        return UNKNOWN
    quoting = await statuses.get_status_by_uri(act.tx, asked.quoting)
    if quoting is None or quoting.actor_id != actor.id:
        return "the quoting post cannot be had, or is not of who asks"
    quote = await quotes.get_quote(act.tx, quoting.id)
    if quote is None or quote.quoted_uri != quoted.uri:
        return "the post does not quote what is asked for"
    facts = ActivityFacts(actor.host, Kind.CONTENT, Audience(quoting.audience))
    admitted = await admit(act, facts, activity.id)
    if isinstance(admitted, Hold):
        return admitted
    if isinstance(admitted, Deny):
        return admitted.reason
    return await _apply(act, activity, asked, actor, quote, quoted, quoting)


async def _apply(
    act: Act, activity: Activity, asked: QuoteRequest, actor: Actor, quote: Quote, quoted: Status, quoting: Status
) -> Answer:
    decision = await _judge(act, quote, quoted, quoting, actor)
    if isinstance(decision, Deny):
        if quote.state == PENDING:
            await quotes.update_quote(act.tx, quoting.id, state=REJECTED)
        await refuse(act, asked, activity.id, actor, quoted)
        return None
    await grant(act, asked, activity.id, actor, quoted, quoting)
    return None


async def _judge(act: Act, quote: Quote, quoted: Status, quoting: Status, actor: Actor) -> Decision:
    """What was taken back once is not given again because somebody asks again."""
    if quote.state == REVOKED:
        return Deny("quote:revoked", Reason.QUOTE_REFUSED)
    known = await get_visible(act.tx, quoting.id, viewer=quoted.actor_id, now=act.now)
    facts = await get_quote_facts(act.tx, quoted, actor, named=known is not None)
    return may_quote(facts, Audience(quoting.audience))


async def on_accept(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A quote by a member of ours is allowed: by the quoted author, with a stamp at their own host."""

    async def unit(act: Act) -> Answer:
        facts = ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT)
        admitted = await admit(act, facts, verified.activity.id)
        if isinstance(admitted, Hold):
            return admitted
        if isinstance(admitted, Deny):
            return admitted.reason
        quote = await _asked_of(act, verified.activity, actor)
        stamp = uri_of(verified.activity.raw.get("result"))
        if quote is None or quote.state not in {PENDING, REJECTED} or stamp is None:
            return UNASKED
        if not same_origin(stamp, actor.uri) or await statuses.is_deleted(act.tx, stamp, actor_uri=actor.uri):
            return "a stamp of somebody else, or taken back already"
        await quotes.update_quote(act.tx, quote.status_id, state=ACCEPTED, stamp=stamp)
        await _spread(act, quote, federate=True)
        return None

    return await perform(ctx, unit)


async def on_reject(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A quote by a member of ours is refused, or not wanted any more."""

    async def unit(act: Act) -> Answer:
        quote = await _asked_of(act, verified.activity, actor)
        if quote is None or quote.state in {REJECTED, REVOKED}:
            return UNASKED
        shown = quote.state == ACCEPTED
        await quotes.update_quote(act.tx, quote.status_id, state=REVOKED if shown else REJECTED)
        await _spread(act, quote, federate=shown)
        return None

    return await perform(ctx, unit)


async def _asked_of(act: Act, activity: Activity, actor: Actor) -> Quote | None:
    """The quote that we asked this very actor about."""
    quote = await quotes.get_quote_by_request(act.tx, activity.object_id or "")
    quoted = await statuses.get_status(act.tx, quote.quoted_id) if quote and quote.quoted_id else None
    if quote is None or quoted is None or quoted.actor_id != actor.id:
        return None
    return quote if act.ctx.origin.owns(quote.request_uri) else None


async def _spread(act: Act, quote: Quote, *, federate: bool) -> None:
    status = await statuses.get_status(act.tx, quote.status_id)
    if status is None:
        return
    author = await require_author(act.tx, status)
    if federate:
        await spread_change(act, status, author)
    else:
        await fan_out(act.tx, status, author, now=act.now, edited=True)
