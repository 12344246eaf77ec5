"""People and reports as the admin API shows them: one read, one rendering, as `web.showing` does for members."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from aiohttp import web

from policies.decision import Allow
from policies.moderation import Act, may
from storage import administration, reports, views
from storage.administration import Known
from storage.database import Reader
from storage.records import Report, Status
from storage.views import Posts
from storage.visibility import list_visible
from web.admin_api.staff import lets_in
from web.answers import answer
from web.auth import Viewer
from web.keys import CONTEXT, SITE
from web.pagination import Page, links
from web.render import Entity, Renderer, admin_account, admin_report
from web.showing import frame, not_found

KnownQuery = Callable[[Reader], Awaitable[Sequence[Known]]]
ReportQuery = Callable[[Reader], Awaitable[Sequence[Report]]]


@dataclass(frozen=True, slots=True)
class _Reports:
    """Reports with what showing them needs. `statuses`: of the named posts those that the reader may see, who is a
    member of a group by joining it and by nothing else.
    """

    found: Sequence[Report]
    named: dict[int, list[int]]
    statuses: dict[int, Status]
    known: dict[int, Known]
    posts: Posts


async def read_accounts(request: web.Request, viewer: Viewer, query: KnownQuery) -> tuple[list[int], list[Entity]]:
    """Ids and Admin::Account."""
    ctx = request.app[CONTEXT]

    async def unit(tx: Reader) -> tuple[Sequence[Known], Posts]:
        found = await query(tx)
        ids = [one.actor.id for one in found]
        return found, await views.load_posts(tx, [], viewer=viewer.actor_id, now=ctx.now(), also=ids)

    found, posts = await ctx.db.read(unit)
    renderer = Renderer(posts, frame(request, viewer, posts.people))
    return [one.actor.id for one in found], [admin_account(one, renderer.account(one.actor.id)) for one in found]


async def show_accounts(request: web.Request, viewer: Viewer, page: Page, query: KnownQuery) -> web.Response:
    ids, shown = await read_accounts(request, viewer, query)
    return answer(shown, headers=links(request, page, ids))


async def render_account(request: web.Request, viewer: Viewer, actor_id: int) -> Entity:
    """One Admin::Account; raises the 404 for who would not be listed."""

    async def query(tx: Reader) -> Sequence[Known]:
        found = await administration.get_known(tx, actor_id, waiting=lets_in(viewer))
        return [found] if found else []

    shown = (await read_accounts(request, viewer, query))[1]
    if not shown:
        raise not_found()
    return shown[0]


async def read_reports(request: web.Request, viewer: Viewer, query: ReportQuery) -> tuple[list[int], list[Entity]]:
    """Ids and Admin::Report."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> _Reports:
        found = await query(tx)
        named = await reports.list_status_ids(tx, [one.id for one in found])
        ids = {status_id for several in named.values() for status_id in several}
        seen = await list_visible(tx, ids, viewer=viewer.actor_id, now=now)
        known = await administration.list_known_by_id(tx, _people_of(found))
        posts = await views.load_posts(tx, list(seen.values()), viewer=viewer.actor_id, now=now, also=known)
        return _Reports(found, named, seen, known, posts)

    loaded = await ctx.db.read(unit)
    renderer = Renderer(loaded.posts, frame(request, viewer, loaded.posts.people))
    reads_text = isinstance(may(viewer.role, Act.HANDLE_REPORTS), Allow)

    def person(actor_id: int) -> Entity:
        return admin_account(loaded.known[actor_id], renderer.account(actor_id))

    def entity(one: Report) -> Entity:
        seen = [loaded.statuses[each] for each in loaded.named.get(one.id, ()) if each in loaded.statuses]
        rules = request.app[SITE].rules
        return admin_report(one, person, statuses=renderer.statuses(seen), rules=rules, text=reads_text)

    return [one.id for one in loaded.found], [entity(one) for one in loaded.found]


def _people_of(found: Sequence[Report]) -> Collection[int]:
    several = ((one.actor_id, one.target_id, one.assigned_to, one.resolved_by) for one in found)
    return {actor_id for people in several for actor_id in people if actor_id is not None}


async def render_report(request: web.Request, viewer: Viewer, report_id: int) -> Entity:
    """One Admin::Report; raises the 404."""

    async def query(tx: Reader) -> Sequence[Report]:
        found = await reports.get_report(tx, report_id)
        return [found] if found else []

    shown = (await read_reports(request, viewer, query))[1]
    if not shown:
        raise not_found()
    return shown[0]
