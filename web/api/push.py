"""Web Push: where an app wants to be told of notifications, of which, and from whom. One for each access token."""

import re

from aiohttp import web

from storage import push
from storage.database import Transaction
from storage.ids import new_id
from storage.records import PushSubscription, as_json
from web.answers import answer, empty
from web.auth import Viewer, bearer_token, requires
from web.bodies import read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT, SITE
from web.outside.push import VAPID
from web.outside.web_push import make_recipient
from web.render import push_subscription
from web.showing import not_found

routes = web.RouteTableDef()

SHOWN = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "admin.sign_up",
    "admin.report",
    "added_to_collection",
    "collection_update",
)
TYPES = (*SHOWN, "quote", "quoted_update")
POLICIES = ("all", "followed", "follower", "none")
LONGEST_ENDPOINT = 2_048
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+/[!-~]*")


@routes.post("/api/v1/push/subscription")
@requires("push")
async def subscribe(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """A new subscription takes the place of the token's old one."""
    ctx, form = request.app[CONTEXT], await read_form(request)
    alerts, policy = _parse_data(form)
    now = ctx.now()
    endpoint, p256dh, auth, standard = _parse_subscription(form, development=request.app[SITE].development)
    made = PushSubscription(
        id=new_id(now),
        token_id=viewer.token_id,
        owner_id=viewer.actor_id,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        standard=int(standard),
        alerts=as_json(alerts or []),
        policy=policy or "all",
        access_token=bearer_token(request),
        created_at=now,
    )
    await ctx.db.transact(lambda tx: push.replace_subscription(tx, made))
    return _show(request, made)


@routes.get("/api/v1/push/subscription")
@requires("push")
async def get_subscription(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    found = await request.app[CONTEXT].db.read(lambda tx: push.get_subscription(tx, viewer.token_id))
    return _show(request, found)


@routes.put("/api/v1/push/subscription")
@routes.patch("/api/v1/push/subscription")
@requires("push")
async def update_subscription(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What nothing is said about stays; alerts are told all together."""
    alerts, policy = _parse_data(await read_form(request))

    async def unit(tx: Transaction) -> PushSubscription | None:
        found = await push.get_subscription(tx, viewer.token_id)
        if found is not None:
            changed = found.alerts if alerts is None else as_json(alerts)
            await push.update_subscription(tx, viewer.token_id, alerts=changed, policy=policy or found.policy)
        return await push.get_subscription(tx, viewer.token_id)

    return _show(request, await request.app[CONTEXT].db.transact(unit))


@routes.delete("/api/v1/push/subscription")
@requires("push")
async def unsubscribe(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await request.app[CONTEXT].db.transact(lambda tx: push.delete_subscription(tx, token_id=viewer.token_id))
    return empty()


def _show(request: web.Request, found: PushSubscription | None) -> web.Response:
    if found is None:
        raise not_found()
    return answer(push_subscription(found, SHOWN, server_key=request.app[VAPID].public))


def _parse_subscription(form: Form, *, development: bool) -> tuple[str, str, str, bool]:
    """Endpoint, key, secret, and whether the app understands RFC 8291."""
    given = form.child("subscription")
    keys = given.child("keys") if given else None
    if given is None or keys is None:
        raise ApiError(422, "Validation failed: Subscription can't be blank")
    endpoint, p256dh, auth = given.required("endpoint"), keys.required("p256dh"), keys.required("auth")
    standard = bool(given.boolean("standard"))
    plain = endpoint.startswith("http:") and not development
    if plain or len(endpoint) > LONGEST_ENDPOINT or not _ENDPOINT.fullmatch(endpoint):
        raise ApiError(422, "Validation failed: Endpoint is not a valid URL")
    try:
        make_recipient(endpoint, p256dh, auth, standard=standard)
    except ValueError as error:
        raise ApiError(422, "Validation failed: Key is invalid") from error
    return endpoint, p256dh, auth, standard


def _parse_data(form: Form) -> tuple[list[str] | None, str | None]:
    """The types that are wanted, and from whom; None where nothing is said. Older apps put `policy` beside `data`."""
    data = form.child("data") or Form({})
    policy = data.text("policy") or form.text("policy")
    if policy and policy not in POLICIES:
        raise ApiError(422, "Validation failed: Policy is not included in the list")
    alerts = data.child("alerts")
    return None if alerts is None else [type_ for type_ in TYPES if alerts.boolean(type_)], policy or None
