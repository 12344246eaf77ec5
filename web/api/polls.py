"""Polls: seeing one, voting, and what an app may ask when it makes one."""

from aiohttp import web

from federation.outbox import polls as acts
from federation.outbox.polls import NO_OPTION, PollDraft, VoteError
from storage import polls
from storage.database import Reader
from storage.records import Status
from storage.visibility import get_visible
from web.answers import answer
from web.auth import Viewer, public, requires
from web.bodies import path_id, read_form
from web.errors import ApiError
from web.forms import Form
from web.keys import CONTEXT
from web.showing import not_found, read_posts, viewer_id

routes = web.RouteTableDef()

MOST_OPTIONS = 10
MOST_OPTION = 100  # characters
SHORTEST, LONGEST = 300, 2_629_746  # seconds


@routes.get("/api/v1/polls/{id}")
@public("read:statuses")
async def get_poll(request: web.Request, viewer: Viewer | None) -> web.StreamResponse:
    return await _show_poll(request, viewer, path_id(request))


@routes.post("/api/v1/polls/{id}/votes")
@requires("write:statuses")
async def vote(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    choices = [_position(text) for text in (await read_form(request)).choices("choices")]
    if not choices:
        raise ApiError(422, "Validation failed: Choices can't be blank")
    try:
        voted = await acts.vote(request.app[CONTEXT], viewer.actor_id, path_id(request), choices)
    except VoteError as error:
        raise ApiError(422, f"Validation failed: {error}") from error
    if voted is None:
        raise not_found()
    return await _show_poll(request, viewer, voted.id)


def _position(text: str) -> int:
    if not text.isdecimal() or len(text) > 3:
        raise ApiError(422, f"Validation failed: {NO_OPTION}")
    return int(text)


async def _show_poll(request: web.Request, viewer: Viewer | None, poll_id: int) -> web.Response:
    async def query(tx: Reader, now: int) -> list[Status]:
        poll = await polls.get_poll(tx, poll_id)
        status = await get_visible(tx, poll.status_id, viewer=viewer_id(viewer), now=now) if poll else None
        return [status] if status else []

    found, renderer = await read_posts(request, viewer, query)
    if not found:
        raise not_found()
    return answer(renderer.status(found[0])["poll"])


def parse_poll(form: Form) -> PollDraft | None:
    """The poll that an app wants with a post; ApiError 422 says what is wrong with it."""
    asked = form.child("poll")
    if asked is None:
        return None
    options = tuple(text.strip() for text in asked.texts("options") if text.strip())
    if len(options) < 2:
        raise ApiError(422, "Validation failed: Options must have more than one item")
    if len(options) > MOST_OPTIONS:
        raise ApiError(422, f"Validation failed: Options can't contain more than {MOST_OPTIONS} items")
    if any(len(option) > MOST_OPTION for option in options):
        raise ApiError(422, f"Validation failed: Options can't be longer than {MOST_OPTION} characters each")
    if len(set(options)) != len(options):
        raise ApiError(422, "Validation failed: Options contain duplicate items")
    seconds = asked.integer("expires_in")
    if seconds is None or seconds < SHORTEST:
        raise ApiError(422, "Validation failed: Expires at is too soon")
    if seconds > LONGEST:
        raise ApiError(422, "Validation failed: Expires at is too far into the future")
    return PollDraft(
        options, seconds, multiple=asked.boolean("multiple") or False, hide_totals=asked.boolean("hide_totals") or False
    )
