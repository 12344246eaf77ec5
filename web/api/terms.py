"""What the admin promises and asks in writing: the privacy policy and the terms of service, version by version."""

from aiohttp import web

from policies.ruleset import day_of
from web.answers import answer
from web.auth import anyone
from web.keys import CONTEXT, SITE
from web.render import Entity, moment
from web.showing import not_found
from web.texts import Terms, terms_after, terms_on, terms_since

routes = web.RouteTableDef()


@routes.get("/api/v1/instance/privacy_policy")
@anyone
async def get_privacy_policy(request: web.Request) -> web.StreamResponse:
    policy = request.app[SITE].privacy_policy
    if policy is None:
        raise not_found()
    return answer({"updated_at": moment(policy.changed_at), "content": policy.html})


@routes.get("/api/v1/instance/terms_of_service")
@anyone
async def get_terms(request: web.Request) -> web.StreamResponse:
    today = day_of(request.app[CONTEXT].now())
    return answer(_render(request, terms_on(request.app[SITE].terms, today)))


@routes.get("/api/v1/instance/terms_of_service/{date}")
@anyone
async def get_terms_since(request: web.Request) -> web.StreamResponse:
    return answer(_render(request, terms_since(request.app[SITE].terms, request.match_info["date"])))


def _render(request: web.Request, terms: Terms | None) -> Entity:
    """TermsOfService. Raises the 404 when there are none."""
    if terms is None:
        raise not_found()
    later = terms_after(request.app[SITE].terms, terms)
    return {
        "effective_date": terms.since.isoformat(),
        "effective": terms.since <= day_of(request.app[CONTEXT].now()),
        "content": terms.text.html,
        "succeeded_by": later.since.isoformat() if later else None,
    }
