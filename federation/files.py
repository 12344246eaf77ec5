"""Files of posts that are not public, for other servers: at their author's home, and relayed at their group's home.

The rule is the post's own (`serving.decide_fetch`). Files of public posts have an address for everybody instead.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from federation.context import Context
from federation.media import fetch_media
from federation.serving import NOT_FOUND, PRIVATE, decide_fetch, identify, parse_id, path_id, refuse
from policies.decision import Allow, Decision, Deny
from policies.visibility import Door
from storage import media, statuses
from storage.database import Reader
from storage.media_store import MediaStore
from storage.records import Media

STORE: web.AppKey[MediaStore] = web.AppKey("store", MediaStore)


async def get_file(ctx: Context, request: web.Request) -> web.Response:
    """A file of ours, to whom its post may go."""
    return await _serve(ctx, request, lambda tx: media.get_media(tx, path_id(request)), Door.AUTHOR)


async def get_group_file(ctx: Context, request: web.Request) -> web.Response:
    """`<group>/media?uri=`: a file of a group's post at the only door its members' hosts have, whoever's it is."""
    uri = request.query.get("uri", "")

    async def find(tx: Reader) -> Media | None:
        prefix = f"{ctx.origin.base}/ap/media/"
        own = uri.removeprefix(prefix)
        found = (
            await media.get_media(tx, parse_id(own))
            if uri.startswith(prefix)
            else await media.get_media_by_address(tx, uri)
        )
        status = await statuses.get_status(tx, found.status_id) if found and found.status_id else None
        return found if status is not None and status.group_id == path_id(request) else None

    return await _serve(ctx, request, find, Door.GROUP)


async def _serve(
    ctx: Context, request: web.Request, find: Callable[[Reader], Awaitable[Media | None]], door: Door
) -> web.Response:
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> tuple[Media | None, Decision]:
        found = await find(tx)
        status = await statuses.get_status(tx, found.status_id) if found and found.status_id else None
        return found, await decide_fetch(tx, ctx, asker, status, door)

    found, decision = await ctx.db.read(unit)
    data = await _read(ctx, request.app[STORE], found) if found and isinstance(decision, Allow) else None
    if found is None or data is None:
        return refuse(decision if isinstance(decision, Deny) else NOT_FOUND)
    headers = {**PRIVATE, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=data, content_type=found.mime, headers=headers)


async def _read(ctx: Context, store: MediaStore, found: Media) -> bytes | None:
    path = store.find(found.file) if found.file else None
    if path is not None:
        return await asyncio.to_thread(path.read_bytes)
    return await fetch_media(ctx, found) if found.remote_url else None
