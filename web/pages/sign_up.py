"""Signing up by a browser: the form, where the institution lets people ask for an account themselves."""

from aiohttp import web

from web.bodies import read_query
from web.keys import SITE
from web.limits import spend_sign_up
from web.pages.session import Visit, open_session, page, show
from web.pages.sign_in import local_path
from web.pages.waiting import show_waiting
from web.passwords import LEAST_PASSWORD
from web.sign_ups import MOST_NAME, MOST_REASON, Problem, Wish, join, read_wish

routes = web.RouteTableDef()


@routes.get("/auth/sign_up")
@page
async def ask_account(request: web.Request, visit: Visit) -> web.StreamResponse:
    _require_open(request)
    return _show_form(request, visit, local_path(read_query(request).text("next")))


@routes.post("/auth/sign_up")
@page
async def take_account(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Who is in at once goes on to where they came from; the others are told what they wait for."""
    _require_open(request)
    back = local_path(visit.form.text("next"))
    wish = read_wish(visit.form, request.app[SITE], locale=visit.locale)
    if spend_sign_up(request).exceeded:
        return _show_form(request, visit, back, wish=wish, problem="too_often", status=429)
    person = await join(request, wish, back=back)
    if isinstance(person, list):
        return _show_form(request, visit, back, wish=wish, problems=person, status=422)
    if person.enabled:
        return await open_session(request, person, back)
    return await show_waiting(request, visit, person, back)


def _require_open(request: web.Request) -> None:
    if request.app[SITE].registrations == "closed":
        raise web.HTTPNotFound


def _show_form(
    request: web.Request,
    visit: Visit,
    back: str,
    *,
    wish: Wish | None = None,
    problems: list[Problem] | None = None,
    problem: str = "",
    status: int = 200,
) -> web.Response:
    codes = {found.field: found.code for found in problems or ()}
    values = {"next": back, "wish": wish, "problem": problem, "codes": codes}
    bounds = {"least": LEAST_PASSWORD, "longest_name": MOST_NAME, "longest_reason": MOST_REASON}
    return show(request, visit, "sign_up.html", status=status, **values, **bounds)
