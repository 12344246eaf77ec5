"""Which hosts a private group of ours has members at: taking one out whole. Audited in the same transaction.

A host that is out of a group's reach is asked again for everything: following, posts, edits, likes, fetches, and what still
waits to be sent to it. So the reach is narrowed first, and the memberships that are left there end one by one.
"""

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.documents import reach_of
from federation.groups import require_group
from policies.decision import Reason
from policies.seats import PRESENT
from storage import audit, groups
from storage.records import as_json


async def expel_host(ctx: Context, group_id: int, host: str, *, by: str, reason: str = "") -> int:
    """Take a host out of a private group of ours; gives how many memberships and requests ended with that.

    LookupError where the group has nothing to do with the host. Its people's posts stay, as after any membership.
    """

    async def unit(act: Act) -> int:
        await groups.lock_group(act.tx, group_id, change=True)
        group, actor = await require_group(act.tx, group_id)
        reach = reach_of(group, act.rules.ruleset)
        there = [one for one in await groups.list_members(act.tx, group_id, states=PRESENT) if one.actor.host == host]
        if not group.local or not host or (host not in reach and not there):
            raise LookupError(f"{host} is not in {actor.acct}")
        left = [one for one in reach if one != host]
        await groups.update_group(act.tx, group_id, reach=as_json(left))
        for member in there:
            await memberships.end(act, group_id, member.actor, reason=reason or Reason.OUT_OF_REACH)
        await audit.append(
            act.tx,
            actor=by,
            act="group.expel",
            subject=actor.username,
            now=act.now,
            host=host,
            ended=len(there),
            reason=reason,
        )
        return len(there)

    return await perform(ctx, unit)
