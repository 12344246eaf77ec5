"""snac2: plain strings where a string will do, a key in PEM, an inbox."""

from tests.peers.rules import KEY, Tables, has_self, html, https, many, media_type, moment, same_host, shape, text

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": text,
        "inbox": same_host,
        "preferredUsername": text,
        "publicKey": shape(KEY),
        "url": same_host,
    },
    "post": {
        "id": same_host,
        "type": text,
        "attributedTo": same_host,
        "published": moment,
        "content": html,
        "to": many(https),
        "cc": many(https),
    },
    "attachment": {"type": text, "mediaType": media_type, "url": https},
    "mention": {"href": https, "name": text},
    "activity": {"id": same_host, "type": text, "actor": same_host},
    "undo": {"object": shape({"type": text})},
    "jrd": {"subject": text, "links": has_self},
}
COVERED = {"(request-target)", "host", "date", "digest"}
