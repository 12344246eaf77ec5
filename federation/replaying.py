"""Telling a restored copy what was taken back since it was made, from the journal (`storage.journal`).

Each line is applied in a transaction of its own, in order, and may be applied again: what is gone already stays gone, and
what the copy has begun anew after a line is left alone. What a line takes back and the copy has never had is remembered,
so that it does not come in late. Hosts are told once more, because what told them then was lost with the queue.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from federation import groups as group_posts
from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, list_retraction_inboxes, send
from federation.documents import prove
from federation.facts import Parcel
from federation.fanout import announce_deletion
from federation.outbox import attestations as own_attestations
from federation.outbox import follows as own_follows
from federation.outbox import peers, sanctions
from federation.outbox.retracting import retract
from federation.signing import get_keys
from federation.wire.render import render_activity, render_tombstone
from federation.wire.values import PUBLIC
from policies import seats
from policies.decision import Allow
from policies.rules import parse
from policies.terms import Audience, Kind
from storage import (
    actors,
    attestations,
    blocks,
    channels,
    deliveries,
    follows,
    groups,
    members,
    receipts,
    statuses,
)
from storage.ids import new_id
from storage.journal import Line
from storage.records import Actor, Block, Membership

Replay = Callable[[Act, Line], Awaitable[bool]]


async def replay(ctx: Context, lines: Iterable[Line]) -> list[Line]:
    """Apply lines; answers those that name somebody whom the copy does not know, and to whom nothing could be done."""
    missed = []
    for line in lines:
        apply = _REPLAYS[line.kind]
        if not await perform(ctx, lambda act, line=line, apply=apply: apply(act, line)):  # type: ignore[misc]  # bound now
            missed.append(line)
    return missed


async def _on_delete(act: Act, line: Line) -> bool:
    uri = line.facts["uri"]
    status = await statuses.get_status_by_uri(act.tx, uri)
    await deliveries.insert_receipts(act.tx, [(uri, host, inbox) for host, inbox in line.facts["sent"]], now=act.now)
    if status is None:
        await statuses.insert_tombstone(
            act.tx, uri=uri, actor_uri=line.facts["by"], hidden=bool(line.facts["hidden"]), now=line.at
        )
        await _send_delete(act, line)
        return True
    author = await actors.get_actor(act.tx, status.actor_id)
    if author is not None and author.local and status.boost_of_id is None:
        await retract(act, status, author)
        return True
    await announce_deletion(act.tx, status, now=act.now)
    await statuses.delete_status(act.tx, status, actor_uri=line.facts["by"], now=line.at)
    group = await groups.get_group(act.tx, status.group_id or 0)
    if group is not None and group.local:
        await group_posts.retract(act, uri, group.actor_id, await list_retraction_inboxes(act.tx, uri))
    return True


async def _send_delete(act: Act, line: Line) -> None:
    """Of a post that was made and deleted since the copy: by its group where that is ours, else by its author if they are."""
    uri, targets = line.facts["uri"], await list_retraction_inboxes(act.tx, line.facts["uri"])
    author, group = await _find(act, line.facts["by"], line.facts["group"])
    if group is not None and group.local:
        await group_posts.retract(act, uri, group.id, targets)
    elif author is not None and author.local and targets:
        activity_id = new_id(act.now)
        audience = Audience.DIRECT if line.facts["hidden"] else Audience.PUBLIC
        document = render_activity(
            act.ctx.origin.activity(activity_id),
            "Delete",
            author.uri,
            render_tombstone(uri),
            now=act.now,
            to=[] if line.facts["hidden"] else [PUBLIC],
        )
        keys = await get_keys(act.tx, author.id, author.uri)
        await receipts.mark_retracted(act.tx, uri, now=act.now)
        outgoing = Outgoing(activity_id, prove(document, keys.ed25519, audience, act.now), author.id)
        await send(act, outgoing, Parcel(Kind.RETRACTION, audience, uri), targets)


async def _on_membership(act: Act, line: Line) -> bool:
    group_actor, person = await _find(act, line.facts["group"], line.facts["member"])
    group = await groups.get_group(act.tx, group_actor.id) if group_actor else None
    banned = bool(line.facts["state"] == "banned")
    if group is None or group_actor is None or person is None:
        return not banned
    known = await groups.get_membership(act.tx, group.actor_id, person.id)
    if known is None:
        if banned:
            await memberships.ban(act, group.actor_id, person)
        return True
    ended = seats.Ended(line.facts["epoch"], line.at)
    seat = seats.Seat(known.state, known.epoch, known.lease_until)
    if not isinstance(seats.may_replay(seat, known.changed_at, ended), Allow):
        return True
    if banned:
        await memberships.ban(act, group.actor_id, person)
    elif group.local and known.state == "banned":
        await memberships.unban(act, group.actor_id, person)
    elif group.local:
        await memberships.end(act, group.actor_id, person)
    else:
        await _leave(act, known, ended, group_actor, person)
    return True


async def _leave(act: Act, known: Membership, ended: seats.Ended, group_actor: Actor, person: Actor) -> None:
    """With the epoch that was told of, so that an older word of the group's home does not bring the membership back."""
    await groups.update_membership(act.tx, known.id, epoch=max(known.epoch, ended.epoch))
    await memberships.leave(act, group_actor, person)


async def _on_attestation(act: Act, line: Line) -> bool:
    known = await attestations.get_attestation_by_uri(act.tx, line.facts["uri"])
    person = await actors.get_actor(act.tx, known.actor_id) if known else None
    if known is None or person is None or known.fetched_at > line.at:
        return True
    if person.local:
        await own_attestations.take_back(act, person)
    elif await attestations.revoke_attestation(act.tx, person.id, now=line.at):
        await memberships.reconsider(act, person)
    return True


async def _on_rules(act: Act, line: Line) -> bool:
    version: int = line.facts["version"]
    if version == act.rules.version + 1:
        text = line.facts["body"]
        await peers.put_in_force(act, text, parse(text), by=line.facts["author"], reason=line.facts["reason"])
    return version <= act.rules.version + 1


async def _on_actor(act: Act, line: Line) -> bool:
    """What was done to somebody here or by their home; who is let in or put back is so only if the same word had shut them out."""
    (person,) = await _find(act, line.facts["uri"])
    closed, by = bool(line.facts["closed"]), line.facts["by"]
    if person is None:
        return not closed
    if not closed and person.disabled_by not in {"here", "home"}:
        return True
    if by == "erasing" and person.local and await members.get_person(act.tx, person.id) is not None:
        await members.delete_member(act.tx, person.id)
    disabled_at = (person.disabled_at or line.at) if closed else None
    await actors.update_actor(act.tx, person.id, disabled_at=disabled_at, disabled_by=by)
    return True


async def _on_account(act: Act, line: Line) -> bool:
    (person,) = await _find(act, line.facts["uri"])
    if person is not None and line.facts["closed"]:
        await sanctions.close_account(act.tx, person.id, now=line.at)
    elif person is not None:
        await sanctions.open_account(act.tx, person.id)
    return True


async def _on_operator(act: Act, line: Line) -> bool:
    channel, member = await _find(act, line.facts["channel"], line.facts["member"])
    if channel is None or member is None:
        return True
    running = {one.actor.id: one.since for one in await channels.list_operators(act.tx, channel.id)}
    if running.get(member.id, line.at) < line.at:
        await channels.delete_operator(act.tx, channel.id, member.id)
    return True


async def _on_follow(act: Act, line: Line) -> bool:
    follower, followee = await _find(act, line.facts["follower"], line.facts["followee"])
    if follower is None or followee is None:
        return True
    known = await follows.get_follow(act.tx, follower.id, followee.id)
    if known is None or known.created_at > line.at:
        return True
    if followee.local:
        await own_follows.answer_follow(act, known, follower, followee, "Reject")
    else:
        await own_follows.stop_following(act, known, follower, followee)
    return True


async def _on_block(act: Act, line: Line) -> bool:
    owner, target = await _find(act, line.facts["owner"], line.facts["target"])
    if owner is None or target is None:
        return not line.facts["held"]
    known = await blocks.get_block(act.tx, owner.id, target.id)
    if line.facts["held"]:
        await blocks.insert_block(act.tx, Block(new_id(act.now), owner.id, target.id, line.facts["uri"], line.at))
    elif known is not None:
        await blocks.delete_block(act.tx, known)
    return True


def list_unknown(lines: Iterable[Line]) -> set[str]:
    """Kinds of lines that this version cannot apply: they were written by a newer one."""
    return {line.kind for line in lines} - _REPLAYS.keys()


async def _find(act: Act, *uris: str) -> list[Actor | None]:
    found = await actors.list_actors_by_uri(act.tx, uris)
    return [found.get(uri) for uri in uris]


_REPLAYS: Mapping[str, Replay] = {
    "delete": _on_delete,
    "membership": _on_membership,
    "attestation": _on_attestation,
    "rules": _on_rules,
    "actor": _on_actor,
    "account": _on_account,
    "operator": _on_operator,
    "follow": _on_follow,
    "block": _on_block,
}
