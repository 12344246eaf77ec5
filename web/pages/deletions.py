"""What members took back, and which hosts that held it have confirmed that it is gone. Their own only, and never its text."""

from itertools import groupby
from operator import attrgetter

from aiohttp import web

from storage.receipts import list_of_author
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, show

MOST = 40

routes = web.RouteTableDef()


@routes.get("/settings/deletions")
@member_page
async def show_deletions(request: web.Request, visit: Visit) -> web.StreamResponse:
    me = member_of(visit).actor
    found = await request.app[CONTEXT].db.read(lambda tx: list_of_author(tx, me.uri, limit=MOST))
    posts = [list(hosts) for _, hosts in groupby(found, attrgetter("object_uri"))]
    return show(request, visit, "deletions.html", posts=posts)
