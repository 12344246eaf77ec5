"""Terms that programs of the fediverse add, with the namespaces they give them, and our own.

Only terms that somebody here reads: a term that stands here and that a peer defines otherwise costs a full processing.
"""

from typing import Any

from federation.wire.contexts.activitystreams import AS
from federation.wire.contexts.tables import plain, references
from policies.terms import NS

TOOT = "http://joinmastodon.org/ns#"
SCHEMA = "http://schema.org/"
OSTATUS = "http://ostatus.org#"
LITEPUB_NS = "http://litepub.social/ns#"
LEMMY_NS = "https://join-lemmy.org/ns#"
GTS = "https://gotosocial.org/ns#"
QUOTES = "https://w3id.org/fep/044f#"
CAPABILITY = "https://w3id.org/fep/844e#"

MASTODON: dict[str, Any] = {
    "toot": TOOT,
    "schema": SCHEMA,
    "ostatus": OSTATUS,
    **plain(AS, "Hashtag sensitive manuallyApprovesFollowers"),
    **references(AS, "movedTo quoteUrl"),
    **plain(TOOT, "Emoji blurhash discoverable indexable memorial suspended votersCount IdentityProof"),
    **references(TOOT, "featured featuredTags featuredCollections attributionDomains"),
    "focalPoint": {"@id": TOOT + "focalPoint", "@container": "@list"},
    **plain(SCHEMA, "PropertyValue value"),
    **plain(OSTATUS, "atomUri inReplyToAtomUri conversation"),
    **references(QUOTES, "quote quoteAuthorization"),
    **plain(QUOTES, "QuoteRequest QuoteAuthorization"),
    "quoteUri": "http://fedibird.com/ns#quoteUri",
}

LITEPUB: dict[str, Any] = {
    "litepub": LITEPUB_NS,
    **plain(LITEPUB_NS, "directMessage ChatMessage EmojiReact"),
}

LEMMY: dict[str, Any] = {
    "lemmy": LEMMY_NS,
    **plain(LEMMY_NS, "postingRestrictedToMods removeData"),
    **references(LEMMY_NS, "moderators"),
}

GOTOSOCIAL: dict[str, Any] = {
    "gts": GTS,
    **references(GTS, "interactionPolicy canQuote automaticApproval manualApproval"),
    **references(GTS, "interactingObject interactionTarget"),
}

CAPABILITIES: dict[str, Any] = references(CAPABILITY, "implements")

WEBFINGER: dict[str, Any] = plain("https://purl.archive.org/socialweb/webfinger#", "webfinger")

CONFRERE: dict[str, Any] = {
    **plain(NS, "accessType groupPolicy epoch lease digest reach served HealthProfessionalCredential"),
    **references(NS, "requires"),
}

# What some write for the same thing: Mastodon since 2018, WordPress, Smithereen.
SPELLINGS = {
    "http://schema.org#": SCHEMA,
    "https://w3id.org/fep/844e/": CAPABILITY,
    "http://smithereen.software/ns#accessType": NS + "accessType",
}
