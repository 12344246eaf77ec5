"""Other hosts, allowed and blocked: Mastodon's words for states of peers in the ruleset (decision 0025)."""

from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from federation.outbox import hosts as acts
from federation.outbox.hosts import ALLOWED, BLOCKED, Block, ListedError
from federation.outbox.peers import ApprovalNeededError
from federation.rules import get_rules
from policies.moderation import Act
from policies.rules import HOST, RulesetError
from policies.sentences import sentence
from storage import listed_hosts
from storage.database import Transaction
from storage.records import ListedHost
from web.admin_api.staff import chosen, invalid, read_name, staff
from web.answers import answer
from web.auth import Viewer
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, admin_domain_allow, admin_domain_block
from web.showing import not_found, stored_page

T = TypeVar("T")

routes = web.RouteTableDef()

_BLOCKS, _ALLOWS = "/api/v1/admin/domain_blocks", "/api/v1/admin/domain_allows"
_READ_BLOCKS, _WRITE_BLOCKS = "admin:read:domain_blocks", "admin:write:domain_blocks"
_READ_ALLOWS, _WRITE_ALLOWS = "admin:read:domain_allows", "admin:write:domain_allows"
MOST_COMMENT = 1_000


@routes.get(_BLOCKS)
@staff(Act.READ_POLICY, _READ_BLOCKS)
async def list_blocks(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _list(request, BLOCKED)


@routes.get(_ALLOWS)
@staff(Act.READ_POLICY, _READ_ALLOWS)
async def list_allows(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _list(request, ALLOWED)


async def _list(request: web.Request, severities: Sequence[str]) -> web.Response:
    ctx, page = request.app[CONTEXT], parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Transaction) -> list[ListedHost]:
        await acts.bring_up_to_date(tx, (await get_rules(tx)).ruleset, now=ctx.now())
        return await listed_hosts.list_page(tx, severities, stored_page(page))

    found = await ctx.db.transact(unit)
    return answer([_entity(one) for one in found], headers=links(request, page, [one.id for one in found]))


@routes.get(f"{_BLOCKS}/{{id}}")
@staff(Act.READ_POLICY, _READ_BLOCKS)
async def show_block(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _show(request, BLOCKED)


@routes.get(f"{_ALLOWS}/{{id}}")
@staff(Act.READ_POLICY, _READ_ALLOWS)
async def show_allow(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _show(request, ALLOWED)


async def _show(request: web.Request, severities: Sequence[str]) -> web.Response:
    ctx, host_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> ListedHost | None:
        await acts.bring_up_to_date(tx, (await get_rules(tx)).ruleset, now=ctx.now())
        return await listed_hosts.get_host(tx, host_id, severities)

    return _answer(await ctx.db.transact(unit))


@routes.post(_ALLOWS)
@staff(Act.MANAGE_PEERS, _WRITE_ALLOWS)
async def allow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    host = _parse_host(request, await read_form(request))
    by = await read_name(request, viewer)
    return _answer(await _try(acts.allow(request.app[CONTEXT], host, by=by)))


@routes.delete(f"{_ALLOWS}/{{id}}")
@staff(Act.MANAGE_PEERS, _WRITE_ALLOWS)
async def withdraw_allow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    by = await read_name(request, viewer)
    return _answer(await _try(acts.withdraw(request.app[CONTEXT], path_id(request), ALLOWED, by=by)))


@routes.post(_BLOCKS)
@staff(Act.MANAGE_PEERS, _WRITE_BLOCKS)
async def block(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)
    host, wanted = _parse_host(request, form), _parse_block(form)
    by = await read_name(request, viewer)
    return _answer(await _try(acts.block(request.app[CONTEXT], host, wanted, by=by)))


@routes.put(f"{_BLOCKS}/{{id}}")
@routes.patch(f"{_BLOCKS}/{{id}}")
@staff(Act.MANAGE_PEERS, _WRITE_BLOCKS)
async def change_block(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What is not said stays."""
    ctx, form = request.app[CONTEXT], await read_form(request)
    known = await ctx.db.read(lambda tx: listed_hosts.get_host(tx, path_id(request), BLOCKED))
    if known is None:
        raise not_found()
    wanted = _parse_block(form, severity=known.severity)
    return _answer(await _try(acts.change(ctx, known.id, wanted, by=await read_name(request, viewer))))


@routes.delete(f"{_BLOCKS}/{{id}}")
@staff(Act.MANAGE_PEERS, _WRITE_BLOCKS)
async def withdraw_block(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    by = await read_name(request, viewer)
    return _answer(await _try(acts.withdraw(request.app[CONTEXT], path_id(request), BLOCKED, by=by)))


def _parse_host(request: web.Request, form: Form) -> str:
    host = form.required("domain").strip().lower().removeprefix("@").rstrip(".")
    origin = request.app[CONTEXT].origin
    if not HOST.fullmatch(host) or len(host) > 253 or host in {origin.host, origin.handle_domain}:
        raise invalid("Domain is not a valid domain name")
    return host


def _parse_block(form: Form, *, severity: str = "silence") -> Block:
    """Files of a host are fetched when a member looks at them, or not at all: to reject them alone is not offered."""
    severity = chosen(form.text("severity") or severity, BLOCKED, "Severity")
    if form.boolean("reject_media") and severity != "suspend":
        raise invalid("Reject media is not available on this server but by the severity suspend")
    notes: dict[str, Any] = {}
    for name in ("reject_reports", "obfuscate"):
        if (said := form.boolean(name)) is not None:
            notes[name] = int(said)
    for name in ("private_comment", "public_comment"):
        if name in form:
            notes[name] = (form.text(name) or "")[:MOST_COMMENT]
    return Block(severity, notes)


async def _try(act: Awaitable[T]) -> T:
    """Why the ruleset cannot say it is told as the ruleset's own checks say it."""
    try:
        return await act
    except RulesetError as error:
        raise invalid(*(f"Domain {mistake.message}" for mistake in error.mistakes)) from error
    except ApprovalNeededError as error:
        raise ApiError(403, sentence(error.decision.reason, reader="admin", language="en")) from error
    except ListedError as error:
        if error.listed.severity in BLOCKED:
            text = f"You have already imposed limits on {error.listed.host}"
            raise ApiError(422, text, details={"existing_domain_block": _entity(error.listed)}) from error
        raise invalid("Domain is already allowed") from error


def _answer(found: ListedHost | None) -> web.Response:
    if found is None:
        raise not_found()
    return answer(_entity(found))


def _entity(one: ListedHost) -> Entity:
    return admin_domain_allow(one) if one.severity in ALLOWED else admin_domain_block(one)
