"""Attachments before they are posted: uploading, describing. Images only; files are served by `web.media_files`."""

import math
from dataclasses import replace
from typing import Any

from aiohttp import web

from storage import media
from storage.database import Transaction
from storage.ids import new_id
from storage.records import Media
from storage.views import People
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import path_id, read_form
from web.errors import ApiError
from web.forms import Form, Upload
from web.images import LARGEST_FILE, Shape
from web.keys import CONTEXT
from web.media_files import LIBRARY
from web.remote_files import describe
from web.render import media_attachment
from web.showing import frame, not_found
from web.uploads import decode_upload

routes = web.RouteTableDef()

MOST_DESCRIPTION = 1_500
MOST_THUMBNAIL = 2 << 20  # apps may send one; we make our own


@routes.post("/api/v1/media")
@routes.post("/api/v2/media")
@requires("write:media")
async def upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Ready when answered: apps that expect 202 and a later look take 200 as well."""
    form, ctx = await read_form(request, files=LARGEST_FILE + MOST_THUMBNAIL), request.app[CONTEXT]
    file = form.upload("file")
    description, focus = parse_description(form) or "", parse_focus(form) or (0.0, 0.0)
    described = await _keep(request, file)
    now = ctx.now()

    async def unit(tx: Transaction) -> Media:
        uploaded = Media(
            id=new_id(now),
            actor_id=viewer.actor_id,
            status_id=None,
            position=0,
            type="image",
            remote_url=None,
            description=description,
            focus_x=focus[0],
            focus_y=focus[1],
            created_at=now,
            **described,
        )
        await media.insert_media(tx, uploaded)
        return uploaded

    return _show(request, viewer, await ctx.db.transact(unit))


async def _keep(request: web.Request, file: Upload | None) -> dict[str, Any]:
    """Write an image anew and store it; ApiError 422 for what is none, or too large."""
    if file is None:
        raise ApiError(422, "Validation failed: File can't be blank")
    return await describe(request.app[LIBRARY].store, await decode_upload(request, file, Shape.ATTACHMENT))


@routes.get("/api/v1/media/{id}")
@requires("write:media")
async def get_upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return _show(request, viewer, await _require_upload(request, viewer))


@routes.put("/api/v1/media/{id}")
@routes.patch("/api/v1/media/{id}")
@requires("write:media")
async def update_upload(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Describe an upload before it is posted; afterwards that is an edit of the post."""
    found, form = await _require_upload(request, viewer), await read_form(request)
    description, focus = parse_description(form), parse_focus(form)
    changed = replace(
        found,
        description=found.description if description is None else description,
        focus_x=focus[0] if focus else found.focus_x,
        focus_y=focus[1] if focus else found.focus_y,
    )

    async def unit(tx: Transaction) -> None:
        await media.update_media(
            tx, found.id, description=changed.description, focus_x=changed.focus_x, focus_y=changed.focus_y
        )

    await request.app[CONTEXT].db.transact(unit)
    return _show(request, viewer, changed)


async def _require_upload(request: web.Request, viewer: Viewer) -> Media:
    media_id = path_id(request)
    found = await request.app[CONTEXT].db.read(lambda tx: media.get_own_media(tx, media_id, actor_id=viewer.actor_id))
    if found is None or found.status_id is not None:
        raise not_found()
    return found


def _show(request: web.Request, viewer: Viewer, uploaded: Media) -> web.Response:
    return answer(media_attachment(uploaded, frame(request, viewer, People({}))))


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
