"""Our own members' attestations as credentials, made afresh for each request: seven days, signed by the instance."""

from typing import Any

from federation.context import Context
from federation.signing import get_keys
from federation.wire.attestations import LIFETIME, Credential, render_credential
from federation.wire.proofs import sign_document
from policies.terms import Level
from storage import actors
from storage.database import Reader
from storage.records import Actor, Attestation, listed

DAY = 24 * 3_600_000


async def credential_document(tx: Reader, ctx: Context, member: Actor, attestation: Attestation) -> dict[str, Any]:
    """The credential of a member whose attestation is in force; it never outlives the attestation."""
    issuer = await actors.get_actor_by_uri(tx, ctx.origin.instance_actor)
    if issuer is None:
        raise LookupError("no instance actor: run `confrere init`")
    now = ctx.now()
    # Dated from midnight: the same credential all day, whoever asks and how often.
    begins = max(attestation.checked_at, now - now % DAY)
    credential = Credential(
        uri=attestation.uri,
        issuer=issuer.uri,
        issuer_name=issuer.name,
        subject=member.uri,
        profession=attestation.profession,
        specialties=frozenset(listed(attestation.specialties)),
        jurisdiction=attestation.jurisdiction,
        register=attestation.register,
        level=Level(attestation.level),
        checked_at=attestation.checked_at,
        valid_from=begins,
        valid_until=min(begins + LIFETIME, attestation.valid_until),
    )
    keys = await get_keys(tx, issuer.id, issuer.uri)
    return sign_document(render_credential(credential), keys.ed25519, created=now)
