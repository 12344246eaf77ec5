"""Where the address of a collection leads in a browser: what everybody may read of it."""

from aiohttp import web

from web.api.collections import read_collection
from web.bodies import path_id
from web.keys import CONTEXT
from web.pages.session import Visit, page, show
from web.render import accounts, collection
from web.showing import frame

routes = web.RouteTableDef()


@routes.get("/collections/{id:[0-9]+}")
@page
async def show_collection(request: web.Request, visit: Visit) -> web.StreamResponse:
    shown, found, people = await read_collection(request, None, path_id(request))
    owner, *others = accounts(found, people, frame(request, None, people))
    entity = collection(shown, request.app[CONTEXT].origin)
    # The owner comes first, and once more where they are in it themselves.
    inside = [owner, *others] if entity["account_id"] in {item["account_id"] for item in entity["items"]} else others
    return show(request, visit, "collection.html", collection=entity, owner=owner, people=inside)
