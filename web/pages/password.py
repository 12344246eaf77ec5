"""A member chooses a password, with the present one; or, who has none yet, soon after signing in by a link."""

from aiohttp import web

from storage import audit
from storage.database import Transaction
from storage.members import Person, delete_sessions_of, list_sessions_of, update_member
from web.auth import anyone
from web.keys import CONTEXT
from web.pages.confirming import doubt_of
from web.pages.session import Visit, member_of, member_page, redirect, session_hash, show
from web.passwords import LEAST_PASSWORD, MOST_PASSWORD, hash_password

PASSWORD = "/settings/password"  # noqa: S105 - an address
FRESH_MS = 15 * 60 * 1000

routes = web.RouteTableDef()


@routes.get("/.well-known/change-password")
@anyone
async def lead_to_password(_request: web.Request) -> web.StreamResponse:
    """Password managers look here (W3C, A Well-Known URL for Changing Passwords)."""
    return redirect(PASSWORD, status=302)


@routes.get(PASSWORD)
@member_page
async def ask_new_password(request: web.Request, visit: Visit) -> web.StreamResponse:
    return _show(request, visit)


@routes.post(PASSWORD)
@member_page
async def change_password(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Other browsers are signed out; apps stay, and are shut out one by one."""
    me, new = member_of(visit), visit.form.text("new_password") or ""
    if not LEAST_PASSWORD <= len(new) <= MOST_PASSWORD:
        return _show(request, visit, "length", 422)
    if me.member.password_hash:
        doubt = await doubt_of(request, visit)
        if doubt is not None:
            return _show(request, visit, doubt, doubt.status)
    elif not await _is_fresh(request, me):
        return _show(request, visit, "stale", 403)
    hashed, this = await hash_password(new), session_hash(request)
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> None:
        await update_member(tx, me.actor.id, password_hash=hashed)
        await delete_sessions_of(tx, me.actor.id, but=this)
        name = me.actor.username
        await audit.append(tx, actor=name, act="member.password", subject=name, now=ctx.now())

    await ctx.db.transact(unit)
    return _show(request, visit, "done")


async def _is_fresh(request: web.Request, me: Person) -> bool:
    """Whether this browser's session began a moment ago: then whoever has it had the link too."""
    ctx = request.app[CONTEXT]
    now, this = ctx.now(), session_hash(request)
    sessions = await ctx.db.read(lambda tx: list_sessions_of(tx, me.actor.id, now=now))
    return any(session.hash == this and now - session.created_at < FRESH_MS for session in sessions)


def _show(request: web.Request, visit: Visit, outcome: str = "", status: int = 200) -> web.Response:
    return show(request, visit, "password.html", status=status, outcome=outcome, least=LEAST_PASSWORD)
