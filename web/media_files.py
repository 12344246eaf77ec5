"""The addresses of files, and who gets them: attachments, avatars, headers, emoji.

An attachment is served to whoever may see its post at this moment, whatever its link says; an upload in no post, to
its owner alone. What is hidden and what is absent get the same answer.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from policies.decision import Allow
from storage import custom_emojis
from storage.actors import get_actor
from storage.database import Reader
from storage.instance import get_value
from storage.media import get_media
from storage.media_store import MediaStore
from storage.oauth import list_grants
from storage.records import Actor, Media
from storage.visibility import get_visible
from web.auth import anyone, may_use
from web.bodies import path_id, read_query
from web.errors import ApiError
from web.images import MIME_TYPES, Decoder, Shape
from web.keys import CONTEXT, SITE
from web.links import LINK_KEY, Pass, verify_address, verify_pass
from web.processing import Studio
from web.recordings import Transcoder, find_tools
from web.remote_files import RemoteFiles

routes = web.RouteTableDef()

PUBLIC = "public, max-age=604800"
BRIEF = "public, max-age=300"
PRIVATE = "private, no-store"
_STATIC = Path(__file__).parent / "pages" / "static"


@dataclass(frozen=True, slots=True)
class Library:
    """Where files are kept, who decodes them, who gets those of other instances, and who writes recordings anew: nobody
    where there is no ffmpeg.
    """

    store: MediaStore
    decoder: Decoder
    remote: RemoteFiles
    studio: Studio | None


LIBRARY: web.AppKey[Library] = web.AppKey("library", Library)


@dataclass(frozen=True, slots=True)
class Found:
    """An attachment that may be served now; `public` when to everybody."""

    media: Media
    public: bool


def add_media(app: web.Application, store: MediaStore) -> None:
    """Keep files in `store`, and sign links with the instance's secret once the application starts. Needs CONTEXT and SITE."""
    decoder, tools = Decoder(), find_tools(app[SITE].ffmpeg)
    studio = Studio(store, decoder, Transcoder(tools)) if tools else None
    library = app[LIBRARY] = Library(store, decoder, RemoteFiles(app[CONTEXT], store, decoder), studio)

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[LINK_KEY] = await app[CONTEXT].db.read(_read_link_key)
        yield
        await library.remote.close()

    app.cleanup_ctx.append(run)


async def _read_link_key(tx: Reader) -> bytes:
    secret = await get_value(tx, "media_links")
    if secret is None:
        raise LookupError("the instance has no secret for links to files: it was not initialised")
    return bytes.fromhex(secret)


@routes.get(r"/media/{id:[0-9]+}/{size:original|small}{extension:(?:\.[a-z0-9]+)?}")
@anyone
async def get_attachment(request: web.Request) -> web.StreamResponse:
    ctx, media_id = request.app[CONTEXT], path_id(request)
    now = ctx.now()
    given = verify_pass(request.app[LINK_KEY], media_id, read_query(request), now=now)
    found = await ctx.db.read(lambda tx: find_attachment(tx, media_id, given, now=now))
    whole = request.match_info["size"] == "original"
    media = await _with_files(request, found.media, whole=whole) if found else None
    if found is None or media is None:
        raise _not_found()
    cache = PUBLIC if found.public else PRIVATE
    return _serve(request, media.file, cache, media.mime) if whole else _serve(request, media.preview, cache)


async def find_attachment(tx: Reader, media_id: int, given: Pass | None, *, now: int) -> Found | None:
    """An attachment for whoever shows this pass (None: for anybody), if they may see its post at this moment."""
    media = await get_media(tx, media_id)
    if media is None or media.state != "ready":
        return None
    if media.status_id is not None and await get_visible(tx, media.status_id, viewer=0, now=now):
        return Found(media, public=True)
    if given is None or not await _stands(tx, given, now):
        return None
    if media.status_id is None:
        allowed = media.actor_id == given.viewer
    else:
        allowed = await get_visible(tx, media.status_id, viewer=given.viewer, now=now) is not None
    return Found(media, public=False) if allowed else None


async def _stands(tx: Reader, given: Pass, now: int) -> bool:
    """Whether the token by which an address was given is still good, and for whom it was given to."""
    grant = (await list_grants(tx, [given.token], now=now)).get(given.token)
    return grant is not None and grant.actor_id == given.viewer and isinstance(may_use(grant), Allow)


async def _with_files(request: web.Request, media: Media, *, whole: bool) -> Media | None:
    """Another instance's recording comes without a picture: there is no use in fetching it for one."""
    if media.file is not None or media.remote_url is None or not (whole or media.type == "image"):
        return media
    return await request.app[LIBRARY].remote.attachment(media)


@routes.get(r"/media/avatars/{id:[0-9]+}/{version:\w+}.webp")
@anyone
async def get_avatar(request: web.Request) -> web.StreamResponse:
    return await _get_portrait(request, Shape.AVATAR)


@routes.get(r"/media/headers/{id:[0-9]+}/{version:\w+}.webp")
@anyone
async def get_header(request: web.Request) -> web.StreamResponse:
    return await _get_portrait(request, Shape.HEADER)


async def _get_portrait(request: web.Request, shape: Shape) -> web.StreamResponse:
    """An actor's picture as it is now; ours when there is none to be had."""
    actor_id = path_id(request)
    actor = await request.app[CONTEXT].db.read(lambda tx: get_actor(tx, actor_id))
    shown = actor if actor and actor.disabled_at is None and not actor.host_suspended else None
    name = await _find_portrait(request.app[LIBRARY], shown, shape) if shown else None
    if name is None:
        return _respond(_STATIC / f"{shape}.png", BRIEF)
    return _serve(request, name, PUBLIC)


async def _find_portrait(library: Library, actor: Actor, shape: Shape) -> str | None:
    source = actor.avatar if shape is Shape.AVATAR else actor.header
    if source is None or actor.local:
        return source
    return await library.remote.picture(source, shape)


@routes.get(r"/media/custom_emojis/{id:[0-9]+}/{version:\w+}.webp")
@anyone
async def get_custom_emoji(request: web.Request) -> web.StreamResponse:
    """A custom emoji of ours."""
    emoji_id = path_id(request)
    emoji = await request.app[CONTEXT].db.read(lambda tx: custom_emojis.get_emoji(tx, emoji_id))
    return _serve(request, emoji.file if emoji else None, PUBLIC)


@routes.get(r"/media/emojis/{mac:[\w-]+}/{address:[\w-]+}.webp")
@anyone
async def get_emoji(request: web.Request) -> web.StreamResponse:
    """A custom emoji of another instance."""
    return await _get_proxied(request, Shape.EMOJI)


@routes.get(r"/media/cards/{mac:[\w-]+}/{address:[\w-]+}.webp")
@anyone
async def get_card(request: web.Request) -> web.StreamResponse:
    """The picture of a page that a public post links to."""
    return await _get_proxied(request, Shape.CARD)


async def _get_proxied(request: web.Request, shape: Shape) -> web.StreamResponse:
    """From an address that we once signed."""
    address = verify_address(request.app[LINK_KEY], request.match_info["mac"], request.match_info["address"])
    name = await request.app[LIBRARY].remote.picture(address, shape) if address else None
    return _serve(request, name, PUBLIC)


def _serve(request: web.Request, name: str | None, cache: str, type_: str = "") -> web.StreamResponse:
    path = request.app[LIBRARY].store.find(name) if name else None
    if path is None:
        raise _not_found()
    return _respond(path, cache, type_)


def _respond(path: Path, cache: str, type_: str = "") -> web.FileResponse:
    """The type is told by us, and a browser that opens the file by itself lets it do nothing. Parts of a file are given
    too (RFC 9110 §14): Safari plays nothing without.
    """
    headers = {
        "Content-Type": type_ or MIME_TYPES[path.suffix[1:]],
        "Cache-Control": cache,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if not headers["Content-Type"].startswith("image/"):
        headers["Content-Disposition"] = "attachment"  # players do not mind, and nobody is shown it as a page
    return web.FileResponse(path, headers=headers)


def _not_found() -> ApiError:
    return ApiError(404, "Record not found")
