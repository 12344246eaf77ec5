"""From the inbox table to the handlers: who vouches for it, may it in, which handler reads it.

A handler answers why it did nothing, or None. What cannot be applied now because somebody must be fetched first is
fetched before the handler's transaction.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from federation.attesting import attest
from federation.context import Context
from federation.failures import FetchError
from federation.inbox import (
    blocks,
    follows,
    hinted,
    moves,
    notes,
    offers,
    pins,
    profiles,
    quotes,
    reactions,
    receipts,
    relayed,
    reports,
    submitted,
)
from federation.inbox.verified import Answer, Verified, from_inbox
from federation.keeping import has_room_for_item
from federation.resolve import resolve_actor
from federation.rules import get_rules
from federation.wire.activities import is_retraction
from federation.wire.errors import Fault, ProtocolError
from federation.wire.forwarded import Forwarded
from federation.wire.quotes import is_answer
from policies.decision import Deny, Hold
from policies.delivery import next_attempt
from policies.verification import Purpose
from storage import actors, inbox
from storage.database import Transaction
from storage.queues import Lease
from storage.records import Actor, InboxItem

log = logging.getLogger(__name__)

LEASE_MS = 60_000
BATCH = 32
SHARE = 8
HOSTS_AT_ONCE = 64
IDLE_SECONDS = 2.0
PATIENCE_SECONDS = 0.05  # how long fast hosts wait for each other, so that one claim serves many

Handler = Callable[[Context, Verified, Actor], Awaitable[Answer]]

HANDLERS: Mapping[str, Handler] = {
    "Follow": follows.on_follow,
    "Accept": follows.on_accept,
    "Reject": follows.on_reject,
    "Create": notes.on_create,
    "Update": notes.on_update,
    "Delete": notes.on_delete,
    "Announce": relayed.on_announce,
    "Like": reactions.on_like,
    "EmojiReact": reactions.on_like,
    "Add": pins.on_add,
    "Remove": pins.on_remove,
    "Block": blocks.on_block,
    "Move": moves.on_move,
    "Flag": reports.on_flag,
    "QuoteRequest": quotes.on_request,
    "Offer": offers.on_offer,
}
# What an Undo takes back, by the type of the activity it embeds.
UNDOERS: Mapping[str, Handler] = {
    "Follow": follows.on_undo_follow,
    "Announce": reactions.on_undo_announce,
    "Like": reactions.on_undo_like,
    "EmojiReact": reactions.on_undo_like,
    "Block": blocks.on_undo_block,
}
# Answers to what is no question of a member's: to a group's policy, to a deletion that it is done, to a post or edit for a private group where it went, or that it was not taken.
ANSWERS: Mapping[tuple[str, str], Handler] = {
    ("Accept", "Delete"): receipts.on_confirmed,
    ("Accept", "Create"): submitted.on_passed_on,
    ("Accept", "Update"): submitted.on_passed_on,
    ("Reject", "Create"): submitted.on_refused,
    ("Reject", "Update"): submitted.on_refused,
    ("Accept", "Offer"): offers.on_agreed,
    ("Reject", "Offer"): offers.on_declined,
}
QUOTE_ANSWERS: Mapping[str, Handler] = {"Accept": quotes.on_accept, "Reject": quotes.on_reject}


async def process(ctx: Context, item: InboxItem) -> Answer:
    """Apply one recorded activity; answers why nothing came of it. FetchError: worth trying again later."""
    try:
        verified = from_inbox(item)
        if isinstance(verified, Forwarded):
            return await hinted.on_forwarded(ctx, verified)
        actor = await _require_actor(ctx, verified)
        return await dispatch(ctx, verified, actor)
    except ProtocolError as error:
        return str(error)


async def dispatch(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Hand an activity to the handler of its type."""
    handler = _handler(verified)
    if handler is None:
        return f"{Fault.TYPE_UNSUPPORTED}: {verified.activity.type[:40]}"
    await attest(ctx, actor, Purpose.ACT if verified.activity.type == "Follow" else Purpose.READ)
    return await handler(ctx, verified, actor)


def _handler(verified: Verified) -> Handler | None:
    activity = verified.activity
    if activity.type == "Undo":
        return UNDOERS.get(activity.object_type, reactions.on_undo_by_id)
    if (activity.type, activity.object_type) in ANSWERS:
        return ANSWERS[activity.type, activity.object_type]
    if activity.type in QUOTE_ANSWERS and is_answer(activity):
        return QUOTE_ANSWERS[activity.type]
    if activity.type == "Update" and activity.object_type not in notes.TYPES:
        return profiles.on_update
    if activity.type == "Delete" and activity.object_id == activity.actor:
        return profiles.on_delete
    return HANDLERS.get(activity.type)


async def _require_actor(ctx: Context, verified: Verified) -> Actor:
    actor = await ctx.db.ask(lambda tx: actors.get_actor_by_uri(tx, verified.by))
    if actor is None:
        actor = await resolve_actor(ctx, verified.by)
    if actor is None or actor.local:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"{verified.by} is not another host's actor")
    if actor.disabled_at is not None and not _may_speak(actor, verified):
        raise ProtocolError(Fault.TOMBSTONE, f"{verified.by} is gone")
    return actor


def _may_speak(actor: Actor, verified: Verified) -> bool:
    """Who is gone takes back what they said, and whom their home suspended may be back."""
    back = actor.disabled_by == "home" and _handler(verified) is profiles.on_update
    return back or is_retraction(verified.activity)


async def run_inbox(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Apply recorded activities until told to stop, then finish what is under way and give the rest back.

    A host whose items take long (because something must be fetched from it) keeps nobody else waiting.
    """
    running: dict[asyncio.Task[None], str] = {}
    while not stop.is_set():
        if len(running) < HOSTS_AT_ONCE:
            for queue in await _claim(ctx, owner, busy=frozenset(running.values())):
                running[asyncio.create_task(_process_in_order(ctx, queue, stop))] = queue.host
        if running:
            await asyncio.wait(running, timeout=PATIENCE_SECONDS)
        else:
            await _rest(ctx, stop)
        for task in [task for task in running if task.done()]:
            running.pop(task)
            task.result()
    if running:
        await asyncio.wait(running)
    await ctx.db.transact(lambda tx: inbox.release(tx, owner=owner, now=ctx.now()))


async def _rest(ctx: Context, stop: asyncio.Event) -> None:
    """Until something is committed, the next item is due, or it is time to stop."""
    due = await ctx.db.ask(inbox.get_next_due)
    seconds = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.01, (due - ctx.now()) / 1000))
    waiting = [asyncio.create_task(ctx.db.wait_for_commit(seconds)), asyncio.create_task(stop.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def process_batch(ctx: Context, owner: str) -> int:
    """Claim and apply what is due; one host's items in order, different hosts side by side. Answers how many."""
    queues = await _claim(ctx, owner, busy=frozenset())
    await asyncio.gather(*(_process_in_order(ctx, queue, asyncio.Event()) for queue in queues))
    return sum(len(queue.items) for queue in queues)


@dataclass(frozen=True, slots=True)
class _Queue:
    """Items of one host, ours until a time (unix ms)."""

    host: str
    items: list[InboxItem]
    until: int


async def _claim(ctx: Context, owner: str, *, busy: frozenset[str]) -> list[_Queue]:
    now = ctx.now()
    lease = Lease(owner, now, now + LEASE_MS)
    items = await ctx.db.transact(lambda tx: inbox.claim_due(tx, lease, limit=BATCH, share=SHARE, busy=busy))
    by_host: dict[str, list[InboxItem]] = {}
    for item in items:
        by_host.setdefault(item.host, []).append(item)
    return [_Queue(host, queue, lease.until) for host, queue in by_host.items()]


async def _process_in_order(ctx: Context, queue: _Queue, stop: asyncio.Event) -> None:
    done: list[int] = []
    for item in queue.items:
        if stop.is_set() or ctx.now() >= queue.until:  # another process may have them by now
            break
        if await process_item(ctx, item):
            done.append(item.id)
    if done:  # together; killed before, they are applied again, which changes nothing
        await ctx.db.transact(lambda tx: inbox.finish_all(tx, done))


async def process_item(ctx: Context, item: InboxItem) -> bool:
    """Apply one item; True when its row is left to be finished as done.

    A bug of ours in a handler costs that item its retries, not the queue.
    """
    try:
        answer = await process(ctx, item)
    except FetchError as error:
        if error.passing:
            await _retry(ctx, item, str(error))
            return False
        answer = str(error)
    except Exception as error:
        log.exception("inbox item %s could not be applied", item.id)
        await _retry(ctx, item, type(error).__name__)
        return False
    if answer is None:
        return True
    await _set_aside(ctx, item, answer)
    return False


async def _set_aside(ctx: Context, item: InboxItem, answer: Hold | str) -> None:
    """Hold it, as long as there is room, or keep why it was refused."""

    async def unit(tx: Transaction) -> tuple[str, str]:
        if isinstance(answer, str):
            state, reason = "refused", answer[:300]
        else:
            room = await has_room_for_item(tx, item.host, (await get_rules(tx)).ruleset, ctx.now())
            state, reason = ("refused", room.reason) if isinstance(room, Deny) else ("held", answer.reason)
        await inbox.finish(tx, item.id, state=state, reason=reason)
        return state, reason

    state, reason = await ctx.db.transact(unit)
    log.info("inbox item %s of %s is %s: %s", item.id, item.host, state, reason)


async def _retry(ctx: Context, item: InboxItem, reason: str) -> None:
    async def unit(tx: Transaction) -> None:
        due = next_attempt(item.attempts, ctx.now(), 0.5)
        if due is None:
            await inbox.finish(tx, item.id, state="dead", reason=reason[:300])
        else:
            await inbox.reschedule(tx, item.id, due_at=due, reason=reason[:300])

    await ctx.db.transact(unit)
