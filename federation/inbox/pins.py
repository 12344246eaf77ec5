"""Add to and Remove from what somebody elsewhere shows first on their profile (`featured`).

What the activity says is a hint: the actor and the collection are fetched, and what stands there counts. Collections of
other purposes (moderators of a community, replies, containers) are not read.
"""

from federation.act import Act, perform
from federation.context import Context
from federation.inbox.verified import Answer, Verified
from federation.resolve import fetch, resolve_object
from federation.wire.collections import first_page, parse_items
from federation.wire.origins import same_origin
from federation.wire.values import uri_of
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Deny, Hold
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import pins
from storage.records import Actor, Status

MOST_PINS = 5  # as many as we let members pin, and Mastodon lets its own


async def on_add(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody pinned a post of theirs: all their pins are read anew, since nobody says which of them are still there."""
    return await _read_anew(ctx, verified, actor)


async def on_remove(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    """Somebody took a post of theirs down again."""
    return await _read_anew(ctx, verified, actor)


async def _read_anew(ctx: Context, verified: Verified, actor: Actor) -> Answer:
    featured = uri_of((await fetch(ctx, actor.uri)).get("featured"))
    if featured is None or featured != verified.activity.target or not same_origin(featured, actor.uri):
        return "no collection of what its actor shows first"
    named = await _list_featured(ctx, featured)
    found = [await resolve_object(ctx, uri) for uri in named]
    return await perform(ctx, lambda act: _pin(act, actor, [status for status in found if status is not None]))


async def _list_featured(ctx: Context, uri: str) -> tuple[str, ...]:
    document = await fetch(ctx, uri)
    named = parse_items(document, MOST_PINS)
    page = first_page(document)
    if named or page is None:
        return named
    if isinstance(page, str):
        page = await fetch(ctx, page) if same_origin(page, uri) else {"type": "CollectionPage"}
    return parse_items(page, MOST_PINS)


async def _pin(act: Act, actor: Actor, found: list[Status]) -> Answer:
    facts = ActivityFacts(actor.host, Kind.CONTENT, Audience.PUBLIC)
    decision = admit_activity(facts, act.rules.ruleset, day_of(act.now))
    if isinstance(decision, Hold):
        return decision
    if isinstance(decision, Deny):
        return decision.reason
    await pins.delete_pins(act.tx, actor.id)
    for status in found:
        if status.actor_id == actor.id and status.audience in {Audience.PUBLIC, Audience.UNLISTED}:
            await pins.insert_pin(act.tx, actor.id, status.id, now=act.now)
    return None
