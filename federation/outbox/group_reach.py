"""Where the posts of a private group of ours may go: letting hosts in, taking one out whole. Audited in the same transaction.

A wider reach is for posts of our own members at once, and for those of other hosts' people once their host has agreed.

A host that is out of a group's reach is asked again for everything: following, posts, edits, likes, fetches, and what still
waits to be sent to it. So the reach is narrowed first, and the memberships that are left there end one by one.
"""

from collections.abc import Collection

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.documents import reach_of
from federation.groups import require_group
from federation.offering import offer_policy
from policies.decision import Reason
from policies.rules import HOST
from policies.seats import PRESENT
from storage import audit, groups, policy_offers
from storage.records import as_json, listed


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
        await _forget_agreed(act, group_id, host)
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


async def _forget_agreed(act: Act, group_id: int, host: str) -> None:
    """Whoever agreed to a host that is out is asked again when it comes back; offers that name it do not hold any more."""
    for one in await policy_offers.list_offers(act.tx, group_id):
        left = [other for other in listed(one.agreed) if other != host]
        await policy_offers.update_offer(act.tx, group_id, one.host, agreed=as_json(left), epoch=0, digest="")


async def widen(ctx: Context, group_id: int, hosts: Collection[str], *, by: str) -> None:
    """Let people of these hosts into a private group of ours. ValueError for what is no host, LookupError for no open group."""
    if not hosts or not all(HOST.fullmatch(host) for host in hosts):
        raise ValueError("not a host name")

    async def unit(act: Act) -> None:
        group = await groups.lock_group(act.tx, group_id, change=True)
        if group is None or not group.local or group.closed:
            raise LookupError(f"no open group {group_id} here")
        _, actor = await require_group(act.tx, group_id)
        reach = reach_of(group, act.rules.ruleset)
        added = sorted(set(hosts) - set(reach) - {act.ctx.origin.host})
        if not added:
            return
        await policy_offers.begin(act.tx, group_id, reach)
        await groups.update_group(act.tx, group_id, reach=as_json([*reach, *added]))
        await offer_policy(act, group_id)
        await audit.append(act.tx, actor=by, act="group.widen", subject=actor.username, now=act.now, hosts=added)

    await perform(ctx, unit)
