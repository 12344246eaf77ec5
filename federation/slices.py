"""Pulling our members' slices from the homes of remote groups: what keeps leases alive, and heals lost messages."""

import logging

from federation import memberships
from federation.act import perform
from federation.context import Context
from federation.failures import FetchError
from federation.memberships import Slice
from federation.resolve import admission, instance_signing, resolve_actor
from federation.verifying import check_with_key
from federation.wire.bounded import Document, parse_json
from federation.wire.errors import Fault, ProtocolError
from federation.wire.proofs import parse_proof, verify_proof
from federation.wire.values import integer, many, moment
from policies.membership import LEASE_HOURS
from policies.seats import Told
from storage import actors, groups
from storage.records import Actor

log = logging.getLogger(__name__)

HOUR = 3_600_000
PULL_EVERY = HOUR
PULL_LEASE = 60_000
RETRY_AFTER = 10 * 60_000


async def pull_due(ctx: Context) -> bool:
    """Pull one slice that is due, if any; True when there was one. No other process pulls it meanwhile."""
    now = ctx.now()
    group_id = await ctx.db.transact(lambda tx: groups.claim_slice_pull(tx, now=now, lease=PULL_LEASE))
    if group_id is None:
        return False
    group = await ctx.db.read(lambda tx: actors.get_actor(tx, group_id))
    pulled = group is not None and await pull(ctx, group)
    due = ctx.now() + (PULL_EVERY if pulled else RETRY_AFTER)
    await ctx.db.transact(lambda tx: groups.update_group(tx, group_id, pull_due_at=due, pull_lease_until=0))
    return True


async def pull(ctx: Context, group: Actor) -> bool:
    """Ask a group's home who of our members is one; False when it gave no good answer, and leases go on running out."""
    try:
        url, sign = f"{group.followers}?host=me", await instance_signing(ctx, fresh=True)
        _, body = await ctx.client.fetch_activity(url, sign, await admission(ctx))
        document = parse_json(body)
        told = await _verify(ctx, document, group)
    except (FetchError, ProtocolError) as error:
        log.info("no slice from %s: %s", group.host, error)
        silent = isinstance(error, FetchError) and error.passing
        await ctx.db.transact(lambda tx: groups.note_silence(tx, group.id, ctx.now() if silent else 0))
        return False
    await perform(ctx, lambda act: memberships.apply_slice(act, group, told))
    await resolve_actor(ctx, group.uri, refresh=True)  # its reach may have changed
    return True


async def _verify(ctx: Context, document: Document, group: Actor) -> Slice:
    """The group's own proof, about the group, for us: a slice made for another host would end our memberships."""
    method = parse_proof(document).verification_method
    found = await check_with_key(ctx, method, lambda key: verify_proof(document, key, now=ctx.now()))
    if found.owner != group.uri:
        raise ProtocolError(Fault.ACTOR_MISMATCH, f"a slice not proven by {group.uri}")
    proven = found.document
    epoch, issued = integer(proven.get("epoch"), 0, 2**63 - 1), moment(proven.get("published"))
    if proven.get("attributedTo") != group.uri or proven.get("audience") != ctx.origin.instance_actor:
        raise ProtocolError(Fault.ACTOR_MISMATCH, "a slice of another group, or for another host")
    if epoch is None or issued is None:
        raise ProtocolError(Fault.SHAPE, "a slice without epoch or date")
    hours = proven.get("lease")
    members = frozenset(uri for uri in many(proven.get("orderedItems")) if isinstance(uri, str))
    lease = float(hours) if isinstance(hours, int | float) else float(LEASE_HOURS)
    return Slice(members, Told(epoch, issued, lease))
