"""What every request from people and their apps passes, whatever it asks for: `open_door` puts it into an application.

From outside in: errors become answers, files are kept to their own host, preflights are answered, the token is looked up
once, the rate is counted.
"""

from aiohttp import web

from web import cors, limits
from web.auth import GRANT, note_use, read_grant
from web.errors import REQUEST_ID, ApiError, Handler, answer_errors
from web.keys import CONTEXT, LIMITER
from web.media_host import keep_apart
from web.pages.render import set_up_templates
from web.proxies import client_address
from web.rates import Limiter
from web.shut_out import IP_RULES, IpRules, Severity

# Where apps ask with a token. Other servers' doors and discovery have their own bounds.
_COUNTED = ("/api/", "/oauth/")


def open_door(app: web.Application) -> None:
    """Install middlewares, headers and templates. Needs CONTEXT and SITE in the application before it starts."""
    app[LIMITER] = Limiter()
    app[IP_RULES] = IpRules()
    app.middlewares.extend((answer_errors, shut_out, keep_apart, admit))
    app.on_response_prepare.append(add_headers)
    set_up_templates(app)


@web.middleware
async def shut_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    """To who comes from a blocked network nothing is answered but that, whatever they ask for."""
    severity = await request.app[IP_RULES].judge(request.app[CONTEXT], client_address(request))
    if severity is Severity.NO_ACCESS:
        raise ApiError(403, "Forbidden")
    return await handler(request)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer preflights; for the client API look the token up, count, and refuse who asks too often."""
    preflight = cors.answer_preflight(request)
    if preflight is not None:
        return preflight
    if not request.path.startswith(_COUNTED):
        return await handler(request)
    grant = await read_grant(request)
    if grant is not None:
        request[GRANT] = grant
    request[limits.ALLOWANCE] = allowance = limits.spend(request, grant)
    if allowance.exceeded:
        raise ApiError(429, "Too many requests")
    if grant is not None:
        await note_use(request.app[CONTEXT], grant)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, streams and errors too."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request_id := request.get(REQUEST_ID):
        response.headers["X-Request-Id"] = request_id
    if allowance := request.get(limits.ALLOWANCE):
        limits.add_headers(allowance, response.headers)
    cors.add_headers(request.path, response.headers)
