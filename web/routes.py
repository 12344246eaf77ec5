"""The one table of every door for people and their apps. Must not know what is behind them."""

from collections.abc import Iterable, Iterator
from functools import cache

from aiohttp import web

from storage.media_store import MediaStore
from web import media_files, streaming
from web.admin_api import accounts as admin_accounts
from web.admin_api import domains, figures, shut_out
from web.admin_api import explanations as admin_explanations
from web.admin_api import reports as admin_reports
from web.admin_api import trends as admin_trends
from web.api import (
    absent,
    accounts,
    announcements,
    annual_reports,
    blocks,
    collections,
    conversations,
    explanations,
    explore,
    featured,
    filters,
    follow_requests,
    groups,
    instance,
    lists,
    markers,
    marks,
    media,
    notification_requests,
    notifications,
    oembed,
    peers,
    polls,
    profile,
    push,
    quotes,
    reports,
    scheduled,
    search,
    sign_ups,
    statuses,
    tags,
    terms,
    timelines,
    translations,
)
from web.door import open_door
from web.media_files import add_media
from web.oauth import apps, authorize, metadata, tokens
from web.outside.push import add_push
from web.pages import (
    access,
    collected,
    crossings,
    data,
    deletions,
    home,
    interaction,
    moving,
    password,
    profiles,
    second_step,
    security_keys,
    settings,
    share,
    sign_in,
    sign_up,
    static,
    two_factor,
    waiting,
)
from web.streaming import add_streaming

_API = (
    absent,
    accounts,
    announcements,
    annual_reports,
    blocks,
    collections,
    conversations,
    explanations,
    explore,
    featured,
    filters,
    follow_requests,
    groups,
    instance,
    lists,
    markers,
    marks,
    media,
    notification_requests,
    notifications,
    oembed,
    peers,
    polls,
    profile,
    push,
    quotes,
    reports,
    scheduled,
    search,
    sign_ups,
    statuses,
    tags,
    terms,
    timelines,
    translations,
)
_ADMIN_API = (
    admin_accounts,
    admin_explanations,
    admin_reports,
    domains,
    figures,
    shut_out,
    admin_trends,
)
_OAUTH = (apps, authorize, metadata, tokens)
_PAGES = (
    access,
    collected,
    crossings,
    data,
    deletions,
    home,
    interaction,
    moving,
    password,
    profiles,
    second_step,
    security_keys,
    settings,
    share,
    sign_in,
    sign_up,
    static,
    two_factor,
    waiting,
)


def add_web_routes(app: web.Application, store: MediaStore) -> None:
    """Put every door into an application that has CONTEXT and SITE; files go to `store`."""
    open_door(app)
    add_media(app, store)
    add_streaming(app)
    add_push(app)
    for resource in _resources():
        app.router.register_resource(resource)


@cache
def _resources() -> tuple[web.AbstractResource, ...]:
    """The same for every application: making some hundred patterns takes longer than most of our tests."""
    router = web.UrlDispatcher()
    for module in (*_PAGES, media_files, streaming):
        router.add_routes(module.routes)
    for module in (*_API, *_ADMIN_API, *_OAUTH):
        router.add_routes(_with_slashes(module.routes))
    return tuple(router.resources())


def _with_slashes(routes: Iterable[web.AbstractRouteDef]) -> Iterator[web.AbstractRouteDef]:
    """Each address with and without a slash at its end, as in Mastodon: Mastodon.py asks for `/api/v1/instance/`, and
    toot sends its person to `/oauth/authorize/`.
    """
    for route in routes:
        yield route
        if isinstance(route, web.RouteDef):
            yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)
