"""A restored instance among others that have gone on: nobody is a member of a private group whom somebody who knows has not
confirmed since.

Memberships of the copy that others know more about become `unconfirmed`, a state that no rule takes for membership: nothing of
the group is shown, served or sent for them. Ours in groups of others are confirmed by the slice that is pulled from the
group's home; others' in groups of ours when their host has pulled its own; and where the journal may lack the end of a
membership, everybody's in a group of ours by an administrator, who looks at the list.
"""

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.groups import advance_epoch, require_group
from policies import seats
from storage import attestations, audit, deliveries, groups, inbox, oauth
from storage.groups import Member
from storage.members import delete_all_sessions
from storage.records import Actor, Group

UNCONFIRMED = (seats.UNCONFIRMED,)


async def begin(act: Act, *, whole: bool, by: str) -> None:
    """After the journal was replayed. `whole`: it lacks nothing since the copy was made."""
    await delete_all_sessions(act.tx)
    await oauth.delete_all_tokens(act.tx)
    await attestations.forget_answers(act.tx)
    for group, actor in await groups.list_local_groups(act.tx):
        await _doubt(act, group.actor_id, surely=whole)
        await advance_epoch(act.tx, group, act.now)
        if whole:
            await _remind_hosts(act, actor)
        else:
            await groups.update_group(act.tx, group.actor_id, unconfirmed=1)
    for group_id, _ in await groups.list_remote_seats(act.tx):
        await _doubt(act, group_id, surely=False)
        await groups.update_group(act.tx, group_id, pull_due_at=0, pull_lease_until=0)
    await audit.append(act.tx, actor=by, act="instance.restore", subject=act.ctx.origin.host, now=act.now, whole=whole)


async def _doubt(act: Act, group_id: int, *, surely: bool) -> None:
    """`surely`: of the people here the group knows better than anybody."""
    for member in await groups.list_members(act.tx, group_id):
        known = member.membership
        seat = seats.Seat(known.state, known.epoch, known.lease_until)
        after = seats.after_restore(seat, surely=surely and member.actor.local)
        await groups.update_membership(act.tx, known.id, state=after.state)


async def _remind_hosts(act: Act, group_actor: Actor) -> None:
    """One word to each host that has members: the epoch in it has moved on, so it pulls its slice."""
    waiting = await groups.list_members(act.tx, group_actor.id, states=UNCONFIRMED)
    for member in {one.actor.host: one for one in waiting if not one.actor.local}.values():
        await memberships.repeat_accept(act, group_actor, member)


async def confirm_host(act: Act, group_actor: Actor, host: str) -> None:
    """A host is about to be told who of its people belongs to a group of ours: from now on they do again."""
    group = await groups.lock_group(act.tx, group_actor.id, change=True)
    if group is not None and not group.unconfirmed:
        await _confirm(act, group, host)
        await deliveries.requeue(act.tx, states=("held",), host=host, now=act.now)
        await inbox.requeue_held(act.tx, host=host, now=act.now)


async def _confirm(act: Act, group: Group, host: str) -> None:
    for member in await groups.list_members(act.tx, group.actor_id, states=UNCONFIRMED):
        if member.actor.host == host:
            known = member.membership
            seat = seats.after_confirmation(seats.Seat(known.state, known.epoch, known.lease_until))
            await groups.update_membership(act.tx, known.id, state=seat.state)


async def confirm_group(ctx: Context, group_id: int, *, by: str) -> bool:
    """An administrator has looked at the members of a group of ours; False when that was not asked."""

    async def unit(act: Act) -> bool:
        group = await groups.lock_group(act.tx, group_id, change=True)
        _, actor = await require_group(act.tx, group_id)
        if group is None or not group.unconfirmed:
            return False
        await groups.update_group(act.tx, group_id, unconfirmed=0)
        await _confirm(act, group, host="")
        await _remind_hosts(act, actor)
        await audit.append(act.tx, actor=by, act="group.confirm", subject=actor.acct, now=act.now)
        return True

    return await perform(ctx, unit)


async def give_up(ctx: Context, group_id: int, host: str, *, by: str) -> int:
    """Nobody will confirm these: the home of a group is gone ("" for `host`: our own people leave it), or the host of members
    of a group of ours. Answers how many memberships ended.
    """

    async def unit(act: Act) -> int:
        group, actor = await require_group(act.tx, group_id)
        waiting = await groups.list_members(act.tx, group_id, states=UNCONFIRMED)
        ended = [member for member in waiting if member.actor.host == host]
        for member in ended:
            await (
                memberships.end(act, group_id, member.actor)
                if group.local
                else memberships.leave(act, actor, member.actor)
            )
        await audit.append(act.tx, actor=by, act="group.give_up", subject=actor.acct, now=act.now, host=host)
        return len(ended)

    return await perform(ctx, unit)


async def list_waiting(ctx: Context) -> list[tuple[Actor, Group, list[Member]]]:
    """Every group with memberships that nobody has confirmed since the restore."""

    async def unit(act: Act) -> list[tuple[Actor, Group, list[Member]]]:
        found = []
        for group_id in await groups.list_unconfirmed(act.tx):
            group, actor = await require_group(act.tx, group_id)
            found.append((actor, group, await groups.list_members(act.tx, group_id, states=UNCONFIRMED)))
        return found

    return await perform(ctx, unit)
