"""What strangers' notifications meet: the member's policy (v1 and v2), and the senders of whom something waits."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from federation.notifying import Treatment
from storage import notification_policies, views
from storage.database import Reader, Transaction
from storage.notification_policies import Request
from storage.records import NotificationPolicy, Status
from storage.views import Posts
from storage.visibility import list_visible
from web.answers import answer, empty
from web.auth import Viewer, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, Renderer, notification_policy, notification_policy_v1, notification_request
from web.showing import frame, not_found, stored_page

routes = web.RouteTableDef()

Query = Callable[[Reader, int], Awaitable[list[Request]]]

KINDS = ("not_following", "not_followers", "new_accounts", "private_mentions", "limited_accounts", "bots")
KINDS_V1 = ("not_following", "not_followers", "new_accounts", "private_mentions", "bots")


@routes.get("/api/v2/notifications/policy")
@requires("read:notifications")
async def get_policy(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer(notification_policy(*await _read_policy(request, viewer)))


@routes.put("/api/v2/notifications/policy")
@routes.patch("/api/v2/notifications/policy")
@requires("write:notifications")
async def put_policy(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)
    await _change_policy(request, viewer, {kind: _treatment(form, f"for_{kind}") for kind in KINDS})
    return answer(notification_policy(*await _read_policy(request, viewer)))


@routes.get("/api/v1/notifications/policy")
@requires("read:notifications")
async def get_policy_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer(notification_policy_v1(*await _read_policy(request, viewer)))


@routes.put("/api/v1/notifications/policy")
@routes.patch("/api/v1/notifications/policy")
@requires("write:notifications")
async def put_policy_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)
    said = {kind: form.boolean(f"filter_{kind}") for kind in KINDS_V1}
    words = {True: Treatment.FILTER, False: Treatment.ACCEPT}
    await _change_policy(
        request, viewer, {kind: None if held is None else words[held].value for kind, held in said.items()}
    )
    return answer(notification_policy_v1(*await _read_policy(request, viewer)))


def _treatment(form: Form, name: str) -> str | None:
    text = form.text(name)
    if text and text not in set(Treatment):
        raise ApiError(422, f"Validation failed: {name} is not included in the list")
    return text or None


async def _change_policy(request: web.Request, viewer: Viewer, said: dict[str, str | None]) -> None:
    changes = {kind: treatment for kind, treatment in said.items() if treatment is not None}

    async def unit(tx: Transaction) -> None:
        known = await notification_policies.get_policy(tx, viewer.actor_id)
        changed = replace(known, **changes)  # type: ignore[arg-type]  # all but the owner are texts
        await notification_policies.upsert_policy(tx, changed)

    await request.app[CONTEXT].db.transact(unit)


async def _read_policy(request: web.Request, viewer: Viewer) -> tuple[NotificationPolicy, tuple[int, int]]:
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[NotificationPolicy, tuple[int, int]]:
        waiting = await notification_policies.count_waiting(tx, viewer.actor_id, now=now)
        return await notification_policies.get_policy(tx, viewer.actor_id), waiting

    return await ctx.db.read(unit)


@routes.get("/api/v1/notifications/requests")
@requires("read:notifications")
async def list_requests(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=40, most=80)

    async def query(tx: Reader, now: int) -> list[Request]:
        return await notification_policies.list_requests(tx, viewer.actor_id, stored_page(page), now=now)

    found, entities = await _show(request, viewer, query)
    return answer(entities, headers=links(request, page, [one.id for one in found]))


@routes.get("/api/v1/notifications/requests/merged")
@requires("read:notifications")
async def get_merged(_: web.Request, __: Viewer) -> web.StreamResponse:
    """Accepting is done when it is answered: nothing is ever being merged."""
    return answer({"merged": True})


@routes.get("/api/v1/notifications/requests/{id}")
@requires("read:notifications")
async def get_request(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    wanted = path_id(request)

    async def query(tx: Reader, now: int) -> list[Request]:
        found = await notification_policies.get_request(tx, viewer.actor_id, wanted, now=now)
        return [found] if found else []

    _, entities = await _show(request, viewer, query)
    if not entities:
        raise not_found()
    return answer(entities[0])


@routes.post("/api/v1/notifications/requests/accept")
@requires("write:notifications")
async def accept_some(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _settle(request, viewer, (await read_form(request)).identifiers("id"), accept=True)


@routes.post("/api/v1/notifications/requests/dismiss")
@requires("write:notifications")
async def dismiss_some(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _settle(request, viewer, (await read_form(request)).identifiers("id"), accept=False)


@routes.post("/api/v1/notifications/requests/{id}/accept")
@requires("write:notifications")
async def accept_one(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _settle(request, viewer, [path_id(request)], accept=True)


@routes.post("/api/v1/notifications/requests/{id}/dismiss")
@requires("write:notifications")
async def dismiss_one(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _settle(request, viewer, [path_id(request)], accept=False)


async def _settle(request: web.Request, viewer: Viewer, ids: list[int], *, accept: bool) -> web.Response:
    """All of the requests or, when one is not there, none."""
    ctx, owner = request.app[CONTEXT], viewer.actor_id
    now = ctx.now()

    async def unit(tx: Transaction) -> None:
        found = [await notification_policies.get_request(tx, owner, one, now=now) for one in dict.fromkeys(ids)]
        for one in found:
            if one is None:
                raise not_found()
            if accept:
                await notification_policies.accept_sender(tx, owner, one.actor_id, now=now)
            else:
                await notification_policies.dismiss_sender(tx, owner, one.actor_id)

    await ctx.db.transact(unit)
    return empty()


async def _show(request: web.Request, viewer: Viewer, query: Query) -> tuple[list[Request], list[Entity]]:
    """Requests with their senders and the newest post of each, in one unit."""
    ctx, owner = request.app[CONTEXT], viewer.actor_id
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Request], dict[int, Status], Posts]:
        found = await query(tx, now)
        about = [one.status_id for one in found if one.status_id is not None]
        shown = await list_visible(tx, about, viewer=owner, now=now)
        senders = [one.actor_id for one in found]
        return found, shown, await views.load_posts(tx, list(shown.values()), viewer=owner, now=now, also=senders)

    found, shown, posts = await ctx.db.read(unit)
    renderer = Renderer(posts, frame(request, viewer, posts.people))
    return found, [notification_request(one, renderer, shown.get(one.status_id or 0)) for one in found]
