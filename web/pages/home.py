"""What anybody may read of this instance: the first page, the one about it, and what is promised and asked in writing."""

from aiohttp import web

from policies.ruleset import day_of
from web.keys import CONTEXT, SITE, VERSION
from web.pages.session import Visit, page, show
from web.showing import not_found
from web.texts import Terms, terms_after, terms_on, terms_since

routes = web.RouteTableDef()


@routes.get("/")
@page
async def show_home(request: web.Request, visit: Visit) -> web.StreamResponse:
    return show(request, visit, "home.html")


@routes.get("/about")
@page
async def show_about(request: web.Request, visit: Visit) -> web.StreamResponse:
    return show(request, visit, "about.html", version=VERSION)


@routes.get("/privacy-policy")
@page
async def show_privacy_policy(request: web.Request, visit: Visit) -> web.StreamResponse:
    policy = request.app[SITE].privacy_policy
    if policy is None:
        raise not_found()
    return show(request, visit, "privacy_policy.html", policy=policy)


@routes.get("/terms-of-service")
@page
async def show_terms(request: web.Request, visit: Visit) -> web.StreamResponse:
    today = day_of(request.app[CONTEXT].now())
    return _show_terms(request, visit, terms_on(request.app[SITE].terms, today))


@routes.get("/terms-of-service/{date}")
@page
async def show_terms_since(request: web.Request, visit: Visit) -> web.StreamResponse:
    return _show_terms(request, visit, terms_since(request.app[SITE].terms, request.match_info["date"]))


def _show_terms(request: web.Request, visit: Visit, terms: Terms | None) -> web.Response:
    if terms is None:
        raise not_found()
    versions = request.app[SITE].terms
    return show(
        request,
        visit,
        "terms_of_service.html",
        terms=terms,
        begun=terms.since <= day_of(request.app[CONTEXT].now()),
        later=terms_after(versions, terms),
        others=[one for one in versions if one is not terms],
    )
