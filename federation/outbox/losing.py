"""A private group elsewhere whose home is gone. An administrator says so, once the home has been silent for a week: members
here read on for some days, then what others wrote is purged, and what members here wrote is taken back at every host that
has it. The group is not moved: whoever wants to go on opens another. Audited in the same transaction.
"""

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.groups import require_group
from federation.notices import Words, tell
from federation.outbox.retracting import retract_elsewhere
from policies import seats
from policies.decision import Deny
from policies.membership import Closed
from policies.seats import Seat
from storage import actors, audit, groups, statuses

DAY = 24 * 3_600_000
READ_DAYS = 30
MOST_DAYS = 365
AT_ONCE = 100


async def declare_lost(ctx: Context, group_id: int, *, days: int, by: str) -> Deny | None:
    """Let its members here read on for so many days (1 to `MOST_DAYS`); nobody posts to it any more."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"not from 1 to {MOST_DAYS} days: {days}")

    async def unit(act: Act) -> Deny | None:
        await groups.lock_group(act.tx, group_id, change=True)
        group, actor = await require_group(act.tx, group_id)
        decision = seats.may_declare_lost(local=bool(group.local), silent_since=group.silent_since, now=act.now)
        if isinstance(decision, Deny):
            return decision
        until = act.now + days * DAY
        await groups.update_group(act.tx, group_id, closed=Closed.LOST, lost_until=until)
        for member in await _members_here(act, group_id):
            known = member.membership
            seat = seats.after_loss(Seat(known.state, known.epoch, known.lease_until), until)
            await groups.update_membership(act.tx, known.id, lease_until=seat.lease_until)
            await tell(act.tx, member.actor.id, _words(actor.acct, days), now=act.now)
        await audit.append(act.tx, actor=by, act="group.lost", subject=actor.acct, now=act.now, days=days)
        return None

    return await perform(ctx, unit)


async def end_lost_groups(ctx: Context) -> None:
    """Those whose days are over: nobody here belongs to them any more, and what members here wrote is taken back elsewhere.
    What others wrote goes with the last member (`federation.leftovers`).
    """
    for group_id in await ctx.db.read(lambda tx: groups.list_lost(tx, now=ctx.now())):

        async def unit(act: Act, group_id: int = group_id) -> bool:
            return await _end_some(act, group_id)

        while await perform(ctx, unit):
            pass


async def _end_some(act: Act, group_id: int) -> bool:
    """Whether there may be more to take back."""
    await groups.lock_group(act.tx, group_id, change=True)
    if group_id not in await groups.list_lost(act.tx, now=act.now):
        return False  # its home has spoken meanwhile, or another process was faster
    for member in await _members_here(act, group_id):
        await memberships.end_seat(act, member)
    written = await statuses.list_sent_to_group(act.tx, group_id, limit=AT_ONCE)
    for status in written:
        author = await actors.get_actor(act.tx, status.actor_id)
        if author is not None:
            await retract_elsewhere(act, status, author)
    if not written:
        await groups.update_group(act.tx, group_id, lost_until=0)
    return bool(written)


async def _members_here(act: Act, group_id: int) -> list[groups.Member]:
    return [one for one in await groups.list_members(act.tx, group_id, states=(seats.ACTIVE,)) if one.actor.local]


def _words(acct: str, days: int) -> Words:
    return Words(
        f"L'établissement du groupe {acct} ne répond plus : ce groupe est déclaré perdu. Vous pouvez encore le lire pendant "
        f"{days} jours ; ensuite, vos messages y seront retirés partout ailleurs, et restent lisibles pour vous.",
        f"The institution of the group {acct} has stopped answering: the group is declared lost. You can read it for "
        f"{days} more days; then your posts in it are taken back everywhere else, and you can still read them.",
    )
