"""Files of posts that are not public, for other servers: at their author's home, and relayed at their group's home.

The rule is the post's own (`serving.decide_fetch`). Files of public posts have an address for everybody instead.
"""

from collections.abc import Awaitable, Callable
from tempfile import TemporaryFile

from aiohttp import web

from federation.context import Context
from federation.media import fetch_media
from federation.rules import get_rules
from federation.serving import NOT_FOUND, PRIVATE, decide_fetch, identify, parse_id, path_id, refuse
from policies.decision import Allow, Decision, Deny
from policies.ruleset import day_of
from policies.terms import Part
from policies.visibility import Door, may_carry
from storage import media, statuses
from storage.database import Reader
from storage.media_store import MediaStore
from storage.records import Media

STORE: web.AppKey[MediaStore] = web.AppKey("store", MediaStore)


async def get_file(ctx: Context, request: web.Request) -> web.StreamResponse:
    """A file of ours, to whom its post may go."""
    return await _serve(ctx, request, lambda tx: media.get_media(tx, path_id(request)), Door.AUTHOR)


async def get_group_file(ctx: Context, request: web.Request) -> web.StreamResponse:
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
) -> web.StreamResponse:
    asker = await identify(ctx, request)
    if isinstance(asker, Deny):
        return refuse(asker)

    async def unit(tx: Reader) -> tuple[Media | None, Decision]:
        found = await find(tx)
        status = await statuses.get_status(tx, found.status_id) if found and found.status_id else None
        decision = await decide_fetch(tx, ctx, asker, status, door)
        if isinstance(decision, Allow):
            ruleset = (await get_rules(tx)).ruleset
            media_only = frozenset({Part.MEDIA})
            decision = may_carry(asker.actor.host, media_only, ruleset, day_of(ctx.now()), whole=True)
        return found, decision

    found, decision = await ctx.db.read(unit)
    answer = await _answer(ctx, request.app[STORE], found) if found and isinstance(decision, Allow) else None
    if found is None or answer is None:
        return refuse(decision if isinstance(decision, Deny) else NOT_FOUND)
    answer.headers.update(PRIVATE)
    answer.headers["Content-Type"] = found.mime
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


async def _answer(ctx: Context, store: MediaStore, found: Media) -> web.StreamResponse | None:
    """Our own file, or another's as it comes to us: by the disk, since it may be long."""
    path = store.find(found.file) if found.file else None
    if path is not None:
        return web.FileResponse(path)
    file = TemporaryFile()  # noqa: SIM115  # the response closes it
    if not found.remote_url or not await fetch_media(ctx, found, file):
        file.close()
        return None
    file.seek(0)
    return web.Response(body=file)
