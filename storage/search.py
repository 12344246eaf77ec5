"""Posts found by their words and what they are. Nobody finds what `storage.visibility` hides from them, nor posts of people
who have not agreed to be found by strangers (`indexable`, FEP-5feb).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage.database import Reader
from storage.pages import Page
from storage.records import Status
from storage.statuses import COLUMNS
from storage.visibility import MET, VISIBLE
from storage.word_index import Phrase, every_phrase, matching, some_phrase


class Within(StrEnum):
    """Where to look. LIBRARY: what the viewer wrote, was addressed in, marked, or reads in their groups.
    PUBLIC: what everybody may find. ALL: both.
    """

    ALL = "all"
    LIBRARY = "library"
    PUBLIC = "public"


class Trait(StrEnum):
    """What a post may have or be."""

    MEDIA = "media"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    POLL = "poll"
    REPLY = "reply"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Search:
    """Every part must hold. `phrases` and `without` are words as `storage.words` gives them; `languages` are codes;
    times are unix ms, the first included, the second not; `authors` and `group` are ids of actors.
    """

    phrases: tuple[Phrase, ...] = ()
    without: tuple[Phrase, ...] = ()
    traits: frozenset[Trait] = frozenset()
    lacking: frozenset[Trait] = frozenset()
    author: int | None = None
    not_authors: tuple[int, ...] = ()
    group: int | None = None
    language: str = ""
    not_language: str = ""
    since: int = 0
    until: int = 2**63 - 1
    within: Within = Within.ALL


_LIBRARY = """(s.actor_id = :viewer OR s.audience = 'group'
  OR EXISTS (SELECT 1 FROM mentions lm WHERE lm.status_id = s.id AND lm.actor_id = :viewer)
  OR EXISTS (SELECT 1 FROM favourites lf WHERE lf.status_id = s.id AND lf.actor_id = :viewer)
  OR EXISTS (SELECT 1 FROM bookmarks lb WHERE lb.status_id = s.id AND lb.actor_id = :viewer)
  OR EXISTS (SELECT 1 FROM statuses lo WHERE lo.boost_of_id = s.id AND lo.actor_id = :viewer))"""
_PUBLIC = f"(s.audience = 'public' AND a.indexable = 1 AND {MET})"
_WITHIN = {Within.ALL: f"({_PUBLIC} OR {_LIBRARY})", Within.LIBRARY: _LIBRARY, Within.PUBLIC: _PUBLIC}

_MEDIA = "EXISTS (SELECT 1 FROM media x WHERE x.status_id = s.id)"
_TRAITS = {
    Trait.MEDIA: _MEDIA,
    **{
        trait: f"EXISTS (SELECT 1 FROM media x WHERE x.status_id = s.id AND x.type = '{kind}')"
        for trait, kind in ((Trait.IMAGE, "image"), (Trait.VIDEO, "video"), (Trait.AUDIO, "audio"))
    },
    Trait.POLL: "EXISTS (SELECT 1 FROM polls x WHERE x.status_id = s.id)",
    Trait.REPLY: "s.in_reply_to_uri IS NOT NULL",
    Trait.SENSITIVE: "s.sensitive = 1",
}


async def list_found(tx: Reader, search: Search, page: Page, *, viewer: int, now: int, offset: int = 0) -> list[Status]:
    """Newest first."""
    conditions = " AND ".join(_conditions(tx, search))
    order = "ASC" if page.oldest_first else "DESC"
    found = await tx.rows(
        f"SELECT {COLUMNS} FROM statuses s JOIN actors a ON a.id = s.actor_id "
        f"WHERE s.id > :after AND s.id < :before AND s.boost_of_id IS NULL AND {conditions} AND {VISIBLE} "
        f"ORDER BY s.id {order} LIMIT :limit OFFSET :offset",
        **_parameters(tx, search),
        viewer=viewer,
        now=now,
        after=page.after,
        before=page.before,
        limit=page.limit,
        offset=offset,
    )
    statuses = [Status(*row) for row in found]
    return statuses[::-1] if page.oldest_first else statuses


def _conditions(tx: Reader, search: Search) -> Iterator[str]:
    yield _WITHIN[search.within]
    yield "s.created_at >= :since AND s.created_at < :until"
    if search.phrases:
        yield f"s.id IN ({matching(tx, 'words')})"
    if search.without:
        yield f"s.id NOT IN ({matching(tx, 'without')})"
    if search.author is not None:
        yield "s.actor_id = :author"
    if search.not_authors:
        yield "s.actor_id NOT IN :not_authors"
    if search.group is not None:
        yield "s.group_id = :group"
    if search.language:
        yield _spoken("language")
    if search.not_language:
        yield f"NOT {_spoken('not_language')}"
    yield from (_TRAITS[trait] for trait in sorted(search.traits))
    yield from (f"NOT {_TRAITS[trait]}" for trait in sorted(search.lacking))


def _spoken(parameter: str) -> str:
    """The language itself, or as it is spoken somewhere (`fr`, `fr-CA`)."""
    return f"coalesce(s.language = :{parameter} OR s.language LIKE :{parameter} || '-%', 1 = 0)"


def _parameters(tx: Reader, search: Search) -> dict[str, Any]:
    return {
        "words": every_phrase(tx, search.phrases),
        "without": some_phrase(tx, search.without),
        "author": search.author,
        "not_authors": search.not_authors,
        "group": search.group,
        "language": search.language,
        "not_language": search.not_language,
        "since": search.since,
        "until": search.until,
    }
