"""Accounts: oneself, others, whom they follow, what they posted, and following them.

Joining a private group is following it: a locked account, whose acceptance comes later.
"""

from dataclasses import replace

from aiohttp import web

from federation.outbox import follows
from federation.outbox.groups import decide_listing
from policies.decision import Allow, Deny
from policies.terms import Audience, Role
from storage import actors, groups, members, relations, remarks, timelines, views
from storage.database import Reader, Transaction
from storage.members import Person
from storage.pages import Page
from storage.records import Actor, Status
from storage.relations import Listed
from storage.timelines import Kinds
from storage.views import People
from web import as_group
from web.answers import answer
from web.api.search import find_accounts, parse_wanted
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import parse_page
from web.render import credential_account, familiar_followers, preferences, relationship
from web.showing import (
    ListedAbout,
    frame,
    in_order,
    not_found,
    refusal,
    show_account,
    show_listed,
    show_people,
    show_timeline,
    stored_page,
    viewer_id,
)

routes = web.RouteTableDef()

MOST_AT_ONCE = 40
MOST_FAMILIAR = 40
MOST_REMARK = 2_000


@routes.get("/api/v1/accounts/verify_credentials")
@requires("profile", "read:accounts", group=True)
async def verify_credentials(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await show_oneself(request, viewer)


async def show_oneself(request: web.Request, viewer: Viewer) -> web.Response:
    """What a member sees of their own account now."""

    async def unit(tx: Reader) -> tuple[Person, People, int]:
        person = await _require_person(tx, viewer)
        people = await views.load_people(tx, [person.actor], viewer=viewer.actor_id)
        return person, people, await relations.count_requests(tx, viewer.actor_id)

    person, people, requests = await request.app[CONTEXT].db.read(unit)
    framed = frame(request, viewer, people)
    return answer(credential_account(person.actor, person.member, people, framed, requests=requests))


@routes.get("/api/v1/preferences")
@requires("read:accounts", group=True)
async def get_preferences(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    person = await request.app[CONTEXT].db.read(lambda tx: _require_person(tx, viewer))
    return answer(preferences(person.member))


async def _require_person(tx: Reader, viewer: Viewer) -> Person:
    """A group has no settings: it is shown with those that nobody chose, in the language of who acts as it."""
    person = await members.get_person(tx, viewer.person_id if viewer.is_group else viewer.actor_id)
    actor = await actors.get_actor(tx, viewer.actor_id)
    if person is None or actor is None:
        raise not_found()
    if not viewer.is_group:
        return person
    blank = replace(person.member, role=Role.MEMBER, default_audience=Audience.FOLLOWERS, default_sensitive=0)
    return Person(blank, actor)


@routes.get("/api/v1/accounts/lookup")
@public("read:accounts", group=True)
async def look_up(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    """By name, among those known here: nothing is fetched."""
    origin = request.app[CONTEXT].origin
    name, _, host = read_query(request).required("acct").strip().removeprefix("@").partition("@")
    host = "" if host.lower() in {origin.handle_domain, origin.host} else host

    async def query(tx: Reader, now: int) -> list[Actor]:
        actor = await actors.get_actor_by_handle(tx, name, host)
        known = await relations.get_known(tx, actor.id, viewer=viewer_id(viewer), now=now) if actor else None
        return [known] if known else []

    return await show_account(request, viewer, query)


@routes.get("/api/v1/accounts/search")
@requires("read:accounts")
async def search(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    wanted = parse_wanted(read_query(request), default=40, most=80)
    found = await find_accounts(request.app[CONTEXT], viewer.actor_id, wanted)

    async def query(_: Reader, __: int) -> list[Actor]:
        return found

    return await show_people(request, viewer, query)


@routes.get("/api/v1/accounts/relationships")
@requires("read:follows", group=True)
async def list_relationships(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, ids = request.app[CONTEXT], read_query(request).identifiers("id")
    now = ctx.now()
    found = await ctx.db.read(lambda tx: relations.list_relations(tx, viewer.actor_id, ids[:MOST_AT_ONCE], now=now))
    return answer([relationship(one) for one in found])


@routes.get("/api/v1/accounts/familiar_followers")
@requires("read:follows")
async def list_familiar_followers(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """Whom the viewer follows among the followers of others. Mastodon.py names those in a body."""
    ctx, ids = request.app[CONTEXT], (await read_form(request)).identifiers("id")[:MOST_AT_ONCE]
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Actor], dict[int, list[Actor]], People]:
        about = in_order(ids, await relations.list_known(tx, ids, viewer=viewer.actor_id, now=now))
        found = await relations.list_familiar(tx, viewer.actor_id, [actor.id for actor in about], most=MOST_FAMILIAR)
        shown = [actor for some in found.values() for actor in some]
        return about, found, await views.load_people(tx, shown, viewer=viewer.actor_id)

    about, found, people = await ctx.db.read(unit)
    framed = frame(request, viewer, people)
    return answer([familiar_followers(actor.id, found.get(actor.id, ()), people, framed) for actor in about])


@routes.get("/api/v1/accounts")
@public("read:accounts", group=True)
async def list_accounts(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    ids = read_query(request).identifiers("id")[:MOST_AT_ONCE]

    async def query(tx: Reader, now: int) -> list[Actor]:
        return in_order(ids, await relations.list_known(tx, ids, viewer=viewer_id(viewer), now=now))

    return await show_people(request, viewer, query)


@routes.get("/api/v1/accounts/{id}")
@public("read:accounts", group=True)
async def get_account(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    actor_id = path_id(request)

    async def query(tx: Reader, now: int) -> list[Actor]:
        return [await require_known(tx, actor_id, viewer, now)]

    return await show_account(request, viewer, query)


async def require_known(tx: Reader, actor_id: int, viewer: Viewer | None, now: int) -> Actor:
    actor = await relations.get_known(tx, actor_id, viewer=viewer_id(viewer), now=now)
    if actor is None:
        raise not_found()
    return actor


@routes.get("/api/v1/accounts/{id}/statuses")
@public("read:statuses", group=True)
async def list_statuses(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    """What somebody posted; of a private group, what its members did, for its members."""
    form, actor_id = read_query(request), path_id(request)
    page = parse_page(form)

    async def query(tx: Reader, now: int) -> list[Status]:
        actor = await require_known(tx, actor_id, viewer, now)
        if form.boolean("pinned"):
            return await timelines.list_pinned(tx, viewer_id(viewer), actor.id, stored_page(page), now=now)
        if actor.type == "Group" and await groups.get_group(tx, actor.id) is not None:
            return await timelines.list_group(tx, viewer_id(viewer), actor.id, stored_page(page), now=now)
        return await _posts_of(tx, actor, viewer, stored_page(page), form, now)

    return await show_timeline(request, viewer, page, query)


async def _posts_of(tx: Reader, actor: Actor, viewer: Viewer | None, page: Page, form: Form, now: int) -> list[Status]:
    kinds = Kinds(
        only_media=form.boolean("only_media") or False,
        replies=not form.boolean("exclude_replies"),
        boosts=not form.boolean("exclude_reblogs"),
    )
    tag = (form.text("tagged") or "").removeprefix("#").lower()
    return await timelines.list_account(tx, viewer_id(viewer), actor.id, page, kinds, now=now, tag=tag)


@routes.get("/api/v1/accounts/{id}/followers")
@public("read:accounts", group=True)
async def list_followers(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    """Of a private group of ours its members, for who acts as it, and for those in it to whom it shows them."""
    group_id, page = path_id(request), parse_page(read_query(request), default=40, most=80)
    if viewer is None or not await _lists_members(request, viewer, group_id):
        return await _show_follows(request, viewer, relations.list_followers)

    async def query(tx: Reader, now: int) -> list[Listed]:
        return await relations.list_members(tx, group_id, stored_page(page), now=now)

    return await show_listed(request, viewer, page, query)


async def _lists_members(request: web.Request, viewer: Viewer, group_id: int) -> bool:
    if viewer.is_private_group:
        return group_id == viewer.actor_id
    ctx = request.app[CONTEXT]
    return isinstance(await ctx.db.read(lambda tx: decide_listing(tx, group_id, viewer.actor_id, ctx.now())), Allow)


@routes.get("/api/v1/accounts/{id}/following")
@public("read:accounts")
async def list_following(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return await _show_follows(request, viewer, relations.list_following)


async def _show_follows(request: web.Request, viewer: Viewer | None, ask: ListedAbout) -> web.Response:
    page, actor_id = parse_page(read_query(request), default=40, most=80), path_id(request)

    async def query(tx: Reader, now: int) -> list[Listed]:
        actor = await require_known(tx, actor_id, viewer, now)
        if actor.hide_collections and viewer_id(viewer) != actor.id:
            return []
        return await ask(tx, actor_id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/accounts/{id}/follow")
@requires("write:follows")
async def follow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    form, ctx = await read_form(request), request.app[CONTEXT]
    target = await require_target(request, viewer)
    outcome = await follows.follow(
        ctx,
        viewer.actor_id,
        target,
        boosts=form.boolean("reblogs") is not False,
        notify_posts=form.boolean("notify") or False,
    )
    match outcome:
        case None:
            raise ApiError(403, "This action is not allowed")
        case Deny():
            raise await refusal(request, viewer, outcome, status=403)
        case Allow():
            return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/unfollow")
@requires("write:follows")
async def unfollow(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    await follows.unfollow(request.app[CONTEXT], viewer.actor_id, target)
    return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/remove_from_followers")
@requires("write:follows", group=True)
async def remove_from_followers(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    if viewer.is_group:
        await as_group.remove(request, viewer, target, state="active")
    else:
        await follows.remove_follower(request.app[CONTEXT], viewer.actor_id, target)
    return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/note")
@requires("write:accounts")
async def write_remark(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """A note about somebody, for oneself alone."""
    form = await read_form(request)
    text = (form.text("comment") or "").strip()
    if len(text) > MOST_REMARK:
        raise ApiError(422, f"Validation failed: Comment is too long (maximum is {MOST_REMARK} characters)")
    target = await require_target(request, viewer)

    async def unit(tx: Transaction) -> None:
        await remarks.upsert_remark(tx, viewer.actor_id, target, text)

    await request.app[CONTEXT].db.transact(unit)
    return await show_relationship(request, viewer, target)


async def require_target(request: web.Request, viewer: Viewer) -> int:
    """The id in the path, once it is known that the viewer may know of who it is."""
    ctx, target = request.app[CONTEXT], path_id(request)
    now = ctx.now()
    await ctx.db.read(lambda tx: require_known(tx, target, viewer, now))
    return target


async def show_relationship(request: web.Request, viewer: Viewer, target: int) -> web.Response:
    """How the viewer stands to somebody now."""
    ctx = request.app[CONTEXT]
    now = ctx.now()
    found = await ctx.db.read(lambda tx: relations.list_relations(tx, viewer.actor_id, [target], now=now))
    if not found:
        raise not_found()
    return answer(relationship(found[0]))
