"""What our verification officers state about our members: recorded, told to followers' hosts, revoked."""

import secrets
from dataclasses import dataclass

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.outbox.profiles import send_update
from policies.terms import COUNTRY, PROFESSIONS, SPECIALTIES, Kind, Level
from storage import actors, attestations, audit
from storage.records import Actor, Attestation, as_json

YEAR = 365 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an officer has checked. `jurisdiction`: the country of practice (ISO 3166), or ''. `until` is unix ms; None means a year. Never a register number."""

    profession: str
    level: Level
    specialties: tuple[str, ...] = ()
    jurisdiction: str = ""
    register: str = ""
    until: int | None = None


async def verify(ctx: Context, actor_id: int, evidence: Evidence, *, by: str) -> None:
    """Record what a member is. ValueError for a profession, specialty or date that cannot be."""
    _check(evidence, ctx.now())

    async def unit(act: Act) -> None:
        actor = await _require_member(act, actor_id)
        known = await attestations.get_attestation(act.tx, actor_id)
        uri = known.uri if known else act.ctx.origin.credential(secrets.token_urlsafe(16))
        await attestations.upsert_attestation(act.tx, _attestation(act, actor_id, uri, evidence))
        await audit.append(
            act.tx,
            actor=by,
            act="member.verify",
            subject=actor.username,
            now=act.now,
            profession=evidence.profession,
            level=evidence.level.name.lower(),
        )
        await memberships.reconsider(act, actor)
        await send_update(act, actor)

    await perform(ctx, unit)


def _check(evidence: Evidence, now: int) -> None:
    if evidence.profession not in PROFESSIONS:
        raise ValueError(f"no profession {evidence.profession!r}: see policies/terms.py for the codes")
    for code in evidence.specialties:
        if code not in SPECIALTIES:
            raise ValueError(f"no specialty {code!r}: see policies/terms.py for the codes")
    if evidence.jurisdiction and COUNTRY.fullmatch(evidence.jurisdiction) is None:
        raise ValueError(f"a country has two letters, such as FR: {evidence.jurisdiction}")
    if evidence.until is not None and evidence.until <= now:
        raise ValueError("the last day is past")


def _attestation(act: Act, actor_id: int, uri: str, evidence: Evidence) -> Attestation:
    return Attestation(
        actor_id=actor_id,
        uri=uri,
        issuer=act.ctx.origin.instance_actor,
        level=evidence.level,
        profession=evidence.profession,
        specialties=as_json(list(evidence.specialties)),
        jurisdiction=evidence.jurisdiction,
        register=evidence.register,
        checked_at=act.now,
        valid_until=evidence.until or act.now + YEAR,
        revoked_at=None,
        fetched_at=act.now,
    )


async def revoke(ctx: Context, actor_id: int, *, reason: str, by: str) -> bool:
    """Take a verification back: memberships that need it end in the same transaction. False when there was none."""

    async def unit(act: Act) -> bool:
        actor = await _require_member(act, actor_id)
        if not await take_back(act, actor):
            return False
        await audit.append(act.tx, actor=by, act="member.revoke", subject=actor.username, now=act.now, reason=reason)
        return True

    return await perform(ctx, unit)


async def take_back(act: Act, actor: Actor) -> bool:
    """A member of ours is not verified any more, and what hung on it is over. False when they were not."""
    if not await attestations.revoke_attestation(act.tx, actor.id, now=act.now):
        return False
    await memberships.reconsider(act, actor)
    await send_update(act, actor, kind=Kind.RETRACTION)
    await memberships.leave_remote_groups(act, actor)
    return True


async def _require_member(act: Act, actor_id: int) -> Actor:
    actor = await actors.get_actor(act.tx, actor_id)
    if actor is None or not actor.local or actor.type != "Person":
        raise LookupError(f"no member {actor_id}")
    return actor
