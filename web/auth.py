"""Who asks, by access token, and what each route of the client API asks of them.

A route states what it wants by its decorator, and `access_of` reads it back, so that a test can walk the route table:

    @routes.get("/api/v1/bookmarks")
    @requires("read:bookmarks")
    async def list_bookmarks(request: web.Request, viewer: Viewer) -> web.Response:

Nothing is remembered from one request to the next: rights end with the row they come from.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any

from aiohttp import web

from federation.context import Context
from policies.terms import Role
from storage.database import Transaction
from storage.oauth import Grant, get_grant, update_used
from storage.usage import insert_use
from web.errors import ApiError, Handler
from web.keys import CONTEXT
from web.oauth.scopes import SCOPES, covers
from web.tokens import hash_token

DAY_MS = 24 * 3600 * 1000

_STANDINGS = {
    "unconfirmed": "Your login is missing a confirmed e-mail address",
    "pending": "Your login is currently pending approval",
    "disabled": "Your login is currently disabled",
}

# What the request's token gives; absent without a token, and for one that nobody has (any more).
GRANT: web.RequestKey[Grant] = web.RequestKey("grant", Grant)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The member who asks, and the token they ask with."""

    actor_id: int
    role: Role
    token_id: int
    app_id: int
    scopes: tuple[str, ...]

    def has(self, scope: str) -> bool:
        return covers(self.scopes, scope)


class Who(StrEnum):
    """Whom a route serves."""

    ANYONE = "anyone"  # no token is looked at
    PUBLIC = "public"  # anyone, and members see more
    MEMBER = "member"
    APP = "app"  # any token, also one without a member
    BROWSER = "browser"  # pages, with a session or without


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks: one of `scopes`, when there are any."""

    who: Who
    scopes: tuple[str, ...] = ()


ViewerHandler = Callable[[web.Request, Viewer], Awaitable[web.StreamResponse]]
PublicHandler = Callable[[web.Request, Viewer | None], Awaitable[web.StreamResponse]]
AppHandler = Callable[[web.Request, Grant], Awaitable[web.StreamResponse]]


def requires(*scopes: str) -> Callable[[ViewerHandler], Handler]:
    """Only for members, by a token with one of these scopes."""

    def decorate(handler: ViewerHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request, _viewer(_checked(request.get(GRANT), scopes)))

        return declare(guarded, Access(Who.MEMBER, scopes))

    return decorate


def public(*scopes: str) -> Callable[[PublicHandler], Handler]:
    """For anyone; a token, when there is one, must be good, have one of these scopes, and tells who asks."""

    def decorate(handler: PublicHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if "Authorization" not in request.headers:
                return await handler(request, None)
            grant = _checked(request.get(GRANT), scopes)
            return await handler(request, None if grant.actor_id is None else _viewer(grant))

        return declare(guarded, Access(Who.PUBLIC, scopes))

    return decorate


def for_apps(*scopes: str) -> Callable[[AppHandler], Handler]:
    """For any token with one of these scopes, when any are named."""

    def decorate(handler: AppHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request, _checked(request.get(GRANT), scopes))

        return declare(guarded, Access(Who.APP, scopes))

    return decorate


def for_newcomers(*scopes: str) -> Callable[[AppHandler], Handler]:
    """For any token, also of somebody who has not confirmed their address or is not let in yet."""

    def decorate(handler: AppHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request, _checked(request.get(GRANT), scopes, waiting=True))

        return declare(guarded, Access(Who.APP, scopes))

    return decorate


def anyone(handler: Handler) -> Handler:
    """For anyone, always alike: a token is not looked at."""

    @wraps(handler)
    async def open_to_all(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    return declare(open_to_all, Access(Who.ANYONE))


def declare(handler: Handler, access: Access) -> Handler:
    """Write on a handler what it asks, for `access_of`."""
    unknown = set(access.scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    handler.access = access  # type: ignore[attr-defined]  # functions may carry attributes
    return handler


def access_of(handler: Any) -> Access | None:
    """What a handler of the route table asks; None when it does not say."""
    access: Access | None = getattr(handler, "access", None)
    return access


async def find_grant(ctx: Context, token: str) -> Grant | None:
    """What an access token gives now, by one indexed read."""
    hashed = hash_token(token)
    return await ctx.db.read(lambda tx: get_grant(tx, hashed))


async def note_use(ctx: Context, grant: Grant) -> None:
    """Remember the day on which a token was last used: its owner is shown it."""
    now = ctx.now()
    if grant.used_at is None or now - grant.used_at >= DAY_MS:
        await ctx.db.transact(lambda tx: _write_use(tx, grant, now))


async def _write_use(tx: Transaction, grant: Grant, now: int) -> None:
    await update_used(tx, grant.token_id, now=now)
    if grant.actor_id is not None:
        await insert_use(tx, grant.actor_id, now=now)


async def read_grant(request: web.Request) -> Grant | None:
    """What the token of a request gives; None without a token, and for one that nobody has (any more)."""
    token = bearer_token(request)
    return await find_grant(request.app[CONTEXT], token) if token else None


def bearer_token(request: web.Request) -> str:
    """The token that a request says it has; "" for none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isascii() else ""


def viewer_of(grant: Grant | None, *scopes: str) -> Viewer:
    """The member behind a grant that was found by other means than a header (streaming). Raises ApiError."""
    return _viewer(_checked(grant, scopes))


def _checked(grant: Grant | None, scopes: tuple[str, ...], *, waiting: bool = False) -> Grant:
    """The phrases are Mastodon's: some clients compare them. `waiting`: who is not in yet may, too."""
    if grant is None:
        raise ApiError(401, "The access token is invalid", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if scopes and not any(covers(grant.scopes.split(), scope) for scope in scopes):
        raise ApiError(403, "This action is outside the authorized scopes")
    if grant.standing and not (waiting and grant.standing != "disabled"):
        raise ApiError(403, _STANDINGS[grant.standing])
    return grant


def _viewer(grant: Grant) -> Viewer:
    if grant.actor_id is None or grant.role is None:
        raise ApiError(422, "This method requires an authenticated user")
    return Viewer(grant.actor_id, Role(grant.role), grant.token_id, grant.app_id, tuple(grant.scopes.split()))
