"""Records to ActivityStreams documents: the only serializer for other servers. Pure; knows no audience rule.

Shapes are Mastodon's, because almost nobody processes JSON-LD: terms are defined inline and every context is one that
peers preload. Group-only documents carry no blurhash: it shows a picture to who may not see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, assert_never

from federation.wire.dates import render_datetime, render_moment
from federation.wire.keys import PublicKey, render_multikey, render_pem
from federation.wire.quotes import STAMP_TERMS, render_can_quote, render_quote, render_quote_link
from federation.wire.values import PUBLIC
from policies.quoting import NOBODY, QuotePolicy
from policies.terms import ACCOUNTS, GROUP_ONLY, NS, Audience
from storage.records import Actor, Attestation, Group, Media, Poll, PublicGroup, Status, described, listed

AS2 = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
MULTIKEY = "https://w3id.org/security/multikey/v1"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
CREDENTIAL_REL = NS + "HealthProfessionalCredential"
RFC_9421 = "https://datatracker.ietf.org/doc/html/rfc9421"

_ACTOR_TERMS = {
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "toot": "http://joinmastodon.org/ns#",
    "Emoji": "toot:Emoji",
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "suspended": "toot:suspended",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
    "schema": "http://schema.org#",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "webfinger": {"@id": "https://purl.archive.org/socialweb/webfinger#webfinger"},
    "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
    "accessType": NS + "accessType",
    "groupPolicy": {"@id": NS + "groupPolicy", "@type": "@json"},
}
_PUBLIC_GROUP_TERMS = {
    "lemmy": "https://join-lemmy.org/ns#",
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "sensitive": "as:sensitive",
}
_NOTE_TERMS = {
    "ostatus": "http://ostatus.org#",
    "conversation": "ostatus:conversation",
    "sensitive": "as:sensitive",
    "Hashtag": "as:Hashtag",
    "toot": "http://joinmastodon.org/ns#",
    "Emoji": "toot:Emoji",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "votersCount": "toot:votersCount",
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
    "quoteUrl": {"@id": "as:quoteUrl", "@type": "@id"},
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
}
ACTIVITY_CONTEXT: list[Any] = [AS2, SECURITY, DATA_INTEGRITY, _NOTE_TERMS]
QUOTE_CONTEXT: list[Any] = [AS2, SECURITY, DATA_INTEGRITY, _NOTE_TERMS | STAMP_TERMS]
OTHERS = "only_other_accounts=true"  # Mastodon's: the pages after those of a thread by one author
CONTROL_CONTEXT: list[Any] = [AS2, SECURITY, DATA_INTEGRITY, {"epoch": NS + "epoch", "lease": NS + "lease"}]
OFFER_CONTEXT: list[Any] = [
    AS2,
    SECURITY,
    DATA_INTEGRITY,
    {name: NS + name for name in ("epoch", "digest")} | {"reach": {"@id": NS + "reach", "@container": "@set"}},
]
SERVED_CONTEXT: list[Any] = [AS2, SECURITY, DATA_INTEGRITY, {"served": NS + "served"}]


@dataclass(frozen=True, slots=True)
class Home:
    """What every document of ours says about where it comes from."""

    instance_actor: str
    shared_inbox: str
    handle_domain: str


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """The part of a group that only its members' hosts and invitees are told."""

    epoch: int
    reach: Sequence[str]


@dataclass(frozen=True, slots=True)
class NoteParts:
    """What a note refers to, already looked up. `group` is set for group-only posts."""

    author: Actor
    mentions: Sequence[Actor] = ()
    silent: Sequence[str] = ()  # uris addressed without being named
    tags: Sequence[str] = ()
    media: Sequence[tuple[Media, str]] = ()  # with the address of each file
    poll: Poll | None = None
    group: Actor | None = None
    public_group: Actor | None = None  # that a post for everybody is addressed to
    quote: tuple[str, str] | None = None  # what it quotes, and the stamp that allows it
    policy: QuotePolicy = NOBODY
    context: str | None = None  # where its thread is listed
    answers: Sequence[str] = ()  # its author's own first replies


def render_stub(actor: Actor, keys: Iterable[PublicKey], home: Home) -> dict[str, Any]:
    """What an unsigned request learns of an actor: enough to check its signatures and to reach it, no more."""
    keys = list(keys)
    return {
        "@context": [AS2, SECURITY, MULTIKEY, _ACTOR_TERMS],
        "id": actor.uri,
        "type": actor.type,
        "preferredUsername": actor.username,
        "inbox": actor.inbox,
        "endpoints": {"sharedInbox": home.shared_inbox},
        "generator": _generator(home),
        **_render_keys(keys),
        **({"suspended": True} if actor.disabled_by == "here" else {}),
    }


def featured_uri(actor: Actor) -> str:
    """Where a person's pinned posts stand."""
    return f"{actor.uri}/featured"


def moderators_uri(actor: Actor) -> str:
    """Where it stands who moderates a public group."""
    return f"{actor.uri}/moderators"


def featured_tags_uri(actor: Actor) -> str:
    """Where a person's featured hashtags stand."""
    return f"{actor.uri}/tags"


def render_actor(
    actor: Actor,
    keys: Iterable[PublicKey],
    home: Home,
    *,
    portraits: Mapping[str, str] | None = None,
    attestation: Attestation | None = None,
    profession: str = "",
    group: Group | PublicGroup | None = None,
    policy: GroupPolicy | None = None,
) -> dict[str, Any]:
    """The whole actor. `portraits` has the addresses of its `icon` and `image`, as far as there are any;
    `profession` names the attested profession for stock servers' readers.
    """
    document = render_stub(actor, keys, home) | {
        "name": actor.name or actor.username,
        "summary": actor.summary,
        "url": actor.url,
        "outbox": actor.outbox,
        "followers": actor.followers,
        "following": actor.following,
        "webfinger": f"{actor.username}@{home.handle_domain}",
        "manuallyApprovesFollowers": bool(actor.locked),
        "discoverable": bool(actor.discoverable),
        "indexable": bool(actor.indexable),
        "published": render_datetime(actor.created_at),
        "attachment": [*_fields(actor), *_credential(attestation, profession)],
        "tag": _emojis(actor.emojis, actor.uri),
    }
    document |= {name: _image(url) for name, url in (portraits or {}).items()}
    if actor.type in ACCOUNTS:
        document |= {"featured": featured_uri(actor), "featuredTags": featured_tags_uri(actor)}
    match group:
        case Group():
            document |= {"accessType": "closed"}
        case PublicGroup():
            document |= _public_group(actor, group)
        case None:
            pass
        case _ as never:
            assert_never(never)
    if policy is not None:
        document |= {
            "groupPolicy": {"requires": [GROUP_ONLY], "epoch": policy.epoch, "reach": list(policy.reach)},
        }
    return document


def _public_group(actor: Actor, group: PublicGroup) -> dict[str, Any]:
    """What Lemmy, PieFed and Mbin read of a community (FEP-1b12). To Lemmy 1.0 one that approves its followers is private
    and may have no public posts, so this is said of none; a request to join waits all the same.
    """
    return {
        "@context": [AS2, SECURITY, MULTIKEY, _ACTOR_TERMS | _PUBLIC_GROUP_TERMS],
        "attributedTo": moderators_uri(actor),
        "moderators": moderators_uri(actor),
        "featured": featured_uri(actor),
        "postingRestrictedToMods": group.posting == "moderators",
        "manuallyApprovesFollowers": False,
        "sensitive": False,
    }


def render_identity(aliases: Sequence[str], moved_to: str | None) -> dict[str, Any]:
    """What else an actor is called, and who it has become."""
    named: dict[str, Any] = {"alsoKnownAs": list(aliases)} if aliases else {}
    return named if moved_to is None else named | {"movedTo": moved_to}


def _generator(home: Home) -> dict[str, Any]:
    return {
        "type": "Application",
        "id": home.instance_actor,
        "implements": [
            {"href": GROUP_ONLY, "name": "group-only/1"},
            {"href": RFC_9421, "name": "RFC-9421: HTTP Message Signatures"},
        ],
    }


def _render_keys(keys: list[PublicKey]) -> dict[str, Any]:
    pem = next((key for key in keys if key.algorithm.value.startswith("rsa")), None)
    public = {"id": pem.id, "owner": pem.owner, "publicKeyPem": render_pem(pem)} if pem else None
    multi = [
        {"id": key.id, "type": "Multikey", "controller": key.owner, "publicKeyMultibase": render_multikey(key)}
        for key in keys
        if key.algorithm.value == "ed25519"
    ]
    return {"publicKey": public, "assertionMethod": multi}


def _fields(actor: Actor) -> list[dict[str, str]]:
    return [{"type": "PropertyValue", "name": name, "value": value} for name, value in listed(actor.fields)]


def _credential(attestation: Attestation | None, profession: str) -> list[dict[str, Any]]:
    if attestation is None:
        return []
    until = render_datetime(attestation.valid_until)[:10]
    return [
        {"type": "PropertyValue", "name": "Profession", "value": f"{escape(profession)}, {until}"},
        {
            "type": "Link",
            "rel": [CREDENTIAL_REL],
            "mediaType": "application/vc",
            "href": attestation.uri,
            "name": profession,
        },
    ]


def _image(url: str) -> dict[str, str]:
    """A portrait or emoji of ours: the decoder writes them as WebP, whatever came."""
    return {"type": "Image", "mediaType": "image/webp", "url": url}


def render_addressing(status: Status, parts: NoteParts) -> dict[str, Any]:
    """`to` and `cc` (and `audience` for a group) of a post and of the activity around it."""
    author, named = parts.author, [*(actor.uri for actor in parts.mentions), *parts.silent]
    followers = author.followers or ""
    match Audience(status.audience):
        case Audience.PUBLIC:
            return {"to": [PUBLIC], "cc": [followers, *named], **_in_public_group(parts)}
        case Audience.UNLISTED:
            return {"to": [followers], "cc": [PUBLIC, *named], **_in_public_group(parts)}
        case Audience.FOLLOWERS:
            return {"to": [followers], "cc": named}
        case Audience.DIRECT:
            return {"to": named, "cc": []}
        case Audience.GROUP:
            if parts.group is None:
                raise LookupError(f"group-only post {status.uri} without its group")
            # No personal addressing: a stock server would keep the post readable for ever to who was addressed by name.
            return {"to": [parts.group.uri, parts.group.followers], "cc": [], "audience": parts.group.uri}
        case _ as never:
            assert_never(never)


def _in_public_group(parts: NoteParts) -> dict[str, str]:
    """FEP-1b12 wants the group named in `audience` besides being addressed."""
    return {} if parts.public_group is None else {"audience": parts.public_group.uri}


def render_note(status: Status, parts: NoteParts) -> dict[str, Any]:
    """The post itself, without context: it stands in a Create, an Update or alone."""
    note: dict[str, Any] = {
        "id": status.uri,
        "type": "Note",
        "attributedTo": parts.author.uri,
        **render_addressing(status, parts),
        "published": render_moment(status.created_at),
        "url": status.url,
        "content": status.content,
        "summary": status.summary or None,
        "sensitive": bool(status.sensitive) or parts.author.sensitized_at is not None,
        "inReplyTo": status.in_reply_to_uri,
        "tag": [
            *map(_mention, _named(parts)),
            *(render_tag(_base(status.uri), tag) for tag in parts.tags),
            *_emojis(status.emojis, status.uri),
        ],
        "attachment": [_attachment(media, url, hide=parts.group is not None) for media, url in parts.media],
        "interactionPolicy": render_can_quote(
            parts.policy, author=parts.author.uri, followers=parts.author.followers or parts.author.uri
        ),
    }
    if parts.quote is not None:
        note |= render_quote(*parts.quote)
        note["tag"].append(render_quote_link(parts.quote[0]))
    if status.language:
        note["contentMap"] = {status.language: status.content}
    if status.edited_at:
        note["updated"] = render_moment(status.edited_at)
    note |= _surroundings(status, parts) if status.audience in {Audience.PUBLIC, Audience.UNLISTED} else {}
    return note | (_question(parts.poll) if parts.poll else {})


def _surroundings(status: Status, parts: NoteParts) -> dict[str, Any]:
    """Where what was said about a post for everybody is listed. A post for fewer people has no such addresses."""
    answers = render_replies_page(status.uri, parts.answers, following=f"page=true&{OTHERS}")
    around = {
        "replies": {"id": f"{status.uri}/replies", "type": "Collection", "first": answers},
        "likes": render_count(f"{status.uri}/likes", status.favourites_count),
        "shares": render_count(f"{status.uri}/shares", status.boosts_count),
    }
    return around if parts.context is None else around | {"context": parts.context, "conversation": parts.context}


def render_replies_page(uri: str, items: Sequence[str], *, asked: str = "page=true", following: str) -> dict[str, Any]:
    """Some replies to the post `uri`, without context; `asked` and `following` are the queries of this page and the next."""
    page = {
        "id": f"{uri}/replies?{asked}",
        "type": "CollectionPage",
        "partOf": f"{uri}/replies",
        "items": list(items),
    }
    return page | ({"next": f"{uri}/replies?{following}"} if following else {})


def render_count(uri: str, total: int) -> dict[str, Any]:
    """How many there are, and no names; without context."""
    return {"id": uri, "type": "Collection", "totalItems": total}


def render_tag(base: str, name: str) -> dict[str, str]:
    """A hashtag as it is written, and its page here."""
    return {"type": "Hashtag", "href": f"{base}/tags/{name.lower()}", "name": f"#{name}"}


def _question(poll: Poll) -> dict[str, Any]:
    """What makes a note a poll, in Mastodon's shape (FEP-9967). Counts that are hidden are 0 until it is over."""
    tallies = listed(poll.tallies) if poll.ended or not poll.hide_totals else [0] * len(listed(poll.tallies))
    options = [
        {"type": "Note", "name": title, "replies": {"type": "Collection", "totalItems": votes}}
        for title, votes in zip(listed(poll.options), tallies, strict=True)
    ]
    question: dict[str, Any] = {"type": "Question", "anyOf" if poll.multiple else "oneOf": options}
    if poll.expires_at is not None:
        question["endTime"] = render_moment(poll.expires_at)
        question |= {"closed": render_moment(poll.expires_at)} if poll.ended else {}
    return question | {"votersCount": poll.voters or 0}


def render_vote(uri: str, voter: str, option: str, poll_uri: str, to: str) -> dict[str, Any]:
    """One choice: a note that says nothing but the option's name."""
    return {"id": uri, "type": "Note", "name": option, "attributedTo": voter, "inReplyTo": poll_uri, "to": [to]}


def _named(parts: NoteParts) -> list[Actor]:
    group = parts.group
    if group is None:
        return list(parts.mentions)
    return [group, *(actor for actor in parts.mentions if actor.id != group.id)]


def _mention(actor: Actor) -> dict[str, str]:
    return {"type": "Mention", "href": actor.uri, "name": f"@{actor.acct}"}


def _base(uri: str) -> str:
    return "/".join(uri.split("/")[:3])


def _emojis(stored: str, uri: str) -> list[dict[str, Any]]:
    """Those of ours that something of ours uses; `uri` is its own."""
    return [render_emoji(f"{_base(uri)}/ap/emojis/{shortcode}", shortcode, url) for shortcode, url in listed(stored)]


def render_emoji(uri: str, shortcode: str, url: str) -> dict[str, Any]:
    """A custom emoji of ours, without context."""
    return {"id": uri, "type": "Emoji", "name": f":{shortcode}:", "icon": _image(url)}


def _attachment(media: Media, url: str, *, hide: bool) -> dict[str, Any]:
    attachment: dict[str, Any] = {
        "type": "Document",
        "mediaType": media.mime,
        "url": url,
        "name": media.description or None,
        "width": media.width,
        "height": media.height,
        "focalPoint": [media.focus_x, media.focus_y],
    }
    if duration := described(media.details).get("duration"):
        attachment["duration"] = f"PT{duration:.3f}S"
    return attachment if hide else attachment | {"blurhash": media.blurhash}


def render_activity(uri: str, kind: str, actor: str, object_: Any, *, now: int, **more: Any) -> dict[str, Any]:
    """Any activity of ours. `more` holds `to`, `cc`, `audience`, `epoch` and the like; None is left out."""
    about_post = isinstance(object_, dict) and object_.get("type") in {"Note", "Question"}
    return {
        "@context": ACTIVITY_CONTEXT if about_post else CONTROL_CONTEXT,
        "id": uri,
        "type": kind,
        "actor": actor,
        "object": object_,
        "published": render_moment(now),
        **{name: value for name, value in more.items() if value is not None},
    }


def render_offered(group: str, *, epoch: int, digest: str, reach: Sequence[str]) -> dict[str, Any]:
    """A private group's policy, as an Offer carries it and as an answer repeats it."""
    uri = f"{group}#policy-{epoch}"
    return {"id": uri, "attributedTo": group, "epoch": epoch, "digest": digest, "reach": list(reach)}


def render_tombstone(uri: str, deleted_at: int | None = None) -> dict[str, Any]:
    """What stands where a post was."""
    tombstone: dict[str, Any] = {"id": uri, "type": "Tombstone"}
    return tombstone if deleted_at is None else tombstone | {"deleted": render_datetime(deleted_at)}


def render_collection(uri: str, *, total: int | None, first: str | None = None, **more: Any) -> dict[str, Any]:
    """An ordered collection; `total` None hides how many there are."""
    collection = {"@context": AS2, "id": uri, "type": "OrderedCollection", "totalItems": total, "first": first, **more}
    return {name: value for name, value in collection.items() if value is not None}


def render_page(uri: str, part_of: str, items: Iterable[Any], *, following: str | None) -> dict[str, Any]:
    """One page of a collection; `following` is the address of the next one."""
    page: dict[str, Any] = {
        "@context": ACTIVITY_CONTEXT,
        "id": uri,
        "type": "OrderedCollectionPage",
        "partOf": part_of,
        "orderedItems": list(items),
    }
    return page | ({"next": following} if following else {})


def render_items(uri: str, items: Sequence[Any]) -> dict[str, Any]:
    """A short collection that is given whole."""
    return {
        "@context": ACTIVITY_CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": len(items),
        "orderedItems": list(items),
    }


def with_context(document: Mapping[str, Any]) -> dict[str, Any]:
    """A note that stands alone."""
    return {"@context": ACTIVITY_CONTEXT, **document}
