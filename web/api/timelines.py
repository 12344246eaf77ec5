"""Timelines: what a member's home holds, what is public, what has a hashtag, what stands in a list."""

from aiohttp import web

from storage import cards, questions, timelines
from storage.database import Reader
from storage.records import PeopleList, Status
from storage.timelines import Kinds, Tags
from web.api.lists import OpenQuestions, require_list
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_query
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_page
from web.showing import not_found, show_timeline, stored_page, viewer_id

routes = web.RouteTableDef()


@routes.get("/api/v1/timelines/home")
@requires("read:statuses", group=True)
async def get_home(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request))

    async def query(tx: Reader, now: int) -> list[Status]:
        if viewer.is_group and not viewer.is_private_group:  # what a public group shows are its boosts
            page_of = stored_page(page)
            return await timelines.list_account(tx, viewer.actor_id, viewer.actor_id, page_of, Kinds(), now=now)
        if viewer.is_group:
            return await timelines.list_group(tx, viewer.actor_id, viewer.actor_id, stored_page(page), now=now)
        return await timelines.list_home(tx, viewer.actor_id, stored_page(page), now=now)

    return await show_timeline(request, viewer, page, query)


@routes.get("/api/v1/timelines/public")
@public("read:statuses")
async def get_public(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    page, kinds = parse_page(form), _original_posts(form)

    async def query(tx: Reader, now: int) -> list[Status]:
        return await timelines.list_public(tx, viewer_id(viewer), stored_page(page), kinds, now=now)

    return await show_timeline(request, viewer, page, query)


@routes.get("/api/v1/timelines/direct")
@requires("read:statuses")
async def get_direct(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Post by post what conversations show by threads: older apps ask for it."""
    page = parse_page(read_query(request))

    async def query(tx: Reader, now: int) -> list[Status]:
        return await timelines.list_direct_posts(tx, viewer.actor_id, stored_page(page), now=now)

    return await show_timeline(request, viewer, page, query)


@routes.get("/api/v1/timelines/tag/{hashtag}")
@public("read:statuses")
async def get_tag(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    form = read_query(request)
    named = Form(request.match_info).required("hashtag")  # in a path, too, stands whatever a stranger wrote
    page, kinds, tags = parse_page(form), _posts(form), _parse_tags(named, form)

    async def query(tx: Reader, now: int) -> list[Status]:
        return await timelines.list_tag(tx, viewer_id(viewer), stored_page(page), kinds, now=now, tags=tags)

    return await show_timeline(request, viewer, page, query)


@routes.get("/api/v1/timelines/link")
@public("read:statuses")
async def get_link(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    """Public posts that link to an address; 404 for one that we have seen nothing of."""
    form = read_query(request)
    page, url = parse_page(form), form.required("url").partition("#")[0]
    if await request.app[CONTEXT].db.read(lambda tx: cards.get_card(tx, url)) is None:
        raise not_found()

    async def query(tx: Reader, now: int) -> list[Status]:
        return await timelines.list_link(tx, viewer_id(viewer), stored_page(page), url, now=now)

    return await show_timeline(request, viewer, page, query)


@routes.get("/api/v1/timelines/list/{id}")
@requires("read:lists")
async def get_list(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page, list_id = parse_page(read_query(request)), path_id(request)

    async def query(tx: Reader, now: int) -> list[Status]:
        found = await require_list(tx, viewer, list_id, now=now)
        if isinstance(found, OpenQuestions):
            return await questions.list_questions(tx, viewer.actor_id, found.group.id, stored_page(page), now=now)
        ask = timelines.list_people if isinstance(found, PeopleList) else timelines.list_group
        return await ask(tx, viewer.actor_id, list_id, stored_page(page), now=now)

    return await show_timeline(request, viewer, page, query)


def _posts(form: Form) -> Kinds:
    """`local` and `remote` each leave the other out."""
    return Kinds(
        local=not form.boolean("remote"),
        remote=not form.boolean("local"),
        only_media=form.boolean("only_media") or False,
        boosts=False,
    )


def _original_posts(form: Form) -> Kinds:
    """As `_posts`, without replies to others, as Mastodon's public timelines."""
    kinds = _posts(form)
    return Kinds(local=kinds.local, remote=kinds.remote, only_media=kinds.only_media, replies=False, boosts=False)


def _parse_tags(hashtag: str, form: Form) -> Tags:
    return Tags(
        any_of=_lower([hashtag, *form.texts("any")]),
        all_of=_lower(form.texts("all")),
        none_of=_lower(form.texts("none")),
    )


def _lower(tags: list[str]) -> tuple[str, ...]:
    """As tags are stored: without #, in lower case."""
    return tuple(tag.removeprefix("#").lower() for tag in tags)
