"""Files on an origin of their own (`media_host`): there they are and nothing else is, so that whatever somebody uploaded
shares no origin with pages, apps' tokens and other servers' doors.
"""

from aiohttp import web

from web.errors import Handler
from web.keys import CONTEXT

_FILES = "/media/"


@web.middleware
async def keep_apart(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who asks our host for a file is led to the other, for addresses that were given out before; whether there is such a
    file is asked there alone.
    """
    origin = request.app[CONTEXT].origin
    there, is_file = request.host.lower() == origin.media_host, request.path.startswith(_FILES)
    if not origin.media_host or there == is_file:
        return await handler(request)
    if is_file:
        headers = {"Location": f"{origin.media_base}{request.raw_path}", "Cache-Control": "private, no-store"}
        return web.Response(status=308, headers=headers)
    return web.json_response({"error": "Record not found"}, status=404)
