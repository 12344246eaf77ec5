"""People: looked for, admitted, sanctioned, let be again, erased. Every act has effect at once."""

from collections.abc import Awaitable, Sequence

from aiohttp import web

from federation.local_actors import INSTANCE_ACTOR_ID
from federation.outbox import sign_ups
from federation.outbox.notes import Draft, publish
from federation.outbox.sanctions import Officer, Sanction, UnfitError, erase, lift, punish
from federation.outbox.sign_ups import NotWaitingError
from policies.decision import Deny
from policies.moderation import Act, may_moderate
from policies.terms import Audience, Role
from storage import administration, reports
from storage.administration import Known, Sought
from storage.database import Reader
from web.admin_api.letters import compose_letter
from web.admin_api.showing import render_account, show_accounts
from web.admin_api.staff import chosen, lets_in, not_allowed, read_name, staff
from web.answers import answer, empty
from web.auth import Viewer
from web.bodies import path_id, read_form, read_query
from web.forms import Form
from web.keys import CONTEXT, SITE
from web.pagination import parse_page
from web.showing import not_found, stored_page

routes = web.RouteTableDef()

_ACCOUNTS = "/api/v1/admin/accounts"
_READ, _WRITE = "admin:read:accounts", "admin:write:accounts"
STAFF = tuple(role for role in Role if role is not Role.MEMBER)
MOST_TEXT = 2_000
# These see and read no message any more: mail alone reaches them.
_SHUT_OUT = frozenset({Sanction.DISABLE, Sanction.SUSPEND})


@routes.get(_ACCOUNTS)
@staff(Act.READ_ACCOUNTS, _READ)
async def list_accounts_v1(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Each state by a name of its own."""
    form = read_query(request)
    states = tuple(state for state in administration.STATES if form.boolean(state))
    origins = [origin for origin in ("local", "remote") if form.boolean(origin)]
    roles = STAFF if form.boolean("staff") else ()
    return await _list(
        request, viewer, form, origin=origins[0] if len(origins) == 1 else "", states=states, roles=roles
    )


@routes.get("/api/v2/admin/accounts")
@staff(Act.READ_ACCOUNTS, _READ)
async def list_accounts(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    origin, state = form.text("origin") or "", form.text("status") or ""
    if origin:
        chosen(origin, ("local", "remote"), "origin")
    if state:
        chosen(state, administration.STATES, "status")
    roles = STAFF if form.text("permissions") == "staff" else tuple(form.choices("role_ids"))
    return await _list(request, viewer, form, origin=origin, states=(state,) if state else (), roles=roles)


async def _list(
    request: web.Request, viewer: Viewer, form: Form, *, origin: str, states: tuple[str, ...], roles: Sequence[str]
) -> web.Response:
    """Nobody is found by an address they came from, which is not stored, nor by who invited them: nobody does."""
    page = parse_page(form, default=100, most=200)
    nobody = bool(form.text("ip") or form.text("invited_by"))
    sought = Sought(
        origin=origin,
        states=states,
        host=form.text("by_domain") or "",
        username=(form.text("username") or "").removeprefix("@"),
        name=form.text("display_name") or "",
        email=form.text("email") or "",
        roles=tuple(roles),
        waiting=lets_in(viewer),
    )

    async def query(tx: Reader) -> Sequence[Known]:
        return [] if nobody else await administration.list_known(tx, sought, stored_page(page))

    return await show_accounts(request, viewer, page, query)


@routes.get(f"{_ACCOUNTS}/{{id}}")
@staff(Act.READ_ACCOUNTS, _READ)
async def show_account(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer(await render_account(request, viewer, path_id(request)))


@routes.post(f"{_ACCOUNTS}/{{id}}/action")
@staff(Act.MODERATE_ACCOUNTS, _WRITE)
async def act_on_account(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await read_form(request)
    sanction = Sanction(chosen(form.text("type") or "none", list(Sanction), "Type"))
    target = await _require(request, viewer)
    report_id, text = form.identifier("report_id") or 0, (form.text("text") or "")[:MOST_TEXT]
    if report_id and await ctx.db.read(lambda tx: reports.get_report(tx, report_id)) is None:
        raise not_found()
    member = target.member
    letter = compose_letter(sanction, text, member.locale, request.app[SITE].title) if member else None
    mailed = letter if request.app[SITE].mail and form.boolean("send_email_notification") is not False else None
    await _try(
        punish(ctx, target.actor.id, sanction, by=await _officer(request, viewer), report_id=report_id, letter=mailed)
    )
    if letter is not None and sanction not in _SHUT_OUT:
        await publish(ctx, INSTANCE_ACTOR_ID, Draft(f"@{target.actor.username} {letter.body}", Audience.DIRECT))
    return empty()


@routes.post(f"{_ACCOUNTS}/{{id}}/approve")
@staff(Act.MANAGE_MEMBERS, _WRITE)
async def approve(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await _require(request, viewer)
    await _try(sign_ups.approve(request.app[CONTEXT], target.actor.id, by=await read_name(request, viewer)))
    return answer(await render_account(request, viewer, target.actor.id))


@routes.post(f"{_ACCOUNTS}/{{id}}/reject")
@staff(Act.MANAGE_MEMBERS, _WRITE)
async def reject(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Answers what the account would have been."""
    target = await _require(request, viewer)
    shown = await render_account(request, viewer, target.actor.id)
    await _try(sign_ups.reject(request.app[CONTEXT], target.actor.id, by=await read_name(request, viewer)))
    return answer(shown)


@routes.post(f"{_ACCOUNTS}/{{id}}/enable")
@staff(Act.MODERATE_ACCOUNTS, _WRITE)
async def enable(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _lift(request, viewer, Sanction.DISABLE)


@routes.post(f"{_ACCOUNTS}/{{id}}/unsilence")
@staff(Act.MODERATE_ACCOUNTS, _WRITE)
async def unsilence(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _lift(request, viewer, Sanction.SILENCE)


@routes.post(f"{_ACCOUNTS}/{{id}}/unsensitive")
@staff(Act.MODERATE_ACCOUNTS, _WRITE)
async def unsensitive(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _lift(request, viewer, Sanction.SENSITIVE)


@routes.post(f"{_ACCOUNTS}/{{id}}/unsuspend")
@staff(Act.MODERATE_ACCOUNTS, _WRITE)
async def unsuspend(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _lift(request, viewer, Sanction.SUSPEND)


@routes.delete(f"{_ACCOUNTS}/{{id}}")
@staff(Act.ERASE_ACCOUNTS, _WRITE)
async def erase_account(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Answers what the account was."""
    target = await _require(request, viewer)
    shown = await render_account(request, viewer, target.actor.id)
    await _try(erase(request.app[CONTEXT], target.actor.id, by=await _officer(request, viewer)))
    return answer(shown)


async def _lift(request: web.Request, viewer: Viewer, sanction: Sanction) -> web.Response:
    target = await _require(request, viewer)
    await _try(lift(request.app[CONTEXT], target.actor.id, sanction, by=await _officer(request, viewer)))
    return answer(await render_account(request, viewer, target.actor.id))


async def _try(act: Awaitable[object]) -> None:
    try:
        await act
    except (UnfitError, NotWaitingError) as error:
        raise not_allowed() from error


async def _require(request: web.Request, viewer: Viewer) -> Known:
    """Who is acted on. Raises the 404 for who would not be listed, and the 403 for who does not stand below the viewer."""
    actor_id = path_id(request)
    found = await request.app[CONTEXT].db.read(
        lambda tx: administration.get_known(tx, actor_id, waiting=lets_in(viewer))
    )
    if found is None:
        raise not_found()
    role = Role(found.member.role) if found.member else None
    if isinstance(may_moderate(viewer.role, role), Deny):
        raise not_allowed()
    return found


async def _officer(request: web.Request, viewer: Viewer) -> Officer:
    return Officer(viewer.actor_id, await read_name(request, viewer))
