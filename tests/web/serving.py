"""Our web application on a real loopback socket, with a clock that tests move."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from federation.addresses import Guard
from federation.client import Client
from federation.context import Context, Origin
from storage.database import Database
from tests.web.people import NOW, ORIGIN
from web.door import open_door
from web.keys import CONTEXT, SITE, Site
from web.links import LINK_KEY
from web.oauth import apps, authorize, metadata, tokens
from web.outside.push import VAPID
from web.outside.web_push import make_vapid
from web.pages import (
    access,
    data,
    home,
    moving,
    password,
    second_step,
    security_keys,
    settings,
    sign_in,
    sign_up,
    static,
    two_factor,
    waiting,
)
from web.rates import Rate, Rates
from web.shared_rates import share_rates

PLENTY = Rate(100_000, 300)
# Plain http on loopback: a browser would not give a Secure cookie back.
SITE_HERE = Site("CHU A", languages=("en", "fr"), development=True, rates=Rates(address=PLENTY, apps=PLENTY))

Browser = TestClient[web.Request, web.Application]


@dataclass(slots=True)
class Clock:
    """Unix ms, as it stands."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass(frozen=True, slots=True)
class Served:
    """A running application and what tests do with it."""

    browser: Browser
    ctx: Context
    clock: Clock
    app: web.Application = field(repr=False)


@asynccontextmanager
async def serving(
    db: Database,
    *,
    site: Site = SITE_HERE,
    origin: Origin = ORIGIN,
    routes: Iterable[web.AbstractRouteDef] = (),
    port: int | None = None,
    shared: bool = False,
) -> AsyncIterator[Served]:
    """The whole door, all pages and OAuth, and whatever routes a test adds. `shared`: rates count in all processes."""
    clock = Clock()
    async with Client(Guard(), user_agent="test", now=clock) as client:
        app = web.Application()
        app[CONTEXT] = ctx = Context(db, client, origin, clock, mail=site.mail)
        app[SITE] = site
        app[LINK_KEY] = b"key"
        app[VAPID] = make_vapid("00", ORIGIN.base)
        open_door(app)
        pages = (
            access,
            data,
            home,
            moving,
            password,
            second_step,
            security_keys,
            settings,
            sign_in,
            sign_up,
            static,
            two_factor,
            waiting,
        )
        for module in (apps, authorize, metadata, tokens, *pages):
            app.add_routes(module.routes)
        app.add_routes(routes)
        if shared:
            share_rates(app)
        async with TestClient(TestServer(app, port=port)) as browser:
            yield Served(browser, ctx, clock, app)
