"""Where a member's posts went and where they did not. Who reads the boundary log sees it of any post, without the text."""

from functools import partial

from aiohttp import web

from policies.terms import Role
from storage.decisions import list_of_author
from web.bodies import path_id
from web.explained import explain_any, explain_own, reader_of, reads_boundary
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, show
from web.showing import language_of

MOST = 40

routes = web.RouteTableDef()


@routes.get("/settings/posts")
@member_page
async def show_posts(request: web.Request, visit: Visit) -> web.StreamResponse:
    """The latest that were asked about at the boundary."""
    me = member_of(visit).actor
    posts = await request.app[CONTEXT].db.read(lambda tx: list_of_author(tx, me.id, limit=MOST))
    return show(request, visit, "crossings.html", posts=posts)


@routes.get("/settings/posts/{id}")
@member_page
async def show_post(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, status_id = member_of(visit), path_id(request)
    explained = explain_any if reads_boundary(Role(me.member.role)) else partial(explain_own, author_id=me.actor.id)
    post, crossings = await request.app[CONTEXT].db.read(lambda tx: explained(tx, status_id))
    language = language_of(visit.locale)
    told = [(one, one.sentence(reader_of(post, me.actor.id), language)) for one in crossings]
    return show(request, visit, "crossing.html", post=post, crossings=told)
