"""Attachments before they are posted: uploading, describing, deleting. Files are served by `web.media_files`."""

import asyncio
import math
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from storage import media, media_jobs
from storage.database import Transaction
from storage.ids import new_id
from storage.records import Media
from storage.views import People
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id, read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.media_files import LIBRARY
from web.render import media_attachment
from web.showing import frame, not_found
from web.uploads import MOST_THUMBNAIL, keep_thumbnail, most_bytes, take_upload

routes = web.RouteTableDef()

MOST_DESCRIPTION = 1_500
WAIT_SECONDS = 60.0
# Mastodon's own phrases.
_FAILED = "Error processing thumbnail for uploaded media"
_IN_USE = "Media attachment is currently used by a status"


@routes.post("/api/v1/media")
@requires("write:media")
async def upload_and_wait(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """For apps of before Mastodon 3.1.3, which do not come back to look: kept waiting, but not for ever."""
    made, ctx = await _receive(request, viewer), request.app[CONTEXT]
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            while made.state == "waiting":
                await ctx.db.wait_for_commit(1.0)
                made = await _require_upload(request, viewer, made.id)
    return _show(request, viewer, made, waiting=202)


@routes.post("/api/v2/media")
@requires("write:media")
async def upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Images are ready when answered, as apps that expect 202 allow; sound and film wait for their job."""
    return _show(request, viewer, await _receive(request, viewer), waiting=202)


async def _receive(request: web.Request, viewer: Viewer) -> Media:
    """Take a file in, or refuse it by ApiError. One that waits is durable before anybody is told so."""
    ctx, store = request.app[CONTEXT], request.app[LIBRARY].store
    async with store.incoming() as incoming:
        form = await read_form(request, files=most_bytes(request), folder=incoming.path)
        file = form.upload("file")
        description, focus = parse_description(form) or "", parse_focus(form) or (0.0, 0.0)
        if file is None:
            raise ApiError(422, "Validation failed: File can't be blank")
        facts = await take_upload(request, file, form.upload("thumbnail"))
        folder = await incoming.keep() if facts.get("state") == "waiting" else None
        now = ctx.now()

        async def unit(tx: Transaction) -> Media:
            made = media.new_media(new_id(now), viewer.actor_id, now)
            uploaded = replace(made, description=description, focus_x=focus[0], focus_y=focus[1], **facts)
            await media.insert_media(tx, uploaded)
            if folder is not None:
                await media_jobs.insert_job(tx, uploaded, folder, now=now)
            return uploaded

        return await ctx.db.transact(unit)


@routes.get("/api/v1/media/{id}")
@requires("write:media")
async def get_upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return _show(request, viewer, await _require_upload(request, viewer, path_id(request)))


@routes.delete("/api/v1/media/{id}")
@requires("write:media")
async def delete_upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """An upload that no post has or waits to have."""
    library, media_id = request.app[LIBRARY], path_id(request)

    async def unit(tx: Transaction) -> tuple[bool, str | None]:
        if await media.get_own_media(tx, media_id, actor_id=viewer.actor_id) is None:
            raise not_found()
        deleted = await media.delete_upload(tx, media_id, actor_id=viewer.actor_id)
        return deleted, await media_jobs.delete_job(tx, media_id) if deleted else None

    deleted, folder = await request.app[CONTEXT].db.transact(unit)
    if not deleted:
        raise ApiError(422, _IN_USE)
    if folder is not None:
        await library.store.drop_folder(folder)
    return answer({})


@routes.put("/api/v1/media/{id}")
@routes.patch("/api/v1/media/{id}")
@requires("write:media")
async def update_upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Describe an upload before it is posted; afterwards that is an edit of the post."""
    found = await _require_upload(request, viewer, path_id(request))
    async with request.app[LIBRARY].store.incoming() as incoming:
        form = await read_form(request, files=MOST_THUMBNAIL, folder=incoming.path)
        description, focus = parse_description(form), parse_focus(form)
        thumbnail = form.upload("thumbnail") if found.type in {"audio", "video"} else None
        changes = await keep_thumbnail(request, thumbnail)
    if description is not None:
        changes["description"] = description
    if focus is not None:
        changes["focus_x"], changes["focus_y"] = focus
    if changes:
        await request.app[CONTEXT].db.transact(lambda tx: media.update_media(tx, found.id, **changes))
    return _show(request, viewer, await _require_upload(request, viewer, found.id))


async def _require_upload(request: web.Request, viewer: Viewer, media_id: int) -> Media:
    """ApiError 404 for what is not the viewer's, or in a post; 422 for what its job could make nothing of."""
    found = await request.app[CONTEXT].db.read(lambda tx: media.get_own_media(tx, media_id, actor_id=viewer.actor_id))
    if found is None or found.status_id is not None:
        raise not_found()
    if found.state == "failed":
        raise ApiError(422, _FAILED)
    return found


def _show(request: web.Request, viewer: Viewer, uploaded: Media, *, waiting: int = 206) -> web.Response:
    """With 200 once its file is there."""
    status = waiting if uploaded.state == "waiting" else 200
    return answer(media_attachment(uploaded, frame(request, viewer, People({}))), status=status)


def parse_description(form: Form) -> str | None:
    """The text for who cannot see the image; None when nothing was said about it. ApiError 422 for a long one."""
    if "description" not in form:
        return None
    text = (form.text("description") or "").strip()
    if len(text) > MOST_DESCRIPTION:
        raise ApiError(422, f"Validation failed: Description is too long (maximum is {MOST_DESCRIPTION} characters)")
    return text


def parse_focus(form: Form) -> tuple[float, float] | None:
    """`x,y` within -1..1; None when nothing was said. ApiError 422 for what are no two numbers."""
    text = form.text("focus")
    if not text:
        return None
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ApiError(422, "Validation failed: Focus is invalid") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ApiError(422, "Validation failed: Focus is invalid")
    return max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y))
