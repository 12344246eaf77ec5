"""Reject(Create) by the home of a private group elsewhere: a post of ours was not taken, and its author is told."""

from federation.act import Act, perform
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.outbox.telling import tell
from federation.wire.values import id_of, text
from policies.decision import Reason
from policies.sentences import sentence
from storage import refusals, statuses
from storage.members import Person, get_person
from storage.records import Actor, Status

_UNKNOWN = {"fr": "Le motif n’a pas été compris.", "en": "Why was not understood."}


async def on_refused(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """The group itself refuses a post that waits for it; anything else, and a second time, changes nothing."""
    uri = id_of((verified.activity.embedded or {}).get("object")) or ""
    reason = text(verified.activity.raw.get("summary"))[:100]

    async def unit(act: Act) -> Answer:
        status = await statuses.get_status_by_uri(act.tx, uri)
        author = await get_person(act.tx, status.actor_id) if status else None
        if status is None or author is None or status.group_id != actor.id or status.distributed:
            return "refuses nothing that waits for it"
        if not await refusals.insert_refusal(act.tx, status.id, reason=reason, now=act.now):
            return "refused already"
        return await _tell(act, author, status, reason)

    return await perform(ctx, unit)


async def _tell(act: Act, author: Person, status: Status, reason: str) -> Answer:
    """In the author's language, with no word of the post or its group but an address."""
    locale = author.member.locale
    told = _why(reason, locale)
    words = (
        f"Votre message {status.url} n’a pas été pris par son groupe : vous seul le voyez. {told}"
        if locale == "fr"
        else f"Your post {status.url} was not taken by its group: nobody but you sees it. {told}"
    )
    refused = await tell(act, author, words)
    return None if refused is None else refused.reason


def _why(reason: str, locale: str) -> str:
    """A reason's sentence to a member; others' words are not shown to anybody."""
    known = next((one for one in Reason if one == reason), None)
    return sentence(known, reader="member", language="fr" if locale == "fr" else "en") if known else _UNKNOWN[locale]
