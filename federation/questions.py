"""A question in a private group is offered to the group of its specialty: its author is told, and nothing crosses by itself."""

from federation.act import Act
from federation.facts import is_present, is_unmoderated
from federation.groups import require_group
from federation.notices import Words, tell
from policies.decision import Allow
from policies.routing import OfferFacts, may_offer, specialties_of
from storage import groups, questions, statuses
from storage.records import Actor, Status


async def offer(act: Act, status: Status, author: Actor) -> None:
    """Ask a member of ours who has just posted whether another group of theirs shall have it too."""
    if status.group_id is None:
        return
    tags = frozenset((await statuses.list_tags(act.tx, [status.id])).get(status.id, []))
    asked_in, _ = await require_group(act.tx, status.group_id)
    for group_id in await questions.list_taking(act.tx, specialties_of(tags)):
        group, actor = await require_group(act.tx, group_id)
        facts = OfferFacts(
            tags=tags,
            question_tag=asked_in.question_tag,
            reply=status.in_reply_to_id is not None,
            takes=group.questions_of if group_id != status.group_id else "",
            member=is_present(await groups.get_membership(act.tx, group_id, author.id), act.now),
            shut=bool(group.closed) or await is_unmoderated(act.tx, group, act.now),
        )
        if isinstance(may_offer(facts), Allow):
            await questions.insert_offer(act.tx, status.id, group_id, now=act.now)
            await tell(act.tx, author.id, _words(status, actor), now=act.now)


def _words(status: Status, group: Actor) -> Words:
    name = group.name or group.username
    return Words(
        f"Votre question {status.url} peut aussi intéresser le groupe {name}, dont vous êtes membre. Elle n’y est pas : "
        "posez-la-y vous-même si vous le souhaitez.",
        f"Your question {status.url} may also be one for the group {name}, in which you are. It is not there: ask it there "
        "yourself if you want to.",
    )
