"""Groups of ours: making one, and what their moderators do. Each act is audited in its own transaction."""

from dataclasses import dataclass

from federation import memberships
from federation.act import Act, perform
from federation.attesting import attest
from federation.context import Context
from federation.groups import require_group
from federation.local_actors import insert_local_actor, make_keys, new_actor
from federation.outbox.profiles import MAX_NAME, check_name, require_free
from federation.wire.sanitize import clean_text, strip_badge
from policies.decision import Deny, Hold
from policies.membership import LEASE_HOURS, Joining, next_epoch
from policies.verification import Purpose
from storage import actors, audit, groups
from storage.ids import new_id
from storage.records import Actor, Group, Membership, as_json


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A private group as it begins. `reach`: the hosts its posts may go to; none means members here only."""

    name: str
    title: str
    joining: Joining
    reach: tuple[str, ...]
    moderator_id: int
    lease_hours: int = LEASE_HOURS


async def create(ctx: Context, group: NewGroup, *, by: str) -> Actor:
    """Make a private group with its first moderator. ValueError for a name that may not be or is taken."""
    now = ctx.now()
    name = check_name(group.name)
    actor = new_actor(ctx.origin, new_id(now), "Group", name, strip_badge(clean_text(group.title, MAX_NAME)), now)
    keys = await make_keys(actor.uri)

    async def unit(act: Act) -> Actor:
        await require_free(act.tx, name)
        moderator = await actors.get_actor(act.tx, group.moderator_id)
        if moderator is None or not moderator.local:
            raise LookupError("a moderator must be a member here")
        await insert_local_actor(act.tx, actor, keys, now)
        epoch = next_epoch(0, now)
        await groups.insert_group(act.tx, _group(actor.id, group, epoch, now))
        await groups.upsert_membership(act.tx, _first_membership(act, actor.id, group.moderator_id, epoch))
        await audit.append(
            act.tx, actor=by, act="group.create", subject=name, now=now, joining=group.joining, reach=list(group.reach)
        )
        return actor

    return await perform(ctx, unit)


def _group(actor_id: int, group: NewGroup, epoch: int, now: int) -> Group:
    return Group(
        actor_id=actor_id,
        local=1,
        joining=group.joining,
        posting="members",
        reach=as_json(list(group.reach)),
        listed=1,
        lease_hours=group.lease_hours,
        epoch=epoch,
        pulled_at=0,
        created_at=now,
    )


def _first_membership(act: Act, group_id: int, actor_id: int, epoch: int) -> Membership:
    membership_id = new_id(act.now)
    return Membership(
        id=membership_id,
        group_id=group_id,
        actor_id=actor_id,
        state="active",
        moderator=1,
        follow_uri=act.ctx.origin.activity(membership_id),
        epoch=epoch,
        generation=1,
        lease_until=groups.FOR_EVER,
        created_at=act.now,
        changed_at=act.now,
    )


async def accept(ctx: Context, group_id: int, actor_id: int, *, by: str) -> Deny | Hold | None:
    """Accept a request to join; None when done. LookupError when nobody asked.

    The person's home is asked first whether it still attests them: moderators answer hours after the request.
    """
    applicant = await ctx.db.read(lambda tx: actors.get_actor(tx, actor_id))
    if applicant is not None:
        await attest(ctx, applicant, Purpose.ACT)

    async def unit(act: Act) -> Deny | Hold | None:
        return await memberships.accept(act, group_id, await _require(act, actor_id), by=by)

    return await perform(ctx, unit)


async def remove(ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "", ban: bool = False) -> bool:
    """End a membership or refuse a request, for good with `ban`; False when there was none."""

    async def unit(act: Act) -> bool:
        actor = await _require(act, actor_id)
        ended = await memberships.end(act, group_id, actor, state="banned" if ban else "ended", reason=reason)
        _, group_actor = await require_group(act.tx, group_id)
        if ended:
            name = "group.ban" if ban else "group.remove"
            await audit.append(
                act.tx, actor=by, act=name, subject=group_actor.username, now=act.now, member=actor.acct, reason=reason
            )
        return ended

    return await perform(ctx, unit)


async def invite(ctx: Context, group_id: int, actor_id: int, *, by: str) -> None:
    """Invite a member of ours. LookupError for anybody else."""

    async def unit(act: Act) -> None:
        await memberships.invite(act, group_id, await _require(act, actor_id), by=by)

    await perform(ctx, unit)


async def _require(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None:
        raise LookupError(f"no actor {actor_id}")
    return actor
