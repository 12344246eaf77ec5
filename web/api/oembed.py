"""OEmbed: how pages of others show a public post of ours (https://oembed.com). What is not public is not there."""

import re
from html import escape

from aiohttp import web

from web.answers import answer
from web.auth import anyone
from web.bodies import read_query
from web.forms import parse_id
from web.keys import CONTEXT, SITE
from web.pages.profiles import read_post
from web.showing import not_found

routes = web.RouteTableDef()

WIDTH, HEIGHT = 400, 400
LEAST = 100
CACHE_SECONDS = 3600
_PAGE = re.compile(r"/@([^/@]+)/([0-9]{1,19})")


@routes.get("/api/oembed")
@anyone
async def get_oembed(request: web.Request) -> web.StreamResponse:
    """For the address of a post's page."""
    query, base = read_query(request), request.app[CONTEXT].origin.base
    address = query.text("url") or ""
    found = _PAGE.fullmatch(address.removeprefix(base)) if address.startswith(base) else None
    if found is None:
        raise not_found()
    post = await read_post(request, found[1], parse_id(found[2]))
    width = min(max(query.integer("maxwidth") or WIDTH, LEAST), WIDTH)
    height = min(max(query.integer("maxheight") or HEIGHT, LEAST), HEIGHT)
    author = post["account"]
    return answer(
        {
            "type": "rich",
            "version": "1.0",
            "title": f"@{author['acct']}@{request.app[CONTEXT].origin.handle_domain}",
            "author_name": author["display_name"],
            "author_url": author["url"],
            "provider_name": request.app[SITE].title,
            "provider_url": f"{base}/",
            "cache_age": CACHE_SECONDS,
            "html": _frame(f"{base}/@{found[1]}/{post['id']}/embed", width, height),
            "width": width,
            "height": height,
        }
    )


def _frame(address: str, width: int, height: int) -> str:
    """Without scripts, ours or theirs."""
    return (
        f'<iframe src="{escape(address)}" width="{width}" height="{height}" '
        'sandbox="allow-popups" style="border: 0; max-width: 100%" loading="lazy"></iframe>'
    )
