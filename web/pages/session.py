"""Browser sessions, and what every page handler is given: who looks, in which language, and a checked form.

    @routes.post("/settings")
    @member_page
    async def change_settings(request: web.Request, visit: Visit) -> web.StreamResponse:

A POST reaches its handler only with the form token that the page carried. The token is an HMAC of a secret that is in
the browser's cookie: of the session, or, before there is one, of a cookie for forms alone.
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from storage.database import Transaction
from storage.members import Person, delete_session, get_person_by_session, insert_session
from web.auth import Access, Who, declare
from web.bodies import read_form
from web.errors import ApiError, Handler
from web.forms import Form
from web.keys import CONTEXT, SITE
from web.pages.browsers import name_browser
from web.pages.render import preferred_locale, render
from web.pages.translation import LANGUAGES
from web.tokens import hash_token, new_token

SESSION_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page. `form` is empty but for a POST; `secret` is what its form token is made from."""

    me: Person | None
    locale: str
    form: Form
    secret: str


PageHandler = Callable[[web.Request, Visit], Awaitable[web.StreamResponse]]


def page(handler: PageHandler) -> Handler:
    """A page for everybody."""

    @wraps(handler)
    async def visited(request: web.Request) -> web.StreamResponse:
        return await handler(request, await _receive(request))

    return declare(visited, Access(Who.BROWSER))


def member_page(handler: PageHandler) -> Handler:
    """A page for members: others sign in first and come back."""

    @wraps(handler)
    async def visited(request: web.Request) -> web.StreamResponse:
        visit = await _receive(request)
        return await handler(request, visit) if visit.me else to_sign_in(str(request.rel_url))

    return declare(visited, Access(Who.BROWSER))


def upload_page(files: int) -> Callable[[PageHandler], Handler]:
    """A page for members that takes files, of so many bytes together."""

    def decorate(handler: PageHandler) -> Handler:
        @wraps(handler)
        async def visited(request: web.Request) -> web.StreamResponse:
            visit = await _receive(request, files)
            return await handler(request, visit) if visit.me else to_sign_in(str(request.rel_url))

        return declare(visited, Access(Who.BROWSER))

    return decorate


def show(request: web.Request, visit: Visit, template: str, **values: Any) -> web.Response:
    """A page with who looks and a form token; see `render` for what else it takes."""
    token = form_token(visit.secret)
    response = render(request, template, visit.locale, me=visit.me, csrf=token, **values)
    if visit.me is None and isinstance(response.body, bytes) and token.encode() in response.body:
        _set_cookie(request, response, "form", visit.secret)  # only where there is a form: others need no cookie
    return response


def redirect(location: str, *, status: int = 303) -> web.Response:
    """To this very text: aiohttp's own redirect would rewrite what is no http URL."""
    return web.Response(status=status, headers={"Location": location, "Cache-Control": "no-store"})


def to_sign_in(back: str, *, lang: str | None = None) -> web.Response:
    """Sign in, in this language if one is asked for, and come back."""
    query = {"next": back} | ({"lang": lang} if lang else {})
    return redirect(f"/auth/sign_in?{urlencode(query)}", status=302)


async def open_session(request: web.Request, person: Person, location: str) -> web.Response:
    """Sign somebody in, end the session the browser had, and go on to `location`."""
    token, ctx = new_token(), request.app[CONTEXT]
    previous = _cookie(request, "session")

    async def unit(tx: Transaction) -> None:
        now = ctx.now()
        await delete_session(tx, hash_token(previous))
        await insert_session(
            tx,
            hashed=hash_token(token),
            actor_id=person.actor.id,
            now=now,
            expires_at=now + SESSION_MS,
            browser=name_browser(request.headers.get("User-Agent", "")),
        )

    await ctx.db.transact(unit)
    response = redirect(location)
    _set_cookie(request, response, "session", token)
    return response


async def close_session(request: web.Request, location: str) -> web.Response:
    """Sign out of this browser."""
    hashed = session_hash(request)
    await request.app[CONTEXT].db.transact(lambda tx: delete_session(tx, hashed))
    response = redirect(location)
    response.del_cookie(_cookie_name(request, "session"), path="/", secure=_secure(request), httponly=True)
    return response


def session_hash(request: web.Request) -> str:
    """How the session of this browser is stored."""
    return hash_token(_cookie(request, "session"))


def member_of(visit: Visit) -> Person:
    """Who looks at a member page."""
    if visit.me is None:
        raise LookupError("a member page without a member")
    return visit.me


def form_token(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


async def _receive(request: web.Request, files: int = 0) -> Visit:
    me = await _find_person(request)
    secret = _cookie(request, "session" if me else "form") or new_token()
    form = Form({})
    if request.method == "POST":
        form = await read_form(request, files=files)
        if not hmac.compare_digest(form_token(secret).encode(), (form.text("csrf") or "").encode()):
            raise ApiError(403, "This form is not from here, or too old")
    return Visit(me, _locale(request, me), form, secret)


async def _find_person(request: web.Request) -> Person | None:
    token, ctx = _cookie(request, "session"), request.app[CONTEXT]
    if not token:
        return None
    hashed, now = hash_token(token), ctx.now()
    return await ctx.db.read(lambda tx: get_person_by_session(tx, hashed, now=now))


def _locale(request: web.Request, me: Person | None) -> str:
    """What the address asks for (apps pass `lang`), what the member chose, what the browser prefers."""
    asked = request.query.get("lang", "").split("-")[0]
    for locale in (asked, me.member.locale if me else ""):
        if locale in LANGUAGES:
            return locale
    return preferred_locale(request)


def _cookie(request: web.Request, kind: str) -> str:
    """A cookie of ours, or ''. Whatever is not a token we made is as good as none."""
    value = request.cookies.get(_cookie_name(request, kind), "")
    return value if re.fullmatch(r"[\w-]{43}", value, re.ASCII) else ""


def _set_cookie(request: web.Request, response: web.Response, kind: str, value: str) -> None:
    """Without an end of its own: it is gone with the browser, which on a ward may be anybody's."""
    response.set_cookie(
        _cookie_name(request, kind), value, path="/", secure=_secure(request), httponly=True, samesite="Lax"
    )


def _cookie_name(request: web.Request, kind: str) -> str:
    """Of this instance alone: all ports of a host share their cookies.

    `__Host-` keeps neighbours in the same domain from setting it (draft-ietf-httpbis-rfc6265bis §4.1.3.2).
    """
    host = re.sub(r"[^a-z0-9]", "_", request.app[CONTEXT].origin.host.lower())
    return f"{'__Host-' if _secure(request) else ''}confrere_{kind}_{host}"


def _secure(request: web.Request) -> bool:
    return not request.app[SITE].development
