"""WebFinger, host-meta and NodeInfo documents: rendered for ours, parsed for theirs. Must not know who exists here.

Only JSON is ever parsed (an XRD parser is where entity bombs go off), and a name is bound to an actor only when the
actor's own domain says so: `bound_handle`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from federation.wire import origins
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.origins import Handle, Origin
from federation.wire.sanitize import clean_text
from federation.wire.values import documents, text

JRD_TYPE = "application/jrd+json; charset=utf-8"
XRD_TYPE = "application/xrd+xml; charset=utf-8"
NODEINFO_TYPE = 'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/{}#"; charset=utf-8'
OPEN_TO_SCRIPTS = {"Access-Control-Allow-Origin": "*"}

AP_TYPE = "application/activity+json"
SERVICE_REL = "https://www.w3.org/ns/activitystreams#Service"
APPLICATION_REL = "https://www.w3.org/ns/activitystreams#Application"
PROFILE_REL = "http://webfinger.net/rel/profile-page"
SUBSCRIBE_REL = "http://ostatus.org/schema/1.0/subscribe"
NODEINFO_REL = "http://nodeinfo.diaspora.software/ns/schema/"

NODEINFO_VERSIONS = ("2.0", "2.1")  # Whalebird and Phanpy take 2.0 only
MAX_LINKS = 100

_ACTOR_TYPES = (AP_TYPE, 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')


@dataclass(frozen=True, slots=True)
class Jrd:
    """What a WebFinger answer says: whom it is about, and which actors it names as that."""

    subject: Handle
    actors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeInfoLinks:
    """Where a host keeps its NodeInfo, and its instance actor if it says so (FEP-2677)."""

    nodeinfo: str
    instance_actor: str | None


@dataclass(frozen=True, slots=True)
class Software:
    """What a peer says it runs."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Instance:
    """What NodeInfo tells about us; counts are None where policy keeps them."""

    version: str
    title: str
    open_registrations: bool
    users: int | None
    posts: int | None


def parse_resource(resource: str) -> Handle | str:
    """What a WebFinger request asks about: a handle with a host, or an http(s) URI. ProtocolError (400) otherwise."""
    if "://" in resource:
        origins.parse_origin(resource)
        return resource
    handle = origins.parse_handle(resource)
    if not handle.host:
        raise ProtocolError(Fault.HANDLE_REFUSED, f"no host in {resource!r}")
    return handle


def render_jrd(handle: Handle, actor_uri: str, page: str, subscribe_template: str) -> Document:
    """The answer for an actor (RFC 7033 §4.4), with the links that Mastodon's has."""
    return {
        "subject": f"acct:{handle}",
        "aliases": [page, actor_uri],
        "links": [
            {"rel": PROFILE_REL, "type": "text/html", "href": page},
            {"rel": "self", "type": AP_TYPE, "href": actor_uri},
            {"rel": SUBSCRIBE_REL, "template": subscribe_template},
        ],
    }


def render_service_jrd(origin: Origin, instance_actor: str) -> Document:
    """The answer for the instance itself, asked for as `https://host/` (FEP-d556)."""
    link = {"rel": SERVICE_REL, "type": AP_TYPE, "href": instance_actor}
    return {"subject": f"{origin}/", "links": [link]}


def parse_jrd(document: Document) -> Jrd:
    """Read a WebFinger answer: its subject, and its self links of an ActivityPub type."""
    subject = origins.parse_handle(document.get("subject"))
    if not subject.host:
        raise ProtocolError(Fault.HANDLE_REFUSED, f"subject {subject} has no host")
    links = documents(document.get("links"), MAX_LINKS)
    selves = [link for link in links if link.get("rel") == "self" and link.get("type") in _ACTOR_TYPES]
    return Jrd(subject, tuple(text(link.get("href")) for link in selves if origins.is_http_uri(link.get("href"))))


def bound_handle(jrd: Jrd, asked: Handle, actor_uri: str) -> Handle:
    """The handle that an answer binds to an actor. When its `key` is not that of the one asked for, nothing is bound
    yet: the other domain must be asked, once, and must then confirm itself (Mastodon's `check_webfinger!`).

    ProtocolError when the answer does not name exactly this actor.
    """
    if set(jrd.actors) != {actor_uri}:
        raise ProtocolError(Fault.DISCOVERY_MISMATCH, f"{asked} is {jrd.actors!r:.200}, not {actor_uri}")
    return jrd.subject


def render_host_meta_xrd(origin: Origin) -> str:
    """host-meta (RFC 6415) for clients that look for WebFinger there."""
    template = escape(_lrdd_template(origin))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template="{template}"/>\n</XRD>\n'
    )


def render_host_meta_json(origin: Origin) -> Document:
    """The same as JSON."""
    return {"links": [{"rel": "lrdd", "template": _lrdd_template(origin)}]}


def render_nodeinfo_links(origin: Origin, instance_actor: str) -> Document:
    """`/.well-known/nodeinfo`, with the instance actor of FEP-2677."""
    links = [{"rel": NODEINFO_REL + version, "href": f"{origin}/nodeinfo/{version}"} for version in NODEINFO_VERSIONS]
    return {"links": [*links, {"rel": APPLICATION_REL, "href": instance_actor}]}


def parse_nodeinfo_links(document: Document, host: str) -> NodeInfoLinks:
    """Where a host keeps its NodeInfo. Only addresses on the host itself count (CVE-2026-62857); the newest version
    that we read wins. ProtocolError when there is none.
    """
    links = documents(document.get("links"), MAX_LINKS)
    known = [_link(links, NODEINFO_REL + version, host) for version in NODEINFO_VERSIONS]
    found = [href for href in known if href is not None]
    if not found:
        raise ProtocolError(Fault.DISCOVERY_MISMATCH, f"{host} names no NodeInfo of its own")
    return NodeInfoLinks(found[-1], _link(links, APPLICATION_REL, host))


def render_nodeinfo(version: str, instance: Instance) -> Document:
    """NodeInfo 2.0 or 2.1. `metadata.upstream` keeps Whalebird and others working that know Mastodon only."""
    software = {"name": "confrere", "version": instance.version}
    users = {} if instance.users is None else {"total": instance.users}
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": instance.open_registrations,
        "usage": {"users": users} | ({} if instance.posts is None else {"localPosts": instance.posts}),
        "metadata": {"nodeName": instance.title, "upstream": {"name": "mastodon"}},
    }


def parse_nodeinfo(document: Document) -> Software:
    """What a peer runs; only for people to read, never to decide by (FEP-844e)."""
    software = document.get("software")
    if not isinstance(software, dict) or not text(software.get("name")):
        raise ProtocolError(Fault.SHAPE, "NodeInfo without software")
    return Software(clean_text(text(software.get("name")), 100), clean_text(text(software.get("version")), 100))


def _lrdd_template(origin: Origin) -> str:
    return f"{origin}/.well-known/webfinger?resource={{uri}}"


def _link(links: Iterable[dict[str, Any]], rel: str, host: str) -> str | None:
    hrefs = (link.get("href") for link in links if link.get("rel") == rel)
    return next((str(href) for href in hrefs if origins.is_http_uri(href) and origins.host_of(href) == host), None)
