"""What must happen by itself: slices pulled, lapsed memberships ended, attestations asked for again, history thinned."""

import asyncio
import logging
from functools import partial

from federation import memberships
from federation.act import Act, perform
from federation.attesting import attest
from federation.context import Context
from federation.delivery import claim, deliver
from federation.ending import empty_purged_groups, end_old_group_posts
from federation.inbox.process import process_batch
from federation.keeping import drop_overdue, forget_old_posts
from federation.leftovers import purge_left_groups
from federation.offering import offer_policies
from federation.outbox.agreements import warn_of_ends
from federation.outbox.losing import end_lost_groups
from federation.outbox.peers import follow_expiries
from federation.outbox.sanctions import erase_some
from federation.outbox.telling import tell_stopped
from federation.rounds import go_rounds
from federation.rules import get_rules
from federation.slices import pull_due
from federation.telling import send_notices
from storage import (
    actors,
    attestations,
    cards,
    decisions,
    deliveries,
    events,
    groups,
    inbox,
    mutes,
    sign_ups,
    statuses,
    trends,
)
from storage.database import Reader, Transaction
from storage.records import Actor

log = logging.getLogger(__name__)

SECOND = 1_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
ROUND_SECONDS = 20.0  # criteria that stop holding must end a membership within 60 s
THIN_EVERY = 10 * MINUTE
KEEP_EVENTS = 10 * MINUTE
KEEP_NONCES = 10 * MINUTE  # twice what a fresh signature may be old
KEEP_DONE = 2 * DAY  # longer than any signature is accepted: a replay must still be known
KEEP_KEYS = 60 * MINUTE  # as long as the same Idempotency-Key means the same post
KEEP_DECISIONS = 90 * DAY
KEEP_UNCONFIRMED = 7 * DAY  # as Mastodon


async def run_upkeep(ctx: Context, stop: asyncio.Event, owner: str) -> None:  # noqa: ARG001  # leases in the rows name no owner
    """Go round until told to stop. Every part may run in several processes at once: rows are claimed or acts repeatable."""
    thinned_at = 0

    async def work() -> None:
        nonlocal thinned_at
        await go_round(ctx)
        await ctx.db.transact(lambda tx: _count_trends(tx, ctx.now()))
        if ctx.now() - thinned_at > THIN_EVERY:
            thinned_at = ctx.now()
            await ctx.db.transact(lambda tx: _thin(tx, ctx.now()))
            await perform(ctx, drop_overdue)
            await forget_old_posts(ctx)
            await end_lost_groups(ctx)
            await purge_left_groups(ctx)
            await end_old_group_posts(ctx)
            await empty_purged_groups(ctx)

    await go_rounds(work, stop, seconds=ROUND_SECONDS, name="upkeep")


async def go_round(ctx: Context) -> None:
    """One round of everything that is due now."""
    await _refresh_attestations(ctx)
    await end_lapsed(ctx)
    await review_groups(ctx)
    await offer_policies(ctx)
    await send_notices(ctx)
    await perform(ctx, follow_expiries)
    await tell_stopped(ctx)
    await warn_of_ends(ctx)
    await erase_some(ctx)
    while await pull_due(ctx):
        pass


async def end_lapsed(ctx: Context) -> None:
    """Memberships of our groups whose attestation has ended are over, here and at the person's home."""
    for _, actor_id in await ctx.db.read(lambda tx: attestations.list_lapsed_members(tx, now=ctx.now())):

        async def unit(act: Act, actor_id: int = actor_id) -> None:
            actor = await actors.get_actor(act.tx, actor_id)
            if actor is not None:
                await memberships.reconsider(act, actor)

        await perform(ctx, unit)


async def review_groups(ctx: Context) -> None:
    """Who is in a group of ours is asked about again after every change of the ruleset or of the group's settings."""

    async def waiting(tx: Reader) -> list[int]:
        return await groups.list_unreviewed(tx, (await get_rules(tx)).version)

    for group_id in await ctx.db.read(waiting):
        await perform(ctx, partial(memberships.review, group_id=group_id))


async def _refresh_attestations(ctx: Context) -> None:
    """Ask again for the attestations of people elsewhere, daily at least and before they end: first for members of our
    groups, then for everybody, so that nobody tells members from others by whose badge stays.
    """
    now = ctx.now()

    async def stale(tx: Reader) -> list[Actor]:
        members = await groups.list_remote_members_attested_before(tx, moment=now - DAY // 2, limit=20)
        others = await attestations.list_remote_attested_before(tx, moment=now - DAY // 2, now=now, limit=20)
        return list({actor.id: actor for actor in (*members, *others)}.values())

    for actor in await ctx.db.read(stale):
        await attest(ctx, actor)


async def _count_trends(tx: Transaction, now: int) -> None:
    if await trends.claim_count(tx, now=now):
        await trends.count_trends(tx, now=now)


async def _thin(tx: Transaction, now: int) -> None:
    await events.delete_before(tx, now - KEEP_EVENTS)
    await inbox.delete_nonces_before(tx, now - KEEP_NONCES)
    await inbox.delete_finished_before(tx, now - KEEP_DONE)
    await deliveries.delete_finished_before(tx, now - KEEP_DONE)
    await statuses.delete_idempotent_before(tx, now - KEEP_KEYS)
    await mutes.delete_mutes_before(tx, now)
    await sign_ups.delete_unconfirmed(tx, before=now - KEEP_UNCONFIRMED)
    await cards.delete_unused_before(tx, now - DAY)
    await decisions.delete_before(tx, now - KEEP_DECISIONS)


async def drain(ctx: Context, owner: str = "drain") -> None:
    """Run the inbox and the delivery queue to rest, once: for tests and the demo."""
    while True:
        applied = await process_batch(ctx, owner)
        jobs, claimed = await claim(ctx, owner, limit=32, busy=frozenset())
        await asyncio.gather(*(deliver(ctx, job) for job in jobs))
        if not applied and not claimed:
            return
