"""Who follows an actor from one host, or belongs to a group from there: told to that host alone (FEP-8fcf), so that it
learns where what it has differs from what we have.
"""

from federation.wire.digests import CollectionSynchronization, followers_digest, render_collection_synchronization
from policies.terms import Audience, Kind
from storage import follows, groups
from storage.database import Reader
from storage.records import Actor, Delivery

MOST = 5_000  # more would not fit into a document that others read


def partial_uri(actor: Actor) -> str:
    """Where a host finds its own share of an actor's followers."""
    return f"{actor.followers}?host=me"


async def list_followers_at(tx: Reader, actor: Actor, host: str, *, now: int) -> list[str]:
    """Uris of an actor's followers at one host ('' for here), `MOST` and one at the most; of a private group its present
    members.
    """
    if await groups.get_group(tx, actor.id) is not None:
        return await groups.list_members_at(tx, actor.id, host, now=now)
    return await follows.list_followers_at(tx, actor.id, host, limit=MOST + 1)


def tells(delivery: Delivery) -> bool:
    """Whether a delivery says whom its sender takes for followers there: it is for these alone, or a private group's own."""
    if delivery.kind != Kind.CONTENT:
        return False
    own = delivery.audience == Audience.GROUP and delivery.group_id == delivery.sender_id
    return own or delivery.audience == Audience.FOLLOWERS


async def synchronization(tx: Reader, sender: Actor, host: str, *, now: int) -> str:
    """The header's value for one host; "" when nobody there follows, or too many do."""
    uris = await list_followers_at(tx, sender, host, now=now)
    if not 0 < len(uris) <= MOST:
        return ""
    told = CollectionSynchronization(sender.followers or "", partial_uri(sender), followers_digest(uris))
    return render_collection_synchronization(told)
