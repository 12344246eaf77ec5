"""Reporting people and their posts to those who look after the instance."""

from aiohttp import web

from federation.outbox.reports import NewReport, UnknownError
from federation.outbox.reports import report as file_report
from storage import views
from storage.actors import get_actor
from storage.database import Reader
from storage.records import Actor
from storage.views import People
from web.answers import answer
from web.auth import Viewer, requires
from web.bodies import read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT, SITE
from web.render import account, report
from web.showing import frame, not_found

routes = web.RouteTableDef()

CATEGORIES = ("spam", "legal", "violation", "other")
MOST_COMMENT = 1_000
MOST_POSTS = 100


@routes.post("/api/v1/reports")
@requires("write:reports")
async def make_report(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    ctx, new = request.app[CONTEXT], parse_report(await read_form(request), rules=len(request.app[SITE].rules))
    try:
        made = await file_report(ctx, viewer.actor_id, new)
    except UnknownError as error:
        raise not_found() from error

    async def unit(tx: Reader) -> tuple[Actor | None, People]:
        target = await get_actor(tx, made.target_id)
        return target, await views.load_people(tx, [target] if target else [], viewer=viewer.actor_id)

    target, people = await ctx.db.read(unit)
    if target is None:
        raise not_found()
    return answer(report(made, new.status_ids, account(target, people, frame(request, viewer, people))))


def parse_report(form: Form, *, rules: int) -> NewReport:
    """What an app reports; there are `rules` rules. A rule that is named makes it a violation, as in Mastodon."""
    comment, category = form.text("comment") or "", form.text("category") or "other"
    if len(comment) > MOST_COMMENT:
        raise ApiError(422, f"Validation failed: Comment is too long (maximum is {MOST_COMMENT} characters)")
    if category not in CATEGORIES:
        raise ApiError(422, "Validation failed: Category is not included in the list")
    named = tuple(dict.fromkeys(form.identifiers("rule_ids")))
    if any(not 1 <= number <= rules for number in named):
        raise ApiError(422, "Validation failed: Rules does not reference valid rules")
    posts = tuple(dict.fromkeys(form.identifiers("status_ids")))
    if len(posts) > MOST_POSTS:
        raise ApiError(422, f"Validation failed: no more than {MOST_POSTS} posts")
    return NewReport(
        target_id=form.identifier("account_id") or 0,
        category="violation" if named else category,
        comment=comment,
        status_ids=posts,
        rules=named,
        forward=bool(form.boolean("forward")),
    )
