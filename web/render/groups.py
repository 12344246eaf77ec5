"""A group's settings, for who moderates it: Confrère's own entity."""

from policies.terms import Level
from storage.policy_offers import PolicyOffer
from storage.records import Actor, Group, PublicGroup, listed
from web.render.frame import Entity


def group_settings(group: Group | PublicGroup, actor: Actor) -> Entity:
    """What can be set of a group; of a public one there is less."""
    entity: Entity = {
        "id": str(actor.id),
        "acct": actor.acct,
        "title": actor.name,
        "description": group.description,
        "rules": listed(group.rules),
        "public": isinstance(group, PublicGroup),
        "joining": group.joining,
        "posting": group.posting,
    }
    if isinstance(group, PublicGroup):
        return entity
    return entity | {
        "reach": listed(group.reach),
        "level": Level(group.level).name.lower(),
        "professions": listed(group.professions),
        "specialties": listed(group.specialties),
        "countries": listed(group.countries),
        "files": bool(group.files),
        "members_shown": group.members_shown,
        "listed": bool(group.listed),
        "retention_days": group.retention_days,
        "case_days": group.case_days,
        "lease_hours": group.lease_hours,
        "question_tag": group.question_tag,
        "questions_of": group.questions_of,
        "closed": group.closed,
    }


def group_agreement(offer: PolicyOffer) -> Entity:
    """How far the posts of a host's people go, by its word; `waiting`: it was offered more and has not agreed."""
    return {
        "host": offer.host,
        "agreed": listed(offer.agreed),
        "digest": offer.agreed_digest,
        "waiting": offer.digest != offer.agreed_digest,
        "refusal": offer.refusal,
    }
