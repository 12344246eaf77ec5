"""The end of what groups of ours hold: posts that are older than a group keeps them, and all of a group that is purged. Each
goes here and wherever it went, and each host that had it is asked to confirm.
"""

from federation.act import Act, perform
from federation.context import Context
from federation.groups import take_out
from policies.keeping import CASE_TAG, group_keeps_since
from policies.membership import Closed
from storage import groups, statuses
from storage.records import Group, Status

AT_ONCE = 100  # each of them tells every host that was sent it


async def end_old_group_posts(ctx: Context) -> None:
    """Posts of groups of ours that are older than the group keeps them go, here and everywhere, some in each transaction."""

    async def unit(act: Act) -> bool:
        found = [one for group, _ in await groups.list_local_groups(act.tx) for one in await _overdue(act, group)]
        for status in found:
            await take_out(act, status.group_id or 0, status)
        return bool(found)

    while await perform(ctx, unit):
        pass


async def _overdue(act: Act, group: Group) -> list[Status]:
    kept = {"": group_keeps_since(group.retention_days, act.now), CASE_TAG: group_keeps_since(group.case_days, act.now)}
    found = {
        one.id: one
        for tag, since in kept.items()
        if since is not None
        for one in await statuses.list_of_group_before(act.tx, group.actor_id, since, tag=tag, limit=AT_ONCE)
    }
    return list(found.values())


async def empty_purged_groups(ctx: Context) -> None:
    """All posts of groups that are to be purged, some in each transaction. Nobody is in them any more."""

    async def unit(act: Act) -> bool:
        group = next((one for one, _ in await groups.list_local_groups(act.tx) if one.closed == Closed.PURGING), None)
        if group is None:
            return False
        found = await statuses.list_of_group_before(act.tx, group.actor_id, act.now + 1, limit=AT_ONCE)
        for status in found:
            await take_out(act, group.actor_id, status)
        if not found:
            await groups.update_group(act.tx, group.actor_id, closed=Closed.PURGED)
        return True

    while await perform(ctx, unit):
        pass
