"""E-mail providers, e-mail addresses and network addresses that are shut out."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, TypeVar

from aiohttp import web

from policies.moderation import Act
from policies.rules import HOST
from storage import shut_out
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.records import EmailBlock, EmailDomainBlock, IpBlock
from storage.tags import Use
from web.admin_api.staff import chosen, invalid, note, staff
from web.answers import answer
from web.api.tags import list_days
from web.auth import Viewer
from web.bodies import path_id, read_form, read_query
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import Entity, admin_email_block, admin_email_domain_block, admin_ip_block
from web.showing import not_found, stored_page
from web.shut_out import IP_RULES, SEVERITIES, hash_email

B = TypeVar("B", EmailBlock, EmailDomainBlock, IpBlock)

routes = web.RouteTableDef()

_DOMAINS, _EMAILS, _IPS = (f"/api/v1/admin/{what}_blocks" for what in ("email_domain", "canonical_email", "ip"))
MOST_COMMENT = 500
LONGEST_SECONDS = 10 * 365 * 86_400


@routes.get(_DOMAINS)
@staff(Act.READ_SHUT_OUT, "admin:read:email_domain_blocks")
async def list_email_domains(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _list(request, EmailDomainBlock)


@routes.get(f"{_DOMAINS}/{{id}}")
@staff(Act.READ_SHUT_OUT, "admin:read:email_domain_blocks")
async def show_email_domain(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _show(request, EmailDomainBlock)


@routes.post(_DOMAINS)
@staff(Act.SHUT_OUT, "admin:write:email_domain_blocks")
async def block_email_domain(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    domain = (await read_form(request)).required("domain").strip().lower().removeprefix("@")
    if not HOST.fullmatch(domain) or ":" in domain:
        raise invalid("Domain is not a valid domain name")
    return await _insert(request, viewer, lambda now: EmailDomainBlock(new_id(now), domain, now), "Domain", domain)


@routes.delete(f"{_DOMAINS}/{{id}}")
@staff(Act.SHUT_OUT, "admin:write:email_domain_blocks")
async def unblock_email_domain(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _delete(request, viewer, EmailDomainBlock)


@routes.get(_EMAILS)
@staff(Act.READ_SHUT_OUT, "admin:read:canonical_email_blocks")
async def list_emails(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _list(request, EmailBlock)


@routes.post(f"{_EMAILS}/test")
@staff(Act.READ_SHUT_OUT, "admin:read:canonical_email_blocks")
async def find_email(request: web.Request, _: Viewer) -> web.StreamResponse:
    hashed = hash_email((await read_form(request)).required("email"))
    found = await request.app[CONTEXT].db.read(lambda tx: shut_out.list_named(tx, EmailBlock, [hashed]))
    return answer([admin_email_block(one) for one in found])


@routes.get(f"{_EMAILS}/{{id}}")
@staff(Act.READ_SHUT_OUT, "admin:read:canonical_email_blocks")
async def show_email(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _show(request, EmailBlock)


@routes.post(_EMAILS)
@staff(Act.SHUT_OUT, "admin:write:canonical_email_blocks")
async def block_email(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """An address is hashed and forgotten."""
    form = await read_form(request)
    hashed = hash_email(form.required("email")) if form.text("email") else form.required("canonical_email_hash")
    if not re.fullmatch(r"[0-9a-f]{64}", hashed):
        raise invalid("Canonical email hash is invalid")
    taken = "Canonical email hash"
    return await _insert(request, viewer, lambda now: EmailBlock(new_id(now), hashed, now), taken, hashed)


@routes.delete(f"{_EMAILS}/{{id}}")
@staff(Act.SHUT_OUT, "admin:write:canonical_email_blocks")
async def unblock_email(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _delete(request, viewer, EmailBlock)


@routes.get(_IPS)
@staff(Act.READ_SHUT_OUT, "admin:read:ip_blocks")
async def list_ips(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _list(request, IpBlock)


@routes.get(f"{_IPS}/{{id}}")
@staff(Act.READ_SHUT_OUT, "admin:read:ip_blocks")
async def show_ip(request: web.Request, _: Viewer) -> web.StreamResponse:
    return await _show(request, IpBlock)


@routes.post(_IPS)
@staff(Act.SHUT_OUT, "admin:write:ip_blocks")
async def block_ip(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = await read_form(request)
    form.required("ip")
    form.required("severity")
    said = _parse_ip(form, request.app[CONTEXT].now())

    def make(now: int) -> IpBlock:
        blank = {"comment": "", "expires_at": None}
        return IpBlock(id=new_id(now), created_at=now, **{**blank, **said})

    return await _insert(request, viewer, make, "Ip", said["network"])


@routes.put(f"{_IPS}/{{id}}")
@routes.patch(f"{_IPS}/{{id}}")
@staff(Act.SHUT_OUT, "admin:write:ip_blocks")
async def change_ip(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """What is not said stays."""
    ctx, block_id = request.app[CONTEXT], path_id(request)
    said = _parse_ip(await read_form(request), ctx.now())

    async def unit(tx: Transaction) -> None:
        known = await shut_out.get_block(tx, IpBlock, block_id)
        if known is None:
            raise not_found()
        others = await shut_out.list_named(tx, IpBlock, [said.get("network", known.network)])
        if any(other.id != block_id for other in others):
            raise invalid("Ip has already been taken")
        if said:
            await shut_out.update_ip_block(tx, block_id, **said)
            await note(tx, viewer, "shut_out.change", known.network, now=ctx.now())

    await ctx.db.transact(unit)
    request.app[IP_RULES].forget()
    return await _show(request, IpBlock)


@routes.delete(f"{_IPS}/{{id}}")
@staff(Act.SHUT_OUT, "admin:write:domain_blocks")
async def unblock_ip(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """The scope is Mastodon's."""
    return await _delete(request, viewer, IpBlock)


def _parse_ip(form: Form, now: int) -> dict[str, Any]:
    """Columns of a block, as far as the request says them."""
    said: dict[str, Any] = {}
    if form.text("ip"):
        try:
            said["network"] = str(ip_network(form.required("ip").strip(), strict=False))
        except ValueError as error:
            raise invalid("Ip is not a valid IP address") from error
    if form.text("severity"):
        said["severity"] = chosen(form.text("severity"), SEVERITIES, "Severity")
    if form.given("comment"):
        said["comment"] = (form.text("comment") or "")[:MOST_COMMENT]
    if "expires_in" in form:
        seconds = form.integer("expires_in") or 0
        if not 0 <= seconds <= LONGEST_SECONDS:
            raise invalid(f"Expires in must be between 0 and {LONGEST_SECONDS}")
        said["expires_at"] = now + seconds * 1000 if seconds else None
    return said


async def _list(request: web.Request, kind: type[B]) -> web.Response:
    page = parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Reader) -> tuple[list[B], list[Entity]]:
        found = await shut_out.list_blocks(tx, kind, stored_page(page))
        return found, await _entities(tx, request, found)

    found, shown = await request.app[CONTEXT].db.read(unit)
    return answer(shown, headers=links(request, page, [one.id for one in found]))


async def _show(request: web.Request, kind: type[B]) -> web.Response:
    async def unit(tx: Reader) -> list[Entity]:
        found = await shut_out.get_block(tx, kind, path_id(request))
        return await _entities(tx, request, [found] if found else [])

    shown = await request.app[CONTEXT].db.read(unit)
    if not shown:
        raise not_found()
    return answer(shown[0])


async def _insert(
    request: web.Request, viewer: Viewer, make: Callable[[int], B], name: str, subject: str
) -> web.Response:
    """`name`: of what must be there once only. An expired block of the same addresses is none."""
    ctx = request.app[CONTEXT]

    async def unit(tx: Transaction) -> list[Entity]:
        made = make(ctx.now())
        await shut_out.delete_expired(tx, now=ctx.now())
        if not await shut_out.insert_block(tx, made):
            raise invalid(f"{name} has already been taken")
        await note(tx, viewer, "shut_out.add", subject, now=ctx.now())
        return await _entities(tx, request, [made])

    shown = await ctx.db.transact(unit)
    request.app[IP_RULES].forget()
    return answer(shown[0])


async def _delete(request: web.Request, viewer: Viewer, kind: type[B]) -> web.Response:
    """Answers what was."""
    ctx, block_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> Entity:
        known = await shut_out.get_block(tx, kind, block_id)
        if known is None:
            raise not_found()
        (shown,) = await _entities(tx, request, [known])
        await shut_out.delete_block(tx, kind, block_id)
        await note(tx, viewer, "shut_out.remove", block_id, now=ctx.now())
        return shown

    shown = await ctx.db.transact(unit)
    request.app[IP_RULES].forget()
    return answer(shown)


async def _entities(tx: Reader, request: web.Request, found: list[B]) -> list[Entity]:
    days = list_days(request.app[CONTEXT].now())
    ids = [one.id for one in found if isinstance(one, EmailDomainBlock)]
    uses = await shut_out.list_block_uses(tx, ids, since=days[-1]) if ids else {}
    return [_entity(one, uses.get(one.id, []), days) for one in found]


def _entity(one: EmailBlock | EmailDomainBlock | IpBlock, uses: list[Use], days: Any) -> Entity:
    match one:
        case EmailBlock():
            return admin_email_block(one)
        case EmailDomainBlock():
            return admin_email_domain_block(one, uses, days)
        case IpBlock():
            return admin_ip_block(one)
