"""Emoji of our own: added and taken away by the admin. Which picture stands for what is theirs to judge, but for one."""

import re

from federation.context import Context
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.wire.sanitize import strip_badge
from storage import audit, custom_emojis, media
from storage.database import Transaction
from storage.ids import new_id
from storage.records import CustomEmoji

_SHORTCODE = re.compile(r"[A-Za-z0-9_]{2,50}")


class ShortcodeError(ValueError):
    """A short name that may not be. `claims`: it says that somebody is verified."""

    def __init__(self, shortcode: str, *, claims: bool) -> None:
        super().__init__(shortcode)
        self.claims = claims


def check_shortcode(shortcode: str) -> str:
    """Raises ShortcodeError. What says that somebody is verified belongs to the badge alone, whatever its picture."""
    if _SHORTCODE.fullmatch(shortcode) is None:
        raise ShortcodeError(shortcode, claims=False)
    written = f":{shortcode}:"
    if strip_badge(written) != written:
        raise ShortcodeError(shortcode, claims=True)
    return shortcode


async def add_emoji(ctx: Context, shortcode: str, file: str, *, category: str, by: str) -> CustomEmoji:
    """One more, with a picture of the media store; or a new picture for a name that is there."""
    emoji = CustomEmoji(new_id(ctx.now()), check_shortcode(shortcode), file, category, ctx.now())

    async def unit(tx: Transaction) -> CustomEmoji:
        await _remove(tx, shortcode, now=ctx.now())
        await custom_emojis.insert_emoji(tx, emoji)
        await audit.append(tx, actor=by, act="emoji.add", subject=shortcode, now=ctx.now())
        return emoji

    return await ctx.db.transact(unit)


async def remove_emoji(ctx: Context, shortcode: str, *, by: str) -> bool:
    """False when there is none. What used it shows its name from now on."""

    async def unit(tx: Transaction) -> bool:
        found = await _remove(tx, shortcode, now=ctx.now())
        if found:
            await audit.append(tx, actor=by, act="emoji.remove", subject=shortcode, now=ctx.now())
        return found

    return await ctx.db.transact(unit)


async def _remove(tx: Transaction, shortcode: str, *, now: int) -> bool:
    found = await custom_emojis.list_named(tx, [shortcode])
    for one in found:
        await custom_emojis.delete_emoji(tx, one.id)
        await media.insert_replaced(tx, one.file, media_id=new_id(now), actor_id=INSTANCE_ACTOR_ID, now=now)
    return bool(found)
