"""Several processes' worth of one instance: applications with databases of their own, opened on one address.

Also the other end of what they fetch: a small server of images, which counts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from federation.addresses import Guard
from federation.client import Client
from federation.context import Context
from storage import instance, rules
from storage.database import Transaction
from storage.engines import connect
from storage.media_store import MediaStore
from tests.web.api_world import RULES, SITE_HERE, World
from tests.web.people import NOW, ORIGIN
from tests.web.serving import Clock
from web.keys import CONTEXT, SITE
from web.routes import add_web_routes

LOOPBACK = Guard((ip_network("127.0.0.0/8"), ip_network("::1/128")), development=True)


async def found(address: str) -> None:
    """Make an empty database an instance."""
    db = await connect(address)

    async def unit(tx: Transaction) -> None:
        await rules.insert_version(tx, body=RULES, author="test", reason="", now=NOW)
        for secret in ("media_links", "vapid"):
            await instance.insert_value(tx, secret, "00" * 32)

    await db.transact(unit)
    await db.close()


@asynccontextmanager
async def live(address: str, folder: Path, clock: Clock) -> AsyncIterator[World]:
    """One process of the instance at `address`; it may fetch from loopback."""
    db = await connect(address)
    try:
        async with Client(LOOPBACK, user_agent="test", now=clock) as client:
            app = web.Application()
            app[CONTEXT] = ctx = Context(db, client, ORIGIN, clock)
            app[SITE] = SITE_HERE
            add_web_routes(app, MediaStore(folder))
            async with TestClient(TestServer(app)) as browser:
                yield World(db, ctx, clock, browser)
    finally:
        await db.close()


def picture(width: int = 64, height: int = 48, colour: str = "red", format_: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, format_)
    return buffer.getvalue()


@dataclass(slots=True)
class Gallery:
    """Another instance's images. `requests` is what was asked for, with its headers."""

    port: int
    body: bytes = field(default_factory=picture)
    status: int = 200
    content_type: str = "image/png"
    requests: list[web.BaseRequest] = field(default_factory=list)

    def url(self, path: str = "/a.png") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        return web.Response(body=self.body, status=self.status, content_type=self.content_type)


@asynccontextmanager
async def gallery() -> AsyncIterator[Gallery]:
    made = Gallery(0)
    server = TestServer(web.Application())
    server.app.router.add_get("/{path:.*}", made.answer)
    async with server:
        made.port = server.port or 0
        yield made
