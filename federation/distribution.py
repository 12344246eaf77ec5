"""From an audience to rows in the delivery queue, inside the caller's transaction. Sends nothing.

Each host is asked about on its own: what may not go is not queued, what must wait is queued as held, and either way the
boundary log says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, assert_never

import orjson

from federation.act import Act
from federation.facts import Parcel, send_facts
from federation.keeping import has_room_for_delivery
from federation.rules import Subject, record
from federation.wire.parts import parts_of
from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.delivery import may_send
from policies.ruleset import day_of
from policies.terms import Audience, Kind, Part
from storage import actors, deliveries, follows, quotes, statuses
from storage.database import Reader
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Activity, Actor, Delivery, Status


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An activity with its bytes, and who sends it."""

    activity_id: int
    document: dict[str, Any]
    sender_id: int
    status_id: int | None = None


async def send(act: Act, outgoing: Outgoing, parcel: Parcel, targets: Iterable[Inbox]) -> list[str]:
    """Store the activity and queue it for each inbox that the rules let it go to; answers the hosts that get it."""
    wanted = sorted(set(targets), key=lambda target: (target.host, target.inbox))
    parts = parts_of(outgoing.document)
    states = {host: await _state(act, parcel, host, parts) for host in sorted({one.host for one in wanted})}
    queued = [target for target in wanted if states[target.host] is not None]
    if not queued:
        return []
    await deliveries.insert_activity(act.tx, _activity(outgoing, act.now))
    await deliveries.insert_deliveries(
        act.tx, [_delivery(outgoing, parcel, target, states[target.host] or "", act.now) for target in queued]
    )
    return sorted({target.host for target in queued if states[target.host] == "due"})


async def _state(act: Act, parcel: Parcel, host: str, parts: frozenset[Part]) -> str | None:
    facts = await send_facts(act.tx, parcel, host, act.rules, act.now, parts=parts)
    decision: Decision = may_send(facts, act.rules.ruleset, day_of(act.now))
    if isinstance(decision, Hold):
        room = await has_room_for_delivery(act.tx, host, act.rules.ruleset, act.now)
        decision = room if isinstance(room, Deny) else decision
    if parcel.kind is Kind.CONTENT:
        await record(act.tx, act.rules, decision, Subject("send", parcel.object_uri, host), facts, act.now)
    match decision:
        case Allow() | Limit():
            return "due"
        case Hold():
            return "held"
        case Deny():
            return None
        case _ as never:
            assert_never(never)


def _activity(outgoing: Outgoing, now: int) -> Activity:
    return Activity(
        id=outgoing.activity_id,
        uri=outgoing.document["id"],
        actor_id=outgoing.sender_id,
        type=outgoing.document["type"],
        status_id=outgoing.status_id,
        body=orjson.dumps(outgoing.document),
        created_at=now,
    )


def _delivery(outgoing: Outgoing, parcel: Parcel, target: Inbox, state: str, now: int) -> Delivery:
    return Delivery(
        id=new_id(now),
        activity_id=outgoing.activity_id,
        sender_id=outgoing.sender_id,
        host=target.host,
        inbox=target.inbox,
        kind=parcel.kind,
        audience=parcel.audience,
        object_uri=parcel.object_uri,
        group_id=parcel.group_id,
        state=state,
        attempts=0,
        due_at=now,
        lease_owner="",
        reason="",
        created_at=now,
        finished_at=None,
    )


async def list_inboxes(tx: Reader, status: Status, author: Actor) -> list[Inbox]:
    """Where a post of ours that is not group-only goes: its author's followers, who it names, whom it answers or quotes."""
    mentioned = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    named = [
        Inbox(actor.host, actor.inbox if status.audience == Audience.DIRECT else actor.shared_inbox or actor.inbox)
        for _, actor in mentioned
        if not actor.local and actor.type != "Group"
    ]
    if status.audience == Audience.DIRECT:
        return named
    groups_named = [
        Inbox(actor.host, actor.inbox) for _, actor in mentioned if not actor.local and actor.type == "Group"
    ]
    return [
        *named,
        *groups_named,
        *await _answered(tx, status),
        *await _quoted(tx, status),
        *await follows.list_follower_inboxes(tx, author.id),
    ]


async def _answered(tx: Reader, status: Status) -> list[Inbox]:
    """Where a public post is answered it is shown, also when its author is not named: apps leave the mention out."""
    if status.in_reply_to_actor_id is None or status.audience not in {Audience.PUBLIC, Audience.UNLISTED}:
        return []
    parent = await actors.get_actor(tx, status.in_reply_to_actor_id)
    if parent is None or parent.local:
        return []
    return [Inbox(parent.host, parent.shared_inbox or parent.inbox)]


async def _quoted(tx: Reader, status: Status) -> list[Inbox]:
    """Who is quoted in public reads it."""
    if status.audience not in {Audience.PUBLIC, Audience.UNLISTED}:
        return []
    author = await quotes.get_quoted_author(tx, status.id)
    return [] if author is None or author.local else [Inbox(author.host, author.shared_inbox or author.inbox)]


async def list_retraction_inboxes(tx: Reader, object_uri: str) -> list[Inbox]:
    """Every place that was ever sent an object: its retraction goes to all of them."""
    return [Inbox(row[0], row[1]) for row in await deliveries.list_receipts(tx, object_uri)]
