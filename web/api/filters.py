"""Filters: words and posts that a member wants hidden or marked. Apps do the hiding; they are told in Status.filtered.

Version 1 shows each keyword as a filter of its own, as in Mastodon.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from aiohttp import web

from storage import filters
from storage.database import Reader, Transaction
from storage.events import FILTERS_CHANGED, insert_event
from storage.ids import new_id
from storage.records import Filter, FilterKeyword, FilterStatus, as_json
from storage.visibility import get_visible
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.render import Entity, filter_keyword, filter_status, whole_filter, whole_filter_v1
from web.showing import not_found

routes = web.RouteTableDef()

T = TypeVar("T")

CONTEXTS = ("home", "notifications", "public", "thread", "account")
ACTIONS = ("warn", "hide", "blur")
MOST_TITLE = 256
MOST_KEYWORD = 512
MOST_FILTERS = 100
MOST_RULES = 500
MOST_SECONDS = 100 * 365 * 24 * 3600


# --- version 2: filters ------------------------------------------------------------------------------------------


@routes.get("/api/v2/filters")
@requires("read:filters", group=True)
async def list_filters(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, now: int) -> list[Entity]:
        return await _show(tx, await filters.list_filters(tx, viewer.actor_id), now)

    return await _read(request, unit)


@routes.post("/api/v2/filters")
@requires("write:filters")
async def make_filter(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, now: int) -> Entity:
        made = _parse_filter(form, _blank(viewer, form.required("title"), now), now)
        await _insert_filter(tx, made)
        await _change_keywords(tx, made, form, now)
        return (await _show(tx, [made], now))[0]

    return await _write(request, viewer, unit)


@routes.get("/api/v2/filters/{id}")
@requires("read:filters")
async def get_filter(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, now: int) -> Entity:
        return (await _show(tx, [await _require(tx, request, viewer)], now))[0]

    return await _read(request, unit)


@routes.put("/api/v2/filters/{id}")
@routes.patch("/api/v2/filters/{id}")
@requires("write:filters")
async def change_filter(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, now: int) -> Entity:
        changed = _parse_filter(form, await _require(tx, request, viewer), now)
        await filters.update_filter(tx, changed)
        await _change_keywords(tx, changed, form, now)
        return (await _show(tx, [changed], now))[0]

    return await _write(request, viewer, unit)


@routes.delete("/api/v2/filters/{id}")
@requires("write:filters")
async def delete_filter(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Transaction, _: int) -> None:
        await filters.delete_filter(tx, (await _require(tx, request, viewer)).id)

    return await _write(request, viewer, unit)


# --- version 2: their words --------------------------------------------------------------------------------------


@routes.get("/api/v2/filters/{id}/keywords")
@requires("read:filters")
async def list_keywords(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, _: int) -> list[Entity]:
        found = await _require(tx, request, viewer)
        return [filter_keyword(one) for one in await filters.list_keywords(tx, [found.id])]

    return await _read(request, unit)


@routes.post("/api/v2/filters/{id}/keywords")
@requires("write:filters")
async def add_keyword(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, now: int) -> Entity:
        found = await _require(tx, request, viewer)
        return filter_keyword(await _insert_keyword(tx, found, form, now))

    return await _write(request, viewer, unit)


@routes.get("/api/v2/filters/keywords/{id}")
@requires("read:filters")
async def get_keyword(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, _: int) -> Entity:
        return filter_keyword(await _require_keyword(tx, path_id(request), viewer))

    return await _read(request, unit)


@routes.put("/api/v2/filters/keywords/{id}")
@routes.patch("/api/v2/filters/keywords/{id}")
@requires("write:filters")
async def change_keyword(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, _: int) -> Entity:
        changed = _parse_keyword(form, await _require_keyword(tx, path_id(request), viewer))
        await filters.update_keyword(tx, changed)
        return filter_keyword(changed)

    return await _write(request, viewer, unit)


@routes.delete("/api/v2/filters/keywords/{id}")
@requires("write:filters")
async def delete_keyword(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Transaction, _: int) -> None:
        await filters.delete_keyword(tx, (await _require_keyword(tx, path_id(request), viewer)).id)

    return await _write(request, viewer, unit)


# --- version 2: their posts --------------------------------------------------------------------------------------


@routes.get("/api/v2/filters/{id}/statuses")
@requires("read:filters")
async def list_statuses(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, now: int) -> list[Entity]:
        found = await _require(tx, request, viewer)
        named = await filters.list_statuses(tx, [found.id], owner_id=viewer.actor_id, now=now)
        return [filter_status(one) for one in named]

    return await _read(request, unit)


@routes.post("/api/v2/filters/{id}/statuses")
@requires("write:filters")
async def add_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    status_id = (await read_form(request)).identifier("status_id") or 0

    async def unit(tx: Transaction, now: int) -> Entity:
        found = await _require(tx, request, viewer)
        if await get_visible(tx, status_id, viewer=viewer.actor_id, now=now) is None:
            raise not_found()
        made = FilterStatus(new_id(now), found.id, status_id)
        await _require_room(tx, viewer.actor_id, now)
        if not await filters.insert_status_rule(tx, made):
            raise ApiError(422, "Validation failed: Status has already been taken")
        return filter_status(made)

    return await _write(request, viewer, unit)


@routes.get("/api/v2/filters/statuses/{id}")
@requires("read:filters")
async def get_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, now: int) -> Entity:
        return filter_status(await _require_status(tx, path_id(request), viewer, now))

    return await _read(request, unit)


@routes.delete("/api/v2/filters/statuses/{id}")
@requires("write:filters")
async def delete_status(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Transaction, now: int) -> None:
        await filters.delete_status_rule(tx, (await _require_status(tx, path_id(request), viewer, now)).id)

    return await _write(request, viewer, unit)


# --- version 1: a filter is a word -------------------------------------------------------------------------------


@routes.get("/api/v1/filters")
@requires("read:filters", group=True)
async def list_filters_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, _: int) -> list[Entity]:
        found = {one.id: one for one in await filters.list_filters(tx, viewer.actor_id)}
        return [whole_filter_v1(found[one.filter_id], one) for one in await filters.list_keywords(tx, found)]

    return await _read(request, unit)


@routes.post("/api/v1/filters")
@requires("write:filters")
async def make_filter_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, now: int) -> Entity:
        made = _parse_filter_v1(form, _blank(viewer, form.required("phrase"), now), now)
        await _insert_filter(tx, made)
        return whole_filter_v1(made, await _insert_keyword(tx, made, form, now, name="phrase"))

    return await _write(request, viewer, unit)


@routes.get("/api/v1/filters/{id}")
@requires("read:filters")
async def get_filter_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    async def unit(tx: Reader, _: int) -> Entity:
        keyword, found = await _require_v1(tx, request, viewer)
        return whole_filter_v1(found, keyword)

    return await _read(request, unit)


@routes.put("/api/v1/filters/{id}")
@routes.patch("/api/v1/filters/{id}")
@requires("write:filters")
async def change_filter_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)

    async def unit(tx: Transaction, now: int) -> Entity:
        keyword, found = await _require_v1(tx, request, viewer)
        changed, word = _parse_filter_v1(form, found, now), _parse_keyword(form, keyword, name="phrase")
        if changed != found and len(await filters.list_keywords(tx, [found.id])) > 1:
            raise ApiError(422, "This filter has several keywords: only an app that knows such filters can change it")
        await filters.update_filter(tx, changed)
        await filters.update_keyword(tx, word)
        return whole_filter_v1(changed, word)

    return await _write(request, viewer, unit)


@routes.delete("/api/v1/filters/{id}")
@requires("write:filters")
async def delete_filter_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """The last word takes its filter along, unless that names posts besides."""

    async def unit(tx: Transaction, now: int) -> None:
        keyword, found = await _require_v1(tx, request, viewer)
        await filters.delete_keyword(tx, keyword.id)
        others = await filters.list_keywords(tx, [found.id])
        if not others and not await filters.list_statuses(tx, [found.id], owner_id=viewer.actor_id, now=now):
            await filters.delete_filter(tx, found.id)

    return await _write(request, viewer, unit)


# --- reading what is asked ---------------------------------------------------------------------------------------


def _blank(viewer: Viewer, title: str, now: int) -> Filter:
    return Filter(new_id(now), viewer.actor_id, title, "[]", "warn", None, now)


def _parse_filter(form: Form, before: Filter, now: int) -> Filter:
    """A filter as a request changes it; what the request does not name stays."""
    title = form.required("title") if "title" in form else before.title
    action = form.text("filter_action") or before.action
    if len(title) > MOST_TITLE:
        raise ApiError(422, f"Validation failed: Title is too long (maximum is {MOST_TITLE} characters)")
    if action not in ACTIONS:
        raise ApiError(422, f"Validation failed: filter_action must be one of {', '.join(ACTIONS)}")
    return replace(_parse_manner(form, before, now), title=title, action=action)


def _parse_filter_v1(form: Form, before: Filter, now: int) -> Filter:
    irreversible = form.boolean("irreversible")
    action = before.action if irreversible is None else "hide" if irreversible else "warn"
    return replace(_parse_manner(form, before, now), title=before.title[:MOST_TITLE], action=action)


def _parse_manner(form: Form, before: Filter, now: int) -> Filter:
    """Where a filter holds, and until when."""
    context = as_json(list(dict.fromkeys(form.texts("context")))) if "context" in form else before.context
    if context == "[]" or set(form.texts("context")) - set(CONTEXTS):
        raise ApiError(422, "Validation failed: Context must name at least one place, and only known ones")
    return replace(before, context=context, expires_at=_parse_end(form, before.expires_at, now))


def _parse_end(form: Form, before: int | None, now: int) -> int | None:
    if "expires_in" not in form:
        return before
    seconds = form.integer("expires_in")
    if seconds is not None and not 0 <= seconds <= MOST_SECONDS:
        raise ApiError(422, "Validation failed: expires_in must be a number of seconds within a hundred years")
    return None if seconds is None else now + seconds * 1000


def _parse_keyword(form: Form, before: FilterKeyword, *, name: str = "keyword") -> FilterKeyword:
    keyword = form.required(name).strip() if name in form else before.keyword
    if len(keyword) > MOST_KEYWORD:
        raise ApiError(422, f"Validation failed: Keyword is too long (maximum is {MOST_KEYWORD} characters)")
    whole = form.boolean("whole_word")
    return replace(before, keyword=keyword, whole_word=before.whole_word if whole is None else int(whole))


# --- finding and writing -----------------------------------------------------------------------------------------


async def _read(request: web.Request, unit: Callable[[Reader, int], Awaitable[T]]) -> web.Response:
    ctx = request.app[CONTEXT]
    now = ctx.now()
    return answer(await ctx.db.read(lambda tx: unit(tx, now)))


async def _write(
    request: web.Request, viewer: Viewer, unit: Callable[[Transaction, int], Awaitable[T]]
) -> web.Response:
    """Change something, and let the member's other apps know that they should ask for their filters again."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def told(tx: Transaction) -> T:
        done = await unit(tx, now)
        await insert_event(tx, owner_id=viewer.actor_id, type_=FILTERS_CHANGED, ref=0, now=now)
        return done

    done = await ctx.db.transact(told)
    return empty() if done is None else answer(done)


async def _show(tx: Reader, found: list[Filter], now: int) -> list[Entity]:
    """Filters of one member with their words and posts, in a bounded number of queries."""
    ids, owner = [one.id for one in found], found[0].owner_id if found else 0
    words = await filters.list_keywords(tx, ids)
    posts = await filters.list_statuses(tx, ids, owner_id=owner, now=now)
    return [
        whole_filter(
            one,
            [word for word in words if word.filter_id == one.id],
            [post for post in posts if post.filter_id == one.id],
        )
        for one in found
    ]


async def _require(tx: Reader, request: web.Request, viewer: Viewer) -> Filter:
    """The viewer's own filter that the path names; the same 404 for another's as for none."""
    found = await filters.get_filter(tx, path_id(request), owner_id=viewer.actor_id)
    if found is None:
        raise not_found()
    return found


async def _require_keyword(tx: Reader, keyword_id: int, viewer: Viewer) -> FilterKeyword:
    found = await filters.get_keyword(tx, keyword_id, owner_id=viewer.actor_id)
    if found is None:
        raise not_found()
    return found


async def _require_status(tx: Reader, rule_id: int, viewer: Viewer, now: int) -> FilterStatus:
    found = await filters.get_status_rule(tx, rule_id, owner_id=viewer.actor_id, now=now)
    if found is None:
        raise not_found()
    return found


async def _require_v1(tx: Reader, request: web.Request, viewer: Viewer) -> tuple[FilterKeyword, Filter]:
    keyword = await _require_keyword(tx, path_id(request), viewer)
    found = await filters.get_filter(tx, keyword.filter_id, owner_id=viewer.actor_id)
    if found is None:
        raise not_found()
    return keyword, found


async def _insert_filter(tx: Transaction, made: Filter) -> None:
    if await filters.count_filters(tx, made.owner_id) >= MOST_FILTERS:
        raise ApiError(422, "Validation failed: You have reached the maximum number of filters")
    await filters.insert_filter(tx, made)


async def _insert_keyword(tx: Transaction, of: Filter, form: Form, now: int, *, name: str = "keyword") -> FilterKeyword:
    await _require_room(tx, of.owner_id, now)
    made = _new_keyword(form, new_id(now), of, name=name)
    await filters.insert_keyword(tx, made)
    return made


def _new_keyword(form: Form, keyword_id: int, of: Filter, *, name: str = "keyword") -> FilterKeyword:
    form.required(name)
    return _parse_keyword(form, FilterKeyword(keyword_id, of.id, "", 1), name=name)


async def _require_room(tx: Reader, owner_id: int, now: int, *, wanted: int = 1) -> None:
    """Every word is looked for in every post that a member is shown."""
    if await filters.count_rules(tx, owner_id, now=now) + wanted > MOST_RULES:
        raise ApiError(422, "Validation failed: You have reached the maximum number of filtered words and posts")


async def _change_keywords(tx: Transaction, of: Filter, form: Form, now: int) -> None:
    """`keywords_attributes`: words with an id are changed or deleted, others are new."""
    children = form.children("keywords_attributes")
    own = {one.id: one for one in await filters.list_keywords(tx, [of.id])}
    for child in (child for child in children if child.identifier("id") is not None):
        known = own.get(child.identifier("id") or 0)
        if known is None:
            raise not_found()
        if child.boolean("_destroy"):
            await filters.delete_keyword(tx, known.id)
        else:
            await filters.update_keyword(tx, _parse_keyword(child, known))
    new = [child for child in children if child.identifier("id") is None]
    if new:
        await _require_room(tx, of.owner_id, now, wanted=len(new))
    for keyword_id, child in zip(sorted(new_id(now) for _ in new), new, strict=True):
        await filters.insert_keyword(tx, _new_keyword(child, keyword_id, of))
