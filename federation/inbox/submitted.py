"""What the home of a private group elsewhere answers to a post or edit of ours: where it passed it on, or why it did not."""

from federation.act import Act, perform
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.outbox.telling import tell
from federation.resolve import resolve_instance
from federation.wire.values import id_of, many, text
from policies.decision import Reason
from policies.rules import HOST
from policies.sentences import sentence
from storage import receipts, refusals, statuses
from storage.members import Person, get_person
from storage.records import Actor, Status

MOST_HOSTS = 100
_UNKNOWN = {"fr": "Le motif n’a pas été compris.", "en": "Why was not understood."}


async def on_passed_on(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """The group names the hosts that it served; kept for explaining, and for taking the post back without the group."""
    uri = _named(verified)
    said = [one for one in many(verified.activity.raw.get("served")) if isinstance(one, str) and HOST.fullmatch(one)]
    hosts = sorted(set(said) - {ctx.origin.host})[:MOST_HOSTS]

    async def unit(act: Act) -> Answer:
        status = await statuses.get_status_by_uri(act.tx, uri)
        if status is None or status.group_id != actor.id or await get_person(act.tx, status.actor_id) is None:
            return "passes on nothing that was sent to it"
        await receipts.insert_served(act.tx, uri, hosts, now=act.now)
        return None

    answer = await perform(ctx, unit)
    if answer is None:  # so that there is an address when the post is taken back, and the group's home is gone
        for host in await ctx.db.read(lambda tx: receipts.list_strange(tx, hosts)):
            await resolve_instance(ctx, host)
    return answer


async def on_refused(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """The group itself refuses a post that waits for it, or an edit of one that it took; anything else, and a second time,
    changes nothing.
    """
    uri = _named(verified)
    edit = verified.activity.object_type == "Update"
    reason = text(verified.activity.raw.get("summary"))[:100]

    async def unit(act: Act) -> Answer:
        status = await statuses.get_status_by_uri(act.tx, uri)
        author = await get_person(act.tx, status.actor_id) if status else None
        if status is None or author is None or status.group_id != actor.id or bool(status.distributed) is not edit:
            return "refuses nothing that waits for it"
        if not await refusals.insert_refusal(act.tx, status.id, reason=reason, now=act.now):
            return "refused already"
        return await _tell(act, author, status, reason, edit=edit)

    return await perform(ctx, unit)


def _named(verified: Verified) -> str:
    """The post that is answered, or of which an edit is."""
    return id_of((verified.activity.embedded or {}).get("object")) or ""


async def _tell(act: Act, author: Person, status: Status, reason: str, *, edit: bool) -> Answer:
    """In the author's language, with no word of the post or its group but an address."""
    locale = author.member.locale
    words = _OF_EDIT[locale] if edit else _OF_POST[locale]
    refused = await tell(act, author, f"{words.format(url=status.url)} {_why(reason, locale)}")
    return None if refused is None else refused.reason


_OF_POST = {
    "fr": "Votre message {url} n’a pas été pris par son groupe : vous seul le voyez.",
    "en": "Your post {url} was not taken by its group: nobody but you sees it.",
}
_OF_EDIT = {
    "fr": "La modification de votre message {url} n’a pas été prise par son groupe : ailleurs, on lit ce qu’il disait avant.",
    "en": "The edit of your post {url} was not taken by its group: elsewhere it says what it said before.",
}


def _why(reason: str, locale: str) -> str:
    """A reason's sentence to a member; others' words are not shown to anybody."""
    known = next((one for one in Reason if one == reason), None)
    return sentence(known, reader="member", language="fr" if locale == "fr" else "en") if known else _UNKNOWN[locale]
