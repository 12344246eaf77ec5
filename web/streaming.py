"""The doors of streaming: WebSockets with several subscriptions, and Server-Sent Events with one.

A stream that we do not have is refused by name, so that apps go on asking the timelines. What is sent, and whether it still may be, is the hub's matter (`web.streams.hub`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from storage.database import Reader
from storage.groups import list_groups_of
from storage.lists import get_list
from web.auth import GRANT, Access, Viewer, Who, anyone, declare, find_grant, viewer_of
from web.bodies import parse_json, read_query
from web.errors import ApiError, Handler
from web.forms import Form, parse_id
from web.keys import CONTEXT
from web.links import LINK_KEY
from web.streams.hub import Hub
from web.streams.outlets import Message, Outlet, Stream

routes = web.RouteTableDef()

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)

PING_SECONDS = 30
THUMP_SECONDS = 15
FAREWELL_SECONDS = 1
MOST_QUESTION = 4096
SCOPES = ("read:statuses", "read:notifications")
ACCESS = Access(Who.MEMBER, SCOPES, group=True)
# What a group is told of: its own posts, and its own notifications.
OF_GROUPS = ("user", "user:notification")
STREAMS = (
    "user",
    "user:notification",
    "public",
    "public:local",
    "public:remote",
    "public:media",
    "public:local:media",
    "public:remote:media",
    "hashtag",
    "hashtag:local",
    "list",
    "direct",
)


class RefusedError(Exception):
    """A subscription that cannot be had, as error frames say it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def add_streaming(app: web.Application) -> None:
    """Follow the events from the first connection on; at shutdown end all. Needs CONTEXT, and LINK_KEY at start."""
    hub = app[HUB] = Hub(app[CONTEXT], lambda: app[LINK_KEY])

    async def close(_: web.Application) -> None:
        await hub.close()

    app.on_shutdown.append(close)


def _for_members(handler: Handler) -> Handler:
    return declare(handler, ACCESS)


@routes.get("/api/v1/streaming/health")
@anyone
async def get_health(_: web.Request) -> web.StreamResponse:
    return web.Response(text="OK")


@routes.get("/api/v1/streaming")
@routes.get("/api/v1/streaming/")
@_for_members
async def open_socket(request: web.Request) -> web.StreamResponse:
    """A WebSocket. `stream` in the query is the first subscription; others are asked for by messages."""
    viewer, query = await _authenticate(request), read_query(request)
    first = parse_stream(query) if "stream" in query else None
    # A browser that offered a subprotocol (the token) drops the socket unless it is echoed.
    socket = web.WebSocketResponse(
        protocols=_offered(request)[:1], heartbeat=PING_SECONDS, max_msg_size=MOST_QUESTION, compress=False
    )
    async with _joined(request, viewer) as outlet:
        await socket.prepare(request)
        if first:
            await _subscribe(request, socket, outlet, first)
        await _run(outlet, _listen(request, socket, outlet), _send_frames(socket, outlet))
        if outlet.ended.done():
            code, reason = outlet.ended.result().value
            await _finish(request, socket.close(code=code, message=reason))
    return socket


@routes.get(r"/api/v1/streaming/{name:user(?:/notification)?|public(?:/local|/remote)?|hashtag(?:/local)?|list|direct}")
@_for_members
async def open_events(request: web.Request) -> web.StreamResponse:
    """Server-Sent Events of one stream."""
    viewer = await _authenticate(request)
    name, query = request.match_info["name"].replace("/", ":"), read_query(request)
    if name.startswith("public") and query.boolean("only_media"):
        name += ":media"
    try:
        stream = await _find_stream(request, viewer, name, _argument(name, query))
    except RefusedError as refused:
        raise ApiError(refused.status, refused.text) from refused
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
    )
    async with _joined(request, viewer) as outlet:
        outlet.streams.add(stream)
        await response.prepare(request)
        await _run(outlet, _send_events(response, outlet))
        await _finish(request, response.write_eof())
    return response


async def _authenticate(request: web.Request) -> Viewer:
    """By query, subprotocol or header, in this order (Mastodon 4.5, streaming/index.js). Raises ApiError."""
    token = read_query(request).text("access_token") or next(iter(_offered(request)), None)
    grant = await find_grant(request.app[CONTEXT], token) if token else request.get(GRANT)
    return viewer_of(grant, ACCESS)


def _offered(request: web.Request) -> list[str]:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return [name.strip() for name in offered.split(",") if name.strip()]


@asynccontextmanager
async def _joined(request: web.Request, viewer: Viewer) -> AsyncIterator[Outlet]:
    hub, outlet = request.app[HUB], Outlet(viewer)
    await hub.join(outlet)
    try:
        yield outlet
    finally:
        hub.leave(outlet)


async def _run(outlet: Outlet, *doings: Awaitable[None]) -> None:
    """Do all this until one of it is over, or the hub ends the outlet, even when something is stuck in a full buffer."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(doing) for doing in doings]
    try:
        await asyncio.wait([*tasks, outlet.ended], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                raise outcome


async def _listen(request: web.Request, socket: web.WebSocketResponse, outlet: Outlet) -> None:
    async for message in socket:
        question = _parse_question(message.data) if message.type is WSMsgType.TEXT else None
        if question is None:
            await _send_error(socket, RefusedError(400, "Malformed message"))
        elif question.leave:
            outlet.streams.discard(Stream(question.name, question.argument))
        else:
            await _subscribe(request, socket, outlet, question)


@dataclass(frozen=True, slots=True)
class Question:
    """A stream asked for, or no longer wanted. `argument`: the id of a list, or a tag."""

    name: str
    argument: str = ""
    leave: bool = False


def _parse_question(data: Any) -> Question | None:
    """A message of an app; None for what is none."""
    try:
        form = Form(parse_json(data))
        kind = form.text("type")
        return parse_stream(form, leave=kind == "unsubscribe") if kind in {"subscribe", "unsubscribe"} else None
    except ApiError:
        return None


def parse_stream(form: Form, *, leave: bool = False) -> Question:
    """`"list"` with `list` beside it, or `["list", "ID"]`; so for `hashtag`. ApiError for what is no text."""
    name, *rest = form.texts("stream") or [""]
    return Question(name, rest[0] if rest and name.startswith(("list", "hashtag")) else _argument(name, form), leave)


def _argument(name: str, form: Form) -> str:
    """What a stream's name needs beside it; tags are compared in lower case, without #."""
    if name == "list":
        return form.text("list") or ""
    return (form.text("tag") or "").removeprefix("#").lower() if name.startswith("hashtag") else ""


async def _subscribe(request: web.Request, socket: web.WebSocketResponse, outlet: Outlet, question: Question) -> None:
    try:
        outlet.streams.add(await _find_stream(request, outlet.viewer, question.name, question.argument))
    except RefusedError as refused:
        await _send_error(socket, refused)


async def _find_stream(request: web.Request, viewer: Viewer, name: str, argument: str) -> Stream:
    """A stream that we have and the viewer may have. Raises RefusedError."""
    if name not in STREAMS:
        raise RefusedError(400, "Unknown stream type")
    if viewer.is_group and name not in OF_GROUPS:
        raise RefusedError(403, "This stream is not available to a group")
    if not viewer.has("read:notifications" if name == "user:notification" else "read:statuses"):
        raise RefusedError(401, "Access token does not have the required scopes")
    if name.startswith("hashtag"):
        if not argument:
            raise RefusedError(400, "Missing tag name parameter")
        return Stream(name, argument.removeprefix("#").lower())
    if name != "list":
        return Stream(name)
    ctx, list_id = request.app[CONTEXT], parse_id(argument)
    now = ctx.now()
    if not await ctx.db.read(lambda tx: _has_list(tx, viewer, list_id, now=now)):
        raise RefusedError(404, "Record not found")
    return Stream(name, str(list_id))


async def _has_list(tx: Reader, viewer: Viewer, list_id: int, *, now: int) -> bool:
    if await get_list(tx, list_id, owner_id=viewer.actor_id) is not None:
        return True
    return any(actor.id == list_id for _, actor in await list_groups_of(tx, viewer.actor_id, now=now))


async def _send_error(socket: web.WebSocketResponse, refused: RefusedError) -> None:
    await socket.send_str(orjson.dumps({"error": refused.text, "status": refused.status}).decode())


async def _send_frames(socket: web.WebSocketResponse, outlet: Outlet) -> None:
    while True:
        await socket.send_str(render_frame(await outlet.take()))


def render_frame(message: Message) -> str:
    """The payload is a string: JSON inside JSON. Without one, its name is left out too, as Mastodon does."""
    frame = {"stream": message.stream.names, "event": message.event}
    if message.payload:
        frame["payload"] = message.payload
    return orjson.dumps(frame).decode()


async def _finish(request: web.Request, farewell: Awaitable[object]) -> None:
    """Say good-bye if the other end still listens, and be gone anyhow."""
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await farewell
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()


async def _send_events(response: web.StreamResponse, outlet: Outlet) -> None:
    await response.write(b":)\n")
    while True:
        try:
            async with asyncio.timeout(THUMP_SECONDS):
                message = await outlet.take()
        except TimeoutError:
            await response.write(b":thump\n")
        else:
            # An event without data is dropped by readers of event streams; Mastodon 4.5 sends this word.
            data = message.payload or "undefined"
            await response.write(f"event: {message.event}\ndata: {data}\n\n".encode())
