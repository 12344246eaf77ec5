"""Signing in with a password or a one-time link, and out again. Who has a second factor is asked for it next."""

from typing import Any

from aiohttp import web

from federation.context import Origin
from storage.database import Database
from storage.members import Person, claim_link, get_person_by_link, get_person_by_login, insert_link
from web.bodies import read_query
from web.keys import CONTEXT
from web.limits import spend_sign_in
from web.pages.second_step import admit
from web.pages.session import Visit, close_session, page, show
from web.pages.waiting import show_waiting
from web.passwords import password_fits
from web.tokens import hash_token, new_token

LINK_MS = 24 * 3600 * 1000

routes = web.RouteTableDef()


@routes.get("/auth/sign_in")
@page
async def ask_password(request: web.Request, visit: Visit) -> web.StreamResponse:
    return _show_form(request, visit, read_query(request).text("next"))


@routes.post("/auth/sign_in")
@page
async def sign_in(request: web.Request, visit: Visit) -> web.StreamResponse:
    """The same answer, after about the same time, whether the account or the password is wrong."""
    login = (visit.form.text("login") or "").strip()
    back = visit.form.text("next")
    if spend_sign_in(request, login).exceeded:
        return _show_form(request, visit, back, status=429, problem="too_often", login=login)
    person = await request.app[CONTEXT].db.read(lambda tx: get_person_by_login(tx, login.lstrip("@")))
    fits = await password_fits(visit.form.text("password") or "", person.member.password_hash if person else None)
    if person is None or not fits:
        return _show_form(request, visit, back, status=422, problem="wrong", login=login)
    if not person.member.admitted and person.member.disabled_at is None:
        return await show_waiting(request, visit, person, local_path(back), status=403)
    if not person.enabled:
        return _show_form(request, visit, back, status=403, problem="disabled", login=login)
    return await admit(request, visit, person, local_path(back))


@routes.post("/auth/sign_out")
@page
async def sign_out(request: web.Request, _visit: Visit) -> web.StreamResponse:
    return await close_session(request, "/")


@routes.get("/auth/link")
@page
async def show_link(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Only a button: mail programs and messengers look at links before their reader does."""
    token = read_query(request).text("token") or ""
    ctx = request.app[CONTEXT]
    hashed, now = hash_token(token), ctx.now()
    person = await ctx.db.read(lambda tx: get_person_by_link(tx, hashed, now=now))
    return _show_link(request, visit, person, token)


@routes.post("/auth/link")
@page
async def use_link(request: web.Request, visit: Visit) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    hashed, now = hash_token(visit.form.text("token") or ""), ctx.now()
    person = await ctx.db.transact(lambda tx: claim_link(tx, hashed, now=now))
    if person is None:
        return _show_link(request, visit, None, "")
    return await admit(request, visit, person, "/settings")


async def issue_link(db: Database, origin: Origin, actor_id: int, *, now: int) -> str:
    """The address at which this member signs in once, within a day; it is shown to them and kept by nobody."""
    token = new_token()
    hashed = hash_token(token)
    await db.transact(lambda tx: insert_link(tx, hashed=hashed, actor_id=actor_id, now=now, expires_at=now + LINK_MS))
    return f"{origin.base}/auth/link?token={token}"


def local_path(back: str | None) -> str:
    """Where to go after signing in: a path of ours, or the settings for whatever else was asked for.

    Browsers read a backslash as a slash and skip control characters, and then see a host in what looked like a path.
    """
    safe = back is not None and back.isascii() and back.isprintable() and "\\" not in back
    if back is None or not safe or not back.startswith("/") or back.startswith("//"):
        return "/settings"
    return back


def _show_form(
    request: web.Request, visit: Visit, back: str | None, *, status: int = 200, problem: str = "", login: str = ""
) -> web.Response:
    return show(request, visit, "sign_in.html", status=status, next=local_path(back), problem=problem, login=login)


def _show_link(request: web.Request, visit: Visit, person: Person | None, token: str) -> web.Response:
    values: dict[str, Any] = {"person": person, "token": token}
    return show(request, visit, "link.html", status=200 if person else 404, **values)
