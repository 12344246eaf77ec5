"""WebFinger, host-meta and NodeInfo: what anybody may ask. Shows no hidden group and counts nobody's secrets."""

from typing import Any

from aiohttp import web

from federation.context import Context
from federation.wire import discovery
from federation.wire.discovery import Instance
from federation.wire.errors import ProtocolError
from federation.wire.origins import Handle, Origin, parse_origin
from storage import actors, groups
from storage.database import Reader
from storage.records import Actor

VERSION = "0.1.0"


async def get_webfinger(ctx: Context, request: web.Request) -> web.Response:
    """RFC 7033 for our actors by handle, by id and by page; the instance itself by `https://host/` (FEP-d556)."""
    try:
        asked = discovery.parse_resource(request.query.get("resource", ""))
    except ProtocolError:
        return _json({"error": "resource must be an account or an address"}, status=400)
    if isinstance(asked, str) and asked.rstrip("/") == ctx.origin.base:
        return _json(discovery.render_service_jrd(_origin(ctx), ctx.origin.instance_actor), type_=discovery.JRD_TYPE)
    actor = await ctx.db.read(lambda tx: _find(tx, ctx, asked))
    if actor is None:
        return _json({"error": "Record not found"}, status=404)
    handle = Handle(actor.username, ctx.origin.handle_domain)
    subscribe = f"{ctx.origin.base}/authorize_interaction?uri={{uri}}"
    return _json(discovery.render_jrd(handle, actor.uri, actor.url, subscribe), type_=discovery.JRD_TYPE)


async def _find(tx: Reader, ctx: Context, asked: Handle | str) -> Actor | None:
    if isinstance(asked, Handle):
        ours = asked.host in {ctx.origin.host, ctx.origin.handle_domain}
        actor = await actors.get_actor_by_handle(tx, asked.name, "") if ours else None
    else:
        actor = await actors.get_actor_by_address(tx, asked)
    if actor is None or not actor.local or actor.disabled_at is not None:
        return None
    group = await groups.get_group(tx, actor.id) if actor.type == "Group" else None
    return None if group is not None and not group.listed else actor


def _origin(ctx: Context) -> Origin:
    return parse_origin(ctx.origin.base)


async def get_host_meta(ctx: Context, _request: web.Request) -> web.Response:
    return web.Response(
        text=discovery.render_host_meta_xrd(_origin(ctx)),
        headers={"Content-Type": discovery.XRD_TYPE, **discovery.OPEN_TO_SCRIPTS},
    )


async def get_host_meta_json(ctx: Context, _request: web.Request) -> web.Response:
    return _json(discovery.render_host_meta_json(_origin(ctx)))


async def get_nodeinfo_links(ctx: Context, _request: web.Request) -> web.Response:
    return _json(discovery.render_nodeinfo_links(_origin(ctx), ctx.origin.instance_actor))


async def get_nodeinfo(ctx: Context, request: web.Request) -> web.Response:
    """NodeInfo 2.0 or 2.1, without counts: how many post here is nobody's business by default."""
    version = request.match_info["version"]
    if version not in discovery.NODEINFO_VERSIONS:
        return _json({"error": "Record not found"}, status=404)
    actor = await ctx.db.read(lambda tx: actors.get_actor_by_uri(tx, ctx.origin.instance_actor))
    title = actor.name if actor else ctx.origin.host
    instance = Instance(version=VERSION, title=title, open_registrations=ctx.joinable, users=None, posts=None)
    return _json(discovery.render_nodeinfo(version, instance), type_=discovery.NODEINFO_TYPE.format(version))


def _json(document: Any, *, status: int = 200, type_: str = "application/json; charset=utf-8") -> web.Response:
    response = web.json_response(document, status=status, headers=discovery.OPEN_TO_SCRIPTS)
    response.headers["Content-Type"] = type_
    return response
