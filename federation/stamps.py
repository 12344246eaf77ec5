"""GET of stamps: where a member of ours allows that a post quotes theirs (FEP-044f).

A stamp names two posts, so it is for those only who may have both; a quote that was taken back has none.
"""

from aiohttp import web

from federation.context import Context
from federation.serving import NOT_FOUND, Asker, answer, decide_fetch, identify, path_id, refuse
from federation.wire.quotes import Stamp, render_stamp
from policies.decision import Allow, Decision, Deny
from policies.terms import Audience
from policies.visibility import Door
from storage import actors, quotes, statuses
from storage.database import Reader
from storage.records import Status


async def get_stamp(ctx: Context, request: web.Request) -> web.Response:
    """The QuoteAuthorization for the quote in a post, named by our id of that post."""
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> web.Response:
        uri = ctx.origin.stamp(path_id(request))
        quote = await quotes.get_quote_by_stamp(tx, uri)
        if quote is None or quote.state != "accepted" or quote.quoted_id is None:
            return refuse(NOT_FOUND)
        quoted, quoting = [await statuses.get_status(tx, one) for one in (quote.quoted_id, quote.status_id)]
        owner = await actors.get_actor(tx, quoted.actor_id) if quoted else None
        for decision in (
            await decide_fetch(tx, ctx, asker, quoted, Door.AUTHOR),
            await _decide_quoting(tx, ctx, asker, quoting),
        ):
            if not isinstance(decision, Allow):
                return refuse(decision)
        if owner is None or quoted is None or quoting is None:
            return refuse(NOT_FOUND)
        return answer(render_stamp(Stamp(uri, owner.uri, quoting.uri, quoted.uri)))

    return await ctx.db.read(unit)


async def _decide_quoting(tx: Reader, ctx: Context, asker: Asker, quoting: Status | None) -> Decision:
    """Of another host's post we know that it is there only where it is for everybody, or that host's own."""
    author = await actors.get_actor(tx, quoting.actor_id) if quoting else None
    if quoting is None or author is None or author.local:
        return await decide_fetch(tx, ctx, asker, quoting, Door.AUTHOR)
    open_to_all = quoting.audience in {Audience.PUBLIC, Audience.UNLISTED}
    return Allow("fetch:quoting") if open_to_all or asker.actor.host == author.host else NOT_FOUND
