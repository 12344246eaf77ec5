"""Where people of other instances' pages are sent to act as themselves: whom or what they came from, here."""

from urllib.parse import urlencode

from aiohttp import web

from federation.outbox.follows import follow
from policies.decision import Deny
from policies.sentences import sentence
from storage import relations, views
from storage.database import Reader
from storage.records import Actor, Status
from storage.relations import Relation
from storage.views import People
from storage.visibility import get_visible
from web.api.search import Wanted, find_accounts, find_at, is_address
from web.bodies import read_query
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, redirect, show
from web.render import account
from web.showing import frame, language_of, not_found, read_posts

PLACE = "/authorize_interaction"
MOST_ADDRESS = 500
NOBODY = 0

routes = web.RouteTableDef()


@routes.get(PLACE)
@member_page
async def show_interaction(request: web.Request, visit: Visit) -> web.StreamResponse:
    """Somebody with a button to follow them, or a post. Of posts only those that are for everybody."""
    asked = (read_query(request).text("uri") or read_query(request).text("acct") or "").strip()[:MOST_ADDRESS]
    match await _find(request, member_of(visit).actor.id, asked):
        case Actor() as actor:
            return await _show_person(request, visit, actor.id, asked)
        case Status() as status:
            return await _show_post(request, visit, status)
    raise not_found()


async def _find(request: web.Request, asking: int, text: str) -> Actor | Status | None:
    ctx = request.app[CONTEXT]
    if is_address(text):
        return await find_at(ctx, asking, text, fetch=True)
    name = text.removeprefix("acct:").removeprefix("@")
    found = await find_accounts(ctx, asking, Wanted(name, limit=1, offset=0, resolve=True, followed_only=False))
    return next((one for one in found if _is_called(one, name, ctx.origin.handle_domain)), None)


def _is_called(actor: Actor, name: str, domain: str) -> bool:
    return f"{actor.username}@{actor.handle_host or domain}".lower() == name.lower()


async def _show_post(request: web.Request, visit: Visit, status: Status) -> web.Response:
    async def query(tx: Reader, now: int) -> list[Status]:
        seen = await get_visible(tx, status.id, viewer=NOBODY, now=now)
        return [seen] if seen else []

    found, renderer = await read_posts(request, None, query)
    shown = renderer.statuses(found)
    if not shown:
        raise not_found()
    return show(request, visit, "post.html", post=shown[0])


async def _show_person(
    request: web.Request, visit: Visit, actor_id: int, asked: str, *, refusal: str = ""
) -> web.Response:
    ctx, me = request.app[CONTEXT], member_of(visit).actor.id
    now = ctx.now()

    async def unit(tx: Reader) -> tuple[Actor, People, Relation]:
        actor = await relations.get_known(tx, actor_id, viewer=me, now=now)
        if actor is None:
            raise not_found()
        [relation] = await relations.list_relations(tx, me, [actor_id], now=now)
        return actor, await views.load_people(tx, [actor], viewer=me), relation

    actor, people, relation = await ctx.db.read(unit)
    person = account(actor, people, frame(request, None, people))
    state = relation.membership.state if relation.membership else relation.outgoing.state if relation.outgoing else ""
    return show(
        request,
        visit,
        "interaction.html",
        person=person,
        state="self" if actor.id == me else state,
        uri=asked,
        refusal=refusal,
    )


@routes.post(PLACE)
@member_page
async def follow_here(request: web.Request, visit: Visit) -> web.StreamResponse:
    target, asked = visit.form.identifier("id") or 0, (visit.form.text("uri") or "")[:MOST_ADDRESS]
    outcome = await follow(request.app[CONTEXT], member_of(visit).actor.id, target)
    if outcome is None:
        raise not_found()
    if isinstance(outcome, Deny):
        words = sentence(outcome.reason, reader="member", language=language_of(visit.locale), about=outcome.about)
        return await _show_person(request, visit, target, asked, refusal=words)
    return redirect(f"{PLACE}?{urlencode({'uri': asked})}")
