"""Checking what others signed with the key that it names: stored, fetched, or fetched anew when keys were rotated.

A key counts when the document of its owner lists it, on one origin (FEP-fe34). Whether that owner may speak is asked
elsewhere; nothing is fetched from a host that is not admitted.
"""

from collections.abc import Callable
from typing import TypeVar

from federation.context import Context
from federation.failures import FetchError
from federation.resolve import fetch, take_actor
from federation.signing import public_key
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import PublicKey
from federation.wire.origins import same_origin
from federation.wire.proofs import parse_proof, verify_activity_proof
from federation.wire.values import id_of, type_of
from policies.terms import ACTORS
from storage import actors
from storage.database import Reader

T = TypeVar("T")

KEY_FAULTS = frozenset({Fault.SIGNATURE_INVALID, Fault.ALGORITHM_MISMATCH, Fault.KEY_MISMATCH})
KEY_REFRESH_MS = 5 * 60_000


async def check_with_key(ctx: Context, key_id: str, check: Callable[[PublicKey], T]) -> T:
    """What `check` makes of the key with an id. FetchError when it cannot be had now; ProtocolError when there is none,
    or what `check` raises.
    """
    return await check_with_known(ctx, key_id, await ctx.db.ask(lambda tx: get_stored_key(tx, key_id)), check)


async def require_proof(ctx: Context, activity: Document) -> None:
    """A group-only activity must carry its actor's proof: without one its members' homes could not check it."""
    method = parse_proof(activity).verification_method
    await check_with_key(ctx, method, lambda key: verify_activity_proof(activity, key, now=ctx.now()))


async def check_with_known(ctx: Context, key_id: str, known: PublicKey | None, check: Callable[[PublicKey], T]) -> T:
    """`check_with_key` where the stored key has just been read.

    One that does not fit is fetched anew once in five minutes: without a bound anybody could make us fetch by sending
    rubbish.
    """
    if known is None:
        return check(await fetch_key(ctx, key_id))
    try:
        return check(known)
    except ProtocolError as error:
        if error.reason not in KEY_FAULTS or not await _may_refresh(ctx, key_id):
            raise
    return check(await fetch_key(ctx, key_id))


async def _may_refresh(ctx: Context, key_id: str) -> bool:
    now = ctx.now()
    return await ctx.db.transact(lambda tx: actors.claim_key_refresh(tx, key_id, now=now, every=KEY_REFRESH_MS))


async def fetch_key(ctx: Context, key_id: str) -> PublicKey:
    """Fetch, check and store the actor whose key this is. FetchError, or ProtocolError when no actor there lists it: then
    nobody makes us look again for a while.
    """
    if ctx.missing_keys.has(key_id, ctx.now()):
        raise ProtocolError(Fault.KEY_MISMATCH, f"no key {key_id[:200]} a moment ago")
    try:
        return await _fetch_key(ctx, key_id)
    except (FetchError, ProtocolError) as error:
        if isinstance(error, ProtocolError) or error.status in {404, 410}:
            ctx.missing_keys.remember(key_id, ctx.now())
        raise


async def _fetch_key(ctx: Context, key_id: str) -> PublicKey:
    owner = key_id.partition("#")[0]
    document = await fetch(ctx, owner)
    if type_of(document) not in ACTORS or document.get("id") != owner:
        # GoToSocial: the key has an address of its own that gives a stub; its owner's document must list it.
        owner = id_of(document.get("owner") or document.get("id")) or ""
        if not same_origin(owner, key_id):
            raise ProtocolError(Fault.KEY_MISMATCH, f"{key_id[:200]} of {owner}")
        document = await fetch(ctx, owner)
    await take_actor(ctx, document)
    found = await ctx.db.ask(lambda tx: get_stored_key(tx, key_id))
    if found is None:
        raise ProtocolError(Fault.KEY_MISMATCH, f"no key {key_id[:200]}")
    return found


async def get_stored_key(tx: Reader, key_id: str) -> PublicKey | None:
    """A stored key with the uri of its owner; None when unknown, or when its owner is disabled here."""
    found = await actors.get_key_and_owner(tx, key_id)
    if found is None:
        return None
    key, owner = found
    return None if owner.local and owner.disabled_at is not None else public_key(key, owner.uri)
