"""Files that members upload: images written anew at once, sound and film described and left to a job; or refused with a
sentence that apps show.
"""

import asyncio
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from web.containers import Container, read_container
from web.errors import ApiError
from web.forms import Upload
from web.images import LARGEST_FILE, Decoded, Refused, Shape
from web.keeping import keep_image, keep_preview
from web.media_files import LIBRARY
from web.processing import SOURCE, Studio, keep_film
from web.recordings import LARGEST_RECORDING, LONGEST, BrokenError, Recording

MOST_THUMBNAIL = 2 << 20
# Mastodon's own phrases: apps show them, and some compare them.
_BROKEN = "File type of uploaded media could not be verified"
_SIZE = re.compile(r"[0-9]{1,10}x[0-9]{1,10}|[0-9]{1,6}fps")


def most_bytes(request: web.Request) -> int:
    """How much a request with a file and its thumbnail may hold."""
    largest = LARGEST_RECORDING if request.app[LIBRARY].studio else LARGEST_FILE
    return largest + MOST_THUMBNAIL


async def take_upload(request: web.Request, file: Upload, thumbnail: Upload | None) -> dict[str, Any]:
    """What the row of an upload says; ApiError 422 for what is not taken. The file lies in a folder of its own.

    One whose state is `waiting` is in that folder under the name that its job looks for.
    """
    assert file.path is not None  # noqa: S101  # the form was read into a folder
    container = await asyncio.to_thread(read_container, file.path)
    if container is None:
        return await _take_image(request, file)
    found = await _probe(request.app[LIBRARY].studio, file, file.path, container)
    file.path.rename(file.path.with_name(SOURCE))
    cover = await keep_thumbnail(request, thumbnail)
    return {
        "state": "waiting",
        "type": found.kind,
        "mime": container.video if found.kind == "video" else container.audio,
        "width": found.width,
        "height": found.height,
        "details": found.details(),
        **cover,
    }


async def _take_image(request: web.Request, file: Upload) -> dict[str, Any]:
    """What moves is kept as a film where there is ffmpeg, as Mastodon does: a tenth of the bytes."""
    library = request.app[LIBRARY]
    decoded = await decode_upload(request, file, Shape.ATTACHMENT)
    if decoded.whole.extension == "gif" and library.studio and file.path:
        anew = file.path.with_name("anew.gif")
        await asyncio.to_thread(anew.write_bytes, decoded.whole.data)
        try:
            return {**await keep_film(library.studio, anew, "gif"), "type": "gifv"}
        except BrokenError:
            pass  # it has been decoded once: it is an image at least
    return {"type": "image", **await keep_image(library.store, decoded)}


async def _probe(studio: Studio | None, file: Upload, path: Path, container: Container) -> Recording:
    if studio is None:
        raise ApiError(422, "Validation failed: Audio and video are not available on this server")
    await _check_size(file, "File", LARGEST_RECORDING)
    found = await studio.transcoder.probe(path, container)
    if isinstance(found, Refused):
        raise ApiError(422, _sentence(found, "File", "videos"))
    return found


async def keep_thumbnail(request: web.Request, thumbnail: Upload | None) -> dict[str, Any]:
    if thumbnail is None:
        return {}
    decoded = await decode_upload(request, thumbnail, Shape.ATTACHMENT, called="Thumbnail", most=MOST_THUMBNAIL)
    if thumbnail.path:
        thumbnail.path.unlink()  # as it came it has served
    return await keep_preview(request.app[LIBRARY].store, decoded)


async def decode_upload(
    request: web.Request, file: Upload, shape: Shape, *, called: str = "File", most: int = LARGEST_FILE
) -> Decoded:
    """The image in a shape; ApiError 422 for what is none, or is longer than `most` bytes. `called`: what apps call it."""
    await _check_size(file, called, most)
    data = await asyncio.to_thread(file.path.read_bytes) if file.path else file.data
    decoded = await request.app[LIBRARY].decoder.decode(data, shape)
    if isinstance(decoded, Refused):
        raise ApiError(422, _sentence(decoded, called, "images"))
    return decoded


async def _check_size(file: Upload, called: str, most: int) -> None:
    size = (await asyncio.to_thread(file.path.stat)).st_size if file.path else len(file.data)
    if size > most:
        raise ApiError(422, f"Validation failed: {called} file size must be less than {most >> 20} MB")


def _sentence(refused: Refused, called: str, what: str) -> str:
    if _SIZE.fullmatch(refused.reason):
        return f"{refused.reason} {what} are not supported"
    if refused.reason == "long":
        minutes = {kind: seconds // 60 for kind, seconds in LONGEST.items()}
        return f"Validation failed: {called} is too long (maximum is {minutes['video']} minutes of video, {minutes['audio']} of audio)"
    return f"Validation failed: {called} content type is invalid" if refused.reason == "type" else _BROKEN
