"""Writing a post that another page has begun: what its address says is put into a form, and nothing is sent unasked."""

from aiohttp import web

from federation.outbox import notes
from policies.decision import Deny, Hold
from policies.sentences import sentence
from web.api.statuses import MOST_CHARACTERS, parse_draft
from web.bodies import read_query
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.pages.session import Visit, member_of, member_page, show
from web.render import VISIBILITY
from web.showing import language_of
from web.tokens import new_token

routes = web.RouteTableDef()


@routes.get("/share")
@member_page
async def begin(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`title`, `text` and `url`, as browsers share pages."""
    query = read_query(request)
    parts = [query.text(name) or "" for name in ("title", "text", "url")]
    return _show(request, visit, text="\n\n".join(part.strip() for part in parts if part.strip()))


@routes.post("/share")
@member_page
async def publish(request: web.Request, visit: Visit) -> web.StreamResponse:
    me, form = member_of(visit), visit.form
    said = {name: form.text(name) for name in ("status", "spoiler_text", "visibility")}
    try:
        draft = parse_draft(Form(said), me.member, key=(form.text("key") or "")[:100] or None, app_id=None)
    except ApiError:
        return _show(request, visit, text=said["status"] or "", problem="form")
    outcome = await notes.publish(request.app[CONTEXT], me.actor.id, draft)
    if isinstance(outcome, Deny | Hold):
        words = sentence(outcome.reason, reader="member", language=language_of(visit.locale), about=outcome.about)
        return _show(request, visit, text=draft.text, refusal=words)
    return show(request, visit, "shared.html", status=200, posted=outcome.status)


def _show(request: web.Request, visit: Visit, *, text: str, problem: str = "", refusal: str = "") -> web.Response:
    me = member_of(visit)
    chosen = visit.form.text("visibility") or VISIBILITY[me.member.default_audience]
    warning = visit.form.text("spoiler_text") or ""
    return show(
        request,
        visit,
        "share.html",
        text=text,
        warning=warning,
        chosen=chosen,
        problem=problem,
        refusal=refusal,
        most=MOST_CHARACTERS,
        key=visit.form.text("key") or new_token(),
    )
