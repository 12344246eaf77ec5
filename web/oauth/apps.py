"""Apps register themselves; nobody vouches for what they call themselves."""

import hmac
import re
from typing import Any

from aiohttp import web

from storage.database import Transaction
from storage.ids import new_id
from storage.oauth import Grant, get_app, insert_app
from storage.records import App
from web.answers import answer
from web.auth import anyone, for_newcomers
from web.bodies import read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.oauth.redirects import parse_redirects
from web.oauth.scopes import DEFAULT, parse_scopes
from web.outside.push import VAPID
from web.tokens import hash_token, new_token

_WEBSITE = re.compile(r"https?://\S{1,2000}")

routes = web.RouteTableDef()


@routes.post("/api/v1/apps")
@anyone
async def register_app(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    ctx, client_id, secret = request.app[CONTEXT], new_token(), new_token()

    async def unit(tx: Transaction) -> App:
        app = parse_app(form, client_id=client_id, secret=secret, now=ctx.now())
        await insert_app(tx, app)
        return app

    app = await ctx.db.transact(unit)
    credentials = {"client_id": client_id, "client_secret": secret, "client_secret_expires_at": 0}
    return answer(_render(app, request) | credentials)


@routes.get("/api/v1/apps/verify_credentials")
@for_newcomers(group=True)
async def verify_credentials(request: web.Request, grant: Grant) -> web.StreamResponse:
    app = await request.app[CONTEXT].db.read(lambda tx: get_app(tx, grant.app_id))
    if app is None:
        raise ApiError(401, "The access token is invalid")
    return answer(_render(app, request))


def parse_app(form: Form, *, client_id: str, secret: str, now: int) -> App:
    """What an app says of itself. Raises ApiError 422."""
    name = "".join(filter(str.isprintable, form.required("client_name"))).strip()
    website = form.text("website") or None
    redirects = parse_redirects("\n".join(form.texts("redirect_uris")))
    asked = " ".join(form.texts("scopes"))
    scopes = parse_scopes(asked) if asked.strip() else DEFAULT
    if not 0 < len(name) <= 60:
        raise _invalid("Name is blank or longer than 60 characters")
    if website and not _WEBSITE.fullmatch(website):
        raise _invalid("Website must be a valid URL")
    if redirects is None:
        raise _invalid("Redirect URI must be an absolute URI")
    if scopes is None:
        raise _invalid("Scopes doesn't match configured on the server")
    return App(
        id=new_id(now),
        client_id=client_id,
        secret_hash=hash_token(secret),
        name=name,
        website=website,
        redirect_uris="\n".join(redirects),
        scopes=" ".join(scopes),
        created_at=now,
    )


def secret_fits(app: App, secret: str) -> bool:
    """Whether this is the app's own secret, in a time that tells nothing."""
    return hmac.compare_digest(app.secret_hash, hash_token(secret))


def _render(app: App, request: web.Request) -> dict[str, Any]:
    """Application of Mastodon 4.5, with the attributes that older clients read."""
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes.split(),
        "redirect_uris": app.redirect_uris.split("\n"),
        "redirect_uri": app.redirect_uris,
        "vapid_key": request.app[VAPID].public,
    }


def _invalid(text: str) -> ApiError:
    return ApiError(422, f"Validation failed: {text}")
