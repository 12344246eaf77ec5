"""What anybody may know of whom this instance exchanges posts with, and of how much it is used."""

import hashlib

from aiohttp import web

from federation.rules import get_rules
from policies.ruleset import day_of, peer_standing
from policies.terms import PeerState
from storage.usage import list_weeks, week_of
from web.answers import answer
from web.auth import anyone
from web.bodies import read_query
from web.keys import CONTEXT, SITE
from web.showing import not_found

routes = web.RouteTableDef()

WEEKS = 12
MOST_FOUND = 10


@routes.get("/api/v1/instance/peers")
@anyone
async def list_peers(request: web.Request) -> web.StreamResponse:
    return answer(await _read_peers(request, PeerState.ACTIVE))


@routes.get("/api/v1/peers/search")
@anyone
async def search_peers(request: web.Request) -> web.StreamResponse:
    """Those whose host begins with what was asked for."""
    asked = (read_query(request).text("q") or "").strip().lower()
    found = [host for host in await _read_peers(request, PeerState.ACTIVE) if host.startswith(asked)]
    return answer(found[:MOST_FOUND] if asked else [])


@routes.get("/api/v1/instance/domain_blocks")
@anyone
async def list_blocks(request: web.Request) -> web.StreamResponse:
    """Why a peer is suspended stays in the ruleset."""
    if not request.app[SITE].publish_blocks:
        raise not_found()
    hosts = await _read_peers(request, PeerState.SUSPENDED)
    return answer(
        [{"domain": one, "digest": hashlib.sha256(one.encode()).hexdigest(), "severity": "suspend"} for one in hosts]
    )


@routes.get("/api/v1/instance/activity")
@anyone
async def list_activity(request: web.Request) -> web.StreamResponse:
    """The present week and those before it. All numbers are texts."""
    ctx = request.app[CONTEXT]
    now = ctx.now()
    first = week_of(now) - WEEKS + 1
    weeks = await ctx.db.read(lambda tx: list_weeks(tx, first=first, count=WEEKS, now=now))
    return answer(
        [
            {
                "week": str(one.began_at // 1000),
                "statuses": str(one.posts),
                "logins": str(one.active),
                "registrations": str(one.members),
            }
            for one in reversed(weeks)
        ]
    )


async def _read_peers(request: web.Request, state: PeerState) -> list[str]:
    """The hosts that the ruleset, and today their agreement, leaves in this state."""
    ctx = request.app[CONTEXT]
    today = day_of(ctx.now())
    ruleset = (await ctx.db.read(get_rules)).ruleset
    return sorted(host for host in ruleset.peers if peer_standing(ruleset, host, today).state is state)
