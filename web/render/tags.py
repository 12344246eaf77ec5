"""Hashtags, by themselves and on profiles."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from federation.context import Origin
from storage.featured import FeaturedTag
from storage.tags import Own, Reviewed, Use, tag_id
from web.render.frame import Entity, moment


def featured_tag(featured: FeaturedTag, origin: Origin) -> Entity:
    """FeaturedTag. Its count is a text, as Mastodon's is."""
    return {
        "id": str(featured.id),
        "name": featured.name,
        "url": tag_url(featured.name.lower(), origin),
        "statuses_count": str(featured.posts),
        "last_status_at": None if featured.last_at is None else moment(featured.last_at)[:10],
    }


def tag(
    name: str, origin: Origin, uses: Iterable[Use] = (), days: Iterable[int] = (), *, own: Own | None = None
) -> Entity:
    """Tag with its history on these days, in their order. `own` is None for who is nobody here, or is not told."""
    return {
        "id": str(tag_id(name)),
        "name": name,
        "url": tag_url(name, origin),
        "history": history(uses, days),
        **({} if own is None else {"following": own.following, "featuring": own.featuring}),
    }


def admin_tag(one: Reviewed, shown: Entity) -> Entity:
    """Admin::Tag; `shown` is the Tag."""
    return {
        **shown,
        "trendable": bool(one.trendable),
        "usable": bool(one.usable),
        "listable": bool(one.listable),
        "requires_review": one.reviewed_at is None,
    }


def history(uses: Iterable[Use], days: Iterable[int]) -> list[Entity]:
    """How often and by how many on each of these days, in their order; the numbers are texts."""
    used = {use.day: use for use in uses}
    listed = [used.get(day, Use(day, 0, 0)) for day in days]
    return [{"day": str(one.day * 86_400), "uses": str(one.uses), "accounts": str(one.people)} for one in listed]


def tag_url(name: str, origin: Origin) -> str:
    return f"{origin.base}/tags/{_quoted(name)}"


@lru_cache(maxsize=1024)
def _quoted(tag: str) -> str:
    return quote(tag)
