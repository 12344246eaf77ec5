"""What the instance tells an author by a direct message: that a post did not reach everybody, and why. Once for each post."""

from itertools import groupby
from operator import attrgetter

from federation.act import Act, perform
from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.outbox.notes import Draft, Published, publish_in
from policies.decision import Deny, Hold, Reason
from policies.sentences import sentence
from policies.terms import Audience
from storage import refusals, statuses
from storage.members import Person, get_person
from storage.refusals import Stopped

DAY = 24 * 3_600_000
MOST_HOSTS = 3  # named in one message; a page says the rest
MOST_POSTS = 50  # in one round


async def tell_stopped(ctx: Context) -> None:
    """Tell authors of what was held or refused at the boundary since yesterday."""
    since = ctx.now() - DAY
    found = await ctx.db.ask(lambda tx: refusals.list_untold(tx, since=since, limit=MOST_POSTS))
    for _, stopped in groupby(found, attrgetter("status_id")):
        hosts = list(stopped)
        await perform(ctx, lambda act, hosts=hosts: _tell_of(act, hosts))  # type: ignore[misc]


async def _tell_of(act: Act, stopped: list[Stopped]) -> None:
    status = await statuses.get_status(act.tx, stopped[0].status_id)
    author = await get_person(act.tx, status.actor_id) if status else None
    if status is None or author is None:
        return
    if not await refusals.insert_refusal(act.tx, status.id, reason=stopped[0].reason, now=act.now):
        return
    french = author.member.locale == "fr"
    why = [_why(one, french=french) for one in stopped[:MOST_HOSTS]]
    page = f"{act.ctx.origin.base}/settings/posts/{status.id}"
    words = (
        f"Votre message {status.url} n’est pas parti partout. {' '.join(why)} Le détail : {page}"
        if french
        else f"Your post {status.url} did not go everywhere. {' '.join(why)} The details: {page}"
    )
    await tell(act, author, words)


def _why(stopped: Stopped, *, french: bool) -> str:
    return sentence(Reason(stopped.reason), reader="member", language="fr" if french else "en", about=stopped.host)


async def tell(act: Act, author: Person, words: str) -> Deny | Hold | None:
    """A direct message of the instance to a member, in their language; answers why it could not be said."""
    draft = Draft(f"@{author.actor.username} {words}", Audience.DIRECT, language=author.member.locale)
    published = await publish_in(act, INSTANCE_ACTOR_ID, draft)
    return None if isinstance(published, Published) else published
