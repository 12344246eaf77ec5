"""Access tokens: given for a code or to an app itself, taken back. They do not expire (Mastodon's contract)."""

import base64
import hashlib
import hmac

from aiohttp import web

from policies.decision import Allow, Deny
from storage.database import Database, Reader, Transaction
from storage.ids import new_id
from storage.oauth import (
    Code,
    Grant,
    claim_code,
    delete_token,
    get_app,
    get_app_by_client_id,
    get_grant,
    get_token,
    insert_app,
    insert_token,
)
from storage.records import App, Token
from web.auth import anyone, bearer_token, for_apps, may_use
from web.bodies import read_form
from web.forms import Form
from web.keys import CONTEXT
from web.oauth.clients import Refusal, answer_oauth, answer_refusal, check_client, parse_credentials
from web.oauth.redirects import OUT_OF_BAND
from web.oauth.scopes import DEFAULT, covers_all, parse_scopes
from web.tokens import hash_token, new_token

CODE_MS = 10 * 60 * 1000
CONSOLE = "console"

routes = web.RouteTableDef()


@routes.post("/oauth/token")
@anyone
async def give_token(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    credentials = parse_credentials(request.headers.get("Authorization", ""), form)
    ctx, token = request.app[CONTEXT], new_token()

    async def unit(tx: Transaction) -> Token | Refusal:
        app = await check_client(tx, *credentials)
        row = app if isinstance(app, Refusal) else await _grant(tx, app, form, hash_token(token), ctx.now())
        return row if isinstance(row, Refusal) else await _insert(tx, row, now=ctx.now())

    row = await ctx.db.transact(unit)
    if isinstance(row, Refusal):
        return answer_refusal(row)
    return answer_oauth(_describe(token, row))


@routes.post("/oauth/revoke")
@anyone
async def revoke_token(request: web.Request) -> web.StreamResponse:
    """RFC 7009: a token that nobody has is as good as revoked."""
    form = await read_form(request)
    credentials = parse_credentials(request.headers.get("Authorization", ""), form)
    hashed = hash_token(form.text("token") or "")

    async def unit(tx: Transaction) -> App | Refusal:
        app = await check_client(tx, *credentials)
        if isinstance(app, App):
            await delete_token(tx, hashed, app_id=app.id)
        return app

    if isinstance(await request.app[CONTEXT].db.transact(unit), Refusal):
        return answer_refusal(Refusal("unauthorized_client", 403))  # as Doorkeeper has it
    return answer_oauth({})


@routes.get("/oauth/token/info")
@for_apps()
async def get_token_info(request: web.Request, grant: Grant) -> web.StreamResponse:
    """What the token that asks gives, as Doorkeeper tells it."""
    app, row = await request.app[CONTEXT].db.read(lambda tx: _read_token(tx, hash_token(bearer_token(request))))
    return answer_oauth(
        {
            "resource_owner_id": None if grant.actor_id is None else str(grant.actor_id),
            "scope": grant.scopes.split(),
            "expires_in": None,
            "application": {"uid": app.client_id if app else ""},
            "created_at": row.created_at // 1000 if row else 0,
        }
    )


@routes.post("/oauth/introspect")
@anyone
async def introspect(request: web.Request) -> web.StreamResponse:
    """RFC 7662, for an app about its own tokens: of others it learns no more than of what never was."""
    form = await read_form(request)
    credentials = parse_credentials(request.headers.get("Authorization", ""), form)
    hashed, now = hash_token(form.text("token") or ""), request.app[CONTEXT].now()

    async def unit(tx: Reader) -> Refusal | dict[str, object]:
        client = await check_client(tx, *credentials)
        if isinstance(client, Refusal):
            return client
        app, row = await _read_token(tx, hashed)
        grant = await get_grant(tx, hashed, now=now)
        if app is None or row is None or grant is None or app.id != client.id or isinstance(may_use(grant), Deny):
            return {"active": False}
        described = {"scope": row.scopes, "client_id": app.client_id, "token_type": "Bearer"}
        return {"active": True, **described, "exp": None, "iat": row.created_at // 1000}

    found = await request.app[CONTEXT].db.read(unit)
    return answer_refusal(found) if isinstance(found, Refusal) else answer_oauth(found)


async def _read_token(tx: Reader, hashed: str) -> tuple[App | None, Token | None]:
    row = await get_token(tx, hashed)
    return (await get_app(tx, row.app_id) if row else None), row


async def issue_token(db: Database, app_id: int, actor_id: int, scopes: str, *, now: int) -> dict[str, object]:
    """A member's token for an app that has just signed them up; the answer is a Token."""
    token = new_token()
    row = Token(new_id(now), hash_token(token), app_id, actor_id, scopes, now)
    await db.transact(lambda tx: insert_token(tx, row))
    return _describe(token, row)


def _describe(token: str, row: Token) -> dict[str, object]:
    return {"access_token": token, "token_type": "Bearer", "scope": row.scopes, "created_at": row.created_at // 1000}


async def issue_console_token(db: Database, actor_id: int, scopes: tuple[str, ...], *, now: int) -> str:
    """A token for a member without an app, as `confrere token create` prints it."""
    token = new_token()

    async def unit(tx: Transaction) -> None:
        app = await get_app_by_client_id(tx, CONSOLE)
        if app is None:
            app = App(new_id(now), CONSOLE, "", "Console", None, OUT_OF_BAND, "", now)
            await insert_app(tx, app)
        await insert_token(tx, Token(new_id(now), hash_token(token), app.id, actor_id, " ".join(scopes), now))

    await db.transact(unit)
    return token


async def _insert(tx: Transaction, row: Token, *, now: int) -> Token | Refusal:
    """Keep a token, unless it would be good for nothing: its member may have lost their rights since they consented."""
    await insert_token(tx, row)
    grant = await get_grant(tx, row.hash, now=now)
    if grant is not None and (grant.actor_id is None or isinstance(may_use(grant), Allow)):
        return row
    await delete_token(tx, row.hash, app_id=row.app_id)
    return Refusal("invalid_grant")


async def _grant(tx: Transaction, app: App, form: Form, hashed: str, now: int) -> Token | Refusal:
    match form.text("grant_type"):
        case "authorization_code":
            code = await _claim(tx, app, form, now)
            if code is None:
                return Refusal("invalid_grant")
            return Token(new_id(now), hashed, app.id, code.actor_id, code.scopes, now, operator_id=code.operator_id)
        case "client_credentials":
            scopes = _scopes_of_app(app, form)
            if scopes is None:
                return Refusal("invalid_scope")
            return Token(new_id(now), hashed, app.id, None, " ".join(scopes), now)
        case None | "":
            return Refusal("invalid_request")
        case _:
            return Refusal("unsupported_grant_type")


async def _claim(tx: Transaction, app: App, form: Form, now: int) -> Code | None:
    """The code, good for this app and address and within ten minutes. Whichever app tries it, it is used."""
    code = await claim_code(tx, hash_token(form.text("code") or ""))
    bound = code is not None and code.app_id == app.id and code.redirect_uri == form.text("redirect_uri")
    if code is None or not bound or now - code.created_at > CODE_MS:
        return None
    if not verifier_fits(code.challenge, form.text("code_verifier") or ""):
        return None
    return code


def verifier_fits(challenge: str, verifier: str) -> bool:
    """RFC 7636 §4.6, S256. A verifier for a code without challenge is refused: somebody took the challenge out
    (RFC 9700 §4.8.2).
    """
    if not challenge:
        return not verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())


def _scopes_of_app(app: App, form: Form) -> tuple[str, ...] | None:
    asked = " ".join(form.texts("scope"))
    scopes = parse_scopes(asked) if asked.strip() else DEFAULT
    return scopes if scopes is not None and covers_all(app.scopes.split(), scopes) else None
