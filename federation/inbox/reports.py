"""Flag from other hosts: somebody there tells us about a person here. Who exactly, their home need not say (Mastodon sends it
by its instance actor).
"""

from federation.act import Act, perform
from federation.admitting import admit
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.outbox.reports import keep
from federation.wire.sanitize import clean_lines
from federation.wire.values import ids_of, text
from policies.admission import ActivityFacts
from policies.decision import Deny, Hold
from policies.terms import Audience, Kind, Part
from storage import actors, listed_hosts, reports, statuses
from storage.ids import new_id
from storage.records import Actor, Report, Status

MOST_COMMENT = 5_000  # Mastodon cuts here, too


async def on_flag(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """A report for each person of ours that it names, with those of the named posts that are theirs."""

    async def unit(act: Act) -> Answer:
        facts = ActivityFacts(actor.host, Kind.CONTROL, Audience.DIRECT, parts=frozenset({Part.REPORTS}))
        decision = await admit(act, facts, verified.activity.id)
        if isinstance(decision, Hold):
            return decision
        if isinstance(decision, Deny):
            return decision.reason
        if await listed_hosts.rejects_reports(act.tx, actor.host):
            return "reports of this host are not wanted"
        named = ids_of(list(verified.activity.objects))
        posts = [post for uri in named if (post := await statuses.get_status_by_uri(act.tx, uri)) is not None]
        found = [await actors.get_actor_by_uri(act.tx, uri) for uri in named]
        people = {person.id for person in found if person is not None} | {post.actor_id for post in posts}
        count = 0
        for person_id in sorted(people):
            count += await _keep(
                act, verified, actor, person_id, [post for post in posts if post.actor_id == person_id]
            )
        return None if count else "nobody here is reported"

    return await perform(ctx, unit)


async def _keep(act: Act, verified: Verified, actor: Actor, person_id: int, posts: list[Status]) -> int:
    person = await actors.get_actor(act.tx, person_id)
    if person is None or not person.local or await reports.is_known(act.tx, verified.activity.id, person_id):
        return 0
    made = Report(
        id=new_id(act.now),
        uri=verified.activity.id,
        actor_id=actor.id,
        target_id=person_id,
        category="other",
        comment=clean_lines(text(verified.activity.raw.get("content")), MOST_COMMENT),
        rules="[]",
        forwarded=0,
        created_at=act.now,
        changed_at=act.now,
    )
    await keep(act, made, posts)
    return 1
