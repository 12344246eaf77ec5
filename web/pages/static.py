"""Our own style, images and the one script: read once, served from memory."""

from functools import cache
from pathlib import Path

from aiohttp import web

from web.auth import anyone

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}

routes = web.RouteTableDef()


@routes.get("/static/{name}")
@anyone
async def get_file(request: web.Request) -> web.StreamResponse:
    found = _files().get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    content_type, data = found
    return web.Response(
        body=data,
        headers={
            "Content-Type": content_type,
            "Cache-Control": "public, max-age=3600",
            "Access-Control-Allow-Origin": "*",  # clients draw avatars on a canvas
        },
    )


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """By name; only what is in the folder now can ever be asked for."""
    return {path.name: (_TYPES[path.suffix], path.read_bytes()) for path in _FOLDER.iterdir() if path.suffix in _TYPES}
