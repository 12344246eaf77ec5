"""Quotes of and by our members: asking, granting, taking back, and whom one lets quote (FEP-044f).

A post of a group asks nobody: the request would tell another host that there is one (decision 0027).
"""

from typing import Any

from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import note_document, prove
from federation.facts import Parcel
from federation.fanout import fan_out
from federation.quoting import ACCEPTED, PENDING, REJECTED, REVOKED, notify_quoted
from federation.signing import get_keys
from federation.spreading import spread_change
from federation.wire.quotes import REQUEST, QuoteRequest, render_request
from federation.wire.render import QUOTE_CONTEXT, render_activity
from policies.quoting import CHOICES, policy_after
from policies.terms import Audience, Kind
from storage import actors, quotes, statuses
from storage.database import Reader
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Quote, Status
from storage.visibility import get_visible


def stored_policy(audience: Audience, choice: str) -> str:
    """Whom a member lets quote a post for this audience, as it is stored."""
    return quotes.write_policy(policy_after(audience, CHOICES[choice]))


async def attach(act: Act, status: Status, quoted: Status) -> None:
    """Keep that a new post of a member quotes one, as the policies allowed."""
    owner = await require_author(act.tx, quoted)
    asks = not owner.local and owner.id != status.actor_id and status.group_id is None
    stamped = owner.local and owner.id != status.actor_id and status.group_id is None
    made = Quote(
        status_id=status.id,
        quoted_id=quoted.id,
        quoted_uri=quoted.uri,
        state=PENDING if asks else ACCEPTED,
        request_uri=status.uri + REQUEST if asks else "",
        stamp=act.ctx.origin.stamp(status.id) if stamped else "",
        created_at=act.now,
    )
    await quotes.insert_quote(act.tx, made)


async def require_author(tx: Reader, status: Status) -> Actor:
    author = await actors.get_actor(tx, status.actor_id)
    if author is None:
        raise LookupError(f"post {status.uri} without author")
    return author


async def tell_quoted(act: Act, status: Status, author: Actor, quoted: Status) -> None:
    """Ask the quoted author elsewhere; tell the one here. Called once the post itself is on its way."""
    quote = await quotes.get_quote(act.tx, status.id)
    if quote is None or not quote.request_uri:
        await notify_quoted(act.tx, quoted, status, now=act.now)
        return
    owner = await require_author(act.tx, quoted)
    note = await note_document(act.tx, act.ctx.origin, status)
    request = render_request(quote.request_uri, author.uri, quoted.uri, note)
    document = {"@context": QUOTE_CONTEXT, **request, "to": [owner.uri]}
    keys = await get_keys(act.tx, author.id, author.uri)
    audience = Audience(status.audience)
    outgoing = Outgoing(new_id(act.now), prove(document, keys.ed25519, audience, act.now), author.id, status.id)
    await send(act, outgoing, Parcel(Kind.CONTENT, audience, status.uri), [Inbox(owner.host, owner.inbox)])


async def grant(act: Act, asked: QuoteRequest, uri: str, quoter: Actor, quoted: Status, quoting: Status) -> None:
    """Somebody elsewhere may quote a post of a member: stamped, told here, answered."""
    stamp = act.ctx.origin.stamp(quoting.id)
    known = await quotes.get_quote(act.tx, quoting.id)
    await quotes.update_quote(act.tx, quoting.id, state=ACCEPTED, stamp=stamp, quoted_id=quoted.id, request_uri=uri)
    if known is None or known.state != ACCEPTED:
        await fan_out(act.tx, quoting, quoter, now=act.now, edited=True)
        await notify_quoted(act.tx, quoted, quoting, now=act.now)
    await _answer(act, asked, uri, quoter, quoted, kind="Accept", result=stamp)


async def refuse(act: Act, asked: QuoteRequest, uri: str, quoter: Actor, quoted: Status) -> None:
    """Somebody elsewhere may not quote a post of a member."""
    await _answer(act, asked, uri, quoter, quoted, kind="Reject", result=None)


async def _answer(
    act: Act, asked: QuoteRequest, uri: str, quoter: Actor, quoted: Status, *, kind: str, result: str | None
) -> None:
    owner = await require_author(act.tx, quoted)
    request = render_request(uri, quoter.uri, asked.quoted, asked.quoting)
    await _send(act, owner, kind, request, [Inbox(quoter.host, quoter.inbox)], to=[quoter.uri], result=result)


async def _send(act: Act, owner: Actor, kind: str, object_: Any, targets: list[Inbox], **more: Any) -> None:
    activity_id = new_id(act.now)
    uri = act.ctx.origin.activity(activity_id)
    document = render_activity(uri, kind, owner.uri, object_, now=act.now, **more) | {"@context": QUOTE_CONTEXT}
    parcel = Parcel(Kind.CONTROL if kind == "Accept" else Kind.RETRACTION, Audience.DIRECT)
    await send(act, Outgoing(activity_id, document, owner.id), parcel, targets)


async def revoke(ctx: Context, actor_id: int, quoted_id: int, quoting_id: int) -> Status | None:
    """A member takes back that a post quotes theirs; answers the quoting post. None when there is no such quote that they
    know of.
    """
    return await perform(ctx, lambda act: _revoke(act, actor_id, quoted_id, quoting_id))


async def _revoke(act: Act, actor_id: int, quoted_id: int, quoting_id: int) -> Status | None:
    quoted = await get_visible(act.tx, quoted_id, viewer=actor_id, now=act.now)
    quoting = await get_visible(act.tx, quoting_id, viewer=actor_id, now=act.now)
    quote = await quotes.get_quote(act.tx, quoting_id)
    if quoted is None or quoting is None or quote is None or quoted.actor_id != actor_id:
        return None
    if quote.quoted_id != quoted.id or quoting.group_id is not None:
        return None
    if quote.state in {REVOKED, REJECTED}:
        return quoting
    await quotes.update_quote(act.tx, quoting.id, state=REVOKED)
    author = await require_author(act.tx, quoting)
    await spread_change(act, quoting, author)
    if quote.stamp:
        await _delete_stamp(act, quote, quoted, author)
    return quoting


async def _delete_stamp(act: Act, quote: Quote, quoted: Status, quoter: Actor) -> None:
    """To everybody who may show the quote: whoever got either post, and the home of whoever quotes."""
    owner = await require_author(act.tx, quoted)
    targets = await list_retraction_inboxes(act.tx, quoted.uri)
    if quoter.local:
        targets += await list_retraction_inboxes(act.tx, act.ctx.origin.object(quote.status_id))
    else:
        targets.append(Inbox(quoter.host, quoter.inbox))
    await _send(act, owner, "Delete", quote.stamp, targets)


async def set_policy(ctx: Context, actor_id: int, status_id: int, choice: str) -> Status | None:
    """Change whom a member lets quote a post of theirs; None when they have no such post."""
    return await perform(ctx, lambda act: _set_policy(act, actor_id, status_id, choice))


async def _set_policy(act: Act, actor_id: int, status_id: int, choice: str) -> Status | None:
    status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
    if status is None or status.actor_id != actor_id or status.boost_of_id is not None:
        return None
    policy = stored_policy(Audience(status.audience), choice)
    if policy == status.quote_policy:
        return status
    await statuses.update_quote_policy(act.tx, status.id, policy)
    changed = await statuses.get_status(act.tx, status.id)
    if changed is not None:
        await spread_change(act, changed, await require_author(act.tx, changed))
    return changed
