"""Pixelfed: activities whose ids, actors and objects are addresses it can check, pictures by their media type."""

from tests.peers.rules import KEY, Tables, either, https, many, media_type, moment, one_of, same_host, shape, text

TABLES: Tables = {
    "actor": {
        "id": https,
        "type": one_of("Person", "Service", "Application"),
        "preferredUsername": text,
        "inbox": same_host,
        "outbox": same_host,
        "publicKey": shape(KEY),
        "endpoints": shape({"sharedInbox": same_host}),
    },
    "post": {
        "id": same_host,
        "attributedTo": same_host,
        "published": moment,
        "to": many(https),
        "cc": many(https),
        "url": same_host,
    },
    "attachment": {"type": one_of("Document", "Image", "Video"), "mediaType": media_type, "url": https},
    "activity": {"id": same_host, "actor": same_host},
    "follow": {"object": https},
    "accept": {"object": shape({"id": https, "type": text, "actor": https})},
    "like": {"object": https},
    "announce": {"object": https},
    "delete": {"object": either(https, shape({"id": same_host, "type": one_of("Tombstone")}))},
    "undo": {"object": shape({"type": text, "object": https})},
}
COVERED = {"(request-target)", "host", "date", "digest"}
