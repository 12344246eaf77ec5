"""People, and what a member is told of others and of themselves."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

from federation.context import Origin
from federation.facts import attestation_facts
from policies.rules import parse
from policies.ruleset import Ruleset
from policies.terms import PROFESSIONS, SPECIALTIES, Profession, Specialty
from policies.verification import Verified, standing, verified_here
from storage.mutes import FOR_EVER
from storage.records import Actor, Attestation, Member, Mute, listed
from storage.relations import Relation
from storage.views import People
from web.links import Links
from web.render.frame import BADGE, NOBODY_MAY, VISIBILITY, Entity, Frame, badge, emojis, moment
from web.render.roles import role

_MINUTE = 60_000
# Who may put somebody into a collection, where they want to be found (storage/featured_collections.py).
_MEMBERS_MAY = {"automatic": ["public"], "manual": [], "current_user": "automatic"}


class _Words(NamedTuple):
    profession: str
    verified: str


_WORDS = {"fr": _Words("Profession", "Clinicien vérifié"), "en": _Words("Profession", "Verified clinician")}


def account(actor: Actor, people: People, frame: Frame) -> Entity:
    """Account. Not to be changed by who gets it: the same author is rendered once, until something about them changes."""
    entity, moved = _current(actor, people, frame), people.moves.get(actor.id)
    return entity if moved is None else {**entity, "moved": _current(moved, people, frame)}


def _current(actor: Actor, people: People, frame: Frame) -> Entity:
    """Account, without who it has become."""
    attestation = people.attestations.get(actor.id)
    pictures = _portraits(frame.links.origin, frame.links.key)
    if attestation is None or not people.ruleset:
        return _account(actor, None, "", pictures)
    verified = _verified(actor, attestation, people.ruleset, frame.now // _MINUTE)
    return _account(actor, attestation if verified else None, frame.locale, pictures)


@lru_cache(maxsize=8)
def _portraits(origin: Origin, key: bytes) -> Links:
    """Addresses of portraits, which are the same for everybody on every day."""
    return Links(origin, key, now=0)


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
    willing = actor.local and actor.type == "Person" and bool(actor.discoverable)
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
        "emojis": ([badge(pictures)] if attested else []) + emojis(actor.emojis, pictures),
        "bot": actor.type in {"Service", "Application"},
        "group": actor.type == "Group",
        "discoverable": bool(actor.discoverable),
        "indexable": bool(actor.indexable),
        "created_at": f"{moment(actor.created_at)[:10]}T00:00:00.000Z",
        "last_status_at": None if actor.last_status_at is None else moment(actor.last_status_at)[:10],
        "statuses_count": actor.statuses_count,
        "followers_count": actor.followers_count,
        "following_count": actor.following_count,
        "hide_collections": bool(actor.hide_collections),
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "roles": [_verified_role(locale)] if attested and actor.local else [],
        "feature_approval": _MEMBERS_MAY if willing else NOBODY_MAY,
        **({"noindex": not actor.indexable} if actor.local else {}),
        **({"suspended": True} if actor.suspended else {}),
        **({"limited": True} if actor.silenced_at is not None else {}),
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
            "hide_collections": bool(actor.hide_collections),
            "discoverable": bool(actor.discoverable),
            "indexable": bool(actor.indexable),
            "quote_policy": member.default_quote_policy,
        },
        "role": role(member.role),
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
        "hide_collections": bool(actor.hide_collections),
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
    """Relationship. Being a member of a private group looks like following it, to the member and to who acts as the group."""
    outgoing, membership, mute = relation.outgoing, relation.membership, relation.mute
    state = membership.state if membership else outgoing.state if outgoing else ""
    coming = relation.admitted.state if relation.admitted else relation.incoming.state if relation.incoming else ""
    following = state in {"active", "accepted"}
    return {
        "id": str(relation.actor_id),
        "following": following,
        "showing_reblogs": following and (outgoing is None or bool(outgoing.boosts)),
        "notifying": following and outgoing is not None and bool(outgoing.notify),
        "languages": None,
        "followed_by": coming in {"active", "accepted"},
        "blocking": relation.blocking or coming == "banned",
        "blocked_by": relation.blocked_by,
        "muting": mute is not None,
        "muting_notifications": mute is not None and bool(mute.notifications),
        "muting_expires_at": mute_end(mute),
        "requested": state == "pending",
        "requested_by": coming == "pending",
        "domain_blocking": relation.host_blocked,
        "endorsed": relation.endorsed,
        "note": relation.remark,
    }


def mute_end(mute: Mute | None) -> str | None:
    """When a mute runs out; None for one that does not."""
    return None if mute is None or mute.until == FOR_EVER else moment(mute.until)


def muted_account(actor: Actor, mute: Mute, people: People, frame: Frame) -> Entity:
    """MutedAccount."""
    return {**account(actor, people, frame), "mute_expires_at": mute_end(mute)}


def familiar_followers(actor_id: int, followers: Iterable[Actor], people: People, frame: Frame) -> Entity:
    """FamiliarFollowers: whom one knows among somebody's followers."""
    return {"id": str(actor_id), "accounts": accounts(followers, people, frame)}


def preferences(member: Member) -> Entity:
    """Preferences by key and value."""
    return {
        "posting:default:visibility": VISIBILITY[member.default_audience],
        "posting:default:sensitive": bool(member.default_sensitive),
        "posting:default:language": member.language,
        "posting:default:quote_policy": member.default_quote_policy,
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }
