"""What actors elsewhere show first on their profiles: posts of theirs, and hashtags. Read at their homes; what stands there
counts.
"""

from federation.act import Act, perform
from federation.context import Context
from federation.inbox.verified import Answer
from federation.resolve import fetch, resolve_object
from federation.wire.collections import first_page, parse_items
from federation.wire.objects import parse_hashtags
from federation.wire.origins import same_origin
from policies.admission import ActivityFacts, admit_activity
from policies.decision import Deny, Hold
from policies.ruleset import day_of
from policies.terms import Audience, Kind
from storage import featured, pins, statuses
from storage.records import Actor, Status

MOST_PINS = 5  # as many as we let members pin, and Mastodon lets its own
MOST_TAGS = 10


async def read_pins(ctx: Context, actor: Actor, url: str) -> Answer:
    """Public posts of the actor, each at its own id, are shown as pinned. FetchError, ProtocolError: they cannot be had."""
    named = await _list_pinned(ctx, url)
    found = [await resolve_object(ctx, uri) for uri in named]
    return await perform(ctx, lambda act: _pin(act, actor, [status for status in found if status is not None]))


async def _list_pinned(ctx: Context, uri: str) -> tuple[str, ...]:
    document = await fetch(ctx, uri)
    named = parse_items(document, MOST_PINS)
    page = first_page(document)
    if named or page is None:
        return named
    if isinstance(page, str):
        page = await fetch(ctx, page) if same_origin(page, uri) else {"type": "CollectionPage"}
    return parse_items(page, MOST_PINS)


async def _pin(act: Act, actor: Actor, found: list[Status]) -> Answer:
    refused = _admit(act, actor)
    if refused is not None:
        return refused
    await pins.delete_pins(act.tx, actor.id)
    for status in found:
        pinned = await _pinnable(act, actor, status)
        if pinned is not None and pinned.audience in {Audience.PUBLIC, Audience.UNLISTED}:
            await pins.insert_pin(act.tx, actor.id, pinned.id, now=act.now)
    return None


async def _pinnable(act: Act, actor: Actor, status: Status) -> Status | None:
    """Somebody pins what they wrote, a public group what it shows."""
    if status.actor_id == actor.id:
        return status
    return await statuses.get_boost(act.tx, actor.id, status.id) if actor.type == "Group" else None


async def read_tags(ctx: Context, actor: Actor, url: str) -> Answer:
    """The hashtags on the actor's profile. FetchError, ProtocolError: they cannot be had."""
    names = parse_hashtags(await fetch(ctx, url), MOST_TAGS)

    async def unit(act: Act) -> Answer:
        refused = _admit(act, actor)
        if refused is None:
            await featured.delete_tags_except(act.tx, actor.id, [name.lower() for name in names])
            for name in names:
                await featured.insert_tag(act.tx, actor.id, name, most=MOST_TAGS, now=act.now)
        return refused

    return await perform(ctx, unit)


def _admit(act: Act, actor: Actor) -> Answer:
    """None when what the actor's host shows may be shown here."""
    facts = ActivityFacts(actor.host, Kind.CONTENT, Audience.PUBLIC)
    decision = admit_activity(facts, act.rules.ruleset, day_of(act.now))
    if isinstance(decision, Hold):
        return decision
    return decision.reason if isinstance(decision, Deny) else None
