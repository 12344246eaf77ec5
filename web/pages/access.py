"""What gets into a member's account, and how they end it: apps by their tokens, browsers by their sessions.

What is deleted here is over at once: open streams ask for their token at every event (`web.streams.hub`).
"""

from dataclasses import dataclass

from aiohttp import web

from storage.database import Transaction
from storage.members import delete_session_of, delete_sessions_of, list_sessions_of
from storage.oauth import delete_app_of, list_tokens_of
from storage.records import App, Token
from web.bodies import path_id
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, redirect, session_hash, show

APPS = "/oauth/authorized_applications"
SESSIONS = "/settings/sessions"

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Admitted:
    """An app that a member let in, perhaps on several devices. Times in unix ms. `names`: as whom, besides themselves."""

    app: App
    scopes: tuple[str, ...]
    since: int
    used_at: int | None
    names: tuple[str, ...] = ()


@routes.get(APPS)
@member_page
async def list_apps(request: web.Request, visit: Visit) -> web.StreamResponse:
    me = member_of(visit)
    rows = await request.app[CONTEXT].db.read(lambda tx: list_tokens_of(tx, me.actor.id))
    return show(request, visit, "apps.html", apps=group_apps(rows))


@routes.post(APPS + "/{id}")
@member_page
async def shut_app_out(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, app_id = member_of(visit), path_id(request)
    await request.app[CONTEXT].db.transact(lambda tx: delete_app_of(tx, me.actor.id, app_id))
    return redirect(APPS)


@routes.get(SESSIONS)
@member_page
async def list_browsers(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, ctx = member_of(visit), request.app[CONTEXT]
    now = ctx.now()
    sessions = await ctx.db.read(lambda tx: list_sessions_of(tx, me.actor.id, now=now))
    return show(request, visit, "sessions.html", sessions=sessions, this=session_hash(request))


@routes.post(SESSIONS)
@member_page
async def end_sessions(request: web.Request, visit: Visit) -> web.StreamResponse:
    """The one that is named, or without a name all but this browser's."""
    me, session_id = member_of(visit), visit.form.identifier("id")

    async def unit(tx: Transaction) -> None:
        if session_id is None:
            await delete_sessions_of(tx, me.actor.id, but=session_hash(request))
        else:
            await delete_session_of(tx, me.actor.id, session_id)

    await request.app[CONTEXT].db.transact(unit)
    return redirect(SESSIONS)


def group_apps(rows: list[tuple[App, Token, str]]) -> list[Admitted]:
    """One entry for each app, however many tokens it has, in the order of the newest."""
    found: dict[int, Admitted] = {}
    for app, token, name in rows:
        before = found.get(app.id) or Admitted(app, (), token.created_at, None)
        found[app.id] = Admitted(
            app,
            tuple(dict.fromkeys((*before.scopes, *token.scopes.split()))),
            min(before.since, token.created_at),
            max(filter(None, (before.used_at, token.used_at)), default=None),
            tuple(dict.fromkeys(filter(None, (*before.names, name)))),
        )
    return list(found.values())
