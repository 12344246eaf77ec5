"""Actor documents as typed values: people, groups, channels and instances elsewhere.

Must not know whether we trust one. Whatever an actor claims about another origin is left out here (FEP-fe34), and a
handle it claims counts only after WebFinger confirmed it.
"""

from dataclasses import dataclass
from typing import Any

from federation.wire import origins
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.keys import PublicKey, parse_actor_keys
from federation.wire.objects import Emoji, parse_emojis
from federation.wire.origins import Handle
from federation.wire.sanitize import clean_text
from federation.wire.values import documents, href_of, id_of, ids_of, integer, many, moment, text, type_of, uri_of
from policies.terms import ACTORS, NS

CREDENTIAL_REL = NS + "HealthProfessionalCredential"
CREDENTIAL_TYPE = "application/vc"

MAX_USERNAME = 200
MAX_NAME = 500
MAX_SUMMARY = 20_000
MAX_FIELDS = 50
MAX_FIELD_NAME = 255
MAX_FIELD_VALUE = 2_047
MAX_LINKS = 50
MAX_ALIASES = 256
MAX_REACH = 1_000


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the profile table: name as text, value as HTML that is still to be cleaned."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What a private group asks of its members' hosts; the last three only for those it tells. `reach` lists hosts."""

    requires: frozenset[str]
    epoch: int | None
    digest: str | None
    reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoteActor:
    """An actor as its origin describes it. `name` is text, `summary` HTML that is still to be cleaned.

    All collections and the inbox are on the actor's origin, `shared_inbox` and `url` on its host. `implements` are
    capabilities (FEP-844e), `credential` the address of an attestation about this actor.
    """

    uri: str
    type: str
    preferred_username: str
    webfinger: Handle | None
    name: str
    summary: str
    url: str | None
    icon: str | None
    image: str | None
    inbox: str
    outbox: str | None
    followers: str | None
    following: str | None
    featured: str | None
    featured_tags: str | None
    shared_inbox: str | None
    manually_approves: bool
    discoverable: bool
    indexable: bool
    published: int | None
    fields: tuple[Field, ...]
    emojis: tuple[Emoji, ...]
    keys: tuple[PublicKey, ...]
    implements: frozenset[str]
    access_type: str | None
    group_policy: GroupPolicy | None
    credential: str | None
    also_known_as: tuple[str, ...]
    moved_to: str | None
    suspended: bool


def parse_actor(document: Document) -> RemoteActor:
    """Read an actor (federation_wire.md §3.1). ProtocolError for another type, a missing name or inbox, or an inbox or
    collection on another origin than the id.
    """
    kind, uri = type_of(document), text(document.get("id"))
    if kind not in ACTORS:
        raise ProtocolError(Fault.TYPE_UNSUPPORTED, kind[:100])
    origins.parse_actor_uri(uri)
    inbox = _own(uri, document, "inbox")
    if inbox is None:
        raise ProtocolError(Fault.SHAPE, f"{uri} has no inbox")
    return RemoteActor(
        uri=uri,
        type=kind,
        preferred_username=_username(document),
        webfinger=_webfinger(document.get("webfinger")),
        name=clean_text(text(document.get("name")), MAX_NAME),
        summary=_bounded(document.get("summary"), MAX_SUMMARY),
        url=_on_host(uri, href_of(document.get("url"))),
        icon=href_of(document.get("icon")),
        image=href_of(document.get("image")),
        inbox=inbox,
        outbox=_own(uri, document, "outbox"),
        followers=_own(uri, document, "followers"),
        following=_own(uri, document, "following"),
        featured=_shown(uri, document, "featured"),
        featured_tags=_shown(uri, document, "featuredTags"),
        shared_inbox=_shared_inbox(uri, document),
        manually_approves=document.get("manuallyApprovesFollowers") is True,
        discoverable=document.get("discoverable") is True,
        indexable=document.get("indexable") is True,
        published=moment(document.get("published")),
        fields=_fields(document),
        emojis=parse_emojis(document),
        keys=tuple(parse_actor_keys(document)),
        implements=_implements(document),
        access_type=text(document.get("accessType"))[:50] or None,
        group_policy=_group_policy(document.get("groupPolicy")),
        credential=_credential(document),
        also_known_as=tuple(filter(origins.is_http_uri, ids_of(many(document.get("alsoKnownAs"))[:MAX_ALIASES]))),
        moved_to=uri_of(document.get("movedTo")),
        suspended=document.get("suspended") is True,
    )


def _own(uri: str, document: Document, name: str) -> str | None:
    """A collection of the actor. Taking one from elsewhere would hand its audience or its mail to somebody else."""
    found = id_of(document.get(name))
    if found is not None and origins.parse_actor_uri(found) != origins.parse_origin(uri):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"{name} of {uri} is {found}")
    return found


def _shown(uri: str, document: Document, name: str) -> str | None:
    """A collection of what the actor shows; one that stands elsewhere is not read."""
    found = uri_of(document.get(name))
    return found if found and origins.same_origin(found, uri) else None


def _on_host(uri: str, found: str | None) -> str | None:
    return found if found and origins.host_of(found) == origins.host_of(uri) else None


def _shared_inbox(uri: str, document: Document) -> str | None:
    endpoints = document.get("endpoints")
    return _on_host(uri, uri_of(endpoints.get("sharedInbox"))) if isinstance(endpoints, dict) else None


def _username(document: Document) -> str:
    username = text(document.get("preferredUsername"))
    try:
        handle = origins.parse_handle("@" + username)
    except ProtocolError as error:
        raise ProtocolError(Fault.HANDLE_REFUSED, f"preferredUsername {username[:100]!r}") from error
    if handle.host or len(username) > MAX_USERNAME:
        raise ProtocolError(Fault.HANDLE_REFUSED, f"preferredUsername {username[:100]!r}")
    return handle.name


def _webfinger(value: Any) -> Handle | None:
    """FEP-2c59, with or without `acct:`; only a hint where to ask, so an odd one is as good as none."""
    try:
        handle = origins.parse_handle(value)
    except ProtocolError:
        return None
    return handle if handle.host else None


def _bounded(value: Any, limit: int) -> str:
    found = text(value)
    if len(found) > limit:
        raise ProtocolError(Fault.TOO_LARGE, f"{len(found)} characters where {limit} may be")
    return found


def _fields(document: Document) -> tuple[Field, ...]:
    rows = [row for row in documents(document.get("attachment"), MAX_FIELDS) if type_of(row) == "PropertyValue"]
    return tuple(
        Field(clean_text(text(row.get("name")), MAX_FIELD_NAME), text(row.get("value"))[:MAX_FIELD_VALUE])
        for row in rows
        if text(row.get("name"))
    )


def _implements(document: Document) -> frozenset[str]:
    """Of the actor's generator (FEP-844e); an instance actor lists them itself."""
    generator = document.get("generator")
    sources = [document, generator] if isinstance(generator, dict) else [document]
    links = [link for source in sources for link in many(source.get("implements"))[:MAX_LINKS]]
    hrefs = (link.get("href") or link.get("id") if isinstance(link, dict) else link for link in links)
    return frozenset(str(href) for href in hrefs if origins.is_http_uri(href))


def _group_policy(value: Any) -> GroupPolicy | None:
    if not isinstance(value, dict):
        return None
    return GroupPolicy(
        requires=frozenset(ids_of(many(value.get("requires"))[:MAX_LINKS])),
        epoch=integer(value.get("epoch"), 0, 2**63 - 1),
        digest=text(value.get("digest"))[:200] or None,
        reach=tuple(filter(None, map(_reached_host, many(value.get("reach"))[:MAX_REACH]))),
    )


def _reached_host(value: Any) -> str | None:
    try:
        return origins.host_of(value) if "://" in text(value) else origins.parse_host(text(value))
    except ProtocolError:
        return None


def _credential(document: Document) -> str | None:
    for link in documents(document.get("attachment"), MAX_LINKS + MAX_FIELDS):
        if CREDENTIAL_REL in many(link.get("rel")) and link.get("mediaType") == CREDENTIAL_TYPE:
            return uri_of(link.get("href"))
    return None
