"""GoToSocial 0.20: every request signed, hosts of keys and owners alike, addressing never empty."""

from tests.peers.rules import (
    ACTORS,
    KEY,
    Tables,
    html,
    https,
    many,
    media_type,
    moment,
    one_of,
    optional,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "stub": {"id": https, "type": text, "inbox": same_host, "publicKey": shape(KEY)},
    "actor": {
        "id": https,
        "type": one_of(*ACTORS),
        "inbox": same_host,
        "outbox": same_host,
        "followers": same_host,
        "following": same_host,
        "featured": optional(same_host),
        "preferredUsername": text,
        "publicKey": shape(KEY),
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "to": many(https, least=1),
        "published": moment,
        "url": same_host,
        "content": html,
    },
    "activity": {"id": same_host, "actor": same_host},
    "create": {"object": shape({"id": same_host, "to": many(https, least=1)}), "to": many(https, least=1)},
    "follow": {"object": https},
    "accept": {"object": shape({"id": https, "type": one_of("Follow", "QuoteRequest"), "actor": https})},
    "undo": {"object": shape({"type": text, "actor": same_host})},
    "mention": {"href": https, "name": text},
    "attachment": {"mediaType": media_type, "url": https},
    "collection": {"id": same_host, "type": one_of("Collection", "OrderedCollection")},
}
COVERED = {"(request-target)", "host", "date", "digest"}
