"""Signing up by an app, and the letter that shows whose an e-mail address is."""

from collections.abc import Sequence

from aiohttp import web

from federation.outbox.sign_ups import TakenError, send_link
from storage.oauth import Grant, get_app
from web.answers import answer, empty
from web.auth import for_apps, for_newcomers
from web.bodies import read_form
from web.errors import ApiError
from web.keys import CONTEXT, SITE
from web.oauth.clients import answer_oauth
from web.oauth.tokens import issue_token
from web.sign_ups import Problem, check_email, find_taken_problems, join, make_link, read_email, read_wish

routes = web.RouteTableDef()


@routes.post("/api/v1/accounts")
@for_apps("write", "write:accounts")
async def create_account(request: web.Request, grant: Grant) -> web.StreamResponse:
    """A token, which is good as soon as the person is in; until then it says what is missing."""
    if grant.actor_id is not None:
        raise ApiError(403, "This method requires an client credentials authentication")
    ctx, site = request.app[CONTEXT], request.app[SITE]
    if site.registrations == "closed":
        raise ApiError(403, "Forbidden")
    person = await join(request, read_wish(await read_form(request), site))
    if isinstance(person, list):
        raise _invalid(person)
    app = await ctx.db.read(lambda tx: get_app(tx, grant.app_id))
    scopes = app.scopes if app else grant.scopes
    return answer_oauth(await issue_token(ctx.db, grant.app_id, person.actor.id, scopes, now=ctx.now()))


@routes.post("/api/v1/emails/confirmations")
@for_newcomers("write", "write:accounts")
async def resend_confirmation(request: web.Request, grant: Grant) -> web.StreamResponse:
    """Another letter, at another address if one is given. Only the app that signed somebody up has a token by now."""
    if grant.actor_id is None:
        only = "This method is only available to the application the user originally signed-up with"
        raise ApiError(403, only)
    if grant.standing != "unconfirmed":
        raise ApiError(403, "This method is only available while the e-mail is awaiting confirmation")
    form = await read_form(request)
    email = read_email(form)
    problems = list(check_email(email)) if form.given("email") else []
    if problems:
        raise _invalid(problems)
    try:
        await send_link(request.app[CONTEXT], grant.actor_id, make_link(), email)
    except TakenError as error:
        raise _invalid(list(find_taken_problems(error.taken))) from error
    return empty()


@routes.get("/api/v1/emails/check_confirmation")
@for_newcomers("read", "read:accounts")
async def check_confirmation(_request: web.Request, grant: Grant) -> web.StreamResponse:
    if grant.actor_id is None:
        raise ApiError(422, "This method requires an authenticated user")
    return answer(grant.standing != "unconfirmed")


def _invalid(problems: Sequence[Problem]) -> ApiError:
    """ValidationError."""
    said: dict[str, list[dict[str, str]]] = {}
    for problem in problems:
        said.setdefault(problem.field, []).append({"error": problem.code, "description": problem.text})
    sentences = ", ".join(problem.sentence for problem in problems)
    return ApiError(422, f"Validation failed: {sentences}", details={"details": said})
