"""Lemmy 1.0: persons with an outbox, comments that answer something, `to` and `cc` as lists."""

from tests.peers.rules import KEY, Tables, either, html, https, many, moment, one_of, optional, same_host, shape, text

TABLES: Tables = {
    "actor": {
        "id": https,
        "preferredUsername": text,
        "inbox": same_host,
        "outbox": same_host,
        "publicKey": shape(KEY),
        "endpoints": optional(shape({"sharedInbox": same_host})),
        "icon": optional(shape({"type": one_of("Image"), "url": https})),
        "published": optional(moment),
    },
    "reply": {
        "attributedTo": same_host,
        "to": many(https, least=1),
        "cc": many(https),
        "content": html,
        "inReplyTo": https,
        "published": moment,
        "updated": optional(moment),
        "tag": many(shape({"type": text})),
    },
    "create": {"to": many(https, least=1), "cc": optional(many(https)), "actor": same_host},
    "like": {"actor": same_host, "object": https},
    "undo": {"object": shape({"id": https, "type": text, "actor": same_host})},
    "follow": {"object": https},
    "delete": {
        "to": many(https, least=1),
        "object": either(https, shape({"id": same_host, "type": one_of("Tombstone")})),
    },
    "flag": {"to": many(https, least=1), "content": text},
    "mention": {"href": https},
}
COVERED = {"(request-target)", "content-type", "date", "digest", "host"}
