"""One's own profile: what others are shown, and how one's posts begin. Portraits are images like any upload.

What would be believed to have happened and is not here (hidden follows, a bot) is refused rather than left out.
"""

from dataclasses import replace
from typing import Any

from aiohttp import web

from federation.outbox import profiles
from federation.outbox.profiles import MAX_FIELD, MAX_FIELDS, MAX_NAME, MAX_NOTE, Profile
from policies.quoting import CHOICES
from policies.terms import Audience
from storage import actors
from storage.views import People
from web.answers import answer
from web.api.accounts import show_oneself
from web.api.statuses import LANGUAGE
from web.auth import Viewer, requires
from web.bodies import read_form
from web.errors import ApiError
from web.forms import Form, Upload
from web.images import Shape
from web.keys import CONTEXT
from web.media_files import LIBRARY
from web.render import profile
from web.showing import frame, not_found
from web.uploads import decode_upload

routes = web.RouteTableDef()

LARGEST_PORTRAIT = 8 << 20  # Mastodon's limit
_PRIVACY = {"public": Audience.PUBLIC, "unlisted": Audience.UNLISTED, "private": Audience.FOLLOWERS}


@routes.patch("/api/v1/accounts/update_credentials")
@requires("write:accounts")
async def update_credentials(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await _change(request, viewer)
    return await show_oneself(request, viewer)


@routes.get("/api/v1/profile")
@requires("profile", "read:accounts")
async def get_profile(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    return await _show(request, viewer)


@routes.put("/api/v1/profile")
@routes.patch("/api/v1/profile")
@requires("write:accounts")
async def update_profile(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await _change(request, viewer)
    return await _show(request, viewer)


@routes.delete("/api/v1/profile/avatar")
@requires("write:accounts")
async def delete_avatar(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await profiles.update_profile(request.app[CONTEXT], viewer.actor_id, Profile(avatar=""))
    return await show_oneself(request, viewer)


@routes.delete("/api/v1/profile/header")
@requires("write:accounts")
async def delete_header(request: web.Request, viewer: Viewer) -> web.StreamResponse:
    await profiles.update_profile(request.app[CONTEXT], viewer.actor_id, Profile(header=""))
    return await show_oneself(request, viewer)


async def _show(request: web.Request, viewer: Viewer) -> web.Response:
    actor = await request.app[CONTEXT].db.read(lambda tx: actors.get_actor(tx, viewer.actor_id))
    if actor is None:
        raise not_found()
    return answer(profile(actor, frame(request, viewer, People({}))))


async def _change(request: web.Request, viewer: Viewer) -> None:
    """Take over all that a form says, or nothing of it. Whatever is cheap to refuse is refused before images are decoded."""
    form = await read_form(request, files=2 * LARGEST_PORTRAIT + 1)
    said, avatar, header = parse_profile(form), form.upload("avatar"), form.upload("header")
    said = replace(said, avatar=await _keep(request, avatar, Shape.AVATAR))
    said = replace(said, header=await _keep(request, header, Shape.HEADER))
    await profiles.update_profile(request.app[CONTEXT], viewer.actor_id, said)


async def _keep(request: web.Request, file: Upload | None, shape: Shape) -> str | None:
    """The name in the store of a portrait written anew; None when there is none to keep."""
    if file is None:
        return None
    decoded = await decode_upload(request, file, shape, called=shape.capitalize(), most=LARGEST_PORTRAIT)
    return await request.app[LIBRARY].store.put(decoded.whole.data, decoded.whole.extension)


def parse_profile(form: Form) -> Profile:
    """What an app asks to change, but for the pictures; ApiError 422 says what is wrong with it."""
    if form.boolean("bot"):
        raise ApiError(422, "Validation failed: Bot accounts are not available on this server")
    return Profile(
        name=_parse_name(form),
        note=_parse_note(form),
        fields=_parse_fields(form) if form.given("fields_attributes") else None,
        locked=form.boolean("locked"),
        discoverable=form.boolean("discoverable"),
        indexable=form.boolean("indexable"),
        hide_collections=form.boolean("hide_collections"),
        settings=_parse_settings(form.child("source") or Form({})),
    )


def _parse_name(form: Form) -> str | None:
    """Measured without the badge, which apps send back with the name that they were shown."""
    text = form.text("display_name")
    if text is not None and len(profiles.clean_name(text)) > MAX_NAME:
        raise _too_long("Display name", MAX_NAME)
    return text


def _parse_note(form: Form) -> str | None:
    text = form.text("note")
    if text is None:
        return None
    text = text.replace("\r\n", "\n")
    if len(text) > MAX_NOTE:
        raise _too_long("Note", MAX_NOTE)
    return text


def _parse_fields(form: Form) -> tuple[tuple[str, str], ...]:
    """The rows that say something; apps send empty ones to take rows away."""
    sent = [
        ((row.text("name") or "").strip(), (row.text("value") or "").strip())
        for row in form.children("fields_attributes")
    ]
    rows = tuple(row for row in sent if any(row))
    if len(rows) > MAX_FIELDS:
        raise ApiError(422, f"Validation failed: Fields are limited to {MAX_FIELDS}")
    for name, value in rows:
        if not name:
            raise ApiError(422, "Validation failed: Fields with a value must have a name")
        if max(len(name), len(value)) > MAX_FIELD:
            raise _too_long("Fields text", MAX_FIELD)
    return rows


def _parse_settings(source: Form) -> dict[str, Any]:
    """How a member's posts begin where they say nothing else; an empty language is that of the pages."""
    settings: dict[str, Any] = {}
    if privacy := source.text("privacy"):
        if privacy not in _PRIVACY:
            raise ApiError(422, "Validation failed: Privacy is not included in the list")
        settings["default_audience"] = _PRIVACY[privacy]
    if (sensitive := source.boolean("sensitive")) is not None:
        settings["default_sensitive"] = int(sensitive)
    if (language := source.text("language")) is not None:
        if language and not LANGUAGE.fullmatch(language):
            raise ApiError(422, "Validation failed: Language is not included in the list")
        settings["default_language"] = language
    if quote_policy := source.text("quote_policy"):
        if quote_policy not in CHOICES:
            raise ApiError(422, "Validation failed: Quote policy is not included in the list")
        settings["default_quote_policy"] = quote_policy
    return settings


def _too_long(what: str, most: int) -> ApiError:
    return ApiError(422, f"Validation failed: {what} is too long (maximum is {most} characters)")
