"""What every entity is made with: where and for whom it is shown, dates, ids, emoji."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from federation.context import Origin, portrait
from policies.terms import Audience
from storage.records import CustomEmoji, listed
from web.links import Links

Entity = dict[str, Any]

# A group's members are nobody's followers, but the set is closed, and `private` is what hides the boost button (§12).
VISIBILITY: Mapping[str, str] = {
    Audience.PUBLIC: "public",
    Audience.UNLISTED: "unlisted",
    Audience.FOLLOWERS: "private",
    Audience.GROUP: "private",
    Audience.DIRECT: "direct",
}

# The badge: an emoji that only verified accounts carry. `federation` strips it from everybody's stored names.
BADGE = "verified_clinician"
NOBODY_MAY = {"automatic": [], "manual": [], "current_user": "denied"}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where, when and for whom something is shown. `viewer` is 0 for nobody; `locale` is `fr` or `en`."""

    origin: Origin
    links: Links
    now: int
    viewer: int = 0
    locale: str = "fr"


@lru_cache(maxsize=8192)
def moment(milliseconds: int) -> str:
    """`2026-11-22T10:00:00.000Z`: every client parses this form, and some no other."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def maybe_id(number: int | None) -> str | None:
    return None if number is None else str(number)


def custom_emoji(emoji: CustomEmoji, links: Links) -> Entity:
    """CustomEmoji of our own."""
    url = portrait(links.origin.media_base, "custom_emojis", emoji.id, emoji.file)
    return {
        "shortcode": emoji.shortcode,
        "url": url,
        "static_url": url,
        "visible_in_picker": True,
        "category": emoji.category or None,
    }


def badge(links: Links) -> Entity:
    """CustomEmoji: the badge, which is nothing to pick."""
    url = links.static("verified_clinician.png")
    return {"shortcode": BADGE, "url": url, "static_url": url, "visible_in_picker": False, "category": None}


def emojis(stored: str, links: Links) -> list[Entity]:
    """CustomEmoji that a post or person brought along. The badge is nobody's to bring."""
    if stored == "[]":
        return []
    return [
        {"shortcode": code, "url": url, "static_url": url, "visible_in_picker": False, "category": None}
        for code, url in ((code, links.emoji(address)) for code, address in listed(stored))
        if code != BADGE
    ]
