"""Posts that members write now and publish later. The policies are asked when a post's time has come, as of any other.

Each is published once, by whichever process takes its row away in the transaction that stores the post. One that is
refused then comes back with the reason, for its author to see; it is not tried again until they give it another time.
"""

import asyncio
import logging
from dataclasses import asdict, replace
from functools import partial

import orjson

from federation.act import Act, perform
from federation.composing import resolve_names
from federation.context import Context
from federation.outbox import notes
from federation.outbox.notes import HOUR, Draft, FilesGoneError, ParentGoneError, Published, QuotedGoneError
from federation.outbox.polls import PollDraft
from federation.rounds import go_rounds
from policies.terms import Audience
from storage import members, scheduled, statuses
from storage.ids import new_id
from storage.records import Scheduled, Status, as_json
from storage.visibility import get_visible

AHEAD = 5 * 60_000  # less would be a race with the clock of whoever asks
MOST_SCHEDULED = 300
AT_ONCE = 100
ROUND_SECONDS = 5.0
PARENT_GONE, FILES_GONE, QUOTED_GONE = "parent_gone", "files_gone", "quoted_gone"

log = logging.getLogger(__name__)


class TooManyError(ValueError):
    """A member has as many posts waiting as may wait."""


async def schedule(ctx: Context, author_id: int, draft: Draft, due_at: int) -> Scheduled | Status:
    """Keep a post until its time. The same key answers the same post, once it is published as a Status.

    ParentGoneError, QuotedGoneError and FilesGoneError as when publishing, TooManyError when too many wait already.
    """
    return await perform(ctx, lambda act: _schedule(act, author_id, draft, due_at))


async def _schedule(act: Act, author_id: int, draft: Draft, due_at: int) -> Scheduled | Status:
    known = await _find_known(act, author_id, draft.idempotency_key) if draft.idempotency_key else None
    if known is not None:
        return known
    await members.lock_member(act.tx, author_id)
    if await scheduled.count_scheduled(act.tx, author_id) >= MOST_SCHEDULED:
        raise TooManyError
    if draft.in_reply_to and await get_visible(act.tx, draft.in_reply_to, viewer=author_id, now=act.now) is None:
        raise ParentGoneError(str(draft.in_reply_to))
    await notes.find_quoted(act.tx, draft.quoted_id, author_id, act.now)
    await notes.require_files(act.tx, author_id, draft.media_ids)
    made = Scheduled(
        id=new_id(act.now),
        actor_id=author_id,
        due_at=due_at,
        text=draft.text,
        audience=draft.audience,
        in_reply_to_id=draft.in_reply_to,
        summary=draft.summary,
        sensitive=int(draft.sensitive),
        language=draft.language,
        app_id=draft.app_id,
        reason="",
        about="",
        poll=as_json(asdict(draft.poll)) if draft.poll else "",
        created_at=act.now,
        quoted_id=draft.quoted_id,
        quote_policy=draft.quote_policy,
    )
    await scheduled.insert_scheduled(act.tx, made, draft.media_ids)
    if draft.idempotency_key:
        await statuses.insert_idempotent(act.tx, author_id, draft.idempotency_key, made.id, now=act.now)
    return made


async def _find_known(act: Act, author_id: int, key: str) -> Scheduled | Status | None:
    """What the same key made within the hour, whether it still waits or is published."""
    await statuses.lock_idempotent(act.tx, author_id, key, now=act.now)
    known = await statuses.get_idempotent(act.tx, author_id, key, since=act.now - HOUR)
    if known is None:
        return None
    waiting = await scheduled.get_scheduled(act.tx, known, actor_id=author_id)
    return waiting or await statuses.get_status(act.tx, known)


async def run_scheduled(ctx: Context, stop: asyncio.Event) -> None:
    """Publish what is due, every few seconds until told to stop. Any number of processes may do so at once."""
    await go_rounds(partial(publish_due, ctx), stop, seconds=ROUND_SECONDS, name="publishing what is due")


async def publish_due(ctx: Context) -> None:
    """Publish everything whose time has come; one that fails does not keep others waiting."""
    now = ctx.now()
    for one in await ctx.db.read(lambda tx: scheduled.list_due(tx, now=now, limit=AT_ONCE)):
        try:
            await resolve_names(ctx, one.text)
            await perform(ctx, partial(_publish, one))
        except Exception:
            log.exception("a scheduled post failed; it is tried again", extra={"fields": {"scheduled": one.id}})


async def _publish(one: Scheduled, act: Act) -> None:
    files = (await scheduled.list_files(act.tx, [one.id])).get(one.id, [])
    if not await scheduled.claim_due(act.tx, one.id, now=act.now):
        return
    media_ids = tuple(file.id for file in files)
    published = await _try(act, one, media_ids)
    if isinstance(published, Status):
        await statuses.replace_idempotent(act.tx, one.actor_id, one.id, published.id)
        return
    log.info("a scheduled post was refused", extra={"fields": {"scheduled": one.id, "reason": published.reason}})
    await scheduled.insert_scheduled(act.tx, published, media_ids)


def stored_poll(one: Scheduled) -> PollDraft | None:
    """The poll that is to come with a post that waits."""
    if not one.poll:
        return None
    kept = orjson.loads(one.poll)
    return PollDraft(**{**kept, "options": tuple(kept["options"])})


async def _try(act: Act, one: Scheduled, media_ids: tuple[int, ...]) -> Status | Scheduled:
    """The post as published; or as it waits again, with the reason why not."""
    draft = Draft(
        text=one.text,
        audience=Audience(one.audience),
        in_reply_to=one.in_reply_to_id,
        summary=one.summary,
        sensitive=bool(one.sensitive),
        language=one.language,
        media_ids=media_ids,
        poll=stored_poll(one),
        app_id=one.app_id,
        quoted_id=one.quoted_id,
        quote_policy=one.quote_policy or "nobody",
    )
    try:
        outcome = await notes.publish_in(act, one.actor_id, draft)
    except ParentGoneError:
        return replace(one, reason=PARENT_GONE)
    except QuotedGoneError:
        return replace(one, reason=QUOTED_GONE)
    except FilesGoneError:
        return replace(one, reason=FILES_GONE)
    if isinstance(outcome, Published):
        return outcome.status
    return replace(one, reason=outcome.reason, about=outcome.about)
