"""Memberships of private groups, from every side: asking, accepting, leaving, removing, leases and slices.

The group's home owns membership. Every act of it advances the group's epoch under a lock on the group's row and tells
the person's host, nobody else. Whether an act may be done is `policies.membership`'s answer.
"""

from dataclasses import dataclass, replace
from typing import Any, assert_never

from federation.act import Act
from federation.distribution import Outgoing, send
from federation.facts import (
    Parcel,
    get_attestation_facts,
    in_reach,
    is_capable,
    is_unmoderated,
    narrowed_criteria,
    own_criteria,
    reaches,
)
from federation.groups import advance_epoch, require_group
from federation.notices import Words, tell
from federation.notifying import notify
from federation.rules import Rules
from federation.signing import get_keys
from federation.wire.proofs import sign_document
from federation.wire.render import render_activity
from policies import membership as policy
from policies import seats
from policies.decision import Allow, Decision, Deny, Hold, Limit, Reason
from policies.membership import Closed, JoinFacts, Joining
from policies.moderation import Act as Managing
from policies.moderation import roles_for
from policies.ruleset import day_of, peer_standing
from policies.seats import Seat, Told
from policies.terms import Audience, Kind
from policies.verification import Purpose, criteria_step
from storage import attestations, audit, groups, inbox
from storage.database import Reader, Transaction
from storage.events import insert_event
from storage.follows import Inbox
from storage.groups import Member
from storage.ids import new_id
from storage.members import list_ids_with_roles
from storage.notifications import delete_notifications
from storage.oauth import delete_tokens_as
from storage.records import Actor, Group, Membership

DAY = 24 * policy.HOUR
PRESENT = seats.PRESENT


@dataclass(frozen=True, slots=True)
class Slice:
    """What a group's home states of one host's members at a moment (unix ms), under its own proof."""

    members: frozenset[str]
    told: Told


def seat_of(known: Membership | None) -> Seat | None:
    """A membership as the rules see it."""
    return None if known is None else Seat(known.state, known.epoch, known.lease_until)


async def request(act: Act, group_actor: Actor, actor: Actor, *, follow_uri: str) -> Decision:
    """Somebody asks to join: at our own group decide and answer; for a remote group store the wish and send a Follow."""
    group = await groups.lock_group(act.tx, group_actor.id, change=True)
    if group is None:
        raise LookupError(f"no group {group_actor.id}")
    known = await groups.get_membership(act.tx, group.actor_id, actor.id)
    if known is not None and known.state == "active":
        return await _ask_again(act, group, group_actor, known, actor, follow_uri)
    if not group.local:
        asking = policy.may_ask(person=actor.type == "Person")
        if isinstance(asking, Deny):
            return asking
        return await _ask_elsewhere(act, group, group_actor, known, actor, follow_uri)
    decision = policy.may_join(
        await join_facts(act.tx, act.rules, group, group_actor, actor, known, act.now), act.rules.ruleset, act.now
    )
    match decision:
        case Allow() | Limit():
            await _admit(act, group, group_actor, actor, _wish(known, group, actor, follow_uri, act.now))
            await _tell_first_of_host(act, group, group_actor, actor, decision)
        case Hold():
            wish = _wish(known, group, actor, follow_uri, act.now)
            await groups.upsert_membership(act.tx, wish)
            for told in (group.actor_id, *await list_moderators(act.tx, group)):
                await notify(act.tx, told, "follow_request", actor.id, now=act.now)
        case Deny():
            if not actor.local:
                wish = _wish(known, group, actor, follow_uri, act.now)
                await _tell(act, group_actor, actor, wish, "Reject", group.epoch, summary=decision.reason)
        case _ as never:
            assert_never(never)
    return decision


async def request_from_afar(act: Act, group_actor: Actor, actor: Actor, *, follow_uri: str) -> Decision:
    """`request` by a Follow that came in: it may be an old one."""
    await groups.lock_group(act.tx, group_actor.id, change=True)
    known = await groups.get_membership(act.tx, group_actor.id, actor.id)
    anew = seats.may_ask_by(follow_uri, seat_of(known), known.follow_uri if known else "")
    return anew if isinstance(anew, Deny) else await request(act, group_actor, actor, follow_uri=follow_uri)


async def _ask_again(
    act: Act,
    group: Group,
    group_actor: Actor,
    known: Membership,
    actor: Actor,
    follow_uri: str,
) -> Decision:
    """A member asks once more, so its host has lost the answer: give it again."""
    if group.local and not actor.local:
        await groups.update_membership(act.tx, known.id, follow_uri=follow_uri)
        again = replace(known, follow_uri=follow_uri)
        await _tell(act, group_actor, actor, again, "Accept", group.epoch)
    return Allow("group:member")


async def _ask_elsewhere(
    act: Act,
    group: Group,
    group_actor: Actor,
    known: Membership | None,
    actor: Actor,
    follow_uri: str,
) -> Decision:
    wish = _wish(known, group, actor, follow_uri, act.now)
    await groups.upsert_membership(act.tx, wish)
    activity_id = new_id(act.now)
    document = render_activity(wish.follow_uri, "Follow", actor.uri, group_actor.uri, now=act.now)
    await _send(act, actor, group_actor, document, activity_id, Kind.CONTROL)
    return Hold("group:joining", Reason.AWAITS_MODERATOR)


def _wish(known: Membership | None, group: Group, actor: Actor, follow_uri: str, now: int) -> Membership:
    return Membership(
        id=known.id if known else new_id(now),
        group_id=group.actor_id,
        actor_id=actor.id,
        state="pending",
        moderator=0,
        follow_uri=follow_uri,
        epoch=known.epoch if known else 0,
        generation=known.generation if known else 0,
        lease_until=0,
        created_at=now,
        changed_at=now,
    )


async def join_facts(
    tx: Reader, rules: Rules, group: Group, group_actor: Actor, actor: Actor, known: Membership | None, now: int
) -> JoinFacts:
    """What `policies.membership` asks about a person at the door of a group of ours."""
    facts = JoinFacts(
        group=group_actor.username,
        joining=Joining(group.joining),
        attestation=await get_attestation_facts(tx, actor),
        criteria=own_criteria(group, rules.ruleset),
        closed=bool(group.closed),
        unmoderated=await is_unmoderated(tx, group, now),
        person=actor.type == "Person",
        banned=known is not None and known.state == "banned",
        invited=known is not None and known.state == "invited",
    )
    if actor.local:
        return facts
    return replace(
        facts,
        host=actor.host,
        capable=is_capable(actor),
        in_reach=in_reach(group, actor.host),
        joined_today=await groups.count_members_since(tx, group.actor_id, host=actor.host, since=now - now % DAY),
        members_there=await groups.count_members_since(tx, group.actor_id, host=actor.host, since=0),
    )


async def _admit(act: Act, group: Group, group_actor: Actor, actor: Actor, wish: Membership) -> None:
    now = act.now
    await _forget_request(act, group, actor)
    epoch = await advance_epoch(act.tx, group, now)
    admitted = replace(
        wish,
        state="active",
        epoch=epoch,
        generation=wish.generation + 1,
        lease_until=await _until(act.tx, actor),
        changed_at=now,
    )
    await groups.upsert_membership(act.tx, admitted)
    if actor.local:
        await insert_event(act.tx, owner_id=actor.id, type_="groups", ref=group.actor_id, now=now)
    else:
        await _tell(act, group_actor, actor, admitted, "Accept", epoch)


async def _tell_first_of_host(
    act: Act, group: Group, group_actor: Actor, actor: Actor, decision: Allow | Limit
) -> None:
    """With the first member of a host the group's posts begin to go there: moderators are told."""
    if not isinstance(decision, Allow) or Reason.FIRST_OF_HOST not in decision.notices:
        return
    words = Words(
        f"Premier membre de {actor.host} dans le groupe {group_actor.username} : ses messages y vont désormais.",
        f"First member of {actor.host} in the group {group_actor.username}: its posts go there from now on.",
    )
    for moderator in await list_moderators(act.tx, group):
        await tell(act.tx, moderator, words, now=act.now)


async def _tell_of_no_moderator(act: Act, group: Group, group_actor: Actor, ended: Membership) -> None:
    """The last moderator is gone, which nothing prevents: the group takes nothing until an administrator names another."""
    if not ended.moderator or group.closed or await groups.has_moderator(act.tx, group.actor_id, now=act.now):
        return
    words = Words(
        f"Le groupe {group_actor.username} n’a plus de modérateur et n’accepte plus rien : `confrere group moderator`.",
        f"The group {group_actor.username} has no moderator left and takes nothing more: `confrere group moderator`.",
    )
    for admin in await list_ids_with_roles(act.tx, roles_for(Managing.MANAGE_GROUPS)):
        await tell(act.tx, admin, words, now=act.now)


async def _until(tx: Reader, actor: Actor) -> int:
    """At the group's home a membership ends with what made it possible: the attestation."""
    attestation = await attestations.get_attestation(tx, actor.id)
    if attestation is None or not actor.local:
        # A remote attestation is a short credential that its home renews; its end is watched by `upkeep`.
        return groups.FOR_EVER
    return attestation.valid_until


async def list_moderators(tx: Reader, group: Group) -> list[int]:
    """Who looks after a group of ours."""
    return [member.actor.id for member in await groups.list_members(tx, group.actor_id) if member.membership.moderator]


async def accept(act: Act, group_id: int, actor: Actor, *, by: str) -> Deny | Hold | None:
    """A moderator accepts a pending request (or invites are answered by `request`); None when it is done."""
    group = await groups.lock_group(act.tx, group_id, change=True)
    _, group_actor = await require_group(act.tx, group_id)
    known = await groups.get_membership(act.tx, group_id, actor.id)
    if group is None or known is None or known.state != "pending":
        raise LookupError(f"{actor.acct} has not asked to join {group_actor.acct}")
    facts = await join_facts(act.tx, act.rules, group, group_actor, actor, known, act.now)
    decision = policy.may_accept(facts, act.rules.ruleset, act.now)
    match decision:
        case Deny() | Hold():
            return decision
        case Allow() | Limit():
            pass
        case _ as never:
            assert_never(never)
    await _admit(act, group, group_actor, actor, known)
    await _tell_first_of_host(act, group, group_actor, actor, decision)
    await audit.append(
        act.tx, actor=by, act="group.accept", subject=group_actor.username, now=act.now, member=actor.acct
    )
    return None


async def invite(act: Act, group_id: int, actor: Actor, *, by: str) -> None:
    """Invite a member of ours: following the group will be enough."""
    group, group_actor = await require_group(act.tx, group_id)
    known = await groups.get_membership(act.tx, group_id, actor.id)
    if not actor.local or actor.type != "Person":
        raise LookupError(f"{actor.acct} is not a member here")
    if known is not None and known.state == "active":
        return
    wish = _wish(known, group, actor, known.follow_uri if known else act.ctx.origin.activity(new_id(act.now)), act.now)
    await groups.upsert_membership(act.tx, replace(wish, state="invited"))
    await notify(act.tx, actor.id, "follow", group_actor.id, now=act.now)
    await audit.append(
        act.tx, actor=by, act="group.invite", subject=group_actor.username, now=act.now, member=actor.acct
    )


async def end(act: Act, group_id: int, actor: Actor, *, state: str = "ended", reason: str = "") -> bool:
    """At a group of ours: a membership or a request is over. Tells the person's host only; False when there was none."""
    group = await groups.lock_group(act.tx, group_id, change=True)
    _, group_actor = await require_group(act.tx, group_id)
    known = await groups.get_membership(act.tx, group_id, actor.id)
    if group is None or known is None or (known.state not in PRESENT and known.state == state):
        return False
    await _forget_request(act, group, actor)
    epoch = await advance_epoch(act.tx, group, act.now)
    ended = replace(known, state=state, epoch=epoch)
    await _finish(act, ended, actor)
    await _tell_of_no_moderator(act, group, group_actor, known)
    if not actor.local:
        await _tell(act, group_actor, actor, ended, "Reject", epoch, summary=reason or None)
    return True


async def _forget_request(act: Act, group: Group, actor: Actor) -> None:
    """A request that was answered is no news to the group any more."""
    await delete_notifications(act.tx, type_="follow_request", actor_id=actor.id, owner_id=group.actor_id)


async def ban(act: Act, group_id: int, actor: Actor, *, reason: str = "") -> None:
    """Nobody who is banned is or becomes a member; one need not have been one."""
    if await end(act, group_id, actor, state="banned", reason=reason):
        return
    group = await groups.lock_group(act.tx, group_id, change=True)
    if group is not None and await groups.get_membership(act.tx, group_id, actor.id) is None:
        wish = _wish(None, group, actor, act.ctx.origin.activity(new_id(act.now)), act.now)
        await groups.upsert_membership(act.tx, replace(wish, state="banned"))


async def unban(act: Act, group_id: int, actor: Actor) -> None:
    """Who was banned may ask again."""
    await groups.lock_group(act.tx, group_id, change=True)
    known = await groups.get_membership(act.tx, group_id, actor.id)
    if known is not None and known.state == "banned":
        await groups.update_membership(act.tx, known.id, state="ended", changed_at=act.now)


async def _finish(act: Act, ended: Membership, actor: Actor) -> None:
    await groups.update_membership(
        act.tx,
        ended.id,
        state=ended.state,
        epoch=ended.epoch,
        generation=ended.generation + 1,
        moderator=0,
        lease_until=0,
        changed_at=act.now,
    )
    if actor.local:
        await delete_tokens_as(act.tx, ended.group_id, operator_id=actor.id)
        await insert_event(act.tx, owner_id=actor.id, type_="revoked", ref=ended.group_id, now=act.now)


async def leave(act: Act, group_actor: Actor, actor: Actor) -> None:
    """A member of ours leaves, or withdraws a request. It is over here at once, whatever the group's home answers."""
    group = await groups.lock_group(act.tx, group_actor.id, change=True)
    known = await groups.get_membership(act.tx, group_actor.id, actor.id)
    if group is None or known is None or known.state not in PRESENT:
        return
    if group.local:
        await end(act, group.actor_id, actor)
        return
    await _finish(act, replace(known, state="ended"), actor)
    await _send_undo(act, group_actor, actor, known)


async def end_seat(act: Act, member: Member) -> None:
    """At the member's host: a membership of a group elsewhere is over, and there is nobody to be told."""
    await _finish(act, replace(member.membership, state=seats.ENDED), member.actor)


async def _send_undo(act: Act, group_actor: Actor, actor: Actor, left: Membership) -> None:
    activity_id = new_id(act.now)
    undone = render_join(left, actor, group_actor)
    document = render_activity(act.ctx.origin.activity(activity_id), "Undo", actor.uri, undone, now=act.now)
    await _send(act, actor, group_actor, document, activity_id, Kind.RETRACTION)


def render_join(membership: Membership, actor: Actor, group_actor: Actor) -> dict[str, Any]:
    """The Follow that began a membership."""
    return {"id": membership.follow_uri, "type": "Follow", "actor": actor.uri, "object": group_actor.uri}


async def _tell(
    act: Act,
    group_actor: Actor,
    actor: Actor,
    membership: Membership,
    answer: str,
    epoch: int,
    *,
    summary: str | None = None,
) -> None:
    """Accept or Reject, with the epoch, to the person's host and nobody else."""
    now = act.now
    group = await groups.get_group(act.tx, group_actor.id)
    activity_id = new_id(now)
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        answer,
        group_actor.uri,
        render_join(membership, actor, group_actor),
        now=now,
        epoch=epoch,
        lease=group.lease_hours if group and answer == "Accept" else None,
        summary=summary,
    )
    kind = Kind.RETRACTION if answer == "Reject" else Kind.CONTROL
    await _send(act, group_actor, actor, document, activity_id, kind)


async def _send(
    act: Act,
    sender: Actor,
    target: Actor,
    document: dict[str, Any],
    activity_id: int,
    kind: Kind,
) -> None:
    keys = await get_keys(act.tx, sender.id, sender.uri)
    outgoing = Outgoing(activity_id, sign_document(document, keys.ed25519, created=act.now), sender.id)
    await send(act, outgoing, Parcel(kind, Audience.DIRECT), [Inbox(target.host, target.inbox)])


async def repeat_accept(act: Act, group_actor: Actor, member: groups.Member) -> None:
    """Say to the host of a member of a group of ours once more that they are one, with the group's epoch: it pulls its slice."""
    group, _ = await require_group(act.tx, group_actor.id)
    await _tell(act, group_actor, member.actor, member.membership, "Accept", group.epoch)


async def on_accepted(act: Act, group_actor: Actor, actor: Actor, told: Told) -> Decision:
    """The group's home accepted a member of ours, who asked; or repeats it with a higher epoch."""
    known = await groups.get_membership(act.tx, group_actor.id, actor.id)
    now = act.now
    seat = seats.after_accept(seat_of(known), told, now)
    if known is None or isinstance(seat, Deny):
        return seat if isinstance(seat, Deny) else Deny("group:pending", Reason.GROUP_NOT_JOINED)
    await groups.update_membership(
        act.tx,
        known.id,
        state=seat.state,
        epoch=seat.epoch,
        generation=known.generation + int(known.state != seat.state),
        lease_until=seat.lease_until,
        changed_at=now,
    )
    await note_epoch(act.tx, group_actor.id, told.epoch, now)
    await insert_event(act.tx, owner_id=actor.id, type_="groups", ref=group_actor.id, now=now)
    return Allow("group:epoch")


async def on_rejected(act: Act, group_actor: Actor, actor: Actor, *, epoch: int) -> Decision:
    """The group's home refused or expelled a member of ours."""
    known = await groups.get_membership(act.tx, group_actor.id, actor.id)
    seat = seats.after_reject(seat_of(known), epoch)
    if known is None or isinstance(seat, Deny):
        return seat if isinstance(seat, Deny) else Deny("group:member", Reason.GROUP_NOT_JOINED)
    if seat.state == known.state:
        await groups.update_membership(act.tx, known.id, epoch=seat.epoch)
    else:
        await _finish(act, replace(known, state=seat.state, epoch=seat.epoch), actor)
    await note_epoch(act.tx, group_actor.id, epoch, act.now)
    return Allow("group:epoch")


async def note_epoch(tx: Transaction, group_id: int, epoch: int, now: int) -> None:
    """Keep the highest epoch seen of a remote group; on a gap its slice is pulled soon."""
    group = await groups.get_group(tx, group_id)
    if group is None or group.local or epoch <= group.epoch:
        return
    await groups.update_group(tx, group_id, epoch=epoch, pull_due_at=now)
    await _find_again(tx, group)


async def _find_again(tx: Transaction, group: Group) -> None:
    """The home of a group speaks: it is not lost. What ended meanwhile begins by asking again."""
    if group.closed == Closed.LOST:
        await groups.update_group(tx, group.actor_id, closed=Closed.OPEN, lost_until=0)


async def apply_slice(act: Act, group_actor: Actor, told: Slice) -> None:
    """What the group's home says of our members now: renew leases of those it lists, end the others' memberships, and say
    again that somebody has left whom it still lists.
    """
    now = act.now
    group = await groups.lock_group(act.tx, group_actor.id, change=True)
    if group is None or isinstance(seats.may_take_slice(group.epoch, told.told), Deny):
        return
    for member in await groups.list_members(act.tx, group_actor.id, states=("active", "pending", "unconfirmed")):
        if not member.actor.local:
            continue
        known = member.membership
        seat = seats.after_slice(
            Seat(known.state, known.epoch, known.lease_until), told.told, now, listed=member.actor.uri in told.members
        )
        if seat.state == seats.ENDED:
            await _finish(act, replace(known, state=seat.state, epoch=seat.epoch), member.actor)
        else:
            await groups.update_membership(
                act.tx, known.id, state=seat.state, epoch=seat.epoch, lease_until=seat.lease_until
            )
    for member in await groups.list_members(act.tx, group_actor.id, states=("ended",)):
        seat = Seat(member.membership.state, member.membership.epoch)
        if member.actor.uri in told.members and isinstance(seats.may_take_slice(seat.epoch, told.told), Allow):
            await _send_undo(act, group_actor, member.actor, member.membership)
    await groups.update_group(act.tx, group_actor.id, epoch=told.told.epoch, pulled_at=now, silent_since=0)
    await _find_again(act.tx, group)
    await inbox.requeue_held(
        act.tx, host=group_actor.host, now=now
    )  # posts that came before anybody was sure of a member


async def reconsider(act: Act, actor: Actor) -> None:
    """After a change of somebody's attestation: memberships of our groups whose criteria no longer hold are over."""
    for known in await groups.list_memberships_of(act.tx, actor.id):
        group, group_actor = await require_group(act.tx, known.group_id)
        if group.local and known.state in {seats.ACTIVE, seats.UNCONFIRMED}:
            await _reconsider(act, group, group_actor, Member(known, actor))


async def review(act: Act, group_id: int) -> None:
    """After a change of the ruleset or of a group's settings: who may no longer be in a group of ours is out of it."""
    group = await groups.lock_group(act.tx, group_id, change=True)
    _, group_actor = await require_group(act.tx, group_id)
    if group is None:
        return
    for member in await groups.list_members(act.tx, group_id, states=(seats.ACTIVE, seats.UNCONFIRMED)):
        await _reconsider(act, group, group_actor, member)
    await groups.update_group(act.tx, group_id, reviewed_rules=act.rules.version)


async def _reconsider(act: Act, group: Group, group_actor: Actor, member: Member) -> None:
    known, actor = member.membership, member.actor
    facts = await get_attestation_facts(act.tx, actor)
    asked = narrowed_criteria(group, group_actor, act.rules.ruleset)
    peer = None if actor.local else peer_standing(act.rules.ruleset, actor.host, day_of(act.now)).state
    decision = policy.may_stay(criteria_step(facts, asked, act.rules.ruleset, act.now, Purpose.READ), peer)
    if not actor.local and not reaches(group, group_actor, actor.host, act.rules.ruleset):
        decision = Deny("group:reach", Reason.OUT_OF_REACH)
    if isinstance(decision, Deny):
        await end(act, group.actor_id, actor, reason=decision.reason)
    elif actor.local:
        await groups.update_membership(act.tx, known.id, lease_until=await _until(act.tx, actor))


async def end_all_of_host(act: Act, host: str) -> None:
    """A suspended host: its people leave our groups, ours leave its groups."""
    for member in await groups.list_memberships_of_host(act.tx, host):
        group, group_actor = await require_group(act.tx, member.membership.group_id)
        if group.local:
            await end(act, group.actor_id, member.actor)
        else:
            await leave(act, group_actor, member.actor)


async def leave_remote_groups(act: Act, actor: Actor) -> None:
    """A member of ours whose verification is gone leaves the groups of others, whose homes rely on our word."""
    for known in await groups.list_memberships_of(act.tx, actor.id):
        group, group_actor = await require_group(act.tx, known.group_id)
        if not group.local:
            await leave(act, group_actor, actor)
