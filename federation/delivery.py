"""Carrying out deliveries: one attempt at a time, signed afresh, with back-off for each host. Decides nothing itself:
`policies.delivery` is asked again in the transaction that claims.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

import orjson

from federation.client import Posted
from federation.context import Context
from federation.facts import Parcel, send_facts
from federation.failures import FetchError
from federation.followers import synchronization, tells
from federation.keeping import has_room_for_delivery
from federation.rules import Rules, get_rules
from federation.signing import Keys, get_keys, signing
from federation.wire.parts import parts_of, without
from federation.wire.render import RFC_9421
from federation.wire.signatures import Scheme
from policies.decision import Allow, Decision, Deny, Hold, Limit
from policies.delivery import (
    BREAKER,
    PARKED_AFTER,
    PLACES,
    host_rests_until,
    is_parked,
    may_send,
    next_attempt,
    places,
)
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import actors, deliveries, receipts
from storage.database import Reader, Transaction
from storage.queues import Lease
from storage.records import Actor, Delivery, HostState

log = logging.getLogger(__name__)

LEASE_MS = 60_000
AT_ONCE = 64
SLOW_SECONDS = 0.5  # an attempt that takes longer gives its place away: hosts that hang must not hold all of them
MOST_UNDER_WAY = 384  # slow ones included; below the client's connections
IDLE_SECONDS = 2.0
PATIENCE_SECONDS = 0.01  # how long attempts wait for each other, so that one transaction settles many
GRACE_SECONDS = 2.0  # a host that takes longer keeps nobody from stopping
MOST_WAIT = 24 * 3_600_000
CONTENT_TYPE = "application/activity+json"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery that may be sent, with what sending needs. `synchronization`: that header's value, or ""."""

    delivery: Delivery
    body: bytes
    keys: Keys
    host: HostState
    synchronization: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `scheme` is the one that was accepted; `final`: trying again would not help."""

    ok: bool
    reason: str = ""
    scheme: str = ""
    final: bool = False
    host_at_fault: bool = False
    retry_after: int | None = None


async def claim(ctx: Context, owner: str, *, limit: int, busy: frozenset[str]) -> tuple[list[Job], int]:
    """Lease due deliveries and ask the rules again for each; answers those to send, and how many were claimed."""
    now = ctx.now()

    async def unit(tx: Transaction) -> tuple[list[Job], int]:
        lease = Lease(owner, now, now + LEASE_MS)
        claimed = await deliveries.claim_due(tx, lease, limit=limit, share=PLACES, breaker=BREAKER, busy=busy)
        if not claimed:
            return [], 0
        rules = await get_rules(tx)
        hosts = await _hosts(tx, {delivery.host for delivery, _ in claimed})
        judged = [(one, await _allowed(tx, one, body, rules, now)) for one, body in claimed]
        allowed = [(one, body) for one, body in judged if body is not None]
        senders = {sender: await _sender(tx, sender) for sender in {one.sender_id for one, _ in allowed}}
        await deliveries.insert_receipts(
            tx, [(one.object_uri, one.host, one.inbox) for one, _ in allowed if _leaves_a_trace(one)], now=now
        )
        jobs = [Job(one, body, senders[one.sender_id].keys, hosts[one.host]) for one, body in allowed]
        return [await _synchronizing(tx, job, senders[job.delivery.sender_id].actor, now) for job in jobs], len(claimed)

    return await ctx.db.transact(unit)


@dataclass(frozen=True, slots=True)
class _Sender:
    actor: Actor
    keys: Keys


async def _synchronizing(tx: Reader, job: Job, sender: Actor, now: int) -> Job:
    if not tells(job.delivery):
        return job
    return replace(job, synchronization=await synchronization(tx, sender, job.delivery.host, now=now))


async def _hosts(tx: Reader, names: set[str]) -> dict[str, HostState]:
    """What is remembered of hosts; to a new one that advertises RFC 9421 (FEP-844e) it is spoken first."""
    known = await deliveries.list_hosts(tx, names)
    for name, state in known.items():
        if not state.scheme and await actors.has_capability(tx, host=name, capability=RFC_9421):
            known[name] = replace(state, scheme=Scheme.RFC9421)
    return known


def _leaves_a_trace(delivery: Delivery) -> bool:
    """Whether the host will hold something that a retraction must reach. Written before the first byte is sent."""
    return delivery.kind == Kind.CONTENT and delivery.object_uri != ""


async def _sender(tx: Reader, sender_id: int) -> _Sender:
    sender = await actors.get_actor(tx, sender_id)
    if sender is None:
        raise LookupError(f"no sender {sender_id}")
    return _Sender(sender, await get_keys(tx, sender_id, sender.uri))


async def _allowed(tx: Transaction, delivery: Delivery, body: bytes, rules: Rules, now: int) -> bytes | None:
    """Ask again: the agreement may have ended since the delivery was queued. Answers what may go, None when nothing may."""
    document: dict[str, Any] = orjson.loads(body)
    parcel = Parcel(Kind(delivery.kind), Audience(delivery.audience), delivery.object_uri, delivery.group_id)
    facts = await send_facts(tx, parcel, delivery.host, rules, now, parts=parts_of(document))
    decision: Decision = may_send(facts, rules.ruleset, day_of(now))
    if isinstance(decision, Hold):
        room = await has_room_for_delivery(tx, delivery.host, rules.ruleset, now)
        decision = room if isinstance(room, Deny) else decision
    match decision:
        case Allow():
            return body
        case Limit():
            return orjson.dumps(without(document, decision.changes))
        case Hold():
            await deliveries.finish(tx, delivery.id, state="held", reason=decision.reason, now=now)
        case Deny():
            await deliveries.finish(tx, delivery.id, state="refused", reason=decision.reason, now=now)
        case _ as never:
            assert_never(never)
    return None


async def attempt(ctx: Context, job: Job) -> Outcome:
    """Post once; when the signature scheme may be the reason for a refusal, once more with the other ("double knock").

    Any 2xx is success. 410 and other 4xx than 401, 403, 404, 408 and 429 will not get better: trying again is pointless.
    """
    first = Scheme(job.host.scheme) if job.host.scheme else Scheme.CAVAGE
    other = Scheme.CAVAGE if first is Scheme.RFC9421 else Scheme.RFC9421
    try:
        answer, scheme = await _post(ctx, job, first), first
        if answer.status in {400, 401}:
            answer, scheme = await _post(ctx, job, other), other
    except FetchError as error:
        return Outcome(ok=False, reason=str(error)[:300], host_at_fault=True)
    return _judge(answer, scheme)


def _judge(answer: Posted, scheme: Scheme) -> Outcome:
    status = answer.status
    if 200 <= status < 300:
        return Outcome(ok=True, scheme=scheme)
    final = 400 <= status < 500 and status not in {401, 403, 404, 408, 429}
    return Outcome(
        ok=False,
        reason=f"answered {status}",
        final=final,
        host_at_fault=status >= 500 or status == 429,
        retry_after=answer.retry_after,
    )


async def _post(ctx: Context, job: Job, scheme: Scheme) -> Posted:
    url, body = job.delivery.inbox, job.body
    headers = {"Host": job.delivery.host, "Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
    if job.synchronization:
        headers["Collection-Synchronization"] = job.synchronization
    sign = signing(job.keys, ctx.now, scheme=scheme)
    added = await asyncio.to_thread(sign, "POST", url, headers, body)
    return await ctx.client.post_activity(url, body, {**headers, **added})


Ended = tuple[Job, Outcome]


async def settle(ctx: Context, ended: Sequence[Ended]) -> None:
    """Write down how attempts ended, for the deliveries and for their hosts, together."""
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        done = [job.delivery for job, outcome in ended if outcome.ok]
        await deliveries.finish_all(tx, [one.id for one in done], now=now)
        taken_back = [(one.object_uri, one.inbox) for one in done if one.kind == Kind.RETRACTION and one.object_uri]
        await receipts.accept(tx, taken_back, now=now)
        understood: set[str] = set()
        for job, outcome in ended:
            if not outcome.ok:
                await _note_failure(tx, job, outcome, now)
            elif job.host.host not in understood:
                understood.add(job.host.host)
                await _note_success(tx, job.host, outcome.scheme, now)

    await ctx.db.transact(unit)


async def _note_failure(tx: Transaction, job: Job, outcome: Outcome, now: int) -> None:
    if outcome.final:
        await deliveries.finish(tx, job.delivery.id, state="dead", reason=outcome.reason, now=now)
    else:
        await _try_again(tx, job.delivery, outcome, now)
    if outcome.host_at_fault:
        await _let_rest(tx, job.host.host, outcome, now)


async def _try_again(tx: Transaction, delivery: Delivery, outcome: Outcome, now: int) -> None:
    # `attempts` counts this one already: claiming raised it.
    due = next_attempt(max(delivery.attempts, 1), now, random.random())  # noqa: S311  # spreads retries, no secret
    if due is None:
        await deliveries.finish(tx, delivery.id, state="dead", reason=outcome.reason, now=now)
    else:
        due = max(due, now + _asked_wait(outcome))
        await deliveries.reschedule(tx, delivery.id, due_at=due, reason=outcome.reason)


def _asked_wait(outcome: Outcome) -> int:
    """How long the host asks us to wait (ms), for a day at most: it may not make us forget what is due."""
    return min(outcome.retry_after or 0, MOST_WAIT)


async def _note_success(tx: Transaction, known: HostState, scheme: str, now: int) -> None:
    """Remember what a host understands; a healthy host's row is not written each time."""
    if known.failures or known.scheme != scheme or not known.last_success_at:
        await deliveries.upsert_host(
            tx,
            replace(known, scheme=scheme, failures=0, retry_at=0, last_success_at=now, last_error="", failing_since=0),
        )


async def _let_rest(tx: Transaction, host: str, outcome: Outcome, now: int) -> None:
    current = await deliveries.get_host(tx, host)
    # What was under way when the host began to rest fails of the same outage.
    failures = current.failures + int(current.retry_at <= now)
    since = current.failing_since or now
    parked = is_parked(since, now)
    rests = host_rests_until(max(failures, 1), now, random.random(), parked=parked)  # noqa: S311  # spreads retries, no secret
    rests = max(rests, current.retry_at, now + _asked_wait(outcome))
    state = replace(current, failures=failures, retry_at=rests, last_error=outcome.reason, failing_since=since)
    await deliveries.upsert_host(tx, state)
    if parked:
        await deliveries.give_up_content(tx, host, before=now - PARKED_AFTER, reason=outcome.reason, now=now)


async def deliver(ctx: Context, job: Job) -> None:
    """One attempt and its record."""
    await settle(ctx, [await _ended(ctx, job)])


async def _ended(ctx: Context, job: Job) -> Ended:
    """One attempt. A bug of ours costs that delivery its retries, not the queue."""
    try:
        outcome = await attempt(ctx, job)
    except Exception as error:
        log.exception("delivery %s could not be attempted", job.delivery.id)
        outcome = Outcome(ok=False, reason=type(error).__name__)
    if not outcome.ok:
        log.info("delivery %s to %s failed: %s", job.delivery.id, job.delivery.host, outcome.reason)
    return job, outcome


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """One attempt: to which host, after how many failures of it, and since when (of the event loop's clock)."""

    host: str
    failures: int
    since: float


_Running = dict[asyncio.Task[Ended], _UnderWay]


async def run_deliveries(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Deliver until told to stop, then finish what is nearly done and give the rest back.

    A slow host occupies at most its own few places: `busy` keeps it from being claimed for more. After a moment it
    occupies none of those that hosts share.
    """
    running: _Running = {}
    while not stop.is_set():
        free, claimed, asked_at = _free(running), 0, ctx.now()
        if free:
            jobs, claimed = await claim(ctx, owner, limit=free, busy=_busy(running))
            _begin(ctx, jobs, running)
        if not claimed or not free:
            await _rest(ctx, stop, running, asked_at)
        if running:
            await asyncio.wait(running, timeout=PATIENCE_SECONDS)
        await _settle_ended(ctx, running)
    if running:
        _, hanging = await asyncio.wait(running, timeout=GRACE_SECONDS)
        await _settle_ended(ctx, running)
        for task in hanging:  # it is sent again by whoever takes it next; to get it twice changes nothing
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    await ctx.db.transact(lambda tx: deliveries.release(tx, owner=owner, now=ctx.now()))


def _begin(ctx: Context, jobs: Iterable[Job], running: _Running) -> None:
    now = asyncio.get_running_loop().time()
    for job in jobs:
        running[asyncio.create_task(_ended(ctx, job))] = _UnderWay(job.host.host, job.host.failures, now)


def _free(running: _Running) -> int:
    """How many more may begin."""
    recent = asyncio.get_running_loop().time() - SLOW_SECONDS
    young = sum(one.since > recent for one in running.values())
    return min(AT_ONCE - young, MOST_UNDER_WAY - len(running))


async def _settle_ended(ctx: Context, running: _Running) -> None:
    ended = [task for task in running if task.done()]
    for task in ended:
        running.pop(task)
    if ended:
        await settle(ctx, [task.result() for task in ended])


def _busy(running: _Running) -> frozenset[str]:
    """Hosts whose places we have all taken ourselves."""
    taken = Counter(one.host for one in running.values())
    return frozenset(one.host for one in running.values() if taken[one.host] >= places(one.failures))


async def _rest(ctx: Context, stop: asyncio.Event, running: _Running, asked_at: int) -> None:
    """Until an attempt ends or is slow, something is committed, the next delivery is due, or it is time to stop."""
    due = await ctx.db.read(lambda tx: deliveries.get_next_due(tx, busy=_busy(running)))
    seconds = SLOW_SECONDS if running else IDLE_SECONDS
    if due is not None and due > asked_at:  # what was due already is for hosts whose places other processes have
        seconds = min(seconds, max(0.01, (due - ctx.now()) / 1000))
    waking = [asyncio.create_task(ctx.db.wait_for_commit(seconds)), asyncio.create_task(stop.wait())]
    await asyncio.wait([*waking, *running], return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
    for task in waking:
        task.cancel()
    await asyncio.gather(*waking, return_exceptions=True)
