"""Akkoma and Pleroma: plain JSON, lists everywhere, `context` for threads, the activity addressed as its object."""

from tests.peers.rules import (
    KEY,
    Tables,
    addressed_alike,
    html,
    https,
    many,
    media_type,
    moment,
    number,
    one_of,
    optional,
    same_host,
    shape,
    text,
)

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": text,
        "inbox": same_host,
        "preferredUsername": text,
        "publicKey": shape(KEY),
        "followers": same_host,
        "name": text,
    },
    "post": {
        "actor": optional(same_host),
        "attributedTo": same_host,
        "to": many(https),
        "cc": many(https),
        "published": moment,
        "content": html,
        "tag": many(shape({"type": text})),
    },
    "create": {"object": addressed_alike, "published": moment},
    "update": {"object": shape({"id": same_host, "type": text}), "to": many(https, least=1)},
    "question": {
        "oneOf": many(shape({"name": text, "replies": shape({"totalItems": number})}), least=2),
        "endTime": moment,
    },
    "emoji": {"name": text, "icon": shape({"url": https})},
    "hashtag": {"name": text, "href": https},
    "attachment": {"type": one_of("Document", "Image", "Audio", "Video"), "mediaType": media_type, "url": https},
    "announce": {"object": https, "to": many(https, least=1), "cc": many(https, least=1)},
    "undo": {"object": shape({"id": https, "actor": same_host})},
    "flag": {"object": many(https, least=1)},
    "block": {"object": https},
}
COVERED = {"(request-target)", "host", "date", "digest"}
