"""Questions in private groups: brought to another group by their author, marked as answered. Each act in its own transaction."""

import re

from federation.act import Act, perform
from federation.context import Context
from federation.facts import is_present
from federation.outbox.notes import Draft, Published, publish_in
from policies.decision import Deny, Hold
from policies.routing import is_question, may_bring, may_mark
from policies.terms import Audience
from storage import actors, groups, questions, statuses
from storage.records import Status
from storage.visibility import get_visible


async def bring(ctx: Context, status_id: int, group_id: int, actor_id: int) -> Published | Deny | Hold | None:
    """Ask a question also in the group that it was offered to: a new post by its author, without its files and poll.

    None when the viewer has no such offer. Whether they may post there is asked as of any post.
    """

    async def unit(act: Act) -> Published | Deny | Hold | None:
        status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
        group = await actors.get_actor(act.tx, group_id)
        if status is None or group is None:
            return None
        decision = may_bring(author=status.actor_id == actor_id)
        if isinstance(decision, Deny):
            return decision
        if not await questions.take_offer(act.tx, status_id, group_id):
            return None
        outcome = await publish_in(act, actor_id, await _anew(act, status, group.username))
        if not isinstance(outcome, Published):
            raise _RefusedError(outcome)
        return outcome

    try:
        return await perform(ctx, unit)
    except _RefusedError as error:
        return error.decision


class _RefusedError(Exception):
    """It stays offered: what was written of it is undone with the transaction."""

    def __init__(self, decision: Deny | Hold) -> None:
        super().__init__(decision.reason)
        self.decision = decision


async def _anew(act: Act, status: Status, group_name: str) -> Draft:
    """The author's words with the other group's name in the place of the first one's."""
    first = await actors.get_actor(act.tx, status.group_id) if status.group_id is not None else None
    names = f"@{re.escape(first.username)}(@[\\w.:-]+)?(?![\\w@])" if first else "(?!)"
    words = re.sub(names, "", status.text, flags=re.IGNORECASE).strip()
    return Draft(
        f"@{group_name} {words}",
        Audience.FOLLOWERS,
        summary=status.summary,
        sensitive=bool(status.sensitive),
        language=status.language,
    )


async def mark(ctx: Context, group_id: int, status_id: int, actor_id: int, *, by: str, answered: bool) -> Deny | None:
    """Say that a question of a group is answered, or not after all. LookupError for what is none to the viewer."""

    async def unit(act: Act) -> Deny | None:
        status = await get_visible(act.tx, status_id, viewer=actor_id, now=act.now)
        group = await groups.get_group(act.tx, group_id)
        if status is None or group is None or status.group_id != group_id:
            raise LookupError("no such question")
        tags = frozenset((await statuses.list_tags(act.tx, [status_id])).get(status_id, []))
        if not is_question(tags, group.question_tag, reply=status.in_reply_to_uri is not None):
            raise LookupError("no question")
        known = await groups.get_membership(act.tx, group_id, actor_id)
        moderator = known is not None and is_present(known, act.now) and bool(known.moderator)
        decision = may_mark(author=status.actor_id == actor_id, moderator=moderator)
        if isinstance(decision, Deny):
            return decision
        if answered:
            await questions.insert_answered(act.tx, status_id, by=by, now=act.now)
        else:
            await questions.delete_answered(act.tx, status_id)
        return None

    return await perform(ctx, unit)
