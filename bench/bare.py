"""The least that aiohttp can do: one handler, a small JSON answer. `python -m bench.bare PORT`: what others compare with."""

import sys

import uvloop
from aiohttp import web

BODY = b'{"subject":"acct:somebody@localhost","aliases":[],"links":[]}'


async def answer(_: web.Request) -> web.Response:
    return web.Response(body=BODY, content_type="application/json")


def main() -> None:
    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
