"""From a question to storage to the answer an app gets: one read, one rendering, the Link header.

Every list of the client API passes here, so that each costs one unit of work and a bounded number of queries.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from aiohttp import web

from policies.decision import Deny, Hold
from policies.sentences import sentence
from storage import pages, views
from storage.database import Reader
from storage.records import Actor, Status
from storage.relations import Listed
from storage.timelines import Marked
from storage.views import People, Posts
from storage.visibility import get_visible
from web import pagination
from web.answers import answer
from web.auth import Viewer
from web.errors import ApiError
from web.forms import MOST
from web.keys import CONTEXT
from web.links import make_links
from web.pages.render import preferred_locale
from web.render import Entity, Frame, Renderer, account, accounts

StatusQuery = Callable[[Reader, int], Awaitable[list[Status]]]
MarkedQuery = Callable[[Reader, int], Awaitable[list[Marked]]]
ActorQuery = Callable[[Reader, int], Awaitable[Sequence[Actor]]]
ListedQuery = Callable[[Reader, int], Awaitable[list[Listed]]]
ListedAbout = Callable[[Reader, int, pages.Page], Awaitable[list[Listed]]]


def viewer_id(viewer: Viewer | None) -> int:
    """0 for nobody, as storage wants it."""
    return viewer.actor_id if viewer else 0


def not_found() -> ApiError:
    """For what is hidden and what is absent alike."""
    return ApiError(404, "Record not found")


def language_of(locale: str) -> Literal["fr", "en"]:
    """The language in which reasons are told to who chose a locale; "" is nobody's choice."""
    return "fr" if locale == "fr" else "en"


async def refusal(request: web.Request, viewer: Viewer, decision: Deny | Hold, *, status: int = 422) -> ApiError:
    """What the policies refused or will not let out now, with the sentence of the reason in the member's language."""
    locale = await request.app[CONTEXT].db.read(lambda tx: views.get_locale(tx, viewer.person_id))
    words = sentence(decision.reason, reader="member", language=language_of(locale), about=decision.about)
    return ApiError(status, words)


def stored_page(page: pagination.Page) -> pages.Page:
    """What the app asks for, as storage understands it."""
    return pages.Page(
        limit=page.limit,
        after=page.min_id or page.since_id or 0,
        before=MOST if page.max_id is None else page.max_id,
        oldest_first=page.min_id is not None,
    )


def frame(request: web.Request, viewer: Viewer | None, people: People) -> Frame:
    """For whom, where and when something is rendered."""
    ctx = request.app[CONTEXT]
    return Frame(
        origin=ctx.origin,
        links=make_links(request, viewer),
        now=ctx.now(),
        viewer=viewer_id(viewer),
        locale=people.locale or preferred_locale(request),
    )


async def read_posts(request: web.Request, viewer: Viewer | None, query: StatusQuery) -> tuple[list[Status], Renderer]:
    """Ask for posts (`query` gets the reader and the time) and load what showing them needs, in one unit."""
    ctx, asking = request.app[CONTEXT], viewer_id(viewer)
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Status], Posts]:
        found = await query(tx, now)
        return found, await views.load_posts(tx, found, viewer=asking, now=now)

    found, posts = await ctx.db.read(unit)
    return found, Renderer(posts, frame(request, viewer, posts.people))


async def show_timeline(
    request: web.Request, viewer: Viewer | None, page: pagination.Page, query: StatusQuery
) -> web.Response:
    """A page of posts."""
    found, renderer = await read_posts(request, viewer, query)
    headers = pagination.links(request, page, [status.id for status in found])
    return answer(renderer.statuses(found), headers=headers)


async def show_marked(request: web.Request, viewer: Viewer, page: pagination.Page, query: MarkedQuery) -> web.Response:
    """A page of posts, whose cursors are not their own ids but those of what lists them."""
    cursors: list[int] = []

    async def posts(tx: Reader, now: int) -> list[Status]:
        marked = await query(tx, now)
        cursors[:] = [one.cursor for one in marked]
        return [one.status for one in marked]

    found, renderer = await read_posts(request, viewer, posts)
    return answer(renderer.statuses(found), headers=pagination.links(request, page, cursors))


async def render_status(request: web.Request, viewer: Viewer | None, status_id: int) -> Entity:
    """One post as it is now; raises the 404 when the viewer may not see it."""
    asking = viewer_id(viewer)

    async def query(tx: Reader, now: int) -> list[Status]:
        status = await get_visible(tx, status_id, viewer=asking, now=now)
        return [status] if status else []

    found, renderer = await read_posts(request, viewer, query)
    shown = renderer.statuses(found)
    if not shown:
        raise not_found()
    return shown[0]


async def show_after(request: web.Request, viewer: Viewer, status: Status | None) -> web.Response:
    """The post as it is after the act; 404 when there was nothing to act on."""
    if status is None:
        raise not_found()
    return answer(await render_status(request, viewer, status.id))


async def show_people(request: web.Request, viewer: Viewer | None, query: ActorQuery) -> web.Response:
    """Accounts in the order found, without pages."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[Sequence[Actor], People]:
        found = await query(tx, now)
        return found, await views.load_people(tx, found, viewer=viewer_id(viewer))

    found, people = await ctx.db.read(unit)
    return answer(accounts(found, people, frame(request, viewer, people)))


async def show_listed(
    request: web.Request, viewer: Viewer | None, page: pagination.Page, query: ListedQuery
) -> web.Response:
    """A page of accounts, whose cursors are not their own ids but those of what lists them."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Listed], People]:
        found = await query(tx, now)
        return found, await views.load_people(tx, [one.actor for one in found], viewer=viewer_id(viewer))

    found, people = await ctx.db.read(unit)
    shown = accounts((one.actor for one in found), people, frame(request, viewer, people))
    return answer(shown, headers=pagination.links(request, page, [one.cursor for one in found]))


async def show_account(request: web.Request, viewer: Viewer | None, query: ActorQuery) -> web.Response:
    """One account, the first found; raises the 404 when there is none."""
    ctx = request.app[CONTEXT]
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[Sequence[Actor], People]:
        found = await query(tx, now)
        return found, await views.load_people(tx, found[:1], viewer=viewer_id(viewer))

    found, people = await ctx.db.read(unit)
    if not found:
        raise not_found()
    return answer(account(found[0], people, frame(request, viewer, people)))


def in_order(ids: Iterable[int], found: dict[int, Actor]) -> list[Actor]:
    """Those found, as they were asked for, each once."""
    return [found[one] for one in dict.fromkeys(ids) if one in found]
