"""Posts in another language, by the service that the admin names (`web.outside.translate`).

Nothing is kept: the words of a post lie nowhere but in the post. Who may see it is asked first, then whether its words
may go to that service at all.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aiohttp import web

from federation.composing import clean_translated, translated_text
from policies.decision import Deny
from policies.terms import Audience
from policies.translation import may_translate
from storage import media, polls, views
from storage.database import Reader
from storage.oauth import Grant
from storage.records import Media, Poll, Status, listed
from storage.visibility import get_visible
from web.answers import answer
from web.auth import anyone, for_apps
from web.bodies import path_id, read_form
from web.errors import ApiError
from web.keys import CONTEXT
from web.outside.translate import PROVIDER, EngineError, Translated, Translator, find_translator
from web.pages.render import preferred_locale
from web.render import Entity
from web.showing import not_found

routes = web.RouteTableDef()

MOST_CHARACTERS = 50_000
# Mastodon's phrases.
_NOT_ALLOWED = "This action is not allowed"
_TROUBLE = {
    403: "The server-wide usage quota for the translation service has been exceeded.",
    429: "There have been too many requests to the translation service recently.",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A post with all in it that is translated."""

    status: Status
    poll: Poll | None
    media: Sequence[Media]
    locale: str

    @property
    def texts(self) -> list[str]:
        """As HTML, in the order in which `_render` takes them back."""
        options = listed(self.poll.options) if self.poll else []
        plain = [self.status.summary, *options, *(one.description for one in self.media)]
        return [self.status.content, *(escape(text, quote=False) for text in plain)]


@routes.get("/api/v1/instance/translation_languages")
@anyone
async def list_languages(request: web.Request) -> web.StreamResponse:
    """For each language, those it is translated to; `und` for posts that state none."""
    translator = find_translator(request.app)
    if translator is None:
        return answer({})
    try:
        languages = await translator.languages()
    except EngineError as error:
        raise _trouble(error) from error
    every = sorted({target for targets in languages.values() for target in targets})
    return answer({**{code: list(targets) for code, targets in languages.items()}, "und": every})


@routes.post("/api/v1/statuses/{id}/translate")
@for_apps("read:statuses")
async def translate(request: web.Request, grant: Grant) -> web.StreamResponse:
    translator, ctx = find_translator(request.app), request.app[CONTEXT]
    if translator is None:
        raise not_found()
    words = await ctx.db.read(lambda tx: _read_words(tx, path_id(request), grant.actor_id or 0, now=ctx.now()))
    if words is None:
        raise not_found()
    if isinstance(may_translate(Audience(words.status.audience), local=translator.engine.local), Deny):
        raise ApiError(403, _NOT_ALLOWED)
    target = (await read_form(request)).text("lang") or words.locale or preferred_locale(request)
    try:
        return answer(await _translate(translator, words, target.replace("_", "-")))
    except EngineError as error:
        raise _trouble(error) from error


async def _read_words(tx: Reader, status_id: int, viewer: int, *, now: int) -> Words | None:
    """Of a boost, the words of its original. None for what the viewer may not see."""
    status = await get_visible(tx, status_id, viewer=viewer, now=now)
    if status is not None and status.boost_of_id is not None:
        status = await get_visible(tx, status.boost_of_id, viewer=viewer, now=now)
    if status is None:
        return None
    files = (await media.list_media(tx, [status.id])).get(status.id, [])
    described = [one for one in files if one.description]
    locale = await views.get_locale(tx, viewer) if viewer else ""
    return Words(status, await polls.get_poll_of(tx, status.id), described, locale)


async def _translate(translator: Translator, words: Words, target: str) -> Entity:
    languages, source, texts = await translator.languages(), words.status.language, words.texts
    offered = languages.get(source, ()) if source else {one for several in languages.values() for one in several}
    if target not in offered:
        target = target.partition("-")[0]
    said = [number for number, text in enumerate(texts) if text]
    if target not in offered or not said or sum(map(len, texts)) > MOST_CHARACTERS:
        raise ApiError(403, _NOT_ALLOWED)
    found = await translator.translate([texts[number] for number in said], source, target)
    whole = dict(zip(said, found.texts, strict=True))
    in_order = Translated(tuple(whole.get(number, "") for number in range(len(texts))), found.source)
    return await asyncio.to_thread(_render, words, in_order, target)


def _render(words: Words, found: Translated, target: str) -> Entity:
    """Translation. What came back is cleaned like anything from elsewhere."""
    content = clean_translated(found.texts[0])
    if content is None:
        raise EngineError
    summary, *others = [translated_text(text) for text in found.texts[1:]]
    options = others[: len(others) - len(words.media)]
    described = others[len(options) :]
    entity: Entity = {
        "content": content,
        "spoiler_text": summary,
        "language": target,
        "media_attachments": [
            {"id": str(one.id), "description": text} for one, text in zip(words.media, described, strict=True)
        ],
        "detected_source_language": found.source,
        "provider": PROVIDER,
    }
    if words.poll is not None:
        entity["poll"] = {"id": str(words.poll.id), "options": [{"title": title} for title in options]}
    return entity


def _trouble(error: EngineError) -> ApiError:
    return ApiError(503, _TROUBLE.get(error.status, "Service Unavailable"))
