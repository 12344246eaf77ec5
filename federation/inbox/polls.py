"""Votes from other hosts: counted where the poll's author is at home. In a private group they come by the group's home, which
passes them on to the author's home alone.
"""

from typing import Any

from federation import groups as group_posts
from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.facts import activity_in_group, reaches
from federation.inbox.verified import Answer, Verified
from federation.outbox.polls import NO_OPTION, OVER, VOTED, count, is_over, pass_on
from federation.verifying import require_proof
from federation.wire.objects import RemoteNote
from policies.admission import ActivityFacts
from policies.decision import Deny, Hold
from policies.terms import Audience, Kind, Part
from storage import actors, polls, statuses
from storage.ids import new_id
from storage.records import Actor, Group, Poll, Status, listed
from storage.visibility import get_visible

_VOTE = frozenset({Part.REACTIONS})
NO_POLL = "a vote in no poll of ours"


async def on_vote(ctx: Context, verified: Verified, note: RemoteNote, voter: Actor) -> Answer:
    """One choice of one voter. Whoever cannot see a poll votes in nothing."""
    if note.audience and not verified.relayed_by:
        await require_proof(ctx, verified.activity.raw)
    return await perform(ctx, lambda act: _vote(act, verified, note, voter))


async def _vote(act: Act, verified: Verified, note: RemoteNote, voter: Actor) -> Answer:
    status = await statuses.get_status_by_uri(act.tx, note.in_reply_to or "")
    known = await polls.get_poll_of(act.tx, status.id) if status else None
    poll = await polls.lock_poll(act.tx, known.id) if known else None
    author = await actors.get_actor(act.tx, status.actor_id) if status else None
    if status is None or poll is None or author is None:
        return NO_POLL
    facts = await _activity_facts(act, voter, status)
    decision = await admit(act, facts, verified.activity.id)
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    if not await _may_vote(act, verified, voter, status):
        return NO_POLL
    if not author.local:
        return await _pass_on(act, status, author, verified.activity.raw)
    return await _take(act, poll, note, voter, author)


async def _activity_facts(act: Act, voter: Actor, status: Status) -> ActivityFacts:
    if status.group_id is None:
        return ActivityFacts(voter.host, Kind.CONTENT, Audience(status.audience), parts=_VOTE)
    _, group = await group_posts.require_group(act.tx, status.group_id)
    return activity_in_group(voter, group, joined=True, parts=_VOTE)


async def _may_vote(act: Act, verified: Verified, voter: Actor, status: Status) -> bool:
    """A remote group's home vouches for its members; of all others we know ourselves what they may see."""
    if status.group_id is None:
        seen = await get_visible(act.tx, status.id, viewer=voter.id, now=act.now)
        return seen is not None and not verified.relayed_by
    group, group_actor = await group_posts.require_group(act.tx, status.group_id)
    if not group.local:
        return verified.relayed_by == group_actor.uri
    return not verified.relayed_by and await _is_within(act, group, group_actor, voter)


async def _is_within(act: Act, group: Group, group_actor: Actor, voter: Actor) -> bool:
    present = await group_posts.is_member(act.tx, group.actor_id, voter.id, act.now)
    return present and reaches(group, group_actor, voter.host, act.rules.ruleset)


async def _pass_on(act: Act, status: Status, author: Actor, activity: dict[str, Any]) -> Answer:
    if status.group_id is None or not (await group_posts.require_group(act.tx, status.group_id))[0].local:
        return NO_POLL
    await pass_on(act, status, author, activity)
    return None


async def _take(act: Act, poll: Poll, note: RemoteNote, voter: Actor, author: Actor) -> Answer:
    options = listed(poll.options)
    if is_over(poll, act.now):
        return OVER
    if note.name not in options:
        return NO_OPTION
    if not poll.multiple and await polls.list_votes_of(act.tx, poll.id, voter.id):
        return VOTED
    position = options.index(note.name)
    if not await polls.insert_vote(act.tx, new_id(act.now), poll.id, voter.id, position, uri=note.uri):
        return VOTED
    await count(act, poll, author, [position])
    return None
