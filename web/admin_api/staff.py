"""Who may use the admin API: a token with the scope, of a member whose role covers the act; and what all its areas share."""

from collections.abc import Callable, Iterable
from functools import wraps

from aiohttp import web

from policies.decision import Allow, Deny
from policies.moderation import Act, may
from storage import audit, members
from storage.database import Reader, Transaction
from web.auth import Viewer, ViewerHandler, requires
from web.errors import ApiError, Handler
from web.keys import CONTEXT


def staff(act: Act, *scopes: str) -> Callable[[ViewerHandler], Handler]:
    """Only for members whose role covers the act, by a token with one of these scopes."""

    def decorate(handler: ViewerHandler) -> Handler:
        @wraps(handler)
        async def asked(request: web.Request, viewer: Viewer) -> web.StreamResponse:
            if isinstance(may(viewer.role, act), Deny):
                raise not_allowed()
            return await handler(request, viewer)

        return requires(*scopes)(asked)

    return decorate


def lets_in(viewer: Viewer) -> bool:
    """Whether somebody sees those who are not in yet: only who may let them in does."""
    return isinstance(may(viewer.role, Act.MANAGE_MEMBERS), Allow)


def not_allowed() -> ApiError:
    """In Mastodon's words."""
    return ApiError(403, "This action is not allowed")


async def get_name(tx: Reader, viewer: Viewer) -> str:
    """How the audit log calls who acts."""
    person = await members.get_person(tx, viewer.actor_id)
    return person.actor.username if person else ""


async def read_name(request: web.Request, viewer: Viewer) -> str:
    """The same, for acts that have a transaction of their own."""
    return await request.app[CONTEXT].db.read(lambda tx: get_name(tx, viewer))


async def note(tx: Transaction, viewer: Viewer, act: str, subject: object, *, now: int, **detail: object) -> None:
    """Into the audit log, in the transaction of the act."""
    by = await get_name(tx, viewer)
    await audit.append(tx, actor=by, act=act, subject=str(subject), now=now, **detail)


def invalid(*sentences: str) -> ApiError:
    return ApiError(422, f"Validation failed: {', '.join(sentences)}")


def chosen(value: str | None, known: Iterable[str], name: str) -> str:
    """One of a closed list. Raises ApiError 422."""
    if value is None or value not in known:
        raise invalid(f"{name} is not included in the list")
    return value
