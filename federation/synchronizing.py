"""Who here follows an actor elsewhere, as its home says and as we have it: put right when the two differ (FEP-8fcf).

A home says so with what it sends. It heals lost answers: of a private group the slice is pulled, of everybody else the
list is read and believed about our own members, as far as it is whole.
"""

import logging
from dataclasses import dataclass

from federation.act import Act, perform
from federation.context import Context
from federation.followers import MOST, list_followers_at
from federation.outbox.follows import forget_follow, render_follow, send_undo
from federation.reading import FOLLOWERS, MINUTE, ask
from federation.resolve import fetch_listing
from federation.wire.collections import parse_whole
from federation.wire.digests import followers_digest, parse_collection_synchronization
from federation.wire.errors import ProtocolError
from federation.wire.origins import same_origin
from policies.terms import ACCOUNTS
from storage import actors, follows, groups
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import Actor, Follow

log = logging.getLogger(__name__)

HERE = ""
MOST_UNDONE = 100  # at a time


@dataclass(frozen=True, slots=True)
class _Differing:
    """An actor whose home has other followers here than we have, and where it lists them."""

    actor: Actor
    url: str
    is_group: bool


async def compare(ctx: Context, signer: str, header: str) -> None:
    """Take a Collection-Synchronization header of a request that this actor signed: a hint, whatever it says."""
    differing = await ctx.db.read(lambda tx: _compare(tx, signer, header, ctx.now()))
    if differing is not None:
        await ctx.db.transact(lambda tx: _have_it_read(tx, differing, ctx.now()))


async def _compare(tx: Reader, signer: str, header: str, now: int) -> _Differing | None:
    """None where nothing differs, or where it is not the actor's own collection, at its own home."""
    actor = await actors.get_actor_by_uri(tx, signer)
    try:
        told = parse_collection_synchronization(header)
        if actor is None or told.collection_id != actor.followers or not same_origin(told.url, actor.uri):
            return None
    except ProtocolError as error:
        log.info("followers of %s: %s", signer, error)
        return None
    ours = await list_followers_at(tx, actor, HERE, now=now)
    if followers_digest(ours) == told.digest:
        return None
    return _Differing(actor, told.url, await groups.get_group(tx, actor.id) is not None)


async def _have_it_read(tx: Transaction, differing: _Differing, now: int) -> None:
    if differing.is_group:
        await groups.hasten_slice_pull(tx, differing.actor.id, due_at=now + MINUTE)
    else:
        await ask(tx, FOLLOWERS, differing.actor, differing.url, now=now)


async def read_followers(ctx: Context, actor: Actor, url: str) -> None:
    """Read the list of an actor's followers here, and do as it says. FetchError, ProtocolError: it cannot be had whole."""
    before = await ctx.db.read(lambda tx: follows.list_accepted_here(tx, actor.id))
    listed = frozenset(parse_whole(await fetch_listing(ctx, url, home=actor.uri), MOST))
    await perform(ctx, lambda act: _put_right(act, actor, listed, before))


async def _put_right(act: Act, actor: Actor, listed: frozenset[str], before: list[Follow]) -> None:
    """Who is not listed follows no more; whose request is pending was accepted; who is listed and does not follow says so.

    Only who followed before the list was read can be missing from it.
    """
    found = [one for one in (await actors.list_actors_by_uri(act.tx, listed)).values() if one.local]
    here = {one.id for one in found}
    for old in before:
        if old.follower_id not in here:
            await forget_follow(act, old)
    strangers: list[Actor] = []
    for member in found:
        known = await follows.get_follow(act.tx, member.id, actor.id)
        if known is not None:
            await follows.accept_follow(act.tx, known)
        elif member.type in ACCOUNTS and member.disabled_at is None:
            strangers.append(member)
    for member in strangers[:MOST_UNDONE]:
        await _undo_unknown(act, member, actor)


async def _undo_unknown(act: Act, member: Actor, actor: Actor) -> None:
    """There is no Follow to name: the home finds it by whom it was of."""
    uri = act.ctx.origin.activity(new_id(act.now))
    await send_undo(act, member, render_follow(uri, member, actor), actor)
