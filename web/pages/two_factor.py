"""A member's second factors: set up, shown and taken off, each time with the password."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from storage import audit
from storage.database import Transaction
from storage.members import Person
from storage.records import Authenticator
from storage.second_factors import (
    claim_attempt,
    delete_authenticator,
    delete_challenge,
    delete_factors,
    get_factors,
    replace_authenticator,
    replace_recovery_codes,
)
from web.keys import CONTEXT, SITE
from web.one_time_codes import (
    draw_qr,
    find_step,
    new_recovery_codes,
    new_secret,
    plain_recovery_code,
    setup_address,
)
from web.pages.confirming import Doubt, doubt_of
from web.pages.second_step import begin
from web.pages.session import Visit, member_of, member_page, redirect, show
from web.security_keys import party_of
from web.tokens import hash_token

PLACE = "/settings/two_factor"
AUTHENTICATOR = "authenticator"

routes = web.RouteTableDef()


@routes.get(PLACE)
@member_page
async def show_factors(request: web.Request, visit: Visit) -> web.StreamResponse:
    return await show_overview(request, visit)


@routes.post(f"{PLACE}/app")
@member_page
async def begin_app(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Nothing is changed before the app has shown a code: a mistyped secret would lock its member out."""
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await show_overview(request, visit, doubt)
    secret = new_secret()
    token = await begin(request, member_of(visit).actor.id, AUTHENTICATOR, secret)
    return _show_setup(request, visit, token, secret)


@routes.post(f"{PLACE}/app/confirm")
@member_page
async def confirm_app(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, ctx = member_of(visit), request.app[CONTEXT]
    token, now = visit.form.text("token") or "", ctx.now()
    hashed = hash_token(token)
    begun = await ctx.db.transact(lambda tx: claim_attempt(tx, hashed, AUTHENTICATOR, now=now))
    if begun is None or begun.actor_id != me.actor.id:
        return redirect(PLACE)
    step = find_step(begun.data, visit.form.text("code") or "", now=now)
    if step is None:
        return _show_setup(request, visit, token, begun.data, status=422)
    made = Authenticator(me.actor.id, begun.data, step, now)

    async def unit(tx: Transaction) -> list[str]:
        await delete_challenge(tx, hashed)
        await replace_authenticator(tx, made)
        return await note_added(tx, me, AUTHENTICATOR, now=now)

    return show_codes(request, visit, await ctx.db.transact(unit))


@routes.post(f"{PLACE}/app/remove")
@member_page
async def remove_app(request: web.Request, visit: Visit) -> web.StreamResponse:
    me = member_of(visit)
    return await remove(request, visit, AUTHENTICATOR, lambda tx: delete_authenticator(tx, me.actor.id))


@routes.post(f"{PLACE}/codes")
@member_page
async def renew_codes(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, ctx = member_of(visit), request.app[CONTEXT]
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await show_overview(request, visit, doubt)

    async def unit(tx: Transaction) -> list[str]:
        if not (await get_factors(tx, me.actor.id)).any:
            return []
        name = me.actor.username
        await audit.append(tx, actor=name, act="member.renew_recovery_codes", subject=name, now=ctx.now())
        return await _replace_codes(tx, me)

    return show_codes(request, visit, await ctx.db.transact(unit))


async def note_added(tx: Transaction, me: Person, kind: str, *, now: int) -> list[str]:
    """Record that a factor was added; with the first come recovery codes, which are answered and kept by nobody."""
    name = me.actor.username
    await audit.append(tx, actor=name, act="member.add_second_factor", subject=name, now=now, kind=kind)
    return [] if (await get_factors(tx, me.actor.id)).recovery_codes else await _replace_codes(tx, me)


async def remove(
    request: web.Request, visit: Visit, kind: str, delete: Callable[[Transaction], Awaitable[None]]
) -> web.StreamResponse:
    """Take one factor off; recovery codes go with the last."""
    me, ctx = member_of(visit), request.app[CONTEXT]
    doubt = await doubt_of(request, visit)
    if doubt is not None:
        return await show_overview(request, visit, doubt)

    async def unit(tx: Transaction) -> None:
        await delete(tx)
        if not (await get_factors(tx, me.actor.id)).any:
            await delete_factors(tx, me.actor.id)
        name = me.actor.username
        await audit.append(tx, actor=name, act="member.remove_second_factor", subject=name, now=ctx.now(), kind=kind)

    await ctx.db.transact(unit)
    return redirect(PLACE)


def show_codes(request: web.Request, visit: Visit, codes: list[str]) -> web.StreamResponse:
    """New recovery codes, this once; without any, back to the overview."""
    return show(request, visit, "recovery_codes.html", codes=codes) if codes else redirect(PLACE)


async def _replace_codes(tx: Transaction, me: Person) -> list[str]:
    codes = new_recovery_codes()
    await replace_recovery_codes(tx, me.actor.id, [hash_token(plain_recovery_code(code)) for code in codes])
    return codes


def _show_setup(request: web.Request, visit: Visit, token: str, secret: str, *, status: int = 200) -> web.Response:
    address = setup_address(secret, name=member_of(visit).actor.username, site=request.app[SITE].title)
    values = {"token": token, "secret": secret, "qr": draw_qr(address), "wrong": status != 200}
    return show(request, visit, "authenticator.html", status=status, **values)


async def show_overview(request: web.Request, visit: Visit, doubt: Doubt | None = None) -> web.Response:
    me = member_of(visit)
    factors = await request.app[CONTEXT].db.read(lambda tx: get_factors(tx, me.actor.id))
    status, party = doubt.status if doubt else 200, party_of(request.app[CONTEXT].origin)
    return show(request, visit, "two_factor.html", status=status, factors=factors, doubt=doubt, named=party is not None)
