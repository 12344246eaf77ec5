"""What the policies ask about, read from storage in the transaction that acts on the answer. Decides nothing."""

from dataclasses import dataclass
from typing import Any

import orjson

from federation.rules import Rules
from federation.wire.origins import host_of
from policies import seats
from policies.admission import ActivityFacts
from policies.decision import Deny
from policies.delivery import SendFacts
from policies.posting import GroupFacts
from policies.reach import may_go_on
from policies.ruleset import Ruleset, group_reaches
from policies.seats import Seat
from policies.terms import GROUP_ONLY, Audience, Kind, Level, Part
from policies.verification import (
    AttestationFacts,
    Criteria,
    Verified,
    criteria_of_group,
    standing,
    verified_here,
)
from storage import actors, attestations, groups, policy_offers, statuses
from storage.database import Reader
from storage.records import Actor, Attestation, Group, Membership, listed

ACTIVE = "active"  # a group's reach that is not a list of hosts: every active peer


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a delivery carries, as far as the rules are concerned. `object_uri` names the post that it is about."""

    kind: Kind
    audience: Audience
    object_uri: str = ""
    group_id: int | None = None
    by: str = ""  # at distribution: the host of whose person's act about the post it is


def attestation_facts(actor: Actor, attestation: Attestation | None) -> AttestationFacts | None:
    """What is attested of an actor. A remote one's is taken only from the instance actor of its own host: `resolve`
    stores no other.
    """
    if attestation is None:
        return None
    return AttestationFacts(
        level=Level(attestation.level),
        profession=attestation.profession,
        valid_from=attestation.checked_at,
        valid_until=attestation.valid_until,
        specialties=frozenset(listed(attestation.specialties)),
        issuer=None if actor.local else host_of(attestation.issuer),
        by_instance_actor=True,
        confirmed_at=attestation.fetched_at,
        revoked=attestation.revoked_at is not None,
        country=attestation.jurisdiction,
    )


async def get_attestation_facts(tx: Reader, actor: Actor) -> AttestationFacts | None:
    return attestation_facts(actor, await attestations.get_attestation(tx, actor.id))


async def is_verified(tx: Reader, actor: Actor, ruleset: Ruleset, now: int) -> bool:
    """Whether an actor counts as verified on this instance."""
    facts = await get_attestation_facts(tx, actor)
    return isinstance(standing(facts, verified_here(ruleset), ruleset, now), Verified)


def own_criteria(group: Group, ruleset: Ruleset) -> Criteria:
    """What a private group of ours asks of everybody, before the ruleset narrows it: to be verified, and what it is set to."""
    verified = verified_here(ruleset)
    return Criteria(
        level=max(verified.level, Level(group.level)),
        professions=_asked(group.professions),
        specialties=_asked(group.specialties),
        countries=_asked(group.countries),
    )


def _asked(column: str) -> frozenset[str] | None:
    return frozenset(listed(column)) or None


def narrowed_criteria(group: Group, actor: Actor, ruleset: Ruleset) -> Criteria:
    """What a private group of ours asks of its members now."""
    return criteria_of_group(ruleset.groups.get(actor.username), own_criteria(group, ruleset))


def in_reach(group: Group, host: str) -> bool:
    """Whether the group's own setting lets its posts go to a host."""
    reach: Any = orjson.loads(group.reach)
    return bool(reach == ACTIVE or host in reach)


def reaches(group: Group, actor: Actor, host: str, ruleset: Ruleset) -> bool:
    """Whether a group of ours may have anything to do with a host: by its own setting, and by the ruleset's."""
    return in_reach(group, host) and group_reaches(ruleset, actor.username, host)


def is_capable(actor: Actor) -> bool:
    """Whether an actor's host declares that it enforces group-only posts: willingness, not proof."""
    return GROUP_ONLY in listed(actor.capabilities)


def activity_in_group(
    author: Actor, group: Actor, *, joined: bool, parts: frozenset[Part] = frozenset()
) -> ActivityFacts:
    """An act in a private group, by whoever brings it: the group's home, or the author's where the group is ours."""
    return ActivityFacts(
        host=group.host or author.host,
        kind=Kind.CONTENT,
        audience=Audience.GROUP,
        embedded=frozenset({author.host} - {group.host, ""}),
        capable=is_capable(author),
        joined=joined,
        parts=parts,
    )


async def group_facts(tx: Reader, group: Group, actor: Actor, author: Actor, ruleset: Ruleset, now: int) -> GroupFacts:
    """A private group as its would-be author stands to it now."""
    membership = await groups.get_membership(tx, group.actor_id, author.id)
    return GroupFacts(
        uri=actor.uri,
        member=is_present(membership, now),
        moderator=membership is not None and bool(membership.moderator),
        moderators_only=group.posting == "moderators",
        files=bool(group.files),
        closed=bool(group.closed),
        unmoderated=await is_unmoderated(tx, group, now),
        criteria=narrowed_criteria(group, actor, ruleset) if group.local else Criteria(),
    )


async def is_unmoderated(tx: Reader, group: Group, now: int) -> bool:
    """Whether nobody moderates a private group of ours at this moment; of another's we do not know."""
    return bool(group.local) and not await groups.has_moderator(tx, group.actor_id, now=now)


def is_present(membership: Membership | None, now: int) -> bool:
    """A member at this moment: neither ended nor lapsed."""
    return membership is not None and seats.is_present(
        Seat(membership.state, membership.epoch, membership.lease_until), now
    )


async def send_facts(
    tx: Reader, parcel: Parcel, host: str, rules: Rules, now: int, *, parts: frozenset[Part]
) -> SendFacts:
    """What `policies.delivery.may_send` asks, at distribution and again at every attempt. `parts`: what it carries."""
    if parcel.kind is not Kind.CONTENT:
        return SendFacts(host=host, kind=parcel.kind, audience=parcel.audience, parts=parts)
    verified = await _recipients_verified(tx, parcel, host, rules.ruleset, now)
    if parcel.group_id is None:
        return SendFacts(host=host, kind=parcel.kind, audience=parcel.audience, verified=verified, parts=parts)
    group, actor = await groups.get_group(tx, parcel.group_id), await actors.get_actor(tx, parcel.group_id)
    if group is None or actor is None:
        raise LookupError(f"no group {parcel.group_id}")
    members = await groups.has_active_member_of(tx, parcel.group_id, host=host, now=now)
    return SendFacts(
        host=host,
        kind=parcel.kind,
        audience=parcel.audience,
        verified=verified,
        capable=await has_capable_actor(tx, host),
        members=members,
        unconfirmed=not members and await groups.has_unconfirmed_member_of(tx, parcel.group_id, host=host),
        in_reach=in_reach(group, host) and await goes_on(tx, group, parcel, host),
        group=actor.username if group.local else "",
        onward=None if group.local else onward_hosts(group, host),
        parts=parts,
    )


async def goes_on(tx: Reader, group: Group, parcel: Parcel, host: str) -> bool:
    """Whether the homes of a post's author, and of who acts on it, agreed that it goes on to a host from a group of ours."""
    if not group.local:
        return True
    status = await statuses.get_status_by_uri(tx, parcel.object_uri)
    author = await actors.get_actor(tx, status.actor_id) if status is not None else None
    speakers = {parcel.by, author.host if author is not None else ""}
    return all([await _goes_on(tx, group.actor_id, host, speaker) for speaker in sorted(speakers)])


async def _goes_on(tx: Reader, group_id: int, host: str, speaker: str) -> bool:
    offer = await policy_offers.get_offer(tx, group_id, speaker) if speaker else None
    agreed = None if offer is None else frozenset(orjson.loads(offer.agreed))
    return not isinstance(may_go_on(host, speaker, agreed), Deny)


def onward_hosts(group: Group, home: str) -> frozenset[str]:
    """Where a remote group's posts may go on to, as its home last told us."""
    reach: Any = orjson.loads(group.reach)
    return frozenset(reach if isinstance(reach, list) else []) - {home}


async def has_capable_actor(tx: Reader, host: str) -> bool:
    return await actors.has_capability(tx, host=host, capability=GROUP_ONLY)


async def _recipients_verified(tx: Reader, parcel: Parcel, host: str, ruleset: Ruleset, now: int) -> bool:
    """Whether everybody at a host whom a direct post names is verified; for other audiences nobody is named."""
    if parcel.audience is not Audience.DIRECT:
        return False
    status = await statuses.get_status_by_uri(tx, parcel.object_uri)
    if status is None:
        return False
    mentioned = (await statuses.list_mentions(tx, [status.id])).get(status.id, [])
    there = [actor for _, actor in mentioned if actor.host == host]
    return bool(there) and all([await is_verified(tx, actor, ruleset, now) for actor in there])
