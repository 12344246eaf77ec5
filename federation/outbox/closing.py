"""Closing a private group of ours: archived, to be read only, or purged, everywhere. Audited in the same transaction."""

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.groups import require_group
from federation.notices import Words
from federation.telling import tell_group
from policies.decision import Deny, Reason
from policies.membership import Closed, may_close
from policies.seats import ASKING, INVITED, PRESENT
from storage import audit, groups
from storage.records import Actor

_ARCHIVED = Words(
    "Ce groupe est archivé : on peut le lire, plus y publier.",
    "This group is archived: it can be read, and nobody posts to it any more.",
)
_OPENED = Words("Ce groupe est rouvert.", "This group is open again.")
_ENDED = {Closed.ARCHIVED: frozenset({ASKING, INVITED}), Closed.PURGING: PRESENT}


async def archive(ctx: Context, group_id: int, *, by: str) -> Deny | None:
    """Nobody posts or comes in any more; members go on reading. They are told, by the group."""
    return await _close(ctx, group_id, Closed.ARCHIVED, by=by)


async def reopen(ctx: Context, group_id: int, *, by: str) -> Deny | None:
    """An archived group is as it was."""
    return await _close(ctx, group_id, Closed.OPEN, by=by)


async def purge(ctx: Context, group_id: int, *, by: str) -> Deny | None:
    """All memberships end now, and all posts are deleted soon, here and wherever they went. There is no way back."""
    return await _close(ctx, group_id, Closed.PURGING, by=by)


async def _close(ctx: Context, group_id: int, how: Closed, *, by: str) -> Deny | None:
    async def unit(act: Act) -> Deny | None:
        await groups.lock_group(act.tx, group_id, change=True)
        group, actor = await require_group(act.tx, group_id)
        decision = may_close(Closed(group.closed))
        if isinstance(decision, Deny):
            return decision
        if how is not Closed.PURGING and how != group.closed:
            await tell_group(act, group_id, _OPENED if how is Closed.OPEN else _ARCHIVED)
        await groups.update_group(act.tx, group_id, closed=how, **({"listed": 0} if how is Closed.PURGING else {}))
        await _end_memberships(act, group_id, how)
        await _note(act, actor, how, by)
        return None

    return await perform(ctx, unit)


async def _end_memberships(act: Act, group_id: int, how: Closed) -> None:
    for member in await groups.list_members(act.tx, group_id, states=_ENDED.get(how, ())):
        await memberships.end(act, group_id, member.actor, reason=Reason.GROUP_CLOSED)


async def _note(act: Act, actor: Actor, how: Closed, by: str) -> None:
    name = {Closed.OPEN: "group.reopen", Closed.ARCHIVED: "group.archive"}.get(how, "group.purge")
    await audit.append(act.tx, actor=by, act=name, subject=actor.username, now=act.now)
