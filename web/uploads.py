"""Images that members upload: written anew by the decoder, or refused with a sentence that apps show."""

import re

from aiohttp import web

from web.errors import ApiError
from web.forms import Upload
from web.images import LARGEST_FILE, Decoded, Refused, Shape
from web.media_files import LIBRARY

# Mastodon's own phrases: apps show them, and some compare them.
_BROKEN = "File type of uploaded media could not be verified"
_SIZE = re.compile(r"[0-9]{1,10}x[0-9]{1,10}")


async def decode_upload(
    request: web.Request, file: Upload, shape: Shape, *, called: str = "File", most: int = LARGEST_FILE
) -> Decoded:
    """The image in a shape; ApiError 422 for what is none, or is longer than `most` bytes. `called`: what apps call it."""
    if len(file.data) > most:
        raise ApiError(422, f"Validation failed: {called} file size must be less than {most >> 20} MB")
    decoded = await request.app[LIBRARY].decoder.decode(file.data, shape)
    if isinstance(decoded, Refused):
        raise ApiError(422, _sentence(decoded, called))
    return decoded


def _sentence(refused: Refused, called: str) -> str:
    if _SIZE.fullmatch(refused.reason):
        return f"{refused.reason} images are not supported"
    return f"Validation failed: {called} content type is invalid" if refused.reason == "type" else _BROKEN
