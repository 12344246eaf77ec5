"""A checked actor document as rows: the actor, its keys, and what it is as a private group. Fetches nothing."""

from dataclasses import replace
from typing import Any

from federation import memberships
from federation.act import Act
from federation.reading import ATTESTATION, PINS, TAGS, ask
from federation.wire.actors import RemoteActor
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import Handle, host_of
from federation.wire.parts import actor_without
from federation.wire.sanitize import clean_html, strip_badge
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Limit
from policies.membership import LEASE_HOURS
from policies.ruleset import day_of
from policies.terms import GROUP_ONLY, Audience, Kind, Part
from storage import actors, attestations, groups, moves
from storage.ids import new_id
from storage.records import Actor, ActorKey, Group, as_json


async def store_actor(act: Act, remote: RemoteActor, handle: Handle) -> Actor:
    """Insert or refresh an actor of another host, with as much of its profile as is wanted. Its counts and our own marks
    stay.
    """
    remote = _wanted(act, remote)
    stored = await actors.upsert_remote_actor(act.tx, _record(act, remote, handle))
    if stored.local:
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{remote.uri} is ours")
    keys = [ActorKey(key.id, stored.id, key.algorithm, key.material, None, act.now) for key in remote.keys]
    await actors.replace_keys(act.tx, stored.id, keys)
    if remote.credential is None and await attestations.revoke_attestation(act.tx, stored.id, now=act.now):
        await memberships.reconsider(act, stored)
    stored = await _follow_suspension(act, stored, suspended=remote.suspended)
    await moves.end_move(act.tx, stored.id, unless=remote.moved_to)
    if is_private_group(remote):
        await _store_group(act, remote, stored)
    else:
        await _have_shown(act, remote, stored)
    return stored


async def _have_shown(act: Act, remote: RemoteActor, stored: Actor) -> None:
    """What the profile shows first stands in lists of its own, and who its owner is in a credential: they are read in
    their turn. Were a credential read only for whoever does something here, badges would tell who does.
    """
    for kind, url in ((PINS, remote.featured), (TAGS, remote.featured_tags), (ATTESTATION, stored.credential)):
        if url is not None:
            await ask(act.tx, kind, stored, url, now=act.now)


def _wanted(act: Act, remote: RemoteActor) -> RemoteActor:
    facts = ActivityFacts(host_of(remote.uri), Kind.CONTROL, Audience.PUBLIC, parts=frozenset({Part.PROFILES}))
    decision = admit_activity(facts, act.rules.ruleset, day_of(act.now))
    return actor_without(remote, decision.changes if isinstance(decision, Limit) else ())


async def _follow_suspension(act: Act, stored: Actor, *, suspended: bool) -> Actor:
    """Who is suspended at home is shown to nobody here, until home says otherwise; what we suspended stays so."""
    changes: dict[str, Any] = {}
    if suspended and stored.disabled_at is None:
        changes = {"disabled_at": act.now, "disabled_by": "home"}
    if not suspended and stored.disabled_by == "home":
        changes = {"disabled_at": None, "disabled_by": ""}
    if changes:
        await actors.update_actor(act.tx, stored.id, **changes)
    return replace(stored, **changes)


def is_private_group(remote: RemoteActor) -> bool:
    """A group that asks for our group-only profile; any other group is followed like a person."""
    return remote.type == "Group" and remote.access_type == "closed" and GROUP_ONLY in remote.implements


def _record(act: Act, remote: RemoteActor, handle: Handle) -> Actor:
    return Actor(
        id=new_id(act.now),
        uri=remote.uri,
        host=host_of(remote.uri),
        type=remote.type,
        username=handle.name,
        handle_host=handle.host,
        name=strip_badge(remote.name),
        summary=clean_html(remote.summary),
        url=remote.url or remote.uri,
        avatar=remote.icon,
        header=remote.image,
        fields=as_json([[field.name, clean_html(field.value)] for field in remote.fields]),
        emojis=as_json([[emoji.shortcode, emoji.url] for emoji in remote.emojis]),
        capabilities=as_json(sorted(remote.implements)),
        inbox=remote.inbox,
        shared_inbox=remote.shared_inbox,
        outbox=remote.outbox,
        followers=remote.followers,
        following=remote.following,
        credential=remote.credential,
        locked=int(remote.manually_approves),
        discoverable=int(remote.discoverable),
        indexable=int(remote.indexable),
        followers_count=0,
        following_count=0,
        statuses_count=0,
        last_status_at=None,
        created_at=min(remote.published or act.now, act.now),
        updated_at=act.now,
        fetched_at=act.now,
        disabled_at=None,
        host_suspended=0,
    )


async def _store_group(act: Act, remote: RemoteActor, stored: Actor) -> None:
    known = await groups.get_group(act.tx, stored.id)
    if known is None:
        await groups.insert_group(act.tx, _group(act, stored.id))
    policy = remote.group_policy
    if policy is not None and policy.reach:  # told to members' hosts only; an answer without it takes nothing back
        others = [host for host in policy.reach if host != act.ctx.origin.host]
        await groups.update_group(act.tx, stored.id, reach=as_json(others))


def _group(act: Act, actor_id: int) -> Group:
    return Group(
        actor_id=actor_id,
        local=0,
        joining="request",
        posting="members",
        reach="[]",
        listed=1,
        lease_hours=LEASE_HOURS,
        epoch=0,
        pulled_at=0,
        created_at=act.now,
    )
