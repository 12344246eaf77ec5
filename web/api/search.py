"""Search: people and hashtags by the beginning of their names, posts by their words, and whatever stands at a handle or
address that was pasted. What the viewer may not see is not found, whoever fetched it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from federation.context import Context
from federation.resolve import resolve_handle, resolve_url
from storage import actors, relations, statuses, tags, views
from storage.database import Reader
from storage.records import Actor, Status
from storage.search import Search, list_found
from storage.views import Posts
from storage.visibility import get_visible
from web.answers import answer
from web.api.tags import show_tags
from web.auth import Viewer, public
from web.bodies import read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_limit, parse_offset, parse_page
from web.render import Entity, Renderer
from web.search_query import Question, parse_question
from web.showing import frame, stored_page, viewer_id

routes = web.RouteTableDef()

MOST_QUERY = 500


@routes.get("/api/v2/search")
@public("read:search")
async def search(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    if viewer is None:
        _refuse_strangers(form)
    text = form.required("q").strip()[:MOST_QUERY]
    people, posts = await _search(request, viewer, form, text)
    shown = await _load(request, viewer, people, posts)
    return answer(
        {
            "accounts": [shown.account(actor.id) for actor in people],
            "statuses": shown.statuses(posts),
            "hashtags": await _find_tags(request, viewer, form, text),
        }
    )


def _refuse_strangers(form: Form) -> None:
    if form.boolean("resolve"):
        raise ApiError(401, "Search queries that resolve remote resources are not supported without authentication")
    if parse_offset(form):
        raise ApiError(401, "Search queries pagination is not supported without authentication")


async def _search(
    request: web.Request, viewer: Viewer | None, form: Form, text: str
) -> tuple[Sequence[Actor], list[Status]]:
    ctx, asking = request.app[CONTEXT], viewer_id(viewer)
    wanted, resolves = form.text("type") or "", form.boolean("resolve") or False
    if is_address(text):
        found = await find_at(ctx, asking, text, fetch=resolves)
        people = [found] if isinstance(found, Actor) and wanted in {"", "accounts"} else []
        return people, [found] if isinstance(found, Status) and wanted in {"", "statuses"} else []
    people = await find_accounts(ctx, asking, parse_wanted(form)) if wanted in {"", "accounts"} else []
    if viewer is None or wanted not in {"", "statuses"}:
        return people, []
    return people, await _find_posts(ctx, viewer, form, text)


async def _find_posts(ctx: Context, viewer: Viewer, form: Form, text: str) -> list[Status]:
    """By words, newest first. Who is named and is nobody, or hidden, has written nothing."""
    question, page, offset = parse_question(text), stored_page(parse_page(form)), parse_offset(form)
    account, now = form.identifier("account_id"), ctx.now()
    if question.empty and account is None:
        return []

    async def unit(tx: Reader) -> list[Status]:
        search = await _name_people(tx, ctx, viewer, question)
        if search is None or account not in {None, search.author or account}:
            return []
        search = replace(search, author=search.author or account)
        return await list_found(tx, search, page, viewer=viewer.actor_id, now=now, offset=offset)

    return await ctx.db.read(unit)


async def _name_people(tx: Reader, ctx: Context, viewer: Viewer, question: Question) -> Search | None:
    """The search with the ids of those it names; None when posts are wanted by or in what is not known here."""

    async def known(handle: str) -> int | None:
        name, _, host = handle.partition("@")
        ours = host in {"", ctx.origin.handle_domain, ctx.origin.host}
        found = await actors.get_actor_by_handle(tx, name, "" if ours else host)
        return found.id if found else None

    author = viewer.actor_id if question.author == "me" else await known(question.author) if question.author else None
    group = await known(question.group) if question.group else None
    if (question.author and author is None) or (question.group and group is None):
        return None
    others = [viewer.actor_id if handle == "me" else await known(handle) for handle in question.not_authors]
    not_authors = tuple(one for one in others if one is not None)
    return replace(question.search, author=author, group=group, not_authors=not_authors)


async def _find_tags(request: web.Request, viewer: Viewer | None, form: Form, text: str) -> list[Entity]:
    """Tags that begin so and were used in public, the most used first."""
    prefix = text.removeprefix("#").lower()
    if (form.text("type") or "hashtags") != "hashtags" or not prefix or is_address(text):
        return []
    now, limit, offset = request.app[CONTEXT].now(), parse_limit(form), parse_offset(form)

    async def unit(tx: Reader) -> list[Entity]:
        found = await tags.search_used(tx, prefix, now=now, limit=limit, offset=offset)
        return await show_tags(tx, request, viewer, found)

    return await request.app[CONTEXT].db.read(unit)


async def _load(request: web.Request, viewer: Viewer | None, people: Sequence[Actor], posts: list[Status]) -> Renderer:
    ctx, ids = request.app[CONTEXT], [actor.id for actor in people]
    now = ctx.now()

    async def unit(tx: Reader) -> Posts:
        return await views.load_posts(tx, posts, viewer=viewer_id(viewer), now=now, also=ids)

    loaded = await ctx.db.read(unit)
    return Renderer(loaded, frame(request, viewer, loaded.people))


def is_address(text: str) -> bool:
    return text.startswith(("https://", "http://")) and " " not in text


async def find_at(ctx: Context, asking: int, url: str, *, fetch: bool) -> Actor | Status | None:
    """Who or what stands at an address, if the member who asks (0 for nobody) may see it; fetched only for members."""
    found = await resolve_url(ctx, url) if fetch else await ctx.db.read(lambda tx: _stored_at(tx, url))
    now = ctx.now()

    async def shown(tx: Reader) -> Actor | Status | None:
        match found:
            case Actor():
                return await relations.get_known(tx, found.id, viewer=asking, now=now)
            case Status():
                return await get_visible(tx, found.id, viewer=asking, now=now)
            case None:
                return None

    return await ctx.db.read(shown)


async def _stored_at(tx: Reader, url: str) -> Actor | Status | None:
    return await actors.get_actor_by_address(tx, url) or await statuses.get_status_by_address(tx, url)


@dataclass(frozen=True, slots=True)
class Wanted:
    """People as an app searches for them. `resolve`: a handle that is not known here is looked up at its domain."""

    text: str
    limit: int
    offset: int
    resolve: bool
    followed_only: bool


def parse_wanted(form: Form, *, default: int = 20, most: int = 40) -> Wanted:
    return Wanted(
        text=(form.text("q") or "").strip()[:MOST_QUERY].removeprefix("@"),
        limit=parse_limit(form, default=default, most=most),
        offset=parse_offset(form),
        resolve=form.boolean("resolve") or False,
        followed_only=form.boolean("following") or False,
    )


async def find_accounts(ctx: Context, asking: int, wanted: Wanted) -> list[Actor]:
    """Whom a handle names, alone; otherwise all whose names begin so. `asking`: a member, 0 for nobody."""
    now = ctx.now()
    name, _, host = wanted.text.lower().partition("@")
    ours = host in {ctx.origin.handle_domain, ctx.origin.host}
    exact = await _find_exact(ctx, wanted, name, "" if ours else host) if host and not wanted.offset else None

    async def unit(tx: Reader) -> list[Actor]:
        known = await relations.get_known(tx, exact.id, viewer=asking, now=now) if exact else None
        if known is not None:
            return [known]
        named = relations.Named(name, "" if ours else host, followed_only=wanted.followed_only)
        return await relations.search_known(tx, named, viewer=asking, now=now, limit=wanted.limit, offset=wanted.offset)

    return await ctx.db.read(unit) if name else []


async def _find_exact(ctx: Context, wanted: Wanted, name: str, host: str) -> Actor | None:
    stored = await ctx.db.read(lambda tx: actors.get_actor_by_handle(tx, name, host))
    if stored is None and host and wanted.resolve:
        return await resolve_handle(ctx, f"{name}@{host}")
    return stored
