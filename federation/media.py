"""Files on other hosts, fetched for our own members. What comes back is bytes: decoding and keeping them is not done
here, and who may see them has been asked before.
"""

from io import BytesIO
from typing import BinaryIO
from urllib.parse import quote

from federation.client import Signing
from federation.context import Context
from federation.failures import FetchError
from federation.local_actors import INSTANCE_ACTOR_ID
from federation.signing import get_keys, signing
from policies.terms import Audience
from storage import actors, statuses
from storage.database import Reader
from storage.records import Actor, Media, Status

# Some object stores know no better; what comes is told by its bytes alone.
_ANY_TYPES = ("application/octet-stream", "binary/octet-stream")
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", *_ANY_TYPES)
VIDEO = frozenset({"video/mp4", "video/webm", "video/quicktime", "video/ogg"})
AUDIO = frozenset({
    "audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac",
    "audio/flac", "audio/x-flac", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wave",
    "audio/webm",
})  # fmt: skip
_RECORDING_TYPES = (*sorted(VIDEO | AUDIO), "application/ogg", *_ANY_TYPES)

MAX_BYTES = 16 * 1024 * 1024
MAX_RECORDING = 100 * 1024 * 1024  # Mastodon takes 99 MB


async def fetch_media(ctx: Context, media: Media, into: BinaryIO) -> bool:
    """Write the file of another instance's post; False when it cannot be had, whatever was written.

    What everybody may see is asked for unsigned, as Mastodon does; all else signed by the instance actor, and a group's
    file at the group's home, which is the only door to it (4-wire.md, Fetch).
    """

    async def find(tx: Reader) -> tuple[Status | None, Actor | None]:
        status = await statuses.get_status(tx, media.status_id) if media.status_id is not None else None
        group = await actors.get_actor(tx, status.group_id) if status and status.group_id is not None else None
        return status, group

    status, group = await ctx.db.read(find)
    if status is None or media.remote_url is None:
        return False
    image = media.type == "image"
    if status.audience in {Audience.PUBLIC, Audience.UNLISTED}:
        return await _fetch(ctx, media.remote_url, None, into, image=image)
    return await _fetch(ctx, _door(media.remote_url, group), await _sign_as_instance(ctx), into, image=image)


async def fetch_image(ctx: Context, address: str) -> bytes | None:
    """An image that everybody may see (an avatar, an emoji); None when it cannot be had."""
    into = BytesIO()
    return into.getvalue() if await _fetch(ctx, address, None, into, image=True) else None


def _door(address: str, group: Actor | None) -> str:
    """Files for a group of ours come from their author's home, which opens to us as the group's home."""
    return address if group is None or group.local else f"{group.uri}/media?uri={quote(address, safe='')}"


async def _sign_as_instance(ctx: Context) -> Signing:
    keys = await ctx.db.read(lambda tx: get_keys(tx, INSTANCE_ACTOR_ID, ctx.origin.instance_actor))
    return signing(keys, ctx.now, fresh=True)


async def _fetch(ctx: Context, address: str, sign: Signing | None, into: BinaryIO, *, image: bool) -> bool:
    accept, most = (IMAGE_TYPES, MAX_BYTES) if image else (_RECORDING_TYPES, MAX_RECORDING)
    try:
        await ctx.client.fetch_file(address, into, sign=sign, accept=accept, most=most)
    except FetchError:
        return False
    return True
