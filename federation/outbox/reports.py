"""Telling those who look after the instance about a person and some of their posts, and the person's home when asked to.

A report goes no further than its posts went: to the home of who wrote them, which has them, by the instance's own actor,
so that nobody there learns who reported.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from federation.act import Act, perform
from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.memberships import list_moderators
from federation.notifying import notify
from federation.outbox.follows import send_control
from federation.wire.render import render_activity
from policies.moderation import Act as Duty
from policies.moderation import roles_for
from storage import actors, groups, members, reports
from storage.ids import new_id
from storage.records import Actor, Report, Status, as_json
from storage.visibility import list_visible

STAFF = roles_for(Duty.HANDLE_REPORTS)


class UnknownError(LookupError):
    """There is no such person, or no such post of theirs, for who reports."""


@dataclass(frozen=True, slots=True)
class NewReport:
    """What a member reports. `rules`: numbers of the instance's rules."""

    target_id: int
    category: str
    comment: str = ""
    status_ids: tuple[int, ...] = ()
    rules: tuple[int, ...] = ()
    forward: bool = False


async def report(ctx: Context, reporter_id: int, new: NewReport) -> Report:
    """Store a report and tell those concerned. Raises UnknownError."""

    async def unit(act: Act) -> Report:
        target = await actors.get_actor(act.tx, new.target_id)
        posts = await list_visible(act.tx, new.status_ids, viewer=reporter_id, now=act.now)
        if target is None or any(post.actor_id != target.id for post in posts.values()):
            raise UnknownError
        if set(posts) != set(new.status_ids):
            raise UnknownError
        forwarded = new.forward and not target.local
        made = _make(act, reporter_id, new, forwarded=forwarded)
        await keep(act, made, posts.values())
        if forwarded:
            await _forward(act, made, target, posts.values())
        return made

    return await perform(ctx, unit)


def _make(act: Act, reporter_id: int, new: NewReport, *, forwarded: bool) -> Report:
    report_id = new_id(act.now)
    return Report(
        id=report_id,
        uri=act.ctx.origin.activity(report_id),
        actor_id=reporter_id,
        target_id=new.target_id,
        category=new.category,
        comment=new.comment,
        rules=as_json(new.rules),
        forwarded=int(forwarded),
        created_at=act.now,
        changed_at=act.now,
    )


async def keep(act: Act, made: Report, posts: Collection[Status]) -> None:
    """Store a report; those who handle them are told, and of posts in groups of ours the group and its moderators, who may
    read them.
    """
    await reports.insert_report(act.tx, made, [post.id for post in posts])
    told = set(await members.list_ids_with_roles(act.tx, STAFF))
    for group_id in {post.group_id for post in posts if post.group_id is not None}:
        group = await groups.get_group(act.tx, group_id)
        told |= {group_id, *await list_moderators(act.tx, group)} if group is not None and group.local else set()
    for owner in sorted(told - {made.actor_id}):
        await notify(act.tx, owner, "admin.report", made.actor_id, report_id=made.id, now=act.now)


async def _forward(act: Act, made: Report, target: Actor, posts: Iterable[Status]) -> None:
    instance = await actors.get_actor(act.tx, INSTANCE_ACTOR_ID)
    if instance is None:
        raise LookupError("the instance has no actor: it was not initialised")
    objects = [target.uri, *(post.uri for post in posts)]
    document = render_activity(
        made.uri, "Flag", instance.uri, objects, now=act.now, to=[target.uri], content=made.comment
    )
    await send_control(act, instance, document, made.id, target)
