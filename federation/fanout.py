"""What a stored post does here: home timelines, notifications, open streams. The rule for who may see it is asked
again whenever it is read; here it is only decided whom to tell.
"""

from collections.abc import Collection, Iterable

from federation.notifying import notify
from federation.wire.links import first_link
from policies.terms import Audience
from storage import cards, follows, groups, statuses, tags, timelines, welcome
from storage.database import Reader, Transaction
from storage.events import EVERYBODY, insert_event, insert_events
from storage.records import Actor, Status
from storage.statuses import Mention
from storage.visibility import get_visible

# Older posts that we only now learn of are no news in public (Mastodon's window: 6 hours).
NEW = 6 * 3_600_000
SPREAD = 60_000


async def fan_out(tx: Transaction, status: Status, author: Actor, *, now: int, edited: bool = False) -> None:
    """Write a new (or edited) post into the home timelines of those here who should read it, and notify who is named."""
    named = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    mentioned = _here(named)
    if edited:
        holding = await timelines.list_home_owners(tx, status.id)
        await _tell_group(tx, status, "status.update", now)
        await insert_events(
            tx, await _welcoming(tx, holding, status, now), type_="status.update", ref=status.id, now=now
        )
        await _tell_everybody(tx, status, "status.update", now)
        await cards.detach_card(tx, status.id)
        await _look_at_link(tx, status, author, now)
    else:
        owners = await _readers(tx, status, author, mentioned, now)
        await timelines.insert_home(tx, status.id, await _welcoming(tx, owners, status, now), now=now)
        await _tell_group(tx, status, "update", now)
        await _tell_everybody(tx, status, "update", now)
        await _look_at_link(tx, status, author, now)
        if status.audience == Audience.DIRECT:
            await insert_events(
                tx, await _welcoming(tx, owners, status, now), type_="conversation", ref=status.id, now=now
            )
    if status.audience != Audience.DIRECT:  # who is sent a direct post is told of it, however it names them
        mentioned = _here(one for one in named if not one[0].silent)
    await _notify_mentioned(tx, status, author, mentioned, now)


async def _tell_everybody(tx: Transaction, status: Status, type_: str, now: int) -> None:
    """Those who listen to public streams learn of what is public, while it is new, and of nothing else."""
    new = type_ == "delete" or status.created_at > now - NEW
    if status.audience == Audience.PUBLIC and status.boost_of_id is None and new:
        await insert_event(tx, owner_id=EVERYBODY, type_=type_, ref=status.id, now=now)


async def _tell_group(tx: Transaction, status: Status, type_: str, now: int) -> None:
    """Whoever is signed in as the group hears of its posts; nobody listens as a group that lives elsewhere."""
    if status.audience == Audience.GROUP and status.group_id is not None:
        await insert_event(tx, owner_id=status.group_id, type_=type_, ref=status.id, now=now)


async def _look_at_link(tx: Transaction, status: Status, author: Actor, now: int) -> None:
    """Have a look taken at what a public post links to. Never for another: the look itself would tell of the post.

    A post from elsewhere waits up to a minute, so that not every server asks the page in the same second.
    """
    if status.audience != Audience.PUBLIC or status.boost_of_id is not None:
        return
    if (url := first_link(status.content)) is not None:
        await cards.attach_card(tx, status.id, url, now=now, wait=0 if author.local else status.id % SPREAD)


async def _welcoming(tx: Reader, owners: Collection[int], status: Status, now: int) -> set[int]:
    return await welcome.list_welcoming(tx, owners, status.id, now=now) if owners else set()


async def _readers(tx: Reader, status: Status, author: Actor, mentioned: set[int], now: int) -> set[int]:
    own = {author.id} if author.local else set()
    if status.audience == Audience.GROUP and status.group_id is not None:
        if not status.distributed:
            return own
        return own | set(await groups.list_local_member_ids(tx, status.group_id, now=now))
    if status.audience == Audience.DIRECT:
        return own | mentioned
    followers = set(await follows.list_local_follower_ids(tx, author.id, boosts_only=status.boost_of_id is not None))
    if status.in_reply_to_actor_id is not None and status.in_reply_to_actor_id != author.id:
        followers &= await _followers_of_both(tx, followers, status.in_reply_to_actor_id)
    return own | followers | await _tag_followers(tx, status)


async def _tag_followers(tx: Reader, status: Status) -> set[int]:
    """Only what is public comes by its tags: whom else it is for, its author has said."""
    if status.audience != Audience.PUBLIC:
        return set()
    return set(await tags.list_follower_ids(tx, status.id))


async def _followers_of_both(tx: Reader, followers: set[int], answered_id: int) -> set[int]:
    """A reply is shown to those who also follow whom it answers, or are answered: otherwise it lacks its context."""
    also = set(await follows.list_local_follower_ids(tx, answered_id))
    return followers & (also | {answered_id})


def _here(mentioned: Iterable[tuple[Mention, Actor]]) -> set[int]:
    return {actor.id for _, actor in mentioned if actor.local and actor.type != "Group"}


async def _notify_mentioned(tx: Transaction, status: Status, author: Actor, mentioned: set[int], now: int) -> None:
    for owner in sorted(mentioned - {author.id}):
        # A mention in a post that its reader may not see is no mention: its author named somebody outside the audience.
        if await get_visible(tx, status.id, viewer=owner, now=now) is not None:
            await notify(tx, owner, "mention", author.id, status_id=status.id, now=now)


async def announce_deletion(tx: Transaction, status: Status, *, now: int) -> None:
    """Tell open streams that a post is gone; call it while the post is still stored."""
    await insert_events(tx, await timelines.list_home_owners(tx, status.id), type_="delete", ref=status.id, now=now)
    await _tell_group(tx, status, "delete", now)
    await _tell_everybody(tx, status, "delete", now)
