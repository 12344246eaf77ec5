"""Notifications, one by one (v1) and in groups (v2).

Likes, boosts and follows that concern the same thing within half a day form a group. A page of groups covers an unbroken
stretch of notifications, so that paging neither loses nor repeats one; a group may go on on the next page.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from aiohttp import web

from storage import notifications, relations, views
from storage.database import Reader
from storage.ids import first_id, milliseconds
from storage.markers import list_markers
from storage.notifications import Wanted
from storage.pages import Page
from storage.records import Actor, Notification, Status
from storage.views import Posts
from web import as_group
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.forms import Form, parse_id
from web.keys import CONTEXT
from web.pagination import links, parse_limit, parse_page
from web.render import Entity, Renderer, notification, notification_group
from web.showing import frame, in_order, not_found, show_people, stored_page

routes = web.RouteTableDef()

GROUPED = ("favourite", "reblog", "follow")
STRETCH = 12 * 3_600_000
# A page of groups looks at this many notifications for each group asked for, at most.
DEPTH = 8
UNREAD = 100
MOST_UNREAD = 1_000

_KEY = re.compile(r"(favourite|reblog|follow)(?:-([0-9]{1,19}))?-([0-9]{1,6})")


@routes.get("/api/v1/notifications")
@requires("read:notifications", group=True)
async def list_single(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    page = parse_page(form, default=40, most=80)
    found, shown = await _read(request, viewer, _page_of(viewer, stored_page(page), _parse_wanted(form)))
    entities = [notification(one, shown, status) for one, status in found]
    return answer(entities, headers=links(request, page, [one.id for one, _ in found]))


@routes.get("/api/v1/notifications/unread_count")
@requires("read:notifications", group=True)
async def count_unread(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    limit = parse_limit(form, default=UNREAD, most=MOST_UNREAD)
    return answer({"count": len(await _list_unread(request, viewer, _parse_wanted(form), limit))})


@routes.post("/api/v1/notifications/clear")
@routes.post("/api/v2/notifications/clear")
@requires("write:notifications", group=True)
async def clear(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    if viewer.is_group:
        await as_group.clear(request, viewer, None)
    else:
        await request.app[CONTEXT].db.transact(lambda tx: notifications.delete_all_of(tx, viewer.actor_id))
    return empty()


@routes.delete("/api/v1/notifications/destroy_multiple")
@requires("write:notifications")
async def dismiss_several(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Those of these ids that are the member's own."""
    ids = (await read_form(request)).identifiers("ids")
    await request.app[CONTEXT].db.transact(lambda tx: notifications.delete_some_of(tx, viewer.actor_id, ids))
    return empty()


@routes.delete("/api/v1/notifications/{id}")
@routes.post("/api/v1/notifications/{id}/dismiss")
@requires("write:notifications", group=True)
async def dismiss(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, ask = request.app[CONTEXT], _one_of(viewer, path_id(request))
    now = ctx.now()
    found = await ctx.db.read(lambda tx: ask(tx, now))
    if not found:
        raise not_found()
    return await _put_away(request, viewer, [one.id for one in found])


async def _put_away(request: web.Request, viewer: Viewer, ids: list[int]) -> web.Response:
    if viewer.is_group:
        await as_group.clear(request, viewer, ids)
    else:
        await request.app[CONTEXT].db.transact(lambda tx: notifications.delete_some_of(tx, viewer.actor_id, ids))
    return empty()


@routes.get("/api/v1/notifications/{id}")
@requires("read:notifications", group=True)
async def get_single(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    found, shown = await _read(request, viewer, _one_of(viewer, path_id(request)))
    if not found:
        raise not_found()
    return answer(notification(found[0][0], shown, found[0][1]))


@routes.get("/api/v2/notifications")
@requires("read:notifications", group=True)
async def list_grouped(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    page, kinds = parse_page(form, default=40, most=80), form.texts("grouped_types") or GROUPED
    deep = replace(stored_page(page), limit=page.limit * DEPTH)
    found, shown = await _read(request, viewer, _page_of(viewer, deep, _parse_wanted(form)))
    groups = fold(found, kinds, limit=page.limit, oldest_first=deep.oldest_first)
    covered = [one.id for group in groups.values() for one, _ in group]
    ended = len(covered) == len(found) < deep.limit  # how full a page is says nothing here
    headers = links(request, replace(page, limit=len(covered) + int(ended)), covered)
    return answer(_results(groups, shown), headers=headers)


@routes.get("/api/v2/notifications/unread_count")
@requires("read:notifications", group=True)
async def count_unread_groups(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    limit, kinds = parse_limit(form, default=UNREAD, most=MOST_UNREAD), form.texts("grouped_types") or GROUPED
    found = await _list_unread(request, viewer, _parse_wanted(form), MOST_UNREAD)
    return answer({"count": min(limit, len({group_key(one, kinds) for one in found}))})


async def _list_unread(request: web.Request, viewer: Viewer, wanted: Wanted, limit: int) -> list[Notification]:
    """Those after the member's marker, newest first."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> list[Notification]:
        marker = (await list_markers(tx, viewer.actor_id, ["notifications"])).get("notifications")
        page = Page(limit=limit, after=marker.last_read_id if marker else 0)
        return await notifications.list_notifications(tx, viewer.actor_id, page, wanted, now=now)

    return await ctx.db.read(unit)


@routes.post("/api/v2/notifications/{key}/dismiss")
@requires("write:notifications", group=True)
async def dismiss_group(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _put_away(request, viewer, [one.id for one, _ in (await _read_group(request, viewer))[0]])


@routes.get("/api/v2/notifications/{key}")
@requires("read:notifications", group=True)
async def get_group(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    found, shown = await _read_group(request, viewer)
    return answer(_results({request.match_info["key"]: found}, shown))


@routes.get("/api/v2/notifications/{key}/accounts")
@requires("read:notifications", "write:notifications", group=True)
async def list_group_accounts(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """In Mastodon the scope to write is asked for. Apps that only read notifications may see their people as well."""
    found, _ = await _read_group(request, viewer)
    ids = [one.actor_id for one, _ in found]

    async def query(tx: Reader, now: int) -> list[Actor]:
        return in_order(ids, await relations.list_known(tx, ids, viewer=viewer.actor_id, now=now))

    return await show_people(request, viewer, query)


Told = tuple[Notification, Status | None]


def fold(found: Sequence[Told], kinds: Iterable[str], *, limit: int, oldest_first: bool) -> dict[str, list[Told]]:
    """The first `limit` groups of a stretch of notifications (newest first), each newest first, by their keys.

    `oldest_first`: the stretch was taken upwards, and so are its first groups.
    """
    grouped: dict[str, list[Told]] = {}
    for told in reversed(found) if oldest_first else found:
        key = group_key(told[0], kinds)
        if key not in grouped and len(grouped) == limit:
            break
        grouped.setdefault(key, []).append(told)
    for group in grouped.values():
        group.sort(key=lambda told: -told[0].id)
    return dict(sorted(grouped.items(), key=lambda item: -item[1][0][0].id))


def group_key(one: Notification, kinds: Iterable[str] = GROUPED) -> str:
    """The same for what is told together: type, post, and half a day."""
    if one.type not in GROUPED or one.type not in kinds:
        return f"ungrouped-{one.id}"
    about = "" if one.status_id is None else f"-{one.status_id}"
    return f"{one.type}{about}-{milliseconds(one.id) // STRETCH}"


async def _read_group(request: web.Request, viewer: Viewer) -> tuple[list[Told], Renderer]:
    """The notifications of the group in the path, as far as one page shows; 404 when there are none."""
    key = request.match_info["key"]
    parsed = _KEY.fullmatch(key)
    ask = _one_of(viewer, parse_id(key.removeprefix("ungrouped-")))
    if parsed:
        stretch = int(parsed[3])
        page = Page(80 * DEPTH, first_id(stretch * STRETCH) - 1, first_id((stretch + 1) * STRETCH))
        ask = _page_of(viewer, page, Wanted(types=(parsed[1],)))
    found, shown = await _read(request, viewer, ask)
    found = [told for told in found if key in {group_key(told[0]), f"ungrouped-{told[0].id}"}]
    if not found:
        raise not_found()
    return found, shown


def _parse_wanted(form: Form) -> Wanted:
    sender = form.identifier("account_id")
    return Wanted(
        types=tuple(form.texts("types")),
        without=tuple(form.texts("exclude_types")),
        from_actor=sender or 0,
        filtered=bool(form.boolean("include_filtered")) or sender is not None,
    )


Ask = Callable[[Reader, int], Awaitable[list[Notification]]]


def _page_of(viewer: Viewer, page: Page, wanted: Wanted) -> Ask:
    async def ask(tx: Reader, now: int) -> list[Notification]:
        return await notifications.list_notifications(tx, viewer.actor_id, page, wanted, now=now)

    return ask


def _one_of(viewer: Viewer, notification_id: int) -> Ask:
    async def ask(tx: Reader, now: int) -> list[Notification]:
        found = await notifications.get_notification(tx, notification_id, owner_id=viewer.actor_id, now=now)
        return [found] if found else []

    return ask


async def _read(request: web.Request, viewer: Viewer, ask: Ask) -> tuple[list[Told], Renderer]:
    """Notifications with the posts they are about, and all that showing them needs, in one unit."""
    ctx, owner = request.app[CONTEXT], viewer.actor_id
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Told], Posts]:
        found = await ask(tx, now)
        shown, posts = await views.load_notified(tx, found, viewer=owner, now=now)
        return [(one, shown.get(one.status_id or 0)) for one in found], posts

    found, posts = await ctx.db.read(unit)
    return found, Renderer(posts, frame(request, viewer, posts.people))


def _results(groups: dict[str, list[Told]], shown: Renderer) -> Entity:
    """GroupedNotificationsResults: every account and post once."""
    told = [one for group in groups.values() for one in group]
    people = dict.fromkeys(one.actor_id for one, _ in told)
    posts = {status.id: status for _, status in told if status is not None}
    return {
        "accounts": [shown.account(actor_id) for actor_id in people],
        "statuses": shown.statuses(posts.values()),
        "notification_groups": [
            notification_group(key, [one for one, _ in group], shown) for key, group in groups.items()
        ],
    }
