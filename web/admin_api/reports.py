"""Reports: read, assigned, settled. Posts stand in one as far as its reader may see them, in groups too."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from policies.moderation import Act
from storage import reports
from storage.database import Reader, Transaction
from storage.records import Report, as_json
from storage.reports import Sought
from web.admin_api.showing import read_reports, render_report
from web.admin_api.staff import chosen, invalid, note, staff
from web.answers import answer
from web.api.reports import CATEGORIES
from web.auth import Viewer
from web.bodies import path_id, read_form, read_query
from web.keys import CONTEXT, SITE
from web.pagination import links, parse_page
from web.showing import not_found, stored_page

routes = web.RouteTableDef()

_REPORTS = "/api/v1/admin/reports"
_READ, _WRITE = "admin:read:reports", "admin:write:reports"


@routes.get(_REPORTS)
@staff(Act.READ_REPORTS, _READ)
async def list_reports(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form = read_query(request)
    page, settled = parse_page(form, default=100, most=200), bool(form.boolean("resolved"))
    sought = Sought(
        settled=settled,
        open=bool(form.boolean("unresolved")) or not settled,
        actor_id=form.identifier("account_id") or 0,
        target_id=form.identifier("target_account_id") or 0,
        target_host=(form.text("by_target_domain") or "").lower(),
    )

    async def query(tx: Reader) -> Sequence[Report]:
        return await reports.list_reports(tx, stored_page(page), sought)

    ids, shown = await read_reports(request, viewer, query)
    return answer(shown, headers=links(request, page, ids))


@routes.get(f"{_REPORTS}/{{id}}")
@staff(Act.READ_REPORTS, _READ)
async def show_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return answer(await render_report(request, viewer, path_id(request)))


@routes.put(f"{_REPORTS}/{{id}}")
@routes.patch(f"{_REPORTS}/{{id}}")
@staff(Act.HANDLE_REPORTS, _WRITE)
async def update_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Its category, and the rules that it names: naming some makes it a violation, as in Mastodon."""
    form = await read_form(request)
    changes: dict[str, Any] = {}
    if form.given("category"):
        changes["category"] = chosen(form.text("category"), CATEGORIES, "Category")
    if "rule_ids" in form:
        named = list(dict.fromkeys(form.identifiers("rule_ids")))
        if any(not 1 <= number <= len(request.app[SITE].rules) for number in named):
            raise invalid("Rules does not reference valid rules")
        changes["rules"] = as_json(named)
    return await _change(request, viewer, "report.update", changes)


@routes.post(f"{_REPORTS}/{{id}}/assign_to_self")
@staff(Act.HANDLE_REPORTS, _WRITE)
async def assign_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _change(request, viewer, "report.assign", {"assigned_to": viewer.actor_id})


@routes.post(f"{_REPORTS}/{{id}}/unassign")
@staff(Act.HANDLE_REPORTS, _WRITE)
async def unassign_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _change(request, viewer, "report.unassign", {"assigned_to": None})


@routes.post(f"{_REPORTS}/{{id}}/resolve")
@staff(Act.HANDLE_REPORTS, _WRITE)
async def resolve_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    changes = {"resolved_at": request.app[CONTEXT].now(), "resolved_by": viewer.actor_id}
    return await _change(request, viewer, "report.resolve", changes)


@routes.post(f"{_REPORTS}/{{id}}/reopen")
@staff(Act.HANDLE_REPORTS, _WRITE)
async def reopen_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _change(request, viewer, "report.reopen", {"resolved_at": None, "resolved_by": None})


async def _change(request: web.Request, viewer: Viewer, act: str, changes: dict[str, Any]) -> web.Response:
    ctx, report_id = request.app[CONTEXT], path_id(request)

    async def unit(tx: Transaction) -> None:
        if await reports.get_report(tx, report_id) is None:
            raise not_found()
        if changes:
            await reports.update_report(tx, report_id, now=ctx.now(), **changes)
            await note(tx, viewer, act, report_id, now=ctx.now())

    await ctx.db.transact(unit)
    return answer(await render_report(request, viewer, report_id))
