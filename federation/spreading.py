"""A post of a member as activities for other servers, and what follows from a change of one. Decides nothing."""

from collections.abc import Iterable

from federation import groups as group_posts
from federation import public_groups as public_posts
from federation.act import Act
from federation.distribution import Outgoing, list_inboxes, send
from federation.documents import create_document, prove
from federation.facts import Parcel
from federation.fanout import fan_out
from federation.signing import get_keys
from policies.terms import Audience, Kind
from storage.follows import Inbox
from storage.ids import new_id
from storage.records import Actor, Status


async def send_post(act: Act, status: Status, author: Actor, *, kind: str, also: Iterable[Inbox] = ()) -> None:
    """The Create or Update around a post that is not group-only, to everybody whom it is for and to some more."""
    targets = [*await list_inboxes(act.tx, status, author), *also]
    if not targets:
        return
    activity_id, audience = new_id(act.now), Audience(status.audience)
    document = await create_document(
        act.tx, act.ctx.origin, status, uri=act.ctx.origin.activity(activity_id), now=act.now, kind=kind
    )
    keys = await get_keys(act.tx, author.id, author.uri)
    outgoing = Outgoing(activity_id, prove(document, keys.ed25519, audience, act.now), author.id, status.id)
    await send(act, outgoing, Parcel(Kind.CONTENT, audience, status.uri), targets)


async def spread_change(act: Act, status: Status, author: Actor, *, also: Iterable[Inbox] = ()) -> None:
    """A stored post is different now: open streams here and, of a member's, other servers learn of it."""
    await fan_out(act.tx, status, author, now=act.now, edited=True)
    if not author.local:
        return
    if status.audience == Audience.GROUP:
        await group_posts.submit(act, status, author, kind="Update")
        return
    await send_post(act, status, author, kind="Update", also=also)
    await public_posts.relay_edit(act, status, author)
