"""What apps read about this authorization server (RFC 8414), and about the person behind their token."""

from typing import Any

from aiohttp import web

from storage.actors import get_actor
from storage.records import Actor
from web.answers import answer
from web.auth import Viewer, anyone, requires
from web.errors import ApiError
from web.keys import CONTEXT
from web.links import make_links
from web.oauth.scopes import SCOPES

routes = web.RouteTableDef()


@routes.get("/.well-known/oauth-authorization-server")
@anyone
async def get_metadata(request: web.Request) -> web.StreamResponse:
    base = request.app[CONTEXT].origin.base
    return answer(
        {
            "issuer": f"{base}/",
            "service_documentation": f"{base}/about",
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "userinfo_endpoint": f"{base}/oauth/userinfo",
            "app_registration_endpoint": f"{base}/api/v1/apps",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


@routes.get("/oauth/userinfo")
@routes.post("/oauth/userinfo")
@requires("profile", "read:accounts", group=True)
async def get_userinfo(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    actor = await ctx.db.read(lambda tx: get_actor(tx, viewer.actor_id))
    if actor is None:
        raise ApiError(404, "Record not found")
    picture = make_links(request, viewer).avatar(actor)
    return answer(_render(actor, issuer=f"{ctx.origin.base}/", picture=picture))


def _render(actor: Actor, *, issuer: str, picture: str) -> dict[str, Any]:
    return {
        "iss": issuer,
        "sub": actor.uri,
        "name": actor.name or actor.username,
        "preferred_username": actor.username,
        "profile": actor.url,
        "picture": picture,
    }
