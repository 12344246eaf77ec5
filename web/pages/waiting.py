"""What somebody waits for who has signed up: the letter with the link, and then whoever lets people in."""

from aiohttp import web

from federation.outbox.sign_ups import NotWaitingError, TakenError, confirm, send_link
from storage.members import Person, get_person
from storage.second_factors import claim_attempt
from storage.sign_ups import get_confirmation
from web.bodies import read_query
from web.keys import CONTEXT
from web.limits import spend_confirmation
from web.pages.second_step import begin
from web.pages.session import Visit, page, show
from web.sign_ups import check_email, make_link, read_email
from web.tokens import hash_token

PURPOSE = "confirmation"

routes = web.RouteTableDef()


async def show_waiting(
    request: web.Request, visit: Visit, person: Person, back: str, *, outcome: str = "", status: int = 200
) -> web.Response:
    """To who has just given the password of this account: only they may have another letter sent."""
    unconfirmed = person.member.confirmed_at is None
    token = await begin(request, person.actor.id, PURPOSE, back) if unconfirmed else ""
    values = {"person": person, "unconfirmed": unconfirmed, "token": token, "next": back, "outcome": outcome}
    return show(request, visit, "waiting.html", status=status, **values)


@routes.get("/auth/confirmation")
@page
async def show_confirmation(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Only a button: mail programs look at links before their reader does."""
    token = read_query(request).text("token") or ""
    ctx = request.app[CONTEXT]
    hashed, now = hash_token(token), ctx.now()
    found = await ctx.db.read(lambda tx: get_confirmation(tx, hashed, now=now))
    return _show_link(request, visit, token, found.email) if found else _show_link(request, visit)


@routes.post("/auth/confirmation")
@page
async def use_confirmation(request: web.Request, visit: Visit) -> web.StreamResponse:
    """The password is asked for next: whoever can read the mail need not know it."""
    done = await confirm(request.app[CONTEXT], hash_token(visit.form.text("token") or ""))
    if done is None:
        return _show_link(request, visit)
    person, back = done
    if not person.enabled:
        return await show_waiting(request, visit, person, back)
    return show(request, visit, "confirmation.html", done=True, next=back)


@routes.post("/auth/confirmation/letter")
@page
async def send_letter(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Another letter, at another address if the first was mistyped."""
    hashed, ctx = hash_token(visit.form.text("token") or ""), request.app[CONTEXT]
    now = ctx.now()
    begun = await ctx.db.transact(lambda tx: claim_attempt(tx, hashed, PURPOSE, now=now))
    person = await ctx.db.read(lambda tx: get_person(tx, begun.actor_id)) if begun else None
    if begun is None or person is None:
        return _show_link(request, visit)
    email, outcome = read_email(visit.form), "sent"
    if spend_confirmation(request, begun.actor_id).exceeded:
        outcome = "too_often"
    elif list(check_email(email)):
        outcome = "invalid"
    else:
        outcome = await _send(request, begun.actor_id, email)
    person = await ctx.db.read(lambda tx: get_person(tx, begun.actor_id)) or person
    status = {"sent": 200, "too_often": 429}.get(outcome, 422)
    return await show_waiting(request, visit, person, begun.data, outcome=outcome, status=status)


def _show_link(request: web.Request, visit: Visit, token: str = "", email: str = "") -> web.Response:
    """What the link is for; without a token, that it is good for nothing."""
    return show(request, visit, "confirmation.html", status=200 if token else 404, done=False, token=token, email=email)


async def _send(request: web.Request, actor_id: int, email: str) -> str:
    try:
        await send_link(request.app[CONTEXT], actor_id, make_link(), email)
    except TakenError:
        return "taken"
    except NotWaitingError:  # they opened the link meanwhile: the page says what comes next
        return ""
    return "sent"
