"""What the institution tells its members. Nothing of it goes to other servers; whom and what it names is found here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from federation.composing import Composed, compose_text, list_emojis
from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from storage import announcements, audit
from storage.actors import get_actor
from storage.database import Reader, Transaction
from storage.events import MEMBERS, insert_event
from storage.ids import new_id
from storage.records import Announcement, as_json
from storage.visibility import get_visible

_PAGE = re.compile(r"/@[^/\s]+/([0-9]{1,18})\b")
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement as its author wrote it. Times in unix ms; `all_day`: they are days."""

    french: str = ""
    english: str = ""
    starts_at: int | None = None
    ends_at: int | None = None
    all_day: bool = False


async def publish_notice(ctx: Context, notice: Notice, *, by: str, announcement_id: int | None = None) -> int | None:
    """Tell all members, or tell them anew what an announcement says; None when there is no such one."""

    async def unit(tx: Transaction) -> int | None:
        now = ctx.now()
        former = None if announcement_id is None else await announcements.get_announcement(tx, announcement_id)
        if announcement_id is not None and former is None:
            return None
        made = await _compose(tx, ctx, notice, former)
        await announcements.upsert_announcement(tx, made)
        await insert_event(tx, owner_id=MEMBERS, type_="announcement", ref=made.id, now=now)
        await audit.append(
            tx, actor=by, act="announcement.update" if former else "announcement.add", subject=str(made.id), now=now
        )
        return made.id

    return await ctx.db.transact(unit)


async def remove_notice(ctx: Context, announcement_id: int, *, by: str) -> bool:
    """False when there is no such announcement."""

    async def unit(tx: Transaction) -> bool:
        if not await announcements.delete_announcement(tx, announcement_id):
            return False
        await insert_event(tx, owner_id=MEMBERS, type_="announcement.delete", ref=announcement_id, now=ctx.now())
        await audit.append(tx, actor=by, act="announcement.remove", subject=str(announcement_id), now=ctx.now())
        return True

    return await ctx.db.transact(unit)


async def _compose(tx: Reader, ctx: Context, notice: Notice, former: Announcement | None) -> Announcement:
    """Named as the instance itself would name: a hidden group is nobody here."""
    author = await get_actor(tx, INSTANCE_ACTOR_ID)
    if author is None:
        raise LookupError("no instance here")
    texts = [await compose_text(tx, ctx.origin, text, author) for text in (notice.french, notice.english)]
    french, english = texts
    now = ctx.now()
    return Announcement(
        id=former.id if former else new_id(now),
        french=french.html,
        english=english.html,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        all_day=int(notice.all_day),
        mentions=as_json(list(dict.fromkeys(actor.id for text in texts for actor in text.mentioned))),
        statuses=as_json(await _list_linked(tx, ctx, texts)),
        tags=as_json(list(dict.fromkeys(tag for text in texts for tag in text.tags))),
        emojis=await list_emojis(tx, ctx.origin, *(text.text for text in texts)),
        published_at=former.published_at if former else now,
        updated_at=now,
    )


async def _list_linked(tx: Reader, ctx: Context, texts: Sequence[Composed]) -> list[int]:
    """Posts of ours that everybody may see, whose pages are linked to."""
    found = [
        int(page[1]) for text in texts for page in re.finditer(re.escape(ctx.origin.base) + _PAGE.pattern, text.text)
    ]
    seen = [await get_visible(tx, one, viewer=NOBODY, now=ctx.now()) for one in dict.fromkeys(found)]
    return [one.id for one in seen if one]
