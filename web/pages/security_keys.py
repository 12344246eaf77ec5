"""A member's security keys and passkeys: added and taken off, each time with the password."""

from aiohttp import web

from storage.database import Transaction
from storage.ids import new_id
from storage.records import SecurityKey
from storage.second_factors import claim_attempt, delete_challenge, delete_key, get_factors, insert_key
from web.errors import ApiError
from web.keys import CONTEXT, SITE
from web.pages.confirming import doubt_of
from web.pages.second_step import begin
from web.pages.session import Visit, member_of, member_page, show
from web.pages.two_factor import PLACE, note_added, remove, show_codes, show_overview
from web.security_keys import Party, ask_for_key, check_key, party_of, script_of
from web.tokens import hash_token

PURPOSE = "security_key"
MOST_KEYS = 20
MOST_NAME = 60

routes = web.RouteTableDef()


@routes.post(f"{PLACE}/keys")
@member_page
async def begin_key(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Lead to the page that asks the browser for a key. Only there a script of ours runs."""
    me, ctx = member_of(visit), request.app[CONTEXT]
    party = _require_party(request)
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await show_overview(request, visit, doubt)
    known = (await ctx.db.read(lambda tx: get_factors(tx, me.actor.id))).keys
    name = visit.form.required("name").strip()[:MOST_NAME]
    if len(known) >= MOST_KEYS or not name:
        raise ApiError(422, "too many keys, or one without a name")
    token = await begin(request, me.actor.id, PURPOSE, name)
    options = ask_for_key(party, token, me.actor, known, site=request.app[SITE].title)
    script = script_of(ctx.origin)
    return show(request, visit, "security_key.html", script=script, token=token, name=name, options=options)


@routes.post(f"{PLACE}/keys/confirm")
@member_page
async def confirm_key(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, ctx = member_of(visit), request.app[CONTEXT]
    party, token, now = _require_party(request), visit.form.text("token") or "", ctx.now()
    hashed, answer = hash_token(token), visit.form.text("answer") or ""

    async def unit(tx: Transaction) -> list[str]:
        begun = await claim_attempt(tx, hashed, PURPOSE, now=now)
        found = check_key(party, answer, token) if begun and begun.actor_id == me.actor.id else None
        if begun is None or found is None:
            return []
        await delete_challenge(tx, hashed)
        key = SecurityKey(
            new_id(now), me.actor.id, found.credential, found.public_key, found.sign_count, begun.data, now
        )
        return await note_added(tx, me, PURPOSE, now=now) if await insert_key(tx, key) else []

    return show_codes(request, visit, await ctx.db.transact(unit))


@routes.post(f"{PLACE}/keys/remove")
@member_page
async def remove_key(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, key_id = member_of(visit), visit.form.identifier("id") or 0
    return await remove(request, visit, PURPOSE, lambda tx: delete_key(tx, me.actor.id, key_id))


def _require_party(request: web.Request) -> Party:
    party = party_of(request.app[CONTEXT].origin)
    if party is None:
        raise ApiError(422, "security keys need a server with a name")
    return party
