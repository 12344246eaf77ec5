"""Polls of our members, and their votes in others'.

A vote goes to the poll's author alone; in a private group to the group's home, which passes it on to the author's home and to
nobody else. Results come back as Update(Question), not more often than once a minute. Counting happens at the author's home.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from federation import groups as group_posts
from federation.act import Act, perform
from federation.context import Context
from federation.distribution import Outgoing, send
from federation.documents import prove
from federation.facts import Parcel
from federation.notifying import notify
from federation.rounds import go_rounds
from federation.signing import get_keys
from federation.spreading import spread_change
from federation.wire.render import render_activity, render_vote
from policies.terms import Audience, Kind
from storage import actors, groups, polls, statuses
from storage.database import Transaction
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Poll, Status, as_json, listed
from storage.visibility import get_visible

MINUTE = 60_000
AT_ONCE = 100
ROUND_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PollDraft:
    """A poll as its author asked for it, checked for form only. `seconds` from when it is published."""

    options: tuple[str, ...]
    seconds: int
    multiple: bool = False
    hide_totals: bool = False


class VoteError(ValueError):
    """A vote that cannot count. Its text is Mastodon's: toot compares it."""


SELF_VOTE = "You cannot vote in your own polls"
OVER = "The poll has already ended"
VOTED = "You have already voted on this poll"
NO_OPTION = "The chosen vote option does not exist"


def new_poll(draft: PollDraft, status_id: int, now: int) -> Poll:
    return Poll(
        id=new_id(now),
        status_id=status_id,
        options=as_json(draft.options),
        tallies=as_json([0] * len(draft.options)),
        voters=0,
        multiple=int(draft.multiple),
        hide_totals=int(draft.hide_totals),
        expires_at=now + draft.seconds * 1000,
        ended=0,
        changed_at=now,
        told_at=now,
    )


async def replace_poll(tx: Transaction, draft: PollDraft | None, status_id: int, now: int) -> None:
    """What an edit leaves: the same options keep their votes, others begin anew, no poll takes the former away."""
    known = await polls.get_poll_of(tx, status_id)
    made = new_poll(draft, status_id, now) if draft else None
    if known and made and (known.options, known.multiple) == (made.options, made.multiple):
        await polls.update_terms(tx, known.id, hide_totals=bool(made.hide_totals), expires_at=made.expires_at)
        return
    if known:
        await polls.delete_poll(tx, known.id)
    if made:
        await polls.insert_poll(tx, made)


# --- voting --------------------------------------------------------------------------------------------------------


async def vote(ctx: Context, actor_id: int, poll_id: int, choices: Sequence[int]) -> Poll | None:
    """Vote for options by their positions; None when the poll is hidden or gone, VoteError when the vote cannot count."""
    return await perform(ctx, lambda act: _vote(act, actor_id, poll_id, choices))


async def _vote(act: Act, actor_id: int, poll_id: int, choices: Sequence[int]) -> Poll | None:
    poll = await polls.lock_poll(act.tx, poll_id)
    status = await get_visible(act.tx, poll.status_id, viewer=actor_id, now=act.now) if poll else None
    if poll is None or status is None:
        return None
    chosen = sorted(set(choices))
    await _check_vote(act, poll, status, actor_id, chosen)
    found = await actors.list_actors(act.tx, [actor_id, status.actor_id])
    voter, author = found[actor_id], found[status.actor_id]
    for position in chosen:
        vote_id = new_id(act.now)
        uri = act.ctx.origin.object(vote_id)
        await polls.insert_vote(act.tx, vote_id, poll.id, actor_id, position, uri=uri)
        if not author.local:
            await _send_vote(act, voter, author, status, uri, listed(poll.options)[position])
    await count(act, poll, author, chosen)
    return await polls.get_poll(act.tx, poll_id)


async def _check_vote(act: Act, poll: Poll, status: Status, actor_id: int, chosen: Sequence[int]) -> None:
    if status.actor_id == actor_id:
        raise VoteError(SELF_VOTE)
    if is_over(poll, act.now):
        raise VoteError(OVER)
    if not all(0 <= position < len(listed(poll.options)) for position in chosen):
        raise VoteError(NO_OPTION)
    if await polls.list_votes_of(act.tx, poll.id, actor_id) or (len(chosen) > 1 and not poll.multiple):
        raise VoteError(VOTED)


def is_over(poll: Poll, now: int) -> bool:
    """Whether votes come too late."""
    return bool(poll.ended) or (poll.expires_at is not None and poll.expires_at <= now)


async def count(act: Act, poll: Poll, author: Actor, chosen: Sequence[int]) -> None:
    """At the author's home all votes are here; of others' polls we add our own to what their home said last."""
    if author.local:
        tallies, voters = await polls.count_votes(act.tx, poll.id, options=len(listed(poll.options)))
        await polls.update_tallies(act.tx, poll.id, as_json(tallies), voters=voters, changed_at=act.now)
        return
    tallies = [votes + (position in chosen) for position, votes in enumerate(listed(poll.tallies))]
    known = None if poll.voters is None else poll.voters + 1
    await polls.update_tallies(act.tx, poll.id, as_json(tallies), voters=known, changed_at=poll.changed_at)


async def _send_vote(act: Act, voter: Actor, author: Actor, status: Status, uri: str, option: str) -> None:
    activity_id = new_id(act.now)
    group = await group_posts.require_group(act.tx, status.group_id) if status.group_id is not None else None
    to = group[1].uri if group else author.uri
    note = render_vote(uri, voter.uri, option, status.uri, to) | ({"audience": to} if group else {})
    document = render_activity(
        act.ctx.origin.activity(activity_id),
        "Create",
        voter.uri,
        note,
        now=act.now,
        to=[to],
        audience=to if group else None,
    )
    if group is None:
        parcel = Parcel(Kind.CONTENT, Audience(status.audience), status.uri)
        await send(act, Outgoing(activity_id, document, voter.id), parcel, [Inbox(author.host, author.inbox)])
        return
    keys = await get_keys(act.tx, voter.id, voter.uri)
    proven = prove(document, keys.ed25519, Audience.GROUP, act.now)
    if group[0].local:
        await pass_on(act, status, author, proven)
        return
    parcel = Parcel(Kind.CONTENT, Audience.GROUP, status.uri, status.group_id)
    await send(act, Outgoing(activity_id, proven, voter.id), parcel, [Inbox(group[1].host, group[1].inbox)])


async def pass_on(act: Act, status: Status, author: Actor, activity: dict[str, Any]) -> None:
    """At the group's home: a vote goes on to the author's home and to nobody else, with its own proof."""
    group, actor = await group_posts.require_group(act.tx, status.group_id or 0)
    announce_id = new_id(act.now)
    document = group_posts.render_announce(act.ctx, announce_id, group, actor, activity)
    targets = await groups.list_member_hosts(act.tx, group.actor_id, now=act.now)
    if author.host in targets:  # else its author is a member no more, and nobody counts
        speaker = group_posts.speaker_of(act.ctx, activity)
        parcel = Parcel(Kind.CONTENT, Audience.GROUP, status.uri, group.actor_id, by=speaker)
        await send(act, Outgoing(announce_id, document, actor.id), parcel, [Inbox(author.host, targets[author.host])])


# --- results -------------------------------------------------------------------------------------------------------


async def run_polls(ctx: Context, stop: asyncio.Event) -> None:
    """Tell results and ends until told to stop. Any number of processes may do so at once."""
    await go_rounds(partial(tell_due, ctx), stop, seconds=ROUND_SECONDS, name="telling of polls")


async def tell_due(ctx: Context) -> None:
    """Everything about polls whose time has come."""
    now = ctx.now()
    for poll_id in await ctx.db.read(lambda tx: polls.list_ended(tx, now=now, limit=AT_ONCE)):
        await perform(ctx, partial(_end, poll_id))
    for poll_id in await ctx.db.read(lambda tx: polls.list_untold(tx, before=now - MINUTE, limit=AT_ONCE)):
        await perform(ctx, partial(_tell, poll_id))


async def _end(poll_id: int, act: Act) -> None:
    """Our voters and the author are notified, and other servers told of the last count."""
    if not await polls.claim_end(act.tx, poll_id):
        return
    poll = await polls.get_poll(act.tx, poll_id)
    status = await statuses.get_status(act.tx, poll.status_id) if poll else None
    if status is None:
        return
    for owner in sorted({*await polls.list_local_voter_ids(act.tx, poll_id), status.actor_id}):
        await notify(act.tx, owner, "poll", status.actor_id, status_id=status.id, now=act.now)
    await _spread_results(act, status)


async def _tell(poll_id: int, act: Act) -> None:
    poll = await polls.get_poll(act.tx, poll_id)
    if poll is None or not await polls.claim_telling(act.tx, poll_id, told_at=poll.told_at, now=act.now):
        return
    status = await statuses.get_status(act.tx, poll.status_id)
    if status is not None:
        await _spread_results(act, status)


async def _spread_results(act: Act, status: Status) -> None:
    """Open streams here, and whoever was sent the poll of a member of ours or voted in it."""
    author = await actors.get_actor(act.tx, status.actor_id)
    if author is None or author.disabled_at is not None:
        return
    poll = await polls.get_poll_of(act.tx, status.id)
    voters = (
        await polls.list_voter_inboxes(act.tx, poll.id) if poll and author.local and status.group_id is None else []
    )
    await spread_change(act, status, author, also=voters)
