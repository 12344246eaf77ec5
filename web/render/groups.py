"""A group's settings, for who moderates it: Confrère's own entity."""

from federation.outbox.group_settings import settings_of
from storage.policy_offers import PolicyOffer
from storage.records import Actor, Group, PublicGroup, listed
from web.render.frame import Entity


def group_settings(group: Group | PublicGroup, actor: Actor) -> Entity:
    """What can be set of a group, and what it is besides."""
    entity: Entity = {"id": str(actor.id), "acct": actor.acct, "title": actor.name, **settings_of(group)}
    if isinstance(group, PublicGroup):
        return entity | {"public": True}
    return entity | {"public": False, "reach": listed(group.reach), "closed": group.closed}


def group_agreement(offer: PolicyOffer) -> Entity:
    """How far the posts of a host's people go, by its word; `waiting`: it was offered more and has not agreed."""
    return {
        "host": offer.host,
        "agreed": listed(offer.agreed),
        "digest": offer.agreed_digest,
        "waiting": offer.waiting,
        "refusal": offer.refusal,
    }
