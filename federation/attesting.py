"""Other institutions' attestations of their members: fetched where the actor links them, checked, kept, refreshed.

Only the instance actor of the member's own host may attest. An answer of 404 or 410 at a credential's address revokes
it; no answer leaves what was known, which grows stale (`policies.verification`).
"""

from dataclasses import dataclass

from federation import memberships
from federation.act import Act, perform
from federation.context import Context
from federation.failures import FetchError
from federation.resolve import admission, instance_signing, resolve_actor
from federation.verifying import check_with_key
from federation.wire.attestations import Credential, check_credential, parse_credential
from federation.wire.bounded import Document, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import same_origin
from federation.wire.proofs import parse_proof, verify_proof
from policies.verification import FRESH_FOR, Purpose
from storage import actors, attestations
from storage.records import Actor, Attestation, as_json

TYPES = ("application/vc", "application/vc+ld+json", "application/json", "application/ld+json")


@dataclass(frozen=True, slots=True)
class _Gone:
    """The issuer answers that there is no such credential (any more)."""


async def attest(ctx: Context, actor: Actor, purpose: Purpose = Purpose.READ, *, now_or_never: bool = False) -> None:
    """Ask the issuer of a remote actor's attestation again when its last answer is too old for a purpose.

    `now_or_never` asks whatever its age: the actor has just said that something changed.
    """
    if actor.local or actor.credential is None:
        return
    if not same_origin(actor.credential, actor.uri):
        return  # only an actor's own host may attest it: elsewhere there is nothing to ask for
    known = await ctx.db.read(lambda tx: attestations.get_attestation(tx, actor.id))
    same = known is not None and known.uri == actor.credential
    if known and same and not now_or_never and ctx.now() - known.fetched_at < FRESH_FOR[purpose] * 2 // 3:
        return
    found = await _fetch(ctx, actor.credential, actor.uri)
    if found is not None:
        await perform(ctx, lambda act: _store(act, actor, found))
    if isinstance(found, _Gone) and not now_or_never:
        await resolve_actor(ctx, actor.uri, refresh=True)  # who lost a profession does not show it any more either


async def _fetch(ctx: Context, link: str, subject: str) -> Credential | _Gone | None:
    sign, admitted = await instance_signing(ctx), await admission(ctx)
    try:
        fetched = await ctx.client.fetch_document(link, sign=sign, accept=TYPES, admitted=admitted)
    except FetchError as error:
        return _Gone() if error.status in {404, 410} else None
    try:
        return await _check(ctx, parse_json(fetched.body), link, subject)
    except (FetchError, ProtocolError):
        return None


async def _check(ctx: Context, document: Document, link: str, subject: str) -> Credential:
    method = parse_proof(document).verification_method
    proven = await check_with_key(ctx, method, lambda key: verify_proof(document, key, now=ctx.now()))
    credential = parse_credential(dict(proven.document))
    check_credential(credential, link_uri=link, subject_uri=subject, issuer_uri=proven.owner, now=ctx.now())
    await _require_instance_actor(ctx, proven.owner)
    return credential


async def _require_instance_actor(ctx: Context, uri: str) -> None:
    issuer = await ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, uri))
    if issuer is None or issuer.type != "Application":
        raise ProtocolError(Fault.CREDENTIAL_MISMATCH, f"{uri} is not an instance actor")


async def _store(act: Act, actor: Actor, found: Credential | _Gone) -> None:
    if isinstance(found, Credential):
        holder = await attestations.get_attestation_by_uri(act.tx, found.uri)
        if holder is not None and holder.actor_id != actor.id:
            return  # one credential, two subjects: its host answers as it likes, and the first one keeps it
        await attestations.upsert_attestation(act.tx, _record(act, actor, found))
    else:
        await attestations.revoke_attestation(act.tx, actor.id, now=act.now)
    await memberships.reconsider(act, actor)


def _record(act: Act, actor: Actor, credential: Credential) -> Attestation:
    return Attestation(
        actor_id=actor.id,
        uri=credential.uri,
        issuer=credential.issuer,
        level=credential.level,
        profession=credential.profession,
        specialties=as_json(sorted(credential.specialties)),
        jurisdiction=credential.jurisdiction,
        register=credential.register,
        checked_at=credential.valid_from,
        valid_until=credential.valid_until,
        revoked_at=None,
        fetched_at=act.now,
    )
