"""The page that asks a person whether an app may act for them.

Nobody is sent anywhere without pressing a button: anyone may register an app, so that an automatic redirect, even one
that tells of an error, would lend our name to any address (RFC 9700 §4.11.2).

Who runs a channel or moderates a group may let the app act as that instead of as themselves ("continue as").
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from aiohttp import web

from storage import audit
from storage.channels import list_guises
from storage.database import Transaction
from storage.members import Person
from storage.oauth import Code, get_app_by_client_id, insert_code
from storage.records import Actor, App
from web.bodies import parse_pairs, query_text, read_query
from web.forms import Form
from web.keys import CONTEXT
from web.oauth.redirects import OUT_OF_BAND, add_answer, form_target
from web.oauth.scopes import DEFAULT, covers_all, parse_scopes
from web.oauth.tokens import CODE_MS
from web.pages.session import Visit, page, redirect, show, to_sign_in
from web.tokens import hash_token, new_token

NATIVE = "/oauth/authorize/native"

# A token of ours, and what S256 makes of a verifier (RFC 7636 §4.2): 256 bits in base64url.
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks a person for, checked. `challenge` is '' without PKCE."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str


class Problem(StrEnum):
    """Why an app's request cannot be put to anybody."""

    CLIENT = "client"
    REDIRECT = "redirect"
    RESPONSE_TYPE = "response_type"
    SCOPE = "scope"
    CHALLENGE = "challenge"
    GUISE = "guise"


@routes.get("/oauth/authorize")
@page
async def ask_consent(request: web.Request, visit: Visit) -> web.StreamResponse:
    query = read_query(request)
    ask = await _find_ask(request, query)
    if isinstance(ask, Problem):
        return show(request, visit, "refused.html", status=400, problem=ask)
    if visit.me is None or query.boolean("force_login"):
        return to_sign_in(_without_force(request), lang=query.text("lang"))
    target, guises = form_target(ask.redirect_uri), await _list_guises(request, visit.me)
    return show(
        request,
        visit,
        "consent.html",
        form_targets=[target] if target else [],
        ask=ask,
        guises=guises,
        target=target,
        switch=_without_force(request),
    )


@routes.post("/oauth/authorize")
@page
async def decide(request: web.Request, visit: Visit) -> web.StreamResponse:
    ask = await _find_ask(request, visit.form)
    if isinstance(ask, Problem):
        return show(request, visit, "refused.html", status=400, problem=ask)
    if visit.me is None:
        return to_sign_in("/settings")
    if visit.form.text("decision") != "allow":
        return _refuse(ask)
    code = await _make_code(request, ask, visit.me, visit.form.identifier("as") or visit.me.actor.id)
    if code is None:
        return show(request, visit, "refused.html", status=403, problem=Problem.GUISE)
    return _send_back(ask, {"code": code})


@routes.delete("/oauth/authorize")
@page
async def refuse(request: web.Request, visit: Visit) -> web.StreamResponse:
    """As Mastodon's own page refuses. No other site can have a browser send this, and it gives nothing away."""
    ask = await _find_ask(request, read_query(request))
    if isinstance(ask, Problem):
        return show(request, visit, "refused.html", status=400, problem=ask)
    return to_sign_in("/settings") if visit.me is None else _refuse(ask)


@routes.get(NATIVE)
@page
async def show_code(request: web.Request, visit: Visit) -> web.StreamResponse:
    """For apps that cannot be sent anything: the person copies the code."""
    code = read_query(request).text("code") or ""
    if not _KEY.fullmatch(code):
        raise web.HTTPNotFound
    return show(request, visit, "code.html", code=code)


def parse_ask(form: Form, app: App | None) -> Ask | Problem:
    """What the app asks, or what is wrong with it; the address to send answers to is judged before anything else."""
    redirect_uri = form.text("redirect_uri")
    if app is None:
        return Problem.CLIENT
    if redirect_uri is None or redirect_uri not in app.redirect_uris.split("\n"):
        return Problem.REDIRECT
    if form.text("response_type") != "code":
        return Problem.RESPONSE_TYPE
    asked = form.text("scope") or ""
    scopes = parse_scopes(asked) if asked.strip() else DEFAULT
    if scopes is None or not covers_all(app.scopes.split(), scopes):
        return Problem.SCOPE
    challenge = form.text("code_challenge") or ""
    if challenge and (form.text("code_challenge_method") != "S256" or not _KEY.fullmatch(challenge)):
        return Problem.CHALLENGE
    return Ask(app, redirect_uri, scopes, form.text("state"), challenge)


async def _find_ask(request: web.Request, form: Form) -> Ask | Problem:
    client_id = form.text("client_id") or ""
    return parse_ask(form, await request.app[CONTEXT].db.read(lambda tx: get_app_by_client_id(tx, client_id)))


async def _list_guises(request: web.Request, me: Person) -> list[Actor]:
    ctx = request.app[CONTEXT]
    now = ctx.now()
    return await ctx.db.read(lambda tx: list_guises(tx, me.actor.id, now=now))


async def _make_code(request: web.Request, ask: Ask, me: Person, as_id: int) -> str | None:
    """A code for acting as oneself or as somebody else; None for whom one may not act as (any more)."""
    ctx, token = request.app[CONTEXT], new_token()
    now, own = ctx.now(), as_id == me.actor.id
    code = Code(
        hash=hash_token(token),
        app_id=ask.app.id,
        actor_id=as_id,
        redirect_uri=ask.redirect_uri,
        scopes=" ".join(ask.scopes),
        challenge=ask.challenge,
        created_at=now,
        operator_id=None if own else me.actor.id,
    )

    async def unit(tx: Transaction) -> str | None:
        chosen = None if own else _find(as_id, await list_guises(tx, me.actor.id, now=now))
        if chosen is None and not own:
            return None
        await insert_code(tx, code, older_than=now - CODE_MS)
        if chosen is not None:
            who, whom = me.actor.username, chosen.username
            await audit.append(tx, actor=who, act="operator.sign_in", subject=whom, now=now, app=ask.app.name)
        return token

    return await ctx.db.transact(unit)


def _find(actor_id: int, among: list[Actor]) -> Actor | None:
    return next((actor for actor in among if actor.id == actor_id), None)


def _refuse(ask: Ask) -> web.Response:
    return _send_back(ask, {"error": "access_denied", "error_description": "The person refused."})


def _send_back(ask: Ask, answer: dict[str, str]) -> web.Response:
    """A plain 302: a page in between keeps several apps from noticing (gotosocial#825, #1010)."""
    if ask.redirect_uri == OUT_OF_BAND:
        return redirect(f"{NATIVE}?{urlencode(answer)}" if "code" in answer else "/", status=302)
    state = {} if ask.state is None else {"state": ask.state}
    return redirect(add_answer(ask.redirect_uri, answer | state), status=302)


def _without_force(request: web.Request) -> str:
    """This address, for after a sign-in that was asked for by force."""
    pairs = [pair for pair in parse_pairs(query_text(request)) if pair[0] != "force_login"]
    return f"{request.path}?{urlencode(pairs)}"
