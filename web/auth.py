"""Who asks, by access token, and what each route of the client API asks of them.

A route states what it wants by its decorator, and `access_of` reads it back, so that a test can walk the route table:

    @routes.get("/api/v1/bookmarks")
    @requires("read:bookmarks")
    async def list_bookmarks(request: web.Request, viewer: Viewer) -> web.Response:

A member may act as a channel that they run, or as a group that they moderate (`policies.operating`). A group does what a
closed list says and nothing else: a route without `group=True` refuses it. Whatever is written for a channel is recorded
with the name of the member who does it; what a group may write, its acts record themselves.

Nothing is remembered from one request to the next: rights end with the row they come from.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any

from aiohttp import web

from federation.context import Context
from policies.decision import Decision, Deny, Reason
from policies.operating import Guise, OperatingFacts, may_operate
from policies.sentences import sentence
from policies.terms import Role
from storage import audit
from storage.database import Transaction
from storage.oauth import Grant, get_grant, update_used
from storage.usage import insert_use
from storage.witness import recording
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
# As whom a token's actor type lets a member act; no other type has tokens.
_GUISES = {"Service": Guise.CHANNEL, "Group": Guise.GROUP}
_READING = frozenset({"GET", "HEAD"})

# What the request's token gives; absent without a token, and for one that nobody has (any more).
GRANT: web.RequestKey[Grant] = web.RequestKey("grant", Grant)


@dataclass(frozen=True, slots=True)
class Operator:
    """The member behind an account that is not their own."""

    actor_id: int
    name: str
    guise: Guise


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account that asks, and the token it asks with. `operator`: who acts as it, when it is not a member's own."""

    actor_id: int
    role: Role
    token_id: int
    app_id: int
    scopes: tuple[str, ...]
    name: str = ""
    operator: Operator | None = None

    def has(self, scope: str) -> bool:
        return covers(self.scopes, scope)

    @property
    def person_id(self) -> int:
        """The member who sits there."""
        return self.actor_id if self.operator is None else self.operator.actor_id

    @property
    def person(self) -> str:
        """That member's name, as the audit log has it."""
        return self.name if self.operator is None else self.operator.name

    @property
    def is_group(self) -> bool:
        return self.operator is not None and self.operator.guise in {Guise.GROUP, Guise.PUBLIC_GROUP}

    @property
    def is_private_group(self) -> bool:
        return self.operator is not None and self.operator.guise is Guise.GROUP


class Who(StrEnum):
    """Whom a route serves."""

    ANYONE = "anyone"  # no token is looked at
    PUBLIC = "public"  # anyone, and members see more
    MEMBER = "member"
    APP = "app"  # any token, also one without a member
    BROWSER = "browser"  # pages, with a session or without


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks: one of `scopes`, when there are any. `group`: a group may come in, too."""

    who: Who
    scopes: tuple[str, ...] = ()
    group: bool = False


ViewerHandler = Callable[[web.Request, Viewer], Awaitable[web.StreamResponse]]
PublicHandler = Callable[[web.Request, Viewer | None], Awaitable[web.StreamResponse]]
AppHandler = Callable[[web.Request, Grant], Awaitable[web.StreamResponse]]


def requires(*scopes: str, group: bool = False) -> Callable[[ViewerHandler], Handler]:
    """Only for members, by a token with one of these scopes."""
    access = Access(Who.MEMBER, scopes, group)

    def decorate(handler: ViewerHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            viewer = _viewer(_checked(request.get(GRANT), access))
            with _on_record(request, viewer):
                return await handler(request, viewer)

        return declare(guarded, access)

    return decorate


def public(*scopes: str, group: bool = False) -> Callable[[PublicHandler], Handler]:
    """For anyone; a token, when there is one, must be good, have one of these scopes, and tells who asks."""
    access = Access(Who.PUBLIC, scopes, group)

    def decorate(handler: PublicHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if "Authorization" not in request.headers:
                return await handler(request, None)
            grant = _checked(request.get(GRANT), access)
            return await handler(request, None if grant.actor_id is None else _viewer(grant))

        return declare(guarded, access)

    return decorate


def for_apps(*scopes: str, group: bool = False) -> Callable[[AppHandler], Handler]:
    """For any token with one of these scopes, when any are named."""
    access = Access(Who.APP, scopes, group)

    def decorate(handler: AppHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request, _checked(request.get(GRANT), access))

        return declare(guarded, access)

    return decorate


def for_newcomers(*scopes: str, group: bool = False) -> Callable[[AppHandler], Handler]:
    """For any token, also of somebody who has not confirmed their address or is not let in yet."""
    access = Access(Who.APP, scopes, group)

    def decorate(handler: AppHandler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request, _checked(request.get(GRANT), access, waiting=True))

        return declare(guarded, access)

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
    hashed, now = hash_token(token), ctx.now()
    return await ctx.db.read(lambda tx: get_grant(tx, hashed, now=now))


async def note_use(ctx: Context, grant: Grant) -> None:
    """Remember the day on which a token was last used: its owner is shown it."""
    now = ctx.now()
    if grant.used_at is None or now - grant.used_at >= DAY_MS:
        await ctx.db.transact(lambda tx: _write_use(tx, grant, now))


async def _write_use(tx: Transaction, grant: Grant, now: int) -> None:
    await update_used(tx, grant.token_id, now=now)
    person_id = grant.operator_id or grant.actor_id
    if person_id is not None:
        await insert_use(tx, person_id, now=now)


async def read_grant(request: web.Request) -> Grant | None:
    """What the token of a request gives; None without a token, and for one that nobody has (any more)."""
    token = bearer_token(request)
    return await find_grant(request.app[CONTEXT], token) if token else None


def bearer_token(request: web.Request) -> str:
    """The token that a request says it has; "" for none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.isascii() else ""


def viewer_of(grant: Grant | None, access: Access) -> Viewer:
    """The member behind a grant that was found by other means than a header (streaming). Raises ApiError."""
    return _viewer(_checked(grant, access))


def may_use(grant: Grant) -> Decision:
    """Whether the member behind a token may still act as whom it is for. Tokens of apps are nobody's."""
    guise = _guise(grant)
    own = guise is Guise.ONESELF and grant.operator_id is None
    return may_operate(
        OperatingFacts(
            guise=guise,
            open=not grant.standing,
            runs=own or bool(grant.runs),
            member=bool(grant.member),
            moderator=bool(grant.moderator),
        )
    )


def _guise(grant: Grant) -> Guise:
    return Guise.PUBLIC_GROUP if grant.public else _GUISES.get(grant.type, Guise.ONESELF)


def _checked(grant: Grant | None, access: Access, *, waiting: bool = False) -> Grant:
    """The phrases are Mastodon's, where it has one: some clients compare them. `waiting`: who is not in yet may, too."""
    if grant is None:
        raise ApiError(401, "The access token is invalid", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if access.scopes and not any(covers(grant.scopes.split(), scope) for scope in access.scopes):
        raise ApiError(403, "This action is outside the authorized scopes")
    if grant.standing and not (waiting and grant.standing != "disabled"):
        raise ApiError(403, _STANDINGS[grant.standing])
    decision = may_use(grant)
    if isinstance(decision, Deny) and decision.reason is not Reason.ACCOUNT_CLOSED:
        raise ApiError(403, sentence(decision.reason, reader="member", language="en"))
    if grant.type == "Group" and not access.group:
        raise ApiError(403, "This action is not available to a group: sign in as yourself")
    return grant


def _viewer(grant: Grant) -> Viewer:
    if grant.actor_id is None or grant.role is None:
        raise ApiError(422, "This method requires an authenticated user")
    operator = None
    if grant.operator_id is not None:
        operator = Operator(grant.operator_id, grant.operator, _guise(grant))
    role = Role(grant.role) if operator is None else Role.MEMBER  # what one administers, one does as oneself
    scopes = tuple(grant.scopes.split())
    return Viewer(grant.actor_id, role, grant.token_id, grant.app_id, scopes, grant.name, operator)


def _on_record(request: web.Request, viewer: Viewer) -> AbstractContextManager[None]:
    """What is done for a channel is recorded under the name of who does it."""
    operator = viewer.operator
    if operator is None or operator.guise is not Guise.CHANNEL or request.method in _READING:
        return nullcontext()
    resource, now = request.match_info.route.resource, request.app[CONTEXT].now()
    door = f"{request.method} {resource.canonical if resource else ''}"

    async def record(tx: Transaction) -> None:
        about = dict(request.match_info)
        await audit.append(
            tx, actor=operator.name, act="channel.act", subject=viewer.name, now=now, door=door, about=about
        )

    return recording(record)
