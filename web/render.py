"""Records to Mastodon entities: the only serializer of the client API. Pure; asks nobody, decides nothing about rights.

Every entity has all attributes that `client_entities.tsv` names, in the forms that clients parse: ids as decimal
strings, dates with three decimals and Z, no null in an array (client_behaviour.md §§5, 11). What stands for a
Mastodon feature that is not here says so: no poll, no card, no quote.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import quote

from federation.context import Origin
from federation.facts import attestation_facts
from policies.rules import parse
from policies.ruleset import Ruleset
from policies.terms import PROFESSIONS, SPECIALTIES, Audience, Profession, Specialty
from policies.verification import Verified, standing, verified_here
from storage.featured import FeaturedTag
from storage.records import (
    Actor,
    App,
    Attestation,
    Filter,
    FilterKeyword,
    FilterStatus,
    Marker,
    Media,
    Member,
    Notification,
    PeopleList,
    Scheduled,
    Status,
    StatusEdit,
    listed,
)
from storage.relations import Relation
from storage.tags import Own, Use
from storage.views import Named, People, Posts
from web.filtering import Match, list_matches, searchable
from web.links import Links

Entity = dict[str, Any]

# A group's members are nobody's followers, but the set is closed, and `private` is what hides the boost button (§12).
VISIBILITY: Mapping[str, str] = {
    Audience.PUBLIC: "public",
    Audience.UNLISTED: "unlisted",
    Audience.FOLLOWERS: "private",
    Audience.GROUP: "private",
    Audience.DIRECT: "direct",
}

_PUBLIC: frozenset[str] = frozenset({Audience.PUBLIC, Audience.UNLISTED})

# The badge: an emoji that only verified accounts carry. `federation` strips it from everybody's stored names.
BADGE = "verified_clinician"
_SAMPLE = 8
_MINUTE = 60_000
_NOBODY_MAY = {"automatic": [], "manual": [], "current_user": "denied"}


class _Words(NamedTuple):
    profession: str
    verified: str


_WORDS = {"fr": _Words("Profession", "Clinicien vérifié"), "en": _Words("Profession", "Verified clinician")}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where, when and for whom something is shown. `viewer` is 0 for nobody; `locale` is `fr` or `en`."""

    origin: Origin
    links: Links
    now: int
    viewer: int = 0
    locale: str = "fr"


@lru_cache(maxsize=8192)
def moment(milliseconds: int) -> str:
    """`2026-11-22T10:00:00.000Z`: every client parses this form, and some no other."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


# --- people ------------------------------------------------------------------------------------------------------


def account(actor: Actor, people: People, frame: Frame) -> Entity:
    """Account. Not to be changed by who gets it: the same author is rendered once, until something about them changes."""
    attestation = people.attestations.get(actor.id)
    pictures = _portraits(frame.links.base, frame.links.key)
    if attestation is None or not people.ruleset:
        return _account(actor, None, "", pictures)
    verified = _verified(actor, attestation, people.ruleset, frame.now // _MINUTE)
    return _account(actor, attestation if verified else None, frame.locale, pictures)


@lru_cache(maxsize=8)
def _portraits(base: str, key: bytes) -> Links:
    """Addresses of portraits, which are the same for everybody on every day."""
    return Links(base, key, now=0)


@lru_cache(maxsize=1024)
def _verified(actor: Actor, attestation: Attestation, ruleset: str, minute: int) -> bool:
    """Whether we take an actor for verified; asked anew every minute, by its end, so that nothing lasts too long."""
    parsed = _ruleset(ruleset)
    facts = attestation_facts(actor, attestation)
    return isinstance(standing(facts, verified_here(parsed), parsed, (minute + 1) * _MINUTE - 1), Verified)


@lru_cache(maxsize=8)
def _ruleset(text: str) -> Ruleset:
    return parse(text)


@lru_cache(maxsize=1024)
def _account(actor: Actor, attested: Attestation | None, locale: str, pictures: Links) -> Entity:
    """`attested` is what we believe. It stands in three places, because no single one is shown by every client."""
    avatar, header = pictures.avatar(actor), pictures.header(actor)
    name = actor.name or actor.username
    return {
        "id": str(actor.id),
        "username": actor.username,
        "acct": actor.acct,
        "url": actor.url or actor.uri,
        "uri": actor.uri,
        "display_name": f"{name} :{BADGE}:" if attested else name,
        "note": actor.summary,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "locked": bool(actor.locked),
        "fields": _all_fields(actor, attested, locale),
        "emojis": ([custom_emoji(pictures)] if attested else []) + emojis(actor.emojis, pictures),
        "bot": actor.type in {"Service", "Application"},
        "group": actor.type == "Group",
        "discoverable": bool(actor.discoverable),
        "indexable": bool(actor.indexable),
        "created_at": f"{moment(actor.created_at)[:10]}T00:00:00.000Z",
        "last_status_at": None if actor.last_status_at is None else moment(actor.last_status_at)[:10],
        "statuses_count": actor.statuses_count,
        "followers_count": actor.followers_count,
        "following_count": actor.following_count,
        "hide_collections": False,
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "roles": [_verified_role(locale)] if attested and actor.local else [],
        "feature_approval": _NOBODY_MAY,
        **({"noindex": not actor.indexable} if actor.local else {}),
    }


def fields(actor: Actor) -> list[Entity]:
    """The fields that a person filled in. No link is checked here, so none of them claims to be verified."""
    return [{"name": name, "value": value, "verified_at": None} for name, value in listed(actor.fields)]


def _all_fields(actor: Actor, attested: Attestation | None, locale: str) -> list[Entity]:
    """Of a verified person, the attested field stands first, and in place of what they or their home call so."""
    if attested is None:
        return fields(actor)
    first = _attested_field(actor, attested, locale)
    return [first, *(field for field in fields(actor) if field["name"] != first["name"])]


def _attested_field(actor: Actor, attested: Attestation, locale: str) -> Entity:
    """A field that only we fill in. Clients show `verified_at` beside a link, so the value is one."""
    terms = [_label(PROFESSIONS.get(attested.profession), attested.profession, locale)]
    terms += [_label(SPECIALTIES.get(code), code, locale) for code in listed(attested.specialties)]
    address, label = escape(actor.url or actor.uri), escape(", ".join(terms))
    return {
        "name": _words(locale).profession,
        "value": f'<a href="{address}" rel="nofollow noopener" target="_blank" translate="no">{label}</a>',
        "verified_at": moment(attested.checked_at),
    }


def _label(term: Profession | Specialty | None, code: str, locale: str) -> str:
    """A code that is not in our table stands for itself."""
    if term is None:
        return code
    return term.en if locale == "en" else term.fr


def _verified_role(locale: str) -> Entity:
    return {"id": BADGE, "name": _words(locale).verified, "color": ""}


def _words(locale: str) -> _Words:
    return _WORDS.get(locale, _WORDS["fr"])


def accounts(actors: Iterable[Actor], people: People, frame: Frame) -> list[Entity]:
    return [account(actor, people, frame) for actor in actors]


def credential_account(actor: Actor, member: Member, people: People, frame: Frame, *, requests: int) -> Entity:
    """CredentialAccount: what members see of themselves alone. `requests` counts those who ask to follow them."""
    return {
        **account(actor, people, frame),
        "source": {
            "attribution_domains": [],
            **_written(actor),
            "privacy": VISIBILITY[member.default_audience],
            "sensitive": bool(member.default_sensitive),
            "language": member.language,
            "follow_requests_count": requests,
            "hide_collections": False,
            "discoverable": bool(actor.discoverable),
            "indexable": bool(actor.indexable),
            "quote_policy": "nobody",
        },
        "role": {
            "id": member.role,
            "name": "" if member.role == "member" else member.role,
            "color": "",
            "permissions": "0",
            "highlighted": False,
            "collection_limit": 0,
        },
    }


def profile(actor: Actor, frame: Frame) -> Entity:
    """Profile: what members see of themselves where they change it, as they wrote it."""
    avatar = frame.links.avatar(actor) if actor.avatar else None
    header = frame.links.header(actor) if actor.header else None
    return {
        "id": str(actor.id),
        "display_name": actor.name,
        **_written(actor),
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "locked": bool(actor.locked),
        "bot": False,
        "hide_collections": False,
        "discoverable": bool(actor.discoverable),
        "indexable": bool(actor.indexable),
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "attribution_domains": [],
    }


def _written(actor: Actor) -> Entity:
    return {
        "note": _plain(actor.summary),
        "fields": [{**field, "value": _plain(field["value"])} for field in fields(actor)],
    }


def _plain(html: str) -> str:
    """Our own HTML as its author wrote it: paragraphs, line breaks, no markup."""
    text = html.replace("</p><p>", "\n\n").replace("<br />", "\n").replace("<br>", "\n")
    kept, inside = [], False
    for character in text:
        if character in "<>":
            inside = character == "<"
        elif not inside:
            kept.append(character)
    return unescape("".join(kept))


def relationship(relation: Relation) -> Entity:
    """Relationship. Being a member of a private group looks like following it, to the member."""
    outgoing, membership = relation.outgoing, relation.membership
    state = membership.state if membership else outgoing.state if outgoing else ""
    following = state in {"active", "accepted"}
    return {
        "id": str(relation.actor_id),
        "following": following,
        "showing_reblogs": following and (outgoing is None or bool(outgoing.boosts)),
        "notifying": following and outgoing is not None and bool(outgoing.notify),
        "languages": None,
        "followed_by": relation.incoming is not None and relation.incoming.state == "accepted",
        "blocking": False,
        "blocked_by": False,
        "muting": False,
        "muting_notifications": False,
        "muting_expires_at": None,
        "requested": state == "pending",
        "requested_by": relation.incoming is not None and relation.incoming.state == "pending",
        "domain_blocking": False,
        "endorsed": relation.endorsed,
        "note": relation.remark,
    }


def familiar_followers(actor_id: int, followers: Iterable[Actor], people: People, frame: Frame) -> Entity:
    """FamiliarFollowers: whom one knows among somebody's followers."""
    return {"id": str(actor_id), "accounts": accounts(followers, people, frame)}


def featured_tag(featured: FeaturedTag, origin: Origin) -> Entity:
    """FeaturedTag. Its count is a text, as Mastodon's is."""
    return {
        "id": str(featured.id),
        "name": featured.name,
        "url": _tag_url(featured.name.lower(), origin),
        "statuses_count": str(featured.posts),
        "last_status_at": None if featured.last_at is None else moment(featured.last_at)[:10],
    }


def tag(
    name: str, origin: Origin, uses: Iterable[Use] = (), days: Iterable[int] = (), *, own: Own | None = None
) -> Entity:
    """Tag with its history on these days, in their order. `own` is None for who is nobody here, or is not told.

    Hashtags have no rows of their own; apps want a number that stays the same, so it is made from the name.
    """
    used = {use.day: use for use in uses}
    history = [used.get(day, Use(day, 0, 0)) for day in days]
    return {
        "id": str(1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:6])),
        "name": name,
        "url": _tag_url(name, origin),
        "history": [
            {"day": str(one.day * 86_400), "uses": str(one.uses), "accounts": str(one.people)} for one in history
        ],
        **({} if own is None else {"following": own.following, "featuring": own.featuring}),
    }


def _tag_url(name: str, origin: Origin) -> str:
    return f"{origin.base}/tags/{_quoted(name)}"


# --- posts -------------------------------------------------------------------------------------------------------


class Renderer:
    """One page's posts and people: an author who stands on it twenty times is rendered once."""

    def __init__(self, posts: Posts, frame: Frame) -> None:
        self._posts = posts
        self._frame = frame
        self._accounts: dict[int, Entity] = {}

    def account(self, actor_id: int) -> Entity:
        """The account of anybody whom `load_posts` was told of."""
        known = self._accounts.get(actor_id)
        if known is None:
            people = self._posts.people
            known = self._accounts[actor_id] = account(people.actors[actor_id], people, self._frame)
        return known

    def statuses(self, page: Iterable[Status]) -> list[Entity]:
        """A page of Status. A boost whose original the viewer may not see is left out."""
        return [self.status(status) for status in page if self.is_shown(status)]

    def is_shown(self, status: Status) -> bool:
        """Whether there is something to show: False for a boost of what the viewer may not see."""
        return status.boost_of_id is None or status.boost_of_id in self._posts.originals

    def status(self, status: Status) -> Entity:
        """Status. A boost carries its original; its own counts and marks are the original's."""
        if status.boost_of_id is None:
            return self._status(status, status, None)
        original = self._posts.originals[status.boost_of_id]
        return self._status(status, original, self._status(original, original, None))

    def _status(self, status: Status, meant: Status, original: Entity | None) -> Entity:
        plain = original is None
        answers = status.in_reply_to_id in self._posts.parents
        entity = {
            "id": str(status.id),
            "uri": status.uri,
            "created_at": moment(status.created_at),
            "account": self.account(status.actor_id),
            "content": status.content,
            "visibility": VISIBILITY[status.audience],
            "sensitive": bool(status.sensitive),
            "spoiler_text": status.summary,
            "media_attachments": self._media(status) if plain else [],
            "mentions": self._mentions(status) if plain else [],
            "tags": self._tags(status) if plain else [],
            "emojis": emojis(status.emojis, self._frame.links) if plain else [],
            "reblogs_count": meant.boosts_count,
            "favourites_count": meant.favourites_count,
            "quotes_count": 0,
            "replies_count": meant.replies_count,
            "url": status.url,
            "in_reply_to_id": _maybe_id(status.in_reply_to_id) if answers else None,
            "in_reply_to_account_id": _maybe_id(status.in_reply_to_actor_id) if answers else None,
            "reblog": original,
            "poll": None,
            "card": None,
            "language": status.language,
            "edited_at": None if status.edited_at is None else moment(status.edited_at),
            "quote": None,
            "quote_approval": _NOBODY_MAY,
            "tagged_collections": [],
        }
        if status.app_id in self._posts.apps:
            entity["application"] = _application(self._posts.apps[status.app_id])
        if self._frame.viewer:
            self._mark(entity, status, meant)
        return entity

    def _mark(self, entity: Entity, status: Status, meant: Status) -> None:
        """What only a member is told: their own marks."""
        entity["favourited"] = meant.id in self._posts.marks.favourited
        entity["reblogged"] = meant.id in self._posts.marks.boosted
        entity["bookmarked"] = meant.id in self._posts.marks.bookmarked
        entity["muted"] = meant.id in self._posts.marks.muted
        entity["filtered"] = self._filtered(status, meant) if self._posts.filters else []
        if status.actor_id == self._frame.viewer and status is meant:
            entity["pinned"] = meant.id in self._posts.marks.pinned

    def _filtered(self, status: Status, meant: Status) -> list[Entity]:
        text = searchable(meant, self._posts.media.get(meant.id, ()))
        ids = dict.fromkeys((status.id, meant.id))
        return [filter_result(match) for match in list_matches(self._posts.filters, ids, text)]

    def _media(self, status: Status) -> list[Entity]:
        public = status.audience in _PUBLIC
        return [media_attachment(one, self._frame, public=public) for one in self._posts.media.get(status.id, ())]

    def _mentions(self, status: Status) -> list[Entity]:
        """Those named in the text; the group that a post is for always is."""
        named = [one for one in self._posts.mentions.get(status.id, ()) if not one.silent]
        group = self._posts.people.actors.get(status.group_id) if status.group_id is not None else None
        if group is not None:
            first = Named(group.id, group.username, group.handle_host, group.url or group.uri, silent=0)
            named = [first, *(one for one in named if one.actor_id != group.id)]
        return [_mention(one) for one in named]

    def _tags(self, status: Status) -> list[Entity]:
        origin = self._frame.origin
        return [{"name": name, "url": _tag_url(name, origin)} for name in self._posts.tags.get(status.id, ())]


def deleted_status(entity: Entity, text: str) -> Entity:
    """StatusDeleted: a post that was just deleted, with its text instead of its content, for writing it anew."""
    return {**{name: value for name, value in entity.items() if name != "content"}, "text": text}


def status_source(status: Status) -> Entity:
    return {"id": str(status.id), "text": status.text, "spoiler_text": status.summary}


def status_edits(status: Status, former: Sequence[StatusEdit], entity: Entity) -> list[Entity]:
    """StatusEdit, oldest first, ending with the present version. Attachments of former versions are not kept."""
    shared = {name: entity[name] for name in ("account", "media_attachments", "emojis")}
    present = StatusEdit(
        id=0,
        status_id=status.id,
        content=status.content,
        text=status.text,
        summary=status.summary,
        sensitive=status.sensitive,
        created_at=status.edited_at or status.created_at,
    )
    return [
        {
            "content": edit.content,
            "spoiler_text": escape(edit.summary),
            "sensitive": bool(edit.sensitive),
            "created_at": moment(edit.created_at),
            **shared,
        }
        for edit in (*former, present)
    ]


def scheduled_status(scheduled: Scheduled, files: Sequence[Media], refusal: str, frame: Frame) -> Entity:
    """ScheduledStatus. `params.refusal`, which Mastodon does not know, says why it was not published at its time."""
    return {
        "id": str(scheduled.id),
        "scheduled_at": moment(scheduled.due_at),
        "params": {
            "text": scheduled.text,
            "poll": None,
            "media_ids": [str(one.id) for one in files] or None,
            "sensitive": bool(scheduled.sensitive),
            "spoiler_text": scheduled.summary or None,
            "visibility": VISIBILITY[scheduled.audience],
            "in_reply_to_id": scheduled.in_reply_to_id,
            "language": scheduled.language,
            "application_id": scheduled.app_id or 0,
            "scheduled_at": None,
            "idempotency": None,
            "with_rate_limit": False,
            **({"refusal": refusal} if refusal else {}),
        },
        "media_attachments": [media_attachment(one, frame) for one in files],
    }


def media_attachment(media: Media, frame: Frame, *, public: bool = False) -> Entity:
    """MediaAttachment. The address of a file that is not `public` names who was given it (`web.links`)."""
    preview = (media.preview_width or media.width, media.preview_height or media.height)
    return {
        "id": str(media.id),
        "type": media.type,
        "url": frame.links.file(media, public=public),
        "preview_url": frame.links.preview(media, public=public),
        "remote_url": media.remote_url,
        "preview_remote_url": None,
        "meta": {
            "original": _size(media.width, media.height),
            "small": _size(*preview),
            "focus": {"x": media.focus_x, "y": media.focus_y},
        },
        "description": media.description or None,
        "blurhash": media.blurhash,
    }


def _size(width: int | None, height: int | None) -> Entity:
    if not width or not height:
        return {}
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


@lru_cache(maxsize=1024)
def _quoted(tag: str) -> str:
    return quote(tag)


def _maybe_id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _mention(named: Named) -> Entity:
    acct = f"{named.username}@{named.handle_host}" if named.handle_host else named.username
    return {"id": str(named.actor_id), "username": named.username, "url": named.url, "acct": acct}


def _application(app: App) -> Entity:
    return {"name": app.name, "website": app.website}


def custom_emoji(links: Links) -> Entity:
    """CustomEmoji: the badge, which is the only emoji of our own and nothing to pick."""
    url = links.static("verified_clinician.png")
    return {"shortcode": BADGE, "url": url, "static_url": url, "visible_in_picker": False, "category": None}


def emojis(stored: str, links: Links) -> list[Entity]:
    """CustomEmoji that a post or person of another instance brought along. The badge is nobody's to bring."""
    if stored == "[]":
        return []
    return [
        {"shortcode": code, "url": url, "static_url": url, "visible_in_picker": False, "category": None}
        for code, url in ((code, links.emoji(address)) for code, address in listed(stored))
        if code != BADGE
    ]


# --- filters -----------------------------------------------------------------------------------------------------


def filter_result(match: Match) -> Entity:
    """FilterResult. The filter says where it holds: apps choose, as they know what they are showing."""
    return {
        "filter": _filter(match.filter),
        "keyword_matches": match.keywords or None,
        "status_matches": [str(one) for one in match.status_ids] or None,
    }


def _filter(one: Filter) -> Entity:
    return {
        "id": str(one.id),
        "title": one.title,
        "context": listed(one.context),
        "expires_at": None if one.expires_at is None else moment(one.expires_at),
        "filter_action": one.action,
    }


def whole_filter(one: Filter, keywords: Iterable[FilterKeyword], statuses: Iterable[FilterStatus]) -> Entity:
    """Filter, with the words and posts that it is for."""
    return {
        **_filter(one),
        "keywords": [filter_keyword(keyword) for keyword in keywords],
        "statuses": [filter_status(status) for status in statuses],
    }


def whole_filter_v1(one: Filter, keyword: FilterKeyword) -> Entity:
    """V1::Filter: one word of a filter."""
    return {
        "id": str(keyword.id),
        "phrase": keyword.keyword,
        "context": listed(one.context),
        "whole_word": bool(keyword.whole_word),
        "expires_at": None if one.expires_at is None else moment(one.expires_at),
        "irreversible": one.action == "hide",
    }


def filter_keyword(one: FilterKeyword) -> Entity:
    return {"id": str(one.id), "keyword": one.keyword, "whole_word": bool(one.whole_word)}


def filter_status(one: FilterStatus) -> Entity:
    return {"id": str(one.id), "status_id": str(one.status_id)}


# --- lists, notifications, conversations -------------------------------------------------------------------------


def group_list(group: Actor) -> Entity:
    """List: a private group, as every client can show it."""
    title = group.name or group.username
    return {"id": str(group.id), "title": title, "replies_policy": "list", "exclusive": False}


def people_list(made: PeopleList) -> Entity:
    """List: people whom a member sorted together."""
    return {
        "id": str(made.id),
        "title": made.title,
        "replies_policy": made.replies_policy,
        "exclusive": bool(made.exclusive),
    }


def notification(told: Notification, renderer: Renderer, status: Status | None) -> Entity:
    """Notification, with the post that it is about."""
    shown = {} if status is None else {"status": renderer.status(status)}
    return {
        "id": str(told.id),
        "type": told.type,
        "group_key": f"ungrouped-{told.id}",
        "created_at": moment(told.created_at),
        "account": renderer.account(told.actor_id),
        **shown,
    }


def notification_group(key: str, told: Sequence[Notification]) -> Entity:
    """NotificationGroup of notifications that are newest first."""
    newest, oldest = told[0], told[-1]
    people = list(dict.fromkeys(str(one.actor_id) for one in told))
    return {
        "group_key": key,
        "notifications_count": len(told),
        "type": newest.type,
        "most_recent_notification_id": str(newest.id),
        "page_min_id": str(oldest.id),
        "page_max_id": str(newest.id),
        "latest_page_notification_at": moment(newest.created_at),
        "sample_account_ids": people[:_SAMPLE],
        **({} if newest.status_id is None else {"status_id": str(newest.status_id)}),
    }


def marker(one: Marker) -> Entity:
    return {"last_read_id": str(one.last_read_id), "version": one.version, "updated_at": moment(one.updated_at)}


def conversation(
    conversation_id: int, status: Status, others: Iterable[int], renderer: Renderer, *, unread: bool
) -> Entity:
    """Conversation: a thread of direct posts by its newest one."""
    return {
        "id": str(conversation_id),
        "unread": unread,
        "accounts": [renderer.account(actor_id) for actor_id in others],
        "last_status": renderer.status(status),
    }


def preferences(member: Member) -> Entity:
    """Preferences by key and value."""
    return {
        "posting:default:visibility": VISIBILITY[member.default_audience],
        "posting:default:sensitive": bool(member.default_sensitive),
        "posting:default:language": member.language,
        "posting:default:quote_policy": "nobody",
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }
