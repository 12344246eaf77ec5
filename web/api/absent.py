"""What apps may ask of Mastodon and this server has not, answered as a Mastodon without it does."""

from aiohttp import web

from storage.relations import get_known
from web.answers import answer
from web.auth import Viewer, anyone, requires
from web.bodies import path_id
from web.keys import CONTEXT
from web.showing import not_found

routes = web.RouteTableDef()


@routes.get("/api/v1/donation_campaigns")
@requires()
async def get_campaign(_: web.Request, __: Viewer) -> web.StreamResponse:
    """Nobody asks for money here."""
    return web.Response(status=204)


@routes.get("/api/v1/accounts/{id}/identity_proofs")
@requires()
async def list_proofs(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Keybase's are gone; what is proven of people here stands on their profile."""
    ctx, actor_id = request.app[CONTEXT], path_id(request)
    if await ctx.db.read(lambda tx: get_known(tx, actor_id, viewer=viewer.actor_id, now=ctx.now())) is None:
        raise not_found()
    return answer([])


@routes.post("/api/v1/accounts/{id}/email_subscriptions")
@anyone
async def subscribe(_: web.Request) -> web.StreamResponse:
    """Posts go out by federation, never by mail."""
    raise not_found()


@routes.get("/invite/{code}")
@anyone
async def get_invitation(_: web.Request) -> web.StreamResponse:
    """Accounts are made by the institution. Apps ask here too, so that the answer is theirs to read."""
    return answer({"error": "Record not found"}, status=404)
