"""Quotes on the wire (FEP-044f): who may quote, the request, the stamp that allows it. Must not know what is stored.

The stamp is its author's word for two objects at once; whose word counts for which post is asked by the caller.
"""

from dataclasses import dataclass
from typing import Any

from federation.wire import origins
from federation.wire.activities import Activity
from federation.wire.addressing import PUBLIC_ALIASES
from federation.wire.bounded import Document
from federation.wire.errors import Fault, ProtocolError
from federation.wire.values import PUBLIC, documents, id_of, ids_of, many, type_of, uri_of
from policies.quoting import Circle, QuotePolicy

MISSKEY_QUOTE = "https://misskey-hub.net/ns#_misskey_quote"
# What others call it, the newest first (FEP-044f §Compatibility); Fedibird, Misskey, Akkoma.
_NAMES = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")
REQUEST = "#quote"  # how the ids of our requests end, after that of the quoting post
_MOST_TAGS = 250
_MOST_NAMED = 50
AS_TYPE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
STAMP_TERMS: dict[str, Any] = {
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    "gts": "https://gotosocial.org/ns#",
    "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
    "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
}


@dataclass(frozen=True, slots=True)
class RemoteQuote:
    """That a post quotes another. `stamp` is where the quoted author is said to allow it; None without such a claim."""

    uri: str
    stamp: str | None


@dataclass(frozen=True, slots=True)
class CanQuote:
    """Whom a post's author lets quote it, as uris: by itself, and when asked."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """`author` says that the post `quoting` may quote the post `quoted`."""

    uri: str
    author: str
    quoting: str
    quoted: str


def parse_quote(note: Document) -> RemoteQuote | None:
    """What a post quotes, under whichever name."""
    named = [uri_of(note.get(name)) for name in _NAMES]
    tagged = [uri_of(tag.get("href")) for tag in documents(note.get("tag"), _MOST_TAGS) if _is_quote_link(tag)]
    uri = next(filter(None, (*named, *tagged)), None)
    return RemoteQuote(uri, uri_of(note.get("quoteAuthorization"))) if uri else None


def _is_quote_link(tag: Document) -> bool:
    """An object link (FEP-e232) that means a quote."""
    return type_of(tag) == "Link" and MISSKEY_QUOTE in many(tag.get("rel"))


def parse_can_quote(note: Document) -> CanQuote:
    """A missing policy allows nobody, as in Mastodon."""
    policy = note.get("interactionPolicy")
    said = policy.get("canQuote") if isinstance(policy, dict) else None
    if not isinstance(said, dict):
        return CanQuote()
    return CanQuote(*(ids_of(many(said.get(name))[:_MOST_NAMED]) for name in ("automaticApproval", "manualApproval")))


def read_can_quote(said: CanQuote, *, author: str, followers: str | None, following: str | None) -> QuotePolicy:
    """In our words, once it is known what the author's collections are called. To name oneself is to name nobody."""
    known: dict[str | None, Circle] = dict.fromkeys(PUBLIC_ALIASES, Circle.PUBLIC)
    known |= {following: Circle.FOLLOWING, followers: Circle.FOLLOWERS}

    def circles(uris: tuple[str, ...]) -> frozenset[Circle]:
        return frozenset(known.get(uri, Circle.UNSUPPORTED) for uri in uris if uri != author)

    return QuotePolicy(circles(said.automatic), circles(said.manual))


def render_can_quote(policy: QuotePolicy, *, author: str, followers: str) -> dict[str, Any]:
    """`interactionPolicy` of a post of ours. Nobody but the author is written as the author (FEP-044f)."""
    named = {Circle.PUBLIC: PUBLIC, Circle.FOLLOWERS: followers}
    approved = [uri for circle, uri in named.items() if circle in policy.automatic]
    return {"canQuote": {"automaticApproval": approved or [author]}}


def render_quote(quoted: str, stamp: str) -> dict[str, Any]:
    """What a quoting post says besides its text, for all who read any of its names."""
    said = {"quote": quoted, "quoteUri": quoted, "quoteUrl": quoted, "_misskey_quote": quoted}
    return said | ({"quoteAuthorization": stamp} if stamp else {})


def render_quote_link(quoted: str) -> dict[str, Any]:
    """The same as an object link (FEP-e232)."""
    return {"type": "Link", "mediaType": AS_TYPE, "rel": MISSKEY_QUOTE, "href": quoted}


def render_stamp(stamp: Stamp) -> dict[str, Any]:
    """The document at a stamp's address."""
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", STAMP_TERMS],
        "type": "QuoteAuthorization",
        "id": stamp.uri,
        "attributedTo": stamp.author,
        "interactingObject": stamp.quoting,
        "interactionTarget": stamp.quoted,
    }


def parse_stamp(document: Document) -> Stamp:
    """Read a stamp. ProtocolError when it is none, or not on its author's origin: anybody could allow anything."""
    if type_of(document) != "QuoteAuthorization":
        raise ProtocolError(Fault.TYPE_UNSUPPORTED, type_of(document)[:100])
    names = ("id", "attributedTo", "interactingObject", "interactionTarget")
    uri, author, quoting, quoted = (id_of(document.get(name)) or "" for name in names)
    if origins.parse_origin(uri) != origins.parse_actor_uri(author):
        raise ProtocolError(Fault.ORIGIN_MISMATCH, f"stamp {uri} of {author}")
    return Stamp(uri, author, quoting, quoted)


def render_request(uri: str, actor: str, quoted: str, instrument: Any) -> dict[str, Any]:
    """The QuoteRequest as it is sent, and as its answer embeds it; `instrument` is the quoting post, or its id."""
    return {"id": uri, "type": "QuoteRequest", "actor": actor, "object": quoted, "instrument": instrument}


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """Somebody asks whether a post of theirs may quote one; `embedded` is the former where it came along."""

    quoting: str
    quoted: str
    embedded: Document | None


def parse_request(document: Document) -> QuoteRequest:
    """Read a QuoteRequest. ProtocolError unless it names both posts."""
    asked, instrument = uri_of(document.get("object")), next(iter(many(document.get("instrument"))), None)
    quoting = uri_of(instrument)
    if asked is None or quoting is None:
        raise ProtocolError(Fault.SHAPE, "a QuoteRequest without object or instrument")
    return QuoteRequest(quoting, asked, instrument if isinstance(instrument, dict) else None)


def is_answer(activity: Activity) -> bool:
    """Whether an Accept or a Reject is of a QuoteRequest; those of ours are known by their ids too."""
    return activity.object_type == "QuoteRequest" or (activity.object_id or "").endswith(REQUEST)
