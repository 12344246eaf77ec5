"""Collections: people of this instance whom a member shows together, for everybody (Mastodon 4.6).

Not federated, so nobody elsewhere is in one. Who wants to be found may be put into any; who is in one may take
themselves out, for good. A private group is nobody in this sense: that would tell who its members are.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from aiohttp import web

from federation.notifying import notify
from storage import actors, featured_collections, notifications, relations, views
from storage.database import Reader, Transaction
from storage.featured_collections import MOST_COLLECTIONS, MOST_DESCRIPTION, MOST_ITEMS, MOST_NAME, Shown
from storage.ids import new_id
from storage.records import Actor, CollectionItem, FeaturedCollection
from storage.views import People
from web.answers import answer, empty
from web.api.accounts import require_known
from web.api.featured import parse_tag
from web.api.statuses import LANGUAGE
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import offset_links, parse_limit, parse_offset
from web.render import accounts, collection, collection_item
from web.showing import frame, in_order, not_found, viewer_id

routes = web.RouteTableDef()

# Asked with how many, and after how many.
Query = Callable[[Reader, int, int], Awaitable[list[Shown]]]


@routes.get("/api/v1/accounts/{id}/collections")
@routes.get("/api/v1_alpha/accounts/{id}/collections")
@public("read:collections")
async def list_collections(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    """To others those that are meant to be come upon, and none to whom their owner blocks."""
    owner_id, now = path_id(request), request.app[CONTEXT].now()

    async def query(tx: Reader, limit: int, offset: int) -> list[Shown]:
        await require_known(tx, owner_id, viewer, now)
        return await featured_collections.list_of(tx, owner_id, viewer=viewer_id(viewer), limit=limit, offset=offset)

    return await _show_page(request, query)


@routes.get("/api/v1/accounts/{id}/in_collections")
@routes.get("/api/v1_alpha/accounts/{id}/in_collections")
@requires("read:collections")
async def list_holding(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Which collections one is in oneself; of others it is not told."""
    actor_id, now = path_id(request), request.app[CONTEXT].now()

    async def query(tx: Reader, limit: int, offset: int) -> list[Shown]:
        await require_known(tx, actor_id, viewer, now)
        if actor_id != viewer.actor_id:
            raise _forbidden()
        return await featured_collections.list_holding(tx, actor_id, limit=limit, offset=offset)

    return await _show_page(request, query)


async def _show_page(request: web.Request, query: Query) -> web.Response:
    ctx, form = request.app[CONTEXT], read_query(request)
    limit, offset = parse_limit(form, default=40, most=80), parse_offset(form)
    found = await ctx.db.read(lambda tx: query(tx, limit, offset))
    headers = offset_links(request, offset=offset, limit=limit, count=len(found))
    return answer({"collections": [collection(one, ctx.origin) for one in found]}, headers=headers)


@routes.get("/api/v1/collections/{id}")
@routes.get("/api/v1_alpha/collections/{id}")
@public("read:collections")
async def get_collection(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    shown, owner_and_all, people = await read_collection(request, viewer, path_id(request))
    entities = accounts(owner_and_all, people, frame(request, viewer, people))
    return answer({"accounts": entities, "collection": collection(shown, request.app[CONTEXT].origin)})


async def read_collection(
    request: web.Request, viewer: Viewer | None, collection_id: int
) -> tuple[Shown, Sequence[Actor], People]:
    """A collection, its owner followed by who is in it, and what showing them needs; raises the 404."""
    asking = viewer_id(viewer)

    async def unit(tx: Reader) -> tuple[Shown, Sequence[Actor], People]:
        shown = await featured_collections.get_shown(tx, collection_id, viewer=asking)
        if shown is None:
            raise not_found()
        ids = [shown.collection.owner_id, *(item.actor_id for item in shown.items)]
        found = in_order(ids, await actors.list_shown(tx, ids))
        return shown, found, await views.load_people(tx, found, viewer=asking)

    return await request.app[CONTEXT].db.read(unit)


@routes.post("/api/v1/collections")
@routes.post("/api/v1_alpha/collections")
@requires("write:collections")
async def make_collection(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await read_form(request)
    now, ids = ctx.now(), list(dict.fromkeys(form.identifiers("account_ids")))
    begun = FeaturedCollection(new_id(now), viewer.actor_id, form.required("name"), "", None, 0, 0, "", now, now)
    made = _parse_collection(form, begun, now=now)

    async def unit(tx: Transaction) -> Shown:
        if await featured_collections.count_collections(tx, viewer.actor_id) >= MOST_COLLECTIONS:
            raise ApiError(422, "Validation failed: You have reached the maximum number of collections")
        await featured_collections.insert_collection(tx, made)
        places = zip(sorted(new_id(now) for _ in ids), ids, strict=True)  # in the order in which they are named
        items = [CollectionItem(place, made.id, actor_id, None, now) for place, actor_id in places]
        for item in items:
            await _put_in(tx, made, item)
        return Shown(made, items)

    return answer({"collection": collection(await ctx.db.transact(unit), ctx.origin)})


@routes.put("/api/v1/collections/{id}")
@routes.put("/api/v1_alpha/collections/{id}")
@routes.patch("/api/v1/collections/{id}")
@routes.patch("/api/v1_alpha/collections/{id}")
@requires("write:collections")
async def change_collection(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form, collection_id = request.app[CONTEXT], await read_form(request), path_id(request)
    now = ctx.now()

    async def unit(tx: Transaction) -> Shown:
        before = await _require_own(tx, viewer, collection_id)
        changed = _parse_collection(form, before.collection, now=now)
        await featured_collections.update_collection(tx, changed)
        if (changed.name, changed.description) != (before.collection.name, before.collection.description):
            await _tell_of_change(tx, Shown(changed, before.items), now=now)
        return Shown(changed, before.items)

    return answer({"collection": collection(await ctx.db.transact(unit), ctx.origin)})


async def _tell_of_change(tx: Transaction, shown: Shown, *, now: int) -> None:
    """Who is in it learns under which words they stand now."""
    one = shown.collection
    await notifications.delete_notifications_of_collection(tx, type_="collection_update", collection_id=one.id)
    for item in shown.items:
        await notify(tx, item.actor_id, "collection_update", one.owner_id, now=now, collection_id=one.id)


@routes.delete("/api/v1/collections/{id}")
@routes.delete("/api/v1_alpha/collections/{id}")
@requires("write:collections")
async def delete_collection(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, collection_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> None:
        own = await _require_own(tx, viewer, collection_id)
        await featured_collections.delete_collection(tx, own.collection.id)

    await ctx.db.transact(unit)
    return empty()


@routes.post("/api/v1/collections/{id}/items")
@routes.post("/api/v1_alpha/collections/{id}/items")
@requires("write:collections")
async def add_item(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form, collection_id = request.app[CONTEXT], await read_form(request), path_id(request)
    now, actor_id = ctx.now(), form.identifier("account_id")
    if actor_id is None:
        raise ApiError(422, "`account_id` parameter is missing")

    async def unit(tx: Transaction) -> CollectionItem:
        own = await _require_own(tx, viewer, collection_id)
        item = CollectionItem(new_id(now), collection_id, actor_id, None, now)
        await _put_in(tx, own.collection, item)
        return item

    return answer({"collection_item": collection_item(await ctx.db.transact(unit))})


@routes.delete("/api/v1/collections/{id}/items/{item_id}")
@routes.delete("/api/v1_alpha/collections/{id}/items/{item_id}")
@requires("write:collections")
async def delete_item(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, collection_id, item_id = request.app[CONTEXT], path_id(request), path_id(request, "item_id")

    async def unit(tx: Transaction) -> None:
        await _require_own(tx, viewer, collection_id)
        item = await _require_item(tx, collection_id, item_id)
        await featured_collections.delete_item(tx, item.id)

    await ctx.db.transact(unit)
    return empty()


@routes.post("/api/v1/collections/{id}/items/{item_id}/revoke")
@routes.post("/api/v1_alpha/collections/{id}/items/{item_id}/revoke")
@requires("write:collections")
async def revoke_item(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Take oneself out, also of a collection that one is no longer shown. Others' places are as absent as none."""
    ctx, collection_id, item_id = request.app[CONTEXT], path_id(request), path_id(request, "item_id")
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        item = await _require_item(tx, collection_id, item_id)
        if item.actor_id != viewer.actor_id:
            raise not_found()
        await featured_collections.revoke_item(tx, item.id, now=now)

    await ctx.db.transact(unit)
    return empty()


async def _put_in(tx: Transaction, one: FeaturedCollection, item: CollectionItem) -> None:
    """Raises what keeps somebody out; the 404 for who is no business of the owner's."""
    actor_id, now = item.actor_id, item.created_at
    if await relations.get_known(tx, actor_id, viewer=one.owner_id, now=now) is None:
        raise not_found()
    if actor_id not in await featured_collections.list_willing(tx, one.owner_id, [actor_id]):
        raise _forbidden()
    if await featured_collections.count_items(tx, one.id) >= MOST_ITEMS:
        raise ApiError(422, f"Validation failed: Collection items are limited to {MOST_ITEMS}")
    if not await featured_collections.insert_item(tx, item):
        raise ApiError(422, "Validation failed: Account has already been taken")
    await notify(tx, actor_id, "added_to_collection", one.owner_id, now=now, collection_id=one.id)


def _parse_collection(form: Form, before: FeaturedCollection, *, now: int) -> FeaturedCollection:
    """A collection as a request changes it; what the request does not name stays."""
    changes: dict[str, str | int | None] = {
        name: int(said) for name in ("sensitive", "discoverable") if (said := form.boolean(name)) is not None
    }
    for name, most in (("name", MOST_NAME), ("description", MOST_DESCRIPTION)):
        if form.given(name):
            changes[name] = _parse_words(form, name, most)
    if "language" in form:
        changes["language"] = _parse_language(form.text("language") or "")
    if "tag_name" in form:
        changes["tag"] = parse_tag(text) if (text := form.text("tag_name")) else ""
    return replace(before, updated_at=now, **changes)  # type: ignore[arg-type]  # each by its name


def _parse_words(form: Form, name: str, most: int) -> str:
    text = form.required(name) if name == "name" else (form.text(name) or "")
    if len(text) > most:
        raise ApiError(422, f"Validation failed: {name.title()} is too long (maximum is {most} characters)")
    return text.strip()


def _parse_language(asked: str) -> str | None:
    if asked and not LANGUAGE.fullmatch(asked):
        raise ApiError(422, "Validation failed: Language is invalid")
    return asked or None


async def _require_own(tx: Reader, viewer: Viewer, collection_id: int) -> Shown:
    """A collection that the viewer may change. Raises the 404, and 403 for one that others made."""
    shown = await featured_collections.get_shown(tx, collection_id, viewer=viewer.actor_id)
    if shown is None:
        raise not_found()
    if shown.collection.owner_id != viewer.actor_id:
        raise _forbidden()
    return shown


async def _require_item(tx: Reader, collection_id: int, item_id: int) -> CollectionItem:
    item = await featured_collections.get_item(tx, item_id, collection_id=collection_id)
    if item is None:
        raise not_found()
    return item


def _forbidden() -> ApiError:
    return ApiError(403, "This action is not allowed")
