"""What a moderator does as their group, at the same doors where members do the like for themselves.

Which doors those are is said by the doors (`group=True`); each act is recorded under the moderator's name by
`federation.outbox.groups` (private ones) or `public_groups`, in its own transaction.
"""

from collections.abc import Collection

from aiohttp import web

from federation.outbox.group_acts import PRIVATE, PUBLIC, GroupActs
from federation.outbox.pins import Unpinnable
from policies.decision import Deny, Hold
from storage.records import Status
from web.auth import Viewer
from web.keys import CONTEXT
from web.showing import not_found, refusal


def _acts(viewer: Viewer) -> GroupActs:
    return PRIVATE if viewer.is_private_group else PUBLIC


async def accept(request: web.Request, viewer: Viewer, actor_id: int) -> None:
    """Raises the 404 when nobody asked, 403 with the reason when the rules do not let them in (now)."""
    try:
        outcome = await _acts(viewer).accept(request.app[CONTEXT], viewer.actor_id, actor_id, by=viewer.person)
    except LookupError as error:
        raise not_found() from error
    await _require(request, viewer, outcome)


async def remove(request: web.Request, viewer: Viewer, actor_id: int, *, state: str) -> bool:
    """End a membership (`active`) or refuse a request (`pending`); False when there was none."""
    try:
        outcome = await _acts(viewer).remove(
            request.app[CONTEXT], viewer.actor_id, actor_id, by=viewer.person, state=state
        )
    except LookupError:
        return False
    if isinstance(outcome, Deny):
        raise await refusal(request, viewer, outcome, status=403)
    return outcome


async def ban(request: web.Request, viewer: Viewer, actor_id: int) -> None:
    await _require(
        request, viewer, await _acts(viewer).ban(request.app[CONTEXT], viewer.actor_id, actor_id, by=viewer.person)
    )


async def unban(request: web.Request, viewer: Viewer, actor_id: int) -> None:
    await _acts(viewer).unban(request.app[CONTEXT], viewer.actor_id, actor_id, by=viewer.person)


async def remove_post(request: web.Request, viewer: Viewer, status_id: int) -> bool:
    return await _acts(viewer).remove_post(request.app[CONTEXT], viewer.actor_id, status_id, by=viewer.person)


async def pin(request: web.Request, viewer: Viewer, status_id: int) -> Status | Unpinnable | None:
    return await _acts(viewer).pin(request.app[CONTEXT], viewer.actor_id, status_id, by=viewer.person)


async def unpin(request: web.Request, viewer: Viewer, status_id: int) -> Status | None:
    return await _acts(viewer).unpin(request.app[CONTEXT], viewer.actor_id, status_id, by=viewer.person)


async def clear(request: web.Request, viewer: Viewer, ids: Collection[int] | None) -> None:
    """Put away what the group was told: these notifications, or all (None)."""
    await _acts(viewer).clear_notifications(request.app[CONTEXT], viewer.actor_id, ids, by=viewer.person)


async def _require(request: web.Request, viewer: Viewer, outcome: Deny | Hold | None) -> None:
    if outcome is not None:
        raise await refusal(request, viewer, outcome, status=403)
