"""Pushing notifications to apps: one request each, through the guarded client, since apps choose the address.

Whether its owner may (still) see what a notification is about is asked when it is claimed. Must not know how a message
is encrypted, nor what it says.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

import orjson
from aiohttp import web

from federation.context import Context, Origin
from federation.failures import FetchError
from storage import push
from storage.actors import get_actor
from storage.database import Reader, Transaction
from storage.instance import get_value
from storage.notifications import get_notification
from storage.push import Push
from storage.queues import Lease
from storage.visibility import get_visible
from web.keys import CONTEXT
from web.links import Links
from web.outside.push_text import is_private, title_and_body
from web.outside.web_push import Vapid, make_recipient, make_vapid, seal

log = logging.getLogger(__name__)

VAPID: web.AppKey[Vapid] = web.AppKey("vapid", Vapid)

LEASE_MS = 60_000
AT_ONCE = 32
PER_HOST = 8
IDLE_SECONDS = 2.0
GRACE_SECONDS = 2.0
# What is pushed later than this is news no more; the app finds it in its list.
RETRY_AFTER = (30_000, 120_000, 600_000, 3_600_000, 4 * 3_600_000)
MOST_WAIT = 12 * 3_600_000


@dataclass(frozen=True, slots=True)
class Job:
    """A push that may be sent, with its words."""

    push: Push
    message: bytes


class End(Enum):
    """How an attempt ended: AGAIN is tried later, GONE means that the app is not there any more."""

    DONE = "done"
    AGAIN = "again"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wait`: how long the service asks us to wait, in ms."""

    end: End
    wait: int = 0


def add_push(app: web.Application) -> None:
    """Let apps be told this instance's key, once the application starts. Needs CONTEXT."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[VAPID] = await read_vapid(app[CONTEXT])
        yield

    app.cleanup_ctx.append(run)


async def read_vapid(ctx: Context) -> Vapid:
    """This instance's key. LookupError before `confrere init`."""
    secret = await ctx.db.read(lambda tx: get_value(tx, "vapid"))
    if secret is None:
        raise LookupError("the instance has no secret for Web Push: it was not initialised")
    return make_vapid(secret, ctx.origin.base)


async def claim(ctx: Context, owner: str, *, limit: int, busy: frozenset[str]) -> tuple[list[Job], int]:
    """Lease what is due; answers what may be sent, and how many were claimed. What may not is over."""
    now = ctx.now()

    async def unit(tx: Transaction) -> tuple[list[Job], int]:
        lease = Lease(owner, now, now + LEASE_MS)
        claimed = await push.claim_due(tx, lease, limit=limit, share=PER_HOST, busy=busy)
        messages = [(one, await _make_message(tx, one, ctx.origin, now)) for one in claimed]
        await push.delete_deliveries(tx, {one.delivery.id for one, message in messages if message is None})
        return [Job(one, message) for one, message in messages if message is not None], len(claimed)

    return await ctx.db.transact(unit)


async def _make_message(tx: Reader, one: Push, origin: Origin, now: int) -> bytes | None:
    """What the app is told, as Mastodon has it; None when its owner may not be told now."""
    owner = one.subscription.owner_id
    told = await get_notification(tx, one.delivery.notification_id, owner_id=owner, now=now)
    actor = await get_actor(tx, told.actor_id) if told else None
    if told is None or actor is None:
        return None
    status = None
    if told.status_id is not None:
        status = await get_visible(tx, told.status_id, viewer=owner, now=now)
        if status is not None and status.boost_of_id is not None:
            status = await get_visible(tx, status.boost_of_id, viewer=owner, now=now)
        if status is None:
            return None
    title, body = title_and_body(told.type, actor, status, one.locale)
    links = Links(origin, b"", now)
    return orjson.dumps(
        {
            "access_token": one.subscription.access_token,
            "preferred_locale": one.locale,
            "notification_id": told.id,
            "notification_type": told.type,
            "icon": links.static("avatar.png") if is_private(actor, status) else links.avatar(actor),
            "title": title,
            "body": body,
        }
    )


async def attempt(ctx: Context, vapid: Vapid, job: Job) -> Outcome:
    """One request. 404 and 410: there is no such subscription any more (RFC 8030 §7.3)."""
    to = job.push.subscription
    recipient = make_recipient(to.endpoint, to.p256dh, to.auth, standard=bool(to.standard))
    body, headers = await asyncio.to_thread(seal, recipient, job.message, vapid, now=ctx.now())
    try:
        answer = await ctx.client.post_activity(to.endpoint, body, headers)
    except FetchError as error:
        log.info("push to %s failed: %s", job.push.delivery.host, error)
        return Outcome(End.AGAIN)
    if answer.status in {404, 410}:
        return Outcome(End.GONE)
    again = answer.status in {408, 429} or answer.status >= 500
    if not 200 <= answer.status < 300:
        log.info("push to %s answered %s", job.push.delivery.host, answer.status)
    return Outcome(End.AGAIN, min(answer.retry_after or 0, MOST_WAIT)) if again else Outcome(End.DONE)


async def settle(ctx: Context, job: Job, outcome: Outcome) -> None:
    """Write down how an attempt ended."""
    now, delivery = ctx.now(), job.push.delivery

    async def unit(tx: Transaction) -> None:
        if outcome.end is End.GONE:
            await push.delete_subscription(tx, token_id=job.push.subscription.token_id)
        elif outcome.end is End.DONE or delivery.attempts > len(RETRY_AFTER):
            await push.delete_deliveries(tx, {delivery.id})
        else:
            # `attempts` counts this one already: claiming raised it. Spread by a quarter, so that an outage has no echo.
            wait = int(RETRY_AFTER[delivery.attempts - 1] * (1 + random.random() / 4))  # noqa: S311  # no secret
            await push.reschedule(tx, delivery.id, due_at=now + max(wait, outcome.wait))

    await ctx.db.transact(unit)


async def deliver(ctx: Context, vapid: Vapid, job: Job) -> None:
    """One attempt and its record. A bug of ours costs that push a later attempt, not the queue."""
    try:
        outcome = await attempt(ctx, vapid, job)
    except Exception:
        log.exception("push %s could not be attempted", job.push.delivery.id)
        outcome = Outcome(End.AGAIN)
    await settle(ctx, job, outcome)


# Attempts under way, with the host that each is for.
_Running = dict[asyncio.Task[None], str]


async def run_push(ctx: Context, stop: asyncio.Event, owner: str) -> None:
    """Push until told to stop. A slow service occupies at most its own few places."""
    vapid = await read_vapid(ctx)
    running: _Running = {}
    while not stop.is_set():
        jobs, claimed = await claim(ctx, owner, limit=AT_ONCE - len(running), busy=_busy(running))
        running |= {asyncio.create_task(deliver(ctx, vapid, job)): job.push.delivery.host for job in jobs}
        if not claimed or len(running) >= AT_ONCE:
            await _rest(ctx, stop, running)
        for task in [task for task in running if task.done()]:
            running.pop(task)
            task.result()
    if running:
        _, hanging = await asyncio.wait(running, timeout=GRACE_SECONDS)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    await ctx.db.transact(lambda tx: push.release(tx, owner=owner, now=ctx.now()))


def _busy(running: _Running) -> frozenset[str]:
    hosts = list(running.values())
    return frozenset(host for host in hosts if hosts.count(host) >= PER_HOST)


async def _rest(ctx: Context, stop: asyncio.Event, running: _Running) -> None:
    """Until an attempt ends, something is committed, the next push is due, or it is time to stop."""
    due = await ctx.db.read(lambda tx: push.get_next_due(tx, busy=_busy(running)))
    seconds = IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.01, (due - ctx.now()) / 1000))
    waking = [asyncio.create_task(ctx.db.wait_for_commit(seconds)), asyncio.create_task(stop.wait())]
    await asyncio.wait([*waking, *running], return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
    for task in waking:
        task.cancel()
    await asyncio.gather(*waking, return_exceptions=True)
