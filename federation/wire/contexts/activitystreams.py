"""ActivityStreams 2.0 and ActivityPub (W3C activitystreams-vocabulary §2-4, activitypub §3-5)."""

from typing import Any

from federation.wire.contexts.tables import XSD, language_maps, lists, plain, references, typed

AS = "https://www.w3.org/ns/activitystreams#"
LDP = "http://www.w3.org/ns/ldp#"
VCARD = "http://www.w3.org/2006/vcard/ns#"

TERMS: dict[str, Any] = {
    "@vocab": "_:",
    "as": AS,
    "xsd": XSD,
    "ldp": LDP,
    "vcard": VCARD,
    "id": "@id",
    "type": "@type",
    **plain(
        AS,
        "Accept Activity IntransitiveActivity Add Announce Application Arrive Article Audio Block Collection"
        " CollectionPage Relationship Create Delete Dislike Document Event Follow Flag Group Ignore Image Invite Join"
        " Leave Like Link Mention Note Object Offer OrderedCollection OrderedCollectionPage Organization Page Person"
        " Place Profile Question Reject Remove Service TentativeAccept TentativeReject Tombstone Travel Undo Update"
        " Video View Listen Read Move Public",
    ),
    **plain(AS, "content name summary mediaType hreflang rel units preferredUsername source"),
    **language_maps(AS, "content name summary"),
    **references(
        AS,
        "actor attachment attachments attributedTo author audience bcc bto cc context current describes first"
        " formerType generator icon image inReplyTo instrument items last location next object oneOf anyOf origin"
        " partOf prev preview relationship replies result subject tag target to url href following followers liked"
        " likes shares streams endpoints uploadMedia sharedInbox proxyUrl oauthAuthorizationEndpoint"
        " oauthTokenEndpoint provideClientKey signClientKey alsoKnownAs outbox",
    ),
    **references(LDP, "inbox"),
    **typed(AS, "dateTime", "published updated startTime endTime deleted closed"),
    **typed(AS, "float", "accuracy altitude latitude longitude radius"),
    **typed(AS, "nonNegativeInteger", "height width totalItems startIndex"),
    **typed(AS, "duration", "duration"),
    "orderedItems": lists(AS, "items")["items"],
}
