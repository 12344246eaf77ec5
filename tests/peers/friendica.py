"""Friendica: handles confirmed by WebFinger with a page for people, threads by `conversation`, dates in UTC."""

from tests.peers.rules import (
    ACTORS,
    KEY,
    Tables,
    either,
    flag,
    has,
    has_self,
    html,
    https,
    moment,
    one_of,
    optional,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": one_of(*ACTORS),
        "inbox": same_host,
        "preferredUsername": text,
        "url": same_host,
        "publicKey": shape(KEY),
        "name": text,
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "content": html,
        "published": moment,
        "updated": optional(moment),
        "url": same_host,
        "context": optional(same_host),
        "conversation": optional(same_host),
    },
    "create": {"published": moment, "object": shape({"id": same_host})},
    "delete": {"object": either(https, shape({"id": same_host}))},
    "hashtag": {"href": https, "name": text},
    "jrd": {"subject": text, "links": has_self},
    "nodeinfo": {
        "version": text,
        "software": shape({"name": text, "version": text}),
        "protocols": has("activitypub"),
        "usage": shape({"users": shape({})}),
        "openRegistrations": flag,
    },
}
COVERED = {"(request-target)", "host", "date", "digest"}
