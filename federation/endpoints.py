"""Every address that other servers know, in one table.

The handlers live in receiving, serving, collections, stamps, files and discovering.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from federation import collections, discovering, files, receiving, serving, stamps
from federation.context import Context
from storage.media_store import MediaStore

Handler = Callable[[Context, web.Request], Awaitable[web.StreamResponse]]

GET: dict[str, Handler] = {
    "/ap/actor": serving.get_instance_actor,
    "/ap/actors/{id}": serving.get_actor,
    "/ap/actors/{id}/outbox": collections.get_outbox,
    "/ap/actors/{id}/followers": serving.get_followers,
    "/ap/actors/{id}/following": collections.get_following,
    "/ap/actors/{id}/featured": collections.get_featured,
    "/ap/actors/{id}/moderators": collections.get_moderators,
    "/ap/actors/{id}/tags": collections.get_featured_tags,
    "/ap/actors/{id}/objects": serving.get_group_object,
    "/ap/actors/{id}/media": files.get_group_file,
    "/ap/media/{id}": files.get_file,
    "/ap/objects/{id}": serving.get_object,
    "/ap/objects/{id}/replies": collections.get_replies,
    "/ap/objects/{id}/likes": collections.get_likes,
    "/ap/objects/{id}/shares": collections.get_shares,
    "/ap/contexts/{id}": collections.get_context,
    "/ap/activities/{id}": serving.get_activity,
    "/ap/emojis/{shortcode}": serving.get_emoji,
    "/ap/stamps/{id}": stamps.get_stamp,
    "/ap/credentials/{token}": serving.get_credential,
    "/.well-known/webfinger": discovering.get_webfinger,
    "/.well-known/host-meta": discovering.get_host_meta,
    "/.well-known/host-meta.json": discovering.get_host_meta_json,
    "/.well-known/nodeinfo": discovering.get_nodeinfo_links,
    "/nodeinfo/{version}": discovering.get_nodeinfo,
}
POST: dict[str, Handler] = {
    "/ap/inbox": receiving.post_inbox,
    "/ap/actor/inbox": receiving.post_inbox,
    "/ap/actors/{id}/inbox": receiving.post_inbox,
}


def add_federation_routes(app: web.Application, ctx: Context, store: MediaStore) -> None:
    """Add every federation route to an application; `store` holds the files of ours that other servers may fetch."""
    app[files.STORE] = store
    for path, handler in GET.items():
        app.router.add_get(path, _bound(ctx, handler))
    for path, handler in POST.items():
        app.router.add_post(path, _bound(ctx, handler))


def _bound(ctx: Context, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if "%00" in request.raw_path:  # nothing has such a name, and PostgreSQL cannot even be asked for it
            return web.json_response({"error": "Bad request"}, status=400)
        return await handler(ctx, request)

    handle.__name__ = getattr(handler, "__name__", "handle")
    return handle
