"""Posts, edits and deletions that somebody else tells of, a public group or a server that forwards: what the origin of the
post says now is what counts.
"""

from federation.act import perform
from federation.context import Context
from federation.failures import FetchError
from federation.inbox.notes import delete_post, take_edit
from federation.inbox.verified import Answer
from federation.resolve import fetch, resolve_object
from federation.wire.errors import Fault
from federation.wire.forwarded import Forwarded
from federation.wire.objects import parse_note
from federation.wire.values import type_of
from policies.decision import Reason
from policies.terms import Audience
from storage import actors, statuses
from storage.records import Actor, Status

FOR_EVERYBODY = frozenset({Audience.PUBLIC, Audience.UNLISTED})


async def on_forwarded(ctx: Context, told: Forwarded) -> Answer:
    """A new answer to a public post that is here, or what became of a public post that is here. One origin is not asked
    the same twice within half a minute.
    """
    status = await _stored(ctx, told.uri)
    if status is None and (told.type != "Create" or not await _is_public_here(ctx, told.answers)):
        return "forwarded, and nothing to us"
    if status is not None and told.type == "Create":
        return "known already"
    if ctx.forwarded.has(key := f"{told.type} {told.uri}", ctx.now()):
        return "forwarded a moment ago"
    ctx.forwarded.remember(key, ctx.now())
    if status is None:
        found = await resolve_object(ctx, told.uri)
        return None if found else "what is forwarded cannot be had, or is not public"
    if told.type == "Update":
        return await read_edit(ctx, status)
    return None if await delete_if_gone(ctx, status) else "still at its origin"


async def _stored(ctx: Context, uri: str) -> Status | None:
    return await ctx.db.read(lambda tx: statuses.get_status_by_uri(tx, uri))


async def _is_public_here(ctx: Context, uri: str | None) -> bool:
    status = await _stored(ctx, uri) if uri else None
    return status is not None and status.audience in FOR_EVERYBODY


async def read_edit(ctx: Context, status: Status) -> Answer:
    """Take a post as its origin has it, if it says that it was edited."""
    author = await _author_elsewhere(ctx, status)
    if author is None:
        return Reason.NOT_AUTHOR
    note = parse_note(await fetch(ctx, status.uri))
    if (note.uri, note.attributed_to) != (status.uri, author.uri):
        return str(Fault.ACTOR_MISMATCH)
    if note.updated is None:  # a post is not called edited because others say so
        return "not edited at its origin"
    return await perform(ctx, lambda act: take_edit(act, note, author, None))


async def delete_if_gone(ctx: Context, status: Status) -> bool:
    """Delete a post that its origin does not have any more. FetchError when the origin does not say."""
    author = await _author_elsewhere(ctx, status)
    if author is None or not await _is_gone(ctx, status.uri):
        return False
    await perform(ctx, lambda act: delete_post(act, status.uri, author))
    return True


async def _author_elsewhere(ctx: Context, status: Status) -> Actor | None:
    """The author of a post for everybody that is not ours: of no other is its origin asked because somebody says so."""
    if status.group_id is not None or status.audience not in FOR_EVERYBODY:
        return None
    author = await ctx.db.read(lambda tx: actors.get_actor(tx, status.actor_id))
    return author if author is not None and not author.local else None


async def _is_gone(ctx: Context, uri: str) -> bool:
    try:
        return type_of(await fetch(ctx, uri)) == "Tombstone"
    except FetchError as error:
        if error.status in {404, 410}:
            return True
        raise
