"""What waits here of other hosts, and for them, within the bounds of `policies.keeping`; what is older goes."""

from collections.abc import Iterable

from federation.act import Act, perform
from federation.context import Context
from federation.fanout import announce_deletion
from policies.decision import Decision, Reason
from policies.keeping import HeldFacts, held_since, kept_since, may_hold
from policies.ruleset import Ruleset
from storage import actors, deliveries, inbox, statuses
from storage.database import Reader
from storage.records import Status

AT_ONCE = 200


async def has_room_for_delivery(tx: Reader, host: str, ruleset: Ruleset, now: int) -> Decision:
    """Whether one more thing may be held for a host."""
    return may_hold(HeldFacts(host, await deliveries.count_held(tx, host)), ruleset, now)


async def has_room_for_item(tx: Reader, host: str, ruleset: Ruleset, now: int) -> Decision:
    """Whether one more activity of a host may be held."""
    held, size = await inbox.count_held(tx, host)
    return may_hold(HeldFacts(host, held, size), ruleset, now)


async def drop_overdue(act: Act) -> None:
    """What has been held for longer than the ruleset lets it, in both directions."""
    waiting = {*await inbox.list_held_hosts(act.tx), *await deliveries.list_held_hosts(act.tx)}
    for host in sorted(waiting):
        since = held_since(act.rules.ruleset, host, act.now)
        await inbox.give_up_held(act.tx, host, before=since, reason=Reason.HELD_TOO_LONG)
        await deliveries.give_up_held(act.tx, host, before=since, reason=Reason.HELD_TOO_LONG, now=act.now)


async def forget_old_posts(ctx: Context) -> None:
    """Posts of people at peers that are older than their agreements let us keep, some in each transaction."""

    async def unit(act: Act) -> bool:
        found = [
            status
            for host in act.rules.ruleset.peers
            if (since := kept_since(act.rules.ruleset, host, act.now)) is not None
            for status in await statuses.list_of_host_before(act.tx, host, since, limit=AT_ONCE)
        ]
        await forget(act, found)
        return bool(found)

    while await perform(ctx, unit):
        pass


async def forget(act: Act, found: Iterable[Status]) -> None:
    """These posts of others go, here alone."""
    for status in found:
        author = await actors.get_actor(act.tx, status.actor_id)
        await announce_deletion(act.tx, status, now=act.now)
        await statuses.delete_status(act.tx, status, actor_uri=author.uri if author else "", now=act.now)
