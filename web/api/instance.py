"""What apps ask about this server before and after sign-in: limits, features, emoji."""

from dataclasses import dataclass
from html import escape

import bleach
from aiohttp import web

from federation.context import Context
from federation.outbox.pins import MOST_PINS
from federation.outbox.profiles import MAX_FIELD, MAX_FIELDS, MAX_NAME, MAX_NOTE
from federation.rules import get_rules
from policies.ruleset import Network, Ruleset
from policies.terms import PeerState
from storage import custom_emojis
from storage.database import Reader
from storage.rules import get_current
from storage.usage import Usage, get_usage
from web import recordings
from web.answers import answer
from web.api.annual_reports import campaign
from web.api.featured import MOST_TAGS
from web.api.media import MOST_DESCRIPTION
from web.api.polls import LONGEST, MOST_OPTION, MOST_OPTIONS, SHORTEST
from web.api.statuses import CHARACTERS_PER_URL, MOST_CHARACTERS, MOST_MEDIA
from web.auth import anyone
from web.images import LARGEST_FILE, MIME_TYPES
from web.keys import CONTEXT, SITE, VERSION, Site
from web.links import Links, make_links
from web.media_files import LIBRARY
from web.outside.push import VAPID
from web.outside.translate import find_translator
from web.render import Entity, badge, custom_emoji, moment, rules
from web.showing import not_found

routes = web.RouteTableDef()

# Mastodon 4.5's number, whose last step is quotes. Apps take it as a promise of everything up to it; what 4.6 added is
# served as well, but our version says 4.5.
API_VERSION = 7
SOURCE_URL = "https://w3id.org/confrere/"
MOST_PIXELS = 7680 * 4320  # `web.decoder` refuses more; it runs alone, and nothing imports it
LANGUAGES = {"fr": "Français", "en": "English"}
MONTH = 30 * 24 * 3_600_000


def _linked(text: str) -> str:
    """The admin's plain words as HTML: apps show them as such, and make no links themselves."""
    return str(bleach.linkify(escape(text, quote=False)))


@dataclass(frozen=True, slots=True)
class About:
    """All that the two documents about this server are made of."""

    ctx: Context
    site: Site
    links: Links
    ruleset: Ruleset
    usage: Usage
    vapid_key: str
    translates: bool
    filmed: bool


@routes.get("/api/v2/instance")
@anyone
async def get_instance(request: web.Request) -> web.StreamResponse:
    return answer(render_instance(await _read(request)))


@routes.get("/api/v1/instance")
@anyone
async def get_instance_v1(request: web.Request) -> web.StreamResponse:
    return answer(render_instance_v1(await _read(request)))


@routes.get("/health")
@anyone
async def get_health(_: web.Request) -> web.StreamResponse:
    """That this process answers, for who watches it; of the database it says nothing."""
    return web.Response(text="OK")


@routes.get("/api/v1/instance/extended_description")
@anyone
async def get_description(request: web.Request) -> web.StreamResponse:
    """The same words as elsewhere: there are no longer ones. Nobody notes when they change; the rules' date stands in."""
    site = request.app[SITE]
    current = await request.app[CONTEXT].db.read(get_current)
    if not site.description or current is None:
        raise not_found()
    return answer({"updated_at": moment(current.created_at), "content": f"<p>{_linked(site.description)}</p>"})


@routes.get("/api/v1/instance/rules")
@anyone
async def list_rules(request: web.Request) -> web.StreamResponse:
    return answer(rules(request.app[SITE].rules))


@routes.get("/api/v1/instance/languages")
@anyone
async def list_languages(request: web.Request) -> web.StreamResponse:
    return answer([{"code": code, "name": LANGUAGES.get(code, code)} for code in request.app[SITE].languages])


@routes.get("/api/v1/custom_emojis")
@anyone
async def list_emojis(request: web.Request) -> web.StreamResponse:
    """Those to pick, and the badge, which apps draw but nobody picks."""
    found, links = await request.app[CONTEXT].db.read(custom_emojis.list_emojis), make_links(request, None)
    return answer([badge(links), *(custom_emoji(one, links) for one in found)])


async def _read(request: web.Request) -> About:
    ctx = request.app[CONTEXT]

    async def unit(tx: Reader) -> tuple[Ruleset, Usage]:
        return (await get_rules(tx)).ruleset, await get_usage(tx, since=ctx.now() - MONTH)

    ruleset, usage = await ctx.db.read(unit)
    return About(
        ctx=ctx,
        site=request.app[SITE],
        links=make_links(request, None),
        ruleset=ruleset,
        usage=usage,
        vapid_key=request.app[VAPID].public,
        translates=find_translator(request.app) is not None,
        filmed=request.app[LIBRARY].studio is not None,
    )


def render_instance(about: About) -> Entity:
    """Instance."""
    site, origin, year = about.site, about.ctx.origin, campaign(about.ctx.now())
    return {
        "domain": origin.handle_domain,
        "title": site.title,
        "version": VERSION,
        "source_url": SOURCE_URL,
        "description": _linked(site.description),
        "wrapstodon": None if year is None else str(year),
        "usage": {"users": {"active_month": about.usage.active}},
        "thumbnail": {"url": about.links.static("header.png"), "description": ""},
        "icon": [],
        "languages": list(site.languages),
        "configuration": {
            "urls": _urls(about),
            "vapid": {"public_key": about.vapid_key},
            **_limits(about),
            "translation": {"enabled": about.translates},
            "timelines_access": _timelines_access(),
            "limited_federation": about.ruleset.network is Network.CLOSED,
        },
        "registrations": {
            "enabled": site.registrations != "closed",
            "approval_required": site.registrations == "approval",
            "message": None,
            "min_age": None,
            "reason_required": site.approval,
            "url": None,
        },
        "api_versions": {"mastodon": API_VERSION},
        "contact": {"email": site.contact_email, "account": None},
        "rules": rules(site.rules),
    }


def render_instance_v1(about: About) -> Entity:
    """V1::Instance."""
    site, origin = about.site, about.ctx.origin
    peers = [peer for peer in about.ruleset.peers.values() if peer.state is PeerState.ACTIVE]
    return {
        "uri": origin.handle_domain,
        "title": site.title,
        "short_description": site.description,
        "description": _linked(site.description),
        "email": site.contact_email,
        "version": VERSION,
        "urls": {"streaming_api": _streaming(about)},
        "stats": {"user_count": about.usage.members, "status_count": about.usage.posts, "domain_count": len(peers)},
        "thumbnail": about.links.static("header.png"),
        "languages": list(site.languages),
        "registrations": site.registrations != "closed",
        "approval_required": site.registrations == "approval",
        "invites_enabled": False,
        "configuration": _limits(about),
        "contact_account": None,
        "rules": rules(site.rules),
    }


def _urls(about: About) -> Entity:
    base, site = about.ctx.origin.base, about.site
    return {
        "streaming": _streaming(about),
        "status": None,
        "about": f"{base}/about",
        "privacy_policy": f"{base}/privacy-policy" if site.privacy_policy else None,
        "terms_of_service": f"{base}/terms-of-service" if site.terms else None,
    }


def _streaming(about: About) -> str:
    """Without a path: apps add it themselves."""
    origin = about.ctx.origin
    return f"{'wss' if origin.scheme == 'https' else 'ws'}://{origin.host}"


def _limits(about: About) -> Entity:
    """What apps let people type and pick."""
    return {
        "accounts": {
            "max_display_name_length": MAX_NAME,
            "max_note_length": MAX_NOTE,
            "max_avatar_description_length": 0,
            "max_header_description_length": 0,
            "max_featured_tags": MOST_TAGS,
            "max_pinned_statuses": MOST_PINS,
            "max_profile_fields": MAX_FIELDS,
            "profile_field_name_limit": MAX_FIELD,
            "profile_field_value_limit": MAX_FIELD,
        },
        "statuses": {
            "max_characters": MOST_CHARACTERS,
            "max_media_attachments": MOST_MEDIA,
            "characters_reserved_per_url": CHARACTERS_PER_URL,
        },
        "media_attachments": _files(filmed=about.filmed),
        "polls": {
            "max_options": MOST_OPTIONS,
            "max_characters_per_option": MOST_OPTION,
            "min_expiration": SHORTEST,
            "max_expiration": LONGEST,
        },
    }


def _files(*, filmed: bool) -> Entity:
    """Sound and film where there is ffmpeg."""
    return {
        "supported_mime_types": [*MIME_TYPES.values(), *(recordings.MIME_TYPES if filmed else ())],
        "description_limit": MOST_DESCRIPTION,
        "image_size_limit": LARGEST_FILE,
        "image_matrix_limit": MOST_PIXELS,
        "video_size_limit": recordings.LARGEST_RECORDING if filmed else 0,
        "video_frame_rate_limit": recordings.MOST_FRAMES if filmed else 0,
        "video_matrix_limit": recordings.MOST_PIXELS if filmed else 0,
    }


def _timelines_access() -> Entity:
    """Public posts are public, wherever they are listed."""
    everybody = {"local": "public", "remote": "public"}
    return {"live_feeds": everybody, "hashtag_feeds": everybody, "trending_link_feeds": everybody}
