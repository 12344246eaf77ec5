"""A group of ours as the console shows it. Must not know any command."""

from typing import Any

from federation.outbox.group_settings import settings_of
from server.cli.console import moment
from server.cli.people import get_any_group
from storage import follows, groups, policy_offers, purges, receipts
from storage.database import Reader
from storage.policy_offers import PolicyOffer
from storage.records import PublicGroup, listed

MOST_WAITING = 1_000  # beyond that many nobody counts


async def describe_group(tx: Reader, name: str) -> dict[str, Any]:
    """What it is, what was set of it, and who waits. Refused for what is no group of ours."""
    group, actor = await get_any_group(tx, name)
    described = {
        "name": actor.username,
        "title": actor.name,
        "uri": actor.uri,
        "public": isinstance(group, PublicGroup),
        **settings_of(group),
    }
    if isinstance(group, PublicGroup):
        waiting = await follows.list_requests(tx, actor.id, before=2**62, limit=MOST_WAITING)
        return described | {"reach": [], "members": actor.followers_count, "waiting": len(waiting)}
    people = await groups.list_members(tx, group.actor_id, states=("active", "pending"))
    return described | {
        "reach": listed(group.reach),
        "agreements": [_agreement(one) for one in await policy_offers.list_offers(tx, actor.id)],
        "closed": group.closed,
        "deletions": [
            {"host": host, "asked": asked, "confirmed": confirmed}
            for host, asked, confirmed in await receipts.list_of_group(tx, actor.id)
        ],
        "not_purged": await purges.list_unsaid(tx, actor.id),
        "members": sum(each.membership.state == "active" for each in people),
        "waiting": sum(each.membership.state == "pending" for each in people),
    }


def _agreement(offer: PolicyOffer) -> dict[str, Any]:
    """What a host agreed to: where its people's posts go, and which policy; what it was asked since."""
    return {
        "host": offer.host,
        "agreed": listed(offer.agreed),
        "digest": offer.agreed_digest,
        "since": moment(offer.agreed_at) if offer.agreed_at else None,
        "waiting": offer.waiting,
        "refusal": offer.refusal,
    }
