"""Blocking, muting, and blocking whole hosts: what a member wants to see and hear nothing of."""

from aiohttp import web

from federation.outbox import blocks as acts
from policies.decision import Deny
from storage import blocks, follows, mutes, relations, views
from storage.blocks import BlockedHost
from storage.database import Reader, Transaction
from storage.ids import new_id
from storage.mutes import FOR_EVER
from storage.records import Mute
from storage.relations import Listed
from storage.views import People
from web import as_group
from web.answers import answer
from web.api.accounts import require_target, show_relationship
from web.auth import Viewer, requires
from web.bodies import read_form, read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pagination import links, parse_page
from web.render import muted_account
from web.showing import frame, show_listed, stored_page

routes = web.RouteTableDef()

MOST_SECONDS = 10 * 365 * 86_400  # of a mute; beyond lies no plan but a slip


@routes.post("/api/v1/accounts/{id}/block")
@requires("write:blocks", group=True)
async def block(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    if viewer.is_group:
        await as_group.ban(request, viewer, target)
    elif isinstance(await acts.block(request.app[CONTEXT], viewer.actor_id, target), Deny):
        raise ApiError(403, "This action is not allowed")
    return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/unblock")
@requires("write:blocks", group=True)
async def unblock(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    if viewer.is_group:
        await as_group.unban(request, viewer, target)
    else:
        await acts.unblock(request.app[CONTEXT], viewer.actor_id, target)
    return await show_relationship(request, viewer, target)


@routes.get("/api/v1/blocks")
@requires("read:blocks", group=True)
async def list_blocks(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=40, most=80)

    async def query(tx: Reader, _: int) -> list[Listed]:
        ask = relations.list_banned if viewer.is_private_group else relations.list_blocked
        return await ask(tx, viewer.actor_id, stored_page(page))

    return await show_listed(request, viewer, page, query)


@routes.post("/api/v1/accounts/{id}/mute")
@requires("write:mutes")
async def mute(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await read_form(request)
    target = await require_target(request, viewer)
    if target == viewer.actor_id:
        raise ApiError(403, "This action is not allowed")
    seconds, now = form.integer("duration") or 0, ctx.now()
    if not 0 <= seconds <= MOST_SECONDS:
        raise ApiError(422, f"Validation failed: Duration must be between 0 and {MOST_SECONDS} seconds")
    made = Mute(
        id=new_id(now),
        owner_id=viewer.actor_id,
        target_id=target,
        notifications=int(form.boolean("notifications") is not False),
        until=now + seconds * 1000 if seconds else FOR_EVER,
        created_at=now,
    )
    await ctx.db.transact(lambda tx: mutes.upsert_mute(tx, made))
    return await show_relationship(request, viewer, target)


@routes.post("/api/v1/accounts/{id}/unmute")
@requires("write:mutes")
async def unmute(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    target = await require_target(request, viewer)
    await request.app[CONTEXT].db.transact(lambda tx: mutes.delete_mute(tx, viewer.actor_id, target))
    return await show_relationship(request, viewer, target)


@routes.get("/api/v1/mutes")
@requires("read:mutes")
async def list_mutes(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, page = request.app[CONTEXT], parse_page(read_query(request), default=40, most=80)
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[list[Listed], dict[int, Mute], People]:
        found = await relations.list_muted(tx, viewer.actor_id, stored_page(page), now=now)
        muted = await mutes.list_mutes(tx, viewer.actor_id, [one.actor.id for one in found], now=now)
        return found, muted, await views.load_people(tx, [one.actor for one in found], viewer=viewer.actor_id)

    found, muted, people = await ctx.db.read(unit)
    framed = frame(request, viewer, people)
    shown = [muted_account(one.actor, muted[one.actor.id], people, framed) for one in found]
    return answer(shown, headers=links(request, page, [one.cursor for one in found]))


@routes.get("/api/v1/domain_blocks")
@requires("read:blocks")
async def list_domain_blocks(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    page = parse_page(read_query(request), default=100, most=200)

    async def unit(tx: Reader) -> list[BlockedHost]:
        return await blocks.list_blocked_hosts(tx, viewer.actor_id, stored_page(page))

    found = await request.app[CONTEXT].db.read(unit)
    return answer([one.host for one in found], headers=links(request, page, [one.id for one in found]))


@routes.get("/api/v1/domain_blocks/preview")
@requires("write:blocks")
async def preview_domain_block(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    """How many follows a block would end."""
    host = _parse_host(request, read_query(request))
    ended = await request.app[CONTEXT].db.read(lambda tx: follows.list_with_host(tx, viewer.actor_id, host))
    following = sum(one.follower_id == viewer.actor_id for one in ended)
    return answer({"following_count": following, "followers_count": len(ended) - following})


@routes.post("/api/v1/domain_blocks")
@requires("write:blocks")
async def block_domain(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    host = _parse_host(request, await read_form(request))
    await acts.block_host(request.app[CONTEXT], viewer.actor_id, host)
    return answer({})


@routes.delete("/api/v1/domain_blocks")
@requires("write:blocks")
async def unblock_domain(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    host = _parse_host(request, await read_form(request))

    async def unit(tx: Transaction) -> None:
        await blocks.delete_blocked_host(tx, viewer.actor_id, host)

    await request.app[CONTEXT].db.transact(unit)
    return answer({})


def _parse_host(request: web.Request, form: Form) -> str:
    """Raises ApiError 422 for what is no other host's name."""
    host = acts.parse_domain(form.required("domain"))
    origin = request.app[CONTEXT].origin
    if host is None or host in {origin.host, origin.handle_domain}:
        raise ApiError(422, "Validation failed: Domain is not a valid domain name")
    return host
