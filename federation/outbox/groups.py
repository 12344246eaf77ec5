"""Groups of ours: making one, and what their moderators do. Each act is audited in its own transaction."""

from collections.abc import Collection
from dataclasses import dataclass

from federation import memberships
from federation.act import Act, perform
from federation.attesting import attest
from federation.context import Context
from federation.facts import is_present
from federation.groups import require_group, take_out
from federation.local_actors import insert_local_actor, make_keys, new_actor
from federation.outbox.pins import MOST_PINS, Unpinnable
from federation.outbox.profiles import MAX_NAME, check_name, require_free
from federation.wire.sanitize import clean_text, strip_badge
from policies import membership as policy
from policies.decision import Decision, Deny, Hold
from policies.membership import LEASE_HOURS, Joining, next_epoch
from policies.verification import Purpose
from storage import actors, audit, groups, notifications, pins
from storage.database import Reader
from storage.ids import new_id
from storage.oauth import delete_tokens_as
from storage.records import Actor, Group, Membership, Status, as_json
from storage.visibility import get_visible


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


async def remove(
    ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "", state: str = ""
) -> bool | Deny:
    """End a membership or refuse a request; False when there was none (in this `state`, if one is named)."""

    async def unit(act: Act) -> bool | Deny:
        actor, known = await _require(act, actor_id), await groups.get_membership(act.tx, group_id, actor_id)
        if state and (known is None or known.state != state):
            return False
        decision = await _may_remove(act, group_id, actor_id)
        if isinstance(decision, Deny):
            return decision
        ended = await memberships.end(act, group_id, actor, reason=reason)
        if ended:
            await _note(act, group_id, "group.remove", by, member=actor.acct, reason=reason)
        return ended

    return await perform(ctx, unit)


async def ban(ctx: Context, group_id: int, actor_id: int, *, by: str, reason: str = "") -> Deny | None:
    """Keep somebody out for good, whether or not they were in. LookupError for nobody."""

    async def unit(act: Act) -> Deny | None:
        actor = await _require(act, actor_id)
        decision = await _may_remove(act, group_id, actor_id)
        if isinstance(decision, Deny):
            return decision
        await memberships.ban(act, group_id, actor, reason=reason)
        await _note(act, group_id, "group.ban", by, member=actor.acct, reason=reason)
        return None

    return await perform(ctx, unit)


async def _may_remove(act: Act, group_id: int, actor_id: int) -> Decision:
    """Whoever gets here may moderate; nobody leaves a group without anybody who does."""
    group = await groups.lock_group(act.tx, group_id, change=True)
    left = await memberships.list_moderators(act.tx, group) if group is not None else []
    return policy.may_remove(policy.RemoveFacts(by_moderator=True, last_moderator=left == [actor_id]))


async def unban(ctx: Context, group_id: int, actor_id: int, *, by: str) -> None:
    """Let somebody ask again."""

    async def unit(act: Act) -> None:
        actor = await _require(act, actor_id)
        await memberships.unban(act, group_id, actor)
        await _note(act, group_id, "group.unban", by, member=actor.acct)

    await perform(ctx, unit)


async def set_moderator(ctx: Context, group_id: int, actor_id: int, *, by: str, moderator: bool) -> Deny | None:
    """Let a member of ours moderate a group of ours, or no more. LookupError for who is no present member here."""

    async def unit(act: Act) -> Deny | None:
        group = await groups.lock_group(act.tx, group_id, change=True)
        actor, known = await _require(act, actor_id), await groups.get_membership(act.tx, group_id, actor_id)
        if group is None or not actor.local or known is None or not is_present(known, act.now):
            raise LookupError(f"{actor.acct} is no member here")
        decision = await _may_remove(act, group_id, actor_id)
        if not moderator and isinstance(decision, Deny):
            return decision
        await groups.update_membership(act.tx, known.id, moderator=int(moderator))
        if not moderator:
            await delete_tokens_as(act.tx, group_id, operator_id=actor_id)
        await _note(act, group_id, "group.moderator", by, member=actor.acct, moderator=moderator)
        return None

    return await perform(ctx, unit)


async def decide_listing(tx: Reader, group_id: int, actor_id: int, now: int) -> Decision:
    """Whether somebody reads who is in a group: of another home's nobody here knows it."""
    group = await groups.get_group(tx, group_id)
    known = await groups.get_membership(tx, group_id, actor_id)
    present = group is not None and bool(group.local) and is_present(known, now)
    return policy.may_list_members(
        member=present,
        moderator=known is not None and bool(known.moderator),
        shown_to=group.members_shown if group else "",
    )


async def remove_post(ctx: Context, group_id: int, status_id: int, *, by: str) -> bool:
    """Take a post out of a group of ours, everywhere it went, whoever wrote it; False when the group has no such post."""

    async def unit(act: Act) -> bool:
        status = await _get_post(act, group_id, status_id)
        if status is None:
            return False
        author = await take_out(act, group_id, status)
        await _note(act, group_id, "group.delete_post", by, member=author.acct if author else "", post=status.uri)
        return True

    return await perform(ctx, unit)


async def pin(ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | Unpinnable | None:
    """Put a post first in its group; None when the group has no such post. Pinning twice changes nothing."""

    async def unit(act: Act) -> Status | Unpinnable | None:
        await groups.lock_group(act.tx, group_id, change=True)  # two pins at once must not both be the fifth
        status = await _get_post(act, group_id, status_id)
        if status is None or await pins.is_pinned(act.tx, status_id):
            return status
        if await pins.count_pins(act.tx, group_id) >= MOST_PINS:
            return Unpinnable.TOO_MANY
        await pins.insert_pin(act.tx, group_id, status_id, now=act.now)
        await _note(act, group_id, "group.pin", by, post=status.uri)
        return status

    return await perform(ctx, unit)


async def unpin(ctx: Context, group_id: int, status_id: int, *, by: str) -> Status | None:
    """Take a post down; None when the group has no such post. One that is not pinned stays as it is."""

    async def unit(act: Act) -> Status | None:
        status = await _get_post(act, group_id, status_id)
        if status is not None and await pins.is_pinned(act.tx, status_id):
            await pins.delete_pin(act.tx, group_id, status_id)
            await _note(act, group_id, "group.unpin", by, post=status.uri)
        return status

    return await perform(ctx, unit)


async def clear_notifications(ctx: Context, group_id: int, ids: Collection[int] | None, *, by: str) -> None:
    """What the group was told of is dealt with: these, or all (None)."""

    async def unit(act: Act) -> None:
        if ids is None:
            await notifications.delete_all_of(act.tx, group_id)
        else:
            await notifications.delete_some_of(act.tx, group_id, ids)
        await _note(act, group_id, "group.clear_notifications", by)

    await perform(ctx, unit)


async def _get_post(act: Act, group_id: int, status_id: int) -> Status | None:
    """A post of this very group, as the group sees it."""
    status = await get_visible(act.tx, status_id, viewer=group_id, now=act.now)
    return status if status is not None and status.group_id == group_id else None


async def _note(act: Act, group_id: int, name: str, by: str, **detail: object) -> None:
    _, actor = await require_group(act.tx, group_id)
    await audit.append(act.tx, actor=by, act=name, subject=actor.username, now=act.now, **detail)


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
